// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the protocol of sync/ makes of bytes that no host has sent: random ones, and packets of its
 * own of which some are changed, cut short or made longer. Built with the compiler's sanitizers
 * where it has them. And of counters in any order, against a list of those that have been.
 *
 * Needs nothing: it runs on any machine, without the module.
 */
#include "chance.h"
#include "ktap.h"
#include "sync_world.h"

static u8 bytes[LS_SYNC_PACKET_MAX];

/* Of the exact size, so that a byte too far is seen. */
static bool decodes(const u8 *from, size_t length)
{
	u8 *copy = malloc(length ? length : 1);
	struct ls_sync_piece piece;
	struct ls_sync_body body;
	u32 sum = 0, count = 0;
	bool ok;

	memcpy(copy, from, length);
	ok = ls_sync_decode_body(copy, length, &body);
	while (ok && ls_sync_next_piece(&body, &piece)) {
		count++;
		while (piece.bytes)
			sum += piece.data[--piece.bytes];
	}
	/* The sum is for the bytes to be looked at. */
	if (sum == 0xffffffff || count > 255)
		ktap_note("impossible");
	free(copy);
	return ok;
}

static bool random_bytes(u32 times)
{
	struct ls_sync_header header;
	u32 i, at, taken = 0;

	for (i = 0; i < times; i++) {
		const size_t length = chance(sizeof(bytes));

		for (at = 0; at < length; at++)
			bytes[at] = chance(4) ? chance(256) : 0;
		taken += decodes(bytes, length);
		taken += ls_sync_decode_header(bytes, length, &header);
	}
	return !taken;
}

static void fill(struct ls_sync_body *body)
{
	u32 i;

	*body = (struct ls_sync_body){
		.decided = { .round = chance(1000), .start_ns = 5 + chance(100),
			     .end_ns = 200 + chance(1000), .left = chance(64),
			     .outcome = chance(LS_SYNC_OUTCOMES), .why = chance(LS_SYNC_WHYS),
			     .who = chance(2) ? chance(64) : LS_SYNC_NOBODY },
		.have = chance(1000), .received = chance(1000), .received_more = chance(1 << 20),
		.stamp_us = chance(1 << 30), .echo_us = chance(1 << 30),
		.awaited = LS_SYNC_NOBODY, .awaits = chance(LS_SYNC_AWAITS),
		.flags = chance(LS_SYNC_FLAGS + 1), .reports = chance(LS_SYNC_REPORTS_MAX + 1),
		.pieces = chance(5),
	};
	for (i = 0; i < body->reports; i++)
		body->report[i] = (struct ls_sync_report){
			.round = 1 + chance(1000),
			.next_ns = chance(2) ? chance(1000000) : LS_TIME_NONE,
			.quantum_ns = 1 + chance(1000), .sent = chance(1000),
			.covers = 1 + chance(1000), .wishes = chance(LS_SYNC_WISHES + 1),
			.who = LS_SYNC_NOBODY,
		};
}

/* A packet's body as it would be sent. */
static size_t encode(const struct ls_sync_body *body)
{
	size_t length = ls_sync_encode_body(bytes, body);
	u8 data[LS_SYNC_PIECE_MAX];
	u32 i;

	for (i = 0; i < body->pieces; i++) {
		memset(data, chance(256), sizeof(data));
		length += ls_sync_encode_piece(bytes + length, &(struct ls_sync_piece){
			.number = 1 + chance(100), .sequence = chance(100),
			.arrival_ns = chance(100000), .link = chance(100),
			.bytes = chance(LS_SYNC_PIECE_MAX + 1), .last = chance(2), .data = data,
		});
	}
	return length;
}

/* As it was; and no byte less or more. */
static bool round_trips(u32 times)
{
	struct ls_sync_body body, back;
	u8 again[LS_SYNC_PACKET_MAX];
	size_t length, cut;

	while (times--) {
		fill(&body);
		length = encode(&body);
		if (!ls_sync_decode_body(bytes, length, &back))
			return false;
		if (ls_sync_encode_body(again, &back) > length ||
		    memcmp(bytes, again, ls_sync_encode_body(again, &back)))
			return false;
		cut = chance(length);
		if (decodes(bytes, cut) || decodes(bytes, length + 1))
			return false;
	}
	return true;
}

static bool changed_bytes(u32 times)
{
	struct ls_sync_body body;
	u32 taken = 0, refused = 0, changes;
	size_t length;

	while (times--) {
		fill(&body);
		length = encode(&body);
		for (changes = 1 + chance(3); changes; changes--)
			bytes[chance(length)] = chance(256);
		if (decodes(bytes, length))
			taken++;
		else
			refused++;
	}
	ktap_note("%u could have been sent, %u not", taken, refused);
	return taken && refused;
}

