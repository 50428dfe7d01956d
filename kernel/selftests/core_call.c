// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/livestack by write(2) and read(2) does what ioctl(2) does, and poll(2) tells when WAIT is
 * through; wrong sizes, wrong fields and bad addresses are refused and lose nothing.
 * Needs: livestack.ko loaded; root.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control.h"
#include "device.h"
#include "ktap.h"

#define QUANTUM 10000
#define LATENCY 25000
#define NONE LIVESTACK_TIME_NONE

struct record {
	struct livestack_call call;
	union {
		struct livestack_join join;
		struct livestack_wait wait;
		struct livestack_now now;
		struct livestack_send send;
		struct livestack_recv recv;
		uint8_t bytes[128];
	};
};

/* What write(2) says to the call with @more bytes behind its structure: 0 or an error number. */
static int say(int fd, unsigned int number, struct record *record, size_t more)
{
	const size_t size = sizeof(record->call) + _IOC_SIZE(number) + more;
	ssize_t done;

	record->call = (struct livestack_call){ .number = number };
	done = write(fd, record, size);
	return done < 0 ? errno : done == (ssize_t)size ? 0 : EIO;
}

static int take(int fd, void *answer, size_t room, size_t size)
{
	ssize_t done = read(fd, answer, room);

	return done < 0 ? errno : done == (ssize_t)size ? 0 : EIO;
}

static int said_wait(int fd, uint64_t next, struct livestack_wait *wait)
{
	struct record record = { .wait = { .next_ns = next } };
	int error = say(fd, LIVESTACK_IOC_WAIT, &record, 0);

	return error ? error : take(fd, wait, sizeof(*wait), sizeof(*wait));
}

static int said_join(uint32_t session, uint16_t component, int flags)
{
	struct record record = { .join = { .session = session, .component = component } };
	int fd = open("/dev/livestack", O_RDWR | O_CLOEXEC | flags);

	if (ktap_is(say(fd, LIVESTACK_IOC_JOIN, &record, 0), 0) &&
	    ktap_is(take(fd, &record, sizeof(record), 0), ENODATA))
		return fd;
	close(fd);
	return -1;
}

static uint32_t two_and_a_link(void)
{
	uint32_t session = control_session(QUANTUM, 0);

	if (control_component(session, 0, LIVESTACK_KIND_MODEL) ||
	    control_component(session, 1, LIVESTACK_KIND_MODEL) ||
	    control_link(session, 0, 0, 1, LATENCY))
		return 0;
	return session;
}

/* A message goes out and comes in by records alone. */
static bool by_records(void)
{
	uint32_t session = two_and_a_link();
	int from = said_join(session, 0, O_NONBLOCK), to = said_join(session, 1, O_NONBLOCK);
	struct record record = { .send = { .send_ns = 7, .length = 5 } };
	struct { struct livestack_recv recv; char data[8]; } got;
	struct livestack_wait wait;
	bool ok = !control_state(session, LIVESTACK_STATE_RUNNING) &&
		  ktap_is(said_wait(from, 0, &wait), 0) && wait.clock_ns == 0 &&
		  wait.end_ns == QUANTUM && ktap_is(said_wait(to, NONE, &wait), EAGAIN);

	memcpy(record.bytes + sizeof(record.send), "hello", 5);
	ok = ok && ktap_is(say(from, LIVESTACK_IOC_SEND, &record, 5), 0) &&
	     ktap_is(take(from, &record.send, sizeof(record.send) - 1, 0), EMSGSIZE) &&
	     ktap_is(take(from, &record.send, sizeof(record.send), sizeof(record.send)), 0) &&
	     record.send.arrival_ns == 7 + LATENCY && !record.send.data &&
	     ktap_is(take(from, &record, sizeof(record), 0), ENODATA);
	record.recv = (struct livestack_recv){ .length = 4 };
	ok = ok && ktap_is(said_wait(from, 90000, &wait), EAGAIN) &&
	     ktap_is(said_wait(to, NONE, &wait), 0) && wait.clock_ns == 7 + LATENCY &&
	     ktap_is(say(to, LIVESTACK_IOC_RECV, &record, 0), EMSGSIZE);
	record.recv = (struct livestack_recv){ .length = 5 };
	ok = ok && ktap_is(say(to, LIVESTACK_IOC_RECV, &record, 0), 0) &&
	     ktap_is(take(to, &got, sizeof(got.recv) + 4, 0), EMSGSIZE) &&
	     ktap_is(take(to, (void *)8, sizeof(got), 0), EFAULT) &&
	     ktap_is(take(to, &got, sizeof(got), sizeof(got.recv) + 5), 0) &&
	     !memcmp(got.data, "hello", 5) && got.recv.length == 5 && !got.recv.data &&
	     got.recv.arrival_ns == 7 + LATENCY && ktap_is(take(to, &got, sizeof(got), 0), ENODATA);
	record.recv = (struct livestack_recv){ .length = 5 };
	ok = ok && ktap_is(say(to, LIVESTACK_IOC_RECV, &record, 0), EAGAIN);
	close(from);
	close(to);
	return !control_delete(session) && ok;
}

