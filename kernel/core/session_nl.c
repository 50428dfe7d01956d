// SPDX-License-Identifier: GPL-2.0-only

#include <linux/livestack.h>

#include "clocksource_nl.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "object_nl.h"
#include "session.h"

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
	ls_nl_refuse(info, -ENOENT, attribute, LS_NL_NO_SESSION);
	return ERR_PTR(-ENOENT);
}

/* What changes while it runs, taken at one moment. */
struct ls_session_view {
	enum livestack_state state;
	enum livestack_reason reason;
	enum livestack_mode mode;
	enum livestack_on_loss on_loss;
	enum livestack_on_overshoot on_overshoot;
	bool released;
	u16 culprit, waits_for, peer;
	enum livestack_awaits awaits;
	u32 joined, awaited, components, links;
	u64 windows, quantum_ns, start_ns, end_ns, skipped_ns, lookahead_ns, late;
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
		.mode = session->mode,
		.on_loss = session->on_loss,
		.on_overshoot = session->on_overshoot,
		.released = session->released,
		.culprit = session->culprit,
		.peer = session->peer,
		.awaits = session->awaits,
		.joined = window->members,
		.awaited = window->running,
		.components = session->component_count,
		.links = session->link_count,
		.windows = window->generation,
		.quantum_ns = window->quantum_ns,
		.start_ns = window->start_ns,
		.end_ns = window->end_ns,
		.skipped_ns = session->skipped_ns,
		.lookahead_ns = session->lookahead_ns,
		.late = session->late,
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

static bool ls_session_has_culprit(const struct ls_session_view *view)
{
	return view->reason == LIVESTACK_REASON_DIED || view->reason == LIVESTACK_REASON_OVERSHOT;
}

static bool ls_session_has_peer(const struct ls_session_view *view)
{
	return view->reason == LIVESTACK_REASON_SILENT || view->reason == LIVESTACK_REASON_BACK ||
	       view->reason == LIVESTACK_REASON_PEER;
}

static int ls_nl_put_progress(struct sk_buff *msg, const struct ls_session_view *view)
{
	if (ls_nl_put_u64(msg, LIVESTACK_A_SESSION_WINDOWS, view->windows) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_SESSION_START_NS, view->start_ns) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_SESSION_WINDOW_END_NS, view->end_ns) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_SESSION_SKIPPED_NS, view->skipped_ns) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_SESSION_LATE, view->late) ||
	    nla_put_u32(msg, LIVESTACK_A_SESSION_COMPONENTS, view->components) ||
	    nla_put_u32(msg, LIVESTACK_A_SESSION_LINKS, view->links) ||
	    nla_put_u32(msg, LIVESTACK_A_SESSION_JOINED, view->joined) ||
	    nla_put_u32(msg, LIVESTACK_A_SESSION_AWAITED, view->awaited) ||
	    (view->awaited && nla_put_u16(msg, LIVESTACK_A_SESSION_WAITS_FOR, view->waits_for)))
		return -EMSGSIZE;
	return 0;
}

static int ls_nl_put_view(struct sk_buff *msg, const struct ls_session_view *view)
{
	if (nla_put_u32(msg, LIVESTACK_A_SESSION_STATE, view->state) ||
	    (view->reason && nla_put_u32(msg, LIVESTACK_A_SESSION_REASON, view->reason)) ||
	    (ls_session_has_culprit(view) &&
	     nla_put_u16(msg, LIVESTACK_A_SESSION_CULPRIT, view->culprit)) ||
	    (ls_session_has_peer(view) && nla_put_u16(msg, LIVESTACK_A_SESSION_HOST, view->peer)) ||
	    (view->reason == LIVESTACK_REASON_SILENT &&
	     nla_put_u32(msg, LIVESTACK_A_SESSION_AWAITS, view->awaits)) ||
	    nla_put_u32(msg, LIVESTACK_A_SESSION_MODE, view->mode) ||
	    nla_put_u32(msg, LIVESTACK_A_SESSION_ON_LOSS, view->on_loss) ||
	    nla_put_u32(msg, LIVESTACK_A_SESSION_ON_OVERSHOOT, view->on_overshoot) ||
	    (view->released && nla_put_flag(msg, LIVESTACK_A_SESSION_RELEASED)) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_SESSION_QUANTUM_NS, view->quantum_ns) ||
	    (view->lookahead_ns != LS_TIME_NONE &&
	     ls_nl_put_u64(msg, LIVESTACK_A_SESSION_LOOKAHEAD_NS, view->lookahead_ns)))
		return -EMSGSIZE;
	return ls_nl_put_progress(msg, view);
}

