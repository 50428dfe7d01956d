// SPDX-License-Identifier: Apache-2.0

#include "buffer.h"

#include <stdlib.h>
#include <string.h>

bool buffer_has_room(const struct buffer *buffer, uint32_t length)
{
	return length <= buffer->size_bytes - buffer->used_bytes;
}

struct frame *buffer_take(struct buffer *buffer, const void *data, uint32_t length,
			  uint32_t copies)
{
	struct frame *frame = malloc(sizeof(*frame) + copies * sizeof(frame->copies[0]) + length);
	uint32_t i;

	if (!frame)
		return NULL;
	frame->length = length;
	frame->left = copies;
	frame->data = (uint8_t *)&frame->copies[copies];
	memcpy(frame->data, data, length);
	for (i = 0; i < copies; i++)
		frame->copies[i] = (struct copy){ .frame = frame };

	buffer->frames++;
	buffer->used_bytes += length;
	if (buffer->used_bytes > buffer->most_bytes)
		buffer->most_bytes = buffer->used_bytes;
	return frame;
}

void buffer_release(struct buffer *buffer, struct copy *copy)
{
	struct frame *frame = copy->frame;

	if (--frame->left)
		return;
	buffer->frames--;
	buffer->used_bytes -= frame->length;
	free(frame);
}
