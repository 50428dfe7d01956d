// SPDX-License-Identifier: GPL-2.0-only

#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

int capture_open(uint32_t session, uint16_t link, uint32_t snap_bytes, uint32_t ring_bytes,
		 int flags)
{
	struct livestack_capture capture = {
		.session = session,
		.link = link,
		.snap_bytes = snap_bytes,
		.ring_bytes = ring_bytes,
	};
	int fd = open("/dev/livestack", O_RDWR | O_CLOEXEC | flags);
	int error;

	if (fd < 0)
		return -errno;
	if (!ioctl(fd, LIVESTACK_IOC_CAPTURE, &capture))
		return fd;
	error = -errno;
	close(fd);
	return error;
}

ssize_t capture_read(int fd, void *room, size_t size)
{
	const ssize_t done = read(fd, room, size);

	return done < 0 ? -errno : done;
}

const struct livestack_captured *capture_next(const uint8_t **at, const uint8_t *end,
					      const uint8_t **data)
{
	const struct livestack_captured *record = (const void *)*at;

	if (*at >= end || record->size < sizeof(*record) || record->size % 8 ||
	    record->size > (size_t)(end - *at) ||
	    record->captured > record->size - sizeof(*record))
		return NULL;
	*data = *at + sizeof(*record);
	*at += record->size;
	return record;
}
