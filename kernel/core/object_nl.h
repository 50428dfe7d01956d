/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verbs of all objects share. */
#ifndef _LS_OBJECT_NL_H
#define _LS_OBJECT_NL_H

#include <net/netlink.h>

struct genl_info;
struct ls_session;

/* Whether it is a name: 1 to LIVESTACK_NAME_MAX bytes of printable ASCII. */
bool ls_nl_name_ok(const struct nlattr *attr);

/* The session that @attribute names; wants ls_table_lock. When there is none it has refused. */
struct ls_session *ls_nl_find_session(struct genl_info *info, int attribute);

/* Without the padding of nla_put_u64_64bit(): readers copy, and do not want an attribute more. */
static inline int ls_nl_put_u64(struct sk_buff *msg, int attribute, u64 value)
{
	return nla_put(msg, attribute, sizeof(value), &value);
}

#endif /* _LS_OBJECT_NL_H */
