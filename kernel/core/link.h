/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Links between components, and the messages on them.
 *
 * Lifetime: a link lives from link-new to link-del or its session's end; who finds it by its number
 * holds ls_table_lock, or is in an RCU read-side section and looks at @gone under the session's
 * lock. A message lives from SEND until it is received or its receiver leaves, and no longer than
 * its link, which is not deleted before.
 */
#ifndef _LS_LINK_H
#define _LS_LINK_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>

#include "histogram.h"
#include "window.h"
#include "wire.h"

struct ls_capture;
struct ls_cargo_ops;
struct ls_component;
struct ls_port;
struct ls_session;

/* What was counted on one way over a link. */
struct ls_way_counts {
	u64 sent, sent_bytes;
	u64 received, received_bytes;
	u64 dropped, dropped_bytes;
	u64 fates[LS_WIRE_FATES]; /* of those dropped, by why; carried: the receiver was gone */
	u64 queued_bytes;
	u32 queued;
	u64 refused;
	u64 late;
	struct ls_histogram late_ns;
	struct ls_histogram error_ns; /* how late a port was given them */
	u64 captured, capture_lost; /* of those received while somebody captured them */
};

/* One way over a link; all but @to under the session's lock. */
struct ls_way {
	struct ls_component *to;
	bool loop;		/* it comes from there, too */
	bool far;		/* @to is on another host */
	bool from_far;		/* the sender is, */
	u16 from_host;		/* on this one */
	u16 link;		/* the link's number */
	u64 latency_ns;		/* from the window after @since on */
	u64 earlier_ns;		/* the latency before, or LS_TIME_NONE: it was not there yet */
	u64 since;		/* the window's generation when latency_ns was set */
	struct ls_wire wire;
	struct ls_port *port;	/* who takes what arrives, or NULL: the component itself */
	struct ls_capture *capture; /* who gets copies, of both ways, or NULL */
	struct ls_port *waits;	/* a port that found the queue full, or NULL */
	bool stream;		/* what sends is a port that is to lose nothing */
	struct list_head early;	/* in the session's list, while such a one waits for a window */
	u64 sent_ns;		/* when a port sent last */
	u64 far_dropped, far_dropped_bytes; /* of those dropped: on the receiver's host */
	struct list_head owed;	/* in the session's list, while its sender's host is to be told */
	struct ls_way_counts counts;
};

struct ls_link {
	struct ls_session *session;
	u16 id;
	bool gone;		/* under the session's lock, as all below */
	u32 queue_bytes;
	u64 seed;
	struct ls_way to_b, to_a;
	struct rcu_head rcu;
};

struct ls_message {
	struct rb_node node;	/* in its receiver's queue */
	u64 arrival_ns;
	u64 send_ns;
	u64 sequence;		/* the source's count of messages before it */
	u64 number;		/* the receiver's count of messages before it */
	struct ls_way *way;
	u32 length;
	u32 size;		/* bytes that the wire counts */
	u32 queue_bytes;	/* of its link, while it is being sent; 0: has been looked at */
	u16 link;
	u16 source;
	bool late;		/* and counted as such */
	struct list_head arrived; /* in its port's list, once it has */
	const struct ls_cargo_ops *holds; /* NULL: its bytes are in data[] */
	void *cargo;		/* of the port that sent it */
	u8 data[];
};

/* What a link is made of or set to. */
struct ls_link_config {
	u64 latency_ns, back_latency_ns;
	u32 queue_bytes;
	u64 seed;		/* for a new one only */
	struct ls_wire_config to_b, to_a;
};

/* These want ls_table_lock held. */

/*
 * With @a and @b the same it is a loop. -EEXIST: the number is taken, -ENOSPC: there are
 * LIVESTACK_LINKS_MAX already, -ERANGE: a strict session's quantum is longer than a latency,
 * -EREMOTE: neither end is on this host.
 */
struct ls_link *ls_link_new(struct ls_component *a, struct ls_component *b, u16 id,
			    const struct ls_link_config *config);

/*
 * -ERANGE as above, -EOPNOTSUPP: an end is a stream that would lose something. Nothing has changed
 * then.
 */
