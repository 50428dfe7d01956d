// SPDX-License-Identifier: GPL-2.0-only

#include "window_world.h"

#include <stdio.h>
#include <string.h>

static const char *const verb_name[] = {
	"join", "leave", "die", "arrive", "wake", "message", "pause", "resume", "agreed", "release",
};

struct world world;

static void opened(struct ls_window *window, u64 skipped)
{
	(void)window;
	world.opened++;
	world.skipped += skipped;
}

static void parked(struct ls_window *window, struct ls_member *member)
{
	(void)window;
	world.parked += member->state == LS_MEMBER_ARRIVED;
}

static void ran(struct ls_window *window, struct ls_member *member)
{
	(void)window;
	world.woken |= 1ULL << (member - world.member);
}

static void through(struct ls_window *window, u64 next)
{
	(void)window;
	world.told = true;
	world.told_next = next;
}

static const struct ls_window_ops ops = {
	.opened = opened, .parked = parked, .run = ran, .through = through,
};

void world_begin(u32 count, u64 quantum, u64 limit, bool to_the_end, bool shared)
{
	memset(&world, 0, sizeof(world));
	world.count = count;
	ls_window_init(&world.window, quantum, limit, &ops);
	world.window.heap = world.heap;
	world.window.to_the_end = to_the_end;
	world.window.shared = shared;
}

static void take(const struct step *step)
{
	struct ls_window *window = &world.window;
	struct ls_member *member = &world.member[step->who];

	world.woken = 0;
	world.opened = 0;
	world.skipped = 0;
	world.parked = 0;
	world.told = false;
	switch (step->verb) {
	case VERB_JOIN: return ls_window_join(window, member);
	case VERB_LEAVE: return ls_window_leave(window, member);
	case VERB_DIE: return (void)ls_window_die(window, member);
	case VERB_ARRIVE:
		return (void)ls_window_arrive(window, member, step->clock, step->time);
	case VERB_WAKE: return (void)ls_window_wake(window, member, step->time);
	case VERB_MESSAGE: return (void)ls_window_message(window, member, step->time);
	case VERB_PAUSE: return ls_window_pause(window);
	case VERB_RESUME: return ls_window_resume(window);
	case VERB_AGREED: return ls_window_agreed(window, step->clock, step->time);
	case VERB_RELEASE: return ls_window_release(window);
	}
}

/* What must hold, looked at without the engine's own counts and heap. */

static u64 due_of(const struct ls_member *member)
{
	u64 due = member->next_ns < member->message_ns ? member->next_ns : member->message_ns;

	return due > member->clock_ns ? due : member->clock_ns;
}

static bool waits(const struct ls_member *member)
{
	return member->state == LS_MEMBER_ARRIVED || member->state == LS_MEMBER_JOINING;
}

/* The earliest event of all that wait, and how many run. */
static u64 earliest(const struct world *at, u32 *running)
{
	u64 least = LS_TIME_NONE;
	u32 who;

	*running = 0;
	for (who = 0; who < world.count; who++) {
		*running += at->member[who].state == LS_MEMBER_RUNNING;
		if (waits(&at->member[who]) && due_of(&at->member[who]) < least)
			least = due_of(&at->member[who]);
	}
	return least;
}

static const char *broken_member(const struct ls_member *was, const struct ls_member *is, u32 who)
{
	const struct ls_window *window = &world.window;

	if (was->state != LS_MEMBER_OUT && is->state != LS_MEMBER_OUT &&
	    is->clock_ns < was->clock_ns)
		return "a component's clock went back";
	if (is->state == LS_MEMBER_RUNNING &&
	    (is->clock_ns >= window->end_ns || window->over))
		return "a component runs past its window's end";
	if (waits(is) && due_of(is) < window->end_ns && !window->over)
		return "a component with something to do in the window does not run";
	if (waits(is) && (is->place >= window->waiting || window->heap[is->place] != is ||
			  is->due_ns != due_of(is)))
		return "the heap does not know a waiting component";
	if (world.woken >> who & 1 && is->state != LS_MEMBER_RUNNING)
		return "a component was told to run and does not";
	if (is->state == LS_MEMBER_RUNNING && was->state == LS_MEMBER_RUNNING &&
	    world.woken >> who & 1 && was->clock_ns == is->clock_ns)
		return "a component that runs was woken";
	return NULL;
}

