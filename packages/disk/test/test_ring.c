// SPDX-License-Identifier: Apache-2.0

#include "tests.h"

#include <stdlib.h>
#include <string.h>

#include "guest.h"
#include "tap.h"

#define NEXT VRING_DESC_F_NEXT
#define WRITE VRING_DESC_F_WRITE
#define DATA (GUEST_AT + GUEST_DATA)

/* Puts something into the ring that must not be there. */
typedef void (*spoil)(struct guest *guest);

static void loops(struct guest *guest)
{
	guest_describe(guest, 0, DATA, 16, NEXT, 1);
	guest_describe(guest, 1, DATA, 16, NEXT, 0);
	guest_offer(guest, 0);
}

static void loops_empty(struct guest *guest)
{
	guest_describe(guest, 0, DATA, 0, NEXT, 0);
	guest_offer(guest, 0);
}

static void head_outside(struct guest *guest)
{
	guest_offer(guest, GUEST_RING);
}

static void next_outside(struct guest *guest)
{
	guest_describe(guest, 0, DATA, 16, NEXT, 0xffff);
	guest_offer(guest, 0);
}

static void address_outside(struct guest *guest)
{
	guest_describe(guest, 0, 0x1000, 16, 0, 0);
	guest_offer(guest, 0);
}

static void end_outside(struct guest *guest)
{
	guest_describe(guest, 0, GUEST_AT + GUEST_SIZE - 8, 16, 0, 0);
	guest_offer(guest, 0);
}

static void address_wraps(struct guest *guest)
{
	guest_describe(guest, 0, UINT64_MAX - 8, 0xffffffff, 0, 0);
	guest_offer(guest, 0);
}

static void indirect(struct guest *guest)
{
	guest_describe(guest, 0, DATA, 16, VRING_DESC_F_INDIRECT, 0);
	guest_offer(guest, 0);
}

static void read_after_write(struct guest *guest)
{
	guest_describe(guest, 0, DATA, 16, NEXT | WRITE, 1);
	guest_describe(guest, 1, DATA, 16, 0, 0);
	guest_offer(guest, 0);
}

static void too_many(struct guest *guest)
{
	guest->avail->idx = GUEST_RING + 1;
}

static void one_twice(struct guest *guest)
{
	guest_ask(guest, 0, VIRTIO_BLK_T_FLUSH, 0, 0);
	guest_offer(guest, 0);
}

bool test_ring_hostile(void)
{
	static const spoil spoils[] = {
		loops, loops_empty, head_outside, next_outside, address_outside, end_outside,
		address_wraps, indirect, read_after_write, too_many, one_twice,
	};
	static struct guest guest;
	unsigned int i;
	bool ok = true;

	for (i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		ok = guest_begin(&guest) && ok;
		spoils[i](&guest);
		ok = TAP_IS(device_look(&guest.device), false) && ok;
		if (!ok)
			printf("# spoilt in way %u\n", i);
		guest_end(&guest);
	}
	return ok;
}

bool test_ring_zero_lengths(void)
{
	static struct guest guest;
	bool ok = guest_begin(&guest);

	guest_ask(&guest, 0, VIRTIO_BLK_T_IN, 0, 0);
	guest_ask(&guest, 4, VIRTIO_BLK_T_FLUSH, 0, 0);
	ok = ok && device_look(&guest.device) && TAP_IS(guest_status(&guest, 0), VIRTIO_BLK_S_OK) &&
	     TAP_IS(guest_status(&guest, 4), VIRTIO_BLK_S_OK) && TAP_IS(guest.used->idx, 2) &&
	     TAP_IS(guest.used->ring[0].len, 1);
	guest_end(&guest);
	return ok;
}

bool test_ring_wraps(void)
{
	static struct guest guest;
	unsigned int i;
	bool ok = guest_begin(&guest);

	for (i = 0; ok && i < 3 * 65536; i++) {
		guest_ask(&guest, 3, VIRTIO_BLK_T_GET_ID, 0, 20);
		ok = device_look(&guest.device) && TAP_IS(guest.used->idx, (uint16_t)(i + 1)) &&
		     TAP_IS(guest.used->ring[i % GUEST_RING].id, 3) &&
		     TAP_IS(guest_called(&guest), 1);
	}
	/* A guest that does not want to be interrupted is not. */
	guest.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	guest_ask(&guest, 3, VIRTIO_BLK_T_GET_ID, 0, 20);
	ok = ok && device_look(&guest.device) && TAP_IS(guest_called(&guest), 0);
	guest_end(&guest);
	return ok;
}

static void fill(void *to, size_t length)
{
	uint8_t *bytes = to;

	while (length--)
		*bytes++ = random();
}

/* Descriptors that are nearly right now and then get further than bytes that are all random. */
static void describe_any(struct guest *guest, unsigned int at)
{
	guest_describe(guest, at, random() % 4 ? GUEST_AT + random() % GUEST_SIZE : (uint64_t)random(),
		       random() % 4 ? random() % 2048 : random(),
		       random() % 8 ? random() % 4 : random(),
		       random() % 8 ? random() % GUEST_RING : random());
}

bool test_ring_random(void)
{
	static struct guest guest;
	unsigned int i, at, whole = 0;
	bool ok = true;

	srandom(1);
	for (i = 0; ok && i < 20000; i++) {
		ok = guest_begin(&guest);
		fill(guest.memory + GUEST_DATA, 4096);
		for (at = 0; at < GUEST_RING; at++)
			describe_any(&guest, at);
		if (random() % 4 == 0)
			fill(guest.memory + GUEST_DESC, GUEST_RING * sizeof(struct vring_desc));
		for (at = 0; at < GUEST_RING; at++)
			guest.avail->ring[at] = random() % 32;
		guest.avail->idx = random() % (GUEST_RING + 4);
		whole += device_look(&guest.device);
		/* Nothing is given back that was not offered. */
		ok = ok && guest.used->idx <= GUEST_RING;
		guest_end(&guest);
	}
	printf("# %u of %u were rings\n", whole, i);
	return ok;
}
