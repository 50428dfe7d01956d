// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records in streams, each after its length, as QEMU's -netdev stream sends them: each is one
 * message, however its bytes came, and what a wire drops it drops whole.
 *
 * One process is both components, without blocking, so that every step is the test's own.
 * Needs: livestack.ko and livestack_ipc.ko loaded; root; the loopback.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "device.h"
#include "ktap.h"
#include "port.h"
#include "stream.h"

#define NONE LIVESTACK_TIME_NONE
#define MOST LIVESTACK_MESSAGE_MAX

static bool none_more(struct stream *stream)
{
	return !stream_next(stream);
}

/* Three records in two writes, the cut at every place; each is sent when its last byte was. */
static bool pieces(enum stream_kind kind)
{
	static const uint32_t lengths[] = { 1, 60, 7 };
	const uint64_t later = 3 * STREAM_QUANTUM;
	uint8_t bytes[3 * STREAM_PREFIX + 68];
	size_t size = 0, at, ends;
	struct stream stream;
	uint64_t first, arrival;
	unsigned int i;
	bool ok = stream_begin(&stream, kind, STREAM_FRAMED | STREAM_TO_MODEL);

	for (i = 0; i < 3; i++)
		size += stream_record(bytes + size, i, lengths[i]);
	for (at = 0; ok && at <= size; at++) {
		first = stream.pair.clock[0];
		ok = (!at || send(stream.a, bytes, at, 0) == (ssize_t)at) &&
		     stream_settles(stream.a) && stream_pass(&stream, later, NULL, NULL);
		arrival = stream.pair.clock[0];
		ok = ok && (at == size ||
			    send(stream.a, bytes + at, size - at, 0) == (ssize_t)(size - at)) &&
		     stream_settles(stream.a) &&
		     stream_pass(&stream, 2 * STREAM_LATENCY, NULL, NULL);
		for (i = 0, ends = 0; ok && i < 3; i++) {
			ends += STREAM_PREFIX + lengths[i];
			ok = stream_received(&stream, i, lengths[i], STREAM_LATENCY +
					     (ends <= at ? first : arrival));
		}
		ok = ok && none_more(&stream);
	}
	if (!ok)
		ktap_note("cut after %zu bytes", at);
	return stream_end(&stream) && ok;
}

/* What a modelled component sends comes out with its length before it. */
static bool written(enum stream_kind kind)
{
	static const uint32_t lengths[] = { 1, 1514, MOST };
	static uint8_t wanted[STREAM_PREFIX + MOST], got[STREAM_PREFIX + MOST];
	struct stream stream;
	size_t size, have;
	unsigned int i, tries;
	ssize_t some;
	bool ok = stream_begin(&stream, kind, STREAM_FRAMED | STREAM_TO_MODEL);

	for (i = 0; ok && i < 3; i++) {
		size = stream_record(wanted, i, lengths[i]);
		ok = stream_pass(&stream, STREAM_QUANTUM, NULL, NULL) &&
		     ktap_is(device_send(stream.pair.fd[1], PAIR_LINK, 0, wanted + STREAM_PREFIX,
					 lengths[i], NULL), 0) &&
		     stream_pass(&stream, 2 * STREAM_LATENCY, NULL, NULL);
		for (have = 0, tries = 0; ok && have < size && tries < 1000; tries++) {
			some = stream_comes(stream.a) ?
			       recv(stream.a, got + have, size - have, 0) : 0;
			have += some > 0 ? some : 0;
		}
		ok = ok && have == size && !memcmp(wanted, got, size);
	}
	return stream_end(&stream) && ok;
}

/* Many records, of all lengths, from one connection to another: the bytes are the same. */
struct many {
	uint8_t *bytes, *back;
	size_t size, given, taken;
	struct stream *stream;
};

static void give_and_take(void *data)
{
	struct many *many = data;
	ssize_t some;

	while (many->given < many->size &&
	       (some = send(many->stream->a, many->bytes + many->given,
			    many->size - many->given, MSG_NOSIGNAL)) > 0)
		many->given += some;
	while (many->taken < many->size &&
	       (some = recv(many->stream->b, many->back + many->taken,
			    many->size - many->taken, 0)) > 0)
		many->taken += some;
}

static bool carried(struct stream *stream, uint32_t count, uint32_t (*length)(uint32_t number))
{
	struct many many = { .stream = stream };
	struct nl_answer answer;
	unsigned int rounds;
	uint32_t i, most = 0;
	bool ok = true;

	for (i = 0; i < count; i++)
		most += STREAM_PREFIX + length(i);
	many.bytes = malloc(most);
	many.back = malloc(most);
	for (i = 0; i < count; i++)
		many.size += stream_record(many.bytes + many.size, i, length(i));
	for (rounds = 0; ok && many.taken < many.size && rounds < 20000; rounds++)
		ok = stream_pass(stream, 2 * STREAM_LATENCY, give_and_take, &many);
	ktap_note("%zu of %zu bytes in %u rounds", many.taken, many.size, rounds);
	ok = ok && many.taken == many.size && !memcmp(many.bytes, many.back, many.size) &&
	     !control_get_link(stream->pair.session, PAIR_LINK, &answer) &&
	     /* Without their lengths. */
	     control_way(&answer, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_RECEIVED) ==
	     count &&
	     control_way(&answer, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_RECEIVED_BYTES) ==
	     many.size - STREAM_PREFIX * count;
	free(many.bytes);
	free(many.back);
	return ok;
}

static uint32_t any_length(uint32_t number)
{
	return 1 + (number * 2654435761U >> 8) % (number % 5 ? 1514 : MOST);
}

