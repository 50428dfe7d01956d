// SPDX-License-Identifier: GPL-2.0-only

#include "packet.h"

static void ls_put(u8 **at, u64 value, u32 bytes)
{
	u32 i;

	for (i = bytes; i--; value >>= 8)
		(*at)[i] = value;
	*at += bytes;
}

static u64 ls_take(struct ls_sync_in *in, u32 bytes)
{
	u64 value = 0;

	if (in->left < bytes) {
		in->bad = true;
		in->left = 0;
		return 0;
	}
	in->left -= bytes;
	while (bytes--)
		value = value << 8 | *in->at++;
	return value;
}

void ls_sync_encode_header(u8 *packet, const struct ls_sync_header *header)
{
	u8 *at = packet;

	ls_put(&at, LS_SYNC_MAGIC, 4);
	ls_put(&at, LS_SYNC_VERSION, 1);
	ls_put(&at, 0, 1);
	ls_put(&at, header->length, 2);
	ls_put(&at, header->sender, 2);
	ls_put(&at, header->receiver, 2);
	ls_put(&at, 0, 4);
	memcpy(at, header->session, sizeof(header->session));
	at += sizeof(header->session);
	ls_put(&at, header->instance, 8);
	ls_put(&at, header->to_instance, 8);
	ls_put(&at, header->counter, 8);
}

bool ls_sync_decode_header(const u8 *packet, size_t length, struct ls_sync_header *header)
{
	struct ls_sync_in in = { .at = packet, .left = length };

	if (length < LS_SYNC_HEADER)
		return false;
	if (ls_take(&in, 4) != LS_SYNC_MAGIC || ls_take(&in, 1) != LS_SYNC_VERSION ||
	    ls_take(&in, 1))
		return false;
	header->length = ls_take(&in, 2);
	header->sender = ls_take(&in, 2);
	header->receiver = ls_take(&in, 2);
	if (ls_take(&in, 4))
		return false;
	memcpy(header->session, in.at, sizeof(header->session));
	in.at += sizeof(header->session);
	in.left -= sizeof(header->session);
	header->instance = ls_take(&in, 8);
	header->to_instance = ls_take(&in, 8);
	header->counter = ls_take(&in, 8);
	return header->instance && header->to_instance && header->counter;
}

static void ls_put_report(u8 **at, const struct ls_sync_report *report)
{
	ls_put(at, report->round, 8);
	ls_put(at, report->next_ns, 8);
	ls_put(at, report->quantum_ns, 8);
	ls_put(at, report->sent, 8);
	ls_put(at, report->covers, 8);
	ls_put(at, report->leaving, 8);
	ls_put(at, report->wishes, 1);
	ls_put(at, 0, 1);
	ls_put(at, report->who, 2);
}

size_t ls_sync_encode_body(u8 *bytes, const struct ls_sync_body *body)
{
	const struct ls_sync_decision *decided = &body->decided;
	u8 *at = bytes;
	u32 i;

	ls_put(&at, decided->round, 8);
	ls_put(&at, decided->start_ns, 8);
	ls_put(&at, decided->end_ns, 8);
	ls_put(&at, decided->left, 8);
	ls_put(&at, decided->outcome, 1);
	ls_put(&at, decided->why, 1);
	ls_put(&at, decided->who, 2);
	ls_put(&at, body->have, 8);
	ls_put(&at, body->received, 8);
	ls_put(&at, body->received_more, 8);
	ls_put(&at, body->stamp_us, 4);
	ls_put(&at, body->echo_us, 4);
	ls_put(&at, body->flags, 1);
	ls_put(&at, body->awaits, 1);
	ls_put(&at, body->awaited, 2);
	ls_put(&at, body->reports, 1);
	ls_put(&at, body->pieces, 1);
	ls_put(&at, 0, 2);
	for (i = 0; i < body->reports; i++)
		ls_put_report(&at, &body->report[i]);
	return at - bytes;
}

size_t ls_sync_encode_piece(u8 *bytes, const struct ls_sync_piece *piece)
{
	u8 *at = bytes;

	ls_put(&at, piece->number, 8);
	ls_put(&at, piece->sequence, 8);
	ls_put(&at, piece->arrival_ns, 8);
	ls_put(&at, piece->link, 4);
	ls_put(&at, piece->bytes, 2);
	ls_put(&at, piece->last, 1);
	ls_put(&at, 0, 1);
	memcpy(at, piece->data, piece->bytes);
	return LS_SYNC_PIECE_SIZE + piece->bytes;
}

