// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages between components: each is there at its simulated arrival and not before, in order, and
 * none is lost; full queues, leaving and bad calls as the uapi header says. One process is all the
 * components, without blocking, so that every step is the test's own.
 * Needs: livestack.ko loaded; root.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control.h"
#include "device.h"
#include "ktap.h"
#include "pair.h"

#define QUANTUM 10000
#define LATENCY 25000
#define NONE LIVESTACK_TIME_NONE

/* The receiver waits for nothing but messages, and its clock goes from arrival to arrival. */
static bool exact(void)
{
	const unsigned int count = ktap_count(1000, 100000);
	struct livestack_recv recv;
	struct pair pair;
	unsigned int i, got;
	uint64_t arrival = 0;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
		  ktap_is(pair_step(&pair, 0, 0), 0) &&
		  ktap_is(pair_step(&pair, 1, NONE), EAGAIN);

	for (i = 0; ok && i < count; i++) {
		ok = ktap_is(device_send(pair.fd[0], 7, 0, &i, sizeof(i), &arrival), 0) &&
		     arrival == pair.clock[0] + LATENCY &&
		     ktap_is(device_recv(pair.fd[1], &got, sizeof(got), &recv), EAGAIN);
		/* The sender lets time go past the arrival: only now does the receiver run. */
		ok = ok && ktap_is(pair_step(&pair, 1, NONE), EAGAIN) &&
		     ktap_is(pair_step(&pair, 0, arrival + 3), 0) && pair.clock[0] == arrival + 3 &&
		     ktap_is(pair_step(&pair, 1, NONE), 0) && pair.clock[1] == arrival &&
		     ktap_is(device_recv(pair.fd[1], &got, sizeof(got), &recv), 0) && got == i &&
		     recv.arrival_ns == arrival && recv.send_ns == arrival - LATENCY &&
		     recv.sequence == i && recv.link == 7 && recv.source == 0 &&
		     recv.length == sizeof(got) && ktap_is(pair_step(&pair, 1, NONE), EAGAIN);
	}
	return pair_end(&pair) && ok;
}

/* Three sources whose messages arrive at one instant: by source, then by sequence. */
static bool ordered(void)
{
	static const uint16_t sources[] = { 2, 0, 3, 2, 0, 3 }, wanted[] = { 0, 0, 2, 2, 3, 3 };
	uint32_t session = control_session(QUANTUM, 0);
	struct livestack_recv recv;
	uint64_t clock[4] = { 0 }, arrival, last = 0;
	int fd[4];
	unsigned int i;
	bool ok = true;

	for (i = 0; i < 4; i++)
		ok &= !control_component(session, i, LIVESTACK_KIND_MODEL);
	for (i = 0; i < 4; i++)
		if (i != 1)
			ok &= ktap_is(control_link(session, i, i, 1, LATENCY), 0);
	for (i = 0; i < 4; i++)
		fd[i] = device_join(session, i, O_NONBLOCK);
	ok &= !control_state(session, LIVESTACK_STATE_RUNNING);
	for (i = 0; i < 4; i++)
		ok &= ktap_is(device_wait(fd[i], &clock[i], i == 1 ? NONE : 0, NULL),
			 i == 1 ? EAGAIN : 0);
	for (i = 0; ok && i < 6; i++)
		ok = ktap_is(device_send(fd[sources[i]], sources[i], 100, "", 0, &arrival), 0) &&
		     arrival == 100 + LATENCY;
	for (i = 0; i < 4; i++)
		ok &= i == 1 || ktap_is(device_wait(fd[i], &clock[i], NONE, NULL), EAGAIN);
	ok &= ktap_is(device_wait(fd[1], &clock[1], NONE, NULL), 0) && clock[1] == 100 + LATENCY;
	for (i = 0; ok && i < 6; i++) {
		ok = ktap_is(device_recv(fd[1], NULL, 0, &recv), 0) && recv.source == wanted[i] &&
		     (i % 2 == 0 || recv.sequence == last + 1);
		last = recv.sequence;
	}
	ok &= ktap_is(device_recv(fd[1], NULL, 0, &recv), EAGAIN);
	for (i = 0; i < 4; i++)
		close(fd[i]);
	return !control_delete(session) && ok;
}

/* Room for so many messages of 872 bytes, with 128 each for themselves, in a queue of 1 MiB. */
#define ROOM (1024 * 1024 / 1000)

