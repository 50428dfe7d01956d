/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agreement of windows between the hosts of a session.
 *
 * Pure logic: no lock, no allocation, no kernel call. Time comes in as an argument (the host's own,
 * ns), timers go out as "call me at", packets go out when they are asked for. The module and the
 * self-tests compile the same files. Whoever calls holds one lock around each call; the ops are
 * called from within.
 *
 * Hosts agree in rounds. In each round each host reports once: all of mine have arrived at the
 * window's end, the earliest next event is at T, and so many pieces of messages I have sent to you.
 * A round is complete where all reports are there and all messages they count have been received.
 * What is decided then follows from the reports alone, so that it is the same everywhere, whenever:
 *
 *	OPEN	the next window, by the rule of core's engine: it begins at the last one's end
 *		or at the earliest event of all hosts, whichever is later;
 *	HOLD	no window: nobody has an event, or somebody wishes a pause. The next round begins
 *		when a host has something else to say, and the others then say theirs;
 *	END	no window any more.
 *
 * A report is final. What happens to a component after its host has said it has arrived belongs to
 * the next window, and wishes (pause, stop, leave) that come later belong to the next round.
 *
 * A message under way is an event of its sender's report and of its receiver's, so that no skip
 * passes it. Strict sessions have every latency longer than a window: what is sent in one window
 * arrives in a later one, and has been received before that opens.
 *
 * All to all: a host reports to every other one; that is N - 1 packets a window for each host. In a
 * tree a host reports up once it has the reports of all below it, for all of them, and the root's
 * decision comes down: 2 (N - 1) packets a window in all. Counts would have to go everywhere there,
 * so a host reports when the receipts for all it has sent are there instead.
 *
 * Who waits asks, again and again with growing intervals, for just what it waits for; who is asked
 * answers at once. No interval is shorter than an answer has been seen to take, and no piece is
 * sent again before that. A host that waits and has not heard of another one for silent_ns is told
 * so; by that alone nothing changes, as no window opens without the other's report anyway.
 *
 * An instance is one life of a host's module: a random number that is not 0. Packets of any but the
 * known instance of a host are ignored, until ls_sync_admit() names another.
 */
#ifndef _LS_SYNC_PROTOCOL_H
#define _LS_SYNC_PROTOCOL_H

#include "packet.h"
#include "replay.h"
#include "stream.h"
#include "tree.h"

/* Up to so many hosts all tell all, unless the session is configured otherwise. */
#define LS_SYNC_FLAT_MAX 8

struct ls_sync;

/* What becomes of a packet. */
enum ls_sync_verdict {
	LS_SYNC_TAKEN,
	LS_SYNC_MALFORMED,
	LS_SYNC_FOREIGN,	/* of another session, or not from another of its hosts to us */
	LS_SYNC_STRANGER,	/* from an instance that is not known, or to one that we are not */
	LS_SYNC_REPLAYED,	/* has been here, or is too old to tell */
	LS_SYNC_VERDICTS,
};

/* What the caller is told, from within the call that makes it so. It must not call back. */
struct ls_sync_ops {
	/* A piece of a message, in order. False: no room now, see ls_sync_drain(). */
	bool (*deliver)(struct ls_sync *sync, u16 from, const struct ls_sync_slot *slot);
	/* There is room again for messages to @host, after LS_SYNC_FULL. */
	void (*room)(struct ls_sync *sync, u16 host);
	/* What the round has come to. */
	void (*decided)(struct ls_sync *sync, const struct ls_sync_decision *decision);
	/* The session stands still for want of @what from @host, which is not heard of. */
	void (*silent)(struct ls_sync *sync, u16 host, enum ls_sync_await what);
	/* It is heard of again, or no longer waited for. */
	void (*back)(struct ls_sync *sync, u16 host);
};

/* The same on all hosts, but for self, instance, and where one that comes later begins. */
struct ls_sync_config {
	u8 session[16];
	u16 hosts;		/* numbers below this, at most LS_SYNC_HOSTS_MAX */
	u16 self;
	u16 fanout;		/* of the tree; 0: all tell all */
	bool to_the_end;	/* nobody has an event: go to limit_ns instead of waiting */
	u32 window;		/* pieces under way to each host: a power of two, at most 64 */
	u64 instance;
	u64 quantum_ns;
	u64 limit_ns;
	struct ls_sync_decision decided; /* before this host came; all 0: none */
	bool measures;		/* how long an answer takes, and asks no sooner */
	u64 resend_ns;		/* who waits asks after this, */
	u64 resend_max_ns;	/* then after twice as long, up to this */
	u64 silent_ns;		/* 0: never told */
	u64 linger_ns;		/* after the end, for who may not know of it yet */
};

/* What is known of another host; one's own holds one's own reports. */
struct ls_sync_peer {
	u64 instance;		/* 0: none is known, it is not spoken to */
	u64 counter;		/* of the last packet to it */
	u64 first, last;	/* rounds that it takes part in */
	struct ls_sync_replay replay;
	struct ls_sync_stream stream;
	struct ls_sync_report report[2]; /* by round, the last two */
	u64 counted[2];		/* pieces sent to it, as our reports of those rounds count them */
	struct ls_sync_decision decided; /* it said so */
	u64 said;		/* the last round that it has said its own of */
	u64 have;		/* the last round that it has our report of */
	u64 heard_ns;		/* when it was heard of last */
	u32 stamp_us;		/* of its clock, that came last, 0: none has, */
	u64 stamped_ns;		/* and when */
	u64 trip_ns;		/* there and back, smoothed, as RFC 6298 does; 0: not known */
	u64 trip_spread_ns;
	u64 waited_ns;		/* since when something of it is waited for */
	u64 asked_ns;		/* the interval after which it is asked again */
	u64 ask_at_ns;		/* LS_TIME_NONE: nothing is waited for */
	u64 receipt_at_ns;	/* when a receipt goes out if no other packet has taken it */
	u16 awaited;		/* whom it has not heard of, or LS_SYNC_NOBODY */
	u8 awaits;
	bool full;		/* the caller waits for room */
	u64 packets_out, packets_in;
	u64 again;		/* pieces sent again */
	u64 twice;		/* pieces that came again */
	u64 refused[LS_SYNC_VERDICTS]; /* what had its number as the sender's */
};

