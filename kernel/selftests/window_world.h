/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world of components around the window engine of core/window.c, taken on step by step; after
 * each step all that the engine promises is looked at from outside, without its counts and heap.
 */
#ifndef _LS_WINDOW_WORLD_H
#define _LS_WINDOW_WORLD_H

#include "../core/window.h"

/* A build that explores all states wants a world that is quick to copy. */
#ifndef MOST
#define MOST 64
#endif

struct world {
	struct ls_window window;
	u32 count; /* of components that there may be */
	struct ls_member member[MOST];
	struct ls_member *heap[MOST];
	u64 opened, skipped, parked; /* what was told in the last step */
	u64 woken; /* a bit for each member whose run() was called in the last step */
	bool told; /* through() was called in it, */
	u64 told_next; /* at last with this */
};

enum verb {
	VERB_JOIN, VERB_LEAVE, VERB_DIE, VERB_ARRIVE, VERB_WAKE, VERB_MESSAGE, VERB_PAUSE,
	VERB_RESUME, VERB_AGREED, VERB_RELEASE,
};

struct step {
	enum verb verb;
	u32 who;
	u64 clock, time;
};

extern struct world world;

/* A paused session of at most @count components, none of which has joined. */
void world_begin(u32 count, u64 quantum, u64 limit, bool to_the_end, bool shared);

/* Takes the step; if a promise is broken after it says which in a KTAP note and returns false. */
bool world_step(const struct step *step);

#endif /* _LS_WINDOW_WORLD_H */
