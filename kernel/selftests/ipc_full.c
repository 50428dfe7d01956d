// SPDX-License-Identifier: GPL-2.0-only
/*
 * Links that fill against sockets into which is written without looking: a write that has to wait
 * waits, goes on when the queue has drained, and nothing was lost. ipc_full_rest.c has what is no
 * socket.
 *
 * Writers and readers are threads that block; both components wait for messages alone.
 * Needs: livestack.ko and livestack_ipc.ko loaded; root; the loopback.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "ktap.h"
#include "pair.h"
#include "port.h"
#include "stream.h"

#define QUANTUM 10000
#define LATENCY 25000
#define NONE LIVESTACK_TIME_NONE
#define WORDS 250 /* of 4 bytes, in each message */
#define PATIENCE_S 30
#define TO_A LIVESTACK_A_LINK_TO_A
#define TO_B LIVESTACK_A_LINK_TO_B

/* What one end writes and the other reads. */
struct flow {
	pthread_t writer, reader;
	int from, to;
	uint32_t all, given, taken; /* messages; the last two atomic */
	bool wrong;		    /* the reader's, to be looked at when it has ended */
};

struct full {
	struct pair pair;
	int own[2]; /* the components' ends; -1: none */
};

static uint32_t progress(const uint32_t *count)
{
	return __atomic_load_n(count, __ATOMIC_RELAXED);
}

