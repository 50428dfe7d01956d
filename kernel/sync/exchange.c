// SPDX-License-Identifier: GPL-2.0-only

#include "round.h"

static enum ls_sync_verdict ls_sync_refuse(struct ls_sync *sync, u16 sender,
					   enum ls_sync_verdict verdict)
{
	sync->refused[verdict]++;
	if (sender < sync->config.hosts)
		sync->peer[sender].refused[verdict]++;
	return verdict;
}

enum ls_sync_verdict ls_sync_look(struct ls_sync *sync, const u8 *packet, size_t length,
				  struct ls_sync_header *header)
{
	const struct ls_sync_config *config = &sync->config;
	const struct ls_sync_peer *peer;

	if (!ls_sync_decode_header(packet, length, header))
		return ls_sync_refuse(sync, LS_SYNC_NOBODY, LS_SYNC_MALFORMED);
	if (memcmp(header->session, config->session, sizeof(config->session)) ||
	    header->receiver != config->self || header->sender == config->self ||
	    header->sender >= config->hosts)
		return ls_sync_refuse(sync, LS_SYNC_NOBODY, LS_SYNC_FOREIGN);
	peer = &sync->peer[header->sender];
	if (header->instance != peer->instance || header->to_instance != config->instance)
		return ls_sync_refuse(sync, header->sender, LS_SYNC_STRANGER);
	if (!ls_sync_replay_fresh(&peer->replay, header->counter))
		return ls_sync_refuse(sync, header->sender, LS_SYNC_REPLAYED);
	return LS_SYNC_TAKEN;
}

struct ls_sync_delivery {
	struct ls_sync *sync;
	u16 from;
};

static bool ls_sync_deliver(void *context, const struct ls_sync_slot *slot)
{
	const struct ls_sync_delivery *delivery = context;
	struct ls_sync *sync = delivery->sync;

	if (!sync->ops->deliver(sync, delivery->from, slot))
		return false;
	/* An event of ours, until the caller counts it in. */
	sync->moving_ns = ls_sync_earlier(sync->moving_ns, slot->arrival_ns);
	return true;
}

static void ls_sync_hand_over(struct ls_sync *sync, u16 from)
{
	struct ls_sync_delivery delivery = { .sync = sync, .from = from };

	ls_sync_stream_drain(&sync->peer[from].stream, ls_sync_deliver, &delivery);
}

void ls_sync_drain(struct ls_sync *sync, u64 now_ns, u16 host)
{
	const u64 received = sync->peer[host].stream.received;

	ls_sync_hand_over(sync, host);
	/* The sender may be waiting for just this. */
	if (sync->peer[host].stream.received != received)
		sync->dirty |= ls_sync_bit(host);
	ls_sync_settle(sync, now_ns);
}

/* This and those below return whether there was any news in it. */
static bool ls_sync_take_decided(struct ls_sync *sync, u16 from, const struct ls_sync_body *body)
{
	struct ls_sync_peer *peer = &sync->peer[from];
	const u64 said = body->decided.round + (body->flags & LS_SYNC_FLAG_SAID ? 1 : 0);
	const bool news = body->decided.round > peer->decided.round;

	if (news)
		peer->decided = body->decided;
	peer->said = ls_sync_later(peer->said, said);
	peer->have = ls_sync_later(peer->have, body->have);
	if (sync->phase == LS_SYNC_OVER && peer->decided.round >= sync->decision.round)
		sync->parting &= ~ls_sync_bit(from);
	return news;
}

static bool ls_sync_take_pieces(struct ls_sync *sync, u64 now_ns, u16 from,
				struct ls_sync_body *body)
{
	struct ls_sync_peer *peer = &sync->peer[from];
	struct ls_sync_piece piece;
	u32 news = 0, old = 0;

	while (ls_sync_next_piece(body, &piece)) {
		if (ls_sync_stream_take(&peer->stream, &piece))
			news++;
		else
			old++;
	}
	peer->twice += old;
	/* In a tree the sender reports only after the receipt; else our next report takes it. */
	if (old || (news && sync->config.fanout))
		sync->dirty |= ls_sync_bit(from);
	else if (news)
		peer->receipt_at_ns = ls_sync_earlier(peer->receipt_at_ns,
						      now_ns + sync->config.resend_ns / 2);
	/* Also what was refused before. */
	ls_sync_hand_over(sync, from);
	return news;
}

static bool ls_sync_take_report(struct ls_sync *sync, u16 from,
				const struct ls_sync_report *report)
{
	struct ls_sync_report *place = &sync->peer[from].report[report->round & 1];

	/* Nobody can be further than the next round, and the last one is over. */
	if (report->round != sync->round && report->round != sync->round + 1)
		return false;
	if (place->round == report->round && place->covers == report->covers)
		return false;
	*place = *report;
	return true;
}