int ls_link_set(struct ls_link *link, const struct ls_link_config *config);

struct ls_link_config ls_link_config(const struct ls_link *link);

/* -EBUSY: a message is on it, -EISCONN: an end of it is a port. */
int ls_link_del(struct ls_link *link);

/* Frees it, with ls_table_lock held; nobody has joined its session. */
void ls_link_free(struct ls_link *link);

/* What components do with messages; these may sleep. */

/* Room for a message of @length bytes, or NULL. ls_message_free() when it was not sent. */
struct ls_message *ls_message_new(u32 length);
void ls_message_free(struct ls_message *message);

/*
 * Puts @message on its way over the link at *@send_ns, 0: the component's clock, which is given
 * back. On success the message belongs to the receiver and *@arrival_ns is when. -ESHUTDOWN,
 * -EBUSY, -EINVAL, -ENOENT, -ENOTCONN, -EHOSTUNREACH, -ENETDOWN, -ENOBUFS: as the uapi header
 * tells.
 */
int ls_message_send(struct ls_component *component, u16 link_id, struct ls_message *message,
		    u64 *send_ns, u64 *arrival_ns);

/*
 * Under the session's lock, for ports: as ls_message_send(), at @send_ns or when the way's last one
 * was sent. 1: it is lost, and is the caller's to free.
 */
int ls_message_send_by(struct ls_way *way, struct ls_component *from, struct ls_link *link,
		       struct ls_message *message, u64 send_ns);

/* Under the session's lock: @message, which its way has taken, is on its way to its receiver. */
void ls_message_enqueue(struct ls_message *message);

/*
 * Holds on to the next message that has arrived at the component, or NULL: it stays where it is,
 * and is nobody else's, not a port's either, until it is taken or let go. Only the component's own
 * process asks, for one at a time.
 */
struct ls_message *ls_message_hold(struct ls_component *component);

/* Takes what ls_message_hold() gave, and frees it. */
void ls_message_take(struct ls_component *component, struct ls_message *message);

/* It may be given to others again. */
void ls_message_let_go(struct ls_component *component);

/* Drops all messages to who has left, but for those on loops, which take no time from then on. */
void ls_messages_drop(struct ls_session *session, struct rb_root *messages);

/* Under the session's lock: gives ports what has arrived at the component by its clock. */
void ls_messages_deliver(struct ls_component *component);

/*
 * Under the session's lock: @message goes over @way at @send_ns. 0: it is on its way and belongs to
 * the receiver; 1: it is lost, which the sender does not learn, and is the caller's to free.
 * -ENETDOWN, -EHOSTUNREACH, -ENOBUFS: as the uapi header tells.
 */
int ls_way_take(struct ls_way *way, struct ls_message *message, u64 send_ns);

/* Under the session's lock: the receiver has @message, which is on the way no more. */
void ls_way_unload(struct ls_way *way, const struct ls_message *message);

/* Under the session's lock: @message was on it and will not be received. */
void ls_way_forget(struct ls_way *way, const struct ls_message *message);

/* Under the session's lock: what a port was to send over it was not, for @fate. */
void ls_way_refuse(struct ls_way *way, u32 length, enum ls_wire_fate fate);

/* Under the session's lock: whether a port may send over it. */
bool ls_way_has_room(const struct ls_way *way, u32 queue_bytes);

/* Whether a stream is to wait, as it carries nothing yet but will when the next window opens. */
bool ls_way_is_early(const struct ls_way *way);

/* A window has opened, or none ever will: the session's ports that waited for that look again. */
void ls_ways_begin(struct ls_session *session);

/* Under the session's lock: a port that waits for room looks again, as there may be. */
void ls_way_has_changed(struct ls_way *way);

/* Drops all that is on its way to the way's port, which is being closed. May sleep. */
void ls_way_drain(struct ls_way *way);

/* Under the session's lock: the receiver has taken it. */
void ls_message_received(struct ls_component *component, struct ls_message *message);

/* Under the session's lock: those who were overtaken by the component's step to @clock_ns. */
void ls_messages_overtaken(struct ls_component *component, u64 clock_ns);

#endif /* _LS_LINK_H */
