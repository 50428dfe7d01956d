/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who tells whom: all hosts all others, or along a tree. Pure logic. It follows from who takes
 * part, so that all hosts that agree on that have the same.
 */
#ifndef _LS_SYNC_TREE_H
#define _LS_SYNC_TREE_H

#include "packet.h"

struct ls_sync_tree {
	u64 above;	/* the host that reports go to; 0: this one decides */
	u64 below;	/* the hosts whose reports are waited for */
	u64 covers[LS_SYNC_HOSTS_MAX]; /* by host: those that its reports are to speak of */
};

static inline u64 ls_sync_bit(u32 host)
{
	return 1ULL << host;
}

/*
 * The @members in their order: the first is the root, each has @fanout below it. A @fanout of 0:
 * all tell all. @self is who looks.
 */
void ls_sync_tree_build(struct ls_sync_tree *tree, u64 members, u32 fanout, u32 self);

#endif /* _LS_SYNC_TREE_H */
