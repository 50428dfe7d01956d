/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A few hosts around the protocol of sync/, and the packets between them, small enough to copy: all
 * that can happen to them is a step. What must hold is looked at after each.
 */
#ifndef _LS_AGREE_EXPLORE_H
#define _LS_AGREE_EXPLORE_H

#include "../sync/protocol.h"

#define FEW LS_SYNC_HOSTS_MAX
#define WINDOW 2	/* pieces under way */
#define FLIGHT 16	/* packets under way; more are lost */
#define ROUNDS 16
#define LONGEST 320	/* of the packets there can be */

struct few_host {
	struct ls_sync sync;
	struct ls_sync_peer peer[FEW];
	struct ls_sync_slot slots[FEW][2][WINDOW];
	u64 now_ns;
	u64 sent[FEW], delivered[FEW];
	u64 until[FEW][ROUNDS];	/* sent before the round was decided */
};

struct few_packet {
	u16 from, to, length;
	u8 bytes[LONGEST];
};

/* What may still go wrong, or be done. */
struct few_bounds {
	u8 drops, doubles, timers, wishes, wakes;
};

struct few {
	u32 hosts;
	bool waits;
	struct few_host host[FEW];
	struct few_packet flight[FLIGHT];
	u32 flying;
	struct few_bounds left;
	struct ls_sync_decision decision[ROUNDS];
	u8 decided[ROUNDS];
	const char *broken;
};

extern struct few few;

struct few_config {
	u32 hosts, fanout;
	u64 limit_ns;
	bool waits;		/* nobody has an event of its own after the first window */
	struct few_bounds bounds;
};

void few_begin(const struct few_config *config);

enum few_verb { FEW_DELIVER, FEW_DROP, FEW_DOUBLE, FEW_WORK, FEW_TIMER, FEW_WISH, FEW_WAKE };

/* Takes the step; false: it cannot be taken as things are. few.broken says what was broken. */
bool few_step(enum few_verb verb, u32 which);

/* All have ended and know that all have. */
bool few_over(void);

/* Nothing goes wrong any more: whether all end, and all messages were there. */
bool few_ends_well(void);

/* Two numbers that stand for all that decides what happens next. */
struct few_key {
	u64 hash[2];
};

struct few_key few_key(void);

#endif /* _LS_AGREE_EXPLORE_H */
