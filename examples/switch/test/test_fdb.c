// SPDX-License-Identifier: Apache-2.0

#include "tests.h"

#include <string.h>

#include "chance.h"
#include "fdb.h"
#include "tap.h"

#define AGE 1000

/* An address of a station for each number. */
static const uint8_t *station(uint32_t number)
{
	static uint8_t address[4][FDB_ADDRESS];
	static unsigned int turn;
	uint8_t *own = address[turn++ % 4];

	own[0] = 2;
	own[1] = 0;
	memcpy(own + 2, &number, sizeof(number));
	return own;
}

bool test_fdb_learns(void)
{
	static struct fdb fdb;
	bool ok;

	fdb_init(&fdb, AGE);
	ok = TAP_IS(fdb_find(&fdb, station(1), 0), FDB_UNKNOWN);
	fdb_learn(&fdb, station(1), 3, 0);
	fdb_learn(&fdb, station(2), 0, 5);
	ok &= TAP_IS(fdb_find(&fdb, station(1), 5), 3);
	ok &= TAP_IS(fdb_find(&fdb, station(2), 5), 0);
	ok &= TAP_IS(fdb_find(&fdb, station(3), 5), FDB_UNKNOWN);
	fdb_learn(&fdb, station(1), 3, 6);
	ok &= TAP_IS(fdb.moved, 0);
	fdb_learn(&fdb, station(1), 2, 7);
	ok &= TAP_IS(fdb_find(&fdb, station(1), 7), 2);
	ok &= TAP_IS(fdb.moved, 1);
	return ok & TAP_IS(fdb_count(&fdb, 7), 2);
}

bool test_fdb_ages(void)
{
	static struct fdb fdb;
	bool ok;

	fdb_init(&fdb, AGE);
	fdb_learn(&fdb, station(1), 1, 100);
	ok = TAP_IS(fdb_find(&fdb, station(1), 100 + AGE - 1), 1);
	ok &= TAP_IS(fdb_find(&fdb, station(1), 100 + AGE), FDB_UNKNOWN);
	ok &= TAP_IS(fdb_count(&fdb, 100 + AGE), 0);
	/* Seen at another port once it is forgotten it has not moved. */
	fdb_learn(&fdb, station(1), 2, 100 + AGE);
	ok &= TAP_IS(fdb.moved, 0);
	/* Being seen makes it young. */
	fdb_learn(&fdb, station(1), 2, 100 + 2 * AGE - 1);
	ok &= TAP_IS(fdb_find(&fdb, station(1), 100 + 2 * AGE), 2);

	fdb_init(&fdb, 0);
	fdb_learn(&fdb, station(1), 1, 100);
	return ok & TAP_IS(fdb_find(&fdb, station(1), 100), FDB_UNKNOWN);
}

bool test_fdb_full(void)
{
	static struct fdb fdb;
	uint32_t i;
	bool ok;

	fdb_init(&fdb, AGE);
	for (i = 0; i < FDB_ENTRIES; i++)
		fdb_learn(&fdb, station(i), i % 7, i < 2 ? i : 2);
	ok = TAP_IS(fdb_count(&fdb, 2), FDB_ENTRIES) & TAP_IS(fdb.refused, 0);
	fdb_learn(&fdb, station(FDB_ENTRIES), 0, 3);
	ok &= TAP_IS(fdb.refused, 1);
	ok &= TAP_IS(fdb_find(&fdb, station(FDB_ENTRIES), 3), FDB_UNKNOWN);
	/* Who is in it is still learned. */
	fdb_learn(&fdb, station(5), 6, 3);
	ok &= TAP_IS(fdb_find(&fdb, station(5), 3), 6);

	/* Station 0 has aged, station 1 has not: there is room for one. */
	fdb_learn(&fdb, station(FDB_ENTRIES), 1, AGE);
	fdb_learn(&fdb, station(FDB_ENTRIES + 1), 1, AGE);
	ok &= TAP_IS(fdb.refused, 2);
	ok &= TAP_IS(fdb_find(&fdb, station(FDB_ENTRIES), AGE), 1);
	ok &= TAP_IS(fdb_find(&fdb, station(1), AGE), 1);
	/* All but the two of these have, and all others are found no more. */
	fdb_learn(&fdb, station(FDB_ENTRIES + 1), 1, AGE + 2);
	ok &= TAP_IS(fdb_count(&fdb, AGE + 2), 3);
	for (i = 0; i < FDB_ENTRIES; i++)
		ok &= i == 5 || fdb_find(&fdb, station(i), AGE + 2) == FDB_UNKNOWN;
	return ok & TAP_IS(fdb.refused, 2);
}

#define STATIONS 600

bool test_fdb_random(void)
{
	static struct fdb fdb;
	struct {
		uint64_t seen_ns;
		uint32_t port;
		bool ever;
	} known[STATIONS] = { 0 };
	uint64_t random = 1, now_ns = 0;
	uint32_t i, who, wanted;
	bool ok = true;

	fdb_init(&fdb, AGE);
	for (i = 0; ok && i < 200000; i++) {
		now_ns += chance(&random, 4);
		who = chance(&random, STATIONS);
		if (chance(&random, 2)) {
			known[who].ever = true;
			known[who].seen_ns = now_ns;
			known[who].port = chance(&random, 8);
			fdb_learn(&fdb, station(who), known[who].port, now_ns);
		}
		who = chance(&random, STATIONS);
		wanted = known[who].ever && now_ns - known[who].seen_ns < AGE ? known[who].port :
										FDB_UNKNOWN;
		ok = TAP_IS(fdb_find(&fdb, station(who), now_ns), wanted);
	}
	return ok;
}
