// SPDX-License-Identifier: GPL-2.0-only

#include "clock.h"

#include <linux/clocksource.h>
#include <linux/gfp.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/time64.h>

#include <asm/barrier.h>
#include <asm/msr.h>
#include <asm/tsc.h>

/* A counter behind base_tsc is that of another processor, read just before the base was taken. */
static u64 notrace ls_snapshot_read(const struct livestack_snapshot *snapshot, u64 tsc)
{
	s64 ticks = tsc - snapshot->base_tsc;
	u64 now = snapshot->base_ns;

	if (ticks > 0)
		now += mul_u64_u32_shr(ticks, snapshot->mult, snapshot->shift);
	return now < snapshot->end_ns ? now : snapshot->end_ns;
}

u64 notrace ls_clock_read(const struct ls_clock *clock)
{
	const struct livestack_clock *shared = clock->shared;
	struct livestack_snapshot snapshot;
	u32 sequence;
	u64 now;

	do {
		/* Before the snapshot that it leads to. */
		sequence = smp_load_acquire(&shared->sequence);
		snapshot = shared->snapshot[sequence & 1];
		now = ls_snapshot_read(&snapshot, rdtsc_ordered());
		/* The snapshot is read before the second look at the sequence. */
		smp_rmb();
	} while (READ_ONCE(shared->sequence) != sequence);
	return now;
}

/* The one that readers use. */
static const struct livestack_snapshot *ls_clock_snapshot(const struct ls_clock *clock)
{
	return &clock->shared->snapshot[clock->shared->sequence & 1];
}

/*
 * Writes the one that readers do not use, and sends them there. An NMI in between reads the old
 * one, which is whole. Who still reads the one that is written here sees another sequence.
 */
static void ls_clock_publish(struct ls_clock *clock, const struct livestack_snapshot *snapshot)
{
	struct livestack_clock *shared = clock->shared;
	u32 sequence = shared->sequence + 1;

	/* What leads readers away from a snapshot is seen before that is written. */
	smp_wmb();
	shared->snapshot[sequence & 1] = *snapshot;
	/* After the snapshot that it leads to. */
	smp_store_release(&shared->sequence, sequence);
}

int ls_clock_init(struct ls_clock *clock)
{
	clock->page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!clock->page)
		return -ENOMEM;
	clock->shared = page_address(clock->page);
	clock->end_ns = 0;
	clock->patience = div_u64((u64)tsc_khz * LS_CLOCK_MARGIN_NS, 2 * NSEC_PER_MSEC);
	clocks_calc_mult_shift(&clock->mult, &clock->shift, tsc_khz, NSEC_PER_MSEC, 0);
	return 0;
}

void ls_clock_free(struct ls_clock *clock)
{
	ls_clock_stop(clock);
	put_page(clock->page);
}

void ls_clock_open(struct ls_clock *clock, u64 start_ns, u64 end_ns)
{
	const struct livestack_snapshot *old = ls_clock_snapshot(clock);
	u64 tsc = rdtsc_ordered(), now = ls_snapshot_read(old, tsc);
	struct livestack_snapshot next = {
		.base_ns = old->base_ns,
		.base_tsc = old->base_tsc,
		.end_ns = end_ns,
		.mult = clock->mult,
		.shift = clock->shift,
	};

	clock->end_ns = end_ns;
	/*
	 * While it goes without a jump the base stays: a new one is rounded down, and would be up
	 * to 1 ns behind what a reader of the old one gets.
	 */
	if (start_ns > now || now == old->end_ns || !old->mult) {
		next.base_ns = max(start_ns, now);
		next.base_tsc = tsc;
	}
	ls_clock_publish(clock, &next);
}

void ls_clock_go(struct ls_clock *clock)
{
	ls_clock_open(clock, 0, clock->end_ns);
}

void ls_clock_stop(struct ls_clock *clock)
{
	const struct livestack_snapshot *old = ls_clock_snapshot(clock);
	struct livestack_snapshot next = *old;
	u64 tsc;

	if (!old->mult)
		return;
	next.mult = 0;
	/* Again when it took so long that somebody may have read a later time by now. */
	do {
		tsc = rdtsc_ordered();
		next.base_ns = min(ls_snapshot_read(old, tsc) + LS_CLOCK_MARGIN_NS, old->end_ns);
		next.base_tsc = tsc;
	} while (rdtsc_ordered() - tsc > clock->patience);
	ls_clock_publish(clock, &next);
}

void ls_clock_follow(struct ls_clock *clock, const struct ls_clock *other, u64 ahead_ns)
{
	struct livestack_snapshot next = *ls_clock_snapshot(other);

	next.base_ns += ahead_ns;
	next.end_ns += ahead_ns;
	clock->end_ns = next.end_ns;
	ls_clock_publish(clock, &next);
}
