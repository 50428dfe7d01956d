// SPDX-License-Identifier: GPL-2.0-only
/*
 * window_random [WINDOWS]: the window engine of core/window.c keeps its promises in random
 * schedules of 1 to 64 components: joins, leaves, deaths, pauses, late arrivals, wakes, messages,
 * idle skips.
 * WINDOWS are opened in all, by default 20,000, and 100,000 with LS_FULL=1.
 *
 * Needs nothing: it runs on any machine, without the module.
 */
#include "chance.h"
#include "ktap.h"
#include "window_world.h"

static struct step random_step(u32 count)
{
	const struct ls_window *window = &world.window;
	struct step step = { .who = chance(count) };
	const struct ls_member *member = &world.member[step.who];
	u64 clock = member->clock_ns, quantum = window->quantum_ns;
	u32 dice = chance(1000);

	if (window->paused && chance(4) == 0)
		return (struct step){ VERB_RESUME };
	if (dice < 2)
		return (struct step){ VERB_PAUSE };
	if (member->state == LS_MEMBER_OUT && chance(2)) {
		step.verb = VERB_JOIN;
	} else if (dice < 6 && member->state != LS_MEMBER_OUT) {
		step.verb = dice < 4 ? VERB_LEAVE : VERB_DIE;
	} else if (dice < 150) {
		step.verb = VERB_WAKE;
		step.time = window->start_ns + chance(3 * quantum);
	} else if (dice < 250) {
		step.verb = VERB_MESSAGE;
		step.time = chance(3) ? window->end_ns + chance(3 * quantum) : LS_TIME_NONE;
		if (step.time > member->message_ns && member->message_ns > clock)
			step.time = member->message_ns;
	} else if (dice < 500 && window->shared && !window->running && !window->over &&
		   !window->paused) {
		step.verb = VERB_AGREED;
		step.clock = window->end_ns + (chance(3) ? 0 : chance(9 * quantum));
		/* The hosts know what is due here. */
		if (window->waiting && step.clock > window->heap[0]->due_ns)
			step.clock = window->heap[0]->due_ns;
		if (step.clock < window->end_ns)
			step.clock = window->end_ns;
		step.time = step.clock + quantum;
	} else {
		step.verb = VERB_ARRIVE;
		/* Within the window, at its end, or past it by up to three windows. */
		step.clock = dice < 600 ? clock + chance(quantum) : window->end_ns;
		if (dice > 950)
			step.clock += chance(3 * quantum);
		step.time = dice % 5 ? step.clock + chance(4 * quantum) : LS_TIME_NONE;
	}
	return step;
}

static bool schedule(u32 count, u64 windows, bool shared)
{
	u64 idle = 0;

	world_begin(count, 1 + chance(1000), LS_TIME_LIMIT, chance(2), shared);
	while (world.window.generation < windows && !world.window.over) {
		u64 generation = world.window.generation;
		struct step step = random_step(count);

		if (!world_step(&step))
			return false;
		/* Wakes and arrivals come for ever, so a world that stands still has lost one. */
		idle = generation == world.window.generation ? idle + 1 : 0;
		if (idle > 1000000) {
			ktap_note("no window for a million steps");
			return false;
		}
	}
	return true;
}

static bool schedules(u64 windows)
{
	u32 count;

	for (count = 1; count <= MOST; count++) {
		u64 first = 0x2545f4914f6cdd1dULL * (count + 1);

		chance_seed = first;
		if (!schedule(count, windows / MOST + 1, count % 4 == 3)) {
			ktap_note("%u components, chance_seed %#llx", count, first);
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	u64 windows = argc > 1 ? strtoull(argv[1], NULL, 10) : ktap_count(20000, 100000);

	ktap_plan(1);
	ktap_note("%llu windows", windows);
	ktap_ok(schedules(windows), "random schedules of 1 to 64 components");
	return ktap_end();
}
