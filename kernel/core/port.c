// SPDX-License-Identifier: GPL-2.0-only

#include "port.h"

#include <linux/module.h>
#include <linux/slab.h>

#include "link.h"
#include "loop.h"
#include "session.h"

/* The one there is, under ls_table_lock. */
static const struct ls_transport *ls_transport;

int ls_port_new(struct ls_link *link, enum livestack_end end,
		const struct ls_port_request *request, const char **sentence)
{
	struct ls_way *in = end == LIVESTACK_END_A ? &link->to_a : &link->to_b;
	const struct ls_port place = {
		.link = link,
		.component = in->to,
		.in = in,
		.out = end == LIVESTACK_END_A ? &link->to_b : &link->to_a,
		.end = end,
		.kind = request->kind,
	};
	struct ls_port *port;

	lockdep_assert_held(&ls_table_lock);
	if (in->far) {
		*sentence = "this end of the link is on another host: make it a port there";
		return -EREMOTE;
	}
	if (in->port) {
		*sentence = "this end of the link is a port already: port-del closes it";
		return -EEXIST;
	}
	if (!ls_transport) {
		*sentence = "nothing is loaded that ports are made of: modprobe livestack_ipc";
		return -EOPNOTSUPP;
	}
	port = ls_transport->open(&place, request, sentence);
	if (IS_ERR(port))
		return PTR_ERR(port);
	ls_table_changes++;
	return 0;
}

void ls_port_del(struct ls_port *port)
{
	lockdep_assert_held(&ls_table_lock);
	ls_table_changes++;
	ls_transport->close(port);
}

static void ls_way_close(struct ls_way *way)
{
	if (way->port)
		ls_port_del(way->port);
}

void ls_ports_close(struct ls_session *session)
{
	struct ls_link *link;
	unsigned long id;

	lockdep_assert_held(&ls_table_lock);
	xa_for_each(&session->links, id, link) {
		ls_way_close(&link->to_a);
		ls_way_close(&link->to_b);
	}
}

void ls_port_look(struct ls_port *port, struct ls_port_view *view)
{
	lockdep_assert_held(&ls_table_lock);
	ls_transport->view(port, view);
}

int ls_transport_register(const struct ls_transport *transport)
{
	int err = 0;

	mutex_lock(&ls_table_lock);
	if (ls_transport)
		err = -EBUSY;
	else
		ls_transport = transport;
	mutex_unlock(&ls_table_lock);
	return err;
}
EXPORT_SYMBOL_GPL(ls_transport_register);

void ls_transport_unregister(const struct ls_transport *transport)
{
	struct ls_session *session;
	unsigned long id;

	might_sleep();
	mutex_lock(&ls_table_lock);
	xa_for_each(&ls_sessions, id, session)
		ls_ports_close(session);
	ls_transport = NULL;
	mutex_unlock(&ls_table_lock);
}
EXPORT_SYMBOL_GPL(ls_transport_unregister);

static unsigned long ls_port_lock(struct ls_port *port)
	__acquires(port->component->session->lock)
{
	return ls_session_lock(port->component->session);
}

static void ls_port_unlock(struct ls_port *port, unsigned long flags)
	__releases(port->component->session->lock)
{
	ls_session_unlock(port->component->session, flags);
}

bool ls_port_loses(const struct ls_port *place)
{
	return place->in->wire.config.loss_ppm || place->out->wire.config.loss_ppm;
}
EXPORT_SYMBOL_GPL(ls_port_loses);

bool ls_port_loops(const struct ls_port *place)
{
	return place->out->loop;
}
EXPORT_SYMBOL_GPL(ls_port_loops);

struct ls_port *ls_port_opposite(const struct ls_port *place)
{
	/* Under which ports come and go. */
	lockdep_assert_held(&ls_table_lock);
	return place->out->port;
}
EXPORT_SYMBOL_GPL(ls_port_opposite);

void ls_port_open(struct ls_port *port)
{
	unsigned long flags;

	INIT_LIST_HEAD(&port->arrived);
	flags = ls_port_lock(port);
	port->in->port = port;
	port->out->stream = port->whole;
	port->open = true;
	ls_port_unlock(port, flags);
}
EXPORT_SYMBOL_GPL(ls_port_open);

static void ls_port_calm(struct ls_port *port)
{
	struct ls_component *component = port->component;

	if (!--component->busy_ports)
		ls_component_tell(component);
}

static void ls_port_stop(struct ls_port *port, bool *flag)
{
	if (*flag && !(flag == &port->taking && port->stalled))
		ls_port_calm(port);
	*flag = false;
	if (flag == &port->taking)
		port->stalled = false;
}

void ls_port_shut(struct ls_port *port)
{
	struct ls_message *message, *next;
	unsigned long flags;
	LIST_HEAD(arrived);

	might_sleep();
	flags = ls_port_lock(port);
	port->in->port = NULL;
	port->open = false;
	if (port->out->waits == port)
		port->out->waits = NULL;
	port->out->stream = false;
	list_del_init(&port->out->early);
	ls_port_stop(port, &port->taking);
	ls_port_stop(port, &port->resuming);
	list_for_each_entry(message, &port->arrived, arrived)
		ls_way_forget(port->in, message);
	list_splice_init(&port->arrived, &arrived);
	ls_port_unlock(port, flags);
	list_for_each_entry_safe(message, next, &arrived, arrived)
		ls_message_free(message);
	ls_way_drain(port->in);
}
EXPORT_SYMBOL_GPL(ls_port_shut);

