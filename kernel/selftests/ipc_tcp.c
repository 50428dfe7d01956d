// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP connections joined by a link: bytes come at their simulated arrival, in order, once; a full
 * queue closes the sender's window and loses nothing.
 *
 * One process is both components, without blocking, so that every step is the test's own.
 * Needs: livestack.ko and livestack_ipc.ko loaded; root; the loopback.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "device.h"
#include "ktap.h"
#include "port.h"
#include "stream.h"

static bool exact(enum stream_kind kind)
{
	const unsigned int count = ktap_count(300, 30000);
	struct stream stream;
	unsigned int i, got;
	bool ok = stream_begin(&stream, kind, 0);

	for (i = 0; ok && i < count; i++)
		ok = send(stream.a, &i, sizeof(i), 0) == sizeof(i) && stream_settles(stream.a) &&
		     recv(stream.b, &got, sizeof(got), 0) < 0 && errno == EAGAIN &&
		     stream_waits(&stream) && stream_arrives(&stream) && stream_comes(stream.b) &&
		     recv(stream.b, &got, sizeof(got), 0) == sizeof(got) && got == i &&
		     stream_waits(&stream);
	if (!ok)
		ktap_note("at message %u: %s", i, strerror(errno));
	return stream_end(&stream) && ok;
}

/* Each as it was sent, with its time; and back, where an empty message is an end. */
static bool modelled(enum stream_kind kind)
{
	struct stream stream;
	struct livestack_recv first, second;
	char bytes[64];
	bool ok = stream_begin(&stream, kind, STREAM_TO_MODEL);

	ok = ok && send(stream.a, "one", 3, 0) == 3 && stream_settles(stream.a) &&
	     send(stream.a, "three", 5, 0) == 5 && stream_settles(stream.a) &&
	     stream_waits(&stream) && stream_arrives(&stream) &&
	     ktap_is(device_recv(stream.pair.fd[1], bytes, sizeof(bytes), &first), 0) &&
	     first.arrival_ns == stream.pair.clock[1] && !memcmp(bytes, "one", first.length) &&
	     ktap_is(device_recv(stream.pair.fd[1], bytes, sizeof(bytes), &second), 0) &&
	     second.arrival_ns == first.arrival_ns && !memcmp(bytes, "three", second.length);
	ok = ok &&
	     ktap_is(device_send(stream.pair.fd[1], PAIR_LINK, 0, "answer", 6, NULL), 0) &&
	     ktap_is(device_send(stream.pair.fd[1], PAIR_LINK, 0, NULL, 0, NULL), 0) &&
	     stream_pass(&stream, 2 * STREAM_LATENCY, NULL, NULL) && stream_comes(stream.a) &&
	     recv(stream.a, bytes, sizeof(bytes), 0) == 6 && !memcmp(bytes, "answer", 6) &&
	     stream_comes(stream.a) && recv(stream.a, bytes, sizeof(bytes), 0) == 0;
	return stream_end(&stream) && ok;
}

static void exchange(void *data)
{
	struct stream_flow *flow = data;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		stream_give(&flow[i]);
		stream_take(&flow[i]);
	}
}

static bool through(struct stream_flow *flow)
{
	return flow[0].taken >= flow[0].all && flow[1].taken >= flow[1].all;
}

static bool carry(struct stream *stream, uint64_t all, uint64_t step_ns)
{
	struct stream_flow flow[2] = {
		{ .from = stream->a, .to = stream->b, .seed = 1, .all = all },
		{ .from = stream->b, .to = stream->a, .seed = 2, .all = all },
	};
	unsigned int rounds;
	bool ok = true;

	for (rounds = 0; ok && !through(flow) && rounds < 20000; rounds++)
		ok = stream_pass(stream, step_ns, exchange, flow);
	ktap_note("%lu and %lu of %lu bytes, %lu wrong, in %u rounds", flow[0].taken,
		  flow[1].taken, all, flow[0].wrong + flow[1].wrong, rounds);
	return ok && through(flow) && !flow[0].wrong && !flow[1].wrong;
}

static bool both_ways(enum stream_kind kind)
{
	struct stream stream;
	bool ok = stream_begin(&stream, kind, 0) &&
		  carry(&stream, ktap_count(10, 100) * 1000000UL, 2 * STREAM_LATENCY);

	return stream_end(&stream) && ok;
}

/* A wire that drops what is too long, and what finds no room, has to wait for: a stream does. */
static bool narrow(void)
{
	static const struct {
		int setting;
		uint64_t value;
		size_t size;
	} wire[] = {
		{ LIVESTACK_A_DIRECTION_RATE_BPS, 1000000000, 8 },
		{ LIVESTACK_A_DIRECTION_LIMIT_PACKETS, 7, 4 },
		{ LIVESTACK_A_DIRECTION_MTU, 1500, 4 },
	};
	struct nl_answer answer;
	struct stream stream;
	unsigned int i;
	bool ok = stream_begin(&stream, STREAM_TCP4, 0);

	for (i = 0; ok && i < sizeof(wire) / sizeof(*wire); i++)
		ok = ktap_is(port_wire(stream.pair.session, PAIR_LINK, LIVESTACK_A_LINK_TO_B,
				       wire[i].setting, wire[i].value, wire[i].size), 0);
	ok = ok && carry(&stream, ktap_count(200000, 2000000), 10 * STREAM_LATENCY) &&
	     !control_get_link(stream.pair.session, PAIR_LINK, &answer) &&
	     !control_way(&answer, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_DROPPED);
	return stream_end(&stream) && ok;
}

