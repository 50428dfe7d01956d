// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is wrong about framed streams: lengths that cannot be, streams that end within a record, and
 * what is no stream.
 *
 * One process is both components, without blocking, so that every step is the test's own.
 * Needs: livestack.ko and livestack_ipc.ko loaded; root; the loopback.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "ktap.h"
#include "port.h"
#include "stream.h"

#define MOST LIVESTACK_MESSAGE_MAX

/* The modelled receiver took an end, and nothing after it. */
static bool ended(struct stream *stream)
{
	const struct stream_message *message = stream_next(stream);

	return message && !message->length && !stream_next(stream);
}

static bool look(const struct stream *stream, struct nl_answer *answer)
{
	return !port_get(stream->pair.session, PAIR_LINK, LIVESTACK_END_A, answer) &&
	       answer->attribute[LIVESTACK_A_PORT_FRAMED].data;
}

static bool faulty(const struct nl_answer *answer)
{
	return *nl_string(answer, LIVESTACK_A_PORT_FAULT);
}

/* What was before it arrives, then both connections are broken off and the port says why. */
static bool absurd_once(enum stream_kind kind, uint32_t length, bool to_model)
{
	const uint32_t prefix = htonl(length);
	struct nl_answer answer;
	struct stream stream;
	char bytes[16];
	ssize_t got = -1;
	bool ok = stream_begin(&stream, kind,
			       STREAM_FRAMED | (to_model ? STREAM_TO_MODEL : 0)) &&
		  look(&stream, &answer) && !faulty(&answer) &&
		  stream_send_record(&stream, 1, 5) &&
		  send(stream.a, &prefix, STREAM_PREFIX, MSG_NOSIGNAL) == STREAM_PREFIX &&
		  send(stream.a, "rest", 4, MSG_NOSIGNAL) != 0;

	/* Its connection is broken off by a work. */
	ok = ok && stream_comes(stream.a) && recv(stream.a, bytes, 1, 0) <= 0 &&
	     stream_pass(&stream, 2 * STREAM_LATENCY, NULL, NULL) && look(&stream, &answer) &&
	     faulty(&answer);
	if (ok && to_model) {
		ok = stream_received(&stream, 1, 5, 0) && ended(&stream);
	} else if (ok) {
		ok = stream_comes(stream.b);
		/* A reset may overtake what is in the socket still. */
		while (ok && stream_comes(stream.b) &&
		       (got = recv(stream.b, bytes, sizeof(bytes), 0)) > 0)
			;
		ok = ok && (got == 0 || errno == ECONNRESET);
	}
	if (!ok)
		ktap_note("length %u: \"%s\"", length, nl_string(&answer, LIVESTACK_A_PORT_FAULT));
	ok = ktap_is(port_del(stream.pair.session, PAIR_LINK, LIVESTACK_END_A), 0) && ok;
	return stream_end(&stream) && ok;
}

static bool absurd(enum stream_kind kind)
{
	static const uint32_t lengths[] = { 0, MOST + 1, 0x7fffffff, 0x80000000, UINT32_MAX };
	unsigned int i;
	bool ok = true;

	for (i = 0; ok && i < sizeof(lengths) / sizeof(*lengths); i++)
		ok = absurd_once(kind, lengths[i], true) && absurd_once(kind, lengths[i], false);
	return ok;
}

/* What is there of a record is told of, and lost with the end of its stream. */
static bool halves(enum stream_kind kind)
{
	struct nl_answer answer;
	struct stream stream;
	uint8_t bytes[100];
	bool ok = stream_begin(&stream, kind, STREAM_FRAMED | STREAM_TO_MODEL);

	stream_record(bytes, 1, 90);
	ok = ok && send(stream.a, bytes, 50, 0) == 50 && stream_settles(stream.a) &&
	     look(&stream, &answer) && nl_u32(&answer, LIVESTACK_A_PORT_HELD_BYTES) == 50 &&
	     !shutdown(stream.a, SHUT_WR) && !usleep(100000) &&
	     stream_pass(&stream, 2 * STREAM_LATENCY, NULL, NULL) &&
	     ended(&stream) && look(&stream, &answer) &&
	     !faulty(&answer);
	return stream_end(&stream) && ok;
}

/* A wire that loses everything does not lose the end. */
static bool lost(enum stream_kind kind)
{
	struct stream stream;
	bool ok = stream_begin(&stream, kind, STREAM_FRAMED | STREAM_TO_MODEL) &&
		  ktap_is(port_wire(stream.pair.session, PAIR_LINK, LIVESTACK_A_LINK_TO_B,
				    LIVESTACK_A_DIRECTION_LOSS_PPM, 1000000, 4), 0) &&
		  stream_send_record(&stream, 1, 99) && !shutdown(stream.a, SHUT_WR) &&
		  !usleep(100000) && stream_pass(&stream, 2 * STREAM_LATENCY, NULL, NULL) &&
		  ended(&stream);

	return stream_end(&stream) && ok;
}

static bool refused(const struct pair *pair, uint32_t kind, int fd, int wanted)
{
	const struct port_request request = { kind, fd, -1, "lstest2", 0, true };
	struct nl_answer answer;
	const int error = port_new(pair->session, PAIR_LINK, LIVESTACK_END_A, &request, &answer);

	return ktap_is(error, wanted) && answer.sentence;
}

static bool bad(void)
{
	struct pair pair;
	int datagrams[2], packets[2];
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, STREAM_QUANTUM, STREAM_LATENCY) &&
		  !socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams) &&
		  !socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets);

	ok = ok && refused(&pair, LIVESTACK_PORT_KIND_SOCKET, datagrams[0], EOPNOTSUPP) &&
	     refused(&pair, LIVESTACK_PORT_KIND_SOCKET, packets[0], EOPNOTSUPP) &&
	     refused(&pair, LIVESTACK_PORT_KIND_EVENTFD, datagrams[0], EINVAL) &&
	     refused(&pair, LIVESTACK_PORT_KIND_NET, -1, EINVAL);
	close(datagrams[0]);
	close(datagrams[1]);
	close(packets[0]);
	close(packets[1]);
	return pair_end(&pair) && ok;
}

int main(void)
{
	if (port_missing())
		return ktap_skip_all(port_missing());

	ktap_plan(7);
	stream_each(STREAM_UNIX, STREAM_TCP4, absurd,
		    "a length that cannot be closes the port in words");
	stream_each(STREAM_UNIX, STREAM_TCP4, halves,
		    "half a record is told of, and lost with its stream");
	stream_each(STREAM_UNIX, STREAM_TCP4, lost,
		    "an end is not lost, whatever a wire loses");
	ktap_ok(bad(), "only streams can be framed");
	return ktap_end();
}
