/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records in a stream, each after its length in 4 bytes, big-endian, as QEMU's -netdev stream has
 * them. What is there of one that is not whole yet is held here, which is all the memory it takes.
 */
#ifndef _LS_RECORD_H
#define _LS_RECORD_H

#include <linux/livestack_netlink.h>
#include <linux/types.h>

struct sk_buff;

/* Bytes of the length before each. */
#define LS_RECORD_PREFIX 4

struct ls_record {
	u32 have;	/* bytes of it that are there, its length's among them */
	u32 length;	/* of what follows the length, once that is there */
	__be32 prefix;
	u8 bytes[LIVESTACK_MESSAGE_MAX];
};

/* May sleep. NULL: there is no memory for it. */
struct ls_record *ls_record_new(void);
void ls_record_free(struct ls_record *record);

/*
 * Takes of @length bytes of @skb from @offset on what belongs to the record, and says how many it
 * took. To be asked after each: is it absurd, is it whole?
 */
u32 ls_record_feed(struct ls_record *record, const struct sk_buff *skb, u32 offset, u32 length);

/* Its length is none that there can be. One of no length would be an end to who receives it. */
static inline bool ls_record_is_absurd(const struct ls_record *record)
{
	return record->have >= LS_RECORD_PREFIX &&
	       (!record->length || record->length > LIVESTACK_MESSAGE_MAX);
}

static inline bool ls_record_is_whole(const struct ls_record *record)
{
	return record->have >= LS_RECORD_PREFIX &&
	       record->have == LS_RECORD_PREFIX + record->length;
}

/* What the record was, without its length, and the next one begins. NULL: there is no memory. */
struct sk_buff *ls_record_take(struct ls_record *record);

#endif /* _LS_RECORD_H */
