/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Socket relays. What comes out of a socket is sent in the context of who put it into the other
 * end, so that its send time is that one's; what arrives is put into the socket by a work.
 *
 * relay.c makes and closes them, relay_packet.c reads sockets packet by packet (AF_UNIX and UDP),
 * relay_tcp.c byte by byte (TCP); relay_read.c makes messages of that, relay_write.c is the other
 * way.
 *
 * While the link's queue is full nothing is read, so that the socket fills and its sender waits, as
 * with any slow reader; what was waiting is sent when it is read on, as what has waited longer than
 * the latency would be late. The socket is held: its descriptor may be closed.
 *
 * Locks: a TCP socket's own lock, or @reading and then what an AF_UNIX socket has; then the
 * session's. A socket's sk_callback_lock is held for nothing but to look at its sk_user_data.
 */
#ifndef _LS_RELAY_H
#define _LS_RELAY_H

#include "ipc.h"

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "record.h"

struct ls_relay;

/* How sockets of some kind are read. */
struct ls_relay_source {
	void (*data_ready)(struct sock *sk);
	void (*state_change)(struct sock *sk);
	/* Hooks the callbacks by ls_relay_hook(); may sleep, as all below. */
	int (*take)(struct ls_relay *relay);
	void (*let_go)(struct ls_relay *relay);
	/* Reads what there is room for. */
	void (*read_on)(struct ls_relay *relay);
	/* Breaks the connection off. */
	void (*abort)(struct ls_relay *relay);
};

struct ls_relay {
	struct ls_port port;
	struct file *file;
	struct socket *sock;
	const struct ls_relay_source *source;
	int (*read_skb)(struct sock *sk, skb_read_actor_t actor);
	void (*data_ready)(struct sock *sk);
	void (*state_change)(struct sock *sk);
	long patience;		/* that sendmsg() had */
	struct delayed_work read;
	struct work_struct write;
	atomic_t users;		/* who are in callbacks */
	bool closing;		/* under sk_callback_lock, then none comes in */
	bool blocked;		/* there is no room for what is next */
	bool reset;		/* the connection was broken off at the other end */
	bool aborted;		/* and here, for the fault */
	enum ls_cargo told;	/* which end was sent; bytes: none */
	const char *fault;	/* why it carries nothing any more, or NULL */
	struct mutex reading;	/* of AF_UNIX: a stream's order is that in which it was read */
	struct sk_buff *rest;	/* of a stream, under that: read, and not sent for want of room */
	u32 rest_from;
	u32 burst;		/* messages made in this go */
	struct ls_record *record; /* of who reads, NULL: not framed */
	void *buffer;		/* what is being written, in one piece */
	size_t size;
};

/* The relay of a socket, or NULL; from now on it stays until ls_relay_done(). */
struct ls_relay *ls_relay_use(struct sock *sk);
void ls_relay_done(struct ls_relay *relay);

/* Its callbacks are ours. -EBUSY: somebody else has got them. */
int ls_relay_hook(struct ls_relay *relay);
/* They are not any more, and nobody is in them. Its sk_user_data is, until ls_relay_forget(). */
void ls_relay_unhook(struct ls_relay *relay);
void ls_relay_forget(struct ls_relay *relay);

/* What a relay reads; in any context, by one at a time if it is a stream. */

/* Whether it may read. If not, read_on() is called when it may. */
bool ls_relay_room(struct ls_relay *relay);

/* As memory was short: reads on in a while. */
void ls_relay_retry(struct ls_relay *relay);

/* Sends @message. False: there is no room for it, and it must not be lost. It is freed. */
bool ls_relay_send(struct ls_relay *relay, struct ls_message *message);

/* A packet, which is the relay's then. */
void ls_relay_send_packet(struct ls_relay *relay, struct sk_buff *skb);

/* Of a stream, @length bytes of @skb from @offset on: says how many it has taken. */
u32 ls_relay_send_some(struct ls_relay *relay, struct sk_buff *skb, u32 offset, u32 length);

/* All that was there has been read: if no more will come, says so. */
void ls_relay_note_end(struct ls_relay *relay);

/* Sends @mark, unless it or a stronger one was. */
void ls_relay_tell(struct ls_relay *relay, enum ls_cargo mark);

/* Puts what has arrived into the socket. */
void ls_relay_write(struct work_struct *work);

extern const struct ls_relay_source ls_relay_packets, ls_relay_tcp;

#endif /* _LS_RELAY_H */
