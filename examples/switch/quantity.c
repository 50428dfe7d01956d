// SPDX-License-Identifier: Apache-2.0

#include "quantity.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HOUR_NS 3600000000000ULL

const struct quantity quantity_rate = {
	.what = "a rate",
	.units = "bit, kbit, Mbit, Gbit, Tbit (a second), as in 25Gbit",
	.min = 1000,
	.max = 1000000000000ULL,
	.from = "1kbit",
	.to = "1Tbit",
	.unit = { { "bit", 1 },
		  { "kbit", 1000 },
		  { "Mbit", 1000000 },
		  { "Gbit", 1000000000 },
		  { "Tbit", 1000000000000ULL } },
};

const struct quantity quantity_size = {
	.what = "a size",
	.units = "B, KiB, MiB, GiB, as in 512KiB",
	.min = 1,
	.max = 1ULL << 34,
	.from = "1B",
	.to = "16GiB",
	.unit = { { "B", 1 }, { "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 } },
};

const struct quantity quantity_time = {
	.what = "a time",
	.units = "ns, us, ms, s, min, h, as in 300s",
	.min = 0,
	.max = 2400 * HOUR_NS,
	.from = "0s",
	.to = "2400h",
	.unit = { { "ns", 1 },
		  { "us", 1000 },
		  { "ms", 1000000 },
		  { "s", 1000000000 },
		  { "min", 60000000000ULL },
		  { "h", HOUR_NS } },
};

__attribute__((format(printf, 3, 4)))
static bool refuse(char *sentence, size_t room, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, room, format, args);
	va_end(args);
	return false;
}

/* The digits of @text, a point among them or not, and how many come after it. */
struct digits {
	uint64_t value;
	unsigned int count, after;
	const char *end;
};

#define DIGITS_MAX 18 /* any of so many are less than 2^63 */

static bool read_digits(const char *text, struct digits *digits)
{
	bool point = false;

	*digits = (struct digits){ .end = text };
	for (;; digits->end++) {
		const char sign = *digits->end;

		if (sign == '.' && !point && digits->count) {
			point = true;
			continue;
		}
		if (sign < '0' || sign > '9')
			break;
		digits->value = digits->value * 10 + (sign - '0');
		digits->after += point;
		if (++digits->count > DIGITS_MAX)
			return false;
	}
	return digits->count && !(point && !digits->after);
}

/* 0: there is no such unit. */
static uint64_t factor_of(const struct quantity *quantity, const char *name)
{
	unsigned int i;

	for (i = 0; i < 8 && quantity->unit[i].name; i++)
		if (!strcmp(quantity->unit[i].name, name))
			return quantity->unit[i].factor;
	return 0;
}

bool quantity_parse(const struct quantity *quantity, const char *text, uint64_t *value,
		    char *sentence, size_t room)
{
	struct digits digits;
	uint64_t factor, scale = 1;
	__uint128_t scaled;

	if (!read_digits(text, &digits))
		return refuse(sentence, room, "is not %s; write a number and one of %s",
			      quantity->what, quantity->units);
	factor = factor_of(quantity, digits.end);
	if (!factor)
		return refuse(sentence, room, *digits.end ? "has an unknown unit; take one of %s" :
							    "has no unit; add one of %s",
			      quantity->units);
	while (digits.after--)
		scale *= 10;
	scaled = (__uint128_t)digits.value * factor;
	if (scaled % scale)
		return refuse(sentence, room, "is no whole number of %s, and nothing is rounded",
			      quantity->unit[0].name);
	scaled /= scale;
	if (scaled < quantity->min || scaled > quantity->max)
		return refuse(sentence, room, "is out of range; write %s from %s to %s",
			      quantity->what, quantity->from, quantity->to);
	*value = scaled;
	return true;
}

bool quantity_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	struct digits digits;

	if (!read_digits(text, &digits) || digits.after || *digits.end)
		return false;
	*value = digits.value;
	return digits.value >= min && digits.value <= max;
}
