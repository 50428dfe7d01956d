// SPDX-License-Identifier: GPL-2.0-only
/* What of a session is set: first whether all of it can be, then all of it. */

#include "clocksource.h"
#include "session.h"
#include "share.h"

/* Whether @state may follow on the session's own; 0 says none. */
static int ls_session_check_state(const struct ls_session *session, enum livestack_state state,
				  bool free)
{
	if (!state)
		return 0;
	if (session->state == LIVESTACK_STATE_STOPPED || state == session->state ||
	    state == LIVESTACK_STATE_CREATED)
		return -EINVAL;
	if (state != LIVESTACK_STATE_RUNNING &&
	    ls_clocksource_state(session) == LIVESTACK_CLOCKSOURCE_SELECTED)
		return -EBUSY;
	if (state != LIVESTACK_STATE_PAUSED)
		return 0;
	if (session->state != LIVESTACK_STATE_RUNNING)
		return -EINVAL;
	return free ? -EPERM : 0;
}

static int ls_session_check(const struct ls_session *session,
			    const struct ls_session_changes *changes)
{
	const bool free = changes->free || session->mode == LIVESTACK_MODE_FREE;

	if (changes->free && session->state == LIVESTACK_STATE_STOPPED)
		return -ESHUTDOWN;
	if (session->share && (changes->free || changes->on_loss == LIVESTACK_ON_LOSS_RELEASE))
		return -EOPNOTSUPP;
	if (session->share && changes->state == LIVESTACK_STATE_RUNNING &&
	    !session->share_ops->ready(session->share))
		return -ENOTCONN;
	if (session->mode == LIVESTACK_MODE_STRICT && !changes->free &&
	    changes->quantum_ns > session->lookahead_ns)
		return -ERANGE;
	return ls_session_check_state(session, changes->state, free);
}

static void ls_session_go(struct ls_session *session)
{
	if (session->share)
		session->share_ops->start(session->share);
	ls_session_enter(session, LIVESTACK_STATE_RUNNING, LIVESTACK_REASON_ASKED);
	if (session->mode == LIVESTACK_MODE_FREE)
		ls_window_release(&session->window);
	else
		ls_window_resume(&session->window);
	ls_session_settle(session);
}

static void ls_session_apply_state(struct ls_session *session, enum livestack_state state)
{
	if (state == LIVESTACK_STATE_PAUSED) {
		ls_session_pause(session, LIVESTACK_REASON_ASKED);
	} else if (state == LIVESTACK_STATE_STOPPED) {
		ls_session_enter(session, state, LIVESTACK_REASON_ASKED);
		if (session->share)
			session->share_ops->stop(session->share);
	} else if (session->share && session->state == LIVESTACK_STATE_PAUSED) {
		/* It goes on when all do. */
		session->wish = LIVESTACK_REASON_ASKED;
		session->share_ops->pause(session->share, false);
		ls_session_settle(session);
	} else {
		ls_session_go(session);
	}
}

static void ls_session_apply(struct ls_session *session, const struct ls_session_changes *changes)
{
	if (changes->quantum_ns)
		session->window.quantum_ns = changes->quantum_ns;
	if (changes->quantum_ns && session->share)
		session->share_ops->quantum(session->share, changes->quantum_ns);
	if (changes->on_loss)
		session->on_loss = changes->on_loss;
	if (changes->on_overshoot)
		session->on_overshoot = changes->on_overshoot;
	if (changes->free && session->mode != LIVESTACK_MODE_FREE) {
		const bool paused = session->state == LIVESTACK_STATE_PAUSED;

		ls_session_release(session);
		/* What is not gated does not stand still. */
		if (paused)
			ls_session_enter(session, LIVESTACK_STATE_RUNNING, LIVESTACK_REASON_ASKED);
		ls_session_settle(session);
	}
	if (changes->state && changes->state != session->state)
		ls_session_apply_state(session, changes->state);
}

int ls_session_set(struct ls_session *session, const struct ls_session_changes *changes)
{
	unsigned long flags;
	int err;

	lockdep_assert_held(&ls_table_lock);
	raw_spin_lock_irqsave(&session->lock, flags);
	err = ls_session_check(session, changes);
	if (!err)
		ls_session_apply(session, changes);
	raw_spin_unlock_irqrestore(&session->lock, flags);
	return err;
}
