// SPDX-License-Identifier: Apache-2.0

#include "protocol.h"

#include <linux/virtio_config.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"

#define BIT(number) (1ULL << (number))
#define FEATURES                                                                   \
	(BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_BLK_F_SEG_MAX) | BIT(VIRTIO_BLK_F_BLK_SIZE) | \
	 BIT(VIRTIO_BLK_F_FLUSH) | BIT(VU_F_PROTOCOL_FEATURES))
#define PROTOCOL_FEATURES (BIT(VU_PROTOCOL_F_REPLY_ACK) | BIT(VU_PROTOCOL_F_CONFIG))
/* So many parts the data of a request has at most: with head and status a ring of 128 holds it. */
#define SEGMENTS 126

void vu_close(struct vu_message *message)
{
	while (message->files) {
		message->files--;
		if (message->file[message->files] >= 0)
			close(message->file[message->files]);
	}
}

static bool malformed(const struct vu_message *message, const char *what)
{
	return complain("vhost-user: message %u %s: is the front end QEMU's vhost-user-blk?",
			message->head.request, what);
}

static bool answer(struct vu_message *message, uint32_t size)
{
	message->head.flags = VU_VERSION | VU_REPLY;
	message->head.size = size;
	return true;
}

static bool answer_number(struct vu_message *message, uint64_t number)
{
	message->number = number;
	return answer(message, sizeof(number));
}

static bool set_features(struct device *device, const struct vu_message *message)
{
	if (message->number & ~FEATURES)
		return malformed(message, "asks for features that were not offered");
	/* Without them there is no message that enables a ring. */
	device->has_protocol = message->number & BIT(VU_F_PROTOCOL_FEATURES);
	if (!device->has_protocol)
		device->ring.enabled = true;
	return true;
}

static bool set_memory(struct device *device, const struct vu_message *message)
{
	const unsigned int count = message->memory.count;
	struct memory_region region[MEMORY_REGIONS];
	unsigned int i;

	if (count > MEMORY_REGIONS || message->files != count ||
	    message->head.size < 8 + count * sizeof(message->memory.region[0]))
		return malformed(message, "has not the regions that it says");
	for (i = 0; i < count; i++)
		region[i] = (struct memory_region){
			.guest = message->memory.region[i].guest,
			.size = message->memory.region[i].size,
			.user = message->memory.region[i].user,
			.offset = message->memory.region[i].offset,
		};
	/* Its parts were in what is about to go. */
	device->ring.desc = NULL;
	return memory_set(&device->memory, count, region, message->file);
}

static bool set_size(struct device *device, const struct vu_message *message)
{
	const unsigned int size = message->ring.number;

	if (!size || size > RING_MAX || size & (size - 1))
		return malformed(message, "gives a ring a size that is no power of two up to 1024");
	device->ring.size = size;
	device->ring.desc = NULL;
	return true;
}

/* Puts the descriptor that came along in the place of @own. */
static bool replace(struct vu_message *message, int *own, bool wanted)
{
	const bool none = message->number & VU_NO_FD;

	if (message->files != !none || (wanted && none))
		return malformed(message, "comes without the one descriptor it is about");
	if (*own >= 0)
		close(*own);
	*own = none ? -1 : message->file[0];
	message->files = 0;
	return true;
}

static bool stop(struct device *device, struct vu_message *message)
{
	struct ring *ring = &device->ring;

	/* Whoever has it stopped waits for what is under way, by no simulated time. */
	if (ring->desc)
		device_complete(device);
	if (ring->kick >= 0)
		close(ring->kick);
	ring->kick = -1;
	message->ring.number = ring->next;
	return answer(message, sizeof(message->ring));
}

static bool get_config(const struct device *device, struct vu_message *message)
{
	const struct virtio_blk_config config = {
		.capacity = device->image.bytes / SECTOR,
		.seg_max = SEGMENTS,
		.blk_size = SECTOR,
		.num_queues = 1,
	};
	const uint32_t offset = message->config.offset, size = message->config.size;

	if (message->head.size < 12 || size > VU_CONFIG_MAX || offset > VU_CONFIG_MAX - size)
		return malformed(message, "asks for more of a configuration than there can be");
	memset(message->config.bytes, 0, sizeof(message->config.bytes));
	if (offset < sizeof(config))
		memcpy(message->config.bytes, (const uint8_t *)&config + offset,
		       size < sizeof(config) - offset ? size : sizeof(config) - offset);
	return answer(message, 12 + size);
}

/* Those about a ring, of which there is one. */
static bool handle_ring(struct device *device, struct vu_message *message)
{
	struct ring *ring = &device->ring;

	if (message->head.size < 8 || (message->ring.index & 0xff))
		return malformed(message, "is about a ring that there is not");
	switch (message->head.request) {
	case VU_SET_VRING_NUM:
		return set_size(device, message);
	case VU_SET_VRING_ADDR:
		return message->head.size < sizeof(message->place) ?
			       malformed(message, "is too short") :
			       ring_place(ring, &device->memory, message->place.desc,
					  message->place.avail, message->place.used);
	case VU_SET_VRING_BASE:
		ring->next = message->ring.number;
		return true;
	case VU_GET_VRING_BASE:
		return stop(device, message);
	case VU_SET_VRING_KICK:
		return replace(message, &ring->kick, true);
	case VU_SET_VRING_CALL:
		return replace(message, &ring->call, false);
	case VU_SET_VRING_ENABLE:
		ring->enabled = message->ring.number;
		return true;
	default:
		/* An eventfd for errors: we end instead. */
		return true;
	}
}

static bool handle(struct device *device, struct vu_message *message)
{
	switch (message->head.request) {
	case VU_GET_FEATURES:
		return answer_number(message, FEATURES);
	case VU_GET_PROTOCOL_FEATURES:
		return answer_number(message, PROTOCOL_FEATURES);
	case VU_GET_QUEUE_NUM:
		return answer_number(message, 1);
	case VU_SET_FEATURES:
		return set_features(device, message);
	case VU_SET_PROTOCOL_FEATURES:
		device->acks = message->number & BIT(VU_PROTOCOL_F_REPLY_ACK);
		return true;
	case VU_SET_OWNER:
	case VU_RESET_OWNER:
		return true;
	case VU_SET_MEM_TABLE:
		return set_memory(device, message);
	case VU_GET_CONFIG:
		return get_config(device, message);
	case VU_SET_CONFIG:
		return malformed(message, "sets what cannot be set");
	case VU_SET_VRING_NUM ... VU_SET_VRING_ERR:
	case VU_SET_VRING_ENABLE:
		return handle_ring(device, message);
	default:
		return malformed(message, "is none that was agreed on");
	}
}

bool vu_handle(struct device *device, struct vu_message *message)
{
	const uint32_t flags = message->head.flags;

	if ((flags & VU_VERSION_MASK) != VU_VERSION || (flags & VU_REPLY))
		return malformed(message, "is of another version, or an answer");
	if (message->head.request != VU_SET_MEM_TABLE && message->files > 1)
		return malformed(message, "comes with descriptors that nobody wants");
	message->head.flags = VU_VERSION;
	if (!handle(device, message))
		return false;
	if (message->head.flags & VU_REPLY || !device->acks || !(flags & VU_NEED_REPLY))
		return true;
	return answer_number(message, 0);
}
