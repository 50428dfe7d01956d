// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two network devices that are a cable: frames arrive when the wire says, are dropped and counted
 * as the wire says, and none else.
 *
 * Needs: livestack.ko and livestack_ipc.ko loaded; root.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cable.h"
#include "capture.h"
#include "control.h"
#include "ktap.h"
#include "pair.h"
#include "port.h"

#define LATENCY CABLE_LATENCY
#define NONE LIVESTACK_TIME_NONE

static bool exact(void)
{
	const unsigned int count = ktap_count(1000, 100000);
	struct cable cable;
	uint64_t arrival;
	unsigned int i;
	bool ok = cable_begin(&cable);

	for (i = 0; ok && i < count; i++) {
		arrival = cable.pair.clock[0] + LATENCY;
		ok = cable_put(&cable, i, 60 + i % 1400) && cable_get(&cable) < 0 &&
		     ktap_is(pair_step(&cable.pair, 0, arrival + 3), 0) &&
		     ktap_is(pair_comes(&cable.pair, 1), 0) && cable.pair.clock[1] == arrival &&
		     cable_get(&cable) == i && ktap_is(pair_step(&cable.pair, 1, NONE), EAGAIN);
	}
	return cable_end(&cable) && ok;
}

/* 1000 bytes at 8 Mbit take a millisecond each; ten may wait. */
static bool rated(void)
{
	const int way = LIVESTACK_A_LINK_TO_B;
	struct nl_answer answer;
	struct cable cable;
	uint64_t start;
	unsigned int i;
	bool ok = cable_begin(&cable) &&
		  !port_wire(cable.pair.session, PAIR_LINK, way, LIVESTACK_A_DIRECTION_RATE_BPS,
			     8000000, 8) &&
		  !port_wire(cable.pair.session, PAIR_LINK, way,
			     LIVESTACK_A_DIRECTION_LIMIT_PACKETS, 10, 4);

	start = cable.pair.clock[0];
	for (i = 0; ok && i < 15; i++)
		ok = cable_put(&cable, i, 1000);
	ok = ok && ktap_is(pair_step(&cable.pair, 0, 100000000), EAGAIN);
	for (i = 0; ok && i < 10; i++)
		ok = ktap_is(pair_comes(&cable.pair, 1), 0) && cable_get(&cable) == i &&
		     cable.pair.clock[1] == start + LATENCY + (i + 1) * 1000000UL;
	ok = ok && cable_get(&cable) < 0 && ktap_is(pair_step(&cable.pair, 1, NONE), EAGAIN) &&
	     !control_get_link(cable.pair.session, PAIR_LINK, &answer) &&
	     control_way(&answer, way, LIVESTACK_A_DIRECTION_DROPPED_LIMIT) == 5;
	return cable_end(&cable) && ok;
}

/* Of 10,000 frames, lost at 10 %; the same seed loses the same. */
static bool lossy(void)
{
	const int way = LIVESTACK_A_LINK_TO_B;
	uint64_t lost[2] = { 0 }, sums[2] = { 0 };
	struct nl_answer answer;
	struct cable cable;
	unsigned int i, run;
	int64_t number;
	bool ok = true;

	for (run = 0; ok && run < 2; run++) {
		ok = cable_begin(&cable) &&
		     !port_wire(cable.pair.session, PAIR_LINK, way,
				LIVESTACK_A_DIRECTION_LOSS_PPM, 100000, 4);
		for (i = 0; ok && i < 10000; i++) {
			ok = cable_put(&cable, i, 60);
			if (i % 100 != 99)
				continue;
			ok = ok && !pair_step(&cable.pair, 0, cable.pair.clock[0] + LATENCY + 3) &&
			     ktap_is(pair_comes(&cable.pair, 1), 0);
			while (ok && (number = cable_get(&cable)) >= 0)
				sums[run] = sums[run] * 31 + number;
			ok = ok && ktap_is(pair_step(&cable.pair, 1, NONE), EAGAIN);
		}
		ok = ok && !control_get_link(cable.pair.session, PAIR_LINK, &answer);
		lost[run] = control_way(&answer, way, LIVESTACK_A_DIRECTION_DROPPED_LOSS);
		ok = cable_end(&cable) && ok;
	}
	ktap_note("lost %lu and %lu of 10000", lost[0], lost[1]);
	return ok && lost[0] == lost[1] && sums[0] == sums[1] && lost[0] > 800 && lost[0] < 1200;
}

