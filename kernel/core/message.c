// SPDX-License-Identifier: GPL-2.0-only
/* Messages on their way: one queue for each receiver, by (arrival, source, sequence). */

#include <linux/mm.h>
#include <linux/slab.h>

#include "capture.h"
#include "far.h"
#include "link.h"
#include "live.h"
#include "loop.h"
#include "port.h"
#include "session.h"
#include "trace.h"
#include "transport.h"

struct ls_message *ls_message_new(u32 length)
{
	struct ls_message *message;

	might_sleep();
	message = kvmalloc(struct_size(message, data, length), GFP_KERNEL_ACCOUNT);
	if (message) {
		message->length = length;
		message->size = length;
		message->holds = NULL;
	}
	return message;
}

void ls_message_free(struct ls_message *message)
{
	if (message->holds)
		message->holds->release(message);
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

/* To a component of this host. */
static void ls_message_queue(struct ls_message *message)
{
	struct ls_component *to = message->way->to;
	struct ls_session *session = to->session;
	const bool ran = to->member.state == LS_MEMBER_RUNNING;
	const u64 windows = to->windows;
	const u64 reached_ns = ls_component_clock(to);

	message->number = to->enqueued++;
	message->late = false;
	message->way->counts.queued++;
	message->way->counts.queued_bytes += message->length;
	to->queued++;
	trace_ls_enqueue(to, message);
	if (message->arrival_ns < reached_ns)
		ls_message_count_late(message, reached_ns - message->arrival_ns);

	/* Only a new first one changes when the receiver has something to do. */
	if (!rb_add_cached(&message->node, &to->messages, ls_message_less))
		return;
	/* Where windows are longer than the latency it may have to run on in the open one. */
	if (ls_window_message(&session->window, &to->member, message->arrival_ns) && !ran &&
	    to->windows == windows)
		ls_component_runs(to);
	else
		ls_messages_deliver(to);
	ls_session_settle(session);
}

void ls_message_enqueue(struct ls_message *message)
{
	if (message->way->far)
		ls_far_send(message);
	else
		ls_message_queue(message);
}

static int ls_message_send_locked(struct ls_component *component, struct ls_link *link,
				  struct ls_message *message, u64 *send_ns)
{
	struct ls_member *member = &component->member;
	struct ls_window *window = &component->session->window;
	struct ls_way *way;
	int err;

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

	message->queue_bytes = link->queue_bytes;
	way = link->to_a.to == component ? &link->to_b : &link->to_a;
	err = ls_way_take(way, message, *send_ns);
	if (err < 0)
		return err;
	member->clock_ns = *send_ns;
	message->sequence = component->sent++;
	message->link = link->id;
	message->source = component->id;
	return err;
}

int ls_message_send_by(struct ls_way *way, struct ls_component *from, struct ls_link *link,
		       struct ls_message *message, u64 send_ns)
{
	int err;

	lockdep_assert_held(&from->session->lock);
	if (from->session->state == LIVESTACK_STATE_STOPPED)
		return -ESHUTDOWN;
	/*
	 * What a thread of the host has been slow to send comes after what was sent since, and is
	 * no message of a window that is over.
	 */
	send_ns = max3(send_ns, way->sent_ns, from->session->window.start_ns);
	/* To itself nobody is late: if its clock went on while it sent, it has sent later. */
	if (way->loop)
		send_ns = max(send_ns, ls_component_clock(from));
	message->queue_bytes = 0;
	if (!ls_way_has_room(way, link->queue_bytes))
		return -ENOBUFS;
	err = ls_way_take(way, message, send_ns);
	if (err < 0)
		return err;
	way->sent_ns = send_ns;
	message->sequence = from->sent++;
	message->link = link->id;
	message->source = from->id;
	if (!err)
		ls_message_enqueue(message);
	return err;
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
	/* Before it is on its way: from there on it is the receiver's. */
	if (err >= 0)
		*arrival_ns = message->arrival_ns;
	if (!err) {
		ls_message_enqueue(message);
		/* Its sender's clock may have moved. */
		ls_messages_deliver(component);
	}
	raw_spin_unlock_irqrestore(&session->lock, flags);
	rcu_read_unlock();
	if (err <= 0)
		return err;
	ls_message_free(message);
	return 0;
}

struct ls_message *ls_message_hold(struct ls_component *component)
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
	component->held = first;
	raw_spin_unlock_irqrestore(&session->lock, flags);
	return first;
}

