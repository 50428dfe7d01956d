// SPDX-License-Identifier: GPL-2.0-only

#include "replay.h"

bool ls_sync_replay_fresh(const struct ls_sync_replay *replay, u64 counter)
{
	if (counter > replay->highest)
		return true;
	if (!counter || replay->highest - counter >= LS_SYNC_REPLAY_SPAN)
		return false;
	return !(replay->seen[counter / 64 % LS_SYNC_REPLAY_WORDS] >> counter % 64 & 1);
}

void ls_sync_replay_mark(struct ls_sync_replay *replay, u64 counter)
{
	u64 word = replay->highest / 64, last = counter / 64;

	/* Words that are entered hold what was a whole turn ago. */
	if (last > word + LS_SYNC_REPLAY_WORDS)
		word = last - LS_SYNC_REPLAY_WORDS;
	while (word < last)
		replay->seen[++word % LS_SYNC_REPLAY_WORDS] = 0;
	if (counter > replay->highest)
		replay->highest = counter;
	replay->seen[last % LS_SYNC_REPLAY_WORDS] |= 1ULL << counter % 64;
}
