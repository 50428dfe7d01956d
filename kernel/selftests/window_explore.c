// SPDX-License-Identifier: GPL-2.0-only
/*
 * The window engine of core/window.c keeps its promises in every state that three components can
 * reach within a few nanoseconds, by whatever interleaving of what can happen to them.
 *
 * Needs nothing: it runs on any machine, without the module.
 */
#include <stdint.h>
#include <string.h>

#include "ktap.h"
#include "window_world.h"

#define FEW MOST

/* All that decides what happens next. The heap's order among equals does not. */
struct key {
	uint8_t start, end, flags, zero;
	struct {
		uint8_t state, clock, next, message;
	} member[FEW];
};

static struct {
	struct key *seen;
	struct world *queue;	/* a ring is not needed: depth first */
	size_t slots, states, depth, room;
} explored;

/* A time that has passed is as good as any other that has. */
static uint8_t time_left(u64 time, u64 clock)
{
	return time > clock ? time : clock;
}

static int compare_members(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(((struct key *)0)->member[0]));
}

static struct key key_of_world(void)
{
	const struct ls_window *window = &world.window;
	struct key key = {
		.start = window->start_ns, .end = window->end_ns,
		.flags = 1 | window->paused << 1 | window->over << 2,
	};
	u32 who;

	for (who = 0; who < world.count; who++) {
		const struct ls_member *member = &world.member[who];

		key.member[who].state = member->state;
		if (member->state == LS_MEMBER_OUT)
			continue;
		key.member[who].clock = member->clock_ns;
		key.member[who].message = time_left(member->message_ns, member->clock_ns);
		/* One that runs says its next event when it arrives. */
		if (member->state != LS_MEMBER_RUNNING)
			key.member[who].next = time_left(member->next_ns, member->clock_ns);
	}
	/* Who is who makes no difference to the engine. */
	qsort(key.member, FEW, sizeof(key.member[0]), compare_members);
	return key;
}

static void explored_grow(void);

/* Returns whether the world as it is now has not been seen before. */
static bool explored_add(struct key key)
{
	u64 words[sizeof(key) / sizeof(u64)], hash;
	size_t slot;

	memcpy(words, &key, sizeof(words));
	hash = (words[0] * 0x9e3779b97f4a7c15ULL ^ words[1]) * 0xbf58476d1ce4e5b9ULL;
	for (slot = (hash ^ hash >> 31) % explored.slots; explored.seen[slot].flags;
	     slot = (slot + 1) % explored.slots)
		if (!memcmp(&explored.seen[slot], &key, sizeof(key)))
			return false;
	explored.seen[slot] = key;
	if (++explored.states * 2 > explored.slots)
		explored_grow();
	return true;
}

static void *must(void *memory)
{
	if (!memory) {
		printf("Bail out! no memory for the states\n");
		exit(2);
	}
	return memory;
}

static void explored_grow(void)
{
	struct key *old = explored.seen;
	size_t slots = explored.slots, slot;

	explored.slots = slots * 4;
	explored.seen = must(calloc(explored.slots, sizeof(*explored.seen)));
	explored.states = 0;
	for (slot = 0; slot < slots; slot++)
		if (old[slot].flags)
			explored_add(old[slot]);
	free(old);
}

/* The heap holds pointers, which stay right as all happens in the one world. */
static void explored_push(void)
{
	if (explored.depth == explored.room) {
		explored.room = explored.room * 2 + 64;
		explored.queue = must(realloc(explored.queue,
					      explored.room * sizeof(*explored.queue)));
	}
	explored.queue[explored.depth++] = world;
}

static bool explored_step(const struct world *from, struct step step)
{
	world = *from;
	if (!world_step(&step))
		return false;
	/* After the end nothing can happen that has not been looked at by this one step. */
	if (explored_add(key_of_world()) && !from->window.over)
		explored_push();
	return true;
}

