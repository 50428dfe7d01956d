// SPDX-License-Identifier: GPL-2.0-only
/* What core does with a session that is shared with other hosts: share.h says how. */

#include "share.h"

#include <linux/module.h>

#include "far.h"
#include "session.h"
#include "share_nl.h"

/* The one there is, under ls_table_lock. */
static const struct ls_share_ops *ls_share_ops;

int ls_share_register(const struct ls_share_ops *ops)
{
	int err = 0;

	mutex_lock(&ls_table_lock);
	if (ls_share_ops)
		err = -EBUSY;
	else
		ls_share_ops = ops;
	mutex_unlock(&ls_table_lock);
	return err;
}
EXPORT_SYMBOL_GPL(ls_share_register);

void ls_share_unregister(const struct ls_share_ops *ops)
{
	const struct ls_session_changes stop = { .state = LIVESTACK_STATE_STOPPED };
	struct ls_session *session;
	unsigned long id;

	might_sleep();
	mutex_lock(&ls_table_lock);
	xa_for_each(&ls_sessions, id, session) {
		if (!session->share)
			continue;
		/* -EINVAL: it has stopped. */
		ls_session_set(session, &stop);
		ls_share_end(session);
	}
	ls_share_ops = NULL;
	mutex_unlock(&ls_table_lock);
}
EXPORT_SYMBOL_GPL(ls_share_unregister);

static int ls_share_refuse(const char **sentence, int err, const char *what)
{
	*sentence = what;
	return err;
}

static int ls_share_check(const struct ls_session *session, const char **sentence)
{
	if (!ls_share_ops)
		return ls_share_refuse(sentence, -EOPNOTSUPP,
				       "nothing is loaded that agrees with other hosts: modprobe livestack_sync");
	if (session->share)
		return ls_share_refuse(sentence, -EEXIST,
				       "the session is shared already: sync-get tells how");
	if (session->state != LIVESTACK_STATE_CREATED)
		return ls_share_refuse(sentence, -EBUSY,
				       "the session has begun: share it before it is set running");
	if (session->mode == LIVESTACK_MODE_FREE)
		return ls_share_refuse(sentence, -EOPNOTSUPP,
				       "a session without gating has no windows to agree on: make it strict or relaxed");
	if (session->on_loss != LIVESTACK_ON_LOSS_PAUSE)
		return ls_share_refuse(sentence, -EOPNOTSUPP,
				       "gating cannot be given up on one host of several: set on-loss pause");
	return 0;
}

int ls_share_begin(struct ls_session *session, const struct ls_share_request *request,
		   const char **sentence)
{
	unsigned long flags;
	void *own;
	int err;

	lockdep_assert_held(&ls_table_lock);
	err = ls_share_check(session, sentence);
	if (err)
		return err;
	own = ls_share_ops->begin(session, request, sentence);
	if (IS_ERR(own))
		return PTR_ERR(own);
	raw_spin_lock_irqsave(&session->lock, flags);
	session->share = own;
	session->share_ops = ls_share_ops;
	session->host = request->host;
	session->hosts = request->hosts;
	session->window.shared = true;
	raw_spin_unlock_irqrestore(&session->lock, flags);
	return 0;
}

void ls_share_end(struct ls_session *session)
{
	unsigned long flags;
	void *own = session->share;

	might_sleep();
	lockdep_assert_held(&ls_table_lock);
	if (!own)
		return;
	session->share_ops->end(own);
	raw_spin_lock_irqsave(&session->lock, flags);
	session->share = NULL;
	raw_spin_unlock_irqrestore(&session->lock, flags);
	ls_far_forget(session);
}

int ls_share_meet(struct ls_session *session, const struct ls_peer_request *request,
		  const char **sentence)
{
	lockdep_assert_held(&ls_table_lock);
	return session->share_ops->meet(session->share, request, sentence);
}

unsigned long ls_share_lock(struct ls_session *session)
	__acquires(session->lock)
{
	return ls_session_lock(session);
}
EXPORT_SYMBOL_GPL(ls_share_lock);

void ls_share_unlock(struct ls_session *session, unsigned long flags)
	__releases(session->lock)
{
	ls_session_unlock(session, flags);
}
EXPORT_SYMBOL_GPL(ls_share_unlock);

u32 ls_share_id(const struct ls_session *session)
{
	return session->id;
}
EXPORT_SYMBOL_GPL(ls_share_id);

u64 ls_share_quantum(const struct ls_session *session)
{
	return session->window.quantum_ns;
}
EXPORT_SYMBOL_GPL(ls_share_quantum);

u64 ls_share_limit(const struct ls_session *session)
{
	return session->window.limit_ns;
}
EXPORT_SYMBOL_GPL(ls_share_limit);

bool ls_share_to_the_end(const struct ls_session *session)
{
	return session->window.to_the_end;
}
EXPORT_SYMBOL_GPL(ls_share_to_the_end);

u64 ls_share_window_end(const struct ls_session *session)
{
	return session->window.end_ns;
}
EXPORT_SYMBOL_GPL(ls_share_window_end);

/* A wish of this host's that has been fulfilled says why. */
static enum livestack_reason ls_share_reason(const struct ls_session *session)
{
	return session->wish ?: LIVESTACK_REASON_PEER;
}

void ls_share_window(struct ls_session *session, u64 start_ns, u64 end_ns)
{
	/* It has stopped here, and the others will hear of it. */
	if (session->state == LIVESTACK_STATE_STOPPED)
		return;
	if (session->state == LIVESTACK_STATE_PAUSED)
		ls_session_enter(session, LIVESTACK_STATE_RUNNING, ls_share_reason(session));
	ls_window_agreed(&session->window, start_ns, end_ns);
}
EXPORT_SYMBOL_GPL(ls_share_window);

void ls_share_hold(struct ls_session *session, u16 host)
{
	if (session->state != LIVESTACK_STATE_RUNNING)
		return;
	session->peer = host;
	ls_session_enter(session, LIVESTACK_STATE_PAUSED,
			 host == LS_SHARE_OWN ? ls_share_reason(session) : LIVESTACK_REASON_PEER);
}
EXPORT_SYMBOL_GPL(ls_share_hold);

void ls_share_stop(struct ls_session *session, u16 host)
{
	if (session->state == LIVESTACK_STATE_STOPPED)
		return;
	session->peer = host;
	ls_session_enter(session, LIVESTACK_STATE_STOPPED, LIVESTACK_REASON_PEER);
}
EXPORT_SYMBOL_GPL(ls_share_stop);

void ls_share_silent(struct ls_session *session, u16 host, enum livestack_awaits what)
{
	if (session->state != LIVESTACK_STATE_RUNNING)
		return;
	session->peer = host;
	session->awaits = what;
	ls_session_enter(session, LIVESTACK_STATE_PAUSED, LIVESTACK_REASON_SILENT);
}
EXPORT_SYMBOL_GPL(ls_share_silent);

void ls_share_back(struct ls_session *session, u16 host)
{
	if (session->state != LIVESTACK_STATE_PAUSED ||
	    session->reason != LIVESTACK_REASON_SILENT || session->peer != host)
		return;
	ls_session_enter(session, LIVESTACK_STATE_RUNNING, LIVESTACK_REASON_BACK);
}
EXPORT_SYMBOL_GPL(ls_share_back);
