// SPDX-License-Identifier: GPL-2.0-only
/*
 * Socket relays: what comes out of a socket is sent in the context of who put it into the other
 * end, so that its send time is that one's; what arrives is put into the socket by a work.
 *
 * While the link's queue is full nothing is read, so that the socket fills and its sender waits, as
 * with any slow reader. The socket is held: its descriptor may be closed.
 */

#include "ipc.h"

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/net.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/un.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include <net/tcp_states.h>

/* Who waits to write looks so often whether the port is being closed. */
#define LS_RELAY_PATIENCE (HZ / 10)

/* How an end is sent: a message of no length, which no stream has. */
static char ls_relay_end;

struct ls_relay {
	struct ls_port port;
	struct file *file;
	struct socket *sock;
	int (*read_skb)(struct sock *sk, skb_read_actor_t actor);
	void (*data_ready)(struct sock *sk);
	void (*state_change)(struct sock *sk);
	struct work_struct read, write;
	atomic_t users;		/* who are in callbacks */
	bool closing;
	bool ended;		/* the other end was closed, and that was sent */
	bool blocked;		/* the queue is full */
	void *buffer;		/* what is being written, in one piece */
	u32 room;
};

static struct ls_relay *ls_relay_of(struct ls_port *port)
{
	return container_of(port, struct ls_relay, port);
}

/* The relay of a socket, or NULL; from now on it stays until ls_relay_done(). */
static struct ls_relay *ls_relay_use(struct sock *sk)
{
	struct ls_relay *relay;

	read_lock_bh(&sk->sk_callback_lock);
	relay = sk->sk_user_data;
	if (relay)
		atomic_inc(&relay->users);
	read_unlock_bh(&sk->sk_callback_lock);
	return relay;
}

static void ls_relay_done(struct ls_relay *relay)
{
	if (atomic_dec_and_test(&relay->users))
		wake_up_var(&relay->users);
}

static void ls_relay_release(struct ls_message *message)
{
	if (ls_port_cargo(message) != &ls_relay_end)
		kfree_skb(ls_port_cargo(message));
}

static void ls_relay_send(struct ls_relay *relay, u32 length, void *cargo)
{
	struct ls_message *message = ls_port_message(length, cargo, GFP_ATOMIC);
	int err = -ENOMEM;

	if (message) {
		ls_port_holds(message, ls_relay_release);
		err = ls_port_send(&relay->port, message, ls_port_now(&relay->port));
	}
	if (!err)
		return;
	if (cargo != &ls_relay_end)
		ls_port_drop(&relay->port, length, err == -ENOBUFS || err == -ENOMEM);
	if (message)
		ls_port_free(message);
	else if (cargo != &ls_relay_end)
		kfree_skb(cargo);
}

/* Takes one out of the socket; called by the socket's own reader. */
static int ls_relay_actor(struct sock *sk, struct sk_buff *skb)
{
	const int length = skb->len;

	/* Who sent it has its buffer back: what is on its way is the link's to bound. */
	skb_orphan(skb);
	ls_relay_send(sk->sk_user_data, length, skb);
	return length;
}

static void ls_relay_note_end(struct ls_relay *relay)
{
	struct sock *sk = relay->sock->sk;

	if (!(READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN) ||
	    !skb_queue_empty_lockless(&sk->sk_receive_queue))
		return;
	if (!xchg(&relay->ended, true))
		ls_relay_send(relay, 0, &ls_relay_end);
}

static void ls_relay_read(struct ls_relay *relay)
{
	struct sock *sk = relay->sock->sk;

	do {
		const bool room = ls_port_room(&relay->port);

		WRITE_ONCE(relay->blocked, !room);
		if (!room)
			return;
	} while (!skb_queue_empty_lockless(&sk->sk_receive_queue) &&
		 relay->read_skb(sk, ls_relay_actor) >= 0);
	ls_relay_note_end(relay);
}

static void ls_relay_data_ready(struct sock *sk)
{
	struct ls_relay *relay = ls_relay_use(sk);

	if (!relay)
		return;
	ls_relay_read(relay);
	ls_relay_done(relay);
}

