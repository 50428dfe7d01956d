// SPDX-License-Identifier: GPL-2.0-only
/* Socket relays are made and closed; relay.h says what they are. */

#include "relay.h"

#include <linux/err.h>
#include <linux/file.h>
#include <linux/in.h>
#include <linux/net.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/un.h>
#include <linux/wait_bit.h>
#include <net/af_unix.h>
#include <net/ipv6.h>
#include <net/tcp_states.h>

/* Who waits to write looks so often whether the port is being closed. */
#define LS_RELAY_PATIENCE (HZ / 10)

static struct ls_relay *ls_relay_of(struct ls_port *port)
{
	return container_of(port, struct ls_relay, port);
}

struct ls_relay *ls_relay_use(struct sock *sk)
{
	struct ls_relay *relay;

	read_lock_bh(&sk->sk_callback_lock);
	relay = sk->sk_user_data;
	if (relay && relay->closing)
		relay = NULL;
	if (relay)
		atomic_inc(&relay->users);
	read_unlock_bh(&sk->sk_callback_lock);
	return relay;
}

void ls_relay_done(struct ls_relay *relay)
{
	if (atomic_dec_and_test(&relay->users))
		wake_up_var(&relay->users);
}

int ls_relay_hook(struct ls_relay *relay)
{
	struct sock *sk = relay->sock->sk;
	int err = 0;

	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_user_data) {
		err = -EBUSY;
	} else {
		relay->data_ready = sk->sk_data_ready;
		relay->state_change = sk->sk_state_change;
		relay->patience = sk->sk_sndtimeo;
		sk->sk_user_data = relay;
		sk->sk_data_ready = relay->source->data_ready;
		sk->sk_state_change = relay->source->state_change;
		sk->sk_sndtimeo = LS_RELAY_PATIENCE;
	}
	write_unlock_bh(&sk->sk_callback_lock);
	return err;
}

void ls_relay_unhook(struct ls_relay *relay)
{
	struct sock *sk = relay->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	WRITE_ONCE(relay->closing, true);
	sk->sk_data_ready = relay->data_ready;
	sk->sk_state_change = relay->state_change;
	write_unlock_bh(&sk->sk_callback_lock);
	wait_var_event(&relay->users, !atomic_read(&relay->users));
}