static bool full(void)
{
	struct livestack_recv recv;
	struct nl_answer link;
	struct pair pair;
	uint8_t data[872] = { 0 };
	unsigned int sent = 0;
	uint64_t arrival;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
		  ktap_is(pair_step(&pair, 0, 0), 0) &&
		  ktap_is(pair_step(&pair, 1, NONE), EAGAIN);

	while (sent < 2 * ROOM && !device_send(pair.fd[0], 7, 0, data, sizeof(data), &arrival))
		sent++;
	ok = ok && sent == ROOM &&
	     ktap_is(device_send(pair.fd[0], 7, 0, data, sizeof(data), NULL), ENOBUFS) &&
	     ktap_is(pair_step(&pair, 0, arrival + 1), 0) &&
	     ktap_is(pair_step(&pair, 1, NONE), 0) &&
	     ktap_is(device_recv(pair.fd[1], data, sizeof(data), &recv), 0) &&
	     !control_get_link(pair.session, 7, &link) &&
	     control_way(&link, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_SENT) == ROOM &&
	     control_way(&link, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_RECEIVED) == 1 &&
	     control_way(&link, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_QUEUED) == ROOM - 1 &&
	     control_way(&link, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_QUEUED_BYTES) ==
		     (ROOM - 1) * sizeof(data) &&
	     control_way(&link, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_REFUSED) == 2 &&
	     control_way(&link, LIVESTACK_A_LINK_TO_A, LIVESTACK_A_DIRECTION_SENT) == 0;
	/* There is room again. */
	ok = ok && ktap_is(pair_step(&pair, 1, NONE), 0);
	while (ok && !device_recv(pair.fd[1], data, sizeof(data), &recv))
		;
	ok = ok && ktap_is(pair_step(&pair, 1, NONE), EAGAIN) &&
	     ktap_is(device_send(pair.fd[0], 7, 0, data, sizeof(data), &arrival), 0);
	return pair_end(&pair) && ok;
}

/* What is on its way to who leaves is dropped and counted; then the link may go. */
static bool dropped(void)
{
	struct nl_answer link;
	struct pair pair;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
		  ktap_is(pair_step(&pair, 0, 0), 0) &&
		  ktap_is(device_send(pair.fd[0], 7, 0, "abc", 3, NULL), 0) &&
		  ktap_is(device_send(pair.fd[0], 7, 0, "de", 2, NULL), 0);

	close(pair.fd[1]);
	pair.fd[1] = -1;
	ok = ok && !control_get_link(pair.session, 7, &link) &&
	     control_way(&link, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_DROPPED) == 2 &&
	     control_way(&link, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_DROPPED_BYTES) == 5 &&
	     control_way(&link, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_QUEUED) == 0 &&
	     ktap_is(device_send(pair.fd[0], 7, 0, "f", 1, NULL), EHOSTUNREACH);
	return pair_end(&pair) && ok;
}

/* A link made, or a latency set, while a window is open holds from the next one on. */
static bool at_the_edge(void)
{
	const uint64_t shorter = 20000;
	struct nl_message message;
	struct nl_answer answer;
	struct pair pair;
	uint64_t arrival;
	uint16_t id = 7;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
		  ktap_is(pair_step(&pair, 0, 0), 0) &&
		  ktap_is(pair_step(&pair, 1, NONE), EAGAIN) &&
		  ktap_is(control_link(pair.session, 8, 0, 1, LATENCY), 0) &&
		  ktap_is(device_send(pair.fd[0], 8, 0, "", 0, NULL), ENETDOWN);

	control_start(&message, LIVESTACK_CMD_LINK_SET);
	nl_add(&message, LIVESTACK_A_LINK_SESSION, &pair.session, sizeof(pair.session));
	nl_add(&message, LIVESTACK_A_LINK_ID, &id, sizeof(id));
	nl_add(&message, LIVESTACK_A_LINK_LATENCY_NS, &shorter, sizeof(shorter));
	ok = ok && ktap_is(control_ask(&message, &answer), 0) &&
	     ktap_is(device_send(pair.fd[0], 7, 5, "", 0, &arrival), 0) && arrival == 5 + LATENCY &&
	     ktap_is(pair_step(&pair, 0, QUANTUM + 1), 0) &&
	     ktap_is(device_send(pair.fd[0], 7, 0, "", 0, &arrival), 0) &&
	     arrival == QUANTUM + 1 + shorter &&
	     ktap_is(device_send(pair.fd[0], 8, 0, "", 0, &arrival), 0) &&
	     arrival == QUANTUM + 1 + LATENCY;
	return pair_end(&pair) && ok;
}

