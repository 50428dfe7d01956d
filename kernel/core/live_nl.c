// SPDX-License-Identifier: GPL-2.0-only
/* component-attach and component-detach. */

#include "helpers.h"
#include "live.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "object_nl.h"
#include "session.h"

static int ls_nl_check_attach(struct genl_info *info)
{
	if (!info->attrs[LIVESTACK_A_COMPONENT_PID])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_COMPONENT_PID,
				    "the process is missing: say the pid of the machine's VMM");
	if (!info->attrs[LIVESTACK_A_COMPONENT_START_TICKS])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_COMPONENT_START_TICKS,
				    "start-ticks is missing: say field 22 of the process's /proc/PID/stat");
	return 0;
}

/* Which attribute an error is about. */
static int ls_nl_attach_attribute(int err)
{
	switch (err) {
	case -EINVAL:
	case -EBUSY:
		return LIVESTACK_A_COMPONENT_ID;
	case -ESHUTDOWN:
		return LIVESTACK_A_COMPONENT_SESSION;
	default:
		return LIVESTACK_A_COMPONENT_PID;
	}
}

static int ls_nl_attach_with(struct genl_info *info, const struct ls_helpers *helpers)
{
	const struct ls_live_request request = {
		.pid = nla_get_u32(info->attrs[LIVESTACK_A_COMPONENT_PID]),
		.start_ticks = nla_get_u64(info->attrs[LIVESTACK_A_COMPONENT_START_TICKS]),
		.nested = info->attrs[LIVESTACK_A_COMPONENT_NESTED],
		.exact = info->attrs[LIVESTACK_A_COMPONENT_EXACT],
		.helpers = helpers,
	};
	struct ls_component *component = ls_nl_find_component(info);
	const char *sentence = NULL;
	int err;

	if (IS_ERR(component))
		return PTR_ERR(component);
	err = ls_live_attach(component, &request, &sentence);
	return sentence ? ls_nl_refuse(info, err, ls_nl_attach_attribute(err), sentence) : err;
}

static int ls_nl_attach(struct genl_info *info)
{
	const u32 vmm = nla_get_u32(info->attrs[LIVESTACK_A_COMPONENT_PID]);
	struct ls_helpers helpers;
	const char *sentence;
	int err;

	err = ls_helpers_find(info->attrs[LIVESTACK_A_COMPONENT_HELPERS], vmm, &helpers, &sentence);
	if (err)
		return ls_nl_refuse(info, err, LIVESTACK_A_COMPONENT_HELPERS, sentence);
	err = ls_nl_attach_with(info, &helpers);
	ls_helpers_put(&helpers);
	return err;
}

int ls_nl_component_attach_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err = ls_nl_check_attach(info);

	if (err)
		return err;
	mutex_lock(&ls_table_lock);
	err = ls_nl_attach(info);
	mutex_unlock(&ls_table_lock);
	return err;
}

static int ls_nl_detach(struct genl_info *info)
{
	struct ls_component *component = ls_nl_find_component(info);

	if (IS_ERR(component))
		return PTR_ERR(component);
	if (ls_live_detach(component, LIVESTACK_PARTING_ASKED))
		return ls_nl_refuse(info, -ENOTCONN, LIVESTACK_A_COMPONENT_ID,
				    "no machine is attached to the component: component-get tells which have vcpus");
	return 0;
}

int ls_nl_component_detach_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	mutex_lock(&ls_table_lock);
	err = ls_nl_detach(info);
	mutex_unlock(&ls_table_lock);
	return err;
}
