/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers of which a seed says all: a schedule that broke something can be run again. */
#ifndef _LS_CHANCE_H
#define _LS_CHANCE_H

#include <stdint.h>

static uint64_t chance_seed = 1; /* any but 0 */

/* From 0 to one less than @below. xorshift64*: Vigna, ACM TOMS 42(4), 2016. */
static inline uint64_t chance(uint64_t below)
{
	chance_seed ^= chance_seed >> 12;
	chance_seed ^= chance_seed << 25;
	chance_seed ^= chance_seed >> 27;
	return (chance_seed * 2685821657736338717ULL >> 11) % below;
}

#endif /* _LS_CHANCE_H */
