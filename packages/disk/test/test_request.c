// SPDX-License-Identifier: Apache-2.0

#include "tests.h"

#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "tap.h"

#define NEXT VRING_DESC_F_NEXT
#define WRITE VRING_DESC_F_WRITE

static bool answered(struct guest *guest, uint16_t head, uint8_t status)
{
	return device_look(&guest->device) && TAP_IS(guest_status(guest, head), status);
}

bool test_request_data(void)
{
	static struct guest guest;
	uint8_t there[SECTOR];
	bool ok = guest_begin(&guest);

	memset(guest_data(&guest, 0), 0xa5, 2 * SECTOR);
	guest_ask(&guest, 0, VIRTIO_BLK_T_OUT, 62, 2 * SECTOR);
	ok = ok && answered(&guest, 0, VIRTIO_BLK_S_OK) && TAP_IS(guest.used->ring[0].len, 1) &&
	     pread(guest.device.image.file, there, SECTOR, 63 * SECTOR) == SECTOR &&
	     TAP_IS(there[SECTOR - 1], 0xa5);
	guest_ask(&guest, 4, VIRTIO_BLK_T_IN, 61, 2 * SECTOR);
	ok = ok && answered(&guest, 4, VIRTIO_BLK_S_OK) &&
	     TAP_IS(guest.used->ring[1].len, 2 * SECTOR + 1) &&
	     TAP_IS(guest_data(&guest, 4)[SECTOR - 1], 0) &&
	     TAP_IS(guest_data(&guest, 4)[SECTOR], 0xa5);
	guest_ask(&guest, 8, VIRTIO_BLK_T_GET_ID, 0, 20);
	ok = ok && answered(&guest, 8, VIRTIO_BLK_S_OK) &&
	     !strcmp((char *)guest_data(&guest, 8), "livestack");
	guest_end(&guest);
	return ok;
}

bool test_request_bounds(void)
{
	static const struct {
		uint64_t sector;
		uint32_t bytes;
	} cases[] = {
		{ 64, SECTOR },	  { 63, 2 * SECTOR },	   { UINT64_MAX, SECTOR },
		{ 0, SECTOR + 1 }, { UINT64_MAX / SECTOR, SECTOR }, { 1ULL << 55, SECTOR },
	};
	static struct guest guest;
	uint8_t there[SECTOR] = { 0 };
	unsigned int i;
	bool ok = guest_begin(&guest);

	for (i = 0; ok && i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(guest_data(&guest, 0), 0x77, 2 * SECTOR);
		guest_ask(&guest, 0, VIRTIO_BLK_T_OUT, cases[i].sector, cases[i].bytes);
		ok = answered(&guest, 0, VIRTIO_BLK_S_IOERR);
		guest_ask(&guest, 4, VIRTIO_BLK_T_IN, cases[i].sector, cases[i].bytes);
		ok = ok && answered(&guest, 4, VIRTIO_BLK_S_IOERR);
	}
	ok = ok && pread(guest.device.image.file, there, SECTOR, 63 * SECTOR) == SECTOR &&
	     TAP_IS(there[0], 0) && TAP_IS(lseek(guest.device.image.file, 0, SEEK_END), GUEST_IMAGE);
	guest_end(&guest);
	return ok;
}

bool test_request_unknown(void)
{
	static const uint32_t types[] = { VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_T_WRITE_ZEROES, 2, 99 };
	static struct guest guest;
	unsigned int i;
	bool ok = guest_begin(&guest);

	for (i = 0; ok && i < sizeof(types) / sizeof(types[0]); i++) {
		guest_ask(&guest, 0, types[i], 0, SECTOR);
		ok = answered(&guest, 0, VIRTIO_BLK_S_UNSUPP);
	}
	guest_end(&guest);
	return ok;
}

/* Its head in two pieces, the second of them with data in it; status behind data. */
bool test_request_split(void)
{
	const uint64_t at = GUEST_AT + GUEST_DATA;
	const struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_OUT, .sector = 1 };
	static struct guest guest;
	uint8_t *memory, there[SECTOR];
	bool ok = guest_begin(&guest);

	memory = guest.memory + GUEST_DATA;
	memcpy(memory, &header, 5);
	memcpy(memory + 100, (const uint8_t *)&header + 5, sizeof(header) - 5);
	memset(memory + 100 + sizeof(header) - 5, 0x42, SECTOR);
	guest_describe(&guest, 0, at, 5, NEXT, 1);
	guest_describe(&guest, 1, at + 100, sizeof(header) - 5 + 12, NEXT, 2);
	guest_describe(&guest, 2, at + 100 + sizeof(header) - 5 + 12, SECTOR - 12, NEXT, 3);
	guest_describe(&guest, 3, at + 2000, 8, WRITE, 0);
	memory[2007] = 0xee;
	guest_offer(&guest, 0);
	ok = ok && device_look(&guest.device) && TAP_IS(memory[2007], VIRTIO_BLK_S_OK) &&
	     pread(guest.device.image.file, there, SECTOR, SECTOR) == SECTOR &&
	     TAP_IS(there[0], 0x42) && TAP_IS(there[SECTOR - 1], 0x42);
	guest_end(&guest);
	return ok;
}

bool test_request_headless(void)
{
	const uint64_t at = GUEST_AT + GUEST_DATA;
	static struct guest guest;
	bool ok = guest_begin(&guest);

	guest_describe(&guest, 0, at, 15, NEXT, 1);
	guest_describe(&guest, 1, at, 1, WRITE, 0);
	guest_offer(&guest, 0);
	ok = ok && TAP_IS(device_look(&guest.device), false);
	guest_end(&guest);
	ok = guest_begin(&guest) && ok;
	guest_describe(&guest, 0, at, 16 + SECTOR, 0, 0);
	guest_offer(&guest, 0);
	ok = ok && TAP_IS(device_look(&guest.device), false) && TAP_IS(guest.used->idx, 0);
	guest_end(&guest);
	return ok;
}
