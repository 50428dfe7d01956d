/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_START_H
#define LS_START_H

#include <stdbool.h>
#include <sys/types.h>

/* A command to start; all descriptors are close-on-exec and stay the caller's. */
struct start {
	char *const *argv;	/* ends with NULL; searched for in the new PATH */
	char **env;		/* whole environment, ends with NULL */
	const char *directory;	/* "" for the caller's own */
	int in, out, err;
	bool terminal;		/* `in` becomes its controlling terminal */
};

/*
 * Starts it as leader of a session and process group of its own. Returns its pid; or -1 with errno
 * set and *what naming what failed: the directory or the program.
 */
pid_t start_command(const struct start *s, const char **what);

#endif