static bool ls_is_host(u16 host)
{
	return host < LS_SYNC_HOSTS_MAX || host == LS_SYNC_NOBODY;
}

static bool ls_take_decision(struct ls_sync_in *in, struct ls_sync_decision *decision)
{
	decision->round = ls_take(in, 8);
	decision->start_ns = ls_take(in, 8);
	decision->end_ns = ls_take(in, 8);
	decision->left = ls_take(in, 8);
	decision->outcome = ls_take(in, 1);
	decision->why = ls_take(in, 1);
	decision->who = ls_take(in, 2);
	return decision->round < LS_SYNC_ROUND_MAX && decision->end_ns <= LS_TIME_LIMIT &&
	       decision->start_ns <= decision->end_ns && decision->outcome < LS_SYNC_OUTCOMES &&
	       decision->why < LS_SYNC_WHYS && ls_is_host(decision->who);
}

static bool ls_take_report(struct ls_sync_in *in, struct ls_sync_report *report)
{
	bool gap;

	report->round = ls_take(in, 8);
	report->next_ns = ls_take(in, 8);
	report->quantum_ns = ls_take(in, 8);
	report->sent = ls_take(in, 8);
	report->covers = ls_take(in, 8);
	report->leaving = ls_take(in, 8);
	report->wishes = ls_take(in, 1);
	gap = ls_take(in, 1);
	report->who = ls_take(in, 2);
	return !gap && report->round && report->round < LS_SYNC_ROUND_MAX &&
	       (report->next_ns == LS_TIME_NONE || report->next_ns <= LS_SYNC_TIME_MAX) &&
	       report->quantum_ns && report->quantum_ns <= LS_TIME_LIMIT && report->covers &&
	       !(report->leaving & ~report->covers) && !(report->wishes & ~LS_SYNC_WISHES) &&
	       ls_is_host(report->who);
}

static bool ls_take_piece(struct ls_sync_in *in, struct ls_sync_piece *piece)
{
	u8 last, gap;

	piece->number = ls_take(in, 8);
	piece->sequence = ls_take(in, 8);
	piece->arrival_ns = ls_take(in, 8);
	piece->link = ls_take(in, 4);
	piece->bytes = ls_take(in, 2);
	last = ls_take(in, 1);
	gap = ls_take(in, 1);
	piece->last = last;
	piece->data = in->at;
	if (in->bad || gap || last > 1 || !piece->number ||
	    (piece->arrival_ns > LS_SYNC_TIME_MAX && piece->arrival_ns != LS_TIME_NONE) ||
	    piece->bytes > LS_SYNC_PIECE_MAX || piece->bytes > in->left)
		return false;
	in->at += piece->bytes;
	in->left -= piece->bytes;
	return true;
}

static bool ls_check_pieces(struct ls_sync_in in, u32 pieces)
{
	struct ls_sync_piece piece;

	while (pieces--)
		if (!ls_take_piece(&in, &piece))
			return false;
	return !in.left;
}

bool ls_sync_decode_body(const u8 *bytes, size_t length, struct ls_sync_body *body)
{
	struct ls_sync_in in = { .at = bytes, .left = length };
	u32 i, gap;

	if (!ls_take_decision(&in, &body->decided))
		return false;
	body->have = ls_take(&in, 8);
	body->received = ls_take(&in, 8);
	body->received_more = ls_take(&in, 8);
	body->stamp_us = ls_take(&in, 4);
	body->echo_us = ls_take(&in, 4);
	body->flags = ls_take(&in, 1);
	body->awaits = ls_take(&in, 1);
	body->awaited = ls_take(&in, 2);
	body->reports = ls_take(&in, 1);
	body->pieces = ls_take(&in, 1);
	gap = ls_take(&in, 2);
	if (in.bad || gap || body->flags & ~LS_SYNC_FLAGS || body->awaits >= LS_SYNC_AWAITS ||
	    !ls_is_host(body->awaited) || body->reports > LS_SYNC_REPORTS_MAX)
		return false;
	for (i = 0; i < body->reports; i++)
		if (!ls_take_report(&in, &body->report[i]) || in.bad)
			return false;
	body->rest = in;
	return ls_check_pieces(in, body->pieces);
}

bool ls_sync_next_piece(struct ls_sync_body *body, struct ls_sync_piece *piece)
{
	if (!body->pieces)
		return false;
	body->pieces--;
	return ls_take_piece(&body->rest, piece);
}