static void *write_all(void *data)
{
	struct flow *flow = data;
	uint32_t words[WORDS], i, place;

	for (i = 0; i < flow->all; i++) {
		for (place = 0; place < WORDS; place++)
			words[place] = i * WORDS + place;
		/* Of a stream it may take some, and then wait: it is one call all the same. */
		if (send(flow->from, words, sizeof(words), MSG_NOSIGNAL) != sizeof(words))
			break;
		__atomic_store_n(&flow->given, i + 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void *read_all(void *data)
{
	struct flow *flow = data;
	uint32_t words[WORDS], i, place;

	for (i = 0; i < flow->all; i++) {
		if (recv(flow->to, words, sizeof(words), MSG_WAITALL) != sizeof(words))
			break;
		for (place = 0; place < WORDS; place++)
			flow->wrong |= words[place] != i * WORDS + place;
		__atomic_store_n(&flow->taken, i + 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* @type: of a unix socket, or 0: TCP. */
static bool join_end(struct full *full, uint32_t end, int type)
{
	const struct timeval limit = { .tv_sec = 2 * PATIENCE_S };
	int fd[2];
	bool ok = type ? !socketpair(AF_UNIX, type, 0, fd) : stream_pair(STREAM_TCP4, fd);

	if (!ok)
		return false;
	full->own[end == LIVESTACK_END_B] = fd[0];
	/* So that a test that fails comes to an end. */
	setsockopt(fd[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	ok = port_socket(full->pair.session, PAIR_LINK, end, fd[1]);
	close(fd[1]);
	return ok;
}

static bool begin(struct full *full, int type)
{
	full->own[0] = -1;
	full->own[1] = -1;
	return pair_begin(&full->pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
	       join_end(full, LIVESTACK_END_A, type) && join_end(full, LIVESTACK_END_B, type) &&
	       ktap_is(pair_step(&full->pair, 0, 0), 0);
}

static bool end(struct full *full)
{
	bool ok = port_balanced(full->pair.session, PAIR_LINK);
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (full->own[i] >= 0)
			close(full->own[i]);
	return pair_end(&full->pair) && ok;
}

static bool start(struct flow *flow, int from, int to, uint32_t all)
{
	*flow = (struct flow){ .from = from, .to = to, .all = all };
	return !pthread_create(&flow->reader, NULL, read_all, flow) &&
	       !pthread_create(&flow->writer, NULL, write_all, flow);
}

/* All is there and right. */
static bool finish(struct flow *flow)
{
	pthread_join(flow->writer, NULL);
	pthread_join(flow->reader, NULL);
	ktap_note("%u of %u were written, %u came%s", flow->given, flow->all, flow->taken,
		  flow->wrong ? ", not as they were" : "");
	return flow->given == flow->all && flow->taken == flow->all && !flow->wrong;
}

/* Both components go on to whatever comes, for as long as something does. */
static bool drain(struct full *full, const struct flow *flow, unsigned int flows)
{
	struct pollfd files[2] = { { full->pair.fd[0], POLLIN, 0 },
				   { full->pair.fd[1], POLLIN, 0 } };
	time_t since = time(NULL);
	uint32_t before = 0, taken, all, i;
	int error[2];

	for (;;) {
		for (i = taken = all = 0; i < flows; i++) {
			taken += progress(&flow[i].taken);
			all += flow[i].all;
		}
		if (taken == all)
			return true;
		if (taken != before)
			since = time(NULL);
		before = taken;
		if (time(NULL) - since > PATIENCE_S) {
			ktap_note("nothing has come for %u s, after %u of %u", PATIENCE_S, taken,
				  all);
			return false;
		}
		for (i = 0; i < 2; i++) {
			error[i] = pair_step(&full->pair, i, NONE);
			if (error[i] && error[i] != EAGAIN)
				return ktap_is(error[i], EAGAIN);
		}
		if (error[0] && error[1])
			poll(files, 2, 1);
	}
}

static bool is_blocked(const struct full *full, uint32_t end)
{
	struct nl_answer answer;

	return !port_get(full->pair.session, PAIR_LINK, end, &answer) &&
	       nl_u32(&answer, LIVESTACK_A_PORT_BLOCKED);
}

/* The port does not read on, and its writer has come to a stop in the midst of it. */
static bool fills(const struct full *full, uint32_t end, const struct flow *flow)
{
	uint32_t before;
	unsigned int tries;

	for (tries = 0; tries < 10 * PATIENCE_S; tries++) {
		before = progress(&flow->given);
		usleep(100000);
		if (is_blocked(full, end) && progress(&flow->given) == before)
			return before < flow->all;
	}
	ktap_note("no write waits, after %u of %u", progress(&flow->given), flow->all);
	return false;
}

static bool all_received(const struct full *full, int way, const struct flow *flow)
{
	static struct nl_answer link;

	return !control_get_link(full->pair.session, PAIR_LINK, &link) &&
	       control_way(&link, way, LIVESTACK_A_DIRECTION_RECEIVED_BYTES) ==
		       (uint64_t)flow->all * WORDS * 4 &&
	       !control_way(&link, way, LIVESTACK_A_DIRECTION_DROPPED) &&
	       !control_way(&link, way, LIVESTACK_A_DIRECTION_QUEUED);
}

static bool none_late(const struct full *full)
{
	struct nl_answer answer;

	return !control_get(full->pair.session, &answer) &&
	       !nl_u64(&answer, LIVESTACK_A_SESSION_LATE);
}

/* A queue of 1 MiB has room for 930, and sockets for some more; those of TCP grow. */
static uint32_t so_many(int type)
{
	return type ? ktap_count(5000, 50000) : ktap_count(20000, 50000);
}

static bool one_way(int type)
{
	struct flow flow;
	struct full full;
	bool ok = begin(&full, type) &&
		  start(&flow, full.own[0], full.own[1], so_many(type));

	if (!ok)
		return end(&full) && false;
	ok = fills(&full, LIVESTACK_END_A, &flow) && drain(&full, &flow, 1);
	ok = finish(&flow) && ok && all_received(&full, TO_B, &flow) && none_late(&full);
	return end(&full) && ok;
}

/* Neither may wait for the other. */
static bool both_ways(int type)
{
	const uint32_t all = so_many(type);
	struct flow flow[2];
	struct full full;
	bool ok = begin(&full, type) && start(&flow[0], full.own[0], full.own[1], all) &&
		  start(&flow[1], full.own[1], full.own[0], all);

	if (!ok)
		return end(&full) && false;
	ok = fills(&full, LIVESTACK_END_A, &flow[0]) && fills(&full, LIVESTACK_END_B, &flow[1]) &&
	     drain(&full, flow, 2);
	ok = finish(&flow[0]) && ok;
	ok = finish(&flow[1]) && ok && all_received(&full, TO_B, &flow[0]) &&
	     all_received(&full, TO_A, &flow[1]);
	return end(&full) && ok;
}

static void each(const char *name, int type)
{
	char text[128];

	snprintf(text, sizeof(text), "%s: a write that has to wait goes on, nothing is lost", name);
	ktap_ok(one_way(type), text);
}

int main(void)
{
	if (port_missing())
		return ktap_skip_all(port_missing());

	ktap_plan(7);
	each("unix stream", SOCK_STREAM);
	each("unix datagrams", SOCK_DGRAM);
	each("unix sequenced packets", SOCK_SEQPACKET);
	each("TCP", 0);
	ktap_ok(both_ways(SOCK_STREAM), "unix stream: two that wait at once both go on");
	ktap_ok(both_ways(SOCK_SEQPACKET), "unix sequenced packets: two that wait at once do");
	ktap_ok(both_ways(0), "TCP: two that wait at once do");
	return ktap_end();
}
