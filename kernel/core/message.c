// SPDX-License-Identifier: GPL-2.0-only
/* Messages on their way: one queue for each receiver, by (arrival, source, sequence). */

#include <linux/mm.h>
#include <linux/slab.h>

#include "link.h"
#include "session.h"
#include "trace.h"

struct ls_message *ls_message_new(u32 length)
{
	struct ls_message *message;

	might_sleep();
	message = kvmalloc(struct_size(message, data, length), GFP_KERNEL_ACCOUNT);
	if (message)
		message->length = length;
	return message;
}

void ls_message_free(struct ls_message *message)
{
	kvfree(message);
}

static bool ls_message_before(const struct ls_message *a, const struct ls_message *b)
{
	if (a->arrival_ns != b->arrival_ns)
		return a->arrival_ns < b->arrival_ns;
	if (a->source != b->source)
		return a->source < b->source;
	return a->sequence < b->sequence;
}

static bool ls_message_less(struct rb_node *a, const struct rb_node *b)
{
	return ls_message_before(rb_entry(a, struct ls_message, node),
				 rb_entry(b, struct ls_message, node));
}

static struct ls_message *ls_messages_first(struct ls_component *component)
{
	return rb_entry_safe(rb_first_cached(&component->messages), struct ls_message, node);
}

static u64 ls_messages_next(struct ls_component *component)
{
	const struct ls_message *first = ls_messages_first(component);

	return first ? first->arrival_ns : LS_TIME_NONE;
}

/* What a message takes of its link's queue: empty ones must not be for nothing. */
static u64 ls_way_load(const struct ls_way *way)
{
	return way->counts.queued_bytes + (u64)way->counts.queued * LIVESTACK_MESSAGE_COST;
}

static void ls_way_unload(struct ls_way *way, const struct ls_message *message)
{
	way->counts.queued--;
	way->counts.queued_bytes -= message->length;
}

static void ls_message_count_late(struct ls_message *message, u64 late_ns)
{
	struct ls_component *component = message->way->to;

	message->late = true;
	message->way->counts.late++;
	component->late++;
	component->session->late++;
	ls_histogram_add(&message->way->counts.late_ns, late_ns);
	ls_histogram_add(&component->late_ns, late_ns);
	trace_ls_late(component, message, late_ns);
}

/* How far the receiver has come: one that is idle has come as far as the window. */
static u64 ls_component_reached(const struct ls_component *component)
{
	return max(component->member.clock_ns, component->session->window.start_ns);
}

static void ls_message_enqueue(struct ls_message *message)
{
	struct ls_component *to = message->way->to;
	struct ls_session *session = to->session;
	const u64 reached_ns = ls_component_reached(to);

	message->number = to->enqueued++;
	message->late = false;
	message->way->counts.sent++;
	message->way->counts.sent_bytes += message->length;
	message->way->counts.queued++;
	message->way->counts.queued_bytes += message->length;
	to->queued++;
	trace_ls_enqueue(to, message);
	if (message->arrival_ns < reached_ns)
		ls_message_count_late(message, reached_ns - message->arrival_ns);

	/* Only a new first one changes when the receiver has something to do. */
	if (rb_add_cached(&message->node, &to->messages, ls_message_less)) {
		ls_window_message(&session->window, &to->member, message->arrival_ns);
		ls_session_settle(session);
	}
}

/* LS_TIME_NONE: it carries nothing yet. */
static u64 ls_way_latency(const struct ls_way *way, const struct ls_window *window)
{
	/* Without gating there is no next window to wait for. */
	return way->since < window->generation || window->released ? way->latency_ns :
								     way->earlier_ns;
}

static int ls_message_send_locked(struct ls_component *component, struct ls_link *link,
				  struct ls_message *message, u64 *send_ns)
{
	struct ls_member *member = &component->member;
	struct ls_window *window = &component->session->window;
	struct ls_way *way;
	u64 latency_ns;

