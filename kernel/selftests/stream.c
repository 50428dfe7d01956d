// SPDX-License-Identifier: GPL-2.0-only

#include "stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device.h"
#include "port.h"

const char *stream_point(enum stream_kind kind, const char *what)
{
	static const char *const kinds[] = { "unix", "TCP over IPv4", "TCP over IPv6" };
	static char name[128];

	snprintf(name, sizeof(name), "%s: %s", kinds[kind], what);
	return name;
}

bool stream_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	bool ok = !ioctl(fd, SIOCGIFFLAGS, &request);

	request.ifr_flags |= IFF_UP;
	ok = ok && !ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
	return ok;
}

static bool tcp_pair(int family, int fd[2])
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = { .any.sa_family = family };
	socklen_t length = family == AF_INET ? sizeof(address.v4) : sizeof(address.v6);
	int listener = socket(family, SOCK_STREAM, 0);
	bool ok;

	if (family == AF_INET)
		address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		address.v6.sin6_addr = in6addr_loopback;
	fd[0] = socket(family, SOCK_STREAM, 0);
	fd[1] = -1;
	ok = stream_loopback() && !bind(listener, &address.any, length) && !listen(listener, 1) &&
	     !getsockname(listener, &address.any, &length) &&
	     !connect(fd[0], &address.any, length) &&
	     (fd[1] = accept(listener, NULL, NULL)) >= 0;
	close(listener);
	return ok;
}

bool stream_pair(enum stream_kind kind, int fd[2])
{
	if (kind == STREAM_UNIX)
		return !socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
	return tcp_pair(kind == STREAM_TCP4 ? AF_INET : AF_INET6, fd);
}

/* The component's own end, or -1. */
static int join_end(struct stream *stream, enum stream_kind kind, uint32_t end, bool framed)
{
	int fd[2];

	if (!stream_pair(kind, fd))
		return -1;
	if (!port_stream(stream->pair.session, PAIR_LINK, end, fd[1], framed)) {
		close(fd[0]);
		fd[0] = -1;
	}
	close(fd[1]);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	return fd[0];
}

bool stream_begin(struct stream *stream, enum stream_kind kind, int flags)
{
	const bool framed = flags & STREAM_FRAMED;

	*stream = (struct stream){ .a = -1, .b = -1, .to_model = flags & STREAM_TO_MODEL };
	if (!pair_begin(&stream->pair, LIVESTACK_MODE_STRICT, STREAM_QUANTUM, STREAM_LATENCY))
		return false;
	stream->a = join_end(stream, kind, LIVESTACK_END_A, framed);
	if (stream->a < 0)
		return false;
	if (!stream->to_model) {
		stream->b = join_end(stream, kind, LIVESTACK_END_B, framed);
		if (stream->b < 0)
			return false;
	}
	return !pair_step(&stream->pair, 0, 0) &&
	       pair_step(&stream->pair, 1, LIVESTACK_TIME_NONE) == EAGAIN;
}

bool stream_end(struct stream *stream)
{
	bool ok = port_balanced(stream->pair.session, PAIR_LINK);

	if (stream->a >= 0)
		close(stream->a);
	if (stream->b >= 0)
		close(stream->b);
	return pair_end(&stream->pair) && ok;
}

bool stream_settles(int fd)
{
	unsigned int tries;
	int left;

	for (tries = 0; tries < 5000; tries++) {
		/* What of TCP is not acknowledged, and what the other has not read. */
		if (ioctl(fd, SIOCOUTQ, &left))
			return false;
		if (!left)
			return true;
		usleep(1000);
	}
	return false;
}

bool stream_comes(int fd)
{
	struct pollfd file = { .fd = fd, .events = POLLIN };

	return poll(&file, 1, 5000) == 1;
}

/* Those that wait to be looked at. */
static struct stream_message messages[16];

/* Who has not taken what has arrived does not go on. */
static bool take_messages(struct stream *stream)
{
	struct livestack_recv recv;
	int error = 0;

	while (stream->to_model && stream->came < 16 && !error) {
		struct stream_message *message = &messages[stream->came];

		error = device_recv(stream->pair.fd[1], message->bytes, sizeof(message->bytes),
				    &recv);
		message->arrival_ns = recv.arrival_ns;
		message->length = recv.length;
		stream->came += !error;
	}
	return !error || error == EAGAIN;
}

const struct stream_message *stream_next(struct stream *stream)
{
	if (stream->looked_at == stream->came)
		return NULL;
	return &messages[stream->looked_at++];
}

