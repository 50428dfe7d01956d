// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets joined by a link whose ends are on two hosts: what is put into one comes out of the other
 * at its simulated arrival, all of it, in order; a full queue makes the sender wait, and the end of
 * the one is the end of the other.
 *
 * Both hosts are this one, which has a session for each; between them packets are lost, doubled and
 * delayed. Needs: livestack.ko, livestack_ipc.ko and livestack_sync.ko loaded; root.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster.h"
#include "control.h"
#include "ktap.h"
#include "model.h"
#include "port.h"

#define MS 1000000ULL
#define QUANTUM MS
#define LATENCY (2 * MS + 345678)
#define STEP 700001
#define LINK 7
#define PIECE 10000
#define NONE LIVESTACK_TIME_NONE

static struct {
	struct cluster cluster;
	struct model sender, receiver;
	int a, b; /* the components' own ends */
	unsigned int count;
	uint64_t taken;
} own;

static bool begin(int type)
{
	const struct cluster_config config = {
		.hosts = 2, .quantum_ns = QUANTUM, .mode = LIVESTACK_MODE_STRICT,
	};
	const struct cluster_weather bad = { .lost = 50, .twice = 50, .delay_us = 2000 };

	own.sender.fd = -1;
	own.receiver.fd = -1;
	own.a = -1;
	own.b = -1;
	own.taken = 0;
	if (!cluster_open(&own.cluster, &config))
		return false;
	*own.cluster.weather = bad;
	return cluster_component(&own.cluster, 0, 0) && cluster_component(&own.cluster, 1, 1) &&
	       cluster_link(&own.cluster, LINK, 0, 0, 1, 1, LATENCY) &&
	       (own.a = port_pair(own.cluster.session[0], LINK, LIVESTACK_END_A, type)) >= 0 &&
	       (own.b = port_pair(own.cluster.session[1], LINK, LIVESTACK_END_B, type)) >= 0 &&
	       !model_join(&own.sender, own.cluster.session[0], 0, 0) &&
	       !model_join(&own.receiver, own.cluster.session[1], 1, 0) &&
	       cluster_state(&own.cluster, LIVESTACK_STATE_RUNNING);
}

static uint64_t counted(unsigned int host, unsigned int what)
{
	struct nl_answer answer;

	if (control_get_link(own.cluster.session[host], LINK, &answer))
		return NONE;
	return control_way(&answer, LIVESTACK_A_LINK_TO_B, what);
}

/* All that was sent is received: by the counts of the host that it left, too. */
static bool balanced(uint64_t bytes)
{
	const uint64_t sent = counted(0, LIVESTACK_A_DIRECTION_SENT_BYTES);
	const uint64_t received = counted(1, LIVESTACK_A_DIRECTION_RECEIVED_BYTES);

	if (sent != bytes || received != bytes)
		ktap_note("%llu bytes: %llu sent, %llu received", (unsigned long long)bytes,
			  (unsigned long long)sent, (unsigned long long)received);
	return sent == bytes && received == bytes && !counted(0, LIVESTACK_A_DIRECTION_DROPPED) &&
	       !counted(1, LIVESTACK_A_DIRECTION_LATE);
}

static bool end(void)
{
	close(own.a);
	close(own.b);
	model_leave(&own.sender);
	model_leave(&own.receiver);
	return cluster_close(&own.cluster);
}

/* Numbers, one at a time, and then the end. */
static void *sends(void *failure)
{
	unsigned int i;

	for (i = 0; i < own.count; i++) {
		if (model_wait(&own.sender, (i + 1) * STEP) ||
		    send(own.a, &i, sizeof(i), 0) != sizeof(i))
			*(const char **)failure = "a number could not be sent";
	}
	if (model_wait(&own.sender, (i + 1) * STEP) || shutdown(own.a, SHUT_WR))
		*(const char **)failure = "it could not be ended";
	/* The other way there is nothing until the other has seen all. */
	model_wait(&own.sender, NONE);
	return NULL;
}

