// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eventfds joined by a link: a signal of one is a signal of the other, at its simulated arrival.
 *
 * One process is both components, without blocking, so that every step is the test's own.
 * Needs: livestack.ko and livestack_ipc.ko loaded; root.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "control.h"
#include "ktap.h"
#include "pair.h"
#include "port.h"

#define QUANTUM 10000
#define LATENCY 25000
#define NONE LIVESTACK_TIME_NONE

static bool port(uint32_t session, uint32_t end, int fd, int out_fd)
{
	const struct port_request request = { LIVESTACK_PORT_KIND_EVENTFD, fd, out_fd, NULL, 0 };

	return ktap_is(port_new(session, PAIR_LINK, end, &request, NULL), 0);
}

static uint64_t count_of(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

/* Kicks of component 0, each at another time, and interrupts to it by the other way. */
static bool exact(void)
{
	const unsigned int rounds = ktap_count(1000, 100000);
	const int kick = eventfd(0, EFD_NONBLOCK), kicked = eventfd(0, EFD_NONBLOCK);
	struct pair pair;
	unsigned int i;
	uint64_t arrival;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
		  port(pair.session, LIVESTACK_END_A, kick, -1) &&
		  port(pair.session, LIVESTACK_END_B, -1, kicked) &&
		  ktap_is(pair_step(&pair, 0, 0), 0) &&
		  ktap_is(pair_step(&pair, 1, NONE), EAGAIN);

	for (i = 0; ok && i < rounds; i++) {
		arrival = pair.clock[0] + LATENCY;
		ok = !eventfd_write(kick, 1 + i % 3) && !count_of(kick) && !count_of(kicked) &&
		     ktap_is(pair_step(&pair, 0, arrival + 3), 0) &&
		     ktap_is(pair_comes(&pair, 1), 0) && pair.clock[1] == arrival &&
		     count_of(kicked) == 1 && ktap_is(pair_step(&pair, 1, NONE), EAGAIN);
	}
	ok = ok && port_balanced(pair.session, PAIR_LINK);
	close(kick);
	close(kicked);
	return pair_end(&pair) && ok;
}

/* What the queue has no room for stays in the eventfd, and goes when there is. */
static bool fills(void)
{
	const int kick = eventfd(0, EFD_NONBLOCK), kicked = eventfd(0, EFD_NONBLOCK);
	unsigned int i, left = 0;
	struct pair pair;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
		  port(pair.session, LIVESTACK_END_A, kick, -1) &&
		  port(pair.session, LIVESTACK_END_B, -1, kicked) &&
		  ktap_is(pair_step(&pair, 0, 0), 0) &&
		  ktap_is(pair_step(&pair, 1, NONE), EAGAIN);

	for (i = 0; ok && i < 20000; i++)
		ok = !eventfd_write(kick, 1);
	left = count_of(kick);
	ok = ok && left > 1000 && !eventfd_write(kick, 1) &&
	     ktap_is(pair_goes(&pair, 0, LATENCY + 3), 0) && ktap_is(pair_comes(&pair, 1), 0) &&
	     count_of(kicked) == i - left;
	/* The last one was let through when the first of the others had arrived. */
	pair_calms(&pair, 0);
	ok = ok && ktap_is(pair_step(&pair, 1, NONE), EAGAIN) &&
	     ktap_is(pair_step(&pair, 0, 10 * LATENCY), EAGAIN) &&
	     ktap_is(pair_comes(&pair, 1), 0) && count_of(kicked) == 1 &&
	     port_balanced(pair.session, PAIR_LINK);
	ktap_note("%u of %u signals found no room", left, i);
	close(kick);
	close(kicked);
	return pair_end(&pair) && ok;
}

int main(void)
{
	if (port_missing())
		return ktap_skip_all(port_missing());

	ktap_plan(2);
	ktap_ok(exact(), "a signal arrives to the nanosecond, once for all that were one");
	ktap_ok(fills(), "what there is no room for waits in its eventfd");
	return ktap_end();
}
