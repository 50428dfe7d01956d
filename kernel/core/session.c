// SPDX-License-Identifier: GPL-2.0-only

#include "session.h"

#include <linux/mm.h>
#include <linux/slab.h>

#include "clocksource.h"
#include "link.h"
#include "live.h"
#include "object_nl.h"
#include "port.h"
#include "share_nl.h"
#include "trace.h"

/* Guards the tables of sessions, components and links, and who has joined. */
DEFINE_MUTEX(ls_table_lock);
DEFINE_XARRAY_ALLOC1(ls_sessions);
unsigned int ls_table_changes = 1;

static u32 ls_session_count;
/* Numbers are not used again soon: somebody may still mean the old one. */
static u32 ls_session_last_id;

void ls_component_tell(struct ls_component *component)
{
	swake_up_one(&component->told);
	/* Pairs with the barrier of poll_wait(): who polls sees the new state, or is seen here. */
	if (wq_has_sleeper(&component->pollers))
		irq_work_queue(&component->poll_work);
}

/* Called by the engine, under the session's lock. */
static void ls_session_opened(struct ls_window *window, u64 skipped_ns)
{
	struct ls_session *session = container_of(window, struct ls_session, window);
	const u64 last_ns = window->start_ns - skipped_ns;

	session->skipped_ns += skipped_ns;
	ls_clock_open(&session->clock, window->start_ns, window->end_ns);
	ls_clocksource_opened(session);
	ls_ways_begin(session);
	/* The first one follows on none, and giving gating up prolongs the open one. */
	if (window->generation > 1 && !window->released)
		trace_ls_window_close(session, window->generation - 1, session->opened_ns, last_ns);
	session->opened_ns = window->start_ns;
	if (skipped_ns)
		trace_ls_skip(session, window->generation, last_ns, window->start_ns);
	trace_ls_window_open(session, window->generation, window->start_ns, window->end_ns);
}

static void ls_session_parked(struct ls_window *window, struct ls_member *member)
{
	trace_ls_park(container_of(member, struct ls_component, member), member->clock_ns,
		      member->due_ns);
}

void ls_component_runs(struct ls_component *component)
{
	component->windows++;
	trace_ls_release(component, component->member.clock_ns, component->session->window.end_ns);
	if (component->own)
		ls_live_run(component);
	else
		ls_component_tell(component);
	/* Last: now it has a clock, which what is due may have to wait for. */
	ls_messages_deliver(component);
}

static void ls_session_run(struct ls_window *window, struct ls_member *member)
{
	ls_component_runs(container_of(member, struct ls_component, member));
}

/* Told when it settles: what else this call brings about belongs to it. */
static void ls_session_through(struct ls_window *window, u64 next_ns)
{
	struct ls_session *session = container_of(window, struct ls_session, window);

	session->is_through = true;
	session->through_ns = next_ns;
}

static const struct ls_window_ops ls_session_window_ops = {
	.opened = ls_session_opened,
	.parked = ls_session_parked,
	.run = ls_session_run,
	.through = ls_session_through,
};

static void ls_session_changed(struct work_struct *work)
{
	ls_nl_session_changed(container_of(work, struct ls_session, changed));
}

void ls_session_enter(struct ls_session *session, enum livestack_state state,
		      enum livestack_reason reason)
{
	struct ls_component *component;

	session->state = state;
	session->reason = reason;
	if (state == LIVESTACK_STATE_RUNNING)
		ls_clock_go(&session->clock);
	else
		ls_clock_stop(&session->clock);
	ls_clocksource_entered(session);
	/* Sends the news from elsewhere: no message can be made under this lock. */
	schedule_work(&session->changed);
	if (state == LIVESTACK_STATE_RUNNING)
		return;

	/* While hosts pause together they agree on when they do not. */
	if (!session->share || state == LIVESTACK_STATE_STOPPED)
		ls_window_pause(&session->window);
	if (state != LIVESTACK_STATE_STOPPED)
		return;
	/* Nobody will ever run again, so nobody shall wait for it. */
	ls_ways_begin(session);
	list_for_each_entry(component, &session->joined, joined)
		ls_component_tell(component);
}

unsigned long ls_session_lock(struct ls_session *session)
	__acquires(session->lock)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&session->lock, flags);
	return flags;
}

void ls_session_unlock(struct ls_session *session, unsigned long flags)
	__releases(session->lock)
{
	ls_session_settle(session);
	raw_spin_unlock_irqrestore(&session->lock, flags);
}

void ls_session_settle(struct ls_session *session)
{
	/* The hosts may agree at once, and nobody here have anything to do then. */
	while (session->is_through) {
		session->is_through = false;
		if (!session->window.running && session->state != LIVESTACK_STATE_STOPPED)
			session->share_ops->through(session->share, session->through_ns);
	}
	if (session->window.over && session->state != LIVESTACK_STATE_STOPPED)
		ls_session_enter(session, LIVESTACK_STATE_STOPPED, LIVESTACK_REASON_ENDED);
}

void ls_session_release(struct ls_session *session)
{
	session->mode = LIVESTACK_MODE_FREE;
	if (session->state == LIVESTACK_STATE_CREATED)
		return;
	session->released = true;
	ls_window_release(&session->window);
}

