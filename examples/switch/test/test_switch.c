// SPDX-License-Identifier: Apache-2.0

#include "tests.h"

#include <string.h>

#include "frame.h"
#include "tap.h"

#define MIB 1048576
#define AGE 1000000

/* No frame is left, and the counts of all ports agree. */
static bool ends(struct ethernet_switch *self)
{
	bool ok = TAP_IS(switch_next_ns(self), TIME_NONE) & TAP_IS(self->buffer.used_bytes, 0) &
		  TAP_IS(self->buffer.frames, 0);

	switch_free(self);
	return ok;
}

bool test_switch_floods(void)
{
	struct ethernet_switch *self = frame_switch(4, MIB, AGE);
	const uint64_t group = 0x01005e000001ULL;
	bool ok;

	/* 100 bytes take 800 ns. Nobody is known. */
	ok = frame_put(self, 1, 10, 100, STATION(9), STATION(1), 0) &&
	     FRAME_GET(self, 0, 810, 0) & FRAME_GET(self, 2, 810, 0) & FRAME_GET(self, 3, 810, 0);
	ok &= frame_put(self, 0, 1000, 100, EVERYBODY, STATION(0), 1) &&
	      FRAME_GET(self, 1, 1800, 1) & FRAME_GET(self, 2, 1800, 1) &
		      FRAME_GET(self, 3, 1800, 1);
	ok &= frame_put(self, 3, 2000, 100, group, STATION(3), 2) &&
	      FRAME_GET(self, 0, 2800, 2) & FRAME_GET(self, 1, 2800, 2) &
		      FRAME_GET(self, 2, 2800, 2);
	ok &= TAP_IS(self->ports[1].counts.flooded, 1) & TAP_IS(self->ports[1].counts.forwarded, 0);
	return ok & ends(self);
}

bool test_switch_learns(void)
{
	struct ethernet_switch *self = frame_switch(3, MIB, AGE);
	bool ok;

	ok = frame_put(self, 1, 0, 100, EVERYBODY, STATION(1), 0) &&
	     FRAME_GET(self, 0, 800, 0) & FRAME_GET(self, 2, 800, 0);
	ok &= frame_put(self, 0, 1000, 100, STATION(1), STATION(0), 1) &&
	      FRAME_GET(self, 1, 1800, 1);
	ok &= frame_put(self, 2, 2000, 100, STATION(0), STATION(2), 2) &&
	      FRAME_GET(self, 0, 2800, 2);
	/* Two stations behind one port speak to each other without it. */
	ok &= frame_put(self, 0, 3000, 100, STATION(1), STATION(7), 3) &&
	      FRAME_GET(self, 1, 3800, 3);
	ok &= frame_put(self, 0, 4000, 100, STATION(7), STATION(0), 4) &&
	      TAP_IS(self->ports[0].counts.refused[SWITCH_SAME_PORT], 1);
	/* Station 1 was seen at 0. */
	ok &= frame_put(self, 0, AGE - 1, 100, STATION(1), STATION(0), 5) &&
	      FRAME_GET(self, 1, AGE + 799, 5);
	ok &= frame_put(self, 0, AGE + 1000, 100, STATION(1), STATION(0), 6) &&
	      FRAME_GET(self, 1, AGE + 1800, 6) & FRAME_GET(self, 2, AGE + 1800, 6);
	ok &= TAP_IS(self->ports[0].counts.forwarded, 3) & TAP_IS(self->ports[0].counts.flooded, 1);
	return ok & ends(self);
}

/* All know where the others are, as of @now_ns. */
static void introduce(struct ethernet_switch *self, uint64_t now_ns)
{
	uint8_t frame[2 * FDB_ADDRESS];
	uint32_t i;

	for (i = 0; i < self->config.ports; i++) {
		uint8_t room[18];

		frame_write(room, sizeof(room), 0, STATION(i), 0);
		memcpy(frame, room, sizeof(frame));
		fdb_learn(&self->fdb, frame + FDB_ADDRESS, i, now_ns);
	}
}

bool test_switch_times(void)
{
	struct ethernet_switch *self = frame_switch(3, MIB, AGE);
	bool ok;

	introduce(self, 0);
	/* Both are for 2, which has one line; one for 1 in between does not wait for them. */
	ok = frame_put(self, 0, 100, 1000, STATION(2), STATION(0), 0) &&
	     frame_put(self, 1, 100, 200, STATION(2), STATION(1), 1) &&
	     frame_put(self, 0, 150, 125, STATION(1), STATION(0), 2) &&
	     FRAME_GET(self, 1, 1150, 2) & FRAME_GET(self, 2, 8100, 0) &
		     FRAME_GET(self, 2, 9700, 1);
	/* The line is free at the very instant, and was free for a while. */
	ok &= frame_put(self, 0, 9700, 100, STATION(2), STATION(0), 3) &&
	      frame_put(self, 0, 10499, 50, STATION(2), STATION(0), 4) &&
	      FRAME_GET(self, 2, 10500, 3) & FRAME_GET(self, 2, 10900, 4);
	ok &= frame_put(self, 0, 20000, 100, STATION(2), STATION(0), 5) &&
	      FRAME_GET(self, 2, 20800, 5);
	ok &= TAP_IS(self->ports[2].output.most_bytes, 1200) &
	      TAP_IS(self->ports[2].counts.sent_bytes, 1450);
	return ok & ends(self);
}

