/* SPDX-License-Identifier: Apache-2.0 */
/* Rates, sizes and times as people write them, "25Gbit", "1.5MiB", "300s": as in scenario files. */
#ifndef SWITCH_QUANTITY_H
#define SWITCH_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quantity {
	const char *what;  /* with its article */
	const char *units; /* all of them, for whoever took another */
	uint64_t min, max; /* in the base unit */
	const char *from, *to; /* the same as people write them */
	struct {
		const char *name;
		uint64_t factor; /* so many of the base unit */
	} unit[8];
};

extern const struct quantity quantity_rate; /* bits a second */
extern const struct quantity quantity_size; /* bytes */
extern const struct quantity quantity_time; /* nanoseconds */

/*
 * Exact: nothing is rounded. False: @sentence, of @room bytes, says what is wrong and how to mend
 * it.
 */
bool quantity_parse(const struct quantity *quantity, const char *text, uint64_t *value,
		    char *sentence, size_t room);

/* A whole number of @min to @max, in digits alone. */
bool quantity_number(const char *text, uint64_t min, uint64_t max, uint64_t *value);

#endif /* SWITCH_QUANTITY_H */
