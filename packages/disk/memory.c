// SPDX-License-Identifier: Apache-2.0

#include "memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "complain.h"

static bool wraps(uint64_t start, uint64_t size)
{
	return start + size < start;
}

/* The file has to be long enough, or a look at the mapping would end us. */
static bool fits(const struct memory_region *region, int file)
{
	struct stat stat;

	if (!region->size || wraps(region->guest, region->size) ||
	    wraps(region->user, region->size) || wraps(region->offset, region->size))
		return complain("memory: a region of %llu bytes goes past the end of an address space",
				(unsigned long long)region->size);
	if (fstat(file, &stat) || (uint64_t)stat.st_size < region->offset + region->size)
		return complain("memory: a region is longer than its file");
	return true;
}

static bool add(struct memory *memory, const struct memory_region *region, int file)
{
	const uint64_t mapped = region->offset + region->size;
	void *map;

	if (!fits(region, file))
		return false;
	map = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (map == MAP_FAILED)
		return complain("memory: a region cannot be mapped: %s", strerror(errno));
	memory->part[memory->count].region = *region;
	memory->part[memory->count].at = (uint8_t *)map + region->offset;
	memory->part[memory->count].map = map;
	memory->part[memory->count].mapped = mapped;
	memory->count++;
	return true;
}

bool memory_set(struct memory *memory, unsigned int count, const struct memory_region *regions,
		const int *files)
{
	unsigned int i;

	memory_forget(memory);
	for (i = 0; i < count; i++)
		if (!add(memory, &regions[i], files[i]))
			return false;
	return true;
}

void memory_forget(struct memory *memory)
{
	while (memory->count) {
		memory->count--;
		munmap(memory->part[memory->count].map, memory->part[memory->count].mapped);
	}
}

/* Sums may not be made of what the guest says: they could wrap. */
static bool holds(uint64_t start, uint64_t size, uint64_t address, uint64_t length)
{
	return address >= start && address - start <= size && length <= size - (address - start);
}

static void *at(const struct memory *memory, bool by_guest, uint64_t address, uint64_t length)
{
	unsigned int i;

	for (i = 0; i < memory->count; i++) {
		const struct memory_region *region = &memory->part[i].region;
		const uint64_t start = by_guest ? region->guest : region->user;

		if (holds(start, region->size, address, length))
			return memory->part[i].at + (address - start);
	}
	return NULL;
}

void *memory_of_guest(const struct memory *memory, uint64_t address, uint64_t length)
{
	return at(memory, true, address, length);
}

void *memory_of_user(const struct memory *memory, uint64_t address, uint64_t length)
{
	return at(memory, false, address, length);
}