	if (component->session->state == LIVESTACK_STATE_STOPPED)
		return -ESHUTDOWN;
	if (member->state != LS_MEMBER_RUNNING)
		return -EBUSY;
	*send_ns = *send_ns ?: member->clock_ns;
	if (*send_ns < member->clock_ns || *send_ns >= window->end_ns)
		return -EINVAL;
	if (!link || link->gone)
		return -ENOENT;
	if (link->to_a.to != component && link->to_b.to != component)
		return -ENOTCONN;

	way = link->to_a.to == component ? &link->to_b : &link->to_a;
	latency_ns = ls_way_latency(way, window);
	if (latency_ns == LS_TIME_NONE)
		return -ENETDOWN;
	if (way->to->member.state == LS_MEMBER_OUT)
		return -EHOSTUNREACH;
	if (ls_way_load(way) + message->length + LIVESTACK_MESSAGE_COST > link->queue_bytes) {
		way->counts.refused++;
		return -ENOBUFS;
	}

	member->clock_ns = *send_ns;
	message->send_ns = *send_ns;
	message->arrival_ns = *send_ns + latency_ns;
	message->sequence = component->sent++;
	message->way = way;
	message->link = link->id;
	message->source = component->id;
	return 0;
}

int ls_message_send(struct ls_component *component, u16 link_id, struct ls_message *message,
		    u64 *send_ns, u64 *arrival_ns)
{
	struct ls_session *session = component->session;
	struct ls_link *link;
	unsigned long flags;
	int err;

	rcu_read_lock();
	link = xa_load(&session->links, link_id);
	raw_spin_lock_irqsave(&session->lock, flags);
	err = ls_message_send_locked(component, link, message, send_ns);
	if (!err) {
		/* Before it is on its way: from there on it is the receiver's. */
		*arrival_ns = message->arrival_ns;
		ls_message_enqueue(message);
	}
	raw_spin_unlock_irqrestore(&session->lock, flags);
	rcu_read_unlock();
	return err;
}

struct ls_message *ls_message_peek(struct ls_component *component)
{
	struct ls_session *session = component->session;
	struct ls_message *first;
	unsigned long flags;

	raw_spin_lock_irqsave(&session->lock, flags);
	first = ls_messages_first(component);
	/* To one that does not run an earlier one may still come. */
	if (first && (component->member.state != LS_MEMBER_RUNNING ||
		      first->arrival_ns > component->member.clock_ns))
		first = NULL;
	raw_spin_unlock_irqrestore(&session->lock, flags);
	return first;
}

void ls_message_take(struct ls_component *component, struct ls_message *message)
{
	struct ls_session *session = component->session;
	struct ls_way *way = message->way;
	unsigned long flags;

	raw_spin_lock_irqsave(&session->lock, flags);
	rb_erase_cached(&message->node, &component->messages);
	component->queued--;
	component->received++;
	ls_way_unload(way, message);
	way->counts.received++;
	way->counts.received_bytes += message->length;
	trace_ls_deliver(component, message);
	ls_window_message(&session->window, &component->member, ls_messages_next(component));
	raw_spin_unlock_irqrestore(&session->lock, flags);
	ls_message_free(message);
}

void ls_messages_drop(struct ls_session *session, struct rb_root *messages)
{
	struct ls_message *message, *next;
	unsigned long flags;

	might_sleep();
	rbtree_postorder_for_each_entry_safe(message, next, messages, node) {
		/* One at a time: there may be very many, and interrupts are off. */
		raw_spin_lock_irqsave(&session->lock, flags);
		ls_way_unload(message->way, message);
		message->way->counts.dropped++;
		message->way->counts.dropped_bytes += message->length;
		raw_spin_unlock_irqrestore(&session->lock, flags);
		ls_message_free(message);
		cond_resched();
	}
}

/*
 * A component knows of messages that were on their way to it when its last WAIT returned; that it
 * runs past those is its own choice. Of later ones it could not know.
 */
void ls_messages_overtaken(struct ls_component *component, u64 clock_ns)
{
	struct rb_node *node;

	for (node = rb_first_cached(&component->messages); node; node = rb_next(node)) {
		struct ls_message *message = rb_entry(node, struct ls_message, node);

		if (message->arrival_ns >= clock_ns)
			break;
		if (message->number >= component->known && !message->late)
			ls_message_count_late(message, clock_ns - message->arrival_ns);
	}
}
