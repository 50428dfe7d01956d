/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine: the gates of one VM, which are one component of a session.
 *
 * It runs while any of its gates does. When none runs any more and its VMM has nothing to do for
 * it, it has come to the end of its window, or to the next deadline of a vCPU that is idle.
 *
 * Its vCPUs are a window apart at most, which a thread that moves from one to another can see.
 * Where that matters (more vCPUs than processors to run them, or a machine that is to be exact) a
 * window is gone through in steps, in each of which all of them come to the same place.
 *
 * Lifetime: from attach to detach, both called by core.
 */
#ifndef _LS_MACHINE_H
#define _LS_MACHINE_H

#include <linux/hrtimer.h>
#include <linux/mmu_notifier.h>
#include <linux/workqueue.h>

#include "../core/mechanism.h"
#include "quiet.h"

struct kvm;
struct ls_gate;

/* So many vCPUs at most; KVM has the same limit where the kernel's configuration has no other. */
#define LS_MACHINE_VCPUS_MAX 1024

struct ls_machine {
	struct ls_component *component;
	u32 session_id;
	u16 id;			/* the component's */
	struct kvm *kvm;	/* pinned */
	struct mm_struct *mm;	/* the VMM's, held for its notifier */
	struct mmu_notifier notifier; /* tells that the VMM is gone */
	struct hrtimer look;	/* looks at the VMM again */
	struct work_struct grow; /* makes gates for vCPUs that were plugged in */
	/* Under the session's lock: */
	struct ls_quiet quiet;
	struct ls_live_window window; /* the last that was looked at */
	u64 start, end;		/* it, in ticks */
	u64 target;		/* end of the step that its gates are in */
	u64 stride;		/* length of a step, or of the window if it has none, in ticks */
	u64 base_ns;		/* the session's time at tick 0 */
	u32 running;		/* gates that do */
	u32 count;
	u32 room;
	bool joined;
	u64 vmm_busy;
	u64 caught;		/* where the last gate was when it was first stopped, in ticks */
	u64 skew_max;		/* ticks, of gates that ran, from there on */
	bool exact;
	struct ls_gate **gates;
};

extern const struct ls_mechanism ls_vcpu_mechanism;

/* Ticks since attach as simulated time, rounded down, and back, rounded up. */
u64 ls_machine_ns(const struct ls_machine *machine, u64 ticks);

/* Ticks as nanoseconds of host time. */
u64 ls_ticks_ns(u64 ticks);

/* Looks again whether the machine has arrived. */
enum hrtimer_restart ls_machine_look(struct hrtimer *timer);

/* All below under the session's lock. */

/* The window is open to the machine @own. */
void ls_machine_run(void *own);

/* Looks at the window that is open. */
void ls_machine_refresh(struct ls_machine *machine);

/* The furthest that any of its gates has come. */
u64 ls_machine_now(struct ls_machine *machine);

/* How far core has brought it: something arrived, or idle time was skipped. 0: nowhere. */
u64 ls_machine_brought(const struct ls_machine *machine);

/* Whether it has been brought to @ticks: what is due there may be done. */
bool ls_machine_is_at(const struct ls_machine *machine, u64 ticks);

/* How far apart the clocks of those are that run or have more to do is noted. */
void ls_machine_note_skew(struct ls_machine *machine);

/* A gate has stopped, or sleeps again: the machine may have arrived. */
void ls_machine_settle(struct ls_machine *machine);

/* @gate may run until @machine->target, and further in steps to come. */
void ls_machine_let_run(struct ls_machine *machine, struct ls_gate *gate);

#endif /* _LS_MACHINE_H */