static uint32_t shortest(uint32_t number)
{
	(void)number;
	return 1;
}

static bool many(enum stream_kind kind)
{
	struct stream stream;
	bool ok = stream_begin(&stream, kind, STREAM_FRAMED) &&
		  carried(&stream, ktap_count(500, 10000), any_length);

	return stream_end(&stream) && ok;
}

/* One write has more of them than the queue has room for. */
static bool tiny(enum stream_kind kind)
{
	struct stream stream;
	bool ok = stream_begin(&stream, kind, STREAM_FRAMED) &&
		  carried(&stream, ktap_count(30000, 300000), shortest);

	return stream_end(&stream) && ok;
}

static bool set_wire(struct stream *stream, int setting, uint64_t value, size_t size)
{
	return ktap_is(port_wire(stream->pair.session, PAIR_LINK, LIVESTACK_A_LINK_TO_B, setting,
				 value, size), 0);
}

static bool dropped(enum stream_kind kind)
{
	const int way = LIVESTACK_A_LINK_TO_B;
	struct nl_answer answer;
	struct stream stream;
	unsigned int i;
	uint64_t first;
	bool ok = stream_begin(&stream, kind, STREAM_FRAMED | STREAM_TO_MODEL) &&
		  set_wire(&stream, LIVESTACK_A_DIRECTION_MTU, 500, 4) &&
		  stream_send_record(&stream, 1, 500) && stream_send_record(&stream, 2, 501) &&
		  stream_send_record(&stream, 3, 4) && stream_settles(stream.a) &&
		  stream_pass(&stream, 2 * STREAM_LATENCY, NULL, NULL) &&
		  stream_received(&stream, 1, 500, 0) && stream_received(&stream, 3, 4, 0);

	/* Two of ten have room to wait for the rate, which begins with the first. */
	ok = ok && set_wire(&stream, LIVESTACK_A_DIRECTION_RATE_BPS, 8000000, 8) &&
	     set_wire(&stream, LIVESTACK_A_DIRECTION_LIMIT_PACKETS, 2, 4);
	first = stream.pair.clock[0];
	for (i = 0; ok && i < 10; i++)
		ok = stream_send_record(&stream, i, 100) && stream_settles(stream.a);
	ok = ok && stream_pass(&stream, 300000, NULL, NULL) &&
	     stream_received(&stream, 0, 100, first + 100000 + STREAM_LATENCY) &&
	     stream_received(&stream, 1, 100, first + 200000 + STREAM_LATENCY) &&
	     none_more(&stream);
	ok = ok && set_wire(&stream, LIVESTACK_A_DIRECTION_LOSS_PPM, 1000000, 4) &&
	     stream_send_record(&stream, 1, 100) && stream_settles(stream.a) &&
	     !control_get_link(stream.pair.session, PAIR_LINK, &answer) &&
	     control_way(&answer, way, LIVESTACK_A_DIRECTION_DROPPED_MTU) == 1 &&
	     control_way(&answer, way, LIVESTACK_A_DIRECTION_DROPPED_LIMIT) == 8 &&
	     control_way(&answer, way, LIVESTACK_A_DIRECTION_DROPPED_LOSS) == 1;
	return stream_end(&stream) && ok;
}

/* A stream of records at one end, datagrams at the other, as two machines may be connected. */
static bool mixed(void)
{
	static uint8_t bytes[STREAM_PREFIX + 1514];
	struct stream stream;
	int datagrams[2];
	bool ok = stream_begin(&stream, STREAM_TCP4, STREAM_FRAMED | STREAM_TO_MODEL) &&
		  !socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, datagrams) &&
		  port_socket(stream.pair.session, PAIR_LINK, LIVESTACK_END_B, datagrams[1]);

	ok = ok && stream_send_record(&stream, 1, 1514) && stream_settles(stream.a) &&
	     stream_pass(&stream, 2 * STREAM_LATENCY, NULL, NULL) &&
	     stream_comes(datagrams[0]) &&
	     stream_is_record(bytes, recv(datagrams[0], bytes, sizeof(bytes), 0), 1, 1514);
	stream_record(bytes, 2, 99);
	ok = ok && send(datagrams[0], bytes + STREAM_PREFIX, 99, 0) == 99 &&
	     stream_pass(&stream, 2 * STREAM_LATENCY, NULL, NULL) && stream_comes(stream.a) &&
	     recv(stream.a, bytes, sizeof(bytes), 0) == STREAM_PREFIX + 99 &&
	     stream_is_record(bytes + STREAM_PREFIX, 99, 2, 99);
	close(datagrams[0]);
	close(datagrams[1]);
	return stream_end(&stream) && ok;
}

int main(void)
{
	if (port_missing())
		return ktap_skip_all(port_missing());

	ktap_plan(11);
	stream_each(STREAM_UNIX, STREAM_TCP4, pieces,
		    "a record cut anywhere is one message, sent with its last byte");
	stream_each(STREAM_UNIX, STREAM_TCP4, written,
		    "a message comes out as a record");
	stream_each(STREAM_UNIX, STREAM_TCP4, many,
		    "records of all lengths come as they were");
	stream_each(STREAM_UNIX, STREAM_TCP4, tiny,
		    "more records in one write than there is room for come, too");
	stream_each(STREAM_UNIX, STREAM_TCP4, dropped,
		    "a wire drops whole records, and does not count their lengths");
	ktap_ok(mixed(), "records at one end are datagrams at the other");
	return ktap_end();
}
