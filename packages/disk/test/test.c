// SPDX-License-Identifier: Apache-2.0
/* Needs nothing: it runs on any machine, without module and guest. What is refused is complained of. */

#include "tests.h"

#include "tap.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static const struct tap_point points[] = {
	{ test_ring_hostile, "a ring that leads out of itself, or of memory, or round, is broken" },
	{ test_ring_zero_lengths, "buffers of no length are as if they were not there" },
	{ test_ring_wraps, "a ring goes on past its end, and past the end of its counts" },
	{ test_ring_random, "a ring full of random bytes does no harm" },
	{ test_request_data, "what is written is read again, and is in the image" },
	{ test_request_bounds, "what is not on the disk is refused, and nothing of it done" },
	{ test_request_unknown, "unknown requests are said to be unsupported" },
	{ test_request_split, "a request may be in pieces of any size" },
	{ test_request_headless, "one without head or status is none" },
	{ test_protocol_answers, "what the front end asks is answered" },
	{ test_protocol_malformed, "malformed messages are refused" },
	{ test_protocol_memory, "memory that is not there is refused" },
	{ test_protocol_stop, "a ring that is stopped has all its requests back" },
	{ test_device_holds, "a completion is held until its token is back, whatever the order" },
	{ test_device_sizes, "tokens say how many bytes their requests move" },
	{ test_device_gone, "when the link is gone nothing is held any more" },
};

int main(void)
{
	return tap_all(points, ARRAY_SIZE(points));
}
