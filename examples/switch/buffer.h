/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The buffer that all ports share. A frame is in it once, from when it has been received until the
 * last of the ports that it goes out of is through with its copy.
 */
#ifndef SWITCH_BUFFER_H
#define SWITCH_BUFFER_H

#include <stdbool.h>
#include <stdint.h>

struct frame;

/* A frame in the queue of one port. */
struct copy {
	struct copy *next;
	struct frame *frame;
};

/* Lives from buffer_take() until buffer_release() was called for each of its copies. */
struct frame {
	uint32_t length;
	uint32_t left; /* copies that are not released */
	uint8_t *data;
	struct copy copies[];
};

struct buffer {
	uint64_t size_bytes;
	uint64_t used_bytes;
	uint64_t most_bytes; /* that were ever used */
	uint32_t frames;
};

bool buffer_has_room(const struct buffer *buffer, uint32_t length);

/* Takes in a frame for which there is room, @copies times. NULL: this machine has no memory. */
struct frame *buffer_take(struct buffer *buffer, const void *data, uint32_t length,
			  uint32_t copies);

/* A port is through with @copy. */
void buffer_release(struct buffer *buffer, struct copy *copy);

#endif /* SWITCH_BUFFER_H */
