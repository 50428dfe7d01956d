/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What model_client.c and model_server.c have agreed on: the bytes of their messages, and the times
 * that a seed stands for, so that whoever knows the seeds can calculate what has to come out.
 */
#ifndef _LS_QUEUEING_H
#define _LS_QUEUEING_H

#include <stdint.h>

/* The client's messages; all fields of both little-endian. */
struct request {
	uint64_t number; /* from 0 on */
};

/* The server's. */
struct answer {
	uint64_t number;     /* the request's */
	uint64_t arrived_ns; /* when the request came */
	uint64_t service_ns; /* how long the server worked on it, without its time in the queue */
};

/*
 * Time from request @number - 1, or from 0, to request @number: up to 2 * @mean_ns, and none at all
 * for every eighth or so, for requests that come together.
 */
uint64_t queueing_gap_ns(uint64_t seed, uint64_t number, uint64_t mean_ns);

/* How long the server works on the @number-th request that it takes up: 1 to 2 * @mean_ns. */
uint64_t queueing_service_ns(uint64_t seed, uint64_t number, uint64_t mean_ns);

#endif /* _LS_QUEUEING_H */
