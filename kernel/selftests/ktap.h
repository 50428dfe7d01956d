/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Test points as KTAP version 1. A program calls ktap_plan() once, then gives each point once, in
 * any of the ways below, and returns ktap_end(). A point promised and not given fails the run.
 */
#ifndef _LS_KTAP_H
#define _LS_KTAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	unsigned int planned, given, failed;
} ktap;

#define KTAP_UNUSED __attribute__((unused))

static void ktap_plan(unsigned int points)
{
	/* A line at a time, so that a program that dies has said all it did. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	ktap.planned = points;
	printf("KTAP version 1\n1..%u\n", points);
}

/* Says more about the point that follows; shown by the summary when that point fails. */
KTAP_UNUSED __attribute__((format(printf, 1, 2)))
static void ktap_note(const char *format, ...)
{
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

static bool ktap_point(bool ok, const char *directive, const char *name)
{
	ktap.given++;
	printf("%sok %u %s%s\n", ok ? "" : "not ", ktap.given, name, directive);
	return ok;
}

KTAP_UNUSED
static bool ktap_ok(bool ok, const char *name)
{
	if (!ok)
		ktap.failed++;
	return ktap_point(ok, "", name);
}

/* A point that cannot be asked here. The reason says what it would take. */
KTAP_UNUSED
static void ktap_skip(const char *name, const char *reason)
{
	char directive[256];

	snprintf(directive, sizeof(directive), " # SKIP %s", reason);
	ktap_point(true, directive, name);
}

/* A point that is known to fail: it fails the run when it does not. */
KTAP_UNUSED
static void ktap_xfail(bool ok, const char *name, const char *reason)
{
	char directive[256];

	snprintf(directive, sizeof(directive), " # XFAIL %s", reason);
	if (ok) {
		ktap_note("expected to fail (%s) but passed: take the mark away", reason);
		ktap_ok(false, name);
	} else {
		ktap_point(false, directive, name);
	}
}

/* Everything planned is skipped, for a program that cannot run here at all. */
KTAP_UNUSED
static int ktap_skip_all(const char *reason)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n1..0 # SKIP %s\n", reason);
	return 0;
}

/* Whether a call said the error number that it should; a note tells when not. 0 is none. */
KTAP_UNUSED
static bool ktap_is(int said, int wanted)
{
	if (said != wanted)
		ktap_note("said %d (%s), wanted %d (%s)", said, strerror(said), wanted,
			  strerror(wanted));
	return said == wanted;
}

/* How often something is done: few times by default, the issues' figures with LS_FULL=1. */
KTAP_UNUSED
static unsigned int ktap_count(unsigned int few, unsigned int full)
{
	const char *set = getenv("LS_FULL");

	return set && *set == '1' ? full : few;
}

/* Whether what takes long, or much of the machine, is wanted: in full, or asked for by name. */
KTAP_UNUSED
static bool ktap_chosen(void)
{
	return getenv("LS_CHOSEN") || ktap_count(0, 1);
}

static int ktap_end(void)
{
	if (ktap.given != ktap.planned)
		printf("# planned %u points, gave %u\n", ktap.planned, ktap.given);
	return ktap.failed || ktap.given != ktap.planned;
}

#endif /* _LS_KTAP_H */
