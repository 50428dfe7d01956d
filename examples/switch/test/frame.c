// SPDX-License-Identifier: Apache-2.0

#include "frame.h"

#include <stdio.h>
#include <string.h>

static void write_address(uint8_t *room, uint64_t address)
{
	unsigned int i;

	for (i = 0; i < FDB_ADDRESS; i++)
		room[i] = address >> (8 * (FDB_ADDRESS - 1 - i));
}

void frame_write(uint8_t *room, uint32_t length, uint64_t to, uint64_t from, uint32_t number)
{
	memset(room, 0, length);
	write_address(room, to);
	write_address(room + FDB_ADDRESS, from);
	room[12] = 0x88; /* a protocol for experiments, IEEE 802 */
	room[13] = 0xb5;
	memcpy(room + 14, &number, sizeof(number));
}

uint32_t frame_number(const uint8_t *frame)
{
	uint32_t number;

	memcpy(&number, frame + 14, sizeof(number));
	return number;
}

struct ethernet_switch *frame_switch(uint32_t ports, uint64_t buffer_bytes, uint64_t age_ns)
{
	return switch_new(&(struct switch_config){
		.ports = ports,
		.rate_bps = 1000000000,
		.buffer_bytes = buffer_bytes,
		.age_ns = age_ns,
	});
}

bool frame_put(struct ethernet_switch *self, uint32_t port, uint64_t now_ns, uint32_t length,
	       uint64_t to, uint64_t from, uint32_t number)
{
	uint8_t frame[2048];

	frame_write(frame, length, to, from, number);
	return switch_receive(self, port, now_ns, frame, length);
}

bool frame_get(struct ethernet_switch *self, uint32_t port, uint64_t at_ns, uint32_t number,
	       int line)
{
	const uint64_t next_ns = switch_next_ns(self);
	const struct frame *frame = NULL;
	uint32_t where = 0;
	bool ok;

	if (next_ns != TIME_NONE && !switch_due(self, next_ns - 1, &where))
		frame = switch_due(self, next_ns, &where);
	if (!frame) {
		printf("# line %d: nothing comes\n", line);
		return false;
	}
	ok = where == port && next_ns == at_ns && frame_number(frame->data) == number;
	if (!ok)
		printf("# line %d: frame %u at port %u at %llu\n", line,
		       frame_number(frame->data), where, (unsigned long long)next_ns);
	switch_done(self, where, SWITCH_SENT);
	return ok;
}
