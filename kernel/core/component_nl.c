// SPDX-License-Identifier: GPL-2.0-only

#include "live.h"
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

struct ls_component *ls_nl_session_component(struct genl_info *info, struct ls_session *session,
					     int attribute)
{
	struct ls_component *component;

	component = xa_load(&session->components, nla_get_u16(info->attrs[attribute]));
	if (component)
		return component;
	ls_nl_refuse(info, -ENOENT, attribute,
		     "the session has no component of this id: component-get lists those it has");
	return ERR_PTR(-ENOENT);
}

struct ls_component *ls_nl_find_component(struct genl_info *info)
{
	struct ls_session *session = ls_nl_find_session(info, LIVESTACK_A_COMPONENT_SESSION);

	if (IS_ERR(session))
		return ERR_CAST(session);
	if (info->attrs[LIVESTACK_A_COMPONENT_ID])
		return ls_nl_session_component(info, session, LIVESTACK_A_COMPONENT_ID);
	ls_nl_refuse(info, -EINVAL, LIVESTACK_A_COMPONENT_ID,
		     "the component's id is missing: say which, component-get lists them");
	return ERR_PTR(-EINVAL);
}

/* What changes from window to window, taken at one moment. */
struct ls_component_view {
	struct ls_member member;
	u64 windows, sent, received, late, overshoots;
	u32 queued;
	struct ls_histogram late_ns, overshoot_ns;
};

static void ls_component_look(struct ls_component *component, struct ls_component_view *view)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&component->session->lock, flags);
	view->member = component->member;
	view->windows = component->windows;
	view->sent = component->sent;
	view->received = component->received;
	view->late = component->late;
	view->overshoots = component->overshoots;
	view->queued = component->queued;
	view->late_ns = component->late_ns;
	view->overshoot_ns = component->overshoot_ns;
	raw_spin_unlock_irqrestore(&component->session->lock, flags);
}

static int ls_nl_put_component_view(struct sk_buff *msg, const struct ls_component_view *view)
{
	const struct ls_member *member = &view->member;

	if (nla_put_u32(msg, LIVESTACK_A_COMPONENT_PLACE, ls_place_of[member->state]) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_COMPONENT_CLOCK_NS, member->clock_ns) ||
	    (member->state == LS_MEMBER_ARRIVED && member->due_ns != LS_TIME_NONE &&
	     ls_nl_put_u64(msg, LIVESTACK_A_COMPONENT_NEXT_NS, member->due_ns)) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_COMPONENT_WINDOWS, view->windows) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_COMPONENT_SENT, view->sent) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_COMPONENT_RECEIVED, view->received) ||
	    nla_put_u32(msg, LIVESTACK_A_COMPONENT_QUEUED, view->queued) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_COMPONENT_LATE, view->late) ||
	    ls_nl_put_histogram(msg, LIVESTACK_A_COMPONENT_LATE_NS, &view->late_ns) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_COMPONENT_OVERSHOOTS, view->overshoots) ||
	    ls_nl_put_histogram(msg, LIVESTACK_A_COMPONENT_OVERSHOOT_NS, &view->overshoot_ns))
		return -EMSGSIZE;
	return 0;
}

/* Of a live component. */
static int ls_nl_put_machine(struct sk_buff *msg, const struct ls_component *component)
{
	const struct ls_machine_view view = ls_live_machine(component);

	if ((view.vcpus &&
	     (nla_put_u32(msg, LIVESTACK_A_COMPONENT_VCPUS, view.vcpus) ||
	      ls_nl_put_u64(msg, LIVESTACK_A_COMPONENT_VMM_BUSY, view.vmm_busy) ||
	      ls_nl_put_u64(msg, LIVESTACK_A_COMPONENT_SKEW_MAX_NS, view.skew_max_ns))) ||
	    (component->parting &&
	     nla_put_u32(msg, LIVESTACK_A_COMPONENT_PARTING, component->parting)))
		return -EMSGSIZE;
	return 0;
}

static int ls_nl_put_component(struct sk_buff *msg, void *header, void *object)
{
	struct ls_component *component = object;
	/* Big for a stack, and only one at a time is wanted: ls_table_lock is held. */
	static struct ls_component_view view;

	lockdep_assert_held(&ls_table_lock);
	ls_component_look(component, &view);
	if (!header ||
	    nla_put_u32(msg, LIVESTACK_A_COMPONENT_SESSION, component->session->id) ||
	    nla_put_u16(msg, LIVESTACK_A_COMPONENT_ID, component->id) ||
	    nla_put_string(msg, LIVESTACK_A_COMPONENT_NAME, component->name) ||
	    nla_put_u32(msg, LIVESTACK_A_COMPONENT_KIND, component->kind) ||
	    (component->pid && nla_put_u32(msg, LIVESTACK_A_COMPONENT_PID, component->pid)) ||
	    (component->kind == LIVESTACK_KIND_REMOTE &&
	     nla_put_u16(msg, LIVESTACK_A_COMPONENT_HOST, component->host)) ||
	    ls_nl_put_component_view(msg, &view) || ls_nl_put_machine(msg, component))
		return -EMSGSIZE;
	genlmsg_end(msg, header);
	return 0;
}

