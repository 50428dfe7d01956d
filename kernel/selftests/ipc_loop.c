// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loops: links that begin and end at one component, by which what a program of the host does for it
 * takes simulated time. What is sent comes back after its latency and, by the size it says, its
 * rate; windows may be longer than that; while the component is not there it takes no time.
 *
 * Needs: livestack.ko and livestack_ipc.ko loaded; root.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "device.h"
#include "ktap.h"
#include "port.h"

#define QUANTUM 1000000
#define LATENCY 25000 /* shorter than a window */
#define RATE_BPS 8000000000UL /* a byte a nanosecond */
#define LINK 7
#define NONE LIVESTACK_TIME_NONE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

struct token {
	uint32_t size; /* big-endian */
	uint32_t number;
};

/* A component whose loop leads from one socket of this process to another. */
struct loop {
	uint32_t session;
	int fd; /* of the component, -1: it has not joined */
	uint64_t clock;
	int to, from;
};

static int make_link(uint32_t session, uint16_t b, bool flag, struct nl_answer *answer)
{
	const uint64_t latency_ns = LATENCY;
	const uint16_t id = LINK, a = 0;
	struct nl_message message;

	control_start(&message, LIVESTACK_CMD_LINK_NEW);
	nl_add(&message, LIVESTACK_A_LINK_SESSION, &session, sizeof(session));
	nl_add(&message, LIVESTACK_A_LINK_ID, &id, sizeof(id));
	nl_add(&message, LIVESTACK_A_LINK_A, &a, sizeof(a));
	nl_add(&message, LIVESTACK_A_LINK_B, &b, sizeof(b));
	nl_add(&message, LIVESTACK_A_LINK_LATENCY_NS, &latency_ns, sizeof(latency_ns));
	if (flag)
		nl_add(&message, LIVESTACK_A_LINK_LOOP, NULL, 0);
	return control_ask(&message, answer);
}

static int open_end(const struct loop *loop, uint32_t end, int fd, bool sized,
		    struct nl_answer *answer)
{
	const struct port_request request = {
		.kind = LIVESTACK_PORT_KIND_SOCKET, .fd = fd, .out_fd = -1, .sized = sized,
	};

	return port_new(loop->session, LINK, end, &request, answer);
}

static bool begin(struct loop *loop)
{
	static struct nl_answer answer;
	int a[2], b[2];
	bool ok;

	*loop = (struct loop){ .session = control_session(QUANTUM, 0), .fd = -1, .to = -1,
			       .from = -1 };
	if (control_component(loop->session, 0, LIVESTACK_KIND_MODEL) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, a) || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, b))
		return false;
	ok = ktap_is(make_link(loop->session, 0, true, &answer), 0) &&
	     ktap_is(open_end(loop, LIVESTACK_END_A, a[1], true, &answer), 0) &&
	     ktap_is(open_end(loop, LIVESTACK_END_B, b[1], false, &answer), 0);
	loop->to = a[0];
	loop->from = b[0];
	close(a[1]);
	close(b[1]);
	return ok;
}

/* Its component is there, at 0. */
static bool join(struct loop *loop)
{
	loop->fd = device_join(loop->session, 0, O_NONBLOCK);
	return loop->fd >= 0 && !control_state(loop->session, LIVESTACK_STATE_RUNNING) &&
	       ktap_is(device_wait(loop->fd, &loop->clock, 0, NULL), 0);
}

static bool end(struct loop *loop)
{
	bool ok = port_balanced(loop->session, LINK);

	if (loop->fd >= 0)
		close(loop->fd);
	ok = !control_delete(loop->session) && ok;
	/* The link had the other ends. */
	ok = ok && recv(loop->from, &(char){ 0 }, 1, MSG_DONTWAIT) == 0;
	close(loop->to);
	close(loop->from);
	return ok;
}

static bool put(const struct loop *loop, uint32_t size, uint32_t number)
{
	const struct token token = { htonl(size), number };

	return send(loop->to, &token, sizeof(token), MSG_NOSIGNAL) == sizeof(token);
}

