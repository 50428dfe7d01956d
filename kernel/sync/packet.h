/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What hosts send each other: the form of their packets, version 1.
 *
 * Pure logic: no lock, no allocation, no kernel call. All numbers are big-endian and follow each
 * other without gaps; what is marked 0 must be 0. A packet is a header, in the clear, and a body.
 * Who encrypts takes the header for associated data and puts the tag behind the body.
 *
 * Header, LS_SYNC_HEADER bytes:
 *	u32 magic, u8 version, u8 0, u16 length of the body without a tag,
 *	u16 sender, u16 receiver, u32 0, u8[16] session,
 *	u64 instance of the sender, u64 instance of the receiver, u64 counter
 * Counters of one sender's instance to one receiver begin at 1 and never repeat, resends included.
 *
 * Body: what was decided last and what the sender has of the receiver, LS_SYNC_BODY bytes:
 *	u64 round, u64 start_ns, u64 end_ns, u64 left, u8 outcome, u8 why, u16 who,
 *	u64 have, u64 received, u64 received_more, u32 stamp, u32 echo,
 *	u8 flags, u8 awaits, u16 awaited, u8 number of reports, u8 number of pieces, u16 0
 * then its reports, two at most, LS_SYNC_REPORT_SIZE bytes each:
 *	u64 round, u64 next_ns, u64 quantum_ns, u64 sent, u64 covers, u64 leaving,
 *	u8 wishes, u8 0, u16 who
 * then pieces of messages on links, LS_SYNC_PIECE_SIZE bytes and their data each:
 *	u64 number, u64 sequence, u64 arrival_ns, u32 link, u16 bytes, u8 last (0 or 1), u8 0
 */
#ifndef _LS_SYNC_PACKET_H
#define _LS_SYNC_PACKET_H

#include "../core/window.h"

#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>

typedef unsigned char u8;
typedef unsigned short u16;
#endif

/* So many hosts fit into a mask. A build that explores all states wants few. */
#ifndef LS_SYNC_HOSTS_MAX
#define LS_SYNC_HOSTS_MAX 64
#endif

/* Bytes of one piece: with all else it fits into LS_SYNC_PACKET_MAX. */
#ifndef LS_SYNC_PIECE_MAX
#define LS_SYNC_PIECE_MAX 1088
#endif

#define LS_SYNC_MAGIC 0x4c53796e /* "LSyn" */
#define LS_SYNC_VERSION 1

#define LS_SYNC_HEADER 56
#define LS_SYNC_BODY 76
#define LS_SYNC_REPORT_SIZE 52
#define LS_SYNC_PIECE_SIZE 32
#define LS_SYNC_REPORTS_MAX 2

/* With a tag of 16 bytes, UDP and IPv6 it fits into an Ethernet frame. */
#define LS_SYNC_PACKET_MAX 1400

/* Nobody: no host has this number. */
#define LS_SYNC_NOBODY 0xffff

/* Messages may arrive after the session's end, but no time is beyond this, so sums do not wrap. */
#define LS_SYNC_TIME_MAX (2 * LS_TIME_LIMIT)
/* An answer that takes longer is none. */
#define LS_SYNC_TRIP_MAX_NS 60000000000ULL

#define LS_SYNC_ROUND_MAX 0x4000000000000000ULL

struct ls_sync_header {
	u8 session[16];
	u16 length;
	u16 sender;
	u16 receiver;
	u64 instance;
	u64 to_instance;
	u64 counter;
};

enum ls_sync_outcome {
	LS_SYNC_OPEN,	/* a window, from start_ns to end_ns */
	LS_SYNC_HOLD,	/* none, until somebody has something else to say */
	LS_SYNC_END,	/* none any more */
	LS_SYNC_OUTCOMES,
};

enum ls_sync_why {
	LS_SYNC_WHY_NONE,
	LS_SYNC_WHY_IDLE,	/* holds: nobody has an event */
	LS_SYNC_WHY_PAUSED,	/* holds: somebody wishes it */
	LS_SYNC_WHY_TIME,	/* ends: the session's end is reached */
	LS_SYNC_WHY_STOPPED,	/* ends: somebody wishes it */
	LS_SYNC_WHY_LEFT,	/* ends: all have left */
	LS_SYNC_WHYS,
};

