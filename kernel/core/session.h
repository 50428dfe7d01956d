/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions and their components.
 *
 * Lifetime: a session lives from session-new to session-del, a component from component-new to
 * component-del or its session's end. Neither is deleted while a process has joined as a component
 * of it, so who has joined needs no reference.
 *
 * Locks: ls_table_lock, then a session's lock. Who finds a session by its id holds ls_table_lock as
 * long as it uses it.
 */
#ifndef _LS_SESSION_H
#define _LS_SESSION_H

#include <linux/list.h>
#include <linux/livestack.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/swait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "window.h"

struct ls_session;

struct ls_component {
	struct ls_session *session;
	u16 id;
	u32 kind;
	char name[LIVESTACK_NAME_MAX + 1];
	pid_t pid;		/* of who joined, 0: nobody; changes under both locks */
	/* Under the session's lock: */
	struct list_head joined;
	struct ls_member member;
	u64 windows;
	struct swait_queue_head told; /* the member runs, or the session has stopped */
};

struct ls_session {
	u32 id;
	char uuid[LIVESTACK_UUID_MAX + 1];
	char name[LIVESTACK_NAME_MAX + 1];
	struct xarray components; /* by id, under ls_table_lock */
	u32 component_count;	  /* under ls_table_lock */
	struct work_struct changed; /* tells listeners of a new state */
	/* Raw and taken with interrupts off: a window may be opened from anywhere. */
	raw_spinlock_t lock;
	enum livestack_state state;
	enum livestack_reason reason; /* 0 while it is created */
	u16 culprit;
	struct list_head joined;
	struct ls_window window;
	struct ls_member *heap[LIVESTACK_COMPONENTS_MAX];
};

extern struct mutex ls_table_lock;
extern struct xarray ls_sessions; /* by id, under ls_table_lock */

/* All of these want ls_table_lock held, and answer with negative error numbers. */

/* -ENOSPC: there are LIVESTACK_SESSIONS_MAX already, -EEXIST: one has this uuid. */
struct ls_session *ls_session_new(const char *uuid, const char *name, u64 quantum_ns, u64 end_ns);

/* -EBUSY: a process has joined. */
int ls_session_del(struct ls_session *session);

/* To running, paused or stopped. -EINVAL: not from the state that it is in. */
int ls_session_set_state(struct ls_session *session, enum livestack_state state);

void ls_session_set_quantum(struct ls_session *session, u64 quantum_ns);

/* -EEXIST: the id is taken. */
int ls_component_new(struct ls_session *session, u16 id, const char *name, u32 kind);

/* -EBUSY: a process has joined as it. */
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
 * -ESHUTDOWN: the session has stopped, -ERESTARTSYS: a signal; it stays arrived.
 */
int ls_component_wait(struct ls_component *component, u64 clock_ns, u64 next_ns);

/* Its clock, and how far it may run. */
void ls_component_now(struct ls_component *component, u64 *clock_ns, u64 *end_ns);

/* Under the session's lock: after all that may have opened a window, and when one died awaited. */
void ls_session_settle(struct ls_session *session);
void ls_session_mourn(struct ls_session *session, u16 culprit);

/* Deletes every session, for the module's end: nobody has joined any more. */
void ls_sessions_end(void);

#endif /* _LS_SESSION_H */
