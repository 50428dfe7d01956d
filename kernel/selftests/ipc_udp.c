// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP sockets joined by a link: a datagram comes at its simulated arrival, whole, also an empty
 * one. While the queue is full nothing is read, so that datagrams are dropped where those of any
 * slow reader are: by the socket, not by the link.
 *
 * One process is both components, without blocking, so that every step is the test's own.
 * Needs: livestack.ko and livestack_ipc.ko loaded; root; the loopback.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "ktap.h"
#include "pair.h"
#include "port.h"
#include "stream.h"
#include "talker.h"

#define QUANTUM 10000
#define LATENCY 25000
#define NONE LIVESTACK_TIME_NONE
#define TO_B LIVESTACK_A_LINK_TO_B
#define LENGTH 1000
#define ROOM 930 /* of 1 MiB, each with 128 bytes beside its own; the last one goes beyond */

struct udp {
	struct pair pair;
	int a, b; /* the components' own ends; -1: none */
};

static bool join_end(struct udp *udp, uint32_t end, int *own)
{
	int fd[2];
	bool ok = talker_udp_pair(fd);

	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	*own = fd[0];
	ok = ok && port_socket(udp->pair.session, PAIR_LINK, end, fd[1]);
	close(fd[1]);
	return ok;
}

static bool begin(struct udp *udp)
{
	udp->a = -1;
	udp->b = -1;
	return pair_begin(&udp->pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
	       join_end(udp, LIVESTACK_END_A, &udp->a) && join_end(udp, LIVESTACK_END_B, &udp->b) &&
	       ktap_is(pair_step(&udp->pair, 0, 0), 0) &&
	       ktap_is(pair_step(&udp->pair, 1, NONE), EAGAIN);
}

static bool end(struct udp *udp)
{
	bool ok = port_balanced(udp->pair.session, PAIR_LINK);

	if (udp->a >= 0)
		close(udp->a);
	if (udp->b >= 0)
		close(udp->b);
	return pair_end(&udp->pair) && ok;
}

static uint64_t told(const struct udp *udp, int count)
{
	static struct nl_answer link;

	if (control_get_link(udp->pair.session, PAIR_LINK, &link))
		return UINT64_MAX;
	return control_way(&link, TO_B, count);
}

/* So many have been sent over the link: a softirq may be put off. */
static bool are_sent(const struct udp *udp, uint64_t wanted)
{
	unsigned int tries;

	for (tries = 0; tries < 5000; tries++) {
		if (told(udp, LIVESTACK_A_DIRECTION_SENT) >= wanted)
			return true;
		usleep(1000);
	}
	ktap_note("%lu of %lu were sent", told(udp, LIVESTACK_A_DIRECTION_SENT), wanted);
	return false;
}

/* Time goes on past the arrival of what was just sent, where component 1 is then. */
static bool arrives(struct udp *udp)
{
	const uint64_t arrival = udp->pair.clock[0] + LATENCY;

	return ktap_is(pair_goes(&udp->pair, 0, arrival + 3), 0) &&
	       ktap_is(pair_comes(&udp->pair, 1), 0) && udp->pair.clock[1] == arrival;
}

/* Of all lengths, from none at all on. */
static bool exact(void)
{
	const unsigned int count = ktap_count(500, 50000);
	static uint8_t put[2048], got[2048];
	struct udp udp;
	unsigned int i, place;
	bool ok = begin(&udp);

	for (i = 0; ok && i < count; i++) {
		const ssize_t length = i % sizeof(put);

		for (place = 0; place < sizeof(put); place++)
			put[place] = stream_byte(i, place);
		ok = send(udp.a, put, length, 0) == length && are_sent(&udp, i + 1) &&
		     recv(udp.b, got, sizeof(got), 0) < 0 && errno == EAGAIN &&
		     ktap_is(pair_step(&udp.pair, 1, NONE), EAGAIN) && arrives(&udp) &&
		     stream_comes(udp.b) && recv(udp.b, got, sizeof(got), 0) == length &&
		     !memcmp(put, got, length) && ktap_is(pair_step(&udp.pair, 1, NONE), EAGAIN);
	}
	if (!ok)
		ktap_note("at datagram %u: %s", i, strerror(errno));
	return end(&udp) && ok;
}

/* How many have come, if these are the next ones in their order. */
static uint32_t take(struct udp *udp, uint32_t next, bool *ordered)
{
	uint32_t words[LENGTH / 4], came = 0;

	while (recv(udp->b, words, sizeof(words), 0) == sizeof(words)) {
		*ordered &= words[0] >= next;
		next = words[0] + 1;
		came++;
	}
	return came;
}

/* The first to come are the first that were sent; of the others some. */
static bool fills(void)
{
	const int room = 16 << 20;
	uint32_t words[LENGTH / 4] = { 0 }, i, came = 0, rounds;
	struct udp udp;
	bool ok = begin(&udp), ordered = true;

	setsockopt(udp.b, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	for (i = 0; ok && i < 20000; i++) {
		words[0] = i;
		ok = send(udp.a, words, sizeof(words), 0) == sizeof(words);
	}
	ok = ok && are_sent(&udp, ROOM);
	/* Nobody has taken any: no more were read. */
	usleep(100000);
	ok = ok && told(&udp, LIVESTACK_A_DIRECTION_SENT) == ROOM &&
	     told(&udp, LIVESTACK_A_DIRECTION_QUEUED) == ROOM && arrives(&udp);
	came = take(&udp, 0, &ordered);
	ok = ok && ordered && came == ROOM;
	/* What the socket had room for follows. */
	pair_calms(&udp.pair, 0);
	for (rounds = 0; ok && told(&udp, LIVESTACK_A_DIRECTION_QUEUED) && rounds < 100; rounds++) {
		ok = ktap_is(pair_step(&udp.pair, 1, NONE), EAGAIN) && arrives(&udp);
		came += take(&udp, came, &ordered);
		pair_calms(&udp.pair, 0);
	}
	ktap_note("%u of %u came", came, i);
	ok = ok && ordered && came > ROOM && came < i &&
	     told(&udp, LIVESTACK_A_DIRECTION_RECEIVED) == came &&
	     told(&udp, LIVESTACK_A_DIRECTION_DROPPED) == 0;
	return end(&udp) && ok;
}

int main(void)
{
	if (port_missing())
		return ktap_skip_all(port_missing());

	ktap_plan(2);
	ktap_ok(exact(), "a datagram comes at its arrival, to the nanosecond, as it was");
	ktap_ok(fills(), "a full queue makes the socket drop, and the link none");
	return ktap_end();
}