static void begin_forged(void)
{
	world_begin(&(struct world_config){
		.hosts = 3, .window = 16, .seed = 3, .quantum_ns = 1000, .limit_ns = 1000000,
		.talk = 500, .resend_ns = 4 * MS,
		.weather = { .seed = 9, .delay_ns = MS / 20, .work_ns = MS },
	});
	world_run(10 * MS);
	world.forged = true;
}

/* One of its peers' packets with a few bits changed, and a counter that has not been. */
static size_t forge(u32 counter)
{
	size_t length;
	const u8 *last = world_last_packet(1, 0, &length);
	u32 changes, i;

	memcpy(bytes, last, length);
	for (changes = 1 + chance(3); changes; changes--)
		bytes[LS_SYNC_HEADER + chance(length - LS_SYNC_HEADER)] ^= 1 << chance(8);
	for (i = 1; i <= 4; i++, counter >>= 8)
		bytes[LS_SYNC_HEADER - i] = counter;
	bytes[LS_SYNC_HEADER - 5] = 1;
	return length;
}

/* A host that is given them as if they were authentic stays whole, if not right. */
static bool into_a_host(u32 times)
{
	u32 taken = 0, i;

	for (i = 0; i < times; i++) {
		struct ls_sync_header header;
		u8 out[LS_SYNC_PACKET_MAX];
		struct ls_sync *sync;
		size_t length;
		u16 to;

		if (i % 50 == 0)
			begin_forged();
		if (i % 5 == 0)
			world_run(world.now_ns + MS / 2);
		sync = world_take(0);
		length = forge(i);
		if (ls_sync_look(sync, bytes, length, &header) != LS_SYNC_TAKEN ||
		    ls_sync_receive(sync, world.now_ns, &header, bytes + LS_SYNC_HEADER,
				    length - LS_SYNC_HEADER) != LS_SYNC_TAKEN)
			continue;
		taken++;
		while (ls_sync_pull(sync, 0, out, &to))
			;
	}
	ktap_note("%u of %u were taken", taken, times);
	return taken;
}

static bool headers(u32 times)
{
	static const u8 none[16];
	struct ls_sync_header header = { .length = 100, .sender = 1, .receiver = 2,
					 .instance = 5, .to_instance = 6, .counter = 7 }, back;
	bool ok;

	memcpy(header.session, none, sizeof(none));
	ls_sync_encode_header(bytes, &header);
	ok = ls_sync_decode_header(bytes, LS_SYNC_HEADER, &back) &&
	     back.length == 100 && back.sender == 1 && back.receiver == 2 &&
	     back.instance == 5 && back.to_instance == 6 && back.counter == 7;
	ok = ok && !ls_sync_decode_header(bytes, LS_SYNC_HEADER - 1, &back);
	bytes[4]++;
	ok = ok && !ls_sync_decode_header(bytes, LS_SYNC_HEADER, &back);
	while (ok && times--) {
		ls_sync_encode_header(bytes, &header);
		bytes[chance(6)] ^= 1 << chance(8);
		ok = !ls_sync_decode_header(bytes, LS_SYNC_HEADER, &back);
	}
	return ok;
}

/* Against all that have been, in a list. */
static bool counters(u32 times)
{
	static u8 been[1 << 20];
	struct ls_sync_replay replay = { 0 };
	u64 highest = 0, counter;
	u32 fresh = 0, i;

	for (i = 0; i < times && highest + 2000 < sizeof(been); i++) {
		bool wanted, said;

		counter = highest + chance(6);
		if (!chance(3))
			counter = highest > 300 ? highest - chance(300) : chance(300);
		if (!chance(200))
			counter = highest + chance(1000);
		wanted = counter && !been[counter] &&
			 (counter > highest || highest - counter < LS_SYNC_REPLAY_SPAN);
		said = ls_sync_replay_fresh(&replay, counter);
		if (said != wanted)
			return false;
		if (!said)
			continue;
		ls_sync_replay_mark(&replay, counter);
		been[counter] = 1;
		fresh++;
		if (counter > highest)
			highest = counter;
	}
	ktap_note("%u of %u numbers were fresh", fresh, i);
	return fresh && ls_sync_replay_fresh(&replay, 1ULL << 60);
}

int main(void)
{
	const u32 times = ktap_count(20000, 1000000);

	ktap_plan(7);
	ktap_ok(random_bytes(times / 4), "random bytes are no packet");
	ktap_ok(headers(times), "headers are of this version");
	ktap_ok(round_trips(times), "what is sent is what comes, no byte less or more");
	ktap_ok(changed_bytes(times), "changed packets are looked at within their bounds");
	ktap_ok(into_a_host(times), "a host that takes changed packets stays whole");
	ktap_ok(counters(times), "a counter is taken once");
	ktap_ok(LS_SYNC_REPLAY_SPAN >= 64 && LS_SYNC_PACKET_MAX <= 1400,
		"packets overtake each other by 64 at least, and fit into a frame");
	return ktap_end();
}
