// SPDX-License-Identifier: Apache-2.0

#include "request.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"

#define ID "livestack"

/* Copies the first @length bytes out of what the guest has written; false: there are fewer. */
static bool take_head(struct iovec **part, unsigned int *parts, void *to, size_t length)
{
	while (length && *parts) {
		const size_t some = (*part)->iov_len < length ? (*part)->iov_len : length;

		memcpy(to, (*part)->iov_base, some);
		to = (uint8_t *)to + some;
		length -= some;
		(*part)->iov_base = (uint8_t *)(*part)->iov_base + some;
		(*part)->iov_len -= some;
		if (!(*part)->iov_len) {
			(*part)++;
			(*parts)--;
		}
	}
	return !length;
}

static uint64_t length_of(const struct iovec *part, unsigned int parts)
{
	uint64_t length = 0;

	while (parts--)
		length += part++->iov_len;
	return length;
}

bool request_read(struct request *request, struct chain *chain)
{
	struct iovec *out = chain->part, *in = chain->part + chain->out;
	unsigned int outs = chain->out, ins = chain->in;
	struct virtio_blk_outhdr head;
	struct iovec *last;

	if (!take_head(&out, &outs, &head, sizeof(head)) || !ins)
		return complain("a request without head, or without room for its status");
	last = &in[ins - 1];
	*request = (struct request){
		.head = chain->head,
		.type = head.type,
		.sector = head.sector,
		.status = (uint8_t *)last->iov_base + --last->iov_len,
	};
	ins -= !last->iov_len;
	request->part = head.type == VIRTIO_BLK_T_OUT ? out : in;
	request->parts = head.type == VIRTIO_BLK_T_OUT ? outs : ins;
	if (head.type == VIRTIO_BLK_T_OUT || head.type == VIRTIO_BLK_T_IN)
		request->bytes = length_of(request->part, request->parts);
	return true;
}

static bool is_on_disk(const struct request *request, const struct image *image)
{
	const uint64_t sectors = image->bytes / SECTOR;

	return request->bytes % SECTOR == 0 && request->sector <= sectors &&
	       request->bytes / SECTOR <= sectors - request->sector;
}

/* All of it: a piece at a time where the system does less. */
static bool move(const struct request *request, const struct image *image)
{
	off_t at = request->sector * SECTOR;
	unsigned int i;

	for (i = 0; i < request->parts; i++) {
		uint8_t *data = request->part[i].iov_base;
		size_t left = request->part[i].iov_len;

		while (left) {
			const ssize_t some = request->type == VIRTIO_BLK_T_OUT ?
						     pwrite(image->file, data, left, at) :
						     pread(image->file, data, left, at);

			if (some < 0 && errno == EINTR)
				continue;
			if (some <= 0)
				return complain("a request failed: %s", some ? strerror(errno) :
									       "the image has become shorter");
			data += some;
			left -= some;
			at += some;
		}
	}
	return true;
}

static void tell_id(const struct request *request)
{
	static const char id[VIRTIO_BLK_ID_BYTES] = ID;
	size_t from = 0;
	unsigned int i;

	for (i = 0; i < request->parts && from < sizeof(id); i++) {
		const size_t room = request->part[i].iov_len;
		const size_t some = room < sizeof(id) - from ? room : sizeof(id) - from;

		memcpy(request->part[i].iov_base, id + from, some);
		from += some;
	}
}

static uint8_t result_of(const struct request *request, const struct image *image)
{
	switch (request->type) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
		return is_on_disk(request, image) && move(request, image) ? VIRTIO_BLK_S_OK :
									    VIRTIO_BLK_S_IOERR;
	case VIRTIO_BLK_T_FLUSH:
		return fdatasync(image->file) ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
	case VIRTIO_BLK_T_GET_ID:
		tell_id(request);
		return VIRTIO_BLK_S_OK;
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
}

uint32_t request_do(const struct request *request, const struct image *image)
{
	const uint8_t status = result_of(request, image);
	uint64_t given = 1;

	*request->status = status;
	if (status == VIRTIO_BLK_S_OK && request->type == VIRTIO_BLK_T_IN)
		given += request->bytes;
	if (status == VIRTIO_BLK_S_OK && request->type == VIRTIO_BLK_T_GET_ID)
		given += VIRTIO_BLK_ID_BYTES;
	return given > UINT32_MAX ? UINT32_MAX : given;
}
