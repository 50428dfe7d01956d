// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets that give packet by packet what they have, by their own read_skb: AF_UNIX of any type,
 * whose senders are in process context and may sleep, and UDP.
 */

#include "relay.h"

#include <linux/err.h>
#include <linux/net.h>
#include <linux/skbuff.h>
#include <linux/udp.h>

static bool ls_packets_of_unix(const struct ls_relay *relay)
{
	return relay->sock->sk->sk_family == AF_UNIX;
}

/* What was read has room now, or is held on. */
static bool ls_packets_send_rest(struct ls_relay *relay)
{
	if (!relay->rest)
		return true;
	relay->rest_from += ls_relay_send_some(relay, relay->rest, relay->rest_from,
					       relay->rest->len - relay->rest_from);
	if (relay->rest_from < relay->rest->len)
		return false;
	consume_skb(relay->rest);
	relay->rest = NULL;
	return true;
}

/* Takes one out of the socket; called by the socket's own reader. */
static int ls_packets_actor(struct sock *sk, struct sk_buff *skb)
{
	struct ls_relay *relay = sk->sk_user_data;
	const int length = skb->len;

	/* Who sent it has its buffer back: what is on its way is the link's to bound. */
	skb_orphan(skb);
	if (relay->sock->type == SOCK_STREAM) {
		relay->rest = skb;
		relay->rest_from = 0;
		ls_packets_send_rest(relay);
	} else {
		ls_relay_send_packet(relay, skb);
	}
	return length;
}

static bool ls_packets_wait(const struct ls_relay *relay)
{
	struct sock *sk = relay->sock->sk;

	return !skb_queue_empty_lockless(&sk->sk_receive_queue) ||
	       (!ls_packets_of_unix(relay) &&
		!skb_queue_empty_lockless(&udp_sk(sk)->reader_queue));
}

static void ls_packets_read(struct ls_relay *relay)
{
	struct sock *sk = relay->sock->sk;
	unsigned int failures = 0;

	while (ls_packets_send_rest(relay) && ls_relay_room(relay)) {
		if (!ls_packets_wait(relay)) {
			ls_relay_note_end(relay);
			break;
		}
		/* It says once what else was wrong with the socket. */
		if (relay->read_skb(sk, ls_packets_actor) < 0 && ++failures > 1)
			break;
	}
}

static void ls_packets_read_on(struct ls_relay *relay)
{
	const bool of_unix = ls_packets_of_unix(relay);

	if (of_unix)
		mutex_lock(&relay->reading);
	ls_packets_read(relay);
	if (of_unix)
		mutex_unlock(&relay->reading);
}

static void ls_packets_data_ready(struct sock *sk)
{
	struct ls_relay *relay = ls_relay_use(sk);

	if (!relay)
		return;
	ls_packets_read_on(relay);
	ls_relay_done(relay);
}

static void ls_packets_state_change(struct sock *sk)
{
	struct ls_relay *relay = ls_relay_use(sk);

	if (!relay)
		return;
	/* Not here: the socket may hold locks of its own. Its component waits for that. */
	ls_port_read_on(&relay->port);
	ls_relay_done(relay);
}

/* Datagram sockets have a reader of one message; that of unix ones serves sequenced packets too. */
static int ls_packets_take(struct ls_relay *relay)
{
	struct socket *other;
	int err;

	relay->read_skb = relay->sock->ops->read_skb;
	if (!relay->read_skb) {
		err = sock_create_kern(&init_net, AF_UNIX, SOCK_DGRAM, 0, &other);
		if (err)
			return err;
		relay->read_skb = other->ops->read_skb;
		sock_release(other);
	}
	return ls_relay_hook(relay);
}

static void ls_packets_abort(struct ls_relay *relay)
{
	kernel_sock_shutdown(relay->sock, SHUT_RDWR);
}

const struct ls_relay_source ls_relay_packets = {
	.data_ready = ls_packets_data_ready,
	.state_change = ls_packets_state_change,
	.take = ls_packets_take,
	.let_go = ls_relay_unhook,
	.read_on = ls_packets_read_on,
	.abort = ls_packets_abort,
};
