// SPDX-License-Identifier: GPL-2.0-only
#include <net/genetlink.h>

static int probe(const struct genl_split_ops *ops, struct sk_buff *skb, struct genl_info *info)
{
	return 0;
}

struct genl_family ls_probe_family = { .pre_doit = probe };
