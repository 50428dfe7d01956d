/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test points of an example's unit tests, as KTAP version 1. A program calls tap_plan() once, then
 * gives each point once, and returns tap_end(). A point promised and not given fails the run.
 */
#ifndef EXAMPLES_TAP_H
#define EXAMPLES_TAP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TAP_UNUSED __attribute__((unused))

static struct {
	unsigned int planned, given, failed;
} tap;

TAP_UNUSED
static void tap_plan(unsigned int points)
{
	/* A line at a time, so that a program that dies has said all it did. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	tap.planned = points;
	printf("KTAP version 1\n1..%u\n", points);
}

TAP_UNUSED
static void tap_ok(bool ok, const char *name)
{
	tap.failed += !ok;
	printf("%sok %u %s\n", ok ? "" : "not ", ++tap.given, name);
}

/* Whether two numbers are the same; a note says which were not. */
TAP_UNUSED
static bool tap_same(uint64_t is, uint64_t wanted, const char *what, int line)
{
	if (is != wanted)
		printf("# line %d: %s is %llu, not %llu\n", line, what,
		       (unsigned long long)is, (unsigned long long)wanted);
	return is == wanted;
}

#define TAP_IS(is, wanted) tap_same((is), (wanted), #is, __LINE__)

TAP_UNUSED
static int tap_end(void)
{
	if (tap.given != tap.planned)
		printf("# planned %u points, gave %u\n", tap.planned, tap.given);
	return tap.failed || tap.given != tap.planned;
}

struct tap_point {
	bool (*holds)(void);
	const char *name;
};

/* A whole program: each of them in turn. Returns its status. */
TAP_UNUSED
static int tap_all(const struct tap_point *points, unsigned int count)
{
	unsigned int i;

	tap_plan(count);
	for (i = 0; i < count; i++)
		tap_ok(points[i].holds(), points[i].name);
	return tap_end();
}

#endif /* EXAMPLES_TAP_H */
