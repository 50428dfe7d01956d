/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the page that <linux/livestack_clock.h> tells of; also for measuring what it costs. */
#ifndef _LS_CLOCK_PAGE_H
#define _LS_CLOCK_PAGE_H

#include <linux/livestack_clock.h>
#include <stdint.h>
#include <x86intrin.h>

/* Not before earlier reads of memory or of the counter: else time could seem to go back. */
static inline uint64_t clock_page_tsc(void)
{
	_mm_lfence();
	return __rdtsc();
}

static inline uint64_t clock_page_ns(uint64_t ticks, uint32_t mult, uint32_t shift)
{
	return (__uint128_t)ticks * mult >> shift;
}

/* Simulated time now, in ns. */
static inline uint64_t clock_page_read(const struct livestack_clock *page)
{
	struct livestack_snapshot snapshot;
	uint32_t sequence;
	uint64_t now;
	int64_t ticks;

	do {
		sequence = __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE);
		snapshot = page->snapshot[sequence & 1];
		ticks = clock_page_tsc() - snapshot.base_tsc;
		now = snapshot.base_ns;
		if (ticks > 0)
			now += clock_page_ns(ticks, snapshot.mult, snapshot.shift);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (__atomic_load_n(&page->sequence, __ATOMIC_RELAXED) != sequence);
	return now < snapshot.end_ns ? now : snapshot.end_ns;
}

#endif /* _LS_CLOCK_PAGE_H */
