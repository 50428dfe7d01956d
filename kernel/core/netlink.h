/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LS_NETLINK_H
#define _LS_NETLINK_H

#include <linux/livestack.h>
#include <linux/stringify.h>
#include <net/genetlink.h>

/* What a wrong version tells the caller, whichever of the two numbers it got wrong. */
#define LS_NL_SAME_RELEASE "install program and modules of the same release"
#define LS_NL_WRONG_VERSION                                                          \
	"livestack.ko speaks version " __stringify(LIVESTACK_FAMILY_VERSION)         \
	" of its netlink family, the caller another: " LS_NL_SAME_RELEASE
#define LS_NL_NO_SESSION "there is no session of this id: session-get lists those there are"
#define LS_NL_SAID_TWICE "the attribute is there twice: say what it shall be once"

extern struct genl_family ls_nl_family;
extern bool ls_nl_open; /* whether listeners may be told of anything */

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

/* What LIVESTACK_CMD_ERROR holds, after @header, which may be NULL. -EMSGSIZE: no room. */
int ls_nl_put_error(struct sk_buff *msg, void *header, int err, int attribute,
		    const char *sentence);

/*
 * The number of an attribute that @header's message has more than once, or 0. The netlink core took
 * the last of them into @attrs, which another reader of the message might not.
 */
int ls_nl_twice(const struct nlmsghdr *header, struct nlattr **attrs);

#endif /* _LS_NETLINK_H */
