/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's memory, as its VMM shares it: regions of files, mapped here. */
#ifndef DISK_MEMORY_H
#define DISK_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#define MEMORY_REGIONS 8

/* As vhost-user's SET_MEM_TABLE has it. */
struct memory_region {
	uint64_t guest, size, user, offset;
};

struct memory {
	unsigned int count;
	struct {
		struct memory_region region;
		uint8_t *at; /* its first byte */
		void *map;
		uint64_t mapped;
	} part[MEMORY_REGIONS];
};

/* Maps @count regions, each of its file, in the place of what there was. The files stay open. */
bool memory_set(struct memory *memory, unsigned int count, const struct memory_region *regions,
		const int *files);
void memory_forget(struct memory *memory);

/*
 * Where the @length bytes are that the guest, or its VMM, has at @address; NULL: not all of them
 * are in one region.
 */
void *memory_of_guest(const struct memory *memory, uint64_t address, uint64_t length);
void *memory_of_user(const struct memory *memory, uint64_t address, uint64_t length);

#endif /* DISK_MEMORY_H */
