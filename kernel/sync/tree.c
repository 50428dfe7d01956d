// SPDX-License-Identifier: GPL-2.0-only

#include "tree.h"

static void ls_tree_flat(struct ls_sync_tree *tree, u64 members, u32 self)
{
	u32 host;

	for (host = 0; host < LS_SYNC_HOSTS_MAX; host++)
		if (members >> host & 1)
			tree->covers[host] = ls_sync_bit(host);
	tree->below = members & ~ls_sync_bit(self);
}

void ls_sync_tree_build(struct ls_sync_tree *tree, u64 members, u32 fanout, u32 self)
{
	u8 order[LS_SYNC_HOSTS_MAX];
	u32 host, rank, count = 0;

	*tree = (struct ls_sync_tree){};
	if (!fanout) {
		ls_tree_flat(tree, members, self);
		return;
	}
	for (host = 0; host < LS_SYNC_HOSTS_MAX; host++)
		if (members >> host & 1)
			order[count++] = host;
	/* From the leaves up: whoever is below has a higher rank. */
	for (rank = count; rank--;) {
		const u32 above = rank ? order[(rank - 1) / fanout] : LS_SYNC_NOBODY;

		host = order[rank];
		tree->covers[host] |= ls_sync_bit(host);
		if (!rank)
			break;
		tree->covers[above] |= tree->covers[host];
		if (host == self)
			tree->above = ls_sync_bit(above);
		if (above == self)
			tree->below |= ls_sync_bit(host);
	}
}
