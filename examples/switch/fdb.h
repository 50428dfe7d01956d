/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forwarding database: at which port an address was seen last, and when. It knows no clock; the
 * caller says what time it is, and never less than before.
 */
#ifndef SWITCH_FDB_H
#define SWITCH_FDB_H

#include <stdint.h>

#define FDB_ADDRESS 6	 /* bytes of a MAC address */
#define FDB_ENTRIES 8192 /* addresses at most; with one more, nothing is learned */
#define FDB_BUCKETS 4096 /* a power of two */

/* No port: the address is not known. */
#define FDB_UNKNOWN (~0U)

struct fdb_entry {
	uint64_t address; /* its bytes, the first one highest */
	uint64_t seen_ns;
	uint32_t port;
	uint32_t next; /* in its bucket or in the free list; FDB_ENTRIES: none */
};

struct fdb {
	uint64_t age_ns;
	uint64_t moved;	  /* addresses that were seen at another port than before */
	uint64_t refused; /* frames whose address found no room */
	uint64_t sweep_ns; /* while it is full: nothing ages before this */
	uint32_t free;
	uint32_t buckets[FDB_BUCKETS];
	struct fdb_entry entries[FDB_ENTRIES];
};

/* An address is forgotten when @age_ns have passed since it was seen. 0: none is ever known. */
void fdb_init(struct fdb *fdb, uint64_t age_ns);

/* @address was seen at @port. */
void fdb_learn(struct fdb *fdb, const uint8_t *address, uint32_t port, uint64_t now_ns);

/* The port of @address, or FDB_UNKNOWN. */
uint32_t fdb_find(const struct fdb *fdb, const uint8_t *address, uint64_t now_ns);

/* How many addresses are known. */
uint32_t fdb_count(const struct fdb *fdb, uint64_t now_ns);

#endif /* SWITCH_FDB_H */
