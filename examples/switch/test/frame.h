/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the unit tests, and what a switch sends of them. */
#ifndef SWITCH_FRAME_H
#define SWITCH_FRAME_H

#include "switch.h"

#define EVERYBODY 0xffffffffffffULL
#define STATION(number) (0x020000000000ULL + (number))

/* Header and @number, at least 18 bytes; @room has as many as @length. */
void frame_write(uint8_t *room, uint32_t length, uint64_t to, uint64_t from, uint32_t number);
uint32_t frame_number(const uint8_t *frame);

/* A new switch of 1 Gbit/s: a byte takes 8 ns. */
struct ethernet_switch *frame_switch(uint32_t ports, uint64_t buffer_bytes, uint64_t age_ns);

/* Receives a frame of @length bytes. */
bool frame_put(struct ethernet_switch *self, uint32_t port, uint64_t now_ns, uint32_t length,
	       uint64_t to, uint64_t from, uint32_t number);

/*
 * Whether the next frame is through at @port at @at_ns, of this number; it is sent then. A note
 * tells what was there instead; @line is the test's.
 */
bool frame_get(struct ethernet_switch *self, uint32_t port, uint64_t at_ns, uint32_t number,
	       int line);
#define FRAME_GET(self, port, at_ns, number) frame_get(self, port, at_ns, number, __LINE__)

#endif /* SWITCH_FRAME_H */
