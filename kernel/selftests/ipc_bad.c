// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wires that cannot be, and ports made of what cannot be one: each is refused in words that say
 * why, and all is as it was. What core alone has to refuse is in core_bad.c and core_bad_values.c.
 *
 * Needs: livestack.ko and livestack_ipc.ko loaded; root; the loopback.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cable.h"
#include "control.h"
#include "ktap.h"
#include "pair.h"
#include "port.h"
#include "stream.h"
#include "talker.h"

#define QUANTUM 10000
#define LATENCY 25000
#define A LIVESTACK_END_A
#define B LIVESTACK_END_B
#define TO_B LIVESTACK_A_LINK_TO_B
#define SOCKET LIVESTACK_PORT_KIND_SOCKET
#define EVENTFD LIVESTACK_PORT_KIND_EVENTFD
#define NET LIVESTACK_PORT_KIND_NET

static bool begin(struct pair *pair)
{
	return pair_begin(pair, LIVESTACK_MODE_STRICT, QUANTUM, LATENCY);
}

/* Each value by itself: the link is afterwards what it was before. */
static bool wires(void)
{
	static const struct {
		const char *what;
		int setting;
		uint64_t value;
		size_t size;
	} wrong[] = {
		{ "rate 0", LIVESTACK_A_DIRECTION_RATE_BPS, 0, 8 },
		{ "rate above a terabit", LIVESTACK_A_DIRECTION_RATE_BPS, 1000000000001, 8 },
		{ "rate -1", LIVESTACK_A_DIRECTION_RATE_BPS, -1, 8 },
		{ "jitter above an hour", LIVESTACK_A_DIRECTION_JITTER_NS, 3600000000001, 8 },
		{ "jitter -1", LIVESTACK_A_DIRECTION_JITTER_NS, -1, 8 },
		{ "loss of more than all", LIVESTACK_A_DIRECTION_LOSS_PPM, 1000001, 4 },
		{ "loss -1", LIVESTACK_A_DIRECTION_LOSS_PPM, UINT32_MAX, 4 },
		{ "mtu 67", LIVESTACK_A_DIRECTION_MTU, 67, 4 },
		{ "mtu above a message", LIVESTACK_A_DIRECTION_MTU, 65537, 4 },
		{ "room for no byte", LIVESTACK_A_DIRECTION_LIMIT_BYTES, 0, 4 },
		{ "room without a rate", LIVESTACK_A_DIRECTION_LIMIT_BYTES, 1000, 4 },
		{ "room for no message", LIVESTACK_A_DIRECTION_LIMIT_PACKETS, 0, 4 },
		{ "room for too many", LIVESTACK_A_DIRECTION_LIMIT_PACKETS, 16385, 4 },
		{ "down 2", LIVESTACK_A_DIRECTION_DOWN, 2, 4 },
		{ "a rate of 4 bytes", LIVESTACK_A_DIRECTION_RATE_BPS, 1000, 4 },
		{ "a count", LIVESTACK_A_DIRECTION_SENT, 1, 8 },
	};
	static struct nl_answer before, after, answer;
	struct pair pair;
	unsigned int i;
	bool ok = begin(&pair) && !control_get_link(pair.session, PAIR_LINK, &before);

	for (i = 0; ok && i < sizeof(wrong) / sizeof(*wrong); i++) {
		const int error = port_wire_says(pair.session, PAIR_LINK, TO_B, wrong[i].setting,
						 wrong[i].value, wrong[i].size, &answer);

		ok = error && answer.sentence &&
		     !control_get_link(pair.session, PAIR_LINK, &after) &&
		     after.attribute[TO_B].length == before.attribute[TO_B].length &&
		     !memcmp(after.attribute[TO_B].data, before.attribute[TO_B].data,
			     before.attribute[TO_B].length);
		if (!ok)
			ktap_note("%s: error %d, \"%s\"", wrong[i].what, error,
				  answer.sentence ? answer.sentence : "");
	}
	return pair_end(&pair) && ok;
}

/* An hour is the longest; and what is negative is longer. */
static bool latencies(void)
{
	static const uint64_t wrong[] = { QUANTUM - 1, 3600000000001, INT64_MAX, UINT64_MAX };
	static struct nl_answer answer;
	struct pair pair;
	unsigned int i;
	bool ok = begin(&pair);

	for (i = 0; ok && i < sizeof(wrong) / sizeof(*wrong); i++)
		ok = ktap_is(port_latency(pair.session, PAIR_LINK, wrong[i]), ERANGE) &&
		     ktap_is(control_link(pair.session, 8, 0, 1, wrong[i]), ERANGE);
	ok = ok && !control_get_link(pair.session, PAIR_LINK, &answer) &&
	     nl_u64(&answer, LIVESTACK_A_LINK_LATENCY_NS) == LATENCY &&
	     nl_u64(&answer, LIVESTACK_A_LINK_BACK_LATENCY_NS) == LATENCY &&
	     /* The shortest and the longest that can be. */
	     ktap_is(port_latency(pair.session, PAIR_LINK, QUANTUM), 0) &&
	     ktap_is(port_latency(pair.session, PAIR_LINK, 3600000000000), 0);
	return pair_end(&pair) && ok;
}