/* What all hosts make of a round's reports: the same, as it follows from the reports alone. */
struct ls_sync_decision {
	u64 round;	/* counts decisions; 0: none yet */
	u64 start_ns;
	u64 end_ns;	/* of the window; of the last one, if none opens */
	u64 left;	/* a bit for each host that is in no later round */
	u8 outcome;
	u8 why;
	u16 who;	/* wishes it, or LS_SYNC_NOBODY */
};

#define LS_SYNC_WISH_PAUSE 1
#define LS_SYNC_WISH_STOP 2
#define LS_SYNC_WISHES 3

/* All of somebody's have arrived at the window's end. In a tree: of all the hosts it covers. */
struct ls_sync_report {
	u64 round;
	u64 next_ns;	/* the earliest event, messages under way too, or LS_TIME_NONE */
	u64 quantum_ns;	/* no later window may be longer */
	u64 sent;	/* pieces so far to whom the report goes; 0 in a tree */
	u64 covers;	/* a bit for each host */
	u64 leaving;	/* a bit for each that leaves with this round */
	u8 wishes;
	u16 who;	/* wishes something, or LS_SYNC_NOBODY */
};

#define LS_SYNC_FLAG_ASK 1	/* answer at once */
#define LS_SYNC_FLAG_SAID 2	/* its own is said for the round after the decided one */
#define LS_SYNC_FLAGS 3

/* What one host waits for from another. */
enum ls_sync_await {
	LS_SYNC_NOTHING,
	LS_SYNC_REPORT,		/* that all of its have arrived */
	LS_SYNC_MESSAGES,	/* that it has counted */
	LS_SYNC_RECEIPT,	/* that it has received what was sent to it */
	LS_SYNC_DECISION,	/* what was decided */
	LS_SYNC_FAREWELL,	/* that it knows of the end */
	LS_SYNC_AWAITS,
};

struct ls_sync_in {
	const u8 *at;
	size_t left;
	bool bad;	/* there was less than was taken */
};

struct ls_sync_body {
	struct ls_sync_decision decided;
	u64 have;		/* the last round of which the sender has the receiver's report */
	u64 received;		/* so many of the receiver's pieces, all before them included */
	u64 received_more;	/* a bit for each later one, from received + 1 on */
	u32 stamp_us;		/* the sender's clock, 0: not said */
	u32 echo_us;		/* the receiver's by its last stamp and what has passed since */
	u16 awaited;		/* whom the sender has not heard of for too long */
	u8 awaits;		/* and what for */
	u8 flags;
	u8 reports;
	u8 pieces;
	struct ls_sync_report report[LS_SYNC_REPORTS_MAX];
	struct ls_sync_in rest;	/* decoded: pieces not taken yet */
};

struct ls_sync_piece {
	u64 number;	/* of all pieces from one host to another, from 1 */
	u64 sequence;	/* of the message, the caller's */
	u64 arrival_ns;	/* or LS_TIME_NONE: it is no event, but is to be there as those are */
	u32 link;
	u16 bytes;
	bool last;	/* of its message */
	const u8 *data;
};

/* Writes LS_SYNC_HEADER bytes. */
void ls_sync_encode_header(u8 *packet, const struct ls_sync_header *header);

/* Whether @packet begins with a header of this version. Nothing else is believed of it yet. */
bool ls_sync_decode_header(const u8 *packet, size_t length, struct ls_sync_header *header);

/* Both return how many bytes they wrote. Pieces follow the body whose pieces counts them. */
size_t ls_sync_encode_body(u8 *bytes, const struct ls_sync_body *body);
size_t ls_sync_encode_piece(u8 *bytes, const struct ls_sync_piece *piece);

/* False: something in it is not as it must be, pieces included; nothing of it may be used then. */
bool ls_sync_decode_body(const u8 *bytes, size_t length, struct ls_sync_body *body);

/* The next piece of a decoded body; its data is in what was decoded. False: there is none. */
bool ls_sync_next_piece(struct ls_sync_body *body, struct ls_sync_piece *piece);

#endif /* _LS_SYNC_PACKET_H */
