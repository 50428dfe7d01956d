/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which of a sender's counters have been: a packet is taken once, and one too old to tell is not
 * taken at all. Pure logic; as RFC 6479, "IPsec Anti-Replay Algorithm without Bit Shifting".
 */
#ifndef _LS_SYNC_REPLAY_H
#define _LS_SYNC_REPLAY_H

#include "packet.h"

#define LS_SYNC_REPLAY_WORDS 4
/* One word is always being left, so that so many counters below the highest are told apart. */
#define LS_SYNC_REPLAY_SPAN (64 * (LS_SYNC_REPLAY_WORDS - 1))

struct ls_sync_replay {
	u64 highest;
	u64 seen[LS_SYNC_REPLAY_WORDS];
};

/* Whether @counter has not been yet. */
bool ls_sync_replay_fresh(const struct ls_sync_replay *replay, u64 counter);

/* It has been now. Only for what was found authentic: else anybody could use counters up. */
void ls_sync_replay_mark(struct ls_sync_replay *replay, u64 counter);

#endif /* _LS_SYNC_REPLAY_H */