void ls_session_pause(struct ls_session *session, enum livestack_reason reason)
{
	if (!session->share) {
		ls_session_enter(session, LIVESTACK_STATE_PAUSED, reason);
		return;
	}
	/* It pauses when all do. */
	session->wish = reason;
	session->share_ops->pause(session->share, true);
}

void ls_session_mourn(struct ls_session *session, u16 culprit)
{
	if (session->state == LIVESTACK_STATE_STOPPED)
		return;
	session->culprit = culprit;
	if (session->mode != LIVESTACK_MODE_FREE && session->on_loss == LIVESTACK_ON_LOSS_PAUSE) {
		ls_session_pause(session, LIVESTACK_REASON_DIED);
		return;
	}
	/* Without gating nobody waits for the dead one. */
	if (session->mode != LIVESTACK_MODE_FREE)
		ls_session_release(session);
	else
		ls_window_resume(&session->window);
	ls_session_enter(session, LIVESTACK_STATE_RUNNING, LIVESTACK_REASON_DIED);
}

static bool ls_uuid_taken(const char *uuid)
{
	struct ls_session *session;
	unsigned long id;

	xa_for_each(&ls_sessions, id, session)
		/* In capitals or not it is the same number. */
		if (!strcasecmp(session->uuid, uuid))
			return true;
	return false;
}

static void ls_session_init(struct ls_session *session, const struct ls_session_config *config)
{
	strscpy(session->uuid, config->uuid, sizeof(session->uuid));
	strscpy(session->name, config->name, sizeof(session->name));
	xa_init(&session->components);
	xa_init(&session->links);
	INIT_WORK(&session->changed, ls_session_changed);
	raw_spin_lock_init(&session->lock);
	INIT_LIST_HEAD(&session->joined);
	INIT_LIST_HEAD(&session->early);
	INIT_LIST_HEAD(&session->owing);
	session->state = LIVESTACK_STATE_CREATED;
	session->mode = config->mode;
	session->on_loss = config->on_loss;
	session->on_overshoot = config->on_overshoot;
	session->lookahead_ns = LS_TIME_NONE;
	ls_window_init(&session->window, config->quantum_ns, config->end_ns ?: LS_TIME_LIMIT,
		       &ls_session_window_ops);
	session->window.to_the_end = config->end_ns;
	session->window.heap = session->heap;
}

struct ls_session *ls_session_new(const struct ls_session_config *config)
{
	struct ls_session *session;
	int err;

	lockdep_assert_held(&ls_table_lock);
	if (ls_session_count == LIVESTACK_SESSIONS_MAX)
		return ERR_PTR(-ENOSPC);
	if (ls_uuid_taken(config->uuid))
		return ERR_PTR(-EEXIST);

	session = kvzalloc(sizeof(*session), GFP_KERNEL);
	if (!session)
		return ERR_PTR(-ENOMEM);
	ls_session_init(session, config);

	err = ls_clock_init(&session->clock);
	if (err)
		goto no_clock;
	err = xa_alloc_cyclic(&ls_sessions, &session->id, session, XA_LIMIT(1, INT_MAX),
			      &ls_session_last_id, GFP_KERNEL);
	if (err < 0)
		goto no_id;
	/* Last: from here on user space can read the clock. */
	err = ls_ptp_init(&session->ptp, &session->clock, session->id);
	if (err)
		goto no_ptp;
	ls_session_count++;
	ls_table_changes++;
	return session;

no_ptp:
	xa_erase(&ls_sessions, session->id);
no_id:
	ls_clock_free(&session->clock);
no_clock:
	kvfree(session);
	return ERR_PTR(err);
}

static void ls_session_free(struct ls_session *session)
{
	struct ls_component *component;
	struct ls_link *link;
	unsigned long id;

	ls_table_changes++;
	xa_erase(&ls_sessions, session->id);
	ls_session_count--;
	cancel_work_sync(&session->changed);
	ls_ptp_free(&session->ptp);
	ls_clock_free(&session->clock);
	xa_for_each(&session->links, id, link)
		ls_link_free(link);
	xa_destroy(&session->links);
	xa_for_each(&session->components, id, component) {
		hrtimer_cancel(&component->arrival);
		kfree(component);
	}
	xa_destroy(&session->components);
	kvfree(session);
}

int ls_session_del(struct ls_session *session)
{
	lockdep_assert_held(&ls_table_lock);
	if (!list_empty(&session->joined) || ls_clocksource_withdraw(session))
		return -EBUSY;

	ls_ports_close(session);
	ls_share_end(session);
	ls_nl_tell_session_gone(session);
	ls_session_free(session);
	return 0;
}

void ls_sessions_flush(void)
{
	struct ls_session *session;
	unsigned long id;

	mutex_lock(&ls_table_lock);
	xa_for_each(&ls_sessions, id, session)
		flush_work(&session->changed);
	mutex_unlock(&ls_table_lock);
}

void ls_sessions_end(void)
{
	struct ls_session *session;
	unsigned long id;

	mutex_lock(&ls_table_lock);
	xa_for_each(&ls_sessions, id, session) {
		/* Nobody has selected it: who does holds a reference to the module. */
		ls_clocksource_withdraw(session);
		ls_session_free(session);
	}
	mutex_unlock(&ls_table_lock);
}
