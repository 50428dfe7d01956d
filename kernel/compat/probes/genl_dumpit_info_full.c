// SPDX-License-Identifier: GPL-2.0-only
/* The attributes of a dump lie in a genl_info of its own. */
#include <net/genetlink.h>

struct nlattr **probe(struct netlink_callback *cb);

struct nlattr **probe(struct netlink_callback *cb)
{
	return genl_dumpit_info(cb)->info.attrs;
}
