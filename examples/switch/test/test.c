// SPDX-License-Identifier: Apache-2.0
/* Needs nothing: it runs on any machine, without the module. */

#include "tests.h"

#include "tap.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static const struct tap_point points[] = {
	{ test_fdb_learns, "an address is where it was seen last" },
	{ test_fdb_ages, "an address is forgotten when its age has passed, and not before" },
	{ test_fdb_full, "a full table learns nothing more until something in it has aged" },
	{ test_fdb_random, "random frames: all that a plain list knows, and nothing else" },
	{ test_switch_floods, "frames to groups and unknown stations go to all ports but theirs" },
	{ test_switch_learns, "frames to a known station go to its port alone, and never back" },
	{ test_switch_times, "a frame takes its time on the line after it has come, in its turn" },
	{ test_switch_rounds, "times are rounded up to a nanosecond" },
	{ test_switch_buffer, "what finds no room is dropped; the last port done makes room" },
	{ test_switch_refuses, "frames that no bridge forwards are counted by why" },
	{ test_switch_loses, "frames that cannot be sent are counted by why" },
	{ test_switch_random, "random frames: every time, drop and count is as calculated" },
	{ test_report, "the report holds all counts" },
	{ test_quantities, "quantities are exact, and wrong ones are told of" },
	{ test_links, "links are found in LIVESTACK_LINKS, and none in what it cannot be" },
};

int main(void)
{
	return tap_all(points, ARRAY_SIZE(points));
}
