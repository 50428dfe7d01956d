// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two network devices that are a cable: frames arrive when the wire says, are dropped and counted
 * as the wire says, and none else.
 *
 * Frames of a protocol of experiments, by packet sockets; no address, no other protocol is on them.
 * Needs: livestack.ko and livestack_ipc.ko loaded; root.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture.h"
#include "control.h"
#include "ktap.h"
#include "pair.h"
#include "port.h"

#define QUANTUM 10000
#define LATENCY 25000
#define NONE LIVESTACK_TIME_NONE
#define PROTOCOL 0x88b5 /* for experiments, IEEE 802 */

struct cable {
	struct pair pair;
	int socket[2];
};

struct frame {
	struct ethhdr header;
	uint32_t number;
	uint8_t rest[1600];
};

static bool set_up(const char *interface)
{
	struct ifreq request = { 0 };
	char path[96];
	int fd, socket_fd;
	bool ok;

	/* No address is to be made up and told to others. */
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", interface);
	fd = open(path, O_WRONLY);
	if (fd >= 0 && write(fd, "1", 1) != 1)
		return false;
	close(fd);
	socket_fd = socket(AF_INET, SOCK_DGRAM, 0);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	ok = !ioctl(socket_fd, SIOCGIFFLAGS, &request);
	request.ifr_flags |= IFF_UP;
	ok = ok && !ioctl(socket_fd, SIOCSIFFLAGS, &request);
	close(socket_fd);
	return ok;
}

static int open_packets(const char *interface)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(PROTOCOL),
		.sll_ifindex = if_nametoindex(interface),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(PROTOCOL));

	return bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -1 : fd;
}

static bool plug(struct cable *cable, unsigned int which, const char *interface)
{
	const struct port_request request = { LIVESTACK_PORT_KIND_NET, -1, -1, interface, 0 };

	if (!ktap_is(port_new(cable->pair.session, PAIR_LINK,
			      which ? LIVESTACK_END_B : LIVESTACK_END_A, &request, NULL), 0) ||
	    !set_up(interface))
		return false;
	cable->socket[which] = open_packets(interface);
	return cable->socket[which] >= 0;
}

static bool begin(struct cable *cable)
{
	cable->socket[0] = -1;
	cable->socket[1] = -1;
	return pair_begin(&cable->pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
	       plug(cable, 0, "lstest0") && plug(cable, 1, "lstest1") &&
	       ktap_is(pair_step(&cable->pair, 0, 0), 0) &&
	       ktap_is(pair_step(&cable->pair, 1, NONE), EAGAIN);
}

static bool end(struct cable *cable)
{
	bool ok = port_balanced(cable->pair.session, PAIR_LINK);

	close(cable->socket[0]);
	close(cable->socket[1]);
	return pair_end(&cable->pair) && ok && !if_nametoindex("lstest0");
}

static bool put(struct cable *cable, uint32_t number, size_t length)
{
	struct frame frame = {
		.header = { .h_dest = { 2, 0, 0, 0, 0, 1 }, .h_source = { 2, 0, 0, 0, 0, 2 },
			    .h_proto = htons(PROTOCOL) },
		.number = number,
	};

	return send(cable->socket[0], &frame, length, 0) == (ssize_t)length;
}

/* Its number, or -1: there is none. */
static int64_t get(struct cable *cable)
{
	struct frame frame;
	ssize_t length;

	do
		length = recv(cable->socket[1], &frame, sizeof(frame), 0);
	while (length > 0 && frame.header.h_proto != htons(PROTOCOL));
	return length < 0 ? -1 : (int64_t)frame.number;
}

static bool exact(void)
{
	const unsigned int count = ktap_count(1000, 100000);
	struct cable cable;
	uint64_t arrival;
	unsigned int i;
	bool ok = begin(&cable);

	for (i = 0; ok && i < count; i++) {
		arrival = cable.pair.clock[0] + LATENCY;
		ok = put(&cable, i, 60 + i % 1400) && get(&cable) < 0 &&
		     ktap_is(pair_step(&cable.pair, 0, arrival + 3), 0) &&
		     ktap_is(pair_comes(&cable.pair, 1), 0) && cable.pair.clock[1] == arrival &&
		     get(&cable) == i && ktap_is(pair_step(&cable.pair, 1, NONE), EAGAIN);
	}
	return end(&cable) && ok;
}

/* 1000 bytes at 8 Mbit take a millisecond each; ten may wait. */
static bool rated(void)
{
	const int way = LIVESTACK_A_LINK_TO_B;
	struct nl_answer answer;
	struct cable cable;
	uint64_t start;
	unsigned int i;
	bool ok = begin(&cable) &&
		  !port_wire(cable.pair.session, PAIR_LINK, way, LIVESTACK_A_DIRECTION_RATE_BPS,
			     8000000, 8) &&
		  !port_wire(cable.pair.session, PAIR_LINK, way,
			     LIVESTACK_A_DIRECTION_LIMIT_PACKETS, 10, 4);

	start = cable.pair.clock[0];
	for (i = 0; ok && i < 15; i++)
		ok = put(&cable, i, 1000);
	ok = ok && ktap_is(pair_step(&cable.pair, 0, 100000000), EAGAIN);
	for (i = 0; ok && i < 10; i++)
		ok = ktap_is(pair_comes(&cable.pair, 1), 0) && get(&cable) == i &&
		     cable.pair.clock[1] == start + LATENCY + (i + 1) * 1000000UL;
	ok = ok && get(&cable) < 0 && ktap_is(pair_step(&cable.pair, 1, NONE), EAGAIN) &&
	     !control_get_link(cable.pair.session, PAIR_LINK, &answer) &&
	     control_way(&answer, way, LIVESTACK_A_DIRECTION_DROPPED_LIMIT) == 5;
	return end(&cable) && ok;
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
		ok = begin(&cable) &&
		     !port_wire(cable.pair.session, PAIR_LINK, way,
				LIVESTACK_A_DIRECTION_LOSS_PPM, 100000, 4);
		for (i = 0; ok && i < 10000; i++) {
			ok = put(&cable, i, 60);
			if (i % 100 != 99)
				continue;
			ok = ok && !pair_step(&cable.pair, 0, cable.pair.clock[0] + LATENCY + 3) &&
			     ktap_is(pair_comes(&cable.pair, 1), 0);
			while (ok && (number = get(&cable)) >= 0)
				sums[run] = sums[run] * 31 + number;
			ok = ok && ktap_is(pair_step(&cable.pair, 1, NONE), EAGAIN);
		}
		ok = ok && !control_get_link(cable.pair.session, PAIR_LINK, &answer);
		lost[run] = control_way(&answer, way, LIVESTACK_A_DIRECTION_DROPPED_LOSS);
		ok = end(&cable) && ok;
	}
	ktap_note("lost %lu and %lu of 10000", lost[0], lost[1]);
	return ok && lost[0] == lost[1] && sums[0] == sums[1] && lost[0] > 800 && lost[0] < 1200;
}

