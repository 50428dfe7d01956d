// SPDX-License-Identifier: GPL-2.0-only

#include <linux/livestack.h>

#include "netlink.h"
#include "netlink_gen.h"
#include "session.h"

int ls_nl_put_error(struct sk_buff *msg, void *header, int err, int attribute,
		    const char *sentence)
{
	if (!header ||
	    nla_put_u32(msg, LIVESTACK_A_ERROR_ERRNO, -err) ||
	    nla_put_string(msg, LIVESTACK_A_ERROR_SENTENCE, sentence) ||
	    (attribute && nla_put_u32(msg, LIVESTACK_A_ERROR_ATTRIBUTE, attribute)))
		return -EMSGSIZE;
	genlmsg_end(msg, header);
	return 0;
}

/*
 * The refusal as a message of the family. It comes before the NLMSG_ERROR with the same sentence,
 * for clients that cannot read extended ACKs. If there is no memory the NLMSG_ERROR has to do.
 */
static void ls_nl_send_error(struct genl_info *info, int err, int attribute, const char *sentence)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *header;

	if (!msg)
		return;

	header = genlmsg_put_reply(msg, info, &ls_nl_family, 0, LIVESTACK_CMD_ERROR);
	if (ls_nl_put_error(msg, header, err, attribute, sentence))
		nlmsg_free(msg);
	else
		genlmsg_reply(msg, info);
}

int ls_nl_refuse(struct genl_info *info, int err, int attribute, const char *sentence)
{
	might_sleep();

	ls_nl_send_error(info, err, attribute, sentence);
	info->extack->_msg = sentence;
	info->extack->bad_attr = attribute ? info->attrs[attribute] : NULL;
	return err;
}

int ls_nl_twice(const struct nlmsghdr *header, struct nlattr **attrs)
{
	const struct nlattr *attr;
	int left;

	/* Without a policy nothing has looked at the attributes' numbers. */
	if (!attrs)
		return 0;
	nlmsg_for_each_attr(attr, header, GENL_HDRLEN, left)
		if (attrs[nla_type(attr)] != attr)
			return nla_type(attr);
	return 0;
}

/* The netlink core looks neither at the version nor for doubles, so nobody but us would. */
static int ls_nl_pre_doit(const struct ls_genl_pre_doit_ops *ops, struct sk_buff *skb,
			  struct genl_info *info)
{
	int twice;

	if (info->genlhdr->version != LIVESTACK_FAMILY_VERSION)
		return ls_nl_refuse(info, -EPROTONOSUPPORT, 0, LS_NL_WRONG_VERSION);

	twice = ls_nl_twice(info->nlhdr, info->attrs);
	return twice ? ls_nl_refuse(info, -EINVAL, twice, LS_NL_SAID_TWICE) : 0;
}

/* One step of skew either way works, so that a cluster can be updated host by host. */
static int ls_nl_check_abi(struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[LIVESTACK_A_VERSION_ABI];
	u32 abi;

	if (!attr)
		return 0;

	abi = nla_get_u32(attr);
	if (abi <= LIVESTACK_ABI + 1 && abi + 1 >= LIVESTACK_ABI)
		return 0;

	return ls_nl_refuse(info, -EPROTONOSUPPORT, LIVESTACK_A_VERSION_ABI,
			    "livestack.ko speaks ABI " __stringify(LIVESTACK_ABI)
			    " and one step to either side, the caller's is further off: "
			    LS_NL_SAME_RELEASE);
}

int ls_nl_version_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	void *header;
	int err;

	err = ls_nl_check_abi(info);
	if (err)
		return err;

	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;

	header = genlmsg_put_reply(msg, info, &ls_nl_family, 0, LIVESTACK_CMD_VERSION_GET);
	if (!header ||
	    nla_put_string(msg, LIVESTACK_A_VERSION_VERSION, LS_VERSION) ||
	    nla_put_u32(msg, LIVESTACK_A_VERSION_ABI, LIVESTACK_ABI)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}

	genlmsg_end(msg, header);
	return genlmsg_reply(msg, info);
}

/* No netnsok: a container with a network namespace of its own does not see the family at all. */
struct genl_family ls_nl_family __ro_after_init = {
	.name = LIVESTACK_FAMILY_NAME,
	.version = LIVESTACK_FAMILY_VERSION,
	.module = THIS_MODULE,
	.pre_doit = ls_nl_pre_doit,
	.ops = ls_nl_ops,
	.n_ops = ARRAY_SIZE(ls_nl_ops),
	.mcgrps = ls_nl_groups,
	.n_mcgrps = ARRAY_SIZE(ls_nl_groups),
};

bool ls_nl_open;

int __init ls_nl_init(void)
{
	int err = genl_register_family(&ls_nl_family);

	WRITE_ONCE(ls_nl_open, !err);
	return err;
}

void ls_nl_exit(void)
{
	/* News under way go out before the group does. */
	WRITE_ONCE(ls_nl_open, false);
	ls_sessions_flush();
	genl_unregister_family(&ls_nl_family);
}