void ls_message_let_go(struct ls_component *component)
{
	struct ls_session *session = component->session;
	unsigned long flags;

	raw_spin_lock_irqsave(&session->lock, flags);
	component->held = NULL;
	/* Its end may have become a port meanwhile. */
	ls_messages_deliver(component);
	raw_spin_unlock_irqrestore(&session->lock, flags);
}

void ls_message_received(struct ls_component *component, struct ls_message *message)
{
	struct ls_way *way = message->way;

	if (way->capture)
		ls_capture_message(way->capture, message);
	component->received++;
	ls_way_unload(way, message);
	way->counts.received++;
	way->counts.received_bytes += message->length;
	ls_way_has_changed(way);
	if (way->from_far)
		ls_far_owe(way);
}

void ls_message_take(struct ls_component *component, struct ls_message *message)
{
	struct ls_session *session = component->session;
	unsigned long flags;

	raw_spin_lock_irqsave(&session->lock, flags);
	component->held = NULL;
	rb_erase_cached(&message->node, &component->messages);
	component->queued--;
	ls_message_received(component, message);
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
	ls_loop_pass_all(session, messages);
	rbtree_postorder_for_each_entry_safe(message, next, messages, node) {
		/* One at a time: there may be very many, and interrupts are off. */
		raw_spin_lock_irqsave(&session->lock, flags);
		ls_way_forget(message->way, message);
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

/* To a port: what it takes, and when. */
static void ls_message_hand_over(struct ls_component *component, struct ls_message *message,
				 u64 now_ns)
{
	rb_erase_cached(&message->node, &component->messages);
	component->queued--;
	component->unseen = true;
	ls_histogram_add(&message->way->counts.error_ns, now_ns - message->arrival_ns);
	trace_ls_deliver(component, message);
	ls_port_arrived(message->way->port, message);
}

/* A timer may be early by a rounding, and a clock that stands is not asked all the time. */
#define LS_ARRIVAL_MIN_NS 10000

/* The receiver's clock reaches the next message while it runs, and nothing else tells of that. */
static void ls_messages_await(struct ls_component *component, u64 now_ns)
{
	const struct ls_message *first = ls_messages_first(component);
	const struct ls_window *window = &component->session->window;

	if (!first || !first->way->port || first->arrival_ns >= window->end_ns)
		return;
	if (!window->released && !(component->own && ls_live_advances(component)))
		return;
	hrtimer_start(&component->arrival,
		      ns_to_ktime(max_t(u64, first->arrival_ns - now_ns, LS_ARRIVAL_MIN_NS)),
		      HRTIMER_MODE_REL_HARD);
}

void ls_messages_deliver(struct ls_component *component)
{
	struct ls_session *session = component->session;
	struct rb_node *node, *next;
	u64 now_ns;

	if (component->member.state != LS_MEMBER_RUNNING || !ls_messages_first(component))
		return;
	now_ns = ls_component_clock(component);
	for (node = rb_first_cached(&component->messages); node; node = next) {
		struct ls_message *message = rb_entry(node, struct ls_message, node);

		if (message->arrival_ns > now_ns)
			break;
		next = rb_next(node);
		if (message->way->port && message != component->held)
			ls_message_hand_over(component, message, now_ns);
	}
	ls_window_message(&session->window, &component->member, ls_messages_next(component));
	ls_messages_await(component, now_ns);
}

void ls_way_drain(struct ls_way *way)
{
	struct ls_component *component = way->to;
	struct ls_session *session = component->session;
	struct rb_node *node, *next;
	LIST_HEAD(dropped);
	struct ls_message *message, *following;
	unsigned long flags;

	might_sleep();
	raw_spin_lock_irqsave(&session->lock, flags);
	for (node = rb_first_cached(&component->messages); node; node = next) {
		message = rb_entry(node, struct ls_message, node);
		next = rb_next(node);
		if (message->way != way || message == component->held)
			continue;
		rb_erase_cached(&message->node, &component->messages);
		component->queued--;
		ls_way_forget(way, message);
		list_add_tail(&message->arrived, &dropped);
	}
	ls_window_message(&session->window, &component->member, ls_messages_next(component));
	raw_spin_unlock_irqrestore(&session->lock, flags);
	list_for_each_entry_safe(message, following, &dropped, arrived)
		ls_message_free(message);
}
