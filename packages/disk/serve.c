// SPDX-License-Identifier: Apache-2.0

#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "complain.h"
#include "protocol.h"

enum {
	FRONT,	/* who listens for the front end, then that */
	KICK,
	TOKENS,
	WATCHED,
};

enum heard {
	HEARD,
	HEARD_END,
	HEARD_WRONG,
};

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		complain("%s: a socket's path has %zu bytes at most", path,
			 sizeof(address.sun_path) - 1);
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	umask(0177);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address)) && !listen(fd, 1))
		return fd;
	complain("%s: no socket there: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static void keep_files(struct vu_message *message, struct msghdr *header)
{
	struct cmsghdr *control;

	for (control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
		if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
			continue;
		message->files = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(message->file, CMSG_DATA(control), message->files * sizeof(int));
	}
}

static enum heard read_rest(int fd, void *to, size_t length)
{
	ssize_t got = length ? recv(fd, to, length, MSG_WAITALL) : 0;

	if (got == (ssize_t)length)
		return HEARD;
	complain("vhost-user: a message is cut off");
	return HEARD_WRONG;
}

static enum heard read_message(int fd, struct vu_message *message)
{
	char control[CMSG_SPACE(sizeof(message->file))];
	struct iovec head = { &message->head, sizeof(message->head) };
	struct msghdr header = {
		.msg_iov = &head,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	const size_t room = offsetof(struct vu_message, files) -
			    offsetof(struct vu_message, number);
	ssize_t got;

	message->files = 0;
	got = recvmsg(fd, &header, MSG_WAITALL | MSG_CMSG_CLOEXEC);
	/* A VMM that was killed resets the connection. */
	if (got == 0 || (got < 0 && errno == ECONNRESET))
		return HEARD_END;
	keep_files(message, &header);
	if (got != sizeof(message->head) || header.msg_flags & MSG_CTRUNC ||
	    message->head.size > room) {
		complain("vhost-user: what came is no message");
		return HEARD_WRONG;
	}
	memset(&message->number, 0, room);
	return read_rest(fd, &message->number, message->head.size);
}

static void say(int fd, struct vu_message *message)
{
	struct iovec parts[] = {
		{ &message->head, sizeof(message->head) },
		{ &message->number, message->head.size },
	};
	const struct msghdr header = { .msg_iov = parts, .msg_iovlen = 2 };

	/* If it has gone, the next look says so. */
	sendmsg(fd, &header, MSG_NOSIGNAL);
}

static enum heard hear(struct device *device, int fd)
{
	static struct vu_message message;
	enum heard heard = read_message(fd, &message);

	if (heard == HEARD && !vu_handle(device, &message))
		heard = HEARD_WRONG;
	vu_close(&message);
	if (heard == HEARD && message.head.flags & VU_REPLY)
		say(fd, &message);
	return heard;
}

static void drain(int eventfd)
{
	uint64_t count;

	/* What there is to do is in the ring; the count is of no interest. */
	if (read(eventfd, &count, sizeof(count)) < 0)
		return;
}

static bool watch(const struct device *device, int front, struct pollfd *watched)
{
	const int files[WATCHED] = { front, device->ring.kick, device->tokens.from };
	unsigned int i;

	for (i = 0; i < WATCHED; i++)
		watched[i] = (struct pollfd){ .fd = files[i], .events = POLLIN };
	if (poll(watched, WATCHED, -1) >= 0 || errno == EINTR)
		return true;
	return complain("poll: %s", strerror(errno));
}

/* Waits for the front end. -1: failure. */
static int meet(struct device *device, const char *path)
{
	struct pollfd watched[WATCHED];
	int door = listen_at(path), front = -1;

	while (door >= 0 && front < 0 && watch(device, door, watched)) {
		if (watched[TOKENS].revents)
			device_tokens(device);
		if (watched[FRONT].revents)
			front = accept4(door, NULL, NULL, SOCK_CLOEXEC);
	}
	if (door >= 0) {
		close(door);
		unlink(path);
	}
	return front;
}

bool serve(struct device *device, const char *path)
{
	struct pollfd watched[WATCHED];
	enum heard heard = HEARD;
	bool ok = true;
	int front = meet(device, path);

	if (front < 0)
		return false;
	while (ok && heard == HEARD && (ok = watch(device, front, watched))) {
		if (watched[TOKENS].revents)
			device_tokens(device);
		if (watched[KICK].revents)
			drain(device->ring.kick);
		if (watched[FRONT].revents)
			heard = hear(device, front);
		/* Also after a message: it may have set the ring going, with requests in it. */
		if (heard == HEARD && (watched[KICK].revents || watched[FRONT].revents))
			ok = device_look(device);
	}
	close(front);
	return ok && heard == HEARD_END;
}
