/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Modelled components that talk to each other at random, each a thread: what each does follows from
 * its seed and from what it receives, so that the same comes of it wherever they are.
 */
#ifndef _LS_CROWD_H
#define _LS_CROWD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct cluster;

#define CROWD_MAX 8
#define CROWD_LATENCY 1000000 /* of the links, at least */

struct crowd_member {
	struct crowd *crowd;
	pthread_t thread;
	int fd, error;
	uint16_t id;
	uint64_t random, log; /* a hash of all that it has received, and when */
	uint64_t sent, received;
	const char *broken;
};

struct crowd {
	unsigned int count;
	uint64_t seed;
	bool quiet; /* they have events, and say nothing */
	struct crowd_member member[CROWD_MAX];
};

/* There is a link between any two. */
uint16_t crowd_link(uint16_t a, uint16_t b);
uint64_t crowd_latency(uint16_t link);

/* Makes them, hosts in turn, with their links, has them join and sets all hosts running. */
bool crowd_settle(struct crowd *crowd, struct cluster *cluster);

/* They join: component @i of @session[i]. False: failure. */
bool crowd_begin(struct crowd *crowd, const uint32_t *session);

/* Waits until all sessions have stopped. False, with a note: something was not as it must be. */
bool crowd_end(struct crowd *crowd);

#endif /* _LS_CROWD_H */