static const char *receives(void)
{
	unsigned int i, got;

	for (i = 0; i <= own.count; i++) {
		if (model_wait(&own.receiver, NONE))
			return "the receiver was not told of an arrival";
		if (own.receiver.clock_ns != (i + 1) * STEP + LATENCY)
			return "something has arrived at another time";
		if (i == own.count)
			break;
		if (recv(own.b, &got, sizeof(got), 0) != sizeof(got) || got != i)
			return "a number is not the next one";
		if (recv(own.b, &got, sizeof(got), 0) >= 0 || errno != EAGAIN)
			return "more has come than has arrived";
	}
	return recv(own.b, &got, sizeof(got), 0) ? "the end is not the end" : NULL;
}

static char byte_at(uint64_t at)
{
	return at * 31 + (at >> 13);
}

/* As much as there is room for, then as much as there is room for again. */
static void *fills(void *failure)
{
	const uint64_t all = own.count * (uint64_t)PIECE;
	uint64_t given = 0, waits = 0, i;
	char piece[PIECE];
	ssize_t put;

	while (given < all) {
		for (i = 0; i < PIECE; i++)
			piece[i] = byte_at(given + i);
		put = send(own.a, piece, all - given < PIECE ? all - given : PIECE, 0);
		if (put > 0) {
			given += put;
			continue;
		}
		waits++;
		if (model_wait(&own.sender, own.sender.clock_ns + STEP)) {
			*(const char **)failure = "the sender cannot wait";
			return NULL;
		}
	}
	ktap_note("the sender has waited %llu times", (unsigned long long)waits);
	if (waits < 2)
		*(const char **)failure = "there is room for all of it at once";
	model_wait(&own.sender, NONE);
	return NULL;
}

static const char *drains(void)
{
	const uint64_t all = own.count * (uint64_t)PIECE;
	char piece[PIECE];
	ssize_t got, i;

	while (own.taken < all) {
		got = recv(own.b, piece, sizeof(piece), 0);
		if (got < 0 && errno == EAGAIN) {
			if (model_wait(&own.receiver, own.receiver.clock_ns + STEP))
				return "the receiver cannot wait";
			continue;
		}
		if (got <= 0)
			return "the receiver's socket has ended";
		for (i = 0; i < got; i++)
			if (piece[i] != byte_at(own.taken + i)) {
				ktap_note("byte %zd of %zd is %d, not %d", i, got, piece[i],
					  byte_at(own.taken + i));
				return "a byte is another one";
			}
		own.taken += got;
	}
	return NULL;
}

/* What @sends puts in is what @receives takes out, and so many bytes are counted on both hosts. */
static bool carries(int type, unsigned int count, uint64_t bytes, void *(*sends)(void *failure),
		    const char *(*receives)(void))
{
	const char *failure = NULL, *other = NULL;
	pthread_t thread;

	own.count = count;
	if (!begin(type))
		return end() && false;
	pthread_create(&thread, NULL, sends, &other);
	failure = receives();
	if (failure)
		ktap_note("at %llu ns: %s", (unsigned long long)own.receiver.clock_ns, failure);
	failure = failure ?: balanced(bytes) ? NULL : "the counts";
	/* So that who waits for the other does not wait for ever. */
	cluster_state(&own.cluster, LIVESTACK_STATE_STOPPED);
	pthread_join(thread, NULL);
	if (other)
		ktap_note("%s", other);
	return end() && !failure && !other;
}

static bool exact(int type)
{
	const unsigned int count = ktap_count(200, 20000);

	return carries(type, count, count * sizeof(count), sends, receives);
}

static bool full(void)
{
	const unsigned int count = ktap_count(400, 4000);

	return carries(SOCK_STREAM, count, count * (uint64_t)PIECE, fills, drains);
}

int main(void)
{
	const char *missing = cluster_missing() ?: port_missing();

	if (missing)
		return ktap_skip_all(missing);
	ktap_plan(3);
	ktap_ok(exact(SOCK_STREAM), "a stream comes at its arrival times, and so does its end");
	ktap_ok(exact(SOCK_SEQPACKET), "records come at theirs, and so does their end");
	ktap_ok(full(), "a full queue makes the sender wait, and all of it comes");
	return ktap_end();
}