static int ls_nl_put_session(struct sk_buff *msg, void *header, void *object)
{
	struct ls_session *session = object;
	struct ls_session_view view = ls_session_view(session);

	if (!header ||
	    nla_put_u32(msg, LIVESTACK_A_SESSION_ID, session->id) ||
	    nla_put_string(msg, LIVESTACK_A_SESSION_UUID, session->uuid) ||
	    nla_put_string(msg, LIVESTACK_A_SESSION_NAME, session->name) ||
	    (session->window.to_the_end &&
	     ls_nl_put_u64(msg, LIVESTACK_A_SESSION_END_NS, session->window.limit_ns)) ||
	    ls_nl_put_view(msg, &view) ||
	    ls_nl_put_clock(msg, session))
		return -EMSGSIZE;
	genlmsg_end(msg, header);
	return 0;
}

static void *ls_nl_find_this_session(struct genl_info *info)
{
	return ls_nl_find_session(info, LIVESTACK_A_SESSION_ID);
}

const struct ls_nl_kind ls_nl_sessions = {
	.get = LIVESTACK_CMD_SESSION_GET,
	.notify = LIVESTACK_CMD_SESSION_NTF,
	.id_attribute = LIVESTACK_A_SESSION_ID,
	.find = ls_nl_find_this_session,
	.put = ls_nl_put_session,
};

void ls_nl_session_changed(struct ls_session *session)
{
	ls_nl_tell(&ls_nl_sessions, session);
}

static int ls_nl_check_session_new(struct genl_info *info)
{
	const struct nlattr *uuid = info->attrs[LIVESTACK_A_SESSION_UUID];
	const struct nlattr *name = info->attrs[LIVESTACK_A_SESSION_NAME];

	if (!uuid || !ls_nl_uuid_ok(uuid))
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

/* Of an enum that a session is made with; 1 is the first of each and what is not said. */
static u32 ls_nl_choice(struct genl_info *info, int attribute)
{
	return info->attrs[attribute] ? nla_get_u32(info->attrs[attribute]) : 1;
}

static int ls_nl_make_session(struct genl_info *info)
{
	const struct nlattr *end = info->attrs[LIVESTACK_A_SESSION_END_NS];
	const struct ls_session_config config = {
		.uuid = nla_data(info->attrs[LIVESTACK_A_SESSION_UUID]),
		.name = nla_data(info->attrs[LIVESTACK_A_SESSION_NAME]),
		.quantum_ns = nla_get_u64(info->attrs[LIVESTACK_A_SESSION_QUANTUM_NS]),
		.end_ns = end ? nla_get_u64(end) : 0,
		.mode = ls_nl_choice(info, LIVESTACK_A_SESSION_MODE),
		.on_loss = ls_nl_choice(info, LIVESTACK_A_SESSION_ON_LOSS),
		.on_overshoot = ls_nl_choice(info, LIVESTACK_A_SESSION_ON_OVERSHOOT),
	};
	struct ls_session *session = ls_session_new(&config);
	int err;

	if (session == ERR_PTR(-ENOSPC))
		return ls_nl_refuse(info, -ENOSPC, 0,
				    "there are 64 sessions already: delete one of them");
	if (session == ERR_PTR(-EEXIST))
		return ls_nl_refuse(info, -EEXIST, LIVESTACK_A_SESSION_UUID,
				    "there is a session of this uuid: delete it or take another");
	if (IS_ERR(session))
		return PTR_ERR(session);
	err = ls_nl_reply_id(info, session->id);
	/* Also when its maker has no room for the answer: who gets an error has made nothing. */
	if (err)
		ls_session_del(session);
	else
		ls_nl_tell(&ls_nl_sessions, session);
	return err;
}

int ls_nl_session_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err = ls_nl_check_session_new(info);

	if (err)
		return err;
	mutex_lock(&ls_table_lock);
	err = ls_nl_make_session(info);
	mutex_unlock(&ls_table_lock);
	return err;
}

int ls_nl_session_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ls_nl_get(&ls_nl_sessions, info);
}

int ls_nl_session_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ls_nl_dump(&ls_nl_sessions, skb, cb);
}

static int ls_nl_delete_session(struct genl_info *info)
{
	struct ls_session *session = ls_nl_find_session(info, LIVESTACK_A_SESSION_ID);

	if (IS_ERR(session))
		return PTR_ERR(session);
	if (ls_session_del(session))
		return ls_nl_refuse_selected(info, session) ?:
		       ls_nl_refuse(info, -EBUSY, LIVESTACK_A_SESSION_ID,
				    "a process has joined the session: component-get names it; end it first");
	return 0;
}

int ls_nl_session_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	mutex_lock(&ls_table_lock);
	err = ls_nl_delete_session(info);
	mutex_unlock(&ls_table_lock);
	return err;
}
