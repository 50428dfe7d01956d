// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets joined by a link: what is put into one comes out of the other at its simulated arrival
 * and not before, in order, once; a full queue makes the sender wait and loses nothing.
 *
 * One process is both components, without blocking, so that every step is the test's own.
 * Needs: livestack.ko and livestack_ipc.ko loaded; root.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture.h"
#include "control.h"
#include "device.h"
#include "ktap.h"
#include "pair.h"
#include "port.h"

#define QUANTUM 10000
#define LATENCY 25000
#define LINK 7
#define NONE LIVESTACK_TIME_NONE

/* A pair of components whose link leads from one socket to another. */
struct relay {
	struct pair pair;
	int a, b; /* the components' own ends */
};

/* Sockets at both ends of a link between the two. */
static bool joins(struct relay *relay, uint16_t link, int type)
{
	relay->a = port_pair(relay->pair.session, link, LIVESTACK_END_A, type);
	relay->b = port_pair(relay->pair.session, link, LIVESTACK_END_B, type);
	return relay->a >= 0 && relay->b >= 0;
}

static bool begin(struct relay *relay, int type)
{
	return pair_begin(&relay->pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
	       joins(relay, LINK, type) && ktap_is(pair_step(&relay->pair, 0, 0), 0) &&
	       ktap_is(pair_step(&relay->pair, 1, NONE), EAGAIN);
}

static bool end(struct relay *relay)
{
	bool ok = port_balanced(relay->pair.session, LINK);

	close(relay->a);
	close(relay->b);
	return pair_end(&relay->pair) && ok;
}

/* The receiver waits for nothing but messages, and its clock goes from arrival to arrival. */
static bool exact(int type)
{
	const unsigned int count = ktap_count(1000, 100000);
	struct relay relay;
	unsigned int i, got;
	uint64_t arrival;
	bool ok = begin(&relay, type);

	for (i = 0; ok && i < count; i++) {
		arrival = relay.pair.clock[0] + LATENCY;
		ok = send(relay.a, &i, sizeof(i), 0) == sizeof(i) &&
		     recv(relay.b, &got, sizeof(got), 0) < 0 && errno == EAGAIN;
		ok = ok && ktap_is(pair_step(&relay.pair, 1, NONE), EAGAIN) &&
		     ktap_is(pair_step(&relay.pair, 0, arrival + 3), 0) &&
		     ktap_is(pair_comes(&relay.pair, 1), 0) && relay.pair.clock[1] == arrival &&
		     recv(relay.b, &got, sizeof(got), 0) == sizeof(got) && got == i &&
		     ktap_is(pair_step(&relay.pair, 1, NONE), EAGAIN);
	}
	if (!ok)
		ktap_note("at message %u: %s", i, strerror(errno));
	return end(&relay) && ok;
}

/* What is put into a socket is in the capture when it comes out of the other. */
static bool captured(int type)
{
	static uint8_t room[1 << 12] __attribute__((aligned(8)));
	const struct livestack_captured *record = NULL;
	const uint8_t *at = room, *data;
	struct relay relay;
	ssize_t done;
	char got[8];
	bool ok = begin(&relay, type);
	int fd = capture_open(relay.pair.session, LINK, 5, LIVESTACK_CAPTURE_RING_MIN, O_NONBLOCK);

	ok = ok && send(relay.a, "captured", 8, 0) == 8 &&
	     ktap_is(pair_step(&relay.pair, 1, NONE), EAGAIN) &&
	     ktap_is(pair_step(&relay.pair, 0, LATENCY + 3), 0) &&
	     ktap_is(pair_comes(&relay.pair, 1), 0) && recv(relay.b, got, sizeof(got), 0) == 8;
	done = capture_read(fd, room, sizeof(room));
	if (done > 0)
		record = capture_next(&at, room + done, &data);
	ok = ok && record && record->end == LIVESTACK_END_B && record->send_ns == 0 &&
	     record->arrival_ns == LATENCY && record->length == 8 && record->captured == 5 &&
	     !memcmp(data, "captu", 5);
	close(fd);
	return end(&relay) && ok;
}

/* Time goes on past the arrival of all that was sent, and the receiver takes it. */
static bool drain(struct relay *relay, uint64_t *taken)
{
	struct pollfd socket = { .fd = relay->b, .events = POLLIN };
	static char piece[65536];
	ssize_t got;

	pair_calms(&relay->pair, 0);
	if (pair_goes(&relay->pair, 0, relay->pair.clock[0] + LATENCY + 3) ||
	    pair_comes(&relay->pair, 1))
		return false;
	do {
		while (poll(&socket, 1, 200) == 1 &&
		       (got = recv(relay->b, piece, sizeof(piece), 0)) > 0)
			*taken += got;
	} while (!pair_step(&relay->pair, 1, NONE));
	return true;
}

/* Until the sender would have to wait; what it could not send is sent later. */
static bool fills(void)
{
	const uint64_t all = 8 << 20;
	static char piece[10000];
	uint64_t given = 0, taken = 0, most = 0, before;
	struct nl_answer answer;
	struct relay relay;
	unsigned int rounds;
	bool ok = begin(&relay, SOCK_STREAM), blocked = false;
	ssize_t put;

	for (rounds = 0; ok && taken < all && rounds < 1000; rounds++) {
		before = given;
		while (given < all && (put = send(relay.a, piece, sizeof(piece), 0)) > 0)
			given += put;
		if (given - before > most)
			most = given - before;
		ok = !port_get(relay.pair.session, LINK, LIVESTACK_END_A, &answer);
		blocked |= nl_u32(&answer, LIVESTACK_A_PORT_BLOCKED);
		ok = ok && port_balanced(relay.pair.session, LINK) && drain(&relay, &taken);
	}
	ktap_note("%lu of %lu bytes in %u rounds, at most %lu at once", taken, given, rounds, most);
	/* The queue of 1 MiB, and what sockets hold. */
	ok = ok && taken == given && taken >= all && blocked && most < 4 << 20;
	return end(&relay) && ok;
}

/* The end of one side's stream arrives as everything does. */
static bool ends(void)
{
	struct relay relay;
	char byte;
	bool ok = begin(&relay, SOCK_STREAM);
	uint64_t arrival = relay.pair.clock[0] + LATENCY;

	ok = ok && send(relay.a, "x", 1, 0) == 1 && !shutdown(relay.a, SHUT_WR);
	/* The end is noticed by a work. */
	usleep(100000);
	ok = ok && ktap_is(pair_step(&relay.pair, 0, arrival + 3), 0) &&
	     ktap_is(pair_comes(&relay.pair, 1), 0) && relay.pair.clock[1] == arrival &&
	     recv(relay.b, &byte, 1, 0) == 1 && recv(relay.b, &byte, 1, 0) == 0 &&
	     /* The other direction goes on. */
	     send(relay.b, "y", 1, 0) == 1 && ktap_is(pair_step(&relay.pair, 1, NONE), EAGAIN) &&
	     ktap_is(pair_step(&relay.pair, 0, NONE), EAGAIN);
	ok = ok && poll(&(struct pollfd){ .fd = relay.a, .events = POLLIN }, 1, 5000) == 1 &&
	     recv(relay.a, &byte, 1, 0) == 1 && byte == 'y';
	return end(&relay) && ok;
}

static bool brings(struct relay *relay, uint64_t next_ns, uint64_t arrival_ns, const char *text)
{
	char bytes[8] = "";

	return ktap_is(pair_step(&relay->pair, 1, NONE), EAGAIN) &&
	       ktap_is(pair_goes(&relay->pair, 0, next_ns), 0) &&
	       ktap_is(pair_comes(&relay->pair, 1), 0) && relay->pair.clock[1] == arrival_ns &&
	       recv(relay->b, bytes, sizeof(bytes) - 1, 0) > 0 && !strcmp(bytes, text);
}

/* A stream has begun before time does, and waits for a link that is newer than the window. */
static bool early(void)
{
	const uint16_t newer = LINK + 1;
	struct relay relay, second = { .a = -1, .b = -1 };
	bool ok = pair_create(&relay.pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
		  joins(&relay, LINK, SOCK_STREAM) && send(relay.a, "abc", 3, 0) == 3 &&
		  !control_state(relay.pair.session, LIVESTACK_STATE_RUNNING) &&
		  brings(&relay, LATENCY + 3, LATENCY, "abc");

	second.pair = relay.pair;
	ok = ok && !control_link(relay.pair.session, newer, 0, 1, LATENCY) &&
	     joins(&second, newer, SOCK_STREAM) && send(second.a, "def", 3, 0) == 3;
	/* The next window opens where there is an event, and it is sent there. */
	ok = ok && ktap_is(pair_step(&second.pair, 1, NONE), EAGAIN) &&
	     ktap_is(pair_goes(&second.pair, 0, 2 * LATENCY), 0) &&
	     brings(&second, 3 * LATENCY + 3, 3 * LATENCY, "def") &&
	     port_balanced(relay.pair.session, newer);
	close(second.a);
	close(second.b);
	return end(&relay) && ok;
}

static int refused(uint32_t session, uint32_t at, int kind, int fd, int out_fd)
{
	const struct port_request request = { kind, fd, out_fd, NULL, 0 };
	struct nl_answer answer;
	const int error = port_new(session, LINK, at, &request, &answer);

	if (error && !answer.sentence)
		ktap_note("no sentence with %s", strerror(error));
	return error && answer.sentence ? error : 0;
}

static bool bad(void)
{
	const int file = open("/dev/null", O_RDONLY), alone = socket(AF_UNIX, SOCK_STREAM, 0),
		  tcp = socket(AF_INET, SOCK_STREAM, 0), event = eventfd(0, 0);
	struct pair pair;
	int two[2];
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
		  !socketpair(AF_UNIX, SOCK_STREAM, 0, two);
	const uint32_t session = pair.session, a = LIVESTACK_END_A, b = LIVESTACK_END_B;
	const int sockets = LIVESTACK_PORT_KIND_SOCKET, events = LIVESTACK_PORT_KIND_EVENTFD;

	ok = ok && ktap_is(refused(session, a, sockets, file, -1), ENOTSOCK) &&
	     ktap_is(refused(session, a, sockets, 999, -1), EBADF) &&
	     ktap_is(refused(session, a, sockets, -1, -1), EINVAL) &&
	     ktap_is(refused(session, a, sockets, alone, -1), EOPNOTSUPP) &&
	     ktap_is(refused(session, a, sockets, tcp, -1), EOPNOTSUPP) &&
	     ktap_is(refused(session, a, events, file, -1), EINVAL) &&
	     ktap_is(refused(session, a, events, event, event), ELOOP) &&
	     ktap_is(refused(session, a, events, -1, -1), EINVAL) &&
	     ktap_is(refused(session, 3, sockets, two[0], -1), ERANGE) &&
	     ktap_is(port_del(session, LINK, a), ENOENT);
	ok = ok && port_socket(session, LINK, a, two[0]) &&
	     ktap_is(refused(session, a, sockets, two[1], -1), EEXIST) &&
	     /* The same twice: a loop. */
	     ktap_is(refused(session, b, sockets, two[0], -1), EBUSY) &&
	     ktap_is(port_link_del(session, LINK), EISCONN) &&
	     ktap_is(port_del(session, LINK, a), 0) && port_socket(session, LINK, a, two[0]);
	ok = ok && ktap_is(port_del(session, LINK, a), 0) &&
	     ktap_is(port_wire(session, LINK, LIVESTACK_A_LINK_TO_B,
			       LIVESTACK_A_DIRECTION_LOSS_PPM, 1000, 4), 0) &&
	     ktap_is(refused(session, a, sockets, two[0], -1), EOPNOTSUPP) &&
	     ktap_is(port_wire(session, LINK, LIVESTACK_A_LINK_TO_B,
			       LIVESTACK_A_DIRECTION_RATE_BPS, 0, 8), ERANGE) &&
	     ktap_is(port_wire(session, LINK, LIVESTACK_A_LINK_TO_B,
			       LIVESTACK_A_DIRECTION_SENT, 1, 8), EINVAL) &&
	     ktap_is(port_wire(session, LINK, LIVESTACK_A_LINK_TO_B,
			       LIVESTACK_A_DIRECTION_LIMIT_BYTES, 1000, 4), EINVAL);
	close(file);
	close(alone);
	close(tcp);
	close(event);
	close(two[0]);
	close(two[1]);
	return pair_end(&pair) && ok;
}

/* Both ports go while messages are on their way, and a component's socket before them. */
static bool closes(void)
{
	const unsigned int count = ktap_count(100, 1000);
	struct relay relay;
	unsigned int i, sent;
	bool ok = true;

	for (i = 0; ok && i < count; i++) {
		ok = begin(&relay, i % 2 ? SOCK_STREAM : SOCK_DGRAM);
		for (sent = 0; ok && sent < i % 20; sent++)
			send(relay.a, "x", 1, 0);
		if (i % 3 == 0)
			shutdown(relay.b, SHUT_RDWR);
		if (i % 5 == 0)
			pair_step(&relay.pair, 0, relay.pair.clock[0] + 2 * LATENCY);
		if (i % 7 == 0)
			ok = ok && !port_del(relay.pair.session, LINK, LIVESTACK_END_B);
		ok = end(&relay) && ok;
	}
	return ok;
}

int main(void)
{
	if (port_missing())
		return ktap_skip_all(port_missing());

	ktap_plan(9);
	ktap_ok(exact(SOCK_DGRAM), "datagrams come at their arrival, to the nanosecond");
	ktap_ok(exact(SOCK_SEQPACKET), "sequenced packets do");
	ktap_ok(exact(SOCK_STREAM), "what is put into a stream does");
	ktap_ok(captured(SOCK_DGRAM) && captured(SOCK_STREAM), "a capture has all of it");
	ktap_ok(fills(), "a full queue makes the sender wait, nothing is lost, all go on");
	ktap_ok(ends(), "the end of a stream arrives too, and of one direction only");
	ktap_ok(early(), "what is put into a stream before its link is there waits for it");
	ktap_ok(bad(), "what cannot be a port is refused in words");
	ktap_ok(closes(), "ports are closed with messages on their way");
	return ktap_end();
}
