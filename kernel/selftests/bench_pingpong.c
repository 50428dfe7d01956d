// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_pingpong ROUNDS: two threads wake each other in turn by eventfds. Prints the wall time of
 * one wake, half a round, in ns.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host_clock.h"

static int ping, pong;
static unsigned int rounds;

static bool hit(int fd)
{
	const uint64_t one = 1;

	return write(fd, &one, sizeof(one)) == sizeof(one);
}

static bool await(int fd)
{
	uint64_t value;

	return read(fd, &value, sizeof(value)) == sizeof(value);
}

static void *return_all(void *unused)
{
	unsigned int i;

	(void)unused;
	for (i = 0; i < rounds; i++)
		if (!await(ping) || !hit(pong))
			break;
	return NULL;
}

int main(int argc, char *argv[])
{
	pthread_t thread;
	unsigned int i;
	double begun;

	rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
	if (!rounds) {
		fprintf(stderr, "usage: %s ROUNDS\n", argv[0]);
		return 2;
	}
	ping = eventfd(0, 0);
	pong = eventfd(0, 0);
	if (ping < 0 || pong < 0 || pthread_create(&thread, NULL, return_all, NULL))
		return 1;
	begun = time_of(CLOCK_MONOTONIC);
	for (i = 0; i < rounds; i++)
		if (!hit(ping) || !await(pong))
			return 1;
	printf("%.1f\n", (time_of(CLOCK_MONOTONIC) - begun) / rounds / 2);
	pthread_join(thread, NULL);
	return 0;
}
