// SPDX-License-Identifier: Apache-2.0

#include "fdb.h"

#include <stdbool.h>
#include <stddef.h>

#define NONE FDB_ENTRIES

static uint64_t key_of(const uint8_t *address)
{
	uint64_t key = 0;
	unsigned int i;

	for (i = 0; i < FDB_ADDRESS; i++)
		key = key << 8 | address[i];
	return key;
}

/* The last step of splitmix64, by Sebastiano Vigna: addresses often differ in few bits alone. */
static uint32_t bucket_of(uint64_t key)
{
	key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9ULL;
	key = (key ^ (key >> 27)) * 0x94d049bb133111ebULL;
	return (key ^ (key >> 31)) % FDB_BUCKETS;
}

static bool is_aged(const struct fdb *fdb, const struct fdb_entry *entry, uint64_t now_ns)
{
	return now_ns - entry->seen_ns >= fdb->age_ns;
}

void fdb_init(struct fdb *fdb, uint64_t age_ns)
{
	uint32_t i;

	fdb->age_ns = age_ns;
	fdb->moved = 0;
	fdb->refused = 0;
	fdb->sweep_ns = 0;
	fdb->free = 0;
	for (i = 0; i < FDB_BUCKETS; i++)
		fdb->buckets[i] = NONE;
	/* NONE, behind the last. */
	for (i = 0; i < FDB_ENTRIES; i++)
		fdb->entries[i].next = i + 1;
}

/* Its place, aged or not, or NONE. */
static uint32_t place_of(const struct fdb *fdb, uint64_t key)
{
	uint32_t place = fdb->buckets[bucket_of(key)];

	while (place != NONE && fdb->entries[place].address != key)
		place = fdb->entries[place].next;
	return place;
}

uint32_t fdb_find(const struct fdb *fdb, const uint8_t *address, uint64_t now_ns)
{
	const uint32_t place = place_of(fdb, key_of(address));

	if (place == NONE || is_aged(fdb, &fdb->entries[place], now_ns))
		return FDB_UNKNOWN;
	return fdb->entries[place].port;
}

static void forget(struct fdb *fdb, uint32_t *before)
{
	const uint32_t place = *before;

	*before = fdb->entries[place].next;
	fdb->entries[place].next = fdb->free;
	fdb->free = place;
}

/*
 * Frees what has aged, and notes until when there is no use in doing so again: else each frame with
 * a new address would cost a walk through all of a full table.
 */
static void sweep(struct fdb *fdb, uint64_t now_ns)
{
	uint64_t oldest_ns = now_ns;
	uint32_t i, *place;

	for (i = 0; i < FDB_BUCKETS; i++) {
		place = &fdb->buckets[i];
		while (*place != NONE) {
			struct fdb_entry *entry = &fdb->entries[*place];

			if (is_aged(fdb, entry, now_ns)) {
				forget(fdb, place);
				continue;
			}
			if (entry->seen_ns < oldest_ns)
				oldest_ns = entry->seen_ns;
			place = &entry->next;
		}
	}
	fdb->sweep_ns = oldest_ns + fdb->age_ns;
}

/* Room for one more in the bucket of @key, or NULL. */
static struct fdb_entry *add(struct fdb *fdb, uint64_t key, uint64_t now_ns)
{
	uint32_t *bucket = &fdb->buckets[bucket_of(key)], place;

	if (fdb->free == NONE && now_ns >= fdb->sweep_ns)
		sweep(fdb, now_ns);
	place = fdb->free;
	if (place == NONE)
		return NULL;
	fdb->free = fdb->entries[place].next;
	fdb->entries[place].next = *bucket;
	*bucket = place;
	return &fdb->entries[place];
}

void fdb_learn(struct fdb *fdb, const uint8_t *address, uint32_t port, uint64_t now_ns)
{
	const uint64_t key = key_of(address);
	const uint32_t place = place_of(fdb, key);
	struct fdb_entry *entry;

	if (place == NONE) {
		entry = add(fdb, key, now_ns);
		if (!entry) {
			fdb->refused++;
			return;
		}
	} else {
		entry = &fdb->entries[place];
		fdb->moved += entry->port != port && !is_aged(fdb, entry, now_ns);
	}
	entry->address = key;
	entry->port = port;
	entry->seen_ns = now_ns;
}

uint32_t fdb_count(const struct fdb *fdb, uint64_t now_ns)
{
	uint32_t i, place, count = 0;

	for (i = 0; i < FDB_BUCKETS; i++)
		for (place = fdb->buckets[i]; place != NONE; place = fdb->entries[place].next)
			count += !is_aged(fdb, &fdb->entries[place], now_ns);
	return count;
}
