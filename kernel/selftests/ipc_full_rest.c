// SPDX-License-Identifier: GPL-2.0-only
/*
 * Links that fill against eventfds and network devices: a counter stays as it is until there is
 * room, and who waits to signal goes on then; a device drops what finds none, and counts each.
 *
 * Needs: livestack.ko and livestack_ipc.ko loaded; root.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cable.h"
#include "control.h"
#include "ktap.h"
#include "pair.h"
#include "port.h"

#define NONE LIVESTACK_TIME_NONE
#define PATIENCE_S 30
#define TO_B LIVESTACK_A_LINK_TO_B

#define COUNTER_MAX 0xfffffffffffffffe /* then a write waits */

/* Two eventfds that are joined. */
struct joined {
	struct pair pair;
	int kick, kicked;
	pthread_t writer;
	bool through; /* atomic: who waited to signal is */
};

static bool begin(struct joined *joined)
{
	struct port_request from = { LIVESTACK_PORT_KIND_EVENTFD, -1, -1 }, to = from;

	*joined = (struct joined){ .kick = eventfd(0, 0), .kicked = eventfd(0, EFD_NONBLOCK) };
	from.fd = joined->kick;
	to.out_fd = joined->kicked;
	return pair_begin(&joined->pair, LIVESTACK_MODE_STRICT, CABLE_QUANTUM, CABLE_LATENCY) &&
	       ktap_is(port_new(joined->pair.session, PAIR_LINK, LIVESTACK_END_A, &from, NULL),
		       0) &&
	       ktap_is(port_new(joined->pair.session, PAIR_LINK, LIVESTACK_END_B, &to, NULL), 0) &&
	       ktap_is(pair_step(&joined->pair, 0, 0), 0);
}

static bool end(struct joined *joined)
{
	bool ok = port_balanced(joined->pair.session, PAIR_LINK);

	close(joined->kick);
	close(joined->kicked);
	return pair_end(&joined->pair) && ok;
}

static bool is_blocked(const struct joined *joined)
{
	struct nl_answer answer;

	return !port_get(joined->pair.session, PAIR_LINK, LIVESTACK_END_A, &answer) &&
	       nl_u32(&answer, LIVESTACK_A_PORT_BLOCKED);
}

static bool is_through(const struct joined *joined)
{
	return __atomic_load_n(&joined->through, __ATOMIC_RELAXED);
}

static void *signal_once_more(void *data)
{
	struct joined *joined = data;

	if (!eventfd_write(joined->kick, 1))
		__atomic_store_n(&joined->through, true, __ATOMIC_RELAXED);
	return NULL;
}

/* How many signals it took; the last of them is in the counter still. 0: it went wrong. */
static uint64_t fill(const struct joined *joined)
{
	uint64_t sent = 0;

	while (!is_blocked(joined))
		if (++sent > 20000 || eventfd_write(joined->kick, 1))
			return 0;
	return sent;
}

/* Both go on to whatever comes, until so many signals have. Says how many have. */
static uint64_t drain(struct joined *joined, uint64_t wanted)
{
	uint64_t came = 0, count;
	unsigned int tries;

	for (tries = 0; came < wanted && tries < 1000 * PATIENCE_S; tries++) {
		pair_step(&joined->pair, 0, NONE);
		pair_step(&joined->pair, 1, NONE);
		if (eventfd_read(joined->kicked, &count))
			usleep(1000);
		else
			came += count;
	}
	return came;
}

/* Who waits still would do so for ever. */
static bool join_writer(struct joined *joined)
{
	unsigned int tries;
	uint64_t count;
	bool ok;

	for (tries = 0; !is_through(joined) && tries < 1000; tries++)
		usleep(1000);
	ok = is_through(joined);
	if (!ok) {
		fcntl(joined->kick, F_SETFL, O_NONBLOCK);
		eventfd_read(joined->kick, &count);
		eventfd_write(joined->kick, 1);
	}
	pthread_join(joined->writer, NULL);
	return ok;
}

