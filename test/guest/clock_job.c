// SPDX-License-Identifier: Apache-2.0
/*
 * Prints how much CPU time a fixed piece of work took by this machine's own clock, in nanoseconds:
 * what else this machine did meanwhile does not count.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int main(void)
{
	volatile uint64_t x = 1;
	int64_t start = now_ns();

	for (int i = 0; i < 20000000; i++)
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
	printf("%lld\n", (long long)(now_ns() - start));
	return 0;
}
