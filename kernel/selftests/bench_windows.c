// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_windows N WINDOWS: N modelled components, a thread each, arrive at the end of every window
 * at once. Prints the wall time that a window costs each of them, in ns. Needs: livestack.ko; root.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "host_clock.h"
#include "model.h"
#include "stage.h"

#define QUANTUM 1000000
#define N_MAX 64
#define WARM 50 /* windows before the first that counts */

static uint32_t session;
static unsigned int windows;

struct part {
	pthread_t thread;
	uint16_t component;
	int error;
	double begun, ended; /* in ns of wall time */
};

static void *take_part(void *argument)
{
	struct part *part = argument;
	struct model model;
	unsigned int i;

	part->error = model_join(&model, session, part->component, 0);
	if (part->error)
		return NULL;
	for (i = 1; !part->error && i <= WARM + windows; i++) {
		part->error = model_wait(&model, i * (uint64_t)QUANTUM);
		if (i == WARM)
			part->begun = time_of(CLOCK_MONOTONIC);
	}
	part->ended = time_of(CLOCK_MONOTONIC);
	model_leave(&model);
	return NULL;
}

/* From the first component's first window to its last: all go through them together. */
static double measure(unsigned int count)
{
	static struct part parts[N_MAX];
	bool ok;
	unsigned int i;

	session = stage_session(count, QUANTUM, 0);
	if (!session)
		return 0;
	for (i = 0; i < count; i++) {
		parts[i].component = i;
		if (pthread_create(&parts[i].thread, NULL, take_part, &parts[i]))
			return 0;
	}
	ok = stage_begin(session, count);
	for (i = 0; ok && i < count; i++) {
		pthread_join(parts[i].thread, NULL);
		ok = !parts[i].error;
	}
	if (!ok || control_delete(session))
		return 0;
	return (parts[0].ended - parts[0].begun) / windows / count;
}

int main(int argc, char *argv[])
{
	const unsigned int count = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
	double cost;

	windows = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	if (!count || count > N_MAX || !windows) {
		fprintf(stderr, "usage: %s N WINDOWS, N at most %u\n", argv[0], N_MAX);
		return 2;
	}
	cost = control_open() ? measure(count) : 0;
	if (!cost) {
		fprintf(stderr, "%s: no windows: is livestack.ko loaded, is this root?\n", argv[0]);
		return 1;
	}
	printf("%.1f\n", cost);
	return 0;
}