/* Everything but the actor stands where it stood, so who ran before the step must have arrived. */
static const char *broken_opening(const struct world *was, const struct step *step)
{
	const struct ls_window *old = &was->window, *new = &world.window;
	u32 running, who, others;

	earliest(was, &running);
	others = running;
	if (step->verb <= VERB_MESSAGE && was->member[step->who].state == LS_MEMBER_RUNNING)
		others--;
	if (step->verb == VERB_RELEASE)
		return new->end_ns == new->limit_ns ? NULL : "released, but not to the end";
	if (others)
		return "a window opened before all had arrived";
	if (old->paused && step->verb != VERB_RESUME)
		return "a window opened in a paused session";
	if (old->shared && step->verb != VERB_AGREED)
		return "a window opened that the hosts had not agreed on";
	if (step->verb == VERB_AGREED &&
	    (new->start_ns != step->clock || new->end_ns != step->time))
		return "another window opened than was agreed";
	if (new->over && !new->shared && !new->to_the_end &&
	    earliest(&world, &running) == LS_TIME_NONE)
		return "a session without an event went to its end";
	if (new->start_ns < old->end_ns)
		return "simulated time went back";
	if (new->end_ns > new->limit_ns || new->end_ns - new->start_ns > new->quantum_ns)
		return "a window is too long";
	if (!new->over && !new->shared && new->end_ns == new->start_ns)
		return "a window is empty";
	/* Nothing is skipped that was due, and nothing is waited for that was not. */
	if (new->start_ns > old->end_ns && new->start_ns < new->limit_ns) {
		for (who = 0; who < world.count; who++)
			if (world.member[who].state == LS_MEMBER_RUNNING &&
			    world.member[who].clock_ns == new->start_ns)
				return NULL;
		if (!new->shared)
			return "idle time was skipped past or short of the earliest event";
	}
	return NULL;
}

static bool nothing_changed(const struct world *was)
{
	return !memcmp(&was->window, &world.window, sizeof(was->window)) &&
	       !memcmp(was->member, world.member, sizeof(was->member));
}

/* Who agrees on windows knows when all are through, and when there is next something to do. */
static const char *broken_news(const struct world *was, u32 running, u64 least)
{
	const struct ls_window *old = &was->window, *new = &world.window;
	u32 ran;
	u64 before = earliest(was, &ran);

	if (!new->shared)
		return world.told ? "the hosts were told of a session that is one's own" : NULL;
	if (running || new->paused || new->over)
		return world.told ? "the hosts were told of somebody who runs" : NULL;
	if (world.told)
		return world.told_next == least ? NULL : "the hosts were told of another event";
	return old->generation != new->generation || old->paused || ran || before != least ?
		       "the hosts were not told that all are through" : NULL;
}

static const char *broken_promise(const struct world *was, const struct step *step)
{
	const struct ls_window *old = &was->window, *new = &world.window;
	const char *what = NULL;
	u32 running, who;
	u64 least;

	if (step->verb != VERB_JOIN && step->verb <= VERB_MESSAGE &&
	    was->member[step->who].state == LS_MEMBER_OUT && !nothing_changed(was))
		return "something changed by what is no member";
	for (who = 0; who < world.count && !what; who++)
		what = broken_member(&was->member[who], &world.member[who], who);
	if (what)
		return what;
	least = earliest(&world, &running);
	if (running != new->running)
		return "the count of running components is wrong";
	if (world.opened != new->generation - old->generation)
		return "an opening was not told";
	if (step->verb != VERB_RELEASE && new->generation != old->generation &&
	    world.skipped != new->start_ns - old->end_ns)
		return "skipped time was told wrong";
	if (new->generation != old->generation) {
		if (new->generation != old->generation + 1 && step->verb != VERB_RELEASE)
			return "two windows opened in one step";
		what = broken_opening(was, step);
		if (what)
			return what;
	} else if (new->start_ns != old->start_ns || new->end_ns != old->end_ns) {
		return "a window changed without a new generation";
	}
	if (step->verb == VERB_DIE && was->member[step->who].state == LS_MEMBER_RUNNING &&
	    !new->paused && !new->shared)
		return "a component died while awaited and the session did not pause";
	if (!new->paused && !new->over && !running && !new->shared &&
	    (least != LS_TIME_NONE || (new->to_the_end && new->members)))
		return "all have arrived, there is an event, and no window opens";
	return broken_news(was, running, least);
}

bool world_step(const struct step *step)
{
	static struct world was;
	const char *what;

	was = world;
	take(step);
	what = broken_promise(&was, step);
	if (!what)
		return true;
	printf("# %s: after %s of %u, clock %llu, time %llu, in window %llu [%llu, %llu)\n", what,
	       verb_name[step->verb], step->who, step->clock, step->time, was.window.generation,
	       was.window.start_ns, was.window.end_ns);
	return false;
}
