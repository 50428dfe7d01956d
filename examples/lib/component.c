// SPDX-License-Identifier: Apache-2.0

#include "component.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <unistd.h>

int component_open(struct component *component, int flags)
{
	component->clock_ns = 0;
	component->fd = open(COMPONENT_DEVICE, O_RDWR | O_CLOEXEC | flags);
	return component->fd < 0 ? -errno : 0;
}

const char *component_open_hint(int error)
{
	switch (-error) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return "load the module: modprobe livestack, or insmod livestack.ko";
	case EACCES:
	case EPERM:
		return "run this as root, or as a member of the group livestack";
	}
	return NULL;
}

int component_join(struct component *component, uint32_t session, uint16_t id)
{
	struct livestack_join join = { .session = session, .component = id };

	return ioctl(component->fd, LIVESTACK_IOC_JOIN, &join) ? -errno : 0;
}

const char *component_join_hint(int error)
{
	switch (-error) {
	case ENOENT:
		return "`livestack ls` lists sessions, `livestack status` the components of one";
	case EBUSY:
		return "another process has joined as it: end that one, or name another component";
	case EINVAL:
		return "it is no modelled component: name one that was made with the kind model";
	case ESHUTDOWN:
		return "the session has stopped: make a new one";
	}
	return NULL;
}

int component_wait(struct component *component, uint64_t next_ns)
{
	struct livestack_wait wait = { .clock_ns = component->clock_ns, .next_ns = next_ns };

	if (ioctl(component->fd, LIVESTACK_IOC_WAIT, &wait))
		return -errno;
	component->clock_ns = wait.clock_ns;
	return 0;
}

int component_send(struct component *component, uint16_t link, const void *data, uint32_t length)
{
	struct livestack_send send = {
		.send_ns = component->clock_ns,
		.data = (uintptr_t)data,
		.length = length,
		.link = link,
	};

	return ioctl(component->fd, LIVESTACK_IOC_SEND, &send) ? -errno : 0;
}

int component_receive(struct component *component, void *data, uint32_t room,
		      struct component_message *message)
{
	struct livestack_recv recv = { .data = (uintptr_t)data, .length = room };

	if (ioctl(component->fd, LIVESTACK_IOC_RECV, &recv))
		return -errno;
	*message = (struct component_message){
		.arrival_ns = recv.arrival_ns,
		.send_ns = recv.send_ns,
		.sequence = recv.sequence,
		.length = recv.length,
		.link = recv.link,
		.source = recv.source,
	};
	return 0;
}

void component_leave(struct component *component)
{
	close(component->fd);
	component->fd = -1;
}
