// SPDX-License-Identifier: GPL-2.0-only
/*
 * Captures that are refused, readers with no room or at bad addresses, and links and sessions that
 * go while they are captured: as the uapi header says, and no record is lost by it.
 * Needs: livestack.ko loaded; root.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "capture.h"
#include "control.h"
#include "death.h"
#include "device.h"
#include "ktap.h"
#include "pair.h"
#include "port.h"
#include "privilege.h"

#define QUANTUM 10000
#define LATENCY 25000
#define NONE LIVESTACK_TIME_NONE
#define RING LIVESTACK_CAPTURE_RING_MIN
#define WHOLE LIVESTACK_MESSAGE_MAX

static uint8_t room[RING];

static bool begin(struct pair *pair)
{
	return pair_begin(pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
	       ktap_is(pair_step(pair, 0, 0), 0) && ktap_is(pair_step(pair, 1, NONE), EAGAIN);
}

/* One message from 0 to 1. */
static bool go(struct pair *pair)
{
	struct livestack_recv recv;
	uint64_t arrival;

	return ktap_is(device_send(pair->fd[0], PAIR_LINK, 0, "abc", 3, &arrival), 0) &&
	       ktap_is(pair_step(pair, 0, arrival + 3), 0) &&
	       ktap_is(pair_step(pair, 1, NONE), 0) &&
	       ktap_is(device_recv(pair->fd[1], room, sizeof(room), &recv), 0) &&
	       ktap_is(pair_step(pair, 1, NONE), EAGAIN);
}

#define RECORD (sizeof(struct livestack_captured) + 8)

static bool refused(void)
{
	struct livestack_capture reserved = { .link = PAIR_LINK, .reserved = 1,
					      .snap_bytes = 1, .ring_bytes = RING };
	struct livestack_join join = { 0 };
	struct livestack_wait wait = { 0 };
	struct pair pair;
	bool ok = begin(&pair);
	int fd = open("/dev/livestack", O_RDWR);

	reserved.session = pair.session;
	join.session = pair.session;
	ok = ok && ktap_is(-capture_open(pair.session, 9, WHOLE, RING, 0), ENOENT) &&
	     ktap_is(-capture_open(pair.session + 1, PAIR_LINK, WHOLE, RING, 0), ENOENT) &&
	     ktap_is(-capture_open(pair.session, PAIR_LINK, WHOLE + 1, RING, 0), EINVAL) &&
	     ktap_is(-capture_open(pair.session, PAIR_LINK, WHOLE, RING - 1, 0), EINVAL) &&
	     ktap_is(-capture_open(pair.session, PAIR_LINK, WHOLE, LIVESTACK_CAPTURE_RING_MAX + 1,
				   0), EINVAL) &&
	     ktap_is(ioctl(fd, LIVESTACK_IOC_CAPTURE, &reserved) ? errno : 0, EINVAL) &&
	     ktap_is(ioctl(fd, LIVESTACK_IOC_CAPTURE, (void *)8) ? errno : 0, EFAULT);
	reserved.reserved = 0;
	ok = ok && ktap_is(ioctl(pair.fd[0], LIVESTACK_IOC_CAPTURE, &reserved) ? errno : 0,
			   EISCONN) &&
	     ktap_is(ioctl(fd, LIVESTACK_IOC_CAPTURE, &reserved) ? errno : 0, 0) &&
	     ktap_is(ioctl(fd, LIVESTACK_IOC_CAPTURE, &reserved) ? errno : 0, EISCONN) &&
	     ktap_is(ioctl(fd, LIVESTACK_IOC_JOIN, &join) ? errno : 0, EISCONN) &&
	     ktap_is(ioctl(fd, LIVESTACK_IOC_WAIT, &wait) ? errno : 0, ENOTCONN) &&
	     ktap_is(-capture_open(pair.session, PAIR_LINK, WHOLE, RING, 0), EBUSY) &&
	     mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED &&
	     ktap_is(errno, ENOTCONN);
	close(fd);
	return pair_end(&pair) && ok;
}

