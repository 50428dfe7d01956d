// SPDX-License-Identifier: GPL-2.0-only

#include "session.h"

#include <linux/mm.h>
#include <linux/slab.h>

#include "session_nl.h"

/* Guards the tables of sessions and components, and who has joined. */
DEFINE_MUTEX(ls_table_lock);
DEFINE_XARRAY_ALLOC1(ls_sessions);

static u32 ls_session_count;
/* Numbers are not used again soon: somebody may still mean the old one. */
static u32 ls_session_last_id;

/* Called by the engine, under the session's lock. */
static void ls_session_run(struct ls_window *window, struct ls_member *member)
{
	struct ls_component *component = container_of(member, struct ls_component, member);

	component->windows++;
	swake_up_one(&component->told);
}

static void ls_session_tell(struct work_struct *work)
{
	ls_nl_session_changed(container_of(work, struct ls_session, changed));
}

/* Under the session's lock. Sends the news from elsewhere: no message can be made here. */
static void ls_session_enter(struct ls_session *session, enum livestack_state state,
			     enum livestack_reason reason)
{
	struct ls_component *component;

	session->state = state;
	session->reason = reason;
	schedule_work(&session->changed);
	if (state != LIVESTACK_STATE_STOPPED)
		return;

	ls_window_pause(&session->window);
	/* Nobody will ever run again, so nobody shall wait for it. */
	list_for_each_entry(component, &session->joined, joined)
		swake_up_one(&component->told);
}

void ls_session_settle(struct ls_session *session)
{
	if (session->window.over && session->state != LIVESTACK_STATE_STOPPED)
		ls_session_enter(session, LIVESTACK_STATE_STOPPED, LIVESTACK_REASON_ENDED);
}

void ls_session_mourn(struct ls_session *session, u16 culprit)
{
	if (session->state == LIVESTACK_STATE_STOPPED)
		return;
	session->culprit = culprit;
	ls_session_enter(session, LIVESTACK_STATE_PAUSED, LIVESTACK_REASON_DIED);
}

static bool ls_uuid_taken(const char *uuid)
{
	struct ls_session *session;
	unsigned long id;

	xa_for_each(&ls_sessions, id, session)
		if (!strcmp(session->uuid, uuid))
			return true;
	return false;
}

struct ls_session *ls_session_new(const char *uuid, const char *name, u64 quantum_ns, u64 end_ns)
{
	struct ls_session *session;
	int err;

	lockdep_assert_held(&ls_table_lock);
	if (ls_session_count == LIVESTACK_SESSIONS_MAX)
		return ERR_PTR(-ENOSPC);
	if (ls_uuid_taken(uuid))
		return ERR_PTR(-EEXIST);

	session = kvzalloc(sizeof(*session), GFP_KERNEL);
	if (!session)
		return ERR_PTR(-ENOMEM);

	strscpy(session->uuid, uuid, sizeof(session->uuid));
	strscpy(session->name, name, sizeof(session->name));
	xa_init(&session->components);
	INIT_WORK(&session->changed, ls_session_tell);
	raw_spin_lock_init(&session->lock);
	INIT_LIST_HEAD(&session->joined);
	session->state = LIVESTACK_STATE_CREATED;
	ls_window_init(&session->window, quantum_ns, end_ns ?: LS_TIME_LIMIT, ls_session_run);
	session->window.to_the_end = end_ns;
	session->window.heap = session->heap;

	err = xa_alloc_cyclic(&ls_sessions, &session->id, session, XA_LIMIT(1, INT_MAX),
			      &ls_session_last_id, GFP_KERNEL);
	if (err < 0) {
		kvfree(session);
		return ERR_PTR(err);
	}
	ls_session_count++;
	return session;
}

static void ls_session_free(struct ls_session *session)
{
	struct ls_component *component;
	unsigned long id;

	xa_erase(&ls_sessions, session->id);
	ls_session_count--;
	cancel_work_sync(&session->changed);
	xa_for_each(&session->components, id, component)
		kfree(component);
	xa_destroy(&session->components);
	kvfree(session);
}

int ls_session_del(struct ls_session *session)
{
	lockdep_assert_held(&ls_table_lock);
	if (!list_empty(&session->joined))
		return -EBUSY;

	ls_session_free(session);
	return 0;
}

static int ls_session_set_state_locked(struct ls_session *session, enum livestack_state state)
{
	if (session->state == LIVESTACK_STATE_STOPPED || state == session->state)
		return -EINVAL;

	switch (state) {
	case LIVESTACK_STATE_RUNNING:
		ls_session_enter(session, state, LIVESTACK_REASON_ASKED);
		ls_window_resume(&session->window);
		ls_session_settle(session);
		return 0;
	case LIVESTACK_STATE_PAUSED:
		if (session->state != LIVESTACK_STATE_RUNNING)
			return -EINVAL;
		ls_window_pause(&session->window);
		ls_session_enter(session, state, LIVESTACK_REASON_ASKED);
		return 0;
	case LIVESTACK_STATE_STOPPED:
		ls_session_enter(session, state, LIVESTACK_REASON_ASKED);
		return 0;
	default:
		return -EINVAL;
	}
}

int ls_session_set_state(struct ls_session *session, enum livestack_state state)
{
	unsigned long flags;
	int err;

	lockdep_assert_held(&ls_table_lock);
	raw_spin_lock_irqsave(&session->lock, flags);
	err = ls_session_set_state_locked(session, state);
	raw_spin_unlock_irqrestore(&session->lock, flags);
	return err;
}

void ls_session_set_quantum(struct ls_session *session, u64 quantum_ns)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&session->lock, flags);
	session->window.quantum_ns = quantum_ns;
	raw_spin_unlock_irqrestore(&session->lock, flags);
}

int ls_component_new(struct ls_session *session, u16 id, const char *name, u32 kind)
{
	struct ls_component *component;
	int err;

	lockdep_assert_held(&ls_table_lock);
	component = kzalloc(sizeof(*component), GFP_KERNEL);
	if (!component)
		return -ENOMEM;

	component->session = session;
	component->id = id;
	component->kind = kind;
	strscpy(component->name, name, sizeof(component->name));
	INIT_LIST_HEAD(&component->joined);
	init_swait_queue_head(&component->told);

	err = xa_insert(&session->components, id, component, GFP_KERNEL);
	if (err) {
		kfree(component);
		/* What the tree calls busy is a number that is taken. */
		return err == -EBUSY ? -EEXIST : err;
	}
	session->component_count++;
	return 0;
}

int ls_component_del(struct ls_component *component)
{
	struct ls_session *session = component->session;

	lockdep_assert_held(&ls_table_lock);
	if (component->pid)
		return -EBUSY;

	xa_erase(&session->components, component->id);
	session->component_count--;
	kfree(component);
	return 0;
}

void ls_sessions_end(void)
{
	struct ls_session *session;
	unsigned long id;

	mutex_lock(&ls_table_lock);
	xa_for_each(&ls_sessions, id, session)
		ls_session_free(session);
	mutex_unlock(&ls_table_lock);
}
