/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Within the protocol: round.c is who says what and what is decided, exchange.c what goes into
 * packets and what is made of those that come, protocol.c what the caller says and when.
 */
#ifndef _LS_SYNC_ROUND_H
#define _LS_SYNC_ROUND_H

#include "protocol.h"

static inline u64 ls_sync_earlier(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 ls_sync_later(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* An answer of @peer's takes no longer, as far as can be told. */
u64 ls_sync_patience(const struct ls_sync *sync, const struct ls_sync_peer *peer);

/* What @peer may not have received is sent to it again. */
void ls_sync_again(struct ls_sync *sync, struct ls_sync_peer *peer, u64 now_ns, u64 age_ns);

/* Who takes part has changed, or another round has begun. */
void ls_sync_recast(struct ls_sync *sync);

/* Our own report; it is final. */
void ls_sync_say(struct ls_sync *sync);

/* Decides the round if it is complete, and what follows on that. */
void ls_sync_advance(struct ls_sync *sync, u64 now_ns);

/* After every call: what follows, and for whom we wait now. */
void ls_sync_settle(struct ls_sync *sync, u64 now_ns);

/* The report that goes up a tree: ours and those of all below. */
struct ls_sync_report ls_sync_sum(const struct ls_sync *sync);

#endif /* _LS_SYNC_ROUND_H */
