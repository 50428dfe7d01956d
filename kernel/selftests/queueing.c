// SPDX-License-Identifier: GPL-2.0-only

#include "queueing.h"

/* SplitMix64 (Steele, Lea, Flood 2014): the @number-th value of the series that @seed begins. */
static uint64_t draw(uint64_t seed, uint64_t number)
{
	uint64_t value = seed + (number + 1) * 0x9e3779b97f4a7c15;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
	value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
	return value ^ (value >> 31);
}

uint64_t queueing_gap_ns(uint64_t seed, uint64_t number, uint64_t mean_ns)
{
	const uint64_t value = draw(seed, number);

	return value >> 61 ? 1 + value % (2 * mean_ns) : 0;
}

uint64_t queueing_service_ns(uint64_t seed, uint64_t number, uint64_t mean_ns)
{
	return 1 + draw(seed, number) % (2 * mean_ns);
}
