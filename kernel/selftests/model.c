// SPDX-License-Identifier: GPL-2.0-only

#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

int model_join(struct model *model, uint32_t session, uint16_t component, int flags)
{
	struct livestack_join join = { .session = session, .component = component };
	int error;

	model->clock_ns = 0;
	model->fd = open("/dev/livestack", O_RDWR | O_CLOEXEC | flags);
	if (model->fd < 0)
		return -errno;
	if (!ioctl(model->fd, LIVESTACK_IOC_JOIN, &join))
		return 0;
	error = -errno;
	close(model->fd);
	model->fd = -1;
	return error;
}

/* Until WAIT, called again, is through at once. */
static void sleep_in_poll(int fd)
{
	struct pollfd file = { .fd = fd, .events = POLLIN };

	/* A signal is no harm: WAIT then says once more that it is not yet time. */
	poll(&file, 1, -1);
}

int model_wait(struct model *model, uint64_t next_ns)
{
	struct livestack_wait wait = { .clock_ns = model->clock_ns, .next_ns = next_ns };

	while (ioctl(model->fd, LIVESTACK_IOC_WAIT, &wait)) {
		if (errno == EAGAIN)
			sleep_in_poll(model->fd);
		else if (errno != EINTR)
			return -errno;
	}
	model->clock_ns = wait.clock_ns;
	return 0;
}

int model_send(struct model *model, uint16_t link, const void *data, uint32_t length)
{
	struct livestack_send send = {
		.send_ns = model->clock_ns,
		.data = (uintptr_t)data,
		.length = length,
		.link = link,
	};

	return ioctl(model->fd, LIVESTACK_IOC_SEND, &send) ? -errno : 0;
}

int model_receive(struct model *model, struct model_message *message)
{
	struct livestack_recv recv = {
		.data = (uintptr_t)message->data,
		.length = sizeof(message->data),
	};

	if (ioctl(model->fd, LIVESTACK_IOC_RECV, &recv))
		return -errno;
	message->arrival_ns = recv.arrival_ns;
	message->send_ns = recv.send_ns;
	message->sequence = recv.sequence;
	message->source = recv.source;
	message->link = recv.link;
	message->length = recv.length;
	return 0;
}

void model_leave(struct model *model)
{
	close(model->fd);
	model->fd = -1;
}
