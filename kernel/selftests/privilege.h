/* SPDX-License-Identifier: GPL-2.0-only */
/* A process of a self-test gives up what root may do, for good. */
#ifndef _LS_PRIVILEGE_H
#define _LS_PRIVILEGE_H

#include <stdbool.h>

/* The user that has no right to anything. */
bool privilege_become_nobody(void);

/* Still root, without CAP_NET_ADMIN. */
bool privilege_drop_net_admin(void);

#endif /* _LS_PRIVILEGE_H */
