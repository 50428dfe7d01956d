/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LS_NETLINK_H
#define _LS_NETLINK_H

int ls_nl_init(void);
void ls_nl_exit(void);

#endif /* _LS_NETLINK_H */
