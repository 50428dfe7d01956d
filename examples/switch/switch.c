// SPDX-License-Identifier: Apache-2.0

#include "switch.h"

#include <stdlib.h>
#include <string.h>

#define HEADER 14 /* destination, source, type */
#define GROUP 1	  /* bit of an address's first byte: more stations than one */

struct ethernet_switch *switch_new(const struct switch_config *config)
{
	struct ethernet_switch *self;
	uint32_t i;

	self = calloc(1, sizeof(*self) + config->ports * sizeof(self->ports[0]));
	if (!self)
		return NULL;
	self->config = *config;
	self->buffer.size_bytes = config->buffer_bytes;
	fdb_init(&self->fdb, config->age_ns);
	for (i = 0; i < config->ports; i++)
		output_init(&self->ports[i].output, config->rate_bps);
	return self;
}

void switch_free(struct ethernet_switch *self)
{
	uint32_t i;

	for (i = 0; i < self->config.ports; i++)
		while (self->ports[i].output.first)
			buffer_release(&self->buffer, output_next(&self->ports[i].output));
	free(self);
}

static bool is_station(const uint8_t *address)
{
	static const uint8_t zero[FDB_ADDRESS];

	return !(address[0] & GROUP) && memcmp(address, zero, FDB_ADDRESS);
}

/* 01-80-C2-00-00-00 to -0F: pause frames, spanning trees and others that end at the next bridge. */
static bool is_reserved(const uint8_t *address)
{
	static const uint8_t reserved[FDB_ADDRESS - 1] = { 0x01, 0x80, 0xc2 };

	return !memcmp(address, reserved, sizeof(reserved)) && address[FDB_ADDRESS - 1] < 16;
}

/*
 * Where a frame goes: SWITCH_REFUSALS, and in *@to the one port or FDB_UNKNOWN for all others, or
 * why it goes nowhere. What it tells of its source is learned in any case.
 */
static enum switch_refusal look(struct ethernet_switch *self, uint32_t port, uint64_t now_ns,
				const uint8_t *data, uint32_t length, uint32_t *to)
{
	const uint8_t *destination = data, *source = data + FDB_ADDRESS;

	if (length < HEADER)
		return SWITCH_RUNT;
	if (!is_station(source))
		return SWITCH_BAD_SOURCE;
	fdb_learn(&self->fdb, source, port, now_ns);
	if (is_reserved(destination))
		return SWITCH_RESERVED;
	*to = destination[0] & GROUP ? FDB_UNKNOWN : fdb_find(&self->fdb, destination, now_ns);
	if (*to == port)
		return SWITCH_SAME_PORT;
	return buffer_has_room(&self->buffer, length) ? SWITCH_REFUSALS : SWITCH_BUFFER_FULL;
}

static void queue(struct switch_port *port, struct copy *copy, uint64_t now_ns)
{
	port->counts.given++;
	output_add(&port->output, copy, now_ns);
}

static void flood(struct ethernet_switch *self, uint32_t from, struct frame *frame,
		  uint64_t now_ns)
{
	struct copy *copy = frame->copies;
	uint32_t i;

	for (i = 0; i < self->config.ports; i++)
		if (i != from)
			queue(&self->ports[i], copy++, now_ns);
}

bool switch_receive(struct ethernet_switch *self, uint32_t port, uint64_t now_ns,
		    const void *data, uint32_t length)
{
	struct switch_counts *counts = &self->ports[port].counts;
	enum switch_refusal refusal;
	struct frame *frame;
	uint32_t to = 0;

	counts->received++;
	counts->received_bytes += length;
	refusal = look(self, port, now_ns, data, length, &to);
	if (refusal != SWITCH_REFUSALS) {
		counts->refused[refusal]++;
		return true;
	}
	frame = buffer_take(&self->buffer, data, length,
			    to == FDB_UNKNOWN ? self->config.ports - 1 : 1);
	if (!frame)
		return false;
	if (to == FDB_UNKNOWN) {
		counts->flooded++;
		flood(self, port, frame, now_ns);
	} else {
		counts->forwarded++;
		queue(&self->ports[to], frame->copies, now_ns);
	}
	return true;
}

/* The port whose frame is through first, of several the lowest. */
static uint32_t first_port(const struct ethernet_switch *self)
{
	uint32_t i, first = 0;

	for (i = 1; i < self->config.ports; i++)
		if (self->ports[i].output.through_ns < self->ports[first].output.through_ns)
			first = i;
	return first;
}

uint64_t switch_next_ns(const struct ethernet_switch *self)
{
	return self->ports[first_port(self)].output.through_ns;
}

const struct frame *switch_due(const struct ethernet_switch *self, uint64_t now_ns,
			       uint32_t *port)
{
	const struct output *output;

	*port = first_port(self);
	output = &self->ports[*port].output;
	return output->first && output->through_ns <= now_ns ? output->first->frame : NULL;
}

void switch_done(struct ethernet_switch *self, uint32_t port, enum switch_fate fate)
{
	struct switch_counts *counts = &self->ports[port].counts;
	struct copy *copy = output_next(&self->ports[port].output);

	if (fate == SWITCH_SENT) {
		counts->sent++;
		counts->sent_bytes += copy->frame->length;
	} else {
		counts->lost[fate]++;
	}
	buffer_release(&self->buffer, copy);
}
