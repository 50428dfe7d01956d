/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LS_NETLINK_H
#define _LS_NETLINK_H

#include <net/genetlink.h>

extern struct genl_family ls_nl_family;

int ls_nl_init(void);
void ls_nl_exit(void);

/**
 * ls_nl_refuse() - refuse a request with a sentence
 * @info: the request
 * @err: negative error number
 * @attribute: number of the attribute at fault, 0 when it is none
 * @sentence: what, why and the remedy; never freed, as the core reads it after doit has returned
 *
 * Return: @err, for the caller to return from its doit.
 */
int ls_nl_refuse(struct genl_info *info, int err, int attribute, const char *sentence);

#endif /* _LS_NETLINK_H */
