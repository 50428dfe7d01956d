// SPDX-License-Identifier: Apache-2.0
/*
 * Random frames through a switch, beside a calculation that shares nothing with it: a list of what
 * was seen where, when each port's line is free, and the frames that are in the buffer.
 */

#include "tests.h"

#include <stdlib.h>

#include "chance.h"
#include "frame.h"
#include "tap.h"

#define PORTS 5
#define STATIONS 20
#define FRAMES 20000
#define BUFFER 7000
#define AGE 40000

struct wanted {
	uint64_t through_ns[PORTS]; /* TIME_NONE: it does not go there */
};

static struct {
	uint64_t random, now_ns;
	struct {
		uint64_t seen_ns;
		uint32_t port;
		bool ever;
	} known[STATIONS];
	uint64_t free_ns[PORTS];
	/* Of each frame that was let in: until when it is in the buffer. */
	uint64_t until_ns[FRAMES];
	uint32_t length[FRAMES];
	struct wanted wanted[FRAMES];
	uint64_t copies, got, dropped, same, last[PORTS];
} world;

static uint64_t used_bytes(uint32_t before)
{
	/* None is as long in it as so many others take to come. */
	uint32_t i = before > 2000 ? before - 2000 : 0;
	uint64_t bytes = 0;

	for (; i < before; i++)
		if (world.until_ns[i] > world.now_ns)
			bytes += world.length[i];
	return bytes;
}

/* Station STATIONS is everybody. */
static bool goes_to(uint32_t port, uint32_t from, uint32_t to)
{
	if (port == from)
		return false;
	if (to == STATIONS || !world.known[to].ever ||
	    world.now_ns - world.known[to].seen_ns >= AGE)
		return true;
	return world.known[to].port == port;
}

static void calculate(uint32_t number, uint32_t from, uint32_t to, uint32_t length)
{
	struct wanted *wanted = &world.wanted[number];
	const bool room = used_bytes(number) + length <= BUFFER;
	uint32_t port, copies = 0;

	for (port = 0; port < PORTS; port++) {
		wanted->through_ns[port] = TIME_NONE;
		if (!goes_to(port, from, to))
			continue;
		copies++;
		if (!room)
			continue;
		if (world.free_ns[port] < world.now_ns)
			world.free_ns[port] = world.now_ns;
		world.free_ns[port] += length * 8;
		wanted->through_ns[port] = world.free_ns[port];
		if (world.until_ns[number] < world.free_ns[port])
			world.until_ns[number] = world.free_ns[port];
	}
	world.length[number] = length;
	world.same += !copies;
	world.dropped += copies && !room;
	world.copies += room ? copies : 0;
}

static bool take_until(struct ethernet_switch *self, uint64_t until_ns)
{
	const struct frame *frame;
	uint64_t next_ns;
	uint32_t port, number;
	bool ok = true;

	while (ok && (next_ns = switch_next_ns(self)) <= until_ns && next_ns != TIME_NONE) {
		frame = switch_due(self, next_ns, &port);
		number = frame_number(frame->data);
		ok = TAP_IS(next_ns, world.wanted[number].through_ns[port]) &&
		     TAP_IS(frame->length, world.length[number]);
		world.last[port] = next_ns;
		world.got++;
		switch_done(self, port, SWITCH_SENT);
	}
	return ok;
}

static bool put_one(struct ethernet_switch *self, uint32_t number)
{
	const uint32_t who = chance(&world.random, STATIONS);
	const uint32_t to = chance(&world.random, STATIONS + 1);
	const uint32_t length = 18 + chance(&world.random, 1483);
	/* Each has its port, but sometimes one is somewhere else. */
	const uint32_t port = chance(&world.random, 50) ? who % PORTS :
							  chance(&world.random, PORTS);

	world.known[who].ever = true;
	world.known[who].seen_ns = world.now_ns;
	world.known[who].port = port;
	calculate(number, port, to, length);
	return frame_put(self, port, world.now_ns, length,
			 to == STATIONS ? EVERYBODY : STATION(to), STATION(who), number);
}

static bool adds_up(const struct ethernet_switch *self)
{
	uint64_t received = 0, refused = 0, same = 0, full = 0, given = 0, sent = 0;
	uint32_t i, j;

	for (i = 0; i < PORTS; i++) {
		const struct switch_counts *counts = &self->ports[i].counts;

		received += counts->received;
		refused += counts->forwarded + counts->flooded;
		for (j = 0; j < SWITCH_REFUSALS; j++)
			refused += counts->refused[j];
		same += counts->refused[SWITCH_SAME_PORT];
		full += counts->refused[SWITCH_BUFFER_FULL];
		given += counts->given;
		sent += counts->sent + self->ports[i].output.waiting;
	}
	return TAP_IS(received, FRAMES) & TAP_IS(refused, FRAMES) & TAP_IS(same, world.same) &
	       TAP_IS(full, world.dropped) & TAP_IS(given, world.copies) &
	       TAP_IS(sent, world.copies);
}

bool test_switch_random(void)
{
	struct ethernet_switch *self = frame_switch(PORTS, BUFFER, AGE);
	uint32_t i;
	bool ok = true;

	world.random = 7;
	for (i = 0; ok && i < FRAMES; i++) {
		/* Often at the same time as the one before. */
		if (chance(&world.random, 4))
			world.now_ns += chance(&world.random, 9000);
		ok = take_until(self, world.now_ns) && put_one(self, i);
	}
	ok = ok && adds_up(self) && take_until(self, TIME_NONE - 1) && adds_up(self) &&
	     TAP_IS(world.got, world.copies);
	printf("# %u frames, %llu copies sent, %llu dropped, %llu moves\n", FRAMES,
	       (unsigned long long)world.got, (unsigned long long)world.dropped,
	       (unsigned long long)self->fdb.moved);
	/* Else it has tried nothing. */
	ok = ok && world.dropped > FRAMES / 20 && world.dropped < FRAMES / 2 && self->fdb.moved;
	switch_free(self);
	return ok;
}
