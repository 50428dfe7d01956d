/* SPDX-License-Identifier: GPL-2.0-only */
/* Ways to hold a virtual machine to windows, for bench_gate.c. */
#ifndef _LS_WAYS_H
#define _LS_WAYS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct bench_page;

struct bench {
	pid_t vmm;
	const char *qmp;
	uint64_t window_ns;
	const struct bench_page *page;
	FILE *answers;	  /* of QMP */
	int commands;	  /* to QMP, or to cgroup.freeze */
	uint32_t session; /* of the gate */
	bool held;	  /* otherwise what it does not do is not the way's fault */
};

/* One way to hold the machine: @begin leaves it running, @end too. NULL: nothing to do. */
struct way {
	const char *name;
	bool (*begin)(struct bench *bench);
	bool (*stop)(struct bench *bench);
	bool (*go)(struct bench *bench);
	void (*end)(struct bench *bench);
};

/* gate, sigstop, freezer, qmp, or free for not at all; NULL: no such. */
const struct way *way_named(const char *name);

/* Removes what they have left behind. */
void ways_end(void);

#endif /* _LS_WAYS_H */
