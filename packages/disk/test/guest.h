/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest and its VMM, as far as a disk sees them: memory, a ring in it, messages about both, an
 * image. What a test puts there by hand may be as wrong as it likes.
 */
#ifndef DISK_GUEST_H
#define DISK_GUEST_H

#include "protocol.h"

#define GUEST_SIZE (1U << 20)
#define GUEST_AT 0x100000000ULL	     /* by the guest's own address */
#define GUEST_USER 0x7f1200000000ULL /* by its VMM's */
#define GUEST_DESC 0
#define GUEST_AVAIL 0x8000
#define GUEST_USED 0xa000
#define GUEST_DATA 0x10000
#define GUEST_RING 16
#define GUEST_IMAGE (64 * SECTOR)

struct guest {
	struct device device;
	int memory_file, kick, call;
	uint8_t *memory;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
};

/* All set up, by messages. False: one was refused. guest_end() in any case. */
bool guest_begin(struct guest *guest);
void guest_end(struct guest *guest);

/* One message with a number in it, or as a ring's state. Whether the device took it. */
bool guest_says(struct guest *guest, uint32_t request, uint64_t number);
bool guest_says_ring(struct guest *guest, uint32_t request, uint32_t index, uint32_t number);
/* Its memory, as it is, with another size and offset. */
bool guest_says_memory(struct guest *guest, uint64_t size, uint64_t offset);

void guest_describe(struct guest *guest, unsigned int at, uint64_t address, uint32_t length,
		    uint16_t flags, uint16_t next);
void guest_offer(struct guest *guest, uint16_t head);

/*
 * A request in descriptors @head to @head + 2: head, @bytes of data, status. Its data is at
 * guest_data(), its status guest_status().
 */
void guest_ask(struct guest *guest, uint16_t head, uint32_t type, uint64_t sector, uint32_t bytes);
uint8_t *guest_data(struct guest *guest, uint16_t head);
uint8_t guest_status(struct guest *guest, uint16_t head);

/* How often the guest was interrupted since it was asked last. */
uint64_t guest_called(struct guest *guest);

#endif /* DISK_GUEST_H */
