// SPDX-License-Identifier: GPL-2.0-only
/* vcpu-get: the virtual CPUs of live components, which their mechanism knows. */

#include "live.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "object_nl.h"
#include "session.h"

/* A vCPU's number among all of a session: components have 16 bits, and so have their vCPUs. */
#define LS_VCPU_BITS 16

/* Which one a request or a dump is about; the one that ls_table_lock is held for. */
static struct ls_vcpu_place {
	struct ls_component *component;
	u32 index;
} ls_vcpu_place;

static void *ls_nl_find_vcpu(struct genl_info *info)
{
	struct ls_session *session = ls_nl_find_session(info, LIVESTACK_A_VCPU_SESSION);
	struct ls_component *component;
	u32 index;

	if (IS_ERR(session))
		return session;
	if (!info->attrs[LIVESTACK_A_VCPU_COMPONENT]) {
		ls_nl_refuse(info, -EINVAL, LIVESTACK_A_VCPU_COMPONENT,
			     "the component is missing: say whose, or ask with NLM_F_DUMP for all");
		return ERR_PTR(-EINVAL);
	}
	if (!info->attrs[LIVESTACK_A_VCPU_ID]) {
		ls_nl_refuse(info, -EINVAL, LIVESTACK_A_VCPU_ID,
			     "the virtual CPU's id is missing: say which, or ask with NLM_F_DUMP for all");
		return ERR_PTR(-EINVAL);
	}
	component = ls_nl_session_component(info, session, LIVESTACK_A_VCPU_COMPONENT);
	if (IS_ERR(component))
		return component;
	index = nla_get_u16(info->attrs[LIVESTACK_A_VCPU_ID]);
	if (index >= ls_live_machine(component).vcpus) {
		ls_nl_refuse(info, -ENOENT, LIVESTACK_A_VCPU_ID,
			     "the component has no virtual CPU of this id: component-get says how many there are");
		return ERR_PTR(-ENOENT);
	}
	ls_vcpu_place = (struct ls_vcpu_place){ component, index };
	return &ls_vcpu_place;
}

static void *ls_nl_next_vcpu(struct ls_session *session, unsigned long *index)
{
	unsigned long id = *index >> LS_VCPU_BITS;
	u32 first = *index & (BIT(LS_VCPU_BITS) - 1);
	struct ls_component *component;

	for (; (component = xa_find(&session->components, &id, ULONG_MAX, XA_PRESENT)); id++) {
		if (id != *index >> LS_VCPU_BITS)
			first = 0;
		if (first >= ls_live_machine(component).vcpus)
			continue;
		*index = id << LS_VCPU_BITS | first;
		ls_vcpu_place = (struct ls_vcpu_place){ component, first };
		return &ls_vcpu_place;
	}
	return NULL;
}

static int ls_nl_put_vcpu_view(struct sk_buff *msg, const struct ls_vcpu_view *view)
{
	if (nla_put_u16(msg, LIVESTACK_A_VCPU_ID, view->id) ||
	    (view->tid && nla_put_u32(msg, LIVESTACK_A_VCPU_TID, view->tid)) ||
	    nla_put_u32(msg, LIVESTACK_A_VCPU_STATE, view->state) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_VCPU_CLOCK_NS, view->clock_ns) ||
	    (view->next_ns != LS_TIME_NONE &&
	     ls_nl_put_u64(msg, LIVESTACK_A_VCPU_NEXT_NS, view->next_ns)) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_VCPU_WINDOWS, view->windows) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_VCPU_PARKS, view->parks) ||
	    ls_nl_put_histogram(msg, LIVESTACK_A_VCPU_OVERSHOOT_NS, &view->overshoot_ns) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_VCPU_OVERSHOOT_MAX_NS, view->overshoot_max_ns) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_VCPU_PREEMPTED_NS, view->preempted_ns) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_VCPU_PARKED_NS, view->parked_ns) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_VCPU_IDLE_NS, view->idle_ns) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_VCPU_USER_NS, view->user_ns) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_VCPU_ENTRY_NS, view->entry_ns))
		return -EMSGSIZE;
	return 0;
}

static int ls_nl_put_vcpu(struct sk_buff *msg, void *header, void *object)
{
	const struct ls_vcpu_place *place = object;
	/* Big for a stack, and only one at a time is wanted: ls_table_lock is held. */
	static struct ls_vcpu_view view;

	lockdep_assert_held(&ls_table_lock);
	memset(&view, 0, sizeof(view));
	ls_live_look(place->component, place->index, &view);
	if (!header ||
	    nla_put_u32(msg, LIVESTACK_A_VCPU_SESSION, place->component->session->id) ||
	    nla_put_u16(msg, LIVESTACK_A_VCPU_COMPONENT, place->component->id) ||
	    ls_nl_put_vcpu_view(msg, &view))
		return -EMSGSIZE;
	genlmsg_end(msg, header);
	return 0;
}

static const struct ls_nl_kind ls_nl_vcpus = {
	.get = LIVESTACK_CMD_VCPU_GET,
	.session_attribute = LIVESTACK_A_VCPU_SESSION,
	.id_attribute = LIVESTACK_A_VCPU_ID,
	.owner_attribute = LIVESTACK_A_VCPU_COMPONENT,
	.find = ls_nl_find_vcpu,
	.put = ls_nl_put_vcpu,
	.next = ls_nl_next_vcpu,
};

int ls_nl_vcpu_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ls_nl_get(&ls_nl_vcpus, info);
}

int ls_nl_vcpu_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ls_nl_dump(&ls_nl_vcpus, skb, cb);
}
