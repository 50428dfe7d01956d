// SPDX-License-Identifier: Apache-2.0

#include "tests.h"

#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "tap.h"

/* As the front end asks it; the answer is in @message. */
static bool asks(struct guest *guest, struct vu_message *message)
{
	return vu_handle(&guest->device, message) && (message->head.flags & VU_REPLY);
}

bool test_protocol_answers(void)
{
	struct vu_message features = { .head = { VU_GET_FEATURES, VU_VERSION, 0 } };
	struct vu_message queues = { .head = { VU_GET_QUEUE_NUM, VU_VERSION, 0 } };
	struct vu_message owner = { .head = { VU_SET_OWNER, VU_VERSION | VU_NEED_REPLY, 0 } };
	struct vu_message config = {
		.head = { VU_GET_CONFIG, VU_VERSION, 12 + 60 },
		.config = { .offset = 0, .size = 60 },
	};
	struct virtio_blk_config disk;
	static struct guest guest;
	bool ok = guest_begin(&guest);

	ok = ok && asks(&guest, &features) && TAP_IS(features.head.size, 8) &&
	     TAP_IS(features.number >> VU_F_PROTOCOL_FEATURES & 1, 1) &&
	     asks(&guest, &queues) && TAP_IS(queues.number, 1) && asks(&guest, &config) &&
	     TAP_IS(config.head.size, 72);
	memcpy(&disk, config.config.bytes, sizeof(disk));
	ok = ok && TAP_IS(disk.capacity, GUEST_IMAGE / SECTOR) && TAP_IS(disk.blk_size, SECTOR);
	/* Not before that was agreed on. */
	ok = ok && vu_handle(&guest.device, &owner) && TAP_IS(owner.head.flags & VU_REPLY, 0) &&
	     guest_says(&guest, VU_SET_PROTOCOL_FEATURES, 1 << VU_PROTOCOL_F_REPLY_ACK);
	owner.head.flags = VU_VERSION | VU_NEED_REPLY;
	ok = ok && asks(&guest, &owner) && TAP_IS(owner.number, 0);
	guest_end(&guest);
	return ok;
}

bool test_protocol_malformed(void)
{
	static const struct vu_head heads[] = {
		{ 0, VU_VERSION, 0 },
		{ 99, VU_VERSION, 8 },
		{ VU_SET_OWNER, 0, 0 },
		{ VU_SET_OWNER, 2, 0 },
		{ VU_SET_OWNER, VU_VERSION | VU_REPLY, 0 },
		{ VU_SET_CONFIG, VU_VERSION, 12 },
		{ VU_GET_CONFIG, VU_VERSION, 4 },
		{ VU_SET_VRING_NUM, VU_VERSION, 4 },
		{ VU_SET_VRING_ADDR, VU_VERSION, 8 },
		{ VU_SET_VRING_KICK, VU_VERSION, 8 },
		{ VU_SET_VRING_CALL, VU_VERSION, 8 },
	};
	struct vu_message config = {
		.head = { VU_GET_CONFIG, VU_VERSION, 12 },
		.config = { .offset = UINT32_MAX - 8, .size = 60 },
	};
	static struct guest guest;
	unsigned int i;
	bool ok = guest_begin(&guest);

	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct vu_message message = { .head = heads[i] };

		ok = TAP_IS(vu_handle(&guest.device, &message), false) && ok;
	}
	ok = TAP_IS(vu_handle(&guest.device, &config), false) && ok;
	config.config.offset = 0;
	config.config.size = VU_CONFIG_MAX + 1;
	ok = TAP_IS(vu_handle(&guest.device, &config), false) && ok;
	/* Rings there are not, and sizes no ring has. */
	ok = TAP_IS(guest_says_ring(&guest, VU_SET_VRING_BASE, 1, 0), false) && ok;
	ok = TAP_IS(guest_says_ring(&guest, VU_SET_VRING_NUM, 0, 0), false) && ok;
	ok = TAP_IS(guest_says_ring(&guest, VU_SET_VRING_NUM, 0, 48), false) && ok;
	ok = TAP_IS(guest_says_ring(&guest, VU_SET_VRING_NUM, 0, 2 * RING_MAX), false) && ok;
	ok = TAP_IS(guest_says(&guest, VU_SET_VRING_KICK, VU_NO_FD), false) && ok;
	ok = TAP_IS(guest_says(&guest, VU_SET_FEATURES, 1ULL << VIRTIO_RING_F_EVENT_IDX), false) &&
	     ok;
	guest_end(&guest);
	return ok;
}

bool test_protocol_memory(void)
{
	struct vu_message many = {
		.head = { VU_SET_MEM_TABLE, VU_VERSION, 8 },
		.memory.count = MEMORY_REGIONS + 1,
	};
	struct vu_message place = {
		.head = { VU_SET_VRING_ADDR, VU_VERSION, sizeof(place.place) },
		.place = { .desc = GUEST_USER, .avail = GUEST_USER + 2, .used = 4 },
	};
	static struct guest guest;
	bool ok = guest_begin(&guest);

	ok = ok && TAP_IS(guest_says_memory(&guest, GUEST_SIZE + 1, 0), false) &&
	     TAP_IS(guest_says_memory(&guest, GUEST_SIZE, 4096), false) &&
	     TAP_IS(guest_says_memory(&guest, 0, 0), false) &&
	     TAP_IS(guest_says_memory(&guest, UINT64_MAX, 0), false) &&
	     TAP_IS(guest_says_memory(&guest, GUEST_SIZE, UINT64_MAX), false) &&
	     TAP_IS(vu_handle(&guest.device, &many), false);
	many.memory.count = 1;
	ok = ok && TAP_IS(vu_handle(&guest.device, &many), false);
	/* Its ring was in memory that is no more. */
	ok = ok && guest_says_memory(&guest, GUEST_SIZE, 0) &&
	     TAP_IS(ring_runs(&guest.device.ring), false) &&
	     TAP_IS(vu_handle(&guest.device, &place), false);
	place.place.used = GUEST_USER + GUEST_SIZE - 8;
	ok = ok && TAP_IS(vu_handle(&guest.device, &place), false);
	place.place.used = GUEST_USER + 2;
	ok = ok && TAP_IS(vu_handle(&guest.device, &place), false);
	guest_end(&guest);
	return ok;
}

bool test_protocol_stop(void)
{
	struct vu_message stop = { .head = { VU_GET_VRING_BASE, VU_VERSION, 8 } };
	struct vu_message again = stop;
	static struct guest guest;
	bool ok = guest_begin(&guest);

	/* As if a token had still to come. */
	guest.device.pending[5] = (struct pending){ .busy = true, .waits = true, .given = 9 };
	guest_ask(&guest, 0, VIRTIO_BLK_T_FLUSH, 0, 0);
	ok = ok && device_look(&guest.device) && asks(&guest, &stop) &&
	     TAP_IS(stop.ring.number, 1) && TAP_IS(guest.used->idx, 2) &&
	     TAP_IS(guest.used->ring[1].id, 5) && TAP_IS(guest.used->ring[1].len, 9) &&
	     TAP_IS(ring_runs(&guest.device.ring), false) && asks(&guest, &again);
	guest_end(&guest);
	return ok;
}
