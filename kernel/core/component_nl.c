// SPDX-License-Identifier: GPL-2.0-only

#include <linux/livestack.h>

#include "netlink.h"
#include "netlink_gen.h"
#include "object_nl.h"
#include "session.h"

static const enum livestack_place ls_place_of[] = {
	[LS_MEMBER_OUT] = LIVESTACK_PLACE_ABSENT,
	[LS_MEMBER_JOINING] = LIVESTACK_PLACE_JOINING,
	[LS_MEMBER_RUNNING] = LIVESTACK_PLACE_RUNNING,
	[LS_MEMBER_ARRIVED] = LIVESTACK_PLACE_ARRIVED,
};

static struct ls_component *ls_nl_find_component(struct genl_info *info)
{
	struct ls_session *session = ls_nl_find_session(info, LIVESTACK_A_COMPONENT_SESSION);
	const struct nlattr *id = info->attrs[LIVESTACK_A_COMPONENT_ID];
	struct ls_component *component;

	if (IS_ERR(session))
		return ERR_CAST(session);
	if (!id) {
		ls_nl_refuse(info, -EINVAL, LIVESTACK_A_COMPONENT_ID,
			     "the component's id is missing: say which, component-get lists them");
		return ERR_PTR(-EINVAL);
	}
	component = xa_load(&session->components, nla_get_u16(id));
	if (component)
		return component;
	ls_nl_refuse(info, -ENOENT, LIVESTACK_A_COMPONENT_ID,
		     "the session has no component of this id: component-get lists those it has");
	return ERR_PTR(-ENOENT);
}

static int ls_nl_put_component(struct sk_buff *msg, void *header, struct ls_component *component)
{
	struct ls_session *session = component->session;
	struct ls_member member;
	unsigned long flags;
	u64 windows;

	raw_spin_lock_irqsave(&session->lock, flags);
	member = component->member;
	windows = component->windows;
	raw_spin_unlock_irqrestore(&session->lock, flags);

	if (!header ||
	    nla_put_u32(msg, LIVESTACK_A_COMPONENT_SESSION, session->id) ||
	    nla_put_u16(msg, LIVESTACK_A_COMPONENT_ID, component->id) ||
	    nla_put_string(msg, LIVESTACK_A_COMPONENT_NAME, component->name) ||
	    nla_put_u32(msg, LIVESTACK_A_COMPONENT_KIND, component->kind) ||
	    nla_put_u32(msg, LIVESTACK_A_COMPONENT_PLACE, ls_place_of[member.state]) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_COMPONENT_CLOCK_NS, member.clock_ns) ||
	    (member.state == LS_MEMBER_ARRIVED && member.due_ns != LS_TIME_NONE &&
	     ls_nl_put_u64(msg, LIVESTACK_A_COMPONENT_NEXT_NS, member.due_ns)) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_COMPONENT_WINDOWS, windows) ||
	    (component->pid && nla_put_u32(msg, LIVESTACK_A_COMPONENT_PID, component->pid)))
		return -EMSGSIZE;
	genlmsg_end(msg, header);
	return 0;
}

static int ls_nl_check_component_new(struct genl_info *info)
{
	const struct nlattr *name = info->attrs[LIVESTACK_A_COMPONENT_NAME];

	if (!info->attrs[LIVESTACK_A_COMPONENT_ID])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_COMPONENT_ID,
				    "a component needs an id, from 0 to 1023");
	if (!name || !ls_nl_name_ok(name))
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_COMPONENT_NAME,
				    "a component needs a name of 1 to 63 printable ASCII characters");
	if (!info->attrs[LIVESTACK_A_COMPONENT_KIND])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_COMPONENT_KIND,
				    "a component needs a kind: live, model or remote");
	return 0;
}

int ls_nl_component_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ls_session *session;
	int err = ls_nl_check_component_new(info);

	if (err)
		return err;
	mutex_lock(&ls_table_lock);
	session = ls_nl_find_session(info, LIVESTACK_A_COMPONENT_SESSION);
	err = PTR_ERR_OR_ZERO(session);
	if (!err) {
		err = ls_component_new(session, nla_get_u16(info->attrs[LIVESTACK_A_COMPONENT_ID]),
				       nla_data(info->attrs[LIVESTACK_A_COMPONENT_NAME]),
				       nla_get_u32(info->attrs[LIVESTACK_A_COMPONENT_KIND]));
		if (err == -EEXIST)
			ls_nl_refuse(info, err, LIVESTACK_A_COMPONENT_ID,
				     "the session has a component of this id: take another");
	}
	mutex_unlock(&ls_table_lock);
	return err;
}

int ls_nl_component_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ls_component *component;
	struct sk_buff *msg;
	int err;

	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&ls_table_lock);
	component = ls_nl_find_component(info);
	err = PTR_ERR_OR_ZERO(component);
	if (!err)
		err = ls_nl_put_component(msg, genlmsg_put_reply(msg, info, &ls_nl_family, 0,
								 LIVESTACK_CMD_COMPONENT_GET),
					  component);
	mutex_unlock(&ls_table_lock);
	if (!err)
		return genlmsg_reply(msg, info);
	nlmsg_free(msg);
	return err;
}

/* Goes on from cb->args[1] in the session that cb->args[0] is at. */
static int ls_nl_dump_components(struct sk_buff *skb, struct netlink_callback *cb,
				 struct ls_session *session)
{
	struct ls_component *component;
	unsigned long id;
	int err;

	xa_for_each_start(&session->components, id, component, cb->args[1]) {
		void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
					   &ls_nl_family, NLM_F_MULTI,
					   LIVESTACK_CMD_COMPONENT_GET);

		err = ls_nl_put_component(skb, header, component);
		if (err) {
			if (header)
				genlmsg_cancel(skb, header);
			return err;
		}
		cb->args[1] = id + 1;
	}
	return 0;
}

int ls_nl_component_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct ls_session *session;
	unsigned long id;
	int err = 0;

	mutex_lock(&ls_table_lock);
	xa_for_each_start(&ls_sessions, id, session, cb->args[0]) {
		/* The session that the last part ended in may have gone. */
		if (id != cb->args[0])
			cb->args[1] = 0;
		cb->args[0] = id;
		err = ls_nl_dump_components(skb, cb, session);
		if (err)
			break;
		cb->args[0] = id + 1;
		cb->args[1] = 0;
	}
	mutex_unlock(&ls_table_lock);
	return skb->len ? skb->len : err;
}

int ls_nl_component_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ls_component *component;
	int err;

	mutex_lock(&ls_table_lock);
	component = ls_nl_find_component(info);
	err = PTR_ERR_OR_ZERO(component);
	if (!err && ls_component_del(component))
		err = ls_nl_refuse(info, -EBUSY, LIVESTACK_A_COMPONENT_ID,
				   "a process has joined as the component: component-get names it; end it first");
	mutex_unlock(&ls_table_lock);
	return err;
}