/* What came back, for five seconds at most where something is to come. */
static bool comes(const struct loop *loop, uint32_t number, int wait_ms)
{
	struct pollfd file = { .fd = loop->from, .events = POLLIN };
	struct token token;

	return poll(&file, 1, wait_ms) == 1 &&
	       recv(loop->from, &token, sizeof(token), MSG_DONTWAIT) == sizeof(token) &&
	       ktap_is(token.number, number);
}

static bool is_empty(const struct loop *loop)
{
	return recv(loop->from, &(char){ 0 }, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* The component waits for messages alone: its clock is where the next one arrives. */
static bool waits_to(struct loop *loop, uint64_t clock_ns)
{
	struct pollfd file = { .fd = loop->fd, .events = POLLIN };
	int error, tries;

	for (tries = 0; tries < 20; tries++) {
		error = device_wait(loop->fd, &loop->clock, NONE, NULL);
		if (error != EAGAIN || poll(&file, 1, 5000) != 1)
			break;
	}
	return ktap_is(error, 0) && ktap_is(loop->clock, clock_ns);
}

static bool exact(void)
{
	const unsigned int count = ktap_count(1000, 20000);
	struct loop loop;
	unsigned int i;
	bool ok = begin(&loop) && join(&loop);

	for (i = 0; ok && i < count; i++) {
		const uint64_t arrival = loop.clock + LATENCY;

		ok = put(&loop, 4096, i) && is_empty(&loop) && waits_to(&loop, arrival) &&
		     comes(&loop, i, 0);
	}
	return end(&loop) && ok;
}

/* The size that a message says takes its time, one after the other; its own bytes do not. */
static bool sized(void)
{
	static const uint32_t sizes[] = { 4096, 0, 1 << 20, 1, 512, LIVESTACK_SIZE_MAX };
	const unsigned int count = ARRAY_SIZE(sizes);
	struct loop loop;
	uint64_t through = 0;
	unsigned int i;
	bool ok = begin(&loop) && join(&loop) &&
		  !port_wire(loop.session, LINK, LIVESTACK_A_LINK_TO_B,
			     LIVESTACK_A_DIRECTION_RATE_BPS, RATE_BPS, 8);

	for (i = 0; ok && i < count; i++)
		ok = put(&loop, sizes[i], i);
	for (i = 0; ok && i < count; i++) {
		through += sizes[i];
		/* One of no size comes with the one before it. */
		if (sizes[i])
			ok = waits_to(&loop, through + LATENCY);
		ok = ok && comes(&loop, i, 5000);
	}
	return end(&loop) && ok;
}

/* What says no size, or one too large, is dropped and counted. */
static bool missized(void)
{
	static struct nl_answer answer;
	struct loop loop;
	bool ok = begin(&loop) && join(&loop) && put(&loop, LIVESTACK_SIZE_MAX + 1, 1) &&
		  put(&loop, UINT32_MAX, 2) && send(loop.to, "abc", 3, 0) == 3 &&
		  put(&loop, 1, 3) && waits_to(&loop, LATENCY) && comes(&loop, 3, 0);

	ok = ok && !control_get_link(loop.session, LINK, &answer) &&
	     ktap_is(control_way(&answer, LIVESTACK_A_LINK_TO_B,
				 LIVESTACK_A_DIRECTION_DROPPED_MTU), 3) &&
	     answer.attribute[LIVESTACK_A_LINK_LOOP].data;
	return end(&loop) && ok;
}

/* Before it joins, after it has left with messages under way, when its session has stopped. */
static bool absent(void)
{
	struct loop loop;
	bool ok = begin(&loop) && put(&loop, 1, 1) && comes(&loop, 1, 5000) && join(&loop) &&
		  put(&loop, 1, 2) && put(&loop, 1, 3) && is_empty(&loop);

	close(loop.fd);
	loop.fd = -1;
	ok = ok && comes(&loop, 2, 5000) && comes(&loop, 3, 5000) && put(&loop, 1, 4) &&
	     comes(&loop, 4, 5000) && !control_state(loop.session, LIVESTACK_STATE_STOPPED) &&
	     put(&loop, 1, 5) && comes(&loop, 5, 5000);
	return end(&loop) && ok;
}

/* It is no part of what windows may be as long as. */
static bool is_no_lookahead(void)
{
	static struct nl_answer answer;
	struct loop loop;
	bool ok = begin(&loop) && !control_get(loop.session, &answer) &&
		  !answer.attribute[LIVESTACK_A_SESSION_LOOKAHEAD_NS].data &&
		  ktap_is(control_quantum(loop.session, 4 * QUANTUM), 0) &&
		  ktap_is(port_latency(loop.session, LINK, 1), 0) &&
		  ktap_is(port_del(loop.session, LINK, LIVESTACK_END_A), 0) &&
		  ktap_is(port_del(loop.session, LINK, LIVESTACK_END_B), 0) &&
		  ktap_is(port_link_del(loop.session, LINK), 0);

	ok = !control_delete(loop.session) && ok;
	close(loop.to);
	close(loop.from);
	return ok;
}

static bool says(int error, int wanted, const struct nl_answer *answer, const char *words)
{
	return ktap_is(error, wanted) && answer->sentence && strstr(answer->sentence, words);
}

static bool bad(void)
{
	static const struct {
		int setting;
		uint64_t value;
	} losing[] = {
		{ LIVESTACK_A_DIRECTION_LOSS_PPM, 1 },
		{ LIVESTACK_A_DIRECTION_MTU, 1500 },
		{ LIVESTACK_A_DIRECTION_DOWN, 1 },
	};
	static struct nl_answer answer;
	struct port_request request = { LIVESTACK_PORT_KIND_EVENTFD, -1, -1, .sized = true };
	struct loop loop;
	unsigned int i;
	int stream[2];
	bool ok = begin(&loop) && !control_component(loop.session, 1, LIVESTACK_KIND_MODEL) &&
		  !socketpair(AF_UNIX, SOCK_STREAM, 0, stream);

	ok = ok && says(make_link(loop.session, 0, false, &answer), EINVAL, &answer, "or loop") &&
	     says(make_link(loop.session, 1, true, &answer), EINVAL, &answer, "leads back");
	for (i = 0; ok && i < ARRAY_SIZE(losing); i++)
		ok = says(port_wire_says(loop.session, LINK, LIVESTACK_A_LINK_TO_B,
					 losing[i].setting, losing[i].value, 4, &answer),
			  EINVAL, &answer, "nothing is lost on a loop");
	ok = ok && ktap_is(port_del(loop.session, LINK, LIVESTACK_END_A), 0) &&
	     says(open_end(&loop, LIVESTACK_END_A, stream[1], true, &answer), EOPNOTSUPP, &answer,
		  "no messages whose size");
	request.fd = eventfd(0, EFD_CLOEXEC);
	ok = ok && says(port_new(loop.session, LINK, LIVESTACK_END_A, &request, &answer), EINVAL,
			&answer, "only sockets can be sized");
	close(request.fd);
	close(stream[0]);
	close(stream[1]);
	return end(&loop) && ok;
}

int main(void)
{
	if (port_missing())
		return ktap_skip_all(port_missing());

	ktap_plan(6);
	ktap_ok(exact(), "what is sent over a loop comes back at its arrival, to the nanosecond");
	ktap_ok(sized(), "its rate counts the size that it says, one after the other");
	ktap_ok(missized(), "without a size that there can be it is dropped, and counted");
	ktap_ok(absent(), "while nobody is there it takes no time, and none is lost");
	ktap_ok(is_no_lookahead(), "windows may be longer than a loop's latency");
	ktap_ok(bad(), "what would lose something, or be no loop, is refused in words");
	return ktap_end();
}
