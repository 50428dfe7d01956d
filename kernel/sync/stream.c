// SPDX-License-Identifier: GPL-2.0-only

#include "stream.h"

static struct ls_sync_slot *ls_slot(struct ls_sync_slot *ring, u32 window, u64 number)
{
	return &ring[number & (window - 1)];
}

void ls_sync_stream_init(struct ls_sync_stream *stream, u32 window, struct ls_sync_slot *out,
			 struct ls_sync_slot *in)
{
	*stream = (struct ls_sync_stream){ .window = window, .out = out, .in = in };
}

bool ls_sync_stream_send(struct ls_sync_stream *stream, u32 link, u64 sequence, u64 arrival_ns,
			 const u8 *data, u32 bytes)
{
	const u64 under_way = stream->sent - stream->acked;
	u32 left = bytes;

	/* A message of no length is a piece too. */
	if (bytes > ls_sync_stream_most(stream) ||
	    under_way + (bytes ? (bytes - 1) / LS_SYNC_PIECE_MAX + 1 : 1) > stream->window)
		return false;
	do {
		struct ls_sync_slot *slot = ls_slot(stream->out, stream->window, ++stream->sent);

		slot->sequence = sequence;
		slot->arrival_ns = arrival_ns;
		slot->link = link;
		slot->bytes = left < LS_SYNC_PIECE_MAX ? left : LS_SYNC_PIECE_MAX;
		slot->last = slot->bytes == left;
		memcpy(slot->data, data + (bytes - left), slot->bytes);
		left -= slot->bytes;
		stream->due |= 1ULL << (stream->sent - stream->acked - 1);
	} while (left);
	return true;
}

size_t ls_sync_stream_write(struct ls_sync_stream *stream, u64 now_ns, u8 *bytes, size_t room,
			    u8 *pieces)
{
	size_t length = 0;
	u32 i;

	for (i = 0; i < stream->window; i++) {
		const u64 number = stream->acked + 1 + i;
		struct ls_sync_slot *slot = ls_slot(stream->out, stream->window, number);

		if (!(stream->due >> i & 1))
			continue;
		if (length + LS_SYNC_PIECE_SIZE + slot->bytes > room || *pieces == 255)
			break;
		length += ls_sync_encode_piece(bytes + length, &(struct ls_sync_piece){
			.number = number,
			.sequence = slot->sequence,
			.arrival_ns = slot->arrival_ns,
			.link = slot->link,
			.bytes = slot->bytes,
			.last = slot->last,
			.data = slot->data,
		});
		stream->due &= ~(1ULL << i);
		slot->sent_ns = now_ns;
		++*pieces;
	}
	return length;
}

u32 ls_sync_stream_again(struct ls_sync_stream *stream, u64 before_ns)
{
	u32 i, again = 0;

	for (i = 0; i < stream->sent - stream->acked; i++) {
		const u64 bit = 1ULL << i, number = stream->acked + 1 + i;

		if ((stream->acked_more | stream->due) & bit ||
		    ls_slot(stream->out, stream->window, number)->sent_ns > before_ns)
			continue;
		stream->due |= bit;
		again++;
	}
	return again;
}

bool ls_sync_stream_acked(struct ls_sync_stream *stream, u64 received, u64 received_more)
{
	const u64 more = stream->acked_more, news = received - stream->acked;

	/* Older news than what is known, or of what was never sent. */
	if (received < stream->acked || received > stream->sent)
		return false;
	if (stream->sent - received < 64)
		received_more &= (1ULL << (stream->sent - received)) - 1;
	if (!news && !(received_more & ~more))
		return false;
	stream->acked = received;
	/* A shift by 64 is none. */
	stream->acked_more = news < 64 ? more >> news | received_more : received_more;
	stream->due = news < 64 ? stream->due >> news : 0;
	stream->due &= ~stream->acked_more;
	return true;
}

bool ls_sync_stream_take(struct ls_sync_stream *stream, const struct ls_sync_piece *piece)
{
	struct ls_sync_slot *slot = ls_slot(stream->in, stream->window, piece->number);
	u64 ahead;

	if (piece->number <= stream->received)
		return false;
	ahead = piece->number - stream->received - 1;
	if (ahead >= stream->window || stream->kept >> ahead & 1)
		return false;
	slot->sequence = piece->sequence;
	slot->arrival_ns = piece->arrival_ns;
	slot->link = piece->link;
	slot->bytes = piece->bytes;
	slot->last = piece->last;
	memcpy(slot->data, piece->data, piece->bytes);
	stream->kept |= 1ULL << ahead;
	return true;
}

void ls_sync_stream_drain(struct ls_sync_stream *stream, ls_sync_deliver_t deliver, void *context)
{
	while (stream->kept & 1) {
		const u64 number = stream->received + 1;

		if (!deliver(context, ls_slot(stream->in, stream->window, number)))
			return;
		stream->received = number;
		stream->kept >>= 1;
	}
}
