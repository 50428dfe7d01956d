// SPDX-License-Identifier: GPL-2.0-only

#include "session_nl.h"

#include <linux/livestack.h>
#include <linux/uuid.h>

#include "netlink.h"
#include "netlink_gen.h"
#include "object_nl.h"
#include "session.h"

bool ls_nl_name_ok(const struct nlattr *attr)
{
	const char *name = nla_data(attr);

	if (!*name)
		return false;
	for (; *name; name++)
		if (*name < ' ' || *name > '~')
			return false;
	return true;
}

struct ls_session *ls_nl_find_session(struct genl_info *info, int attribute)
{
	struct ls_session *session;

	lockdep_assert_held(&ls_table_lock);
	if (!info->attrs[attribute]) {
		ls_nl_refuse(info, -EINVAL, attribute,
			     "the session's id is missing: say which, session-get lists them");
		return ERR_PTR(-EINVAL);
	}
	session = xa_load(&ls_sessions, nla_get_u32(info->attrs[attribute]));
	if (session)
		return session;
	ls_nl_refuse(info, -ENOENT, attribute,
		     "there is no session of this id: session-get lists those there are");
	return ERR_PTR(-ENOENT);
}

/* What changes from window to window, taken at one moment. */
struct ls_session_view {
	enum livestack_state state;
	enum livestack_reason reason;
	u16 culprit, waits_for;
	u32 joined, awaited;
	u64 windows, quantum_ns, start_ns, end_ns;
};

static struct ls_session_view ls_session_view(struct ls_session *session)
{
	const struct ls_window *window = &session->window;
	struct ls_session_view view;
	struct ls_component *component;
	unsigned long flags;

	raw_spin_lock_irqsave(&session->lock, flags);
	view = (struct ls_session_view){
		.state = session->state,
		.reason = session->reason,
		.culprit = session->culprit,
		.joined = window->members,
		.awaited = window->running,
		.windows = window->generation,
		.quantum_ns = window->quantum_ns,
		.start_ns = window->start_ns,
		.end_ns = window->end_ns,
	};
	list_for_each_entry(component, &session->joined, joined) {
		if (component->member.state == LS_MEMBER_RUNNING) {
			view.waits_for = component->id;
			break;
		}
	}
	raw_spin_unlock_irqrestore(&session->lock, flags);
	return view;
}

static int ls_nl_put_view(struct sk_buff *msg, const struct ls_session_view *view)
{
	if (nla_put_u32(msg, LIVESTACK_A_SESSION_STATE, view->state) ||
	    (view->reason && nla_put_u32(msg, LIVESTACK_A_SESSION_REASON, view->reason)) ||
	    (view->reason == LIVESTACK_REASON_DIED &&
	     nla_put_u16(msg, LIVESTACK_A_SESSION_CULPRIT, view->culprit)) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_SESSION_QUANTUM_NS, view->quantum_ns) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_SESSION_WINDOWS, view->windows) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_SESSION_START_NS, view->start_ns) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_SESSION_WINDOW_END_NS, view->end_ns) ||
	    nla_put_u32(msg, LIVESTACK_A_SESSION_JOINED, view->joined) ||
	    nla_put_u32(msg, LIVESTACK_A_SESSION_AWAITED, view->awaited) ||
	    (view->awaited && nla_put_u16(msg, LIVESTACK_A_SESSION_WAITS_FOR, view->waits_for)))
		return -EMSGSIZE;
	return 0;
}

static int ls_nl_put_session(struct sk_buff *msg, void *header, struct ls_session *session)
{
	struct ls_session_view view = ls_session_view(session);

	if (!header ||
	    nla_put_u32(msg, LIVESTACK_A_SESSION_ID, session->id) ||
	    nla_put_string(msg, LIVESTACK_A_SESSION_UUID, session->uuid) ||
	    nla_put_string(msg, LIVESTACK_A_SESSION_NAME, session->name) ||
	    (session->window.to_the_end &&
	     ls_nl_put_u64(msg, LIVESTACK_A_SESSION_END_NS, session->window.limit_ns)) ||
	    nla_put_u32(msg, LIVESTACK_A_SESSION_COMPONENTS, session->component_count) ||
	    ls_nl_put_view(msg, &view))
		return -EMSGSIZE;
	genlmsg_end(msg, header);
	return 0;
}

void ls_nl_session_changed(struct ls_session *session)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *header;

	if (!msg)
		return;
	header = genlmsg_put(msg, 0, 0, &ls_nl_family, 0, LIVESTACK_CMD_SESSION_NTF);
	if (ls_nl_put_session(msg, header, session))
		nlmsg_free(msg);
	else
		genlmsg_multicast(&ls_nl_family, msg, 0, LS_NL_GROUP_EVENTS, GFP_KERNEL);
}

