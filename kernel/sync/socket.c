// SPDX-License-Identifier: GPL-2.0-only
/* A hub's socket: UDP over IPv4 or IPv6, in the network namespace of who made it. */

#include "hub.h"

#include <linux/in.h>
#include <linux/in6.h>
#include <net/net_namespace.h>
#include <net/sock.h>

/* Packets of all other hosts at once, in a window of theirs: more than a host's default has. */
#define LS_HUB_BUFFER (4 << 20)

void ls_hub_where(const struct ls_host_address *address, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *in = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	if (address->length == 4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(address->udp_port);
		memcpy(&in->sin_addr, address->bytes, 4);
	} else {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(address->udp_port);
		memcpy(&in6->sin6_addr, address->bytes, 16);
	}
}

static int ls_where_length(const struct sockaddr_storage *to)
{
	return to->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static void ls_hub_data_ready(struct sock *sk)
{
	struct ls_hub *hub;

	rcu_read_lock();
	hub = READ_ONCE(sk->sk_user_data);
	if (hub)
		ls_hub_kick(hub);
	rcu_read_unlock();
}

static void ls_hub_listen(struct ls_hub *hub)
{
	struct sock *sk = hub->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = hub;
	sk->sk_data_ready = ls_hub_data_ready;
	write_unlock_bh(&sk->sk_callback_lock);
	lock_sock(sk);
	sk->sk_rcvbuf = LS_HUB_BUFFER;
	sk->sk_sndbuf = LS_HUB_BUFFER;
	sk->sk_userlocks |= SOCK_RCVBUF_LOCK | SOCK_SNDBUF_LOCK;
	release_sock(sk);
}

int ls_hub_open(struct ls_hub *hub)
{
	struct ls_host_address *address = &hub->request.address;
	struct sockaddr_storage own;
	int err;

	ls_hub_where(address, &own);
	err = sock_create_kern(hub->net, own.ss_family, SOCK_DGRAM, IPPROTO_UDP, &hub->sock);
	if (err)
		return err;
	err = kernel_bind(hub->sock, (struct sockaddr *)&own, ls_where_length(&own));
	if (!err)
		err = kernel_getsockname(hub->sock, (struct sockaddr *)&own);
	if (err < 0) {
		sock_release(hub->sock);
		hub->sock = NULL;
		return err;
	}
	/* Both families have it at the same place. */
	address->udp_port = ntohs(((struct sockaddr_in *)&own)->sin_port);
	ls_hub_listen(hub);
	return 0;
}

void ls_hub_close(struct ls_hub *hub)
{
	struct sock *sk;

	if (!hub->sock)
		return;
	sk = hub->sock->sk;
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	write_unlock_bh(&sk->sk_callback_lock);
	/* Nobody is in our callback any more, nor will be: the socket is gone. */
	sock_release(hub->sock);
	synchronize_rcu();
}

int ls_hub_receive(struct ls_hub *hub, u8 *bytes, size_t room)
{
	struct kvec part = { .iov_base = bytes, .iov_len = room };
	struct msghdr message = { .msg_flags = MSG_DONTWAIT };

	return kernel_recvmsg(hub->sock, &message, &part, 1, room, message.msg_flags);
}

void ls_hub_send(struct ls_hub *hub, const struct ls_hub_peer *peer, u8 *bytes, size_t length)
{
	struct kvec part = { .iov_base = bytes, .iov_len = length };
	struct sockaddr_storage to = peer->to;
	struct msghdr message = {
		.msg_name = &to,
		.msg_namelen = ls_where_length(&to),
		.msg_flags = MSG_DONTWAIT,
	};

	/* What is lost here, as anywhere on its way, is asked for again. */
	kernel_sendmsg(hub->sock, &message, &part, 1, length);
}
