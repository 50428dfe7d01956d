/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A split virtqueue, seen from the device. All in it is the guest's, which may write there what and
 * when it likes: it is read once, and looked at before it is used.
 */
#ifndef DISK_RING_H
#define DISK_RING_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "memory.h"

#define RING_MAX 1024

struct ring {
	unsigned int size; /* 0: not said */
	struct vring_desc *desc; /* NULL: not said */
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t next; /* of avail's entries */
	uint16_t done; /* of used's entries */
	int kick, call; /* -1: none */
	bool enabled;
};

/* What one entry leads to: first what the guest has written, then what it is to be given. */
struct chain {
	uint16_t head;
	unsigned int out, in;
	struct iovec *part; /* room for RING_MAX */
};

enum ring_taken {
	RING_EMPTY,
	RING_TAKEN,
	RING_BROKEN, /* it is not as a ring must be; that was complained of */
};

/* Whether the device may look at it. */
bool ring_runs(const struct ring *ring);

/* Its three parts, by addresses of the VMM. */
bool ring_place(struct ring *ring, const struct memory *memory, uint64_t desc, uint64_t avail,
		uint64_t used);

enum ring_taken ring_take(struct ring *ring, const struct memory *memory, struct chain *chain);

/* Gives back what ring_take() gave, with @length bytes written to it, and tells the guest. */
void ring_give(struct ring *ring, uint16_t head, uint32_t length);

#endif /* DISK_RING_H */
