/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store-and-forward Ethernet switch, as logic alone: it knows neither clock nor link. Who has
 * those says when a frame has been wholly received, and asks when the next one is through.
 *
 * Times are simulated nanoseconds and never less than before. Ports are 0 to ports - 1. Of what
 * happens at one instant, a frame that is through comes before one that is received: its room in
 * the buffer is free then.
 */
#ifndef SWITCH_SWITCH_H
#define SWITCH_SWITCH_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "fdb.h"
#include "output.h"

#define SWITCH_PORTS_MIN 2
#define SWITCH_PORTS_MAX 256

/* Why a frame that was received goes nowhere. */
enum switch_refusal {
	SWITCH_RUNT,	   /* it has no whole header */
	SWITCH_BAD_SOURCE, /* its source is a group of stations, or 0 */
	SWITCH_RESERVED,   /* no bridge forwards its destination: IEEE 802.1Q, table 8-1 */
	SWITCH_SAME_PORT,  /* its destination is where it came from */
	SWITCH_BUFFER_FULL,
	SWITCH_REFUSALS,
};

/* What became of a frame that was through. */
enum switch_fate {
	SWITCH_LINK_FULL, /* too much was on its way over the link */
	SWITCH_NO_PEER,	  /* nobody is at the link's other end */
	SWITCH_NO_LINK,	  /* there is no such link of this component */
	SWITCH_LOSSES,
	SWITCH_SENT = SWITCH_LOSSES,
};

/*
 * received = forwarded + flooded + the sum of refused, and
 * given = sent + the sum of lost + the output's waiting, always.
 */
struct switch_counts {
	uint64_t received, received_bytes;
	uint64_t forwarded; /* of those received: to the one port of their destination */
	uint64_t flooded;   /* of those received: to all other ports */
	uint64_t refused[SWITCH_REFUSALS];
	uint64_t given; /* copies that came to this port to be sent */
	uint64_t sent, sent_bytes;
	uint64_t lost[SWITCH_LOSSES];
};

struct switch_port {
	struct output output;
	struct switch_counts counts;
};

struct switch_config {
	uint32_t ports;
	uint64_t rate_bps; /* of each port's line, at least 1 */
	uint64_t buffer_bytes;
	uint64_t age_ns;
};

struct ethernet_switch {
	struct switch_config config;
	struct buffer buffer;
	struct fdb fdb;
	struct switch_port ports[];
};

/* NULL: this machine has no memory. */
struct ethernet_switch *switch_new(const struct switch_config *config);
void switch_free(struct ethernet_switch *self);

/* A frame has been wholly received at @port. False: this machine has no memory. */
bool switch_receive(struct ethernet_switch *self, uint32_t port, uint64_t now_ns,
		    const void *data, uint32_t length);

/* When the next frame is through, TIME_NONE: there is none. */
uint64_t switch_next_ns(const struct ethernet_switch *self);

/*
 * The next frame that is through by @now_ns, and *@port, where it is; NULL: there is none.
 * switch_done() is to be called for it before anything else.
 */
const struct frame *switch_due(const struct ethernet_switch *self, uint64_t now_ns,
			       uint32_t *port);
void switch_done(struct ethernet_switch *self, uint32_t port, enum switch_fate fate);

#endif /* SWITCH_SWITCH_H */