bool stream_pass(struct stream *stream, uint64_t ns, void (*body)(void *data), void *data)
{
	struct pair *pair = &stream->pair;
	const uint64_t from = pair->clock[0] > pair->clock[1] ? pair->clock[0] : pair->clock[1];
	struct pollfd files[2] = { { pair->fd[0], POLLIN, 0 }, { pair->fd[1], POLLIN, 0 } };
	unsigned int tries, who;
	bool moved;
	int error;

	if (stream->looked_at == stream->came) {
		stream->looked_at = 0;
		stream->came = 0;
	}
	for (tries = 0; tries < 100000; tries++) {
		if (pair->clock[0] >= from + ns && pair->clock[1] >= from + ns)
			return true;
		moved = false;
		for (who = 0; who < 2; who++) {
			if (pair->clock[who] >= from + ns)
				continue;
			error = pair_step(pair, who, from + ns);
			if (error && error != EAGAIN)
				return false;
			moved |= !error;
		}
		if (!take_messages(stream))
			return false;
		if (body)
			body(data);
		if (!moved)
			poll(files, 2, 1);
	}
	return false;
}

bool stream_waits(struct stream *stream)
{
	return pair_step(&stream->pair, 1, LIVESTACK_TIME_NONE) == EAGAIN;
}

bool stream_arrives(struct stream *stream)
{
	const uint64_t arrival = stream->pair.clock[0] + STREAM_LATENCY;
	const int gone = pair_goes(&stream->pair, 0, arrival + 3),
		  come = pair_comes(&stream->pair, 1);

	if (!gone && !come && stream->pair.clock[1] == arrival)
		return true;
	printf("# errors %d and %d, at %lu instead of %lu\n", gone, come, stream->pair.clock[1],
	       arrival);
	return false;
}

uint8_t stream_byte(uint32_t seed, uint64_t place)
{
	return ((place ^ seed) * 0x9e3779b97f4a7c15ULL) >> 56;
}

size_t stream_record(uint8_t *to, uint32_t number, uint32_t length)
{
	const uint32_t prefix = htonl(length);
	uint32_t i;

	memcpy(to, &prefix, STREAM_PREFIX);
	for (i = 0; i < length; i++)
		to[STREAM_PREFIX + i] = stream_byte(number, i);
	return STREAM_PREFIX + length;
}

bool stream_is_record(const uint8_t *bytes, size_t size, uint32_t number, uint32_t length)
{
	uint32_t i;

	for (i = 0; size == length && i < length; i++)
		if (bytes[i] != stream_byte(number, i))
			break;
	if (size == length && i == length)
		return true;
	printf("# record %u: %zu bytes of %u, byte %u is wrong\n", number, size, length, i);
	return false;
}

bool stream_send_record(struct stream *stream, uint32_t number, uint32_t length)
{
	static uint8_t bytes[STREAM_PREFIX + LIVESTACK_MESSAGE_MAX];
	const size_t size = stream_record(bytes, number, length);

	return send(stream->a, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

bool stream_received(struct stream *stream, uint32_t number, uint32_t length, uint64_t arrival_ns)
{
	const struct stream_message *message = stream_next(stream);

	if (!message) {
		printf("# record %u has not come\n", number);
		return false;
	}
	if (arrival_ns && message->arrival_ns != arrival_ns) {
		printf("# record %u came at %lu, not %lu\n", number, message->arrival_ns,
		       arrival_ns);
		return false;
	}
	return stream_is_record(message->bytes, message->length, number, length);
}

void stream_give(struct stream_flow *flow)
{
	static uint8_t piece[10007];
	uint64_t size, i;
	ssize_t put;

	while (flow->given < flow->all) {
		size = flow->all - flow->given;
		if (size > sizeof(piece))
			size = sizeof(piece);
		for (i = 0; i < size; i++)
			piece[i] = stream_byte(flow->seed, flow->given + i);
		put = send(flow->from, piece, size, MSG_NOSIGNAL);
		if (put <= 0)
			break;
		flow->given += put;
	}
}

void stream_take(struct stream_flow *flow)
{
	static uint8_t piece[65536];
	ssize_t got, i;

	while ((got = recv(flow->to, piece, sizeof(piece), 0)) > 0)
		for (i = 0; i < got; i++, flow->taken++)
			flow->wrong += piece[i] != stream_byte(flow->seed, flow->taken);
}
