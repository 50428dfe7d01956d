/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a port puts frames on its line: one after the other, in the order in which they came to it,
 * each for as long as its bits take at the port's rate.
 */
#ifndef SWITCH_OUTPUT_H
#define SWITCH_OUTPUT_H

#include <stdint.h>

#include "buffer.h"

#define TIME_NONE (~(uint64_t)0)

struct output {
	uint64_t rate_bps;
	uint64_t through_ns; /* when the first one's last bit is out; TIME_NONE: there is none */
	struct copy *first, *last;
	uint32_t waiting;     /* frames, the one on the line among them */
	uint64_t waiting_bytes;
	uint64_t most_bytes; /* that ever waited */
};

void output_init(struct output *output, uint64_t rate_bps);

/*
 * How long @length bytes are on the line, rounded up to a nanosecond, as livestack.ko does for a
 * link's rate: no two frames ever take less than the rate allows.
 */
uint64_t output_takes_ns(const struct output *output, uint32_t length);

/* @copy came to the port at @now_ns. */
void output_add(struct output *output, struct copy *copy, uint64_t now_ns);

/* The first one, which is through; from then on the next one is on the line. */
struct copy *output_next(struct output *output);

#endif /* SWITCH_OUTPUT_H */
