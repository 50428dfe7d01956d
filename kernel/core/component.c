// SPDX-License-Identifier: GPL-2.0-only
/* Components, and what one does that a process has joined as. */

#include <linux/sched.h>
#include <linux/slab.h>

#include "clocksource.h"
#include "link.h"
#include "live.h"
#include "object_nl.h"
#include "session.h"

static void ls_component_wake_pollers(struct irq_work *work)
{
	wake_up_interruptible_all(&container_of(work, struct ls_component, poll_work)->pollers);
}

u64 ls_component_clock(const struct ls_component *component)
{
	const struct ls_session *session = component->session;
	const u64 reached_ns = max(component->member.clock_ns, session->window.start_ns);

	if (session->window.released)
		return max(reached_ns, ls_clock_read(&session->clock));
	return component->own ? max(reached_ns, ls_live_clock(component)) : reached_ns;
}

static enum hrtimer_restart ls_component_arrival(struct hrtimer *timer)
{
	struct ls_component *component = container_of(timer, struct ls_component, arrival);
	unsigned long flags;

	raw_spin_lock_irqsave(&component->session->lock, flags);
	ls_messages_deliver(component);
	raw_spin_unlock_irqrestore(&component->session->lock, flags);
	return HRTIMER_NORESTART;
}

/* Whether a remote one can be there. */
static bool ls_component_far(const struct ls_session *session, u16 host)
{
	return session->share && host < session->hosts && host != session->host;
}

struct ls_component *ls_component_new(struct ls_session *session, u16 id,
				      const struct ls_component_config *config)
{
	struct ls_component *component;
	unsigned long flags;
	int err;

	lockdep_assert_held(&ls_table_lock);
	if (config->kind == LIVESTACK_KIND_LIVE &&
	    ls_clocksource_state(session) != LIVESTACK_CLOCKSOURCE_NONE)
		return ERR_PTR(-EOPNOTSUPP);
	if (config->kind == LIVESTACK_KIND_REMOTE && !ls_component_far(session, config->host))
		return ERR_PTR(-EHOSTUNREACH);
	component = kzalloc(sizeof(*component), GFP_KERNEL);
	if (!component)
		return ERR_PTR(-ENOMEM);

	component->session = session;
	component->id = id;
	component->kind = config->kind;
	component->host = config->host;
	strscpy(component->name, config->name, sizeof(component->name));
	INIT_LIST_HEAD(&component->joined);
	component->messages = RB_ROOT_CACHED;
	init_swait_queue_head(&component->told);
	init_waitqueue_head(&component->pollers);
	init_irq_work(&component->poll_work, ls_component_wake_pollers);
	hrtimer_setup(&component->arrival, ls_component_arrival, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_HARD);

	err = xa_insert(&session->components, id, component, GFP_KERNEL);
	if (err) {
		kfree(component);
		/* What the tree calls busy is a number that is taken. */
		return ERR_PTR(err == -EBUSY ? -EEXIST : err);
	}
	raw_spin_lock_irqsave(&session->lock, flags);
	session->component_count++;
	ls_table_changes++;
	raw_spin_unlock_irqrestore(&session->lock, flags);
	return component;
}

int ls_component_del(struct ls_component *component)
{
	struct ls_session *session = component->session;
	unsigned long flags;

	lockdep_assert_held(&ls_table_lock);
	if (component->pid)
		return -EBUSY;
	if (component->links)
		return -EMLINK;

	ls_table_changes++;
	xa_erase(&session->components, component->id);
	raw_spin_lock_irqsave(&session->lock, flags);
	session->component_count--;
	raw_spin_unlock_irqrestore(&session->lock, flags);
	hrtimer_cancel(&component->arrival);
	kfree(component);
	return 0;
}

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
		component->known = component->enqueued;
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
	if (!err)
		ls_nl_component_changed(component);
	mutex_unlock(&ls_table_lock);
	return err ? ERR_PTR(err) : component;
}

void ls_component_leave(struct ls_component *component, bool died)
{
	struct ls_session *session = component->session;
	struct rb_root messages;
	unsigned long flags;

	might_sleep();
	mutex_lock(&ls_table_lock);
	raw_spin_lock_irqsave(&session->lock, flags);
	component->pid = 0;
	list_del_init(&component->joined);
	messages = component->messages.rb_root;
	component->messages = RB_ROOT_CACHED;
	component->queued = 0;
	if (!died)
		ls_window_leave(&session->window, &component->member);
	else if (ls_window_die(&session->window, &component->member))
		ls_session_mourn(session, component->id);
	ls_session_settle(session);
	raw_spin_unlock_irqrestore(&session->lock, flags);

	/* Before ls_table_lock goes: then the component and its links may. */
	irq_work_sync(&component->poll_work);
	ls_messages_drop(session, &messages);
	ls_nl_component_changed(component);
	mutex_unlock(&ls_table_lock);
}

