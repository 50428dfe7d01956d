// SPDX-License-Identifier: Apache-2.0

#include "output.h"

#include <stddef.h>

#define BIT_NS 1000000000ULL /* a bit at one bit a second */

void output_init(struct output *output, uint64_t rate_bps)
{
	*output = (struct output){ .rate_bps = rate_bps, .through_ns = TIME_NONE };
}

uint64_t output_takes_ns(const struct output *output, uint32_t length)
{
	return (length * 8ULL * BIT_NS + output->rate_bps - 1) / output->rate_bps;
}

/* The first one is on the line from @start_ns on. */
static void begin(struct output *output, uint64_t start_ns)
{
	output->through_ns = start_ns + output_takes_ns(output, output->first->frame->length);
}

void output_add(struct output *output, struct copy *copy, uint64_t now_ns)
{
	copy->next = NULL;
	output->waiting++;
	output->waiting_bytes += copy->frame->length;
	if (output->waiting_bytes > output->most_bytes)
		output->most_bytes = output->waiting_bytes;

	if (output->first) {
		output->last->next = copy;
		output->last = copy;
		return;
	}
	output->first = copy;
	output->last = copy;
	begin(output, now_ns);
}

struct copy *output_next(struct output *output)
{
	struct copy *copy = output->first;

	output->first = copy->next;
	output->waiting--;
	output->waiting_bytes -= copy->frame->length;
	/* There is no gap: it has waited since before the line was free. */
	if (output->first)
		begin(output, output->through_ns);
	else
		output->through_ns = TIME_NONE;
	return copy;
}