static bool limited(void)
{
	const int way = LIVESTACK_A_LINK_TO_B;
	struct nl_answer answer;
	struct cable cable;
	bool ok = begin(&cable) &&
		  !port_wire(cable.pair.session, PAIR_LINK, way, LIVESTACK_A_DIRECTION_MTU, 500,
			     4) &&
		  put(&cable, 1, 500 + ETH_HLEN) && put(&cable, 2, 501 + ETH_HLEN) &&
		  !port_wire(cable.pair.session, PAIR_LINK, way, LIVESTACK_A_DIRECTION_DOWN, 1,
			     4) &&
		  put(&cable, 3, 100) &&
		  !port_wire(cable.pair.session, PAIR_LINK, way, LIVESTACK_A_DIRECTION_DOWN, 0,
			     4) &&
		  put(&cable, 4, 100) &&
		  ktap_is(pair_step(&cable.pair, 0, LATENCY + 3), 0) &&
		  ktap_is(pair_comes(&cable.pair, 1), 0) &&
		  get(&cable) == 1 && get(&cable) == 4 && get(&cable) < 0 &&
		  !control_get_link(cable.pair.session, PAIR_LINK, &answer) &&
		  control_way(&answer, way, LIVESTACK_A_DIRECTION_DROPPED_MTU) == 1 &&
		  control_way(&answer, way, LIVESTACK_A_DIRECTION_DROPPED_DOWN) == 1;

	return end(&cable) && ok;
}

/* Frames that lie in pieces are whole in it, and their times are those of the wire. */
static bool captured(void)
{
	static uint8_t room[1 << 16] __attribute__((aligned(8)));
	const unsigned int count = ktap_count(300, 20000);
	struct cable cable;
	bool ok = begin(&cable);
	int fd = capture_open(cable.pair.session, PAIR_LINK, LIVESTACK_MESSAGE_MAX,
			      LIVESTACK_CAPTURE_RING_MIN, O_NONBLOCK);
	unsigned int i;

	for (i = 0; ok && i < count; i++) {
		const uint64_t send_ns = cable.pair.clock[0], arrival = send_ns + LATENCY;
		const struct livestack_captured *record = NULL;
		const size_t length = 60 + i % 1400;
		const uint8_t *at = room, *data;
		const struct frame *frame;
		ssize_t done;

		ok = put(&cable, i, length) &&
		     capture_read(fd, room, sizeof(room)) == -EAGAIN &&
		     ktap_is(pair_step(&cable.pair, 0, arrival + 3), 0) &&
		     ktap_is(pair_comes(&cable.pair, 1), 0) && get(&cable) == i &&
		     ktap_is(pair_step(&cable.pair, 1, NONE), EAGAIN);
		done = capture_read(fd, room, sizeof(room));
		if (done > 0)
			record = capture_next(&at, room + done, &data);
		frame = (const void *)(room + sizeof(*record));
		ok = ok && record && at == room + done && record->end == LIVESTACK_END_B &&
		     record->arrival_ns == arrival && record->send_ns == send_ns &&
		     record->length == length && record->captured == length &&
		     record->lost == 0 && frame->header.h_proto == htons(PROTOCOL) &&
		     frame->header.h_source[5] == 2 && frame->number == i;
	}
	if (!ok)
		ktap_note("at frame %u", i);
	close(fd);
	return end(&cable) && ok;
}

static bool bad(void)
{
	static const char *const names[] = { "", "a b", "a/b", "lo", "sixteen-letters-", "." };
	struct port_request request = { LIVESTACK_PORT_KIND_NET, -1, -1, NULL, 0 };
	struct nl_answer answer;
	struct pair pair;
	unsigned int i;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
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
	if (control_missing())
		return ktap_skip_all(control_missing());
	if (access("/sys/module/livestack_ipc", F_OK))
		return ktap_skip_all("livestack_ipc.ko is not loaded: insmod ipc/livestack_ipc.ko");

	ktap_plan(6);
	ktap_ok(exact(), "frames come at their arrival, to the nanosecond");
	ktap_ok(rated(), "a rate takes its time for each, and drops what finds no room");
	ktap_ok(lossy(), "what is lost is counted, and the same again with the same seed");
	ktap_ok(limited(), "frames that are too long, and on a wire that is down, are dropped");
	ktap_ok(captured(), "a capture has each frame, whole, with its times");
	ktap_ok(bad(), "names that cannot be are refused in words");
	return ktap_end();
}
