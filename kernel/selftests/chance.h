/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers of which a seed says all: a schedule that broke something can be run again. */
#ifndef _LS_CHANCE_H
#define _LS_CHANCE_H

#include <stdint.h>

static uint64_t chance_seed = 1; /* any but 0 */

/* From 0 to one less than @below, of @seed's series. xorshift64*: Vigna, ACM TOMS 42(4), 2016. */
static inline uint64_t chance_of(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return (*seed * 2685821657736338717ULL >> 11) % below;
}

/* The same of the program's own. */
static inline uint64_t chance(uint64_t below)
{
	return chance_of(&chance_seed, below);
}

#endif /* _LS_CHANCE_H */
