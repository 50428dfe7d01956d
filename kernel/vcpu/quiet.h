/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a VMM has anything to do for its guest. A guest that is halted may wait for it: for a
 * disk, or for a packet on its way to a tap. What it waits for is some thread of the VMM that is
 * runnable or waits for a device, so that is what is looked at; of a process that helps it, such as
 * the back end of a disk, the same.
 */
#ifndef _LS_QUIET_H
#define _LS_QUIET_H

#include <linux/ktime.h>
#include <linux/types.h>

#include "../core/mechanism.h"

struct ls_machine;
struct task_struct;

/* So many kernel threads that work for a VMM are known of, at most. */
#define LS_QUIET_WORKERS 64

/* Looks again after so long. */
#define LS_QUIET_PERIOD_NS 30000

struct ls_quiet {
	struct task_struct *leader; /* held, as the helpers' and the workers are */
	struct ls_helpers helpers;
	struct task_struct *workers[LS_QUIET_WORKERS];
	u32 worker_count;
	u64 switches;	/* of all its threads, when all slept */
	u32 calm;	/* so many looks in a row found them asleep */
	bool busy;	/* the last look did not */
	ktime_t since;	/* when that was seen first */
};

/* Of the VMM whose process @attachment has, and its helpers. */
void ls_quiet_begin(struct ls_quiet *quiet, const struct ls_attachment *attachment);

/*
 * Finds the kernel threads that are vhost's workers for the VMM: those that it has when it is
 * attached. In newer kernels they are threads of the VMM itself, and always known.
 */
void ls_quiet_find_workers(struct ls_quiet *quiet);

/* Lets go of all its threads. */
void ls_quiet_end(struct ls_quiet *quiet);

/* Whether the VMM is known to have nothing to do; if not, ask again after LS_QUIET_PERIOD_NS. */
bool ls_quiet(struct ls_machine *machine);

#endif /* _LS_QUIET_H */
