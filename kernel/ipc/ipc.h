/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the three kinds of port share: relay.c and what is beside it joins sockets, event.c
 * eventfds, netdev.c makes network devices. None knows another: what came from any of them, or from
 * a modelled component, is a message of bytes, or an end.
 */
#ifndef _LS_IPC_H
#define _LS_IPC_H

#include <linux/skbuff.h>

#include "../core/transport.h"

struct file;
struct sk_buff;

/* A kind of port: as struct ls_transport, whose calls go on to it. */
struct ls_ipc_kind {
	struct ls_port *(*open)(const struct ls_port *place, const struct ls_port_request *request,
				const char **sentence);
	void (*close)(struct ls_port *port);
	void (*view)(struct ls_port *port, struct ls_port_view *view);
};

extern const struct ls_ipc_kind ls_relay_kind, ls_event_kind, ls_netdev_kind;

/*
 * The file of descriptor @fd of process @pid, held. -ESRCH: no such process, -EBADF: no such
 * descriptor; then @sentence says so.
 */
struct file *ls_descriptor_get(u32 pid, s64 fd, const char **sentence);

/* What a message is to who takes it. */
enum ls_cargo {
	LS_CARGO_BYTES,
	LS_CARGO_END,	/* nothing more will come */
	LS_CARGO_RESET,	/* the same, as the connection was broken off */
};

enum ls_cargo ls_cargo_of(const struct ls_message *message);

/* The cargo of an end that came from another host, or NULL. */
const struct ls_cargo_ops *ls_cargo_marked(u8 mark);

/* All of its bytes, to where there is room for them. */
void ls_cargo_copy(struct ls_message *message, void *to);

/* A message of what is in @skb, which is its own then, or NULL. */
struct ls_message *ls_cargo_skb(struct sk_buff *skb, const struct ls_cargo_ops *ops);

/* A message that is an end, or NULL. To a modelled component it is one of no length. */
struct ls_message *ls_cargo_mark(enum ls_cargo mark);

/* For bytes in an skb; a kind that wants to know its own has a table of its own of these two. */
extern const struct ls_cargo_ops ls_skb_ops;
void ls_skb_release(struct ls_message *message);
void ls_skb_copy(const struct ls_message *message, void *to, u32 length);

/* Refuses: @err as a pointer, and why. */
static inline void *ls_ipc_refuse(const char **sentence, int err, const char *what)
{
	*sentence = what;
	return (void *)(long)err;
}

#endif /* _LS_IPC_H */