static bool ls_sync_take_reports(struct ls_sync *sync, u16 from, const struct ls_sync_body *body)
{
	bool news = false;
	u32 i;

	for (i = 0; i < body->reports; i++)
		news |= ls_sync_take_report(sync, from, &body->report[i]);
	return news;
}

static bool ls_sync_take_receipt(struct ls_sync *sync, u16 from, const struct ls_sync_body *body)
{
	struct ls_sync_peer *peer = &sync->peer[from];

	if (!ls_sync_stream_acked(&peer->stream, body->received, body->received_more))
		return false;
	if (peer->full) {
		peer->full = false;
		sync->ops->room(sync, from);
	}
	return true;
}

/* It waits for what was decided here before its packet came. */
static bool ls_sync_is_behind(const struct ls_sync *sync, u16 from,
			      const struct ls_sync_body *body)
{
	const u64 near = sync->tree.above | sync->tree.below | sync->parting;

	return near >> from & 1 && body->flags & LS_SYNC_FLAG_SAID &&
	       body->decided.round < sync->decision.round &&
	       body->have <= body->decided.round;
}

/* As RFC 6298 smooths it; what was held back over there is not in it. */
static void ls_sync_measure(struct ls_sync *sync, struct ls_sync_peer *peer, u64 now_ns,
			    const struct ls_sync_body *body)
{
	const u64 trip_ns = 1000ULL * (u32)((u32)(now_ns / 1000) - body->echo_us);
	u64 off_ns;

	if (!sync->config.measures)
		return;
	peer->stamp_us = body->stamp_us;
	peer->stamped_ns = now_ns;
	/* From before this instance, or by a clock that is not ours. */
	if (!body->echo_us || trip_ns > LS_SYNC_TRIP_MAX_NS)
		return;
	if (!peer->trip_ns) {
		peer->trip_ns = trip_ns + 1;
		peer->trip_spread_ns = trip_ns / 2;
		return;
	}
	off_ns = peer->trip_ns > trip_ns ? peer->trip_ns - trip_ns : trip_ns - peer->trip_ns;
	peer->trip_spread_ns += off_ns / 4 - peer->trip_spread_ns / 4;
	peer->trip_ns += trip_ns / 8 + 1 - peer->trip_ns / 8;
}

static void ls_sync_hear(struct ls_sync *sync, u64 now_ns, u16 from,
			 const struct ls_sync_body *body)
{
	struct ls_sync_peer *peer = &sync->peer[from];

	peer->packets_in++;
	peer->heard_ns = now_ns;
	peer->awaited = body->awaited;
	peer->awaits = body->awaits;
	if (sync->silent >> from & 1) {
		sync->silent &= ~ls_sync_bit(from);
		sync->ops->back(sync, from);
	}
}

enum ls_sync_verdict ls_sync_receive(struct ls_sync *sync, u64 now_ns,
				     const struct ls_sync_header *header, const u8 *bytes,
				     size_t length)
{
	const u16 from = header->sender;
	struct ls_sync_peer *peer = &sync->peer[from];
	struct ls_sync_body body;
	bool news;

	/* Again: it may have come twice while it was decrypted. */
	if (!ls_sync_replay_fresh(&peer->replay, header->counter))
		return ls_sync_refuse(sync, from, LS_SYNC_REPLAYED);
	if (length != header->length || !ls_sync_decode_body(bytes, length, &body) ||
	    body.received > peer->stream.sent)
		return ls_sync_refuse(sync, from, LS_SYNC_MALFORMED);
	ls_sync_replay_mark(&peer->replay, header->counter);

	ls_sync_hear(sync, now_ns, from, &body);
	ls_sync_measure(sync, peer, now_ns, &body);
	if (body.flags & LS_SYNC_FLAG_ASK || ls_sync_is_behind(sync, from, &body))
		sync->dirty |= ls_sync_bit(from);
	news = ls_sync_take_decided(sync, from, &body);
	news |= ls_sync_take_receipt(sync, from, &body);
	news |= ls_sync_take_reports(sync, from, &body);
	news |= ls_sync_take_pieces(sync, now_ns, from, &body);
	/* Who asks has waited long enough for what was lost; who has answered would have had it. */
	if (body.flags & LS_SYNC_FLAG_ASK)
		ls_sync_again(sync, peer, now_ns, peer->trip_ns);
	else if (news && sync->config.measures)
		ls_sync_again(sync, peer, now_ns, ls_sync_patience(sync, peer));
	/* What is still waited for is asked for without haste again. */
	if (news)
		peer->ask_at_ns = LS_TIME_NONE;
	ls_sync_settle(sync, now_ns);
	return LS_SYNC_TAKEN;
}

static u64 ls_sync_have(const struct ls_sync_peer *peer)
{
	return ls_sync_later(peer->report[0].round, peer->report[1].round);
}

