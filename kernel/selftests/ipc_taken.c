// SPDX-License-Identifier: GPL-2.0-only
/*
 * A message that its receiver is being given is nobody else's. Its process waits in the midst of
 * RECV, as memory that it is to be written to is not there yet; meanwhile its end of the link
 * becomes a port, which what has arrived goes to, and is closed again, with which all goes that is
 * on its way.
 *
 * Needs: livestack.ko and livestack_ipc.ko loaded; root; userfaultfd.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control.h"
#include "device.h"
#include "ktap.h"
#include "pair.h"
#include "port.h"
#include "stream.h"

#define QUANTUM 10000
#define LATENCY 25000
#define PAGE 4096
#define TO_B LIVESTACK_A_LINK_TO_B

/* Memory that is not there until somebody says so. */
struct absent {
	int fd; /* -1: this kernel has no such memory */
	uint8_t *page;
};

/* One RECV in a thread of its own. */
struct taker {
	int fd, error;
	void *to;
	struct livestack_recv recv;
};

static struct absent absent_page(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct absent absent = { .fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK) };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	if (absent.fd < 0)
		return absent;
	absent.page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (uintptr_t)absent.page;
	range.range.len = PAGE;
	if (!ioctl(absent.fd, UFFDIO_API, &api) && !ioctl(absent.fd, UFFDIO_REGISTER, &range))
		return absent;
	close(absent.fd);
	absent.fd = -1;
	return absent;
}

/* Whether somebody waits for it, at most ten seconds. */
static bool is_awaited(const struct absent *absent)
{
	struct pollfd poll_fd = { .fd = absent->fd, .events = POLLIN };
	struct uffd_msg message;

	return poll(&poll_fd, 1, 10000) == 1 &&
	       read(absent->fd, &message, sizeof(message)) == sizeof(message) &&
	       message.event == UFFD_EVENT_PAGEFAULT;
}

static bool is_there_now(const struct absent *absent)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)absent->page, .len = PAGE },
	};

	return !ioctl(absent->fd, UFFDIO_ZEROPAGE, &zero);
}

static void *take(void *data)
{
	struct taker *taker = data;

	taker->error = device_recv(taker->fd, taker->to, PAGE, &taker->recv);
	return NULL;
}

static uint64_t told(const struct pair *pair, int count)
{
	static struct nl_answer link;

	if (control_get_link(pair->session, PAIR_LINK, &link))
		return UINT64_MAX;
	return control_way(&link, TO_B, count);
}

/* A message has come to component 1, which could take it. */
static bool comes(struct pair *pair, const void *data)
{
	const uint64_t arrival = pair->clock[0] + LATENCY;

	return ktap_is(device_send(pair->fd[0], PAIR_LINK, 0, data, PAGE, NULL), 0) &&
	       ktap_is(pair_step(pair, 1, LIVESTACK_TIME_NONE), EAGAIN) &&
	       ktap_is(pair_goes(pair, 0, arrival + 3), 0) && ktap_is(pair_comes(pair, 1), 0) &&
	       pair->clock[1] == arrival;
}

/* The end becomes a port and none again. What has come out of it is counted. */
static bool port_comes_and_goes(const struct pair *pair, unsigned int *came)
{
	uint8_t byte;
	int fd[2];
	bool ok = !socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fd) &&
		  port_socket(pair->session, PAIR_LINK, LIVESTACK_END_B, fd[1]);

	usleep(10000);
	ok = ok && ktap_is(port_del(pair->session, PAIR_LINK, LIVESTACK_END_B), 0);
	*came = recv(fd[0], &byte, 1, 0) > 0;
	close(fd[0]);
	close(fd[1]);
	return ok;
}

static bool is_mine(struct absent *absent)
{
	static uint8_t put[PAGE];
	struct pair pair;
	struct taker taker;
	pthread_t thread;
	unsigned int place, came = 0;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
		  ktap_is(pair_step(&pair, 0, 0), 0);

	for (place = 0; place < PAGE; place++)
		put[place] = stream_byte(1, place);
	taker = (struct taker){ .fd = pair.fd[1], .to = absent->page };
	if (ok && comes(&pair, put) && !pthread_create(&thread, NULL, take, &taker)) {
		ok = is_awaited(absent) && port_comes_and_goes(&pair, &came) &&
		     ktap_is(port_link_del(pair.session, PAIR_LINK), EBUSY);
		ok &= is_there_now(absent);
		pthread_join(thread, NULL);
		ok = ok && ktap_is(taker.error, 0) && !came &&
		     taker.recv.length == PAGE && !memcmp(absent->page, put, PAGE) &&
		     told(&pair, LIVESTACK_A_DIRECTION_RECEIVED) == 1 &&
		     told(&pair, LIVESTACK_A_DIRECTION_QUEUED) == 0 &&
		     told(&pair, LIVESTACK_A_DIRECTION_DROPPED) == 0 &&
		     port_balanced(pair.session, PAIR_LINK);
	} else {
		ok = false;
	}
	return pair_end(&pair) && ok;
}

/* One that could not be given is the port's that has come meanwhile. */
static bool is_given_back(void)
{
	static uint8_t put[PAGE], got[PAGE + 1];
	struct livestack_recv about;
	struct pair pair;
	int fd[2] = { -1, -1 };
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY) &&
		  ktap_is(pair_step(&pair, 0, 0), 0);

	memset(put, 0x5a, PAGE);
	ok = ok && comes(&pair, put) &&
	     ktap_is(device_recv(pair.fd[1], got, PAGE - 1, &about), EMSGSIZE) &&
	     ktap_is(device_recv(pair.fd[1], (void *)1, PAGE, &about), EFAULT) &&
	     told(&pair, LIVESTACK_A_DIRECTION_QUEUED) == 1 &&
	     !socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fd) &&
	     port_socket(pair.session, PAIR_LINK, LIVESTACK_END_B, fd[1]) &&
	     ktap_is(device_recv(pair.fd[1], (void *)1, PAGE, &about), EFAULT) &&
	     stream_comes(fd[0]) && recv(fd[0], got, sizeof(got), 0) == PAGE &&
	     !memcmp(put, got, PAGE) &&
	     ktap_is(device_recv(pair.fd[1], got, PAGE, &about), EAGAIN) &&
	     told(&pair, LIVESTACK_A_DIRECTION_RECEIVED) == 1 &&
	     port_balanced(pair.session, PAIR_LINK);
	close(fd[0]);
	close(fd[1]);
	return pair_end(&pair) && ok;
}

int main(void)
{
	struct absent absent;

	if (port_missing())
		return ktap_skip_all(port_missing());
	absent = absent_page();
	ktap_plan(2);
	if (absent.fd >= 0)
		ktap_ok(is_mine(&absent), "a message that a process is being given stays its own");
	else
		ktap_skip("a message that a process is being given stays its own",
			  "this kernel has no userfaultfd");
	ktap_ok(is_given_back(), "one that could not be given is there for others again");
	return ktap_end();
}