static void ls_relay_state_change(struct sock *sk)
{
	struct ls_relay *relay = ls_relay_use(sk);

	if (!relay)
		return;
	/* Not here: the socket may hold locks of its own. */
	queue_work(system_unbound_wq, &relay->read);
	ls_relay_done(relay);
}

static void ls_relay_read_on(struct work_struct *work)
{
	struct ls_relay *relay = container_of(work, struct ls_relay, read);

	ls_relay_read(relay);
	ls_port_resumed(&relay->port);
}

/* A message of any length in one piece, as a datagram has to be written. */
static void *ls_relay_piece(struct ls_relay *relay, const struct sk_buff *skb)
{
	if (skb->len > relay->room) {
		kvfree(relay->buffer);
		relay->buffer = kvmalloc(skb->len, GFP_KERNEL);
		relay->room = relay->buffer ? skb->len : 0;
	}
	if (!relay->buffer || skb_copy_bits(skb, 0, relay->buffer, skb->len))
		return NULL;
	return relay->buffer;
}

static int ls_relay_put_some(struct ls_relay *relay, void *data, size_t length, int flags)
{
	struct kvec piece = { .iov_base = data, .iov_len = length };
	struct msghdr header = { .msg_flags = flags | MSG_NOSIGNAL };

	return kernel_sendmsg(relay->sock, &header, &piece, 1, length);
}

/* All of it, however long its reader takes, unless there is none any more. */
static void ls_relay_put(struct ls_relay *relay, const struct sk_buff *skb)
{
	char *data = ls_relay_piece(relay, skb);
	size_t left = skb->len;
	int some, flags = MSG_DONTWAIT;

	/* An empty datagram is one, too. */
	while (data && !READ_ONCE(relay->closing)) {
		some = ls_relay_put_some(relay, data, left, flags);
		if (some >= 0) {
			data += some;
			left -= some;
			if (!left)
				break;
		} else if (some != -EAGAIN && some != -EINTR) {
			break;
		}
		/* Its reader may need time to pass. */
		ls_port_stall(&relay->port, true);
		flags = 0;
	}
	ls_port_stall(&relay->port, false);
}

static void ls_relay_write(struct work_struct *work)
{
	struct ls_relay *relay = container_of(work, struct ls_relay, write);
	struct ls_message *message;

	while ((message = ls_port_take(&relay->port))) {
		if (ls_port_cargo(message) == &ls_relay_end)
			kernel_sock_shutdown(relay->sock, SHUT_WR);
		else
			ls_relay_put(relay, ls_port_cargo(message));
		ls_port_free(message);
	}
}

static void ls_relay_arrived(struct ls_port *port)
{
	queue_work(system_unbound_wq, &ls_relay_of(port)->write);
}

static void ls_relay_resume(struct ls_port *port)
{
	queue_work(system_unbound_wq, &ls_relay_of(port)->read);
}

static const struct ls_port_ops ls_relay_port_ops = {
	.arrived = ls_relay_arrived,
	.resume = ls_relay_resume,
};

/* Datagram sockets have a reader of one message; that of unix ones serves sequenced packets too. */
static int ls_relay_reader(struct ls_relay *relay)
{
	const struct socket *sock = relay->sock;
	struct socket *other;
	int err;

	relay->read_skb = sock->ops->read_skb;
	if (relay->read_skb || sock->sk->sk_family != AF_UNIX)
		return 0;
	err = sock_create_kern(&init_net, AF_UNIX, SOCK_DGRAM, 0, &other);
	if (err)
		return err;
	relay->read_skb = other->ops->read_skb;
	sock_release(other);
	return 0;
}

#define LS_RELAY_KIND "this socket cannot be relayed: AF_UNIX ones of any type can, and UDP"
#define LS_RELAY_ALONE "the socket is not connected: socketpair() makes two that are"
#define LS_RELAY_LOSS "a stream must not lose anything: take a datagram socket, or set loss-ppm 0"
#define LS_RELAY_TAKEN "the socket is in use already, by a port or a protocol: take another"