bool ls_component_ready(struct ls_component *component)
{
	struct ls_session *session = component->session;
	unsigned long flags;
	bool ready;

	raw_spin_lock_irqsave(&session->lock, flags);
	/* What arrived for it is to be there when it looks. */
	ready = (component->member.state == LS_MEMBER_RUNNING && !component->busy_ports) ||
		session->state == LIVESTACK_STATE_STOPPED;
	raw_spin_unlock_irqrestore(&session->lock, flags);
	return ready;
}

/* How far past the window's end a component may run without that a message to it can be late. */
static u64 ls_session_slack(const struct ls_session *session)
{
	if (session->lookahead_ns == LS_TIME_NONE)
		return LS_TIME_NONE;
	return session->lookahead_ns - min(session->lookahead_ns, session->window.quantum_ns);
}

void ls_component_overshot(struct ls_component *component, u64 overshoot_ns)
{
	struct ls_session *session = component->session;

	component->overshoots++;
	ls_histogram_add(&component->overshoot_ns, overshoot_ns);
	/* Nothing can come late to who has no links, or only loops. */
	if (session->mode == LIVESTACK_MODE_STRICT &&
	    READ_ONCE(component->links) > READ_ONCE(component->loops) &&
	    overshoot_ns > ls_session_slack(session) &&
	    session->on_overshoot == LIVESTACK_ON_OVERSHOOT_PAUSE &&
	    session->state == LIVESTACK_STATE_RUNNING) {
		session->culprit = component->id;
		ls_session_pause(session, LIVESTACK_REASON_OVERSHOT);
	}
}

/* The component has run on to @clock_ns by itself; under the session's lock. */
static void ls_component_advance(struct ls_component *component, u64 clock_ns)
{
	const u64 end_ns = component->session->window.end_ns;

	if (clock_ns <= component->member.clock_ns)
		return;
	ls_messages_overtaken(component, clock_ns);
	if (component->member.state == LS_MEMBER_RUNNING && clock_ns > end_ns)
		ls_component_overshot(component, clock_ns - end_ns);
}

static void ls_component_arrive(struct ls_component *component, u64 clock_ns, u64 next_ns)
{
	struct ls_session *session = component->session;
	unsigned long flags;

	raw_spin_lock_irqsave(&session->lock, flags);
	/* One that is to look at its ports first has not come to the end of anything. */
	if (session->state != LIVESTACK_STATE_STOPPED &&
	    !(component->unseen && component->member.state == LS_MEMBER_RUNNING)) {
		ls_component_advance(component, clock_ns);
		if (ls_window_arrive(&session->window, &component->member, clock_ns, next_ns))
			ls_messages_deliver(component);
		ls_session_settle(session);
	}
	raw_spin_unlock_irqrestore(&session->lock, flags);
}

/* After it was ready: what to say to who waited. */
static int ls_component_answer(struct ls_component *component)
{
	struct ls_session *session = component->session;
	unsigned long flags;
	int err = 0;

	raw_spin_lock_irqsave(&session->lock, flags);
	if (session->state == LIVESTACK_STATE_STOPPED)
		err = -ESHUTDOWN;
	component->known = component->enqueued;
	component->unseen = false;
	raw_spin_unlock_irqrestore(&session->lock, flags);
	return err;
}

/* None of its ports is about to do something at its clock. */
static bool ls_component_calm(struct ls_component *component)
{
	return !READ_ONCE(component->busy_ports) ||
	       READ_ONCE(component->session->state) == LIVESTACK_STATE_STOPPED;
}

int ls_component_wait(struct ls_component *component, u64 clock_ns, u64 next_ns, bool nonblock)
{
	might_sleep();
	/* Until then its time does not go on: what a port sends now it sends now. */
	if (!ls_component_calm(component)) {
		if (nonblock)
			return -EAGAIN;
		if (swait_event_interruptible_exclusive(component->told,
							ls_component_calm(component)))
			return -ERESTARTSYS;
	}
	ls_component_arrive(component, clock_ns, next_ns);
	/* One that is alone in its session, or the last to arrive, finds itself running already. */
	if (!ls_component_ready(component)) {
		if (nonblock)
			return -EAGAIN;
		if (swait_event_interruptible_exclusive(component->told,
							ls_component_ready(component)))
			return -ERESTARTSYS;
	}
	return ls_component_answer(component);
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
