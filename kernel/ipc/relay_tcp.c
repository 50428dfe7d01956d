// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP sockets. They are read as far as there is room, by their own read_sock; what is left keeps
 * their window closed, and so their sender from sending.
 *
 * Both callbacks are called with the socket to ourselves: in softirq with its spinlock held and not
 * owned by a process (tcp_v4_rcv() and the timers see to that, and else put off what they have), or
 * by its owner, who does what was put off when it lets go. So it may be read right there, over the
 * loopback in the context of who sends. Nobody reads in the midst of reading: what comes meanwhile
 * is put off, too.
 */

#include "relay.h"

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/inet_connection_sock.h>
#include <net/tcp.h>

/*
 * Keeps others out for as long as the port has the socket: who puts a protocol of theirs over it
 * (TLS) would keep our callbacks beyond our end, and so would who listened on it after connect()
 * has cut it off.
 */
static const struct tcp_ulp_ops ls_tcp_guard = {
	.name = "livestack",
	.owner = THIS_MODULE,
};

static int ls_tcp_actor(read_descriptor_t *descriptor, struct sk_buff *skb, unsigned int offset,
			size_t length)
{
	return ls_relay_send_some(descriptor->arg.data, skb, offset, length);
}

static void ls_tcp_read(struct ls_relay *relay)
{
	struct sock *sk = relay->sock->sk;
	read_descriptor_t descriptor = { .arg.data = relay, .count = 1 };

	relay->burst = 0;
	/* Who sent may keep back more until what it has sent is acknowledged: say so at once. */
	inet_csk_exit_pingpong_mode(sk);
	if (inet_csk_ack_scheduled(sk))
		inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_PUSHED;
	/* Urgent data is data: read_sock would stop before it for good. */
	tcp_sk(sk)->urg_data = 0;
	relay->sock->ops->read_sock(sk, &descriptor, ls_tcp_actor);
	ls_relay_note_end(relay);
}

static void ls_tcp_data_ready(struct sock *sk)
{
	struct ls_relay *relay = ls_relay_use(sk);

	if (!relay)
		return;
	ls_tcp_read(relay);
	ls_relay_done(relay);
}

/* An end is told of by data_ready, too, once it is in the queue. A reset is not. */
static void ls_tcp_state_change(struct sock *sk)
{
	struct ls_relay *relay = ls_relay_use(sk);

	if (!relay)
		return;
	if (READ_ONCE(sk->sk_err) && sk->sk_state == TCP_CLOSE) {
		WRITE_ONCE(relay->reset, true);
		ls_tcp_read(relay);
	}
	/* Our own writer may wait. */
	relay->state_change(sk);
	ls_relay_done(relay);
}

static void ls_tcp_read_on(struct ls_relay *relay)
{
	struct sock *sk = relay->sock->sk;

	lock_sock(sk);
	ls_tcp_read(relay);
	/* Does what was put off meanwhile: what the sender sends as there is room again. */
	release_sock(sk);
}

static int ls_tcp_take(struct ls_relay *relay)
{
	struct sock *sk = relay->sock->sk;
	int err = -EBUSY;

	lock_sock(sk);
	if (!inet_csk(sk)->icsk_ulp_ops)
		err = ls_relay_hook(relay);
	if (!err)
		inet_csk(sk)->icsk_ulp_ops = &ls_tcp_guard;
	release_sock(sk);
	/* What arrives is not to wait until what was before is acknowledged. */
	if (!err)
		tcp_sock_set_nodelay(sk);
	return err;
}

static void ls_tcp_let_go(struct ls_relay *relay)
{
	struct sock *sk = relay->sock->sk;

	lock_sock(sk);
	inet_csk(sk)->icsk_ulp_ops = NULL;
	ls_relay_unhook(relay);
	release_sock(sk);
}

static void ls_tcp_abort(struct ls_relay *relay)
{
	/* -ENOENT: it is already. */
	tcp_abort(relay->sock->sk, ECONNRESET);
}

const struct ls_relay_source ls_relay_tcp = {
	.data_ready = ls_tcp_data_ready,
	.state_change = ls_tcp_state_change,
	.take = ls_tcp_take,
	.let_go = ls_tcp_let_go,
	.read_on = ls_tcp_read_on,
	.abort = ls_tcp_abort,
};
