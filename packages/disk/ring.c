// SPDX-License-Identifier: Apache-2.0

#include "ring.h"

#include <unistd.h>

#include "complain.h"

bool ring_runs(const struct ring *ring)
{
	return ring->size && ring->desc && ring->kick >= 0 && ring->enabled;
}

bool ring_place(struct ring *ring, const struct memory *memory, uint64_t desc, uint64_t avail,
		uint64_t used)
{
	const unsigned int size = ring->size;

	if (!size)
		return complain("ring: it is placed before its size is said");
	ring->desc = memory_of_user(memory, desc, size * sizeof(struct vring_desc));
	ring->avail = memory_of_user(memory, avail, sizeof(struct vring_avail) + size * 2);
	ring->used = memory_of_user(memory, used, sizeof(struct vring_used) +
						  size * sizeof(struct vring_used_elem));
	if (ring->desc && ring->avail && ring->used && desc % 16 == 0 && avail % 2 == 0 &&
	    used % 4 == 0) {
		ring->done = __atomic_load_n(&ring->used->idx, __ATOMIC_ACQUIRE);
		return true;
	}
	ring->desc = NULL;
	return complain("ring: a part of it is not in the guest's memory, or not aligned");
}

static bool add_part(struct chain *chain, const struct memory *memory,
		     const struct vring_desc *desc)
{
	void *data;

	if (!desc->len)
		return true;
	data = memory_of_guest(memory, desc->addr, desc->len);
	if (!data)
		return complain("ring: a buffer at %#llx is not in the guest's memory",
				(unsigned long long)desc->addr);
	if (!(desc->flags & VRING_DESC_F_WRITE) && chain->in)
		return complain("ring: a buffer to read comes behind one to write");
	chain->part[chain->out + chain->in] = (struct iovec){ data, desc->len };
	if (desc->flags & VRING_DESC_F_WRITE)
		chain->in++;
	else
		chain->out++;
	return true;
}

static enum ring_taken follow(const struct ring *ring, const struct memory *memory,
			      struct chain *chain)
{
	struct vring_desc desc = { .flags = VRING_DESC_F_NEXT, .next = chain->head };
	unsigned int links;

	for (links = 0; desc.flags & VRING_DESC_F_NEXT; links++) {
		if (desc.next >= ring->size) {
			complain("ring: descriptor %u of %u is wanted", desc.next, ring->size);
			return RING_BROKEN;
		}
		if (links == ring->size) {
			complain("ring: a chain of descriptors has no end");
			return RING_BROKEN;
		}
		/* A copy: the guest may change it between two looks. */
		desc = *(volatile struct vring_desc *)&ring->desc[desc.next];
		if (desc.flags & VRING_DESC_F_INDIRECT) {
			complain("ring: a descriptor is indirect, which was not offered");
			return RING_BROKEN;
		}
		if (!add_part(chain, memory, &desc))
			return RING_BROKEN;
	}
	return RING_TAKEN;
}

enum ring_taken ring_take(struct ring *ring, const struct memory *memory, struct chain *chain)
{
	const uint16_t filled = __atomic_load_n(&ring->avail->idx, __ATOMIC_ACQUIRE);
	const uint16_t waiting = filled - ring->next;

	if (!waiting)
		return RING_EMPTY;
	if (waiting > ring->size) {
		complain("ring: %u requests are in %u entries", waiting, ring->size);
		return RING_BROKEN;
	}
	chain->head = *(volatile __virtio16 *)&ring->avail->ring[ring->next % ring->size];
	chain->out = 0;
	chain->in = 0;
	ring->next++;
	return follow(ring, memory, chain);
}

void ring_give(struct ring *ring, uint16_t head, uint32_t length)
{
	const uint64_t one = 1;

	ring->used->ring[ring->done % ring->size] =
		(struct vring_used_elem){ .id = head, .len = length };
	__atomic_store_n(&ring->used->idx, ++ring->done, __ATOMIC_RELEASE);
	/* The guest sets the flag, then looks at the index; we the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (ring->call < 0 || (*(volatile __virtio16 *)&ring->avail->flags & VRING_AVAIL_F_NO_INTERRUPT))
		return;
	/* Only a counter that is full could refuse it, and then the guest is told already. */
	if (write(ring->call, &one, sizeof(one)) < 0)
		return;
}
