// SPDX-License-Identifier: GPL-2.0-only

#include "talker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cable.h"
#include "chance.h"
#include "port.h"
#include "stream.h"

#define LENGTH_MAX 4000
#define BURST 8
#define NAP_US 200000
#define NAPS 200 /* its nap is at least so many times as long as what it did before */

const char *const talker_names[] = {
	"unix stream", "unix datagrams", "unix packets", "framed stream",
	"TCP", "UDP", "eventfds", "network device",
};

/* What it writes to and reads from. */
struct mouth {
	enum talker_kind kind;
	int out, in;
};

bool talker_udp_pair(int fd[2])
{
	struct sockaddr_in address[2];
	socklen_t length = sizeof(address[0]);
	unsigned int i;
	bool ok = stream_loopback();

	for (i = 0; i < 2; i++) {
		address[i] = (struct sockaddr_in){ .sin_family = AF_INET };
		address[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fd[i] = socket(AF_INET, SOCK_DGRAM, 0);
		ok &= !bind(fd[i], (struct sockaddr *)&address[i], length) &&
		      !getsockname(fd[i], (struct sockaddr *)&address[i], &length);
	}
	for (i = 0; i < 2; i++)
		ok &= !connect(fd[i], (struct sockaddr *)&address[!i], length);
	return ok;
}

/* Its own end and the port's. */
static bool socket_pair(enum talker_kind kind, int fd[2])
{
	switch (kind) {
	case TALKER_DATAGRAMS:
		return !socketpair(AF_UNIX, SOCK_DGRAM, 0, fd);
	case TALKER_PACKETS:
		return !socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd);
	case TALKER_TCP:
		return stream_pair(STREAM_TCP4, fd);
	case TALKER_UDP:
		return talker_udp_pair(fd);
	default:
		return !socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
	}
}

/*
 * A record, now and then of a length that none has: whole, or nothing of it where none goes at
 * once. For its rest it waits as long as that takes.
 */
static void say_record(int fd, uint8_t *bytes, uint32_t length)
{
	const uint32_t said = htonl(chance(1000) ? length : 0xffffffff);
	size_t size = sizeof(said) + length;
	ssize_t some;
	int flags = MSG_DONTWAIT | MSG_NOSIGNAL;

	memcpy(bytes, &said, sizeof(said));
	while (size && (some = send(fd, bytes, size, flags)) > 0) {
		size -= some;
		bytes += some;
		flags = MSG_NOSIGNAL;
	}
}

static void say(const struct mouth *mouth)
{
	static uint8_t bytes[sizeof(uint32_t) + LENGTH_MAX];
	const uint32_t length = 1 + chance(LENGTH_MAX);
	const struct cable_frame frame = cable_frame(length);

	switch (mouth->kind) {
	case TALKER_EVENTFDS:
		eventfd_write(mouth->out, 1);
		break;
	case TALKER_DEVICE:
		send(mouth->out, &frame, ETH_ZLEN + length % 1400, MSG_DONTWAIT);
		break;
	case TALKER_FRAMED:
		say_record(mouth->out, bytes, length);
		break;
	default:
		send(mouth->out, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	}
}

static void hear(const struct mouth *mouth)
{
	static uint8_t bytes[65536];
	eventfd_t count;
	unsigned int i;

	if (mouth->kind == TALKER_EVENTFDS) {
		eventfd_read(mouth->in, &count);
		return;
	}
	for (i = 0; i < 4 * BURST; i++)
		if (recv(mouth->in, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0)
			break;
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

__attribute__((noreturn))
static void talk(const struct mouth *mouth, uint64_t seed)
{
	uint64_t begun, took, nap;
	unsigned int i;

	/* It goes with the test, however that goes. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Not whatever the test has. */
	setpriority(PRIO_PROCESS, 0, 0);
	chance_seed = seed | 1;
	for (;;) {
		begun = now_us();
		for (i = chance(BURST); i; i--)
			say(mouth);
		/* Some read late, so that queues get full. */
		if (chance(4))
			hear(mouth);
		/*
		 * The slower a window of simulated time is, the more is said in it, and the
		 * slower it is: who talks in a slow kernel leaves it time for what is tested.
		 */
		nap = 1000 + chance(NAP_US);
		took = now_us() - begun;
		usleep(nap > NAPS * took ? nap : NAPS * took);
	}
}

/* The port, and what the process is to use. */
static int open_port(enum talker_kind kind, uint32_t session, uint16_t link, uint32_t end,
		     const char *interface, struct mouth *mouth, struct nl_answer *answer)
{
	struct port_request request = { LIVESTACK_PORT_KIND_SOCKET, -1, -1 };
	int fd[2] = { -1, -1 }, error;

	*mouth = (struct mouth){ kind, -1, -1 };
	if (kind == TALKER_DEVICE) {
		request.kind = LIVESTACK_PORT_KIND_NET;
		request.interface = interface;
		error = port_new(session, link, end, &request, answer);
		if (!error && cable_up(interface))
			mouth->in = cable_packets(interface);
		mouth->out = mouth->in;
		return error;
	}
	if (kind == TALKER_EVENTFDS) {
		request.kind = LIVESTACK_PORT_KIND_EVENTFD;
		mouth->out = eventfd(0, EFD_NONBLOCK);
		mouth->in = eventfd(0, EFD_NONBLOCK);
		request.fd = mouth->out;
		request.out_fd = mouth->in;
		return port_new(session, link, end, &request, answer);
	}
	if (!socket_pair(kind, fd))
		return errno;
	request.fd = fd[1];
	request.framed = kind == TALKER_FRAMED;
	error = port_new(session, link, end, &request, answer);
	close(fd[1]);
	mouth->in = fd[0];
	mouth->out = fd[0];
	return error;
}

bool talker_start(struct talker *talker, uint32_t session, uint16_t link, uint32_t end,
		  const char *interface, uint64_t seed)
{
	static struct nl_answer answer;
	struct mouth mouth;
	int error;

	answer.sentence = NULL;
	error = open_port(talker->kind, session, link, end, interface, &mouth, &answer);
	talker->pid = error || mouth.in < 0 ? -1 : fork();
	if (!talker->pid)
		talk(&mouth, seed);
	if (talker->pid < 0) {
		printf("# %s at link %u: error %d, %s\n", talker_names[talker->kind], link,
		       error ? error : errno, answer.sentence ? answer.sentence : "no sentence");
		talker->pid = 0;
		if (!error)
			port_del(session, link, end);
	}
	/* It has them alone, so that they end with it. */
	if (mouth.out != mouth.in)
		close(mouth.out);
	if (mouth.in >= 0)
		close(mouth.in);
	return talker->pid;
}

void talker_kill(struct talker *talker)
{
	if (!talker->pid)
		return;
	kill(talker->pid, SIGKILL);
	waitpid(talker->pid, NULL, 0);
	talker->pid = 0;
}
