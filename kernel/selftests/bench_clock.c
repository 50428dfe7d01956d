// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_clock page|monotonic READS: reads the simulated time from the page mapped from
 * /dev/livestack, or CLOCK_MONOTONIC by the vDSO. Prints the wall time of a read, in ns.
 * Needs: for page livestack.ko loaded, and root.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "clock_page.h"
#include "model.h"
#include "stage.h"

#define QUANTUM 10000000000ULL /* the longest, so that the clock goes all the time */

/* Nobody wants what is read, but it must be read. */
static void use(uint64_t value)
{
	__asm__ __volatile__("" : : "r"(value));
}

static uint64_t monotonic(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* The page of a session whose one component runs in its first window, or NULL. */
static const struct livestack_clock *running_clock(struct model *model, uint32_t *session)
{
	const struct livestack_clock *page;

	*session = stage_session(1, QUANTUM, 0);
	if (!*session || model_join(model, *session, 0, 0) || !stage_begin(*session, 1) ||
	    model_wait(model, 0))
		return NULL;
	page = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, model->fd, 0);
	return page == MAP_FAILED ? NULL : page;
}

/* 0 for failure. */
static double page_cost(unsigned long reads)
{
	const struct livestack_clock *page;
	struct model model;
	uint64_t begun, first, last = 0;
	uint32_t session;
	unsigned long i;

	page = control_open() ? running_clock(&model, &session) : NULL;
	if (!page)
		return 0;
	first = clock_page_read(page);
	begun = monotonic();
	for (i = 0; i < reads; i++) {
		last = clock_page_read(page);
		use(last);
	}
	begun = monotonic() - begun;
	/* One that stands would be read as fast, but is not what is to be measured. */
	if (last <= first || last >= QUANTUM)
		return 0;
	/* While it is mapped the file stays open, and the component joined. */
	munmap((void *)page, sysconf(_SC_PAGESIZE));
	model_leave(&model);
	return control_delete(session) ? 0 : (double)begun / reads;
}

static double monotonic_cost(unsigned long reads)
{
	const uint64_t begun = monotonic();
	unsigned long i;

	for (i = 0; i < reads; i++)
		use(monotonic());
	return (double)(monotonic() - begun) / reads;
}

int main(int argc, char *argv[])
{
	const bool page = argc > 1 && !strcmp(argv[1], "page");
	const unsigned long reads = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	double cost;

	if (!reads || (!page && strcmp(argv[1], "monotonic"))) {
		fprintf(stderr, "usage: %s page|monotonic READS\n", argv[0]);
		return 2;
	}
	cost = page ? page_cost(reads) : monotonic_cost(reads);
	if (!cost) {
		fprintf(stderr, "%s: no clock that goes: is livestack.ko loaded, is this root?\n",
			argv[0]);
		return 1;
	}
	printf("%.2f\n", cost);
	return 0;
}
