/* SPDX-License-Identifier: GPL-2.0-only */
/* Machines whose vCPUs read their clocks while every window is held open longer than it lasts. */
#ifndef _LS_HELD_H
#define _LS_HELD_H

#include "live.h"

#define HELD_PATIENCE_S 30
#define HELD_QUANTUM_NS 1000000UL
#define HELD_US 5000
#define HELD_MACHINES 2

struct held {
	unsigned int machines, vcpus; /* so many of each; set before */
	struct vmm vmm[HELD_MACHINES];
	uint32_t session;
	struct live_holder holder;
};

/* All stand in a session that has not begun. */
bool held_set_up(struct held *held);

/* Lets the session run until so many windows have been; all stand again then. */
bool held_run_to(const struct held *held, uint64_t windows);

/* Whether all guests go on once they are detached; also after a set-up that failed. */
bool held_over(struct held *held);

#endif /* _LS_HELD_H */
