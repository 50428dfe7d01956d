// SPDX-License-Identifier: GPL-2.0-only

#include "record.h"

#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/skbuff.h>

struct ls_record *ls_record_new(void)
{
	struct ls_record *record = kvmalloc(sizeof(*record), GFP_KERNEL_ACCOUNT);

	if (record)
		record->have = 0;
	return record;
}

void ls_record_free(struct ls_record *record)
{
	kvfree(record);
}

u32 ls_record_feed(struct ls_record *record, const struct sk_buff *skb, u32 offset, u32 length)
{
	const u32 have = record->have;
	u8 *to;

	if (have < LS_RECORD_PREFIX) {
		to = (u8 *)&record->prefix + have;
		length = min_t(u32, length, LS_RECORD_PREFIX - have);
	} else {
		to = record->bytes + have - LS_RECORD_PREFIX;
		length = min(length, LS_RECORD_PREFIX + record->length - have);
	}
	if (skb_copy_bits(skb, offset, to, length))
		return 0;
	record->have += length;
	if (have < LS_RECORD_PREFIX && record->have == LS_RECORD_PREFIX)
		record->length = be32_to_cpu(record->prefix);
	return length;
}

struct sk_buff *ls_record_take(struct ls_record *record)
{
	const u32 length = record->length;
	struct sk_buff *skb;
	int err;

	record->have = 0;
	/* In pages, one by one: so many bytes in one piece are not to be had at any time. */
	skb = alloc_skb_with_frags(0, length, 0, &err, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return NULL;
	skb->data_len = length;
	skb->len = length;
	if (!skb_store_bits(skb, 0, record->bytes, length))
		return skb;
	kfree_skb(skb);
	return NULL;
}