static bool limited(void)
{
	const int way = LIVESTACK_A_LINK_TO_B;
	struct nl_answer answer;
	struct cable cable;
	bool ok = cable_begin(&cable) &&
		  !port_wire(cable.pair.session, PAIR_LINK, way, LIVESTACK_A_DIRECTION_MTU, 500,
			     4) &&
		  cable_put(&cable, 1, 500 + ETH_HLEN) && cable_put(&cable, 2, 501 + ETH_HLEN) &&
		  !port_wire(cable.pair.session, PAIR_LINK, way, LIVESTACK_A_DIRECTION_DOWN, 1,
			     4) &&
		  cable_put(&cable, 3, 100) &&
		  !port_wire(cable.pair.session, PAIR_LINK, way, LIVESTACK_A_DIRECTION_DOWN, 0,
			     4) &&
		  cable_put(&cable, 4, 100) &&
		  ktap_is(pair_step(&cable.pair, 0, LATENCY + 3), 0) &&
		  ktap_is(pair_comes(&cable.pair, 1), 0) &&
		  cable_get(&cable) == 1 && cable_get(&cable) == 4 && cable_get(&cable) < 0 &&
		  !control_get_link(cable.pair.session, PAIR_LINK, &answer) &&
		  control_way(&answer, way, LIVESTACK_A_DIRECTION_DROPPED_MTU) == 1 &&
		  control_way(&answer, way, LIVESTACK_A_DIRECTION_DROPPED_DOWN) == 1;

	return cable_end(&cable) && ok;
}

/* Frames that lie in pieces are whole in it, and their times are those of the wire. */
static bool captured(void)
{
	static uint8_t room[1 << 16] __attribute__((aligned(8)));
	const unsigned int count = ktap_count(300, 20000);
	struct cable cable;
	bool ok = cable_begin(&cable);
	int fd = capture_open(cable.pair.session, PAIR_LINK, LIVESTACK_MESSAGE_MAX,
			      LIVESTACK_CAPTURE_RING_MIN, O_NONBLOCK);
	unsigned int i;

	for (i = 0; ok && i < count; i++) {
		const uint64_t send_ns = cable.pair.clock[0], arrival = send_ns + LATENCY;
		const struct livestack_captured *record = NULL;
		const size_t length = 60 + i % 1400;
		const uint8_t *at = room, *data;
		const struct cable_frame *frame;
		ssize_t done;

		ok = cable_put(&cable, i, length) &&
		     capture_read(fd, room, sizeof(room)) == -EAGAIN &&
		     ktap_is(pair_step(&cable.pair, 0, arrival + 3), 0) &&
		     ktap_is(pair_comes(&cable.pair, 1), 0) && cable_get(&cable) == i &&
		     ktap_is(pair_step(&cable.pair, 1, NONE), EAGAIN);
		done = capture_read(fd, room, sizeof(room));
		if (done > 0)
			record = capture_next(&at, room + done, &data);
		frame = (const void *)(room + sizeof(*record));
		ok = ok && record && at == room + done && record->end == LIVESTACK_END_B &&
		     record->arrival_ns == arrival && record->send_ns == send_ns &&
		     record->length == length && record->captured == length &&
		     record->lost == 0 && frame->header.h_proto == htons(CABLE_PROTOCOL) &&
		     frame->header.h_source[5] == 2 && frame->number == i;
	}
	if (!ok)
		ktap_note("at frame %u", i);
	close(fd);
	return cable_end(&cable) && ok;
}

static bool bad(void)
{
	static const char *const names[] = { "", "a b", "a/b", "lo", "sixteen-letters-", "." };
	struct port_request request = { LIVESTACK_PORT_KIND_NET, -1, -1, NULL, 0 };
	struct nl_answer answer;
	struct pair pair;
	unsigned int i;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, CABLE_QUANTUM, LATENCY) &&
		  ktap_is(port_new(pair.session, PAIR_LINK, LIVESTACK_END_A, &request, &answer),
			  EINVAL);

	for (i = 0; ok && i < sizeof(names) / sizeof(*names); i++) {
		request.interface = names[i];
		ok = port_new(pair.session, PAIR_LINK, LIVESTACK_END_A, &request, &answer) &&
		     answer.sentence;
		if (!ok)
			ktap_note("\"%s\" is taken", names[i]);
	}
	return pair_end(&pair) && ok;
}

int main(void)
{
	if (port_missing())
		return ktap_skip_all(port_missing());

	ktap_plan(6);
	ktap_ok(exact(), "frames come at their arrival, to the nanosecond");
	ktap_ok(rated(), "a rate takes its time for each, and drops what finds no room");
	ktap_ok(lossy(), "what is lost is counted, and the same again with the same seed");
	ktap_ok(limited(), "frames that are too long, and on a wire that is down, are dropped");
	ktap_ok(captured(), "a capture has each frame, whole, with its times");
	ktap_ok(bad(), "names that cannot be are refused in words");
	return ktap_end();
}
