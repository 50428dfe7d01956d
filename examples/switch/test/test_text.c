// SPDX-License-Identifier: Apache-2.0

#include "tests.h"

#include <string.h>

#include "links.h"
#include "quantity.h"
#include "tap.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static bool good_quantities(void)
{
	static const struct {
		const struct quantity *quantity;
		const char *text;
		uint64_t value;
	} cases[] = {
		{ &quantity_rate, "1kbit", 1000 },
		{ &quantity_rate, "2500bit", 2500 },
		{ &quantity_rate, "2.5Gbit", 2500000000ULL },
		{ &quantity_rate, "1Tbit", 1000000000000ULL },
		{ &quantity_size, "1B", 1 },
		{ &quantity_size, "0.5KiB", 512 },
		{ &quantity_size, "16GiB", 1ULL << 34 },
		{ &quantity_time, "0s", 0 },
		{ &quantity_time, "1.5us", 1500 },
		{ &quantity_time, "300s", 300000000000ULL },
		{ &quantity_time, "2400h", 8640000000000000ULL },
		{ &quantity_time, "5.0000000000000000ns", 5 },
	};
	char sentence[200] = "";
	uint64_t value = 77;
	unsigned int i;
	bool ok = true;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (!quantity_parse(cases[i].quantity, cases[i].text, &value, sentence,
				    sizeof(sentence)) ||
		    value != cases[i].value) {
			printf("# %s: %s\n", cases[i].text, sentence);
			ok = false;
		}
	return ok;
}

static bool bad_quantities(void)
{
	static const struct {
		const struct quantity *quantity;
		const char *text, *says;
	} cases[] = {
		{ &quantity_rate, "", "is not a rate" },
		{ &quantity_rate, "fast", "is not a rate" },
		{ &quantity_rate, "-1Gbit", "is not a rate" },
		{ &quantity_rate, ".5Gbit", "is not a rate" },
		{ &quantity_rate, "1.Gbit", "is not a rate" },
		{ &quantity_rate, "1234567890123456789bit", "is not a rate" },
		{ &quantity_rate, "1000", "has no unit; add one of bit, kbit" },
		{ &quantity_rate, "1Gbps", "unknown unit; take one of bit, kbit" },
		{ &quantity_rate, "1.2.3Gbit", "unknown unit" },
		{ &quantity_rate, "999bit", "out of range; write a rate from 1kbit to 1Tbit" },
		{ &quantity_rate, "1.001Tbit", "out of range" },
		{ &quantity_rate, "999999999999999999Tbit", "out of range" },
		{ &quantity_rate, "1000.5bit", "no whole number of bit" },
		{ &quantity_size, "0B", "out of range; write a size from 1B" },
		{ &quantity_size, "1MB", "unknown unit; take one of B, KiB" },
		{ &quantity_size, "0.3B", "no whole number of B" },
		{ &quantity_time, "2401h", "out of range; write a time from 0s to 2400h" },
		{ &quantity_time, "5m", "unknown unit" },
	};
	char sentence[200];
	uint64_t value = 77;
	unsigned int i;
	bool ok = true;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		sentence[0] = '\0';
		if (quantity_parse(cases[i].quantity, cases[i].text, &value, sentence,
				   sizeof(sentence)) ||
		    !strstr(sentence, cases[i].says)) {
			printf("# %s: \"%s\"\n", cases[i].text, sentence);
			ok = false;
		}
	}
	return ok & TAP_IS(value, 77);
}

static bool numbers(void)
{
	uint64_t value;
	bool ok = quantity_number("0", 0, 5, &value) && TAP_IS(value, 0);

	ok = ok && quantity_number("5", 0, 5, &value) && TAP_IS(value, 5);
	return ok && !quantity_number("6", 0, 5, &value) && !quantity_number("0", 1, 5, &value) &&
	       !quantity_number("", 0, 5, &value) && !quantity_number("1x", 0, 5, &value) &&
	       !quantity_number("1.0", 0, 5, &value) && !quantity_number("-1", 0, 5, &value) &&
	       !quantity_number(" 1", 0, 5, &value) &&
	       !quantity_number("18446744073709551617", 0, 5, &value);
}

bool test_quantities(void)
{
	return good_quantities() & bad_quantities() & numbers();
}

static bool good_links(void)
{
	static const struct {
		const char *text;
		int count;
		uint16_t ids[2];
	} cases[] = {
		{ "[]", 0 },
		{ " [ ] ", 0 },
		{ "[{\"id\":3}]", 1, { 3 } },
		{ "[{\"id\":0,\"peer\":\"a\",\"latency_ns\":1},{\"peer\":\"b\",\"id\":65535}]", 2,
		  { 0, 65535 } },
		{ "[{\"name\":\"\\\"id\\\":9,}]\\\\\",\"id\":8}]", 1, { 8 } },
		{ "[{\"more\":[1,{\"id\":5},[]],\"x\":{},\"y\":null,\"id\" : 12 ,\"z\":-1.5e3}\n]",
		  1, { 12 } },
	};
	uint16_t ids[4];
	unsigned int i;
	size_t at;
	int count, j;
	bool ok = true;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		count = links_parse(cases[i].text, ids, 4, &at);
		if (count != cases[i].count)
			printf("# %s: %d links, at %zu\n", cases[i].text, count, at);
		ok &= count == cases[i].count;
		for (j = 0; j < count && ok; j++)
			ok = TAP_IS(ids[j], cases[i].ids[j]);
	}
	return ok;
}

static bool bad_links(void)
{
	static const char *const cases[] = {
		"", "x", "{}", "[", "[{}]", "[{\"id\":}]", "[{\"id\":65536}]", "[{\"id\":-1}]",
		"[{\"id\":1.5}]", "[{\"id\":1e2}]", "[{\"id\":\"1\"}]", "[{\"id\":1}", "[{\"id\":1",
		"[{\"id\":1},]", "[{\"id\":1}]]", "[{\"id\":1}] x", "[{\"name\":\"a\"}]", "[1]",
		"[{\"id\"", "[{\"id\":1,}]", "[{\"name\":\"a\\",
		"[{\"a\":[[[[[[[[[[[1]]]]]]]]]]],\"id\":1}]",
		"[{\"id\":1},{\"id\":2},{\"id\":3}]", "[{\"id\":99999999999999999999}]",
	};
	uint16_t ids[2];
	unsigned int i;
	size_t at;
	bool ok = true;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (links_parse(cases[i], ids, 2, &at) >= 0 || at > strlen(cases[i])) {
			printf("# %s is taken\n", cases[i]);
			ok = false;
		}
	return ok;
}

bool test_links(void)
{
	return good_links() & bad_links();
}