/* Its own clock stands still, or has run into debt; then come the events there can be. */
static bool explore_arrivals(const struct world *from, u32 who)
{
	const u64 end = from->window.end_ns, clock = from->member[who].clock_ns;
	const u64 nexts[] = { clock, clock + 1, end, end + 3, LS_TIME_NONE };
	u32 i;

	for (i = 0; i < 5; i++)
		if (!explored_step(from, (struct step){ VERB_ARRIVE, who, clock, nexts[i] }))
			return false;
	return clock > end ||
	       explored_step(from, (struct step){ VERB_ARRIVE, who, end + 1, LS_TIME_NONE });
}

static bool explore_member(const struct world *from, u32 who)
{
	const struct ls_window *window = &from->window;

	if (from->member[who].state == LS_MEMBER_OUT)
		return explored_step(from, (struct step){ VERB_JOIN, who }) &&
		       explored_step(from, (struct step){ VERB_ARRIVE, who, 0, window->end_ns }) &&
		       explored_step(from, (struct step){ VERB_WAKE, who, 0, window->start_ns }) &&
		       explored_step(from, (struct step){ VERB_MESSAGE, who, 0, window->start_ns });
	return explore_arrivals(from, who) &&
	       explored_step(from, (struct step){ VERB_WAKE, who, 0, window->start_ns }) &&
	       explored_step(from, (struct step){ VERB_WAKE, who, 0, window->end_ns + 3 }) &&
	       explored_step(from, (struct step){ VERB_MESSAGE, who, 0, window->end_ns }) &&
	       explored_step(from, (struct step){ VERB_MESSAGE, who, 0, LS_TIME_NONE }) &&
	       explored_step(from, (struct step){ VERB_LEAVE, who }) &&
	       explored_step(from, (struct step){ VERB_DIE, who });
}

/* The hosts agree on windows when all are through: one that follows, one later, the end. */
static bool explore_agreed(const struct world *from)
{
	const struct ls_window *window = &from->window;
	/* They know what is due here; the heap's pointers are into the world as it is now. */
	const u64 due = window->waiting ? from->member[from->heap[0] - world.member].due_ns :
					  window->limit_ns;
	const u64 latest = due > window->end_ns ? due : window->end_ns;
	const u64 starts[] = { window->end_ns, window->end_ns + 1, latest };
	u32 i;

	if (!window->shared || window->running || window->over || window->paused)
		return true;
	for (i = 0; i < 3; i++) {
		u64 start = starts[i] < latest ? starts[i] : latest, end;

		if (start > window->limit_ns)
			start = window->limit_ns;
		end = start + window->quantum_ns;
		if (end > window->limit_ns)
			end = window->limit_ns;
		if (!explored_step(from, (struct step){ VERB_AGREED, 0, start, end }))
			return false;
	}
	return true;
}

static bool explore_from(const struct world *from, u32 few)
{
	u32 who;

	for (who = 0; who < few; who++)
		if (!explore_member(from, who))
			return false;
	return explore_agreed(from) && explored_step(from, (struct step){ VERB_PAUSE }) &&
	       explored_step(from, (struct step){ VERB_RESUME }) &&
	       (from->window.shared || explored_step(from, (struct step){ VERB_RELEASE }));
}

static bool explore(u32 few, u64 limit, bool to_the_end, bool shared)
{
	bool ok = true;
	struct world from;

	explored.slots = 1 << 16;
	explored.seen = must(calloc(explored.slots, sizeof(*explored.seen)));
	explored.states = 0;
	explored.depth = 0;
	world_begin(few, 2, limit, to_the_end, shared);
	explored_add(key_of_world());
	explored_push();
	while (ok && explored.depth) {
		from = explored.queue[--explored.depth];
		ok = explore_from(&from, few);
	}
	ktap_note("%u components, windows of 2 ns up to %llu ns: %zu states", few, limit,
		  explored.states);
	free(explored.seen);
	free(explored.queue);
	explored.queue = NULL;
	explored.room = 0;
	return ok;
}

int main(void)
{
	u64 limit = ktap_count(3, 5);

	ktap_plan(3);
	ktap_ok(explore(FEW, limit, false, false), "every state of 3 components: session waits");
	ktap_ok(explore(FEW, limit, true, false), "every state of 3 components: session ends");
	ktap_ok(explore(2, limit + 1, false, true), "every state of 2 components and other hosts");
	return ktap_end();
}