enum ls_sync_phase {
	LS_SYNC_RUNNING,	/* ours have not all arrived */
	LS_SYNC_SAID,		/* we have reported, the round is not complete */
	LS_SYNC_HELD,		/* the next round has not begun */
	LS_SYNC_OVER,		/* it has ended, or we have left */
};

struct ls_sync {
	struct ls_sync_config config;
	const struct ls_sync_ops *ops;
	struct ls_sync_peer *peer;	/* config.hosts of them, the caller's */
	struct ls_sync_decision decision; /* the last one */
	struct ls_sync_tree tree;	/* of those that take part in the round after it */
	enum ls_sync_phase phase;
	bool passed_on;		/* the report of all below us has gone up */
	u8 wishes;
	bool leaves;
	u64 members;
	u64 round;		/* that is going on: one more than the decided one */
	u64 next_ns;		/* our components' earliest event */
	u64 moving_ns;		/* earliest arrival of messages of this window */
	u64 adopt_to;		/* decisions up to this round are taken from whoever has them */
	u64 parting;		/* who may not know of the end yet */
	u64 parted_ns;		/* when that is no longer waited for */
	u64 dirty, ask, silent;	/* bits: is to be sent to, is to answer, is not heard of */
	u16 turn;		/* whom the last packet was for */
	u64 refused[LS_SYNC_VERDICTS];
	u64 asked;		/* packets sent for want of an answer */
};

/*
 * The caller has set config, ops and peer, each peer's stream by ls_sync_stream_init() and its
 * instance; all else there is 0. All hosts whose instance is not 0 take part from the beginning.
 */
void ls_sync_init(struct ls_sync *sync);

/*
 * All of ours have arrived at the window's end, and the earliest thing any of them has to do is at
 * @next_ns. While the session holds it may be said again, with another time. In the first round
 * hosts say it when they are ready to begin.
 */
void ls_sync_arrive(struct ls_sync *sync, u64 now_ns, u64 next_ns);

#define LS_SYNC_SENT 0
#define LS_SYNC_FULL (-1)	/* no room: ops->room() tells when to try again */
#define LS_SYNC_CLOSED (-2)	/* no window is open here, or that host has gone */
#define LS_SYNC_TOO_LONG (-3)	/* longer than ls_sync_stream_most() */

/* A message for a component of @host. Its sender has not arrived before this is LS_SYNC_SENT. */
int ls_sync_send(struct ls_sync *sync, u64 now_ns, u16 host, u32 link, u64 sequence,
		 u64 arrival_ns, const u8 *data, u32 bytes);

/* There is room for what ops->deliver() refused. */
void ls_sync_drain(struct ls_sync *sync, u64 now_ns, u16 host);

/* All hosts hold with the round that this host reports next, until none of them wishes it. */
void ls_sync_pause(struct ls_sync *sync, u64 now_ns, bool paused);

/* The session ends with the round that this host reports next. */
void ls_sync_stop(struct ls_sync *sync, u64 now_ns);

/* This host takes part in no round after the one that it reports next. */
void ls_sync_leave(struct ls_sync *sync, u64 now_ns);

/* No window from here on is longer; all hosts use the shortest that one of them was told. */
void ls_sync_quantum(struct ls_sync *sync, u64 quantum_ns);

/*
 * For the controller, after a host's module has gone: @round is the last round that it was part of,
 * told the same to all hosts: the last that any of them has decided. Who has not decided that one
 * yet takes it from another. What the lost instance has sent and nobody received is lost.
 * ls_sync_admit() has @instance take part from the round after that on.
 * Both return false when a later round was decided with it.
 */
bool ls_sync_drop(struct ls_sync *sync, u64 now_ns, u16 host, u64 round);
bool ls_sync_admit(struct ls_sync *sync, u64 now_ns, u16 host, u64 instance, u64 round);

/*
 * What can be said of a packet before it is decrypted; changes nothing but counts. @length is all
 * that came. LS_SYNC_TAKEN: decrypt the body, and give it to ls_sync_receive() if it is authentic.
 */
enum ls_sync_verdict ls_sync_look(struct ls_sync *sync, const u8 *packet, size_t length,
				  struct ls_sync_header *header);

/* An authentic body, without its tag. */
enum ls_sync_verdict ls_sync_receive(struct ls_sync *sync, u64 now_ns,
				     const struct ls_sync_header *header, const u8 *body,
				     size_t length);

/*
 * The next packet to be sent, if there is any: LS_SYNC_PACKET_MAX bytes at most, header first; to
 * be asked after every other call until it returns 0. *@host is where to.
 */
size_t ls_sync_pull(struct ls_sync *sync, u64 now_ns, u8 *packet, u16 *host);

/* When ls_sync_tick() is to be called at the latest; may change with every call. */
u64 ls_sync_timer(const struct ls_sync *sync);
void ls_sync_tick(struct ls_sync *sync, u64 now_ns);

/* What is waited for from @host now. */
enum ls_sync_await ls_sync_awaits(const struct ls_sync *sync, u16 host);

/* It is over and all others know, or were given time to: nobody needs this host any more. */
bool ls_sync_done(const struct ls_sync *sync);

#endif /* _LS_SYNC_PROTOCOL_H */
