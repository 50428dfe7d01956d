// SPDX-License-Identifier: GPL-2.0-only
/* What a component does that a process has joined as. */

#include <linux/sched.h>

#include "session.h"

static int ls_component_join_locked(struct ls_component *component)
{
	struct ls_session *session = component->session;
	unsigned long flags;
	int err = 0;

	if (component->kind != LIVESTACK_KIND_MODEL)
		return -EINVAL;
	if (component->pid)
		return -EBUSY;

	raw_spin_lock_irqsave(&session->lock, flags);
	if (session->state == LIVESTACK_STATE_STOPPED) {
		err = -ESHUTDOWN;
	} else {
		component->pid = current->tgid;
		list_add_tail(&component->joined, &session->joined);
		ls_window_join(&session->window, &component->member);
	}
	raw_spin_unlock_irqrestore(&session->lock, flags);
	return err;
}

struct ls_component *ls_component_join(u32 session_id, u16 component_id)
{
	struct ls_component *component = NULL;
	struct ls_session *session;
	int err = -ENOENT;

	might_sleep();
	mutex_lock(&ls_table_lock);
	session = xa_load(&ls_sessions, session_id);
	if (session)
		component = xa_load(&session->components, component_id);
	if (component)
		err = ls_component_join_locked(component);
	mutex_unlock(&ls_table_lock);
	return err ? ERR_PTR(err) : component;
}

void ls_component_leave(struct ls_component *component, bool died)
{
	struct ls_session *session = component->session;
	unsigned long flags;

	might_sleep();
	mutex_lock(&ls_table_lock);
	raw_spin_lock_irqsave(&session->lock, flags);
	component->pid = 0;
	list_del_init(&component->joined);
	if (!died)
		ls_window_leave(&session->window, &component->member);
	else if (ls_window_die(&session->window, &component->member))
		ls_session_mourn(session, component->id);
	ls_session_settle(session);
	raw_spin_unlock_irqrestore(&session->lock, flags);
	mutex_unlock(&ls_table_lock);
}

/* Whether there is nothing left to wait for; then *@answer is what to say. */
static bool ls_component_told(struct ls_component *component, int *answer)
{
	struct ls_session *session = component->session;
	unsigned long flags;
	bool stopped, runs;

	raw_spin_lock_irqsave(&session->lock, flags);
	stopped = session->state == LIVESTACK_STATE_STOPPED;
	runs = component->member.state == LS_MEMBER_RUNNING;
	raw_spin_unlock_irqrestore(&session->lock, flags);
	*answer = stopped ? -ESHUTDOWN : 0;
	return stopped || runs;
}

int ls_component_wait(struct ls_component *component, u64 clock_ns, u64 next_ns)
{
	struct ls_session *session = component->session;
	unsigned long flags;
	int answer;

	might_sleep();
	raw_spin_lock_irqsave(&session->lock, flags);
	if (session->state != LIVESTACK_STATE_STOPPED) {
		ls_window_arrive(&session->window, &component->member, clock_ns, next_ns);
		ls_session_settle(session);
	}
	raw_spin_unlock_irqrestore(&session->lock, flags);

	/* One that is alone in its session, or the last to arrive, finds itself running already. */
	if (swait_event_interruptible_exclusive(component->told,
						ls_component_told(component, &answer)))
		return -ERESTARTSYS;
	return answer;
}

void ls_component_now(struct ls_component *component, u64 *clock_ns, u64 *end_ns)
{
	struct ls_session *session = component->session;
	unsigned long flags;

	raw_spin_lock_irqsave(&session->lock, flags);
	*clock_ns = component->member.clock_ns;
	*end_ns = session->window.end_ns;
	raw_spin_unlock_irqrestore(&session->lock, flags);
}
