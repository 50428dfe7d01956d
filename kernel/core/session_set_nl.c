// SPDX-License-Identifier: GPL-2.0-only
/* The verb session-set. */

#include <linux/livestack.h>

#include "clocksource.h"
#include "clocksource_nl.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "object_nl.h"
#include "session.h"

/* -EINVAL: nothing is to be set, -EPERM: a mode that no session can go to. */
static int ls_nl_read_changes(struct genl_info *info, struct ls_session_changes *changes)
{
	const struct nlattr *state = info->attrs[LIVESTACK_A_SESSION_STATE];
	const struct nlattr *quantum = info->attrs[LIVESTACK_A_SESSION_QUANTUM_NS];
	const struct nlattr *mode = info->attrs[LIVESTACK_A_SESSION_MODE];
	const struct nlattr *on_loss = info->attrs[LIVESTACK_A_SESSION_ON_LOSS];
	const struct nlattr *on_overshoot = info->attrs[LIVESTACK_A_SESSION_ON_OVERSHOOT];

	if (!state && !quantum && !mode && !on_loss && !on_overshoot &&
	    !info->attrs[LIVESTACK_A_SESSION_CLOCKSOURCE])
		return -EINVAL;
	if (mode && nla_get_u32(mode) != LIVESTACK_MODE_FREE)
		return -EPERM;
	*changes = (struct ls_session_changes){
		.state = state ? nla_get_u32(state) : 0,
		.quantum_ns = quantum ? nla_get_u64(quantum) : 0,
		.free = mode,
		.on_loss = on_loss ? nla_get_u32(on_loss) : 0,
		.on_overshoot = on_overshoot ? nla_get_u32(on_overshoot) : 0,
	};
	return 0;
}

static int ls_nl_refuse_changes(struct genl_info *info, struct ls_session *session, int err)
{
	switch (err) {
	case -EBUSY:
		return ls_nl_refuse_selected(info, session) ?: err;
	case -ERANGE:
		return ls_nl_refuse(info, err, LIVESTACK_A_SESSION_QUANTUM_NS,
				    "a strict session's quantum is at most its lookahead, the shortest latency of its links: session-get tells it, link-get whose it is");
	case -ENOTCONN:
		return ls_nl_refuse(info, err, LIVESTACK_A_SESSION_STATE,
				    "it is not known where all other hosts are: peer-set says it of one, peer-get tells of which");
	case -EOPNOTSUPP:
		return ls_nl_refuse(info, err, 0,
				    "gating cannot be given up on one host of several: stop the session instead");
	case -EPERM:
		return ls_nl_refuse(info, err, LIVESTACK_A_SESSION_STATE,
				    "a session without gating cannot be paused: its components do not wait; stop it");
	case -ESHUTDOWN:
		return ls_nl_refuse(info, err, LIVESTACK_A_SESSION_MODE,
				    "the session has stopped: make another");
	default:
		return ls_nl_refuse(info, err, LIVESTACK_A_SESSION_STATE,
				    "the session cannot go there from its state: running follows on created and paused, paused on running, and nothing on stopped");
	}
}

/* All or nothing: what the clocksource was becomes of it again when the rest is refused. */
static int ls_nl_apply_changes(struct genl_info *info, struct ls_session *session,
			       const struct ls_session_changes *changes)
{
	const struct nlattr *clocksource = info->attrs[LIVESTACK_A_SESSION_CLOCKSOURCE];
	const enum livestack_clocksource before = ls_clocksource_state(session);
	int err;

	if (clocksource) {
		err = ls_nl_set_clocksource(info, session, nla_get_u32(clocksource));
		if (err)
			return err;
	}
	err = ls_session_set(session, changes);
	if (err && clocksource)
		ls_clocksource_restore(session, before);
	return err ? ls_nl_refuse_changes(info, session, err) : 0;
}

static int ls_nl_set_session(struct genl_info *info)
{
	struct ls_session *session = ls_nl_find_session(info, LIVESTACK_A_SESSION_ID);
	struct ls_session_changes changes;
	int err;

	if (IS_ERR(session))
		return PTR_ERR(session);
	err = ls_nl_read_changes(info, &changes);
	if (err == -EINVAL)
		return ls_nl_refuse(info, err, 0,
				    "nothing to set: say state, quantum-ns, mode, on-loss, on-overshoot or clocksource");
	if (err)
		return ls_nl_refuse(info, err, LIVESTACK_A_SESSION_MODE,
				    "a session is made strict or relaxed: only free can be set later");
	return ls_nl_apply_changes(info, session, &changes);
}

int ls_nl_session_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	mutex_lock(&ls_table_lock);
	err = ls_nl_set_session(info);
	mutex_unlock(&ls_table_lock);
	return err;
}