static bool blocked(const struct stream *stream)
{
	struct nl_answer answer;

	return !port_get(stream->pair.session, PAIR_LINK, LIVESTACK_END_A, &answer) &&
	       nl_u32(&answer, LIVESTACK_A_PORT_BLOCKED);
}

/* Its reader takes nothing for a while: time goes on, the sender's window is closed. */
static bool fills(void)
{
	struct stream stream;
	struct stream_flow flow = { .seed = 3, .all = 60000000 };
	uint64_t most = 0;
	unsigned int i;
	bool ok = stream_begin(&stream, STREAM_TCP4, 0);

	flow.from = stream.a;
	flow.to = stream.b;
	for (i = 0; ok && i < 50; i++) {
		stream_give(&flow);
		ok = stream_pass(&stream, STREAM_LATENCY, NULL, NULL);
	}
	most = flow.given;
	ok = ok && most < flow.all && blocked(&stream) &&
	     port_balanced(stream.pair.session, PAIR_LINK);
	flow.all = most;
	for (i = 0; ok && flow.taken < flow.all && i < 20000; i++) {
		ok = stream_pass(&stream, STREAM_LATENCY, NULL, NULL);
		stream_take(&flow);
	}
	ktap_note("%lu bytes were on their way, %lu came, %lu wrong", most, flow.taken,
		  flow.wrong);
	ok = ok && flow.taken == flow.all && !flow.wrong && !blocked(&stream);
	return stream_end(&stream) && ok;
}

static bool refused(const struct pair *pair, int fd, bool framed, int wanted)
{
	const struct port_request request = { LIVESTACK_PORT_KIND_SOCKET, fd, -1, NULL, 0, framed };
	struct nl_answer answer;
	const int error = port_new(pair->session, PAIR_LINK, LIVESTACK_END_A, &request, &answer);

	return ktap_is(error, wanted) && answer.sentence;
}

/* What a process may try with a socket that is a port, and what cannot be one. */
static bool bad(void)
{
	const int alone = socket(AF_INET, SOCK_STREAM, 0), ping = socket(AF_NETLINK, SOCK_DGRAM, 0);
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct pair pair;
	int two[2];
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, STREAM_QUANTUM, STREAM_LATENCY) &&
		  stream_pair(STREAM_TCP4, two);

	ok = ok && refused(&pair, alone, false, EOPNOTSUPP) &&
	     refused(&pair, ping, false, EOPNOTSUPP) && !listen(alone, 1) &&
	     refused(&pair, alone, false, EOPNOTSUPP) &&
	     ktap_is(port_wire(pair.session, PAIR_LINK, LIVESTACK_A_LINK_TO_B,
			       LIVESTACK_A_DIRECTION_LOSS_PPM, 1000, 4), 0) &&
	     refused(&pair, two[1], false, EOPNOTSUPP) &&
	     ktap_is(port_wire(pair.session, PAIR_LINK, LIVESTACK_A_LINK_TO_B,
			       LIVESTACK_A_DIRECTION_LOSS_PPM, 0, 4), 0);
	ok = ok && port_socket(pair.session, PAIR_LINK, LIVESTACK_END_A, two[1]) &&
	     ktap_is(port_wire(pair.session, PAIR_LINK, LIVESTACK_A_LINK_TO_A,
			       LIVESTACK_A_DIRECTION_LOSS_PPM, 1000, 4), EOPNOTSUPP) &&
	     /* Another protocol over it, or it cut off and another's, would keep our callbacks. */
	     setsockopt(two[1], IPPROTO_TCP, TCP_ULP, "tls", 3) &&
	     /* ENOENT: this kernel has none. */
	     (errno == ENOENT || ktap_is(errno, EEXIST)) &&
	     ktap_is(connect(two[1], &none, sizeof(none)) ? errno : 0, 0) &&
	     listen(two[1], 1) && ktap_is(errno, EINVAL) &&
	     ktap_is(port_del(pair.session, PAIR_LINK, LIVESTACK_END_A), 0);
	close(alone);
	close(ping);
	close(two[0]);
	close(two[1]);
	return pair_end(&pair) && ok;
}

int main(void)
{
	if (port_missing())
		return ktap_skip_all(port_missing());

	ktap_plan(9);
	stream_each(STREAM_TCP4, STREAM_TCP6, exact,
		    "what is sent comes at its arrival, to the nanosecond");
	stream_each(STREAM_TCP4, STREAM_TCP6, modelled,
		    "a modelled component takes it then, and sends bytes and an end");
	stream_each(STREAM_TCP4, STREAM_TCP6, both_ways,
		    "what goes both ways is what comes");
	ktap_ok(narrow(), "a stream waits where a wire would drop, and is cut to its mtu");
	ktap_ok(fills(), "a reader that is slow, and a full queue, make the sender wait");
	ktap_ok(bad(), "what cannot be a port is refused in words, and nobody gets between");
	return ktap_end();
}
