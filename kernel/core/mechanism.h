/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a mechanism keeps live components: what it gives core, and what core gives it. A mechanism's
 * module includes this file and nothing else of core's, and knows no other mechanism.
 *
 * Lifetime: from attach() until detach() has returned the component is there, and core holds what
 * attach() gave.
 *
 * Locks: ls_table_lock, which core holds around attach() and detach(), then the session's lock,
 * which is raw and taken with interrupts off. A mechanism guards its own state by the session's
 * lock too: what happens in a window is then one order of events for all. It must not be taken
 * where a scheduler's lock is held (a preempt notifier's sched_out): wakers hold it.
 */
#ifndef _LS_MECHANISM_H
#define _LS_MECHANISM_H

#include <linux/livestack_netlink.h>
#include <linux/types.h>

#include "histogram.h"
#include "window.h"

struct ls_component;
struct module;
struct task_struct;

/* Processes that work for a VMM: it has something to do while any of them has. */
struct ls_helpers {
	u32 count;
	struct task_struct *leaders[LIVESTACK_HELPERS_MAX];	/* held */
};

/* What component-attach asks for. */
struct ls_attachment {
	struct task_struct *leader;	/* of the VMM's process */
	u32 session_id;
	u16 component_id;
	bool nested;			/* guests in the guest may run free */
	bool exact;			/* speed is given for exact clocks */
	const struct ls_helpers *helpers; /* core's; the mechanism takes hold of what it keeps */
};

/* What component-get tells of a machine. */
struct ls_machine_view {
	u32 vcpus;			/* 0: there is none */
	u64 vmm_busy;			/* how often its VMM was not waited for */
	u64 skew_max_ns;
};

/* What vcpu-get tells. */
struct ls_vcpu_view {
	u16 id;
	u32 tid;			/* 0: no thread has run it yet */
	enum livestack_vcpu_state state;
	u64 clock_ns;
	u64 next_ns;			/* LS_TIME_NONE: none */
	u64 windows, parks;
	u64 overshoot_max_ns, preempted_ns, parked_ns, idle_ns, user_ns, entry_ns;
	struct ls_histogram overshoot_ns;
};

struct ls_mechanism {
	/*
	 * Takes hold of the machine, which stands still from now on until run(). Gives the
	 * mechanism's own handle, or an error number and in @sentence what to change. May sleep.
	 */
	void *(*attach)(struct ls_component *component, const struct ls_attachment *attachment,
			const char **sentence);
	/*
	 * Lets go of it: it goes on from where it stands. The component is no member of the windows
	 * any more. May sleep.
	 */
	void (*detach)(void *own);
	/* Under the session's lock: it joins the windows at @clock_ns, run() may follow at once. */
	void (*joined)(void *own, u64 clock_ns);
	/* Under the session's lock: the component may run in the open window. */
	void (*run)(void *own);
	/* Under the session's lock: how far it has come, and whether that goes on by itself. */
	u64 (*clock)(void *own);
	bool (*advances)(void *own);
	void (*count)(void *own, struct ls_machine_view *view);
	/* Under the session's lock: one of them. */
	void (*look)(void *own, u32 index, struct ls_vcpu_view *view);
};

/* -EBUSY: there is one already. */
int ls_mechanism_register(const struct ls_mechanism *mechanism);

/* Detaches all that it holds. May sleep. */
void ls_mechanism_unregister(const struct ls_mechanism *mechanism);

/* What a mechanism calls for its components; all but the first two under the session's lock. */

unsigned long ls_live_lock(struct ls_component *component);
void ls_live_unlock(struct ls_component *component, unsigned long flags);

/* The open window. */
struct ls_live_window {
	u64 start_ns, end_ns;
	bool runs;	/* the component runs in it */
	bool strict;	/* the session's mode is */
	bool free;	/* nobody is gated any more */
	u64 clock_ns;	/* so far the component has been brought, while it runs */
	bool busy;	/* what has arrived for it is still on its way through the host */
};

struct ls_live_window ls_live_window(const struct ls_component *component);

/*
 * The component has come to @clock_ns and has nothing to do before @next_ns (or LS_TIME_NONE).
 * Returns whether it runs: in the window that it was in (its next event lies in it), or in the next
 * one; run() was called for that one, but not for the same.
 */
bool ls_live_arrive(struct ls_component *component, u64 clock_ns, u64 next_ns);

/* It goes on by itself from here: what arrives meanwhile is given to it. */
void ls_live_advancing(struct ls_component *component);

/* Something happened to it at @at_ns. Returns whether it runs. */
bool ls_live_wake(struct ls_component *component, u64 at_ns);

/* It ran @overshoot_ns past the window's end. */
void ls_live_overshot(struct ls_component *component, u64 overshoot_ns);

/* Its machine is gone, or has left simulated time: core detaches it soon. In any context. */
void ls_live_gone(struct ls_component *component, enum livestack_parting parting);

#endif /* _LS_MECHANISM_H */
