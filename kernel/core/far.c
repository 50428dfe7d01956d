// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages to and from other hosts. The sender's host has the wire and the queue: it counts what is
 * sent, dropped and on its way. The receiver's host has what is received. At the end of each window
 * it gives account of that, so that the sender's host knows how much room there is, the same in
 * every run.
 */

#include "far.h"

#include <linux/export.h>
#include <linux/string.h>

#include "link.h"
#include "port.h"
#include "session.h"
#include "share.h"
#include "transport.h"

void ls_far_send(struct ls_message *message)
{
	struct ls_way *way = message->way;
	struct ls_session *session = way->to->session;

	way->counts.queued++;
	way->counts.queued_bytes += message->length;
	session->share_ops->send(session->share, way->to->host, message);
}

void ls_far_owe(struct ls_way *way)
{
	struct ls_session *session = way->to->session;

	if (session->share && list_empty(&way->owed))
		list_add_tail(&way->owed, &session->owing);
}

/* So many of those on their way will not be received. */
static void ls_far_drop(struct ls_way *way, u64 messages, u64 bytes)
{
	way->counts.queued -= messages;
	way->counts.queued_bytes -= bytes;
	way->counts.dropped += messages;
	way->counts.dropped_bytes += bytes;
	way->counts.fates[LS_WIRE_CARRIED] += messages;
}

static void ls_far_forget_way(struct ls_way *way)
{
	list_del_init(&way->owed);
	if (way->far)
		ls_far_drop(way, way->counts.queued, way->counts.queued_bytes);
}

void ls_far_forget(struct ls_session *session)
{
	struct ls_link *link;
	unsigned long id, flags;

	xa_for_each(&session->links, id, link) {
		raw_spin_lock_irqsave(&session->lock, flags);
		ls_far_forget_way(&link->to_a);
		ls_far_forget_way(&link->to_b);
		raw_spin_unlock_irqrestore(&session->lock, flags);
	}
}

struct ls_far_message ls_share_depart(struct ls_message *message)
{
	struct ls_way *way = message->way;
	const struct ls_session *session = way->to->session;

	/* Nothing arrives in the window that it is sent in, if that is no longer than latencies. */
	if (session->mode == LIVESTACK_MODE_STRICT) {
		message->arrival_ns = max(message->arrival_ns, session->window.end_ns);
		way->wire.arrival_ns = max(way->wire.arrival_ns, message->arrival_ns);
	}
	return (struct ls_far_message){
		.sequence = message->sequence,
		.arrival_ns = message->arrival_ns,
		.send_ns = message->send_ns,
		.length = message->length,
		.size = message->size,
		.link = message->link,
		.source = message->source,
		.mark = message->holds ? message->holds->mark : 0,
	};
}
EXPORT_SYMBOL_GPL(ls_share_depart);

struct list_head *ls_share_entry(struct ls_message *message)
{
	return &message->arrived;
}
EXPORT_SYMBOL_GPL(ls_share_entry);

struct ls_message *ls_share_listed(struct list_head *entry)
{
	return list_entry(entry, struct ls_message, arrived);
}
EXPORT_SYMBOL_GPL(ls_share_listed);

void ls_share_copy(const struct ls_message *message, u8 *to)
{
	if (message->holds)
		message->holds->copy(message, to, message->length);
	else
		memcpy(to, message->data, message->length);
}
EXPORT_SYMBOL_GPL(ls_share_copy);

void ls_share_lost(struct ls_message *message)
{
	ls_far_drop(message->way, 1, message->length);
	ls_way_has_changed(message->way);
}
EXPORT_SYMBOL_GPL(ls_share_lost);

static struct ls_link *ls_far_link(struct ls_session *session, u16 id)
{
	struct ls_link *link;

	/* The session's lock keeps a link that is not gone. */
	rcu_read_lock();
	link = xa_load(&session->links, id);
	rcu_read_unlock();
	return link && !link->gone ? link : NULL;
}

/* Of its two ways the one that comes from @host, or leads there. */
static struct ls_way *ls_far_way(struct ls_session *session, u16 id, u16 host, bool comes)
{
	struct ls_link *link = ls_far_link(session, id);
	struct ls_way *const ways[] = { link ? &link->to_a : NULL, link ? &link->to_b : NULL };
	unsigned int i;

	for (i = 0; link && i < ARRAY_SIZE(ways); i++)
		if (comes ? ways[i]->from_far && ways[i]->from_host == host :
			    ways[i]->far && ways[i]->to->host == host)
			return ways[i];
	return NULL;
}

bool ls_share_arrived(struct ls_session *session, u16 host, struct ls_message *message,
		      const struct ls_far_message *far)
{
	struct ls_way *way = ls_far_way(session, far->link, host, true);

	if (!way)
		return false;
	message->way = way;
	message->length = far->length;
	message->sequence = far->sequence;
	message->arrival_ns = far->arrival_ns;
	message->send_ns = far->send_ns;
	message->size = far->size;
	message->link = far->link;
	message->source = far->source;
	message->queue_bytes = 0;
	way->counts.sent++;
	way->counts.sent_bytes += message->length;
	if (way->to->member.state == LS_MEMBER_OUT || (way->to->own && !way->port)) {
		way->counts.queued++;
		way->counts.queued_bytes += message->length;
		ls_way_forget(way, message);
		return false;
	}
	if (far->mark && way->port && way->port->ops->mark)
		message->holds = way->port->ops->mark(far->mark);
	ls_message_enqueue(message);
	return true;
}
EXPORT_SYMBOL_GPL(ls_share_arrived);

bool ls_share_owes(struct ls_session *session, struct ls_far_account *account)
{
	const struct ls_way *way = list_first_entry_or_null(&session->owing, struct ls_way, owed);

	if (!way)
		return false;
	*account = (struct ls_far_account){
		.received = way->counts.received,
		.received_bytes = way->counts.received_bytes,
		.dropped = way->counts.dropped,
		.dropped_bytes = way->counts.dropped_bytes,
		.link = way->link,
		.host = way->from_host,
	};
	return true;
}
EXPORT_SYMBOL_GPL(ls_share_owes);

void ls_share_settled(struct ls_session *session)
{
	list_del_init(session->owing.next);
}
EXPORT_SYMBOL_GPL(ls_share_settled);

bool ls_share_account(struct ls_session *session, const struct ls_far_account *account)
{
	struct ls_way *way = ls_far_way(session, account->link, account->host, false);
	u64 received, received_bytes, dropped, dropped_bytes;

	if (!way)
		return false;
	received = account->received - way->counts.received;
	received_bytes = account->received_bytes - way->counts.received_bytes;
	dropped = account->dropped - way->far_dropped;
	dropped_bytes = account->dropped_bytes - way->far_dropped_bytes;
	/* It is of a host that is known; but what that has miscounted stays its own. */
	if (received > way->counts.queued || dropped > way->counts.queued - received ||
	    received_bytes > way->counts.queued_bytes ||
	    dropped_bytes > way->counts.queued_bytes - received_bytes)
		return false;
	way->counts.received += received;
	way->counts.received_bytes += received_bytes;
	way->counts.queued -= received;
	way->counts.queued_bytes -= received_bytes;
	way->far_dropped += dropped;
	way->far_dropped_bytes += dropped_bytes;
	ls_far_drop(way, dropped, dropped_bytes);
	ls_way_has_changed(way);
	return true;
}
EXPORT_SYMBOL_GPL(ls_share_account);
