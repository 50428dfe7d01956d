// SPDX-License-Identifier: GPL-2.0-only

#include "loop.h"

#include <linux/sched.h>

#include "link.h"
#include "port.h"
#include "session.h"

int ls_loop_pass(struct ls_port *port, struct ls_message *message)
{
	struct ls_way *way = port->out;
	struct ls_component *component = port->component;

	lockdep_assert_held(&component->session->lock);
	if (!way->loop || !way->port)
		return -ENETDOWN;
	message->send_ns = ls_component_clock(component);
	message->arrival_ns = message->send_ns;
	message->sequence = component->sent++;
	message->number = component->enqueued++;
	message->link = port->link->id;
	message->source = component->id;
	message->late = false;
	message->way = way;
	way->counts.sent++;
	way->counts.sent_bytes += message->length;
	way->counts.queued++;
	way->counts.queued_bytes += message->length;
	ls_port_arrived(way->port, message);
	return 0;
}

void ls_loop_pass_all(struct ls_session *session, struct rb_root *messages)
{
	struct ls_message *message;
	struct rb_node *node, *next;
	unsigned long flags;

	might_sleep();
	for (node = rb_first(messages); node; node = next) {
		next = rb_next(node);
		message = rb_entry(node, struct ls_message, node);
		raw_spin_lock_irqsave(&session->lock, flags);
		if (message->way->loop && message->way->port) {
			rb_erase(node, messages);
			ls_port_arrived(message->way->port, message);
		}
		raw_spin_unlock_irqrestore(&session->lock, flags);
		cond_resched();
	}
}
