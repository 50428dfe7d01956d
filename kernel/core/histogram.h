/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LS_HISTOGRAM_H
#define _LS_HISTOGRAM_H

#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/types.h>

/* Entry i counts the values with i significant bits; times have 53 at most. */
#define LS_HISTOGRAM_ENTRIES 54

struct ls_histogram {
	u64 count[LS_HISTOGRAM_ENTRIES];
};

static inline void ls_histogram_add(struct ls_histogram *histogram, u64 value)
{
	histogram->count[min(fls64(value), LS_HISTOGRAM_ENTRIES - 1)]++;
}

/* How many entries there are up to the last that is not 0. */
static inline unsigned int ls_histogram_length(const struct ls_histogram *histogram)
{
	unsigned int length = LS_HISTOGRAM_ENTRIES;

	while (length && !histogram->count[length - 1])
		length--;
	return length;
}

#endif /* _LS_HISTOGRAM_H */