static bool all_received(const struct joined *joined, uint64_t count)
{
	static struct nl_answer answer;

	return !control_get_link(joined->pair.session, PAIR_LINK, &answer) &&
	       control_way(&answer, TO_B, LIVESTACK_A_DIRECTION_RECEIVED) == count &&
	       !control_way(&answer, TO_B, LIVESTACK_A_DIRECTION_DROPPED) &&
	       !control_get(joined->pair.session, &answer) &&
	       !nl_u64(&answer, LIVESTACK_A_SESSION_LATE);
}

static bool eventfd_waits(void)
{
	struct joined joined;
	uint64_t sent, came;
	bool ok = begin(&joined);

	sent = ok ? fill(&joined) : 0;
	ok = sent > 1000 && !eventfd_write(joined.kick, COUNTER_MAX - 1) &&
	     !pthread_create(&joined.writer, NULL, signal_once_more, &joined);
	if (!ok)
		return end(&joined) && false;
	usleep(100000);
	ok = !is_through(&joined);
	/* The full counter is one message, and who waited sends another. */
	came = drain(&joined, sent + 1);
	ktap_note("%lu signals filled the queue, %lu came", sent, came);
	ok = join_writer(&joined) && ok && came == sent + 1 && all_received(&joined, came);
	return end(&joined) && ok;
}

/* The counts of the way, as they have to be; and that nothing else was counted. */
static bool counts(const struct cable *cable, uint64_t sent, uint64_t received, uint64_t dropped)
{
	static struct nl_answer link;
	uint64_t is[4];

	if (control_get_link(cable->pair.session, PAIR_LINK, &link))
		return false;
	is[0] = control_way(&link, TO_B, LIVESTACK_A_DIRECTION_SENT);
	is[1] = control_way(&link, TO_B, LIVESTACK_A_DIRECTION_RECEIVED);
	is[2] = control_way(&link, TO_B, LIVESTACK_A_DIRECTION_DROPPED_LIMIT);
	is[3] = control_way(&link, TO_B, LIVESTACK_A_DIRECTION_QUEUED);
	ktap_note("sent %lu = received %lu + found no room %lu + queued %lu", is[0], is[1], is[2],
		  is[3]);
	return is[0] == sent && is[1] == received && is[2] == dropped &&
	       is[3] == sent - received - dropped &&
	       control_way(&link, TO_B, LIVESTACK_A_DIRECTION_DROPPED) == dropped;
}

static uint64_t device_dropped(const char *interface)
{
	unsigned long count = 0;
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/tx_dropped", interface);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%lu", &count) != 1)
		count = UINT64_MAX;
	if (file)
		fclose(file);
	return count;
}

#define FRAME 1000
#define ROOM 930 /* of 1 MiB, each with 128 bytes beside its own; the last one goes beyond */

/* Twice: what was dropped makes no room for what comes after it, what was received does. */
static bool device_drops(void)
{
	const uint32_t burst = 3000;
	struct cable cable;
	uint32_t round, i;
	bool ok = cable_begin(&cable);

	for (round = 0; ok && round < 2; round++) {
		for (i = 0; ok && i < burst; i++)
			ok = cable_put(&cable, round * burst + i, FRAME);
		ok = ok && counts(&cable, (round + 1) * burst, round * ROOM,
				  (round + 1) * (burst - ROOM)) &&
		     device_dropped(CABLE_NAME_0) == (round + 1) * (burst - ROOM) &&
		     !pair_step(&cable.pair, 0, cable.pair.clock[0] + CABLE_LATENCY + 3) &&
		     ktap_is(pair_comes(&cable.pair, 1), 0);
		/* The first of each burst, in their order. */
		for (i = 0; ok && i < ROOM; i++)
			ok = cable_get(&cable) == round * burst + i;
		ok = ok && cable_get(&cable) < 0 &&
		     counts(&cable, (round + 1) * burst, (round + 1) * ROOM,
			    (round + 1) * (burst - ROOM)) &&
		     ktap_is(pair_step(&cable.pair, 1, NONE), EAGAIN);
	}
	return cable_end(&cable) && ok;
}

int main(void)
{
	if (port_missing())
		return ktap_skip_all(port_missing());

	ktap_plan(2);
	ktap_ok(eventfd_waits(), "an eventfd's counter stays, and who waits to signal goes on");
	ktap_ok(device_drops(), "a device drops what finds no room, and counts each");
	return ktap_end();
}
