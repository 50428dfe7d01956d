/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions and their components.
 *
 * Lifetime: a session lives from session-new to session-del, a component from component-new to
 * component-del or its session's end. Neither is deleted while a process has joined as a component
 * of it, nor a component that a link ends at, so who has joined needs no reference.
 *
 * Locks: ls_table_lock, then a session's lock. Who finds a session by its id holds ls_table_lock as
 * long as it uses it.
 */
#ifndef _LS_SESSION_H
#define _LS_SESSION_H

#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/livestack.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/swait.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "clock.h"
#include "histogram.h"
#include "ptp.h"
#include "window.h"

struct ls_session;
struct ls_share_ops;

struct ls_component {
	struct ls_session *session;
	u16 id;
	u32 kind;
	u16 host;		/* of a remote one: where it is */
	char name[LIVESTACK_NAME_MAX + 1];
	u32 links;		/* so many end at it; under ls_table_lock */
	u32 loops;		/* of those, ends of links to itself */
	pid_t pid;		/* of who joined, 0: nobody; changes under both locks */
	void *own;		/* its machine, to the mechanism; NULL: none. As pid. */
	enum livestack_parting parting; /* how the last machine left; as pid */
	enum livestack_parting gone; /* 0, or its machine wants to be detached */
	/* Under the session's lock: */
	struct list_head joined;
	struct ls_member member;
	struct rb_root_cached messages; /* to it, by (arrival, source, sequence) */
	struct ls_message *held;	/* one of them, which its process is being given */
	u64 enqueued;		/* so many messages ever were on their way to it */
	u64 known;		/* so many of them when its last WAIT returned */
	u64 windows, sent, received, late, overshoots;
	u32 queued;
	struct ls_histogram late_ns, overshoot_ns;
	/* The member runs, or the session has stopped: */
	struct swait_queue_head told;
	wait_queue_head_t pollers;
	bool unseen; /* its ports were given something since its last WAIT returned */
	u32 busy_ports; /* that have not yet made of an arrival what there is to make of it */
	struct hrtimer arrival; /* gives ports what arrives while it runs */
	struct irq_work poll_work; /* wakes pollers, whose lock must not be taken under ours */
};

struct ls_session {
	u32 id;
	char uuid[LIVESTACK_UUID_MAX + 1];
	char name[LIVESTACK_NAME_MAX + 1];
	struct xarray components; /* by id, under ls_table_lock */
	struct xarray links;	  /* by id, changed under ls_table_lock, read also under RCU */
	struct work_struct changed; /* tells listeners of a new state */
	/* Raw and taken with interrupts off: a window may be opened from anywhere. */
	raw_spinlock_t lock;
	enum livestack_state state;
	enum livestack_reason reason; /* 0 while it is created */
	enum livestack_mode mode;
	enum livestack_on_loss on_loss;
	enum livestack_on_overshoot on_overshoot;
	bool released; /* gating was given up while it ran */
	u16 culprit;
	/* Other hosts have a share in it, too; NULL: it is this host's alone. */
	const struct ls_share_ops *share_ops;
	void *share;
	u16 host, hosts;
	u16 peer;		/* the reason, when another host is, */
	enum livestack_awaits awaits; /* and what that one is silent about */
	enum livestack_reason wish; /* why this host wished a pause last, or its end */
	bool is_through;	/* all are through with the window, which is to be told */
	u64 through_ns;		/* until then nobody has anything to do */
	struct list_head early;	/* ways that carry what waits for them when a window opens */
	struct list_head owing;	/* ways whose sender's host is to be told of what came */
	struct list_head joined;
	struct ls_window window;
	struct ls_clock clock; /* written under the lock, read by anyone */
	struct ls_ptp ptp;
	u64 opened_ns; /* start of the open window */
	u32 component_count, link_count;
	u64 lookahead_ns; /* the shortest latency of its links, or LS_TIME_NONE */
	u64 late;	  /* messages to any of its components */
	u64 skipped_ns;	  /* time between windows, in which nobody had anything to do */
	struct ls_member *heap[LIVESTACK_COMPONENTS_MAX];
};

extern struct mutex ls_table_lock;
extern struct xarray ls_sessions; /* by id, under ls_table_lock */
/* Counts what comes and goes, for a dump to tell that it was overtaken; under ls_table_lock. */
extern unsigned int ls_table_changes;

/* All of these want ls_table_lock held, and answer with negative error numbers. */

/* What a session is made of. */
struct ls_session_config {
	const char *uuid, *name;
	u64 quantum_ns;
	u64 end_ns; /* 0: it has none */
	enum livestack_mode mode;
	enum livestack_on_loss on_loss;
	enum livestack_on_overshoot on_overshoot;
};

