/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages between two hosts, both ways, of all links between them: reliable and in the order they
 * were sent, whatever becomes of packets. Pure logic; all memory is the caller's.
 *
 * A message goes in pieces, numbered from 1. A piece is kept until the other host has received it;
 * no more than a window of pieces is under way, so that what either side keeps is bounded.
 */
#ifndef _LS_SYNC_STREAM_H
#define _LS_SYNC_STREAM_H

#include "packet.h"

/* At most so many pieces under way: a bit each. */
#define LS_SYNC_WINDOW_MAX 64

struct ls_sync_slot {
	u64 sent_ns;	/* on its way out: when it was written last */
	u64 sequence;
	u64 arrival_ns;
	u32 link;
	u16 bytes;
	bool last;
	u8 data[LS_SYNC_PIECE_MAX];
};

struct ls_sync_stream {
	u64 sent;	/* number of the last piece given to it */
	u64 acked;	/* the other host has all up to this */
	u64 acked_more;	/* a bit for each later one that it has, from acked + 1 on */
	u64 due;	/* a bit for each that is to be sent or sent again, from acked + 1 on */
	u64 received;	/* all up to this were received and handed over */
	u64 kept;	/* a bit for each later one that is here, from received + 1 on */
	u32 window;	/* slots of each ring, a power of two */
	struct ls_sync_slot *out;
	struct ls_sync_slot *in;
};

/* Takes what has come, in order. False: not now; it is offered again. */
typedef bool (*ls_sync_deliver_t)(void *context, const struct ls_sync_slot *slot);

/* Both sides at 0 again, as when the other host begins anew. */
void ls_sync_stream_init(struct ls_sync_stream *stream, u32 window, struct ls_sync_slot *out,
			 struct ls_sync_slot *in);

/* The longest message that finds room when nothing else is under way. */
static inline u32 ls_sync_stream_most(const struct ls_sync_stream *stream)
{
	return stream->window * LS_SYNC_PIECE_MAX;
}

/* All of the message, or false: there is no room until more is received over there. */
bool ls_sync_stream_send(struct ls_sync_stream *stream, u32 link, u64 sequence, u64 arrival_ns,
			 const u8 *data, u32 bytes);

/* Writes as many pieces that are due as there is room for; *@pieces counts them. */
size_t ls_sync_stream_write(struct ls_sync_stream *stream, u64 now_ns, u8 *bytes, size_t room,
			    u8 *pieces);

/*
 * All that is not known to be received is due again, if it was written by @before_ns. Returns how
 * many.
 */
u32 ls_sync_stream_again(struct ls_sync_stream *stream, u64 before_ns);

/* The other host has received so far. Returns whether that is news. */
bool ls_sync_stream_acked(struct ls_sync_stream *stream, u64 received, u64 received_more);

/* A piece has come. Returns whether it is one that was not here. */
bool ls_sync_stream_take(struct ls_sync_stream *stream, const struct ls_sync_piece *piece);

/* Hands over what is next, as far as there is no gap and it is taken. */
void ls_sync_stream_drain(struct ls_sync_stream *stream, ls_sync_deliver_t deliver,
			  void *context);

#endif /* _LS_SYNC_STREAM_H */
