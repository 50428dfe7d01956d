/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SPAWN_H
#define LAB_SPAWN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A command that runs; descriptors are non-blocking, -1 when closed. */
struct command {
	pid_t pid;	/* also its process group and session */
	int in, out;	/* the same descriptor, of the terminal, if it has one */
	int err;
};

/*
 * Starts the command that a LAB_OPEN payload describes. Returns 0; or -1 with errno set and *what
 * naming what failed (it may point into `data`).
 */
int spawn_command(char *data, size_t len, struct command *cmd, const char **what);

void resize_command(const struct command *cmd, uint32_t rows, uint32_t columns);

#endif
