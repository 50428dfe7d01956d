// SPDX-License-Identifier: Apache-2.0

#include "guest.h"

#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define NEXT VRING_DESC_F_NEXT
#define WRITE VRING_DESC_F_WRITE
#define ROOM 0x2000 /* of a request's bytes */
#define STATUS_NONE 0xee

static bool said(struct guest *guest, struct vu_message *message)
{
	const bool taken = vu_handle(&guest->device, message);

	vu_close(message);
	return taken;
}

bool guest_says(struct guest *guest, uint32_t request, uint64_t number)
{
	struct vu_message message = {
		.head = { request, VU_VERSION, sizeof(number) },
		.number = number,
	};

	return said(guest, &message);
}

bool guest_says_ring(struct guest *guest, uint32_t request, uint32_t index, uint32_t number)
{
	struct vu_message message = {
		.head = { request, VU_VERSION, sizeof(message.ring) },
		.ring = { index, number },
	};

	return said(guest, &message);
}

bool guest_says_memory(struct guest *guest, uint64_t size, uint64_t offset)
{
	struct vu_message message = {
		.head = { VU_SET_MEM_TABLE, VU_VERSION, 8 + sizeof(message.memory.region[0]) },
		.memory.count = 1,
		.memory.region[0] = { GUEST_AT, size, GUEST_USER, offset },
		.files = 1,
	};

	message.file[0] = dup(guest->memory_file);
	return said(guest, &message);
}

static bool gives(struct guest *guest, uint32_t request, int file)
{
	struct vu_message message = {
		.head = { request, VU_VERSION, sizeof(message.number) },
		.files = 1,
	};

	message.file[0] = dup(file);
	return said(guest, &message);
}

static bool places(struct guest *guest)
{
	struct vu_message message = {
		.head = { VU_SET_VRING_ADDR, VU_VERSION, sizeof(message.place) },
		.place = {
			.desc = GUEST_USER + GUEST_DESC,
			.avail = GUEST_USER + GUEST_AVAIL,
			.used = GUEST_USER + GUEST_USED,
		},
	};

	return said(guest, &message);
}

static int make_file(const char *name, size_t size)
{
	const int file = memfd_create(name, MFD_CLOEXEC);

	return ftruncate(file, size) ? -1 : file;
}

bool guest_begin(struct guest *guest)
{
	memset(guest, 0, sizeof(*guest));
	device_begin(&guest->device);
	guest->device.image.file = make_file("image", GUEST_IMAGE);
	guest->device.image.bytes = GUEST_IMAGE;
	guest->memory_file = make_file("memory", GUEST_SIZE);
	guest->kick = eventfd(0, EFD_NONBLOCK);
	guest->call = eventfd(0, EFD_NONBLOCK);
	guest->memory = mmap(NULL, GUEST_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			     guest->memory_file, 0);
	guest->desc = (void *)(guest->memory + GUEST_DESC);
	guest->avail = (void *)(guest->memory + GUEST_AVAIL);
	guest->used = (void *)(guest->memory + GUEST_USED);
	return guest_says(guest, VU_SET_FEATURES, 1ULL << VU_F_PROTOCOL_FEATURES) &&
	       guest_says_memory(guest, GUEST_SIZE, 0) &&
	       guest_says_ring(guest, VU_SET_VRING_NUM, 0, GUEST_RING) && places(guest) &&
	       guest_says_ring(guest, VU_SET_VRING_BASE, 0, 0) &&
	       gives(guest, VU_SET_VRING_CALL, guest->call) &&
	       gives(guest, VU_SET_VRING_KICK, guest->kick) &&
	       guest_says_ring(guest, VU_SET_VRING_ENABLE, 0, 1);
}

void guest_end(struct guest *guest)
{
	device_end(&guest->device);
	munmap(guest->memory, GUEST_SIZE);
	close(guest->memory_file);
	close(guest->device.image.file);
	close(guest->kick);
	close(guest->call);
}

void guest_describe(struct guest *guest, unsigned int at, uint64_t address, uint32_t length,
		    uint16_t flags, uint16_t next)
{
	guest->desc[at] = (struct vring_desc){ address, length, flags, next };
}

void guest_offer(struct guest *guest, uint16_t head)
{
	guest->avail->ring[guest->avail->idx % GUEST_RING] = head;
	guest->avail->idx++;
}

static uint64_t place_of(uint16_t head)
{
	return GUEST_DATA + head * ROOM;
}

void guest_ask(struct guest *guest, uint16_t head, uint32_t type, uint64_t sector, uint32_t bytes)
{
	const uint64_t place = place_of(head);
	const struct virtio_blk_outhdr header = { .type = type, .sector = sector };
	const uint16_t write = type == VIRTIO_BLK_T_OUT ? 0 : WRITE;

	memcpy(guest->memory + place, &header, sizeof(header));
	guest->memory[place + sizeof(header)] = STATUS_NONE;
	guest_describe(guest, head, GUEST_AT + place, sizeof(header), NEXT, head + 1);
	guest_describe(guest, head + 1, GUEST_AT + place + 64, bytes, NEXT | write, head + 2);
	guest_describe(guest, head + 2, GUEST_AT + place + sizeof(header), 1, WRITE, 0);
	guest_offer(guest, head);
}

uint8_t *guest_data(struct guest *guest, uint16_t head)
{
	return guest->memory + place_of(head) + 64;
}

uint8_t guest_status(struct guest *guest, uint16_t head)
{
	return guest->memory[place_of(head) + sizeof(struct virtio_blk_outhdr)];
}

uint64_t guest_called(struct guest *guest)
{
	uint64_t count;

	return read(guest->call, &count, sizeof(count)) == sizeof(count) ? count : 0;
}