/* Refused with this error, in a sentence with this word in it. */
static bool refused(const struct pair *pair, uint32_t end, const struct port_request *request,
		    int wanted, const char *word)
{
	static struct nl_answer answer;
	const int error = port_new(pair->session, PAIR_LINK, end, request, &answer);
	const bool says = answer.sentence && strstr(answer.sentence, word);

	if (!says)
		ktap_note("\"%s\" is not in \"%s\"", word,
			  answer.sentence ? answer.sentence : "");
	return ktap_is(error, wanted) && says;
}

static bool refused_fd(const struct pair *pair, uint32_t end, uint32_t kind, int fd, int out_fd,
		       int wanted, const char *word)
{
	const struct port_request request = { kind, fd, out_fd };

	return refused(pair, end, &request, wanted, word);
}

static bool taken(const struct pair *pair, uint32_t end, uint32_t kind, int fd, int out_fd)
{
	const struct port_request request = { kind, fd, out_fd };

	return ktap_is(port_new(pair->session, PAIR_LINK, end, &request, NULL), 0);
}

static bool let_go(const struct pair *pair, uint32_t end)
{
	return ktap_is(port_del(pair->session, PAIR_LINK, end), 0);
}

/* One that has ended has no descriptors, and once it is waited for no number. */
static bool dead(const struct pair *pair)
{
	struct port_request request = { SOCKET, 0, -1 };
	bool ok;

	request.pid = fork();
	if (!request.pid)
		_exit(0);
	waitid(P_PID, request.pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	ok = refused(pair, A, &request, EBADF, "descriptor");
	waitpid(request.pid, NULL, 0);
	return ok && refused(pair, A, &request, ESRCH, "process");
}

static bool no_descriptors(void)
{
	const int file = open("/dev/null", O_RDONLY), event = eventfd(0, 0);
	struct pair pair;
	int pipes[2], two[2];
	bool ok = begin(&pair) && !pipe(pipes) && !socketpair(AF_UNIX, SOCK_STREAM, 0, two);

	ok = ok && refused_fd(&pair, A, SOCKET, file, -1, ENOTSOCK, "no socket") &&
	     refused_fd(&pair, A, SOCKET, pipes[0], -1, ENOTSOCK, "no socket") &&
	     refused_fd(&pair, A, SOCKET, event, -1, ENOTSOCK, "no socket") &&
	     refused_fd(&pair, A, SOCKET, 999, -1, EBADF, "no descriptor") &&
	     refused_fd(&pair, A, SOCKET, -1, -1, EINVAL, "socket is missing") &&
	     refused_fd(&pair, A, EVENTFD, two[0], -1, EINVAL, "no eventfd") &&
	     refused_fd(&pair, A, EVENTFD, event, file, EINVAL, "no eventfd") &&
	     refused_fd(&pair, A, EVENTFD, -1, pipes[1], EINVAL, "no eventfd") &&
	     refused_fd(&pair, A, EVENTFD, event, 999, EBADF, "no descriptor") && dead(&pair) &&
	     /* None of them has kept anything. */
	     taken(&pair, A, EVENTFD, event, -1) && taken(&pair, B, SOCKET, two[0], -1);
	close(file);
	close(event);
	close(pipes[0]);
	close(pipes[1]);
	close(two[0]);
	close(two[1]);
	return pair_end(&pair) && ok;
}

static bool loop_of_sockets(const struct pair *pair, int two[2])
{
	bool ok = taken(pair, A, SOCKET, two[0], -1) &&
		  refused_fd(pair, B, SOCKET, two[0], -1, EBUSY, "in use") &&
		  refused_fd(pair, B, SOCKET, two[1], -1, ELOOP, "for ever") && let_go(pair, A) &&
		  /* The other way round, and then neither was one. */
		  taken(pair, B, SOCKET, two[1], -1) &&
		  refused_fd(pair, A, SOCKET, two[0], -1, ELOOP, "for ever") && let_go(pair, B) &&
		  taken(pair, A, SOCKET, two[0], -1) && let_go(pair, A);

	close(two[0]);
	close(two[1]);
	return ok;
}

static bool sockets_in_a_loop(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct pair pair;
	unsigned int i;
	int two[2];
	bool ok = begin(&pair);

	for (i = 0; ok && i < 3; i++)
		ok = !socketpair(AF_UNIX, types[i], 0, two) && loop_of_sockets(&pair, two);
	for (i = STREAM_TCP4; ok && i <= STREAM_TCP6; i++)
		ok = stream_pair(i, two) && loop_of_sockets(&pair, two);
	ok = ok && talker_udp_pair(two) && loop_of_sockets(&pair, two);
	return pair_end(&pair) && ok;
}

static bool eventfds_in_a_loop(void)
{
	const int one = eventfd(0, 0), two = eventfd(0, 0), three = eventfd(0, 0);
	struct pair pair;
	bool ok = begin(&pair);

	ok = ok && refused_fd(&pair, A, EVENTFD, one, one, ELOOP, "two eventfds") &&
	     taken(&pair, A, EVENTFD, one, two) &&
	     refused_fd(&pair, B, EVENTFD, one, three, EBUSY, "own") &&
	     refused_fd(&pair, B, EVENTFD, three, one, ELOOP, "for ever") &&
	     refused_fd(&pair, B, EVENTFD, two, three, ELOOP, "for ever") &&
	     refused_fd(&pair, B, EVENTFD, two, -1, ELOOP, "for ever") &&
	     refused_fd(&pair, B, EVENTFD, -1, one, ELOOP, "for ever") &&
	     /* Two that are signalled by both ends are none. */
	     taken(&pair, B, EVENTFD, three, two);
	close(one);
	close(two);
	close(three);
	return pair_end(&pair) && ok;
}

/* `ip link del`. 0 or the error number. */
static int delete_interface(const char *interface)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
	} request = {
		.header = { sizeof(request), RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK },
		.info = { .ifi_index = if_nametoindex(interface) },
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		uint8_t rest[512];
	} answer = { 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (send(fd, &request, sizeof(request), 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		answer.error.error = -errno;
	close(fd);
	return -answer.error.error;
}

static int rename_interface(const char *from, const char *to)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", from);
	snprintf(request.ifr_newname, sizeof(request.ifr_newname), "%s", to);
	error = ioctl(fd, SIOCSIFNAME, &request) ? errno : 0;
	close(fd);
	return error;
}

/* Only its port takes a device away; whoever has given it another name is told by port-get. */
static bool interfaces(void)
{
	const struct port_request request = { NET, -1, -1, "lsbad0" },
				  again = { NET, -1, -1, "lsbad1" };
	static struct nl_answer answer;
	struct pair pair;
	bool ok = begin(&pair) &&
		  ktap_is(port_new(pair.session, PAIR_LINK, A, &request, NULL), 0) &&
		  refused(&pair, A, &request, EEXIST, "port already") &&
		  refused(&pair, B, &request, EEXIST, "network device of this name") &&
		  ktap_is(delete_interface("lsbad0"), EOPNOTSUPP) &&
		  ktap_is(rename_interface("lsbad0", "lsbad1"), 0) &&
		  !port_get(pair.session, PAIR_LINK, A, &answer) &&
		  !strcmp(nl_string(&answer, LIVESTACK_A_PORT_INTERFACE), "lsbad1") &&
		  refused(&pair, B, &again, EEXIST, "network device of this name") &&
		  cable_up("lsbad1") && let_go(&pair, A) && !if_nametoindex("lsbad1");

	ok = ok && ktap_is(port_del(pair.session, PAIR_LINK, A), ENOENT) &&
	     ktap_is(port_get(pair.session, PAIR_LINK, A, &answer), ENOENT) && answer.sentence &&
	     ktap_is(port_new(pair.session, PAIR_LINK, B, &again, NULL), 0);
	return pair_end(&pair) && ok && !if_nametoindex("lsbad1");
}

int main(void)
{
	if (port_missing())
		return ktap_skip_all(port_missing());

	ktap_plan(6);
	ktap_ok(wires(), "wires that cannot be are refused in words, and nothing is set");
	ktap_ok(latencies(), "latencies below a window, above an hour, and negative ones, too");
	ktap_ok(no_descriptors(), "descriptors of none, or of something else, are refused");
	ktap_ok(sockets_in_a_loop(), "sockets that are connected to each other are refused");
	ktap_ok(eventfds_in_a_loop(), "eventfds that would be signalled in a circle, too");
	ktap_ok(interfaces(), "a device goes with its port, and not before");
	return ktap_end();
}
