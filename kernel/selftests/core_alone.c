// SPDX-License-Identifier: GPL-2.0-only
/*
 * One component alone in its session never sleeps: it opens its windows itself.
 * Needs: livestack.ko loaded; root.
 */

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ktap.h"
#include "model.h"
#include "stage.h"

#define QUANTUM 10000

/* How often this thread has slept so far. */
static long sleeps(void)
{
	struct rusage usage = { 0 };

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

/* Of @count windows that it runs through, @inside events each; -1 for failure. */
static long slept(unsigned int count, unsigned int inside)
{
	const uint32_t session = stage_session(1, QUANTUM, 0);
	struct model model;
	long before = -1;
	unsigned int i;
	uint64_t at = 0;

	if (model_join(&model, session, 0, 0) || !stage_begin(session, 1) || model_wait(&model, 0))
		return -1;
	before = sleeps();
	for (i = 0; i < count * inside; i++) {
		at += QUANTUM / inside;
		if (model_wait(&model, at) || model.clock_ns != at)
			return -1;
	}
	before = sleeps() - before;
	model_leave(&model);
	return control_delete(session) ? -1 : before;
}

static bool none(long count)
{
	if (count)
		ktap_note("%ld sleeps", count);
	return count == 0;
}

int main(void)
{
	const unsigned int windows = ktap_count(10000, 100000);
	unsigned int tries;
	long before;

	if (control_missing())
		return ktap_skip_all(control_missing());

	ktap_plan(3);
	/* Nor shall it sleep for its own pages. */
	mlockall(MCL_CURRENT | MCL_FUTURE);
	before = sleeps();
	/* On a machine that is very busy the time is over before it has gone to sleep. */
	for (tries = 0; tries < 100 && sleeps() == before; tries++)
		usleep(10000);
	ktap_ok(sleeps() > before, "a sleep is seen where there is one");
	ktap_ok(none(slept(windows, 1)), "one component alone: no sleep from window to window");
	ktap_ok(none(slept(windows / 4, 4)), "nor from event to event within a window");
	return ktap_end();
}
