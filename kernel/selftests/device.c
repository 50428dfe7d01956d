// SPDX-License-Identifier: GPL-2.0-only

#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

int device_join(uint32_t session, uint16_t component, int flags)
{
	struct livestack_join join = { .session = session, .component = component };
	int fd = open("/dev/livestack", O_RDWR | O_CLOEXEC | flags);
	int error;

	if (fd >= 0 && ioctl(fd, LIVESTACK_IOC_JOIN, &join)) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int device_wait(int fd, uint64_t *clock_ns, uint64_t next_ns, uint64_t *end_ns)
{
	struct livestack_wait wait = { .clock_ns = *clock_ns, .next_ns = next_ns };

	if (ioctl(fd, LIVESTACK_IOC_WAIT, &wait))
		return errno;
	*clock_ns = wait.clock_ns;
	if (end_ns)
		*end_ns = wait.end_ns;
	return 0;
}

int device_send(int fd, uint16_t link, uint64_t send_ns, const void *data, size_t length,
		uint64_t *arrival_ns)
{
	struct livestack_send send = {
		.send_ns = send_ns, .data = (uintptr_t)data, .length = length, .link = link,
	};

	if (ioctl(fd, LIVESTACK_IOC_SEND, &send))
		return errno;
	if (arrival_ns)
		*arrival_ns = send.arrival_ns;
	return 0;
}

int device_recv(int fd, void *data, size_t room, struct livestack_recv *recv)
{
	*recv = (struct livestack_recv){ .data = (uintptr_t)data, .length = room };
	return ioctl(fd, LIVESTACK_IOC_RECV, recv) ? errno : 0;
}
