// SPDX-License-Identifier: GPL-2.0-only
/* What has arrived is put into the socket. */

#include "relay.h"

#include <linux/mm.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/uio.h>

/* A message of any length in one piece, as a datagram has to be written, and a record's length. */
static void *ls_relay_flat(struct ls_relay *relay, struct ls_message *message, size_t *size)
{
	const u32 length = ls_port_length(message);
	const u32 prefix = relay->record ? LS_RECORD_PREFIX : 0;

	*size = prefix + length;
	if (*size > relay->size || !relay->buffer) {
		kvfree(relay->buffer);
		relay->buffer = kvmalloc(max_t(size_t, *size, 1), GFP_KERNEL);
		relay->size = relay->buffer ? *size : 0;
	}
	if (!relay->buffer)
		return NULL;
	if (prefix)
		*(__be32 *)relay->buffer = cpu_to_be32(length);
	ls_cargo_copy(message, relay->buffer + prefix);
	return relay->buffer;
}

static int ls_relay_put_some(struct ls_relay *relay, void *data, size_t length, int flags)
{
	struct kvec piece = { .iov_base = data, .iov_len = length };
	struct msghdr header = { .msg_flags = flags | MSG_NOSIGNAL };

	return kernel_sendmsg(relay->sock, &header, &piece, 1, length);
}

/* All of it, however long its reader takes, unless there is none any more. */
static void ls_relay_put(struct ls_relay *relay, struct ls_message *message)
{
	size_t left;
	char *data = ls_relay_flat(relay, message, &left);
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

/* A modelled component says by an empty message that a stream has ended. */
static enum ls_cargo ls_relay_kind_of(const struct ls_relay *relay,
				      const struct ls_message *message)
{
	if (relay->sock->type == SOCK_STREAM && !ls_port_held(message) &&
	    !ls_port_length(message))
		return LS_CARGO_END;
	return ls_cargo_of(message);
}

void ls_relay_write(struct work_struct *work)
{
	struct ls_relay *relay = container_of(work, struct ls_relay, write);
	struct ls_message *message;

	while ((message = ls_port_take(&relay->port))) {
		switch (ls_relay_kind_of(relay, message)) {
		case LS_CARGO_END:
			kernel_sock_shutdown(relay->sock, SHUT_WR);
			break;
		case LS_CARGO_RESET:
			/* Who said so knows. */
			WRITE_ONCE(relay->told, LS_CARGO_RESET);
			relay->source->abort(relay);
			break;
		case LS_CARGO_BYTES:
			if (!READ_ONCE(relay->fault))
				ls_relay_put(relay, message);
			break;
		}
		ls_port_free(message);
	}
}