static void *ls_nl_find(struct genl_info *info)
{
	return ls_nl_find_component(info);
}

static void *ls_nl_next_component(struct ls_session *session, unsigned long *index)
{
	return xa_find(&session->components, index, ULONG_MAX, XA_PRESENT);
}

const struct ls_nl_kind ls_nl_components = {
	.get = LIVESTACK_CMD_COMPONENT_GET,
	.notify = LIVESTACK_CMD_COMPONENT_NTF,
	.notify_gone = LIVESTACK_CMD_COMPONENT_DEL_NTF,
	.session_attribute = LIVESTACK_A_COMPONENT_SESSION,
	.id_attribute = LIVESTACK_A_COMPONENT_ID,
	.find = ls_nl_find,
	.put = ls_nl_put_component,
	.next = ls_nl_next_component,
};

void ls_nl_component_changed(struct ls_component *component)
{
	ls_nl_tell(&ls_nl_components, component);
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
	if ((nla_get_u32(info->attrs[LIVESTACK_A_COMPONENT_KIND]) == LIVESTACK_KIND_REMOTE) !=
	    !!info->attrs[LIVESTACK_A_COMPONENT_HOST])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_COMPONENT_HOST,
				    "a remote component needs its host's number, and no other has one");
	return 0;
}

static int ls_nl_make_component(struct genl_info *info)
{
	struct ls_session *session = ls_nl_find_session(info, LIVESTACK_A_COMPONENT_SESSION);
	const struct nlattr *host = info->attrs[LIVESTACK_A_COMPONENT_HOST];
	const struct ls_component_config config = {
		.name = nla_data(info->attrs[LIVESTACK_A_COMPONENT_NAME]),
		.kind = nla_get_u32(info->attrs[LIVESTACK_A_COMPONENT_KIND]),
		.host = host ? nla_get_u16(host) : 0,
	};
	struct ls_component *component;

	if (IS_ERR(session))
		return PTR_ERR(session);
	component = ls_component_new(session, nla_get_u16(info->attrs[LIVESTACK_A_COMPONENT_ID]),
				     &config);
	if (component == ERR_PTR(-EEXIST))
		return ls_nl_refuse(info, -EEXIST, LIVESTACK_A_COMPONENT_ID,
				    "the session has a component of this id: take another");
	if (component == ERR_PTR(-EOPNOTSUPP))
		return ls_nl_refuse(info, -EOPNOTSUPP, LIVESTACK_A_COMPONENT_KIND,
				    "the session offers its time as the host's clocksource, which a live component would run on: set clocksource none first");
	if (component == ERR_PTR(-EHOSTUNREACH))
		return ls_nl_refuse(info, -EHOSTUNREACH, LIVESTACK_A_COMPONENT_HOST,
				    "a remote component is on another host that the session is shared with: sync-new shares it, sync-get tells with how many");
	if (IS_ERR(component))
		return PTR_ERR(component);
	ls_nl_tell(&ls_nl_components, component);
	return 0;
}

int ls_nl_component_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err = ls_nl_check_component_new(info);

	if (err)
		return err;
	mutex_lock(&ls_table_lock);
	err = ls_nl_make_component(info);
	mutex_unlock(&ls_table_lock);
	return err;
}

int ls_nl_component_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ls_nl_get(&ls_nl_components, info);
}

int ls_nl_component_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ls_nl_dump(&ls_nl_components, skb, cb);
}

static int ls_nl_delete_component(struct genl_info *info)
{
	struct ls_component *component = ls_nl_find_component(info);
	u32 session;
	u16 id;

	if (IS_ERR(component))
		return PTR_ERR(component);
	session = component->session->id;
	id = component->id;
	switch (ls_component_del(component)) {
	case -EBUSY:
		return ls_nl_refuse(info, -EBUSY, LIVESTACK_A_COMPONENT_ID,
				    "a process has joined as the component: component-get names it; end it first");
	case -EMLINK:
		return ls_nl_refuse(info, -EBUSY, LIVESTACK_A_COMPONENT_ID,
				    "a link ends at the component: link-get names it; delete it first");
	}
	ls_nl_tell_gone(&ls_nl_components, session, id);
	return 0;
}

int ls_nl_component_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	mutex_lock(&ls_table_lock);
	err = ls_nl_delete_component(info);
	mutex_unlock(&ls_table_lock);
	return err;
}