u64 ls_port_now(struct ls_port *port)
{
	unsigned long flags = ls_port_lock(port);
	const u64 now_ns = ls_component_clock(port->component);

	ls_port_unlock(port, flags);
	return now_ns;
}
EXPORT_SYMBOL_GPL(ls_port_now);

/*
 * As long as messages are under way, whose arrival has the port look again: those that wait for a
 * rate are among them.
 */
static bool ls_port_wire_room(const struct ls_port *port)
{
	struct ls_way *way = port->out;
	const u64 now_ns = max(ls_component_clock(port->component), way->sent_ns);

	if (!port->whole || (!way->counts.queued && !way->wire.config.down))
		return true;
	return ls_wire_has_room(&way->wire, now_ns,
				ls_wire_piece(&way->wire, LIVESTACK_MESSAGE_MAX));
}

static bool ls_port_has_room(const struct ls_port *port)
{
	return !ls_way_is_early(port->out) &&
	       ls_way_has_room(port->out, port->link->queue_bytes) && ls_port_wire_room(port);
}

static void ls_port_wait(struct ls_port *port)
{
	struct ls_way *way = port->out;

	way->waits = port;
	if (ls_way_is_early(way) && list_empty(&way->early))
		list_add_tail(&way->early, &way->to->session->early);
}

bool ls_port_room(struct ls_port *port)
{
	unsigned long flags = ls_port_lock(port);
	bool room = false;

	/* One that is being closed would be told when it is gone. */
	if (port->open) {
		room = ls_port_has_room(port);
		if (!room)
			ls_port_wait(port);
	}
	ls_port_unlock(port, flags);
	return room;
}
EXPORT_SYMBOL_GPL(ls_port_room);

u32 ls_port_piece(struct ls_port *port)
{
	unsigned long flags = ls_port_lock(port);
	const u32 bytes = ls_wire_piece(&port->out->wire, LIVESTACK_MESSAGE_MAX);

	ls_port_unlock(port, flags);
	return bytes;
}
EXPORT_SYMBOL_GPL(ls_port_piece);

int ls_port_send(struct ls_port *port, struct ls_message *message, u64 send_ns)
{
	unsigned long flags = ls_port_lock(port);
	int err;

	if (!port->open)
		err = -ENETDOWN;
	else if (port->component->member.state == LS_MEMBER_OUT ||
		 port->component->session->state == LIVESTACK_STATE_STOPPED)
		err = ls_loop_pass(port, message);
	else
		err = ls_message_send_by(port->out, port->component, port->link, message, send_ns);
	ls_port_unlock(port, flags);
	if (err <= 0)
		return err;
	ls_message_free(message);
	return 0;
}
EXPORT_SYMBOL_GPL(ls_port_send);

void ls_port_drop(struct ls_port *port, u32 bytes, bool full)
{
	unsigned long flags = ls_port_lock(port);

	ls_way_refuse(port->out, bytes, full ? LS_WIRE_LIMIT : LS_WIRE_CARRIED);
	ls_port_unlock(port, flags);
}
EXPORT_SYMBOL_GPL(ls_port_drop);

static void ls_port_start(struct ls_port *port, bool *flag, void (*tell)(struct ls_port *port))
{
	if (*flag)
		return;
	*flag = true;
	port->component->busy_ports++;
	tell(port);
}

void ls_port_arrived(struct ls_port *port, struct ls_message *message)
{
	list_add_tail(&message->arrived, &port->arrived);
	ls_port_start(port, &port->taking, port->ops->arrived);
}

void ls_port_resume(struct ls_way *way)
{
	struct ls_port *port = way->waits;

	/* It may be reading on, and have found no room: ls_port_resumed() looks. */
	if (port->resuming)
		return;
	way->waits = NULL;
	ls_port_start(port, &port->resuming, port->ops->resume);
}

void ls_port_read_on(struct ls_port *port)
{
	unsigned long flags = ls_port_lock(port);

	if (port->open) {
		port->out->waits = port;
		ls_port_resume(port->out);
	}
	ls_port_unlock(port, flags);
}
EXPORT_SYMBOL_GPL(ls_port_read_on);

struct ls_message *ls_port_take(struct ls_port *port)
{
	unsigned long flags = ls_port_lock(port);
	struct ls_message *message;

	message = list_first_entry_or_null(&port->arrived, struct ls_message, arrived);
	if (message) {
		list_del(&message->arrived);
		ls_message_received(port->component, message);
	} else {
		ls_port_stop(port, &port->taking);
	}
	ls_port_unlock(port, flags);
	return message;
}
EXPORT_SYMBOL_GPL(ls_port_take);

void ls_port_stall(struct ls_port *port, bool waits)
{
	unsigned long flags = ls_port_lock(port);

	if (port->taking && waits != port->stalled) {
		port->stalled = waits;
		if (waits)
			ls_port_calm(port);
		else
			port->component->busy_ports++;
	}
	ls_port_unlock(port, flags);
}
EXPORT_SYMBOL_GPL(ls_port_stall);

void ls_port_resumed(struct ls_port *port)
{
	unsigned long flags = ls_port_lock(port);

	if (port->resuming && port->out->waits == port && ls_port_has_room(port)) {
		port->out->waits = NULL;
		port->ops->resume(port);
	} else {
		ls_port_stop(port, &port->resuming);
	}
	ls_port_unlock(port, flags);
}
EXPORT_SYMBOL_GPL(ls_port_resumed);

void ls_port_header(struct ls_port *port, u32 bytes)
{
	unsigned long flags = ls_port_lock(port);

	port->out->wire.header = bytes;
	ls_port_unlock(port, flags);
}
EXPORT_SYMBOL_GPL(ls_port_header);
