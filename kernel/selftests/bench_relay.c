// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_relay packets|stream relay|copy MESSAGES: messages of 1000 bytes go from one AF_UNIX
 * socket to another. relay: by a link without latency, which is not gated. copy: by a thread,
 * packets by recv(2) and send(2), as splice(2) does not keep them apart, a stream by splice(2).
 * Prints the wall time that each message takes, in ns.
 * Needs for relay: livestack.ko and livestack_ipc.ko loaded; root.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "host_clock.h"
#include "pair.h"
#include "port.h"

#define LENGTH 1000
#define QUANTUM 1000000 /* of no window: none is gated */
#define PIPE_BYTES 65536

struct bench {
	int type;
	unsigned int count;
	int from[2], to[2]; /* written at from[0], which is read at from[1] and written to to[1] */
	bool failed;	    /* atomic */
};

static void fail(struct bench *bench)
{
	__atomic_store_n(&bench->failed, true, __ATOMIC_RELAXED);
	/* Whoever waits for what will not come is to end. */
	shutdown(bench->from[0], SHUT_RDWR);
	shutdown(bench->to[0], SHUT_RDWR);
}

static void *write_all(void *data)
{
	static const char bytes[LENGTH];
	struct bench *bench = data;
	unsigned int i;

	for (i = 0; i < bench->count; i++)
		if (send(bench->from[0], bytes, LENGTH, MSG_NOSIGNAL) != LENGTH) {
			fail(bench);
			break;
		}
	return NULL;
}

static void *copy_packets(void *data)
{
	struct bench *bench = data;
	char bytes[LENGTH];
	unsigned int i;

	for (i = 0; i < bench->count; i++)
		if (recv(bench->from[1], bytes, LENGTH, 0) != LENGTH ||
		    send(bench->to[1], bytes, LENGTH, MSG_NOSIGNAL) != LENGTH) {
			fail(bench);
			break;
		}
	return NULL;
}

static bool splice_some(const struct bench *bench, const int pipes[2], uint64_t *left)
{
	ssize_t held = splice(bench->from[1], NULL, pipes[1], NULL, PIPE_BYTES, SPLICE_F_MOVE);
	ssize_t some;

	for (; held > 0; held -= some, *left -= some) {
		some = splice(pipes[0], NULL, bench->to[1], NULL, held, SPLICE_F_MOVE);
		if (some <= 0)
			return false;
	}
	return held == 0;
}

static void *copy_stream(void *data)
{
	struct bench *bench = data;
	uint64_t left = (uint64_t)bench->count * LENGTH, before;
	int pipes[2];
	bool ok = !pipe(pipes);

	while (ok && left) {
		before = left;
		ok = splice_some(bench, pipes, &left) && left < before;
	}
	if (!ok)
		fail(bench);
	close(pipes[0]);
	close(pipes[1]);
	return NULL;
}

/* Until all are there. Of a stream a message may come in pieces, and several at once. */
static bool read_all(const struct bench *bench)
{
	const uint64_t all = (uint64_t)bench->count * LENGTH;
	static char bytes[PIPE_BYTES];
	uint64_t taken = 0;
	ssize_t some;

	while (taken < all) {
		some = recv(bench->to[0], bytes, sizeof(bytes), 0);
		if (some <= 0)
			return false;
		taken += some;
	}
	return !__atomic_load_n(&bench->failed, __ATOMIC_RELAXED);
}

/* In ns for each message; 0: failed. */
static double carry(struct bench *bench, void *(*copy)(void *data))
{
	pthread_t writer, copier;
	double begun = time_of(CLOCK_MONOTONIC), ended;
	bool ok;

	if (copy && pthread_create(&copier, NULL, copy, bench))
		return 0;
	if (pthread_create(&writer, NULL, write_all, bench))
		return 0;
	ok = read_all(bench);
	ended = time_of(CLOCK_MONOTONIC);
	pthread_join(writer, NULL);
	if (copy)
		pthread_join(copier, NULL);
	return ok ? (ended - begun) / bench->count : 0;
}

static double relay(struct bench *bench)
{
	struct pair pair;
	double cost = 0;
	bool ok = control_open() && pair_begin(&pair, LIVESTACK_MODE_FREE, QUANTUM, 0);

	if (!ok)
		return 0;
	if (port_socket(pair.session, PAIR_LINK, LIVESTACK_END_A, bench->from[1]) &&
	    port_socket(pair.session, PAIR_LINK, LIVESTACK_END_B, bench->to[1]))
		cost = carry(bench, NULL);
	return pair_end(&pair) ? cost : 0;
}

int main(int argc, char *argv[])
{
	struct bench bench = { .count = argc > 3 ? strtoul(argv[3], NULL, 0) : 0 };
	const char *kind = argc > 3 ? argv[1] : "", *how = argc > 3 ? argv[2] : "";
	const bool stream = !strcmp(kind, "stream"), copy = !strcmp(how, "copy");
	double cost;

	if (!bench.count || (!stream && strcmp(kind, "packets")) ||
	    (!copy && strcmp(how, "relay"))) {
		fprintf(stderr, "usage: %s packets|stream relay|copy MESSAGES\n", argv[0]);
		return 2;
	}
	bench.type = stream ? SOCK_STREAM : SOCK_SEQPACKET;
	if (socketpair(AF_UNIX, bench.type, 0, bench.from) ||
	    socketpair(AF_UNIX, bench.type, 0, bench.to)) {
		perror(argv[0]);
		return 1;
	}
	cost = copy ? carry(&bench, stream ? copy_stream : copy_packets) : relay(&bench);
	if (!cost) {
		fprintf(stderr, "%s: not all came: is livestack_ipc.ko loaded, is this root?\n",
			argv[0]);
		return 1;
	}
	printf("%.1f\n", cost);
	return 0;
}
