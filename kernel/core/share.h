/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a session is shared with other hosts: what a mechanism that agrees with them gives core, and
 * what core gives it. Its module includes this file and transport.h and nothing else of core's.
 *
 * Each host has a session of its own, with those components that are its own, and
 * remote ones in place of those of other hosts that links lead to. The hosts agree on each window
 * (sync/protocol.h says how); who sends over a link carries the message out as that link says, and
 * the receiver's host queues it for its arrival.
 *
 * Lifetime: from begin() until end() has returned the session is there, and core holds what begin()
 * gave.
 *
 * Locks: ls_table_lock, which core holds around begin(), end() and meet(), then the session's lock,
 * which is raw and taken with interrupts off. A mechanism guards its own state by that one too.
 */
#ifndef _LS_SHARE_H
#define _LS_SHARE_H

#include <linux/livestack_netlink.h>
#include <linux/types.h>

#include "transport.h"
#include "window.h"

struct ls_session;
struct net;

#define LS_ADDRESS_MAX 16

/* Where a host receives. */
struct ls_host_address {
	u8 bytes[LS_ADDRESS_MAX];
	u8 length;	/* 4: IPv4, 16: IPv6 */
	u16 udp_port;
};

/* What sync-new asks for. */
struct ls_share_request {
	u16 hosts, host, fanout;
	u8 key[LIVESTACK_KEY_BYTES];
	struct ls_host_address address;
	u64 silent_ns;
	struct net *net;	/* the caller's */
	const char *uuid;	/* what all its hosts call it */
};

/* What peer-set asks for. */
struct ls_peer_request {
	u16 host;
	struct ls_host_address address;
	u64 instance;
};

/* What sync-get tells. */
struct ls_share_view {
	u16 hosts, host, fanout;
	struct ls_host_address address;
	u64 instance, silent_ns, round, refused, stray;
	bool ready;
	char uuid[LIVESTACK_UUID_MAX + 1];
};

/* What peer-get tells. */
struct ls_peer_view {
	struct ls_host_address address;
	u64 instance;
	u64 packets_out, packets_in, resent, twice, forged, replayed, refused;
	u64 heard_ns;	/* LS_TIME_NONE: never */
	enum livestack_awaits awaits; /* 0: nothing */
	bool silent;
};

struct ls_share_ops {
	/* An error number, and in @sentence what to change. May sleep. */
	void *(*begin)(struct ls_session *session, const struct ls_share_request *request,
		       const char **sentence);
	/* The others are told that it stops here, if it has not. May sleep. */
	void (*end)(void *own);
	int (*meet)(void *own, const struct ls_peer_request *request, const char **sentence);
	/* All others are known. */
	bool (*ready)(void *own);
	/* Under the session's lock, as all below but the last two: it begins. */
	void (*start)(void *own);
	/* All of this host's are through with the window, none has anything to do before. */
	void (*through)(void *own, u64 next_ns);
	/* This host wishes that all pause, or no more. */
	void (*pause)(void *own, bool paused);
	/* It has stopped here, so all others are to. */
	void (*stop)(void *own);
	/* No window is to be longer from the next one on. */
	void (*quantum)(void *own, u64 quantum_ns);
	/* @message is for a component of @host, and the mechanism's from here on. */
	void (*send)(void *own, u16 host, struct ls_message *message);
	void (*view)(void *own, struct ls_share_view *view);
	/* False: this host itself, or nothing is known of that one yet. */
	bool (*look)(void *own, u16 host, struct ls_peer_view *view);
};

/* -EBUSY: there is one already. */
int ls_share_register(const struct ls_share_ops *ops);

/* Stops all sessions that are shared, and ends their shares. May sleep. */
void ls_share_unregister(const struct ls_share_ops *ops);

/* What a mechanism calls; all but the first five under the session's lock. */

unsigned long ls_share_lock(struct ls_session *session);
void ls_share_unlock(struct ls_session *session, unsigned long flags);
u32 ls_share_id(const struct ls_session *session);
u64 ls_share_quantum(const struct ls_session *session);
u64 ls_share_limit(const struct ls_session *session);
bool ls_share_to_the_end(const struct ls_session *session);

/* The end of the window that is open, or was last. */
u64 ls_share_window_end(const struct ls_session *session);

/* All hosts have agreed on the next window. */
void ls_share_window(struct ls_session *session, u64 start_ns, u64 end_ns);

/* All hosts hold, as @host wishes it, or LS_SHARE_OWN. */
void ls_share_hold(struct ls_session *session, u16 host);
#define LS_SHARE_OWN 0xffff

/* All hosts stop, as @host wishes it. */
void ls_share_stop(struct ls_session *session, u16 host);

/* @host is not heard of, which all wait for, or is heard of again. */
void ls_share_silent(struct ls_session *session, u16 host, enum livestack_awaits what);
void ls_share_back(struct ls_session *session, u16 host);

/* What of a message goes to another host, beside its bytes. */
struct ls_far_message {
	u64 sequence, arrival_ns, send_ns;
	u32 length, size;
	u16 link, source;
	u8 mark;	/* of struct ls_cargo_ops */
};

/*
 * A message sets out for its host in the open window: what to say of it. One that was sent after
 * its host had reported the last one may arrive no earlier than the others can know of it.
 */
struct ls_far_message ls_share_depart(struct ls_message *message);

/* Its place in a list of the mechanism's, while it is that's. */
struct list_head *ls_share_entry(struct ls_message *message);
struct ls_message *ls_share_listed(struct list_head *entry);

/* Its bytes, all of them. */
void ls_share_copy(const struct ls_message *message, u8 *to);

/* It will not be received, as its host is gone; it is the mechanism's still, to be freed. */
void ls_share_lost(struct ls_message *message);

/*
 * @message, of ls_port_message() with room for all of it, has come from @host. False: there is no
 * such link between the two, or nobody to receive it, and it is the mechanism's to free.
 */
bool ls_share_arrived(struct ls_session *session, u16 host, struct ls_message *message,
		      const struct ls_far_message *far);

/* What has become of all messages over one way so far, for their sender's host. */
struct ls_far_account {
	u64 received, received_bytes, dropped, dropped_bytes;
	u16 link, host;
};

/* The next way whose sender's host is to be told; false: none. It stays until it is settled. */
bool ls_share_owes(struct ls_session *session, struct ls_far_account *account);
void ls_share_settled(struct ls_session *session);

/* @account has come from its receiver's host. False: there is no such link. */
bool ls_share_account(struct ls_session *session, const struct ls_far_account *account);

#endif /* _LS_SHARE_H */
