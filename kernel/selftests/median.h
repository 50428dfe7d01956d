/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LS_MEDIAN_H
#define _LS_MEDIAN_H

#include <stddef.h>

/* Of at least one; of two in the middle the higher. Sorts them. */
double median_of(double *values, size_t count);

#endif /* _LS_MEDIAN_H */
