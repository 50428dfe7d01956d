/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a VMM has anything to do for its guest. A guest that is halted may wait for it: for a
 * disk, or for a packet on its way to a tap. What it waits for is some thread of the VMM that is
 * runnable or waits for a device, so that is what is looked at.
 */
#ifndef _LS_QUIET_H
#define _LS_QUIET_H

#include <linux/ktime.h>
#include <linux/types.h>

struct ls_machine;
struct task_struct;

/* Looks again after so long. */
#define LS_QUIET_PERIOD_NS 30000

struct ls_quiet {
	struct task_struct *leader; /* held */
	u64 switches;	/* of all its threads, when all slept */
	u32 calm;	/* so many looks in a row found them asleep */
	bool busy;	/* the last look did not */
	ktime_t since;	/* when that was seen first */
};

/* Whether the VMM is known to have nothing to do; if not, ask again after LS_QUIET_PERIOD_NS. */
bool ls_quiet(struct ls_machine *machine);

#endif /* _LS_QUIET_H */