bool test_switch_rounds(void)
{
	struct output output;
	bool ok;

	output_init(&output, 3000000000ULL);
	ok = TAP_IS(output_takes_ns(&output, 60), 160) & TAP_IS(output_takes_ns(&output, 61), 163) &
	     TAP_IS(output_takes_ns(&output, 62), 166);
	output_init(&output, 1000000000000ULL);
	ok &= TAP_IS(output_takes_ns(&output, 14), 1) & TAP_IS(output_takes_ns(&output, 125), 1) &
	      TAP_IS(output_takes_ns(&output, 126), 2);
	output_init(&output, 1000);
	return ok & TAP_IS(output_takes_ns(&output, 65536), 524288000000ULL);
}

bool test_switch_buffer(void)
{
	struct ethernet_switch *self = frame_switch(3, 1000, AGE);
	const uint64_t *refused = &self->ports[0].counts.refused[SWITCH_BUFFER_FULL];
	bool ok;

	introduce(self, 0);
	/* 600 and 400 are all that there is room for, to the byte. */
	ok = frame_put(self, 0, 0, 600, STATION(1), STATION(0), 0) &&
	     frame_put(self, 0, 0, 401, STATION(2), STATION(0), 1) && TAP_IS(*refused, 1) &&
	     frame_put(self, 0, 0, 400, STATION(2), STATION(0), 2);
	ok = ok && FRAME_GET(self, 2, 3200, 2) &&
	     frame_put(self, 0, 4799, 401, STATION(2), STATION(0), 3) && TAP_IS(*refused, 2);
	/* What is through makes room at that instant. */
	ok = ok && FRAME_GET(self, 1, 4800, 0) &&
	     frame_put(self, 0, 4800, 1000, STATION(1), STATION(0), 4) &&
	     FRAME_GET(self, 1, 12800, 4) && TAP_IS(*refused, 2);
	/* One for two ports is there once, until the slower of them is through. */
	ok = ok && frame_put(self, 0, 20000, 300, STATION(1), STATION(0), 5) &&
	     frame_put(self, 0, 20000, 500, EVERYBODY, STATION(0), 6) &&
	     TAP_IS(self->buffer.used_bytes, 800) && FRAME_GET(self, 1, 22400, 5) &&
	     FRAME_GET(self, 2, 24000, 6) && TAP_IS(self->buffer.used_bytes, 500) &&
	     frame_put(self, 0, 24000, 501, STATION(2), STATION(0), 7) && TAP_IS(*refused, 3) &&
	     FRAME_GET(self, 1, 26400, 6);
	ok = ok && TAP_IS(self->buffer.most_bytes, 1000) &&
	     TAP_IS(self->ports[1].counts.refused[SWITCH_BUFFER_FULL], 0);
	return ends(self) && ok;
}

bool test_switch_refuses(void)
{
	struct ethernet_switch *self = frame_switch(2, MIB, AGE);
	const uint64_t *refused = self->ports[0].counts.refused;
	uint8_t frame[18];
	bool ok;

	frame_write(frame, sizeof(frame), EVERYBODY, STATION(0), 0);
	ok = switch_receive(self, 0, 0, frame, 13) && switch_receive(self, 0, 0, frame, 0) &&
	     TAP_IS(refused[SWITCH_RUNT], 2) & TAP_IS(fdb_count(&self->fdb, 0), 0);
	ok &= frame_put(self, 0, 0, 60, EVERYBODY, EVERYBODY, 0) &&
	      frame_put(self, 0, 0, 60, EVERYBODY, 0, 0) &&
	      TAP_IS(refused[SWITCH_BAD_SOURCE], 2) & TAP_IS(fdb_count(&self->fdb, 0), 0);
	ok &= frame_put(self, 0, 0, 60, 0x0180c2000000ULL, STATION(0), 0) &&
	      frame_put(self, 0, 0, 60, 0x0180c200000fULL, STATION(0), 0) &&
	      TAP_IS(refused[SWITCH_RESERVED], 2) & TAP_IS(fdb_count(&self->fdb, 0), 1);
	/* The next one is a group as any other; a header is a frame. */
	ok &= frame_put(self, 0, 0, 60, 0x0180c2000010ULL, STATION(0), 1) &&
	      FRAME_GET(self, 1, 480, 1);
	ok &= switch_receive(self, 0, 1000, frame, 14) && TAP_IS(switch_next_ns(self), 1112);
	switch_done(self, 1, SWITCH_SENT);
	ok &= TAP_IS(self->ports[0].counts.received, 8);
	return ok & ends(self);
}

bool test_switch_loses(void)
{
	struct ethernet_switch *self = frame_switch(2, MIB, AGE);
	const struct switch_counts *counts = &self->ports[1].counts;
	uint32_t fate, port;
	bool ok = true;

	for (fate = 0; ok && fate < SWITCH_LOSSES; fate++) {
		ok = frame_put(self, 0, fate * 1000, 100, EVERYBODY, STATION(0), fate) &&
		     switch_due(self, fate * 1000 + 800, &port) && TAP_IS(port, 1);
		switch_done(self, 1, fate);
		ok = ok && TAP_IS(counts->lost[fate], 1);
	}
	return ok & TAP_IS(counts->given, SWITCH_LOSSES) & TAP_IS(counts->sent, 0) &
	       TAP_IS(counts->sent_bytes, 0) & ends(self);
}