static int ls_nl_check_session_new(struct genl_info *info)
{
	const struct nlattr *uuid = info->attrs[LIVESTACK_A_SESSION_UUID];
	const struct nlattr *name = info->attrs[LIVESTACK_A_SESSION_NAME];

	if (!uuid || !uuid_is_valid(nla_data(uuid)) || strlen(nla_data(uuid)) != UUID_STRING_LEN)
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_SESSION_UUID,
				    "a session needs a uuid of the usual 36 characters");
	if (!name || !ls_nl_name_ok(name))
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_SESSION_NAME,
				    "a session needs a name of 1 to 63 printable ASCII characters");
	if (!info->attrs[LIVESTACK_A_SESSION_QUANTUM_NS])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_SESSION_QUANTUM_NS,
				    "a session needs quantum-ns, from 1000 to 10000000000");
	return 0;
}

static int ls_nl_reply_id(struct genl_info *info, u32 id)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *header;

	if (!msg)
		return -ENOMEM;
	header = genlmsg_put_reply(msg, info, &ls_nl_family, 0, LIVESTACK_CMD_SESSION_NEW);
	if (!header || nla_put_u32(msg, LIVESTACK_A_SESSION_ID, id)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, header);
	return genlmsg_reply(msg, info);
}

int ls_nl_session_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *end = info->attrs[LIVESTACK_A_SESSION_END_NS];
	struct ls_session *session;
	int err = ls_nl_check_session_new(info);

	if (err)
		return err;
	mutex_lock(&ls_table_lock);
	session = ls_session_new(nla_data(info->attrs[LIVESTACK_A_SESSION_UUID]),
				 nla_data(info->attrs[LIVESTACK_A_SESSION_NAME]),
				 nla_get_u64(info->attrs[LIVESTACK_A_SESSION_QUANTUM_NS]),
				 end ? nla_get_u64(end) : 0);
	if (!IS_ERR(session))
		err = ls_nl_reply_id(info, session->id);
	mutex_unlock(&ls_table_lock);

	if (session == ERR_PTR(-ENOSPC))
		return ls_nl_refuse(info, -ENOSPC, 0,
				    "there are 64 sessions already: delete one of them");
	if (session == ERR_PTR(-EEXIST))
		return ls_nl_refuse(info, -EEXIST, LIVESTACK_A_SESSION_UUID,
				    "there is a session of this uuid: delete it or take another");
	return IS_ERR(session) ? PTR_ERR(session) : err;
}

int ls_nl_session_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ls_session *session;
	struct sk_buff *msg;
	int err;

	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&ls_table_lock);
	session = ls_nl_find_session(info, LIVESTACK_A_SESSION_ID);
	err = PTR_ERR_OR_ZERO(session);
	if (!err)
		err = ls_nl_put_session(msg, genlmsg_put_reply(msg, info, &ls_nl_family, 0,
							       LIVESTACK_CMD_SESSION_GET),
					session);
	mutex_unlock(&ls_table_lock);
	if (!err)
		return genlmsg_reply(msg, info);
	nlmsg_free(msg);
	return err;
}

int ls_nl_session_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct ls_session *session;
	unsigned long id;
	int err = 0;

	mutex_lock(&ls_table_lock);
	xa_for_each_start(&ls_sessions, id, session, cb->args[0]) {
		void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
					   &ls_nl_family, NLM_F_MULTI, LIVESTACK_CMD_SESSION_GET);

		err = ls_nl_put_session(skb, header, session);
		if (err) {
			if (header)
				genlmsg_cancel(skb, header);
			break;
		}
		cb->args[0] = id + 1;
	}
	mutex_unlock(&ls_table_lock);
	/* What did not fit comes with the next part, unless nothing fits at all. */
	return skb->len ? skb->len : err;
}

static int ls_nl_set_session(struct genl_info *info, struct ls_session *session)
{
	const struct nlattr *state = info->attrs[LIVESTACK_A_SESSION_STATE];
	const struct nlattr *quantum = info->attrs[LIVESTACK_A_SESSION_QUANTUM_NS];

	if (!state && !quantum)
		return ls_nl_refuse(info, -EINVAL, 0,
				    "nothing to set: say state or quantum-ns");
	/* The one that can be refused goes first, so that a refused request changes nothing. */
	if (state && ls_session_set_state(session, nla_get_u32(state)))
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_SESSION_STATE,
				    "the session cannot go there from its state: running follows on created and paused, paused on running, and nothing on stopped");
	if (quantum)
		ls_session_set_quantum(session, nla_get_u64(quantum));
	return 0;
}

int ls_nl_session_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ls_session *session;
	int err;

	mutex_lock(&ls_table_lock);
	session = ls_nl_find_session(info, LIVESTACK_A_SESSION_ID);
	err = IS_ERR(session) ? PTR_ERR(session) : ls_nl_set_session(info, session);
	mutex_unlock(&ls_table_lock);
	return err;
}

int ls_nl_session_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ls_session *session;
	int err;

	mutex_lock(&ls_table_lock);
	session = ls_nl_find_session(info, LIVESTACK_A_SESSION_ID);
	err = PTR_ERR_OR_ZERO(session);
	if (!err && ls_session_del(session))
		err = ls_nl_refuse(info, -EBUSY, LIVESTACK_A_SESSION_ID,
				   "a process has joined the session: component-get names it; end it first");
	mutex_unlock(&ls_table_lock);
	return err;
}
