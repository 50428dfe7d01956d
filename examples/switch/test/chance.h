/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers of which a seed says all. */
#ifndef SWITCH_CHANCE_H
#define SWITCH_CHANCE_H

#include <stdint.h>

/* From 0 to one less than @below. splitmix64, by Sebastiano Vigna. */
static inline uint64_t chance(uint64_t *state, uint64_t below)
{
	uint64_t value = *state += 0x9e3779b97f4a7c15ULL;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
	return (value ^ (value >> 31)) % below;
}

#endif /* SWITCH_CHANCE_H */
