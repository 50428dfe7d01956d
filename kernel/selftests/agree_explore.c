// SPDX-License-Identifier: GPL-2.0-only
/*
 * The protocol of sync/ keeps its promises in every state that two or three hosts can reach within
 * a few windows, by whatever order of what can happen: packets that come, get lost, come twice or
 * overtake each other, timers, pauses, late events. From each such state all end well if nothing is
 * lost any more.
 *
 * Needs nothing: it runs on any machine, without the module.
 */
#include "ktap.h"
#include "agree_explore.h"

static struct {
	struct few_key *seen;
	struct few *stack;
	size_t slots, states, depth, room;
} explored;

static void *must(void *memory)
{
	if (!memory) {
		printf("Bail out! no memory for the states\n");
		exit(2);
	}
	return memory;
}

static bool place(struct few_key key)
{
	size_t slot;

	for (slot = key.hash[1] % explored.slots; explored.seen[slot].hash[0];
	     slot = (slot + 1) % explored.slots)
		if (!memcmp(&explored.seen[slot], &key, sizeof(key)))
			return false;
	explored.seen[slot] = key;
	return true;
}

/* Returns whether the few as they are now have not been seen before. */
static bool explored_add(void)
{
	struct few_key key = few_key(), *old = explored.seen;
	size_t slots = explored.slots, slot;

	key.hash[0] |= 1;
	if (!place(key))
		return false;
	if (++explored.states * 2 <= slots)
		return true;
	explored.slots = slots * 4;
	explored.seen = must(calloc(explored.slots, sizeof(*explored.seen)));
	for (slot = 0; slot < slots; slot++)
		if (old[slot].hash[0])
			place(old[slot]);
	free(old);
	return true;
}

/* Pointers in it stay right, as all happens in the one place. */
static void push(void)
{
	if (explored.depth == explored.room) {
		explored.room = explored.room * 2 + 64;
		explored.stack = must(realloc(explored.stack,
					      explored.room * sizeof(*explored.stack)));
	}
	explored.stack[explored.depth++] = few;
}

static bool check(void)
{
	struct few here;

	if (!few.broken) {
		here = few;
		if (few_ends_well()) {
			few = here;
			return true;
		}
	}
	ktap_note("%s", few.broken);
	return false;
}

static bool step(const struct few *from, enum few_verb verb, u32 which)
{
	few = *from;
	if (!few_step(verb, which) || (!few.broken && !explored_add()))
		return true;
	if (!check()) {
		ktap_note("after verb %u of %u, rounds %llu and %llu", verb, which,
			  from->host[0].sync.round, from->host[1].sync.round);
		return false;
	}
	push();
	return true;
}

static bool explore_from(const struct few *from)
{
	u32 i;

	for (i = 0; i < from->flying; i++)
		if (!step(from, FEW_DELIVER, i) || !step(from, FEW_DROP, i) ||
		    !step(from, FEW_DOUBLE, i))
			return false;
	for (i = 0; i < from->hosts; i++)
		if (!step(from, FEW_WORK, i) || !step(from, FEW_TIMER, i) ||
		    !step(from, FEW_WAKE, i))
			return false;
	return step(from, FEW_WISH, 0);
}

static bool explore(const struct few_config *config)
{
	struct few from;
	bool ok;

	explored.slots = 1 << 16;
	explored.seen = must(calloc(explored.slots, sizeof(*explored.seen)));
	explored.states = 0;
	explored.depth = 0;
	few_begin(config);
	explored_add();
	push();
	ok = check();
	while (ok && explored.depth) {
		from = explored.stack[--explored.depth];
		ok = explore_from(&from);
	}
	ktap_note("%u hosts, %u below each, time up to %llu", config->hosts, config->fanout,
		  config->limit_ns);
	ktap_note("%u lost, %u twice, %u timers, %u wishes, %u wakes: %zu states",
		  config->bounds.drops, config->bounds.doubles, config->bounds.timers,
		  config->bounds.wishes, config->bounds.wakes, explored.states);
	free(explored.seen);
	free(explored.stack);
	explored.stack = NULL;
	explored.room = 0;
	return ok;
}

int main(void)
{
	const bool full = ktap_count(0, 1);

	ktap_plan(full ? 11 : 8);
	ktap_ok(explore(&(struct few_config){ 2, 0, 4, false, { .drops = 1, .timers = 1 } }),
		"every state of 2 hosts that ask for what is lost");
	ktap_ok(explore(&(struct few_config){ 2, 0, 6, false, { .drops = 1, .doubles = 1 } }),
		"every state of 2 hosts with packets lost and twice");
	ktap_ok(explore(&(struct few_config){ 2, 1, 4, false, { 1, 1, 1 } }),
		"every state of 2 hosts in a tree");
	ktap_ok(explore(&(struct few_config){ 3, 0, 1, false, { 0 } }),
		"every state of 3 hosts whose packets overtake each other");
	ktap_ok(explore(&(struct few_config){ 3, 1, 3, false, { .drops = 1, .doubles = 1 } }),
		"every state of 3 hosts in a row");
	ktap_ok(explore(&(struct few_config){ 3, 2, 3, false, { .drops = 1, .doubles = 1 } }),
		"every state of 3 hosts, one above the others");
	ktap_ok(explore(&(struct few_config){ 2, 0, 4, true, { 1, 0, 0, 2, 1 } }),
		"every state of 2 hosts that pause and wait");
	ktap_ok(explore(&(struct few_config){ 2, 1, 4, true, { 1, 0, 1, 1, 1 } }),
		"every state of 2 hosts in a tree that pause and wait");
	if (!full)
		return ktap_end();
	ktap_ok(explore(&(struct few_config){ 2, 0, 6, false, { .drops = 1, .timers = 1 } }),
		"every state of 2 hosts, longer");
	ktap_ok(explore(&(struct few_config){ 3, 1, 3, false, { .drops = 1, .timers = 1 } }),
		"every state of 3 hosts in a row that ask for what is lost");
	ktap_ok(explore(&(struct few_config){ 3, 0, 2, false, { 0 } }),
		"every state of 3 hosts, longer");
	return ktap_end();
}
