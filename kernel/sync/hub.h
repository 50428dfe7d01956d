/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hub is one session's place among its hosts: the protocol's state, a socket, and a thread that
 * moves packets between the two. What the session does, the thread is told of and does later; what
 * comes in packets, the session is told of under its lock.
 *
 * Lifetime: from begin() to end(), which core calls. Nobody else has a hub but its thread and its
 * socket's callback, and end() waits for both.
 *
 * Locks: the session's guards all that is not the thread's alone. Memory is allocated and freed by
 * the thread only, without it.
 */
#ifndef _LS_SYNC_HUB_H
#define _LS_SYNC_HUB_H

#include <crypto/chacha20poly1305.h>
#include <linux/list.h>
#include <linux/net.h>
#include <linux/socket.h>

#include "../core/share.h"
#include "protocol.h"

struct net;
struct task_struct;

/* What is before the bytes of a message: carry.c. */
#define LS_CARRY_HEADER 24

/* What is there for the next message, so that most need not wait for memory. */
#define LS_HUB_SPARE 2048

struct ls_hub_key {
	u8 bytes[CHACHA20POLY1305_KEY_SIZE];
};

struct ls_hub_peer {
	struct ls_host_address address;
	struct sockaddr_storage to;
	struct ls_hub_key out, in;
	struct ls_sync_slot *slots;
	struct list_head outgoing;	/* messages that find no room in the stream yet */
	struct ls_message *message;	/* that is coming, piece by piece, */
	struct ls_far_message far;	/* of this form, */
	u32 have;			/* so much of it so far */
	bool skips;			/* or that nobody here knows what to do with */
	struct ls_message *spare;	/* for the next one, */
	u32 room;			/* with room for so many bytes, */
	u32 wanted;			/* where it wants so many, or 0 */
	u64 forged;
	bool told[LS_SYNC_VERDICTS + 1]; /* what was refused of it is in the log, by why */
	bool heard;
};

struct ls_hub {
	struct ls_session *session;
	struct ls_share_request request; /* but for its uuid */
	char uuid[LIVESTACK_UUID_MAX + 1];
	struct ls_sync sync;
	struct ls_sync_peer *states;	/* the protocol's, by host */
	struct ls_hub_peer *peers;	/* the hub's, by host */
	bool begun;
	bool stopped;		/* here: nobody runs or sends any more, and that is reported */
	bool is_through;	/* all of ours are, and the protocol has not been told */
	u64 next_ns;		/* the session's next event then */
	u64 stray;
	struct list_head freed;	/* messages that the thread is to free */
	/* Told by anybody, in any context: */
	struct task_struct *thread;
	bool kicked;
	struct socket *sock;
	struct net *net;
	/* Under the session's lock, one message's bytes with their header. */
	u8 *carried;
	/* The thread's alone: */
	u8 received[LS_SYNC_PACKET_MAX + CHACHA20POLY1305_AUTHTAG_SIZE + 1];
	u8 plain[LS_SYNC_PACKET_MAX];
	u8 packet[LS_SYNC_PACKET_MAX + CHACHA20POLY1305_AUTHTAG_SIZE];
};

static inline struct ls_hub *ls_hub_of(struct ls_sync *sync)
{
	return container_of(sync, struct ls_hub, sync);
}

static inline u64 ls_hub_now(void)
{
	return ktime_get_ns();
}

/* The thread is to look again. In any context. */
void ls_hub_kick(struct ls_hub *hub);

/* hub.c, under the session's lock: says what there is to say, if the session is through. */
void ls_hub_report(struct ls_hub *hub);

/* The same: all others are known. */
bool ls_hub_ready(void *own);

/* view.c: as struct ls_share_ops says of view() and look(). */
void ls_hub_view(void *own, struct ls_share_view *view);
bool ls_hub_look(void *own, u16 host, struct ls_peer_view *view);

/* thread.c */
int ls_hub_thread(void *hub);

/* socket.c: -EADDRINUSE, -EADDRNOTAVAIL and others. */
int ls_hub_open(struct ls_hub *hub);
void ls_hub_close(struct ls_hub *hub);
void ls_hub_where(const struct ls_host_address *address, struct sockaddr_storage *to);
/* How many bytes came, or less than 0: nothing. */
int ls_hub_receive(struct ls_hub *hub, u8 *bytes, size_t room);
void ls_hub_send(struct ls_hub *hub, const struct ls_hub_peer *peer, u8 *bytes, size_t length);

/* seal.c: keys of both directions between this host and @host, from the session's. */
void ls_hub_derive(struct ls_hub *hub, u16 host, u64 instance);
/* @packet of @length gets its body encrypted and a tag behind. Returns its length then. */
size_t ls_hub_seal(const struct ls_hub_peer *peer, u8 *packet, size_t length, u64 counter);
/* The body of a packet, or false: it is not authentic. */
bool ls_hub_unseal(const struct ls_hub_peer *peer, const u8 *packet, size_t length, u64 counter,
		   u8 *body);

/* carry.c, under the session's lock */

/* Sends what finds room in the open window. False: something waits. */
bool ls_hub_flush(struct ls_hub *hub);
/* Whether there is something to send in the next one. */
bool ls_hub_waits(struct ls_hub *hub);
/* A piece of a message has come. False: there is no memory for the message yet. */
bool ls_hub_deliver(struct ls_sync *sync, u16 from, const struct ls_sync_slot *slot);
/* All messages that wait to be sent to @host, or are coming from there, are lost. */
void ls_hub_lose(struct ls_hub *hub, u16 host);

/* The same, without the lock, by the thread: memory for what is coming. */
void ls_hub_supply(struct ls_hub *hub);

#endif /* _LS_SYNC_HUB_H */
