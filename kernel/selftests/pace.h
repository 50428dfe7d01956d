/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A modelled component in a thread of its own that makes simulated time go at a known ratio: it
 * runs from event to event, @step_ns apart, and holds each window for @hold_ns by the counter.
 */
#ifndef _LS_PACE_H
#define _LS_PACE_H

#include <linux/livestack_clock.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct pace {
	uint64_t step_ns, hold_ns; /* atomic: may be set while it runs */
	uint64_t jump_ns;	   /* atomic: once so much more; 0 when done */
	bool stop;		   /* atomic */
	int fd;
	int error;		   /* of the wait that failed; 0: none has */
	uint64_t steps;		   /* made so far */
	const struct livestack_clock *page;
	pthread_t thread;
};

/* The page of the file's clock, or NULL with errno set. */
const struct livestack_clock *pace_map(int fd);

/* An open file that observes the session, or -1 with errno set. */
int pace_observe(uint32_t session);

/* Joins as the component, which no other may be, and runs when the session does. */
bool pace_start(struct pace *pace, uint32_t session, uint16_t component, uint64_t step_ns,
		uint64_t hold_ns);

/* Ends the thread and leaves the session. */
void pace_stop(struct pace *pace);

/*
 * Waits without a timer, by the time-stamp counter. It yields: where the host's time stands, so
 * does the tick that would take the CPU away.
 */
void pace_spin(const struct livestack_clock *page, uint64_t ns);

#endif /* _LS_PACE_H */