void ls_relay_forget(struct ls_relay *relay)
{
	struct sock *sk = relay->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	sk->sk_sndtimeo = relay->patience;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void ls_relay_read(struct work_struct *work)
{
	struct ls_relay *relay = container_of(to_delayed_work(work), struct ls_relay, read);

	if (!READ_ONCE(relay->fault)) {
		if (!READ_ONCE(relay->closing))
			relay->source->read_on(relay);
	} else {
		ls_relay_tell(relay, LS_CARGO_RESET);
		if (!relay->aborted)
			relay->source->abort(relay);
		relay->aborted = true;
	}
	ls_port_resumed(&relay->port);
}

static void ls_relay_arrived(struct ls_port *port)
{
	queue_work(system_unbound_wq, &ls_relay_of(port)->write);
}

static void ls_relay_resume(struct ls_port *port)
{
	mod_delayed_work(system_unbound_wq, &ls_relay_of(port)->read, 0);
}

static const struct ls_port_ops ls_relay_port_ops = {
	.arrived = ls_relay_arrived,
	.resume = ls_relay_resume,
	.mark = ls_cargo_marked,
};

#define LS_RELAY_KIND "this socket cannot be relayed: AF_UNIX ones of any type can, and TCP and UDP"
#define LS_RELAY_ALONE "the socket is not connected: socketpair() makes two that are, and so does connect()"
#define LS_RELAY_LOSS "a stream must not lose anything: take a datagram socket, say framed, or set loss-ppm 0"
#define LS_RELAY_TAKEN "the socket is in use already, by a port or a protocol: take another"
#define LS_RELAY_LOOP "the sockets of the link's two ends are connected to each other, so that all would go round for ever: take one each of two pairs"
#define LS_RELAY_UNSIZED "a stream has no messages whose size could be said: take a datagram socket, say framed, or leave sized out"
#define LS_RELAY_UNFRAMED "only a stream can be framed, a datagram is a record already: leave framed out"

static const struct ls_relay_source *ls_relay_source(const struct socket *sock)
{
	const struct sock *sk = sock->sk;

	if (sk->sk_family == AF_UNIX)
		return &ls_relay_packets;
	if (sk->sk_family != AF_INET && sk->sk_family != AF_INET6)
		return NULL;
	if (sock->type == SOCK_DGRAM && sk->sk_protocol == IPPROTO_UDP)
		return &ls_relay_packets;
	return sock->type == SOCK_STREAM && sk->sk_protocol == IPPROTO_TCP ? &ls_relay_tcp : NULL;
}

static bool ls_relay_is_connected(const struct socket *sock)
{
	const int state = READ_ONCE(sock->sk->sk_state);

	/* Who has connected it may have sent all it wants to already. */
	return state == TCP_ESTABLISHED ||
	       (sock->sk->sk_protocol == IPPROTO_TCP && state == TCP_CLOSE_WAIT);
}

static const char *ls_relay_objection(const struct ls_port *place, const struct socket *sock,
				      const struct ls_port_request *request)
{
	if (!ls_relay_source(sock))
		return LS_RELAY_KIND;
	if (!ls_relay_is_connected(sock))
		return LS_RELAY_ALONE;
	if (request->framed)
		return sock->type == SOCK_STREAM ? NULL : LS_RELAY_UNFRAMED;
	if (sock->type == SOCK_STREAM && request->sized)
		return LS_RELAY_UNSIZED;
	if (sock->type == SOCK_STREAM && ls_port_loses(place))
		return LS_RELAY_LOSS;
	return NULL;
}

/* Whether each is what the other is connected to. */
static bool ls_relay_are_joined(struct sock *a, struct sock *b)
{
	if (a->sk_family != b->sk_family || a->sk_protocol != b->sk_protocol)
		return false;
	if (a->sk_family == AF_UNIX)
		return READ_ONCE(unix_sk(a)->peer) == b;
	if (!net_eq(sock_net(a), sock_net(b)) || a->sk_dport != htons(b->sk_num) ||
	    b->sk_dport != htons(a->sk_num))
		return false;
#if IS_ENABLED(CONFIG_IPV6)
	if (a->sk_family == AF_INET6)
		return ipv6_addr_equal(&a->sk_v6_daddr, &b->sk_v6_rcv_saddr) &&
		       ipv6_addr_equal(&b->sk_v6_daddr, &a->sk_v6_rcv_saddr);
#endif
	return a->sk_daddr == b->sk_rcv_saddr && b->sk_daddr == a->sk_rcv_saddr;
}

/* What one end puts into its socket would come out of the other's, and go round for ever. */
static bool ls_relay_is_loop(const struct ls_port *place, const struct socket *sock)
{
	struct ls_port *opposite = ls_port_opposite(place);

	return opposite && opposite->kind == LIVESTACK_PORT_KIND_SOCKET &&
	       ls_relay_are_joined(sock->sk, ls_relay_of(opposite)->sock->sk);
}

static void ls_relay_free(struct ls_relay *relay)
{
	kfree_skb(relay->rest);
	ls_record_free(relay->record);
	kvfree(relay->buffer);
	kfree(relay);
}

static struct ls_relay *ls_relay_new(const struct ls_port *place, struct file *file,
				     const struct ls_port_request *request)
{
	const bool framed = request->framed;
	struct ls_relay *relay = kzalloc(sizeof(*relay), GFP_KERNEL);

	if (!relay)
		return NULL;
	relay->port = *place;
	relay->port.ops = &ls_relay_port_ops;
	relay->file = file;
	relay->sock = sock_from_file(file);
	relay->source = ls_relay_source(relay->sock);
	relay->port.framed = framed;
	relay->port.sized = request->sized;
	relay->port.whole = (relay->sock->type == SOCK_STREAM && !framed) || ls_port_loops(place);
	relay->record = framed ? ls_record_new() : NULL;
	mutex_init(&relay->reading);
	INIT_DELAYED_WORK(&relay->read, ls_relay_read);
	INIT_WORK(&relay->write, ls_relay_write);
	if (!framed || relay->record)
		return relay;
	ls_relay_free(relay);
	return NULL;
}

static struct ls_port *ls_relay_make(const struct ls_port *place, struct file *file,
				     const struct ls_port_request *request, const char **sentence)
{
	struct socket *sock = sock_from_file(file);
	struct ls_relay *relay;
	int err;

	if (!sock)
		return ls_ipc_refuse(sentence, -ENOTSOCK,
				     "the descriptor is no socket: say that of a connected one");
	*sentence = ls_relay_objection(place, sock, request);
	if (*sentence)
		return ERR_PTR(-EOPNOTSUPP);
	if (ls_relay_is_loop(place, sock))
		return ls_ipc_refuse(sentence, -ELOOP, LS_RELAY_LOOP);
	relay = ls_relay_new(place, file, request);
	if (!relay)
		return ERR_PTR(-ENOMEM);
	err = relay->source->take(relay);
	if (err) {
		ls_relay_free(relay);
		if (err == -EBUSY)
			*sentence = LS_RELAY_TAKEN;
		return ERR_PTR(err);
	}
	ls_port_open(&relay->port);
	/* What was in it before: until then there was no room for anything. */
	queue_delayed_work(system_unbound_wq, &relay->read, 0);
	return &relay->port;
}

static struct ls_port *ls_relay_open(const struct ls_port *place,
				     const struct ls_port_request *request, const char **sentence)
{
	struct file *file = ls_descriptor_get(request->pid, request->fd, sentence);
	struct ls_port *port;

	if (IS_ERR(file))
		return ERR_CAST(file);
	port = ls_relay_make(place, file, request, sentence);
	if (IS_ERR(port))
		fput(file);
	return port;
}

static void ls_relay_close(struct ls_port *port)
{
	struct ls_relay *relay = ls_relay_of(port);

	relay->source->let_go(relay);
	ls_port_shut(port);
	cancel_delayed_work_sync(&relay->read);
	cancel_work_sync(&relay->write);
	ls_relay_forget(relay);
	fput(relay->file);
	ls_relay_free(relay);
}

static void ls_relay_view(struct ls_port *port, struct ls_port_view *view)
{
	const struct ls_relay *relay = ls_relay_of(port);

	view->blocked = READ_ONCE(relay->blocked);
	view->held_bytes = relay->record ? READ_ONCE(relay->record->have) : 0;
	view->fault = READ_ONCE(relay->fault);
}

const struct ls_ipc_kind ls_relay_kind = {
	.open = ls_relay_open,
	.close = ls_relay_close,
	.view = ls_relay_view,
};
