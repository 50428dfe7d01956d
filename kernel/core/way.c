// SPDX-License-Identifier: GPL-2.0-only
/* One way over a link: what it takes, when that arrives, and what is counted. */

#include "link.h"

#include "far.h"
#include "port.h"
#include "session.h"
#include "transport.h"

/* What a message takes of its link's queue: empty ones must not be for nothing. */
static u64 ls_way_load(const struct ls_way *way)
{
	return way->counts.queued_bytes + (u64)way->counts.queued * LIVESTACK_MESSAGE_COST;
}

void ls_way_unload(struct ls_way *way, const struct ls_message *message)
{
	way->counts.queued--;
	way->counts.queued_bytes -= message->length;
}

void ls_way_has_changed(struct ls_way *way)
{
	if (way->waits)
		ls_port_resume(way);
}

/* LS_TIME_NONE: it carries nothing yet. */
static u64 ls_way_latency(const struct ls_way *way)
{
	const struct ls_window *window = &way->to->session->window;

	/* Without gating there is no next window to wait for, and on a loop no need to. */
	if (way->loop || way->since < window->generation || window->released)
		return way->latency_ns;
	/* A stream may have begun before time does; a wire has not. */
	return way->stream && !window->generation ? way->latency_ns : way->earlier_ns;
}

static bool ls_way_leads_somewhere(const struct ls_way *way)
{
	const struct ls_component *to = way->to;

	if (way->far)
		return to->session->share;
	return to->member.state != LS_MEMBER_OUT && (!to->own || way->port);
}

bool ls_way_is_early(const struct ls_way *way)
{
	const struct ls_session *session = way->to->session;

	/* A wire drops what comes before it is there. */
	if (!way->stream || way->loop || session->state == LIVESTACK_STATE_STOPPED)
		return false;
	/* Who is to take it may come until time begins. */
	if (!session->window.generation && !ls_way_leads_somewhere(way))
		return true;
	return ls_way_latency(way) == LS_TIME_NONE;
}

void ls_ways_begin(struct ls_session *session)
{
	struct ls_way *way, *next;

	list_for_each_entry_safe(way, next, &session->early, early) {
		list_del_init(&way->early);
		ls_way_has_changed(way);
	}
}

static void ls_way_drop(struct ls_way *way, u32 length, enum ls_wire_fate fate)
{
	way->counts.dropped++;
	way->counts.dropped_bytes += length;
	way->counts.fates[fate]++;
}

void ls_way_forget(struct ls_way *way, const struct ls_message *message)
{
	ls_way_unload(way, message);
	ls_way_drop(way, message->length, LS_WIRE_CARRIED);
	ls_way_has_changed(way);
	if (way->from_far)
		ls_far_owe(way);
}

void ls_way_refuse(struct ls_way *way, u32 length, enum ls_wire_fate fate)
{
	way->counts.sent++;
	way->counts.sent_bytes += length;
	ls_way_drop(way, length, fate);
}

bool ls_way_has_room(const struct ls_way *way, u32 queue_bytes)
{
	return ls_way_load(way) < queue_bytes;
}

int ls_way_take(struct ls_way *way, struct ls_message *message, u64 send_ns)
{
	const u64 latency_ns = ls_way_latency(way);
	enum ls_wire_fate fate;

	if (latency_ns == LS_TIME_NONE)
		return -ENETDOWN;
	if (!ls_way_leads_somewhere(way))
		return -EHOSTUNREACH;
	/* The last one of a port may go beyond: it has asked for room before it knew the length. */
	if (message->queue_bytes &&
	    ls_way_load(way) + message->length + LIVESTACK_MESSAGE_COST > message->queue_bytes) {
		way->counts.refused++;
		return -ENOBUFS;
	}
	way->counts.sent++;
	way->counts.sent_bytes += message->length;
	message->send_ns = send_ns;
	message->way = way;
	if (message->holds && message->holds->sure) {
		message->arrival_ns = ls_wire_follow(&way->wire, send_ns, latency_ns);
		return 0;
	}
	fate = message->size > LIVESTACK_SIZE_MAX ?
		       LS_WIRE_MTU :
		       ls_wire_carry(&way->wire, send_ns, message->size, latency_ns,
				     &message->arrival_ns);
	if (fate == LS_WIRE_CARRIED)
		return 0;
	message->arrival_ns = LS_TIME_NONE;
	ls_way_drop(way, message->length, fate);
	return 1;
}
