/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How messages leave a session and come into it: what a transport gives core, and what core gives
 * it. Its module includes this file and nothing else of core's.
 *
 * A port is the end of a link where no process calls SEND and RECV for the component: what comes
 * out of its socket, eventfd or network device is sent over the link, and what arrives over the
 * link is put into it.
 *
 * Lifetime: a port lives from open() until close() has returned. Core closes all ports of a session
 * before it deletes it.
 *
 * Locks: ls_table_lock, which core holds around open() and close(), then the session's lock, raw
 * and taken with interrupts off, under which arrived() and resume() are called. Both may only
 * schedule.
 */
#ifndef _LS_TRANSPORT_H
#define _LS_TRANSPORT_H

#include <linux/livestack_netlink.h>
#include <linux/list.h>
#include <linux/types.h>

struct ls_component;
struct ls_link;
struct ls_message;
struct ls_port;
struct ls_way;
struct net;

/* What port-new asks for. */
struct ls_port_request {
	enum livestack_port_kind kind;
	u32 pid;
	s64 fd, out_fd;		/* -1: not said */
	const char *interface;	/* NULL: not said */
	struct net *net;	/* the caller's */
	bool framed, sized;
};

struct ls_port_ops {
	/* The first message since the last ls_port_take() that gave none. */
	void (*arrived)(struct ls_port *port);
	/* There is room again for what ls_port_send() had none for. */
	void (*resume)(struct ls_port *port);
	/* Under the session's lock: the cargo of a message from another host, or NULL. Or none. */
	const struct ls_cargo_ops *(*mark)(u8 mark);
};

struct ls_port {
	struct ls_link *link;
	struct ls_component *component;
	struct ls_way *in, *out;
	enum livestack_end end;
	enum livestack_port_kind kind;
	const struct ls_port_ops *ops;
	bool whole;		/* a stream: it waits where a wire would drop; said before open */
	bool framed;		/* a stream of records, each after its length */
	bool sized;		/* its messages begin with what the wire counts them for */
	/* Under the session's lock: */
	bool open;
	struct list_head arrived;
	bool taking;		/* arrived() was called, and ls_port_take() has not given NULL */
	bool stalled;		/* it waits for its reader meanwhile */
	bool resuming;		/* the same of resume() and ls_port_resumed() */
};

/* What port-get tells beside. */
struct ls_port_view {
	const char *interface;	/* NULL: none */
	u32 index;
	bool blocked;		/* it does not read on, as the queue is full */
	u32 held_bytes;		/* of a record that is not whole yet */
	const char *fault;	/* why it carries nothing any more, NULL: it does */
};

struct ls_transport {
	/*
	 * Makes a port at core's @place, which names the end, and calls ls_port_open() for it. An
	 * error number and in @sentence what to change. May sleep.
	 */
	struct ls_port *(*open)(const struct ls_port *place, const struct ls_port_request *request,
				const char **sentence);
	/* Closes it, and calls ls_port_shut(). May sleep. */
	void (*close)(struct ls_port *port);
	void (*view)(struct ls_port *port, struct ls_port_view *view);
};

/* -EBUSY: there is one already. */
int ls_transport_register(const struct ls_transport *transport);

/* Closes all its ports. May sleep. */
void ls_transport_unregister(const struct ls_transport *transport);

/* Whether the link loses any of what the port sends or takes. */
bool ls_port_loses(const struct ls_port *place);

/* Whether the link begins and ends at one component, and so is to lose nothing. */
bool ls_port_loops(const struct ls_port *place);

/* The port at the link's other end, or NULL: for open(), until that has returned. */
struct ls_port *ls_port_opposite(const struct ls_port *place);

/* @port, a copy of open()'s @place, takes what arrives from here on. */
void ls_port_open(struct ls_port *port);

/* It takes nothing any more, what was on its way to it is dropped; nobody sends. May sleep. */
void ls_port_shut(struct ls_port *port);

/* The clock of the port's component now, in any context: when it sends what it does. */
u64 ls_port_now(struct ls_port *port);

/* What core does with the cargo of a message. */
struct ls_cargo_ops {
	/* Lets go of it, before the message is freed. */
	void (*release)(struct ls_message *message);
	/* In any context: copies its first @length bytes. */
	void (*copy)(const struct ls_message *message, void *to, u32 length);
	/* It is none of a wire's to lose: an end of what came before. */
	bool sure;
	/* Says on another host what its bytes do not; 0: they say all. */
	u8 mark;
};

/*
 * A message of @length bytes: behind it, or if @cargo is not NULL, there. Or NULL. A cargo's @ops
 * are to be said before it is sent; with NULL it is the caller's again.
 */
struct ls_message *ls_port_message(u32 length, void *cargo, gfp_t gfp);
void ls_port_holds(struct ls_message *message, const struct ls_cargo_ops *ops);
/* What was said; NULL: its bytes are behind it, as those of a modelled component. */
const struct ls_cargo_ops *ls_port_held(const struct ls_message *message);
void *ls_port_cargo(const struct ls_message *message);
/* So many bytes the wire counts it for; its length, unless said before it is sent. */
void ls_port_size(struct ls_message *message, u32 size);
u32 ls_port_length(const struct ls_message *message);
void *ls_port_data(struct ls_message *message);
void ls_port_free(struct ls_message *message);

/*
 * Whether the queue has room for one more, and if the port is whole, the wire has, too. If not,
 * resume() tells when there may be.
 */
bool ls_port_room(struct ls_port *port);

/* The longest message that the wire takes. */
u32 ls_port_piece(struct ls_port *port);

/*
 * Sends @message, as sent at @send_ns of the component's clock. 0: it is core's. -ENOBUFS: the
 * queue is full; any other error: it cannot be sent now. On error it is the caller's still.
 */
int ls_port_send(struct ls_port *port, struct ls_message *message, u64 send_ns);

/* What was to be sent and could not: @full, for want of room, else as nobody was there. */
void ls_port_drop(struct ls_port *port, u32 bytes, bool full);

/*
 * The next message that has arrived, which is the caller's, or NULL. Until that is given, simulated
 * time does not skip on for the component.
 */
struct ls_message *ls_port_take(struct ls_port *port);

/*
 * Who takes waits for its reader (@waits), or does no more: simulated time may skip on meanwhile,
 * as it may have to for the reader to come.
 */
void ls_port_stall(struct ls_port *port, bool waits);

/* There is more to send, but not here: resume() is called as if there were room again. */
void ls_port_read_on(struct ls_port *port);

/* What resume() told of was seen to: simulated time may skip on. */
void ls_port_resumed(struct ls_port *port);

/* Bytes at the head of each message that an mtu does not count. */
void ls_port_header(struct ls_port *port, u32 bytes);

#endif /* _LS_TRANSPORT_H */
