/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A clock that shows simulated time: it goes at the rate of the processor's time-stamp counter,
 * but no further than the end of the open window, and jumps ahead to where a window starts.
 *
 * It lies in a page of its own, as <linux/livestack_clock.h> says, which user space may map.
 * Whoever writes it holds the one lock of its session; readers need none, in any context, NMIs
 * included. It never asks ktime_get(): once the host has chosen the session as its clocksource,
 * that comes from here.
 *
 * No reader, on whatever processor, sees it go back. A new snapshot tells for every value of the
 * counter at least what the old one tells, so it is all the same which of the two a reader gets.
 * That cannot hold when it is stopped: between the writer's look at the counter and the moment that
 * others see what it wrote, readers go on. So it stops a little ahead, see LS_CLOCK_MARGIN_NS.
 */
#ifndef _LS_CLOCK_H
#define _LS_CLOCK_H

#include <linux/livestack_clock.h>
#include <linux/types.h>

/*
 * A stopped clock stands at most so far past the time at which it was stopped, and not past its
 * window's end. Writing a snapshot must take less; it takes some 50 ns, and an NMI, an SMI or a
 * hypervisor that come in between delay it.
 */
#define LS_CLOCK_MARGIN_NS 1000000

struct ls_clock {
	struct livestack_clock *shared;
	struct page *page;	/* that holds it; mappings have references of their own */
	u64 end_ns;		/* of the open window */
	u64 patience;		/* half the margin, in ticks of the counter */
	u32 mult, shift;	/* while it goes */
};

/* Stands at 0. -ENOMEM. May sleep. */
int ls_clock_init(struct ls_clock *clock);

/* It stands for ever for those who have the page still. */
void ls_clock_free(struct ls_clock *clock);

/*
 * A window has opened: it goes on from @start_ns, or from where it is if that is later, until
 * @end_ns, which is never less than before.
 */
void ls_clock_open(struct ls_clock *clock, u64 start_ns, u64 end_ns);

/* It stands, until ls_clock_go() or ls_clock_open(). */
void ls_clock_stop(struct ls_clock *clock);
void ls_clock_go(struct ls_clock *clock);

/*
 * Shows what @other shows, and @ahead_ns more. That must not be less than it shows now, unless
 * nobody reads it.
 */
void ls_clock_follow(struct ls_clock *clock, const struct ls_clock *other, u64 ahead_ns);

u64 ls_clock_read(const struct ls_clock *clock);

#endif /* _LS_CLOCK_H */