static const char *ls_relay_objection(const struct ls_port *place, const struct socket *sock)
{
	if (sock->sk->sk_family != AF_UNIX && sock->type != SOCK_DGRAM)
		return LS_RELAY_KIND;
	if (sock->sk->sk_state != TCP_ESTABLISHED)
		return LS_RELAY_ALONE;
	if (sock->type == SOCK_STREAM && ls_port_loses(place))
		return LS_RELAY_LOSS;
	return NULL;
}

/* Its callbacks are ours. -EBUSY: somebody else has got them. */
static int ls_relay_hook(struct ls_relay *relay)
{
	struct sock *sk = relay->sock->sk;
	int err = 0;

	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_user_data) {
		err = -EBUSY;
	} else {
		relay->data_ready = sk->sk_data_ready;
		relay->state_change = sk->sk_state_change;
		sk->sk_user_data = relay;
		sk->sk_data_ready = ls_relay_data_ready;
		sk->sk_state_change = ls_relay_state_change;
	}
	write_unlock_bh(&sk->sk_callback_lock);
	return err;
}

static void ls_relay_unhook(struct ls_relay *relay)
{
	struct sock *sk = relay->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	sk->sk_data_ready = relay->data_ready;
	sk->sk_state_change = relay->state_change;
	write_unlock_bh(&sk->sk_callback_lock);
	wait_var_event(&relay->users, !atomic_read(&relay->users));
}

static struct ls_port *ls_relay_make(const struct ls_port *place, struct file *file,
				     const char **sentence)
{
	struct socket *sock = sock_from_file(file);
	struct ls_relay *relay;
	int err;

	if (!sock)
		return ls_ipc_refuse(sentence, -ENOTSOCK,
				     "the descriptor is no socket: say that of a connected one");
	*sentence = ls_relay_objection(place, sock);
	if (*sentence)
		return ERR_PTR(-EOPNOTSUPP);
	relay = kzalloc(sizeof(*relay), GFP_KERNEL);
	if (!relay)
		return ERR_PTR(-ENOMEM);
	relay->port = *place;
	relay->port.ops = &ls_relay_port_ops;
	relay->file = file;
	relay->sock = sock;
	INIT_WORK(&relay->read, ls_relay_read_on);
	INIT_WORK(&relay->write, ls_relay_write);
	sock->sk->sk_sndtimeo = LS_RELAY_PATIENCE;
	err = ls_relay_reader(relay);
	if (!err)
		err = ls_relay_hook(relay);
	if (err) {
		kfree(relay);
		if (err == -EBUSY)
			*sentence = LS_RELAY_TAKEN;
		return ERR_PTR(err);
	}
	ls_port_open(&relay->port);
	/* What was in it before. */
	queue_work(system_unbound_wq, &relay->read);
	return &relay->port;
}

static struct ls_port *ls_relay_open(const struct ls_port *place,
				     const struct ls_port_request *request, const char **sentence)
{
	struct file *file = ls_descriptor_get(request->pid, request->fd, sentence);
	struct ls_port *port;

	if (IS_ERR(file))
		return ERR_CAST(file);
	port = ls_relay_make(place, file, sentence);
	if (IS_ERR(port))
		fput(file);
	return port;
}

static void ls_relay_close(struct ls_port *port)
{
	struct ls_relay *relay = ls_relay_of(port);

	ls_relay_unhook(relay);
	WRITE_ONCE(relay->closing, true);
	ls_port_shut(port);
	cancel_work_sync(&relay->read);
	cancel_work_sync(&relay->write);
	fput(relay->file);
	kvfree(relay->buffer);
	kfree(relay);
}

static void ls_relay_view(struct ls_port *port, struct ls_port_view *view)
{
	view->blocked = READ_ONCE(ls_relay_of(port)->blocked);
}

const struct ls_ipc_kind ls_relay_kind = {
	.open = ls_relay_open,
	.close = ls_relay_close,
	.view = ls_relay_view,
};