static bool bad_records(void)
{
	static const unsigned int numbers[] = {
		LIVESTACK_IOC_JOIN, LIVESTACK_IOC_WAIT, LIVESTACK_IOC_NOW, LIVESTACK_IOC_SEND,
		LIVESTACK_IOC_RECV, LIVESTACK_IOC_OBSERVE, LIVESTACK_IOC_CAPTURE,
	};
	uint32_t session = two_and_a_link();
	int fd = open("/dev/livestack", O_RDWR);
	void *wall = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct record record = { };
	unsigned int i;
	bool ok = ktap_is(write(fd, &record, 0) ? errno : 0, EINVAL) &&
		  ktap_is(write(fd, wall, 16) < 0 ? errno : 0, EFAULT);

	for (i = 0; ok && i < 7; i++) {
		const size_t size = sizeof(record.call) + _IOC_SIZE(numbers[i]);

		memset(&record, 0, sizeof(record));
		record.call.number = numbers[i];
		ok = ktap_is(write(fd, &record, size - 1) < 0 ? errno : 0, EINVAL) &&
		     ktap_is(write(fd, &record, size + 1) < 0 ? errno : 0, EINVAL) &&
		     ktap_is(say(fd, numbers[i], &record, 0),
			     i == 0 || i == 5 ? ENOENT : i == 6 ? EINVAL : ENOTCONN);
		record.call = (struct livestack_call){ .number = numbers[i], .reserved = 1 };
		ok = ok && ktap_is(write(fd, &record, size) < 0 ? errno : 0, EINVAL);
	}
	close(fd);
	munmap(wall, 4096);
	fd = said_join(session, 0, O_NONBLOCK);
	record.send = (struct livestack_send){ .data = 1 };
	ok = ok && ktap_is(say(fd, LIVESTACK_IOC_SEND, &record, 0), EINVAL);
	record.recv = (struct livestack_recv){ .data = 1 };
	ok = ok && ktap_is(say(fd, LIVESTACK_IOC_RECV, &record, 0), EINVAL);
	close(fd);
	return !control_delete(session) && ok;
}

static int polled(int fd, int wait_ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, wait_ms) > 0 ? poll_fd.revents : 0;
}

/*
 * Whether it is told while it waits. When poll's time is up it looks once more and finds what it
 * was never told; epoll does not.
 */
static bool told(int fd, int wait_ms)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	bool ok = !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) &&
		  epoll_wait(epoll, &event, 1, wait_ms) == 1 && event.events == EPOLLIN;

	close(epoll);
	return ok;
}

static void *goes_on(void *fd)
{
	uint64_t clock = 0;

	usleep(100000);
	device_wait(*(int *)fd, &clock, 70000, NULL);
	return NULL;
}

/* Not before it is the component's turn, and then without being asked again. */
static bool polls(void)
{
	uint32_t session = two_and_a_link();
	int other = device_join(session, 0, O_NONBLOCK), fd = device_join(session, 1, O_NONBLOCK);
	int none = open("/dev/livestack", O_RDWR);
	uint64_t clock = 0;
	pthread_t thread;
	bool ok = ktap_is(polled(none, 0), POLLERR) && ktap_is(polled(fd, 0), 0) &&
		  !control_state(session, LIVESTACK_STATE_RUNNING) &&
		  ktap_is(polled(fd, 0), POLLIN) &&
		  ktap_is(device_wait(fd, &clock, 60000, NULL), EAGAIN) &&
		  ktap_is(polled(fd, 0), 0) &&
		  !pthread_create(&thread, NULL, goes_on, &other);

	ok = ok && told(fd, 20000) && ktap_is(polled(fd, 0), POLLIN) &&
	     ktap_is(device_wait(fd, &clock, 60000, NULL), 0) && clock == 60000 &&
	     !pthread_join(thread, NULL) &&
	     ktap_is(device_wait(fd, &clock, NONE, NULL), EAGAIN) &&
	     !control_state(session, LIVESTACK_STATE_STOPPED) && ktap_is(polled(fd, 0), POLLIN) &&
	     ktap_is(device_wait(fd, &clock, NONE, NULL), ESHUTDOWN);
	close(none);
	close(other);
	close(fd);
	return !control_delete(session) && ok;
}

static bool many(bool (*once)(void), unsigned int rounds)
{
	while (rounds--)
		if (!once())
			return false;
	return true;
}

int main(void)
{
	if (control_missing())
		return ktap_skip_all(control_missing());

	ktap_plan(3);
	ktap_ok(by_records(), "write and read do what ioctl does");
	ktap_ok(many(bad_records, ktap_count(100, 10000)), "bad records are refused");
	ktap_ok(polls(), "poll tells when it is the component's turn");
	return ktap_end();
}