/* The largest there is, and the smallest reads that take anything. */
static bool bad_reads(void)
{
	void *wall = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct pair pair;
	bool ok = begin(&pair);
	int fd = capture_open(pair.session, PAIR_LINK, WHOLE, LIVESTACK_CAPTURE_RING_MAX,
			      O_NONBLOCK);

	mprotect((char *)wall + 4096, 4096, PROT_NONE);
	ok = ok && fd >= 0 && go(&pair) && go(&pair) && go(&pair) &&
	     ktap_is(-capture_read(fd, room, 0), EMSGSIZE) &&
	     ktap_is(-capture_read(fd, room, RECORD - 1), EMSGSIZE) &&
	     ktap_is(-capture_read(fd, (void *)8, RECORD), EFAULT) &&
	     ktap_is(-capture_read(fd, (char *)wall + 4096 - RECORD + 8, 4 * RECORD), EFAULT);
	/* The first is taken, the second does not fit, the rest is still there. */
	ok = ok && capture_read(fd, (char *)wall + 4096 - RECORD, 4 * RECORD) == RECORD &&
	     capture_read(fd, room, 2 * RECORD - 1) == RECORD &&
	     capture_read(fd, room, sizeof(room)) == RECORD &&
	     ktap_is(-capture_read(fd, room, sizeof(room)), EAGAIN);
	close(fd);
	munmap(wall, 8192);
	return pair_end(&pair) && ok;
}

/* By write(2), where it may be a descriptor's and not the caller's own idea. */
static int say(int fd, uint32_t session)
{
	const struct {
		struct livestack_call call;
		struct livestack_capture capture;
	} record = {
		.call = { .number = LIVESTACK_IOC_CAPTURE },
		.capture = { .session = session, .link = PAIR_LINK, .ring_bytes = RING },
	};

	return write(fd, &record, sizeof(record)) < 0 ? errno : 0;
}

/* Whether who has given up what @give_up does is refused, on a file that was opened before. */
static bool powerless(uint32_t session, bool (*give_up)(void))
{
	int fd = open("/dev/livestack", O_RDWR), status;
	pid_t child = spawn();

	if (!child)
		_exit(!(give_up() && say(fd, session) == EPERM));
	close(fd);
	return waitpid(child, &status, 0) == child && !status;
}

/* A file that was opened without the right, by who gives it to one that has it. */
static bool opened_without(uint32_t session)
{
	int ends[2], status, fd = -1;
	char byte = 0, control[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends))
		return false;
	child = spawn();
	if (!child) {
		fd = privilege_drop_net_admin() ? open("/dev/livestack", O_RDWR) : -1;
		*header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
					    .cmsg_len = CMSG_LEN(sizeof(fd)) };
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
		_exit(fd < 0 || sendmsg(ends[1], &message, 0) != 1);
	}
	if (waitpid(child, &status, 0) != child || status || recvmsg(ends[0], &message, 0) != 1)
		return false;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	status = say(fd, session);
	close(fd);
	close(ends[0]);
	close(ends[1]);
	return ktap_is(status, EPERM);
}

static bool privileged(void)
{
	struct pair pair;
	bool ok = begin(&pair) && powerless(pair.session, privilege_become_nobody) &&
		  powerless(pair.session, privilege_drop_net_admin) && opened_without(pair.session);

	return pair_end(&pair) && ok;
}

/* All that came before is still read, then comes the end; and the file may be closed after it. */
static bool at_the_end(int fd)
{
	return capture_read(fd, room, sizeof(room)) == 2 * RECORD &&
	       !capture_read(fd, room, sizeof(room)) && !capture_read(fd, room, sizeof(room)) &&
	       !close(fd);
}

static bool link_gone(void)
{
	struct pair pair;
	bool ok = begin(&pair);
	int fd = capture_open(pair.session, PAIR_LINK, WHOLE, RING, O_NONBLOCK);

	ok = ok && go(&pair) && go(&pair) &&
	     ktap_is(port_link_del(pair.session, PAIR_LINK), 0) && at_the_end(fd) &&
	     ktap_is(control_link(pair.session, PAIR_LINK, 0, 1, LATENCY), 0);
	/* Another one of the same number is not the same. */
	fd = capture_open(pair.session, PAIR_LINK, WHOLE, RING, O_NONBLOCK);
	ok = ok && ktap_is(-capture_read(fd, room, sizeof(room)), EAGAIN);
	close(fd);
	return pair_end(&pair) && ok;
}

static bool session_gone(void)
{
	struct pair pair;
	bool ok = begin(&pair);
	int fd = capture_open(pair.session, PAIR_LINK, WHOLE, RING, O_NONBLOCK);

	ok = ok && go(&pair) && go(&pair);
	return pair_end(&pair) && ok && at_the_end(fd);
}

int main(void)
{
	if (control_missing())
		return ktap_skip_all(control_missing());

	ktap_plan(5);
	ktap_ok(refused(), "bad captures are refused, and a link has one reader");
	ktap_ok(bad_reads(), "a reader with no room or at a bad address loses nothing");
	ktap_ok(privileged(), "only CAP_NET_ADMIN may capture, by a file that it has opened");
	ktap_ok(link_gone(), "a link that goes ends its capture, all before is read");
	ktap_ok(session_gone(), "so does a session that goes");
	return ktap_end();
}