/* No quantum above the lookahead, from whichever side. */
static bool strict(void)
{
	struct pair pair;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
		  ktap_is(control_quantum(pair.session, LATENCY + 1), ERANGE) &&
		  ktap_is(control_quantum(pair.session, LATENCY), 0) &&
		  ktap_is(control_link(pair.session, 8, 0, 1, LATENCY - 1), ERANGE) &&
		  ktap_is(control_link(pair.session, 8, 0, 1, LATENCY), 0);

	return pair_end(&pair) && ok;
}

static bool bad_sends(struct pair *pair, uint16_t elsewhere)
{
	static uint8_t data[LIVESTACK_MESSAGE_MAX + 1];
	struct livestack_send reserved = { .link = 7, .reserved = 1 };
	struct livestack_send arrival = { .link = 7, .arrival_ns = 1 };
	int fd = pair->fd[0];

	return ktap_is(device_send(fd, 7, 0, data, sizeof(data), NULL), EMSGSIZE) &&
	       ktap_is(device_send(fd, 9, 0, data, 1, NULL), ENOENT) &&
	       ktap_is(device_send(fd, elsewhere, 0, data, 1, NULL), ENOTCONN) &&
	       ktap_is(device_send(fd, 7, 9999, data, 1, NULL), 0) &&
	       ktap_is(device_send(fd, 7, 9998, data, 1, NULL), EINVAL) &&
	       ktap_is(device_send(fd, 7, QUANTUM, data, 1, NULL), EINVAL) &&
	       ktap_is(device_send(fd, 7, NONE, data, 1, NULL), EINVAL) &&
	       ktap_is(device_send(fd, 7, 0, (void *)8, 1, NULL), EFAULT) &&
	       ktap_is(ioctl(fd, LIVESTACK_IOC_SEND, &reserved) ? errno : 0, EINVAL) &&
	       ktap_is(ioctl(fd, LIVESTACK_IOC_SEND, &arrival) ? errno : 0, EINVAL) &&
	       ktap_is(device_send(pair->fd[1], 7, 0, data, 1, NULL), EBUSY);
}

/* A receiver with no room, or at a bad address, loses nothing. */
static bool bad_receives(struct pair *pair)
{
	struct livestack_recv recv, field = { .sequence = 1 };
	uint8_t byte = 0;
	int fd = pair->fd[1];
	void *wall = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return ktap_is(device_recv(fd, NULL, 0, &recv), EMSGSIZE) && recv.length == 1 &&
	       ktap_is(device_recv(fd, (void *)8, 1, &recv), EFAULT) &&
	       ktap_is(ioctl(fd, LIVESTACK_IOC_RECV, wall) ? errno : 0, EFAULT) &&
	       ktap_is(ioctl(fd, LIVESTACK_IOC_RECV, &field) ? errno : 0, EINVAL) &&
	       ktap_is(device_recv(fd, &byte, 1, &recv), 0) && byte == 0 && recv.sequence == 0 &&
	       !munmap(wall, 4096);
}

static bool all_bad(void)
{
	struct pair pair;
	uint64_t clock = 0;
	int third;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
		  ktap_is(control_component(pair.session, 2, LIVESTACK_KIND_MODEL), 0) &&
		  ktap_is(control_link(pair.session, 3, 1, 2, LATENCY), 0) &&
		  ktap_is(control_link(pair.session, 4, 1, 1, LATENCY), EINVAL) &&
		  ktap_is(pair_step(&pair, 0, 0), 0) &&
		  ktap_is(pair_step(&pair, 1, NONE), EAGAIN);

	third = device_join(pair.session, 2, O_NONBLOCK);
	ok = ok && ktap_is(device_send(third, 3, 0, "", 0, NULL), EBUSY) && bad_sends(&pair, 3) &&
	     ktap_is(pair_step(&pair, 0, 90000), EAGAIN) &&
	     ktap_is(device_wait(third, &clock, NONE, NULL), EAGAIN) &&
	     ktap_is(pair_step(&pair, 1, NONE), 0) && bad_receives(&pair);
	close(third);
	return pair_end(&pair) && ok;
}

int main(void)
{
	if (control_missing())
		return ktap_skip_all(control_missing());

	ktap_plan(7);
	ktap_ok(exact(), "a message is there at its arrival and not before");
	ktap_ok(ordered(), "what arrives at one instant comes by source, then sequence");
	ktap_ok(full(), "a full queue refuses, counts it, and has room again");
	ktap_ok(dropped(), "what is on its way to who leaves is dropped and counted");
	ktap_ok(at_the_edge(), "links and latencies change with the next window");
	ktap_ok(strict(), "no strict quantum is longer than the lookahead");
	ktap_ok(all_bad(), "bad sends and receives are refused, and nothing is lost");
	return ktap_end();
}