static void ls_sync_add_report(struct ls_sync *sync, struct ls_sync_body *body, u16 to, u64 round)
{
	const struct ls_sync_report *own = &sync->peer[sync->config.self].report[round & 1];
	struct ls_sync_report *report = &body->report[body->reports];

	if (own->round != round || !round)
		return;
	*report = *own;
	if (!sync->config.fanout)
		report->sent = sync->peer[to].counted[round & 1];
	else
		*report = ls_sync_sum(sync);
	body->reports++;
}

/* The report of the round, and the last one if it may not have come to who waits for it. */
static void ls_sync_add_reports(struct ls_sync *sync, struct ls_sync_body *body, u16 to)
{
	const struct ls_sync_peer *peer = &sync->peer[to];
	const u64 last = sync->round - 1;

	if (!sync->config.fanout) {
		if (peer->have < last && peer->decided.round < last)
			ls_sync_add_report(sync, body, to, last);
		if (sync->phase == LS_SYNC_SAID)
			ls_sync_add_report(sync, body, to, sync->round);
	} else if (sync->phase == LS_SYNC_SAID && sync->passed_on &&
		   sync->tree.above & ls_sync_bit(to)) {
		ls_sync_add_report(sync, body, to, sync->round);
	}
}

static void ls_sync_stamp(const struct ls_sync *sync, struct ls_sync_body *body, u16 to, u64 now_ns)
{
	const struct ls_sync_peer *peer = &sync->peer[to];

	if (!sync->config.measures)
		return;
	/* 0 is none; a microsecond makes no difference. */
	body->stamp_us = (u32)(now_ns / 1000) ?: 1;
	if (peer->stamp_us)
		body->echo_us = (u32)(peer->stamp_us + (now_ns - peer->stamped_ns) / 1000) ?: 1;
}

static void ls_sync_fill(struct ls_sync *sync, struct ls_sync_body *body, u16 to)
{
	const struct ls_sync_stream *stream = &sync->peer[to].stream;
	u32 host;

	*body = (struct ls_sync_body){
		.decided = sync->decision,
		.have = ls_sync_have(&sync->peer[to]),
		.received = stream->received,
		.received_more = stream->kept,
		.awaited = LS_SYNC_NOBODY,
	};
	if (sync->phase == LS_SYNC_SAID)
		body->flags |= LS_SYNC_FLAG_SAID;
	if (sync->ask >> to & 1)
		body->flags |= LS_SYNC_FLAG_ASK;
	for (host = 0; host < sync->config.hosts && body->awaited == LS_SYNC_NOBODY; host++)
		if (sync->silent >> host & 1) {
			body->awaited = host;
			body->awaits = ls_sync_awaits(sync, host);
		}
	ls_sync_add_reports(sync, body, to);
}

/* Whoever is next after the one that was last, so that none waits for long. */
static u16 ls_sync_next_dirty(struct ls_sync *sync)
{
	u32 i;

	for (i = 1; i <= sync->config.hosts; i++) {
		const u16 host = (sync->turn + i) % sync->config.hosts;

		if (sync->dirty >> host & 1 && sync->peer[host].instance)
			return host;
	}
	sync->dirty = 0;
	return LS_SYNC_NOBODY;
}

size_t ls_sync_pull(struct ls_sync *sync, u64 now_ns, u8 *packet, u16 *host)
{
	const u16 to = ls_sync_next_dirty(sync);
	u8 *const at = packet + LS_SYNC_HEADER;
	struct ls_sync_peer *peer;
	struct ls_sync_header header;
	struct ls_sync_body body;
	size_t length;

	if (to == LS_SYNC_NOBODY)
		return 0;
	peer = &sync->peer[to];
	ls_sync_fill(sync, &body, to);
	ls_sync_stamp(sync, &body, to, now_ns);
	/* Pieces go behind the body, which counts them and so is written last. */
	length = LS_SYNC_BODY + body.reports * LS_SYNC_REPORT_SIZE;
	length += ls_sync_stream_write(&peer->stream, now_ns, at + length,
				       LS_SYNC_PACKET_MAX - LS_SYNC_HEADER - length, &body.pieces);
	ls_sync_encode_body(at, &body);

	header = (struct ls_sync_header){
		.length = length,
		.sender = sync->config.self,
		.receiver = to,
		.instance = sync->config.instance,
		.to_instance = peer->instance,
		.counter = ++peer->counter,
	};
	memcpy(header.session, sync->config.session, sizeof(header.session));
	ls_sync_encode_header(packet, &header);

	peer->packets_out++;
	peer->receipt_at_ns = LS_TIME_NONE;
	sync->turn = to;
	sync->ask &= ~ls_sync_bit(to);
	if (!peer->stream.due)
		sync->dirty &= ~ls_sync_bit(to);
	*host = to;
	return LS_SYNC_HEADER + length;
}