/* -ENOSPC: there are LIVESTACK_SESSIONS_MAX already, -EEXIST: one has this uuid. */
struct ls_session *ls_session_new(const struct ls_session_config *config);

/* -EBUSY: a process has joined, or the host has selected its clocksource. */
int ls_session_del(struct ls_session *session);

/* What of a session is set; what is 0 stays. */
struct ls_session_changes {
	enum livestack_state state;
	u64 quantum_ns;
	bool free; /* gives gating up */
	enum livestack_on_loss on_loss;
	enum livestack_on_overshoot on_overshoot;
};

/*
 * All or nothing. -EINVAL: the state does not follow on the one that it is in, -ERANGE: a strict
 * session's quantum would be longer than its lookahead, -EPERM: what is not gated is not paused,
 * -ESHUTDOWN: gating cannot be given up, it has stopped, -EBUSY: the host has selected its
 * clocksource, -ENOTCONN: not all hosts that it is shared with are known, -EOPNOTSUPP: one that is
 * shared does not give gating up.
 */
int ls_session_set(struct ls_session *session, const struct ls_session_changes *changes);

/* What a component is made of; @host is of a remote one. */
struct ls_component_config {
	const char *name;
	u32 kind;
	u16 host;
};

/*
 * -EEXIST: the id is taken, -EOPNOTSUPP: live, and the session offers a clocksource, -EHOSTUNREACH:
 * remote, and the session is not shared with that host.
 */
struct ls_component *ls_component_new(struct ls_session *session, u16 id,
				      const struct ls_component_config *config);

/* -EBUSY: a process has joined as it, -EMLINK: a link ends at it. */
int ls_component_del(struct ls_component *component);

/* What a component itself does; these take the locks they want and may sleep. */

/*
 * Joins as a modelled component. -ENOENT: there is none of these numbers, -EINVAL: it is of another
 * kind, -EBUSY: somebody has joined as it, -ESHUTDOWN: the session has stopped.
 */
struct ls_component *ls_component_join(u32 session_id, u16 component_id);

/* @died: without a word. The session pauses if its window was waiting for it. */
void ls_component_leave(struct ls_component *component, bool died);

/*
 * Waits until the component's clock reaches @next_ns or the earliest message to it.
 * -ESHUTDOWN: the session has stopped, -ERESTARTSYS: a signal, -EAGAIN: @nonblock and it would
 * wait; in both of these it stays arrived, unless its ports are busy: it has not arrived before.
 */
int ls_component_wait(struct ls_component *component, u64 clock_ns, u64 next_ns, bool nonblock);

/* Whether there is nothing to wait for: it runs, or the session has stopped. */
bool ls_component_ready(struct ls_component *component);

/* Under the session's lock: it ran so far past its window's end. */
void ls_component_overshot(struct ls_component *component, u64 overshoot_ns);

/* Under the session's lock: who waits as it is to look whether it is ready. */
void ls_component_tell(struct ls_component *component);

/* Under the session's lock: it runs now, though no window was opened. */
void ls_component_runs(struct ls_component *component);

/* Under the session's lock: how far it has come; one that is idle as far as the window. */
u64 ls_component_clock(const struct ls_component *component);

/* Its clock, and how far it may run. */
void ls_component_now(struct ls_component *component, u64 *clock_ns, u64 *end_ns);

/* Takes the session's lock, in any context; before it lets go of it, it settles. */
unsigned long ls_session_lock(struct ls_session *session) __acquires(session->lock);
void ls_session_unlock(struct ls_session *session, unsigned long flags) __releases(session->lock);

/*
 * Under the session's lock: after all that may have opened a window or have come to its end; it is
 * to pause, for a reason of this host's; and when one died awaited.
 */
void ls_session_settle(struct ls_session *session);
void ls_session_pause(struct ls_session *session, enum livestack_reason reason);
void ls_session_mourn(struct ls_session *session, u16 culprit);

/* Under the session's lock: gives gating up; it may have begun to run or not. */
void ls_session_release(struct ls_session *session);

/* Under the session's lock: it enters a state, for a reason, and listeners will hear of it. */
void ls_session_enter(struct ls_session *session, enum livestack_state state,
		      enum livestack_reason reason);

/* Waits until listeners were told of every state so far. */
void ls_sessions_flush(void);

/* Deletes every session, for the module's end: nobody has joined any more. */
void ls_sessions_end(void);

#endif /* _LS_SESSION_H */
