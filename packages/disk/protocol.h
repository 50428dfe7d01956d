/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost-user, the back end's side: docs/interop/vhost-user.rst of QEMU. What a device of one ring
 * with a configuration needs of it, and nothing else.
 */
#ifndef DISK_PROTOCOL_H
#define DISK_PROTOCOL_H

#include "device.h"

enum {
	VU_GET_FEATURES = 1,
	VU_SET_FEATURES,
	VU_SET_OWNER,
	VU_RESET_OWNER,
	VU_SET_MEM_TABLE,
	VU_SET_VRING_NUM = 8,
	VU_SET_VRING_ADDR,
	VU_SET_VRING_BASE,
	VU_GET_VRING_BASE,
	VU_SET_VRING_KICK,
	VU_SET_VRING_CALL,
	VU_SET_VRING_ERR,
	VU_GET_PROTOCOL_FEATURES,
	VU_SET_PROTOCOL_FEATURES,
	VU_GET_QUEUE_NUM,
	VU_SET_VRING_ENABLE,
	VU_GET_CONFIG = 24,
	VU_SET_CONFIG,
};

#define VU_VERSION 1U
#define VU_VERSION_MASK 3U
#define VU_REPLY 4U
#define VU_NEED_REPLY 8U

#define VU_F_PROTOCOL_FEATURES 30
#define VU_PROTOCOL_F_REPLY_ACK 3
#define VU_PROTOCOL_F_CONFIG 9

#define VU_NO_FD 0x100 /* of a ring's number: no descriptor comes along */
#define VU_CONFIG_MAX 256

struct vu_head {
	uint32_t request, flags, size;
};

struct vu_message {
	struct vu_head head;
	union {
		uint64_t number;
		struct {
			uint32_t index, number;
		} ring;
		struct {
			uint32_t index, flags;
			uint64_t desc, used, avail, log;
		} place;
		struct {
			uint32_t count, padding;
			struct {
				uint64_t guest, size, user, offset;
			} region[MEMORY_REGIONS];
		} memory;
		struct {
			uint32_t offset, size, flags;
			uint8_t bytes[VU_CONFIG_MAX];
		} config;
	};
	/* Of this process; who reads it takes those it keeps, as -1. */
	unsigned int files;
	int file[MEMORY_REGIONS];
};

/* Closes what descriptors are left in it. */
void vu_close(struct vu_message *message);

/*
 * Does what the front end's @message says, and makes the answer of it if there is to be one: its
 * head then says VU_REPLY. False: nobody who keeps to the protocol says so; that was complained of.
 */
bool vu_handle(struct device *device, struct vu_message *message);

#endif /* DISK_PROTOCOL_H */
