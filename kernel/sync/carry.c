// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages as the protocol's streams carry them. Before the bytes of each, big-endian:
 *	u8 kind (0: a message, 1: an account), u8 mark, u16 source, u32 length, u32 size, u32 0,
 *	u64 send_ns
 * What is sent at which time over which link the stream says itself. The bytes of an account are
 * four counts: received, their bytes, dropped, their bytes.
 */

#include "hub.h"

#include <linux/slab.h>
#include <linux/unaligned.h>

#define LS_CARRY_MESSAGE 0
#define LS_CARRY_ACCOUNT 1
#define LS_ACCOUNT_BYTES 32

static void ls_carry_header(u8 *to, u8 kind, const struct ls_far_message *far)
{
	to[0] = kind;
	to[1] = far->mark;
	put_unaligned_be16(far->source, to + 2);
	put_unaligned_be32(far->length, to + 4);
	put_unaligned_be32(far->size, to + 8);
	put_unaligned_be32(0, to + 12);
	put_unaligned_be64(far->send_ns, to + 16);
}

/* LS_SYNC_SENT: its bytes are in the stream. */
static int ls_carry_message(struct ls_hub *hub, u16 host, struct ls_message *message)
{
	const struct ls_far_message far = ls_share_depart(message);

	ls_carry_header(hub->carried, LS_CARRY_MESSAGE, &far);
	ls_share_copy(message, hub->carried + LS_CARRY_HEADER);
	return ls_sync_send(&hub->sync, ls_hub_now(), host, far.link, far.sequence, far.arrival_ns,
			    hub->carried, LS_CARRY_HEADER + far.length);
}

static int ls_carry_account(struct ls_hub *hub, const struct ls_far_account *account)
{
	const struct ls_far_message far = { .length = LS_ACCOUNT_BYTES };
	u8 *to = hub->carried + LS_CARRY_HEADER;

	ls_carry_header(hub->carried, LS_CARRY_ACCOUNT, &far);
	put_unaligned_be64(account->received, to);
	put_unaligned_be64(account->received_bytes, to + 8);
	put_unaligned_be64(account->dropped, to + 16);
	put_unaligned_be64(account->dropped_bytes, to + 24);
	/* No event, but it is there when the next window opens, as messages are. */
	return ls_sync_send(&hub->sync, ls_hub_now(), account->host, account->link, 0, LS_TIME_NONE,
			    hub->carried, LS_CARRY_HEADER + LS_ACCOUNT_BYTES);
}

static bool ls_hub_flush_to(struct ls_hub *hub, u16 host)
{
	struct list_head *outgoing = &hub->peers[host].outgoing;

	while (!list_empty(outgoing)) {
		struct ls_message *message = ls_share_listed(outgoing->next);
		const int said = ls_carry_message(hub, host, message);

		if (said == LS_SYNC_FULL)
			return false;
		/* To a host that takes part no more. */
		if (said != LS_SYNC_SENT)
			ls_share_lost(message);
		list_move_tail(ls_share_entry(message), &hub->freed);
	}
	return true;
}

bool ls_hub_flush(struct ls_hub *hub)
{
	struct ls_far_account account;
	bool all = true;
	u16 host;

	if (hub->sync.phase != LS_SYNC_RUNNING)
		return true;
	for (host = 0; host < hub->request.hosts; host++)
		if (host != hub->request.host)
			all &= ls_hub_flush_to(hub, host);
	while (all && hub->is_through && ls_share_owes(hub->session, &account)) {
		all = ls_carry_account(hub, &account) != LS_SYNC_FULL;
		if (all)
			ls_share_settled(hub->session);
	}
	return all;
}

bool ls_hub_waits(struct ls_hub *hub)
{
	struct ls_far_account account;
	u16 host;

	for (host = 0; host < hub->request.hosts; host++)
		if (!list_empty(&hub->peers[host].outgoing))
			return true;
	return ls_share_owes(hub->session, &account);
}

static bool ls_carry_take_account(struct ls_hub *hub, u16 from, const struct ls_sync_slot *slot)
{
	const u8 *at = slot->data + LS_CARRY_HEADER;

	return slot->last && slot->bytes == LS_CARRY_HEADER + LS_ACCOUNT_BYTES &&
	       ls_share_account(hub->session, &(struct ls_far_account){
			.received = get_unaligned_be64(at),
			.received_bytes = get_unaligned_be64(at + 8),
			.dropped = get_unaligned_be64(at + 16),
			.dropped_bytes = get_unaligned_be64(at + 24),
			.link = slot->link,
			.host = from,
	       });
}

/* The first piece of a message: what it is. Returns whether that can be. */
static bool ls_carry_read(const struct ls_sync_slot *slot, struct ls_far_message *far)
{
	const u8 *at = slot->data;

	*far = (struct ls_far_message){
		.sequence = slot->sequence,
		.arrival_ns = slot->arrival_ns,
		.mark = at[1],
		.source = get_unaligned_be16(at + 2),
		.length = get_unaligned_be32(at + 4),
		.size = get_unaligned_be32(at + 8),
		.send_ns = get_unaligned_be64(at + 16),
		.link = slot->link,
	};
	return !at[0] && far->length <= LIVESTACK_MESSAGE_MAX &&
	       far->size <= LIVESTACK_SIZE_MAX && slot->link < LIVESTACK_LINKS_MAX &&
	       far->arrival_ns != LS_TIME_NONE && far->send_ns <= far->arrival_ns;
}

/* False: there is no memory for it yet. */
static bool ls_carry_begin(struct ls_hub *hub, u16 from, const struct ls_sync_slot *slot)
{
	struct ls_hub_peer *peer = &hub->peers[from];

	if (slot->bytes < LS_CARRY_HEADER || !ls_carry_read(slot, &peer->far)) {
		if (slot->bytes < LS_CARRY_HEADER || slot->data[0] != LS_CARRY_ACCOUNT ||
		    !ls_carry_take_account(hub, from, slot))
			hub->stray++;
		peer->skips = true;
		return true;
	}
	if (!peer->spare || peer->room < peer->far.length) {
		peer->wanted = max_t(u32, peer->far.length, LS_HUB_SPARE);
		ls_hub_kick(hub);
		return false;
	}
	peer->message = peer->spare;
	peer->spare = NULL;
	peer->wanted = LS_HUB_SPARE;
	peer->have = 0;
	ls_hub_kick(hub);
	return true;
}

static void ls_carry_end(struct ls_hub *hub, u16 from)
{
	struct ls_hub_peer *peer = &hub->peers[from];
	struct ls_message *message = peer->message;

	peer->message = NULL;
	if (peer->have == peer->far.length &&
	    ls_share_arrived(hub->session, from, message, &peer->far))
		return;
	hub->stray++;
	list_add_tail(ls_share_entry(message), &hub->freed);
}

bool ls_hub_deliver(struct ls_sync *sync, u16 from, const struct ls_sync_slot *slot)
{
	struct ls_hub *hub = ls_hub_of(sync);
	struct ls_hub_peer *peer = &hub->peers[from];
	const bool first = !peer->message && !peer->skips;
	const u32 before = first ? LS_CARRY_HEADER : 0;

	if (first && !ls_carry_begin(hub, from, slot))
		return false;
	if (peer->skips) {
		peer->skips = !slot->last;
		return true;
	}
	if (slot->bytes - before <= peer->far.length - peer->have) {
		memcpy((u8 *)ls_port_data(peer->message) + peer->have, slot->data + before,
		       slot->bytes - before);
		peer->have += slot->bytes - before;
	} else {
		/* More than it has said. */
		peer->far.length = 0;
		peer->have = 1;
	}
	if (slot->last)
		ls_carry_end(hub, from);
	return true;
}

void ls_hub_lose(struct ls_hub *hub, u16 host)
{
	struct ls_hub_peer *peer = &hub->peers[host];

	while (!list_empty(&peer->outgoing)) {
		struct ls_message *message = ls_share_listed(peer->outgoing.next);

		ls_share_lost(message);
		list_move_tail(ls_share_entry(message), &hub->freed);
	}
	if (peer->message) {
		list_add_tail(ls_share_entry(peer->message), &hub->freed);
		/* What still comes of it is no message of its own. */
		peer->skips = true;
	}
	if (peer->spare)
		list_add_tail(ls_share_entry(peer->spare), &hub->freed);
	peer->message = NULL;
	peer->spare = NULL;
}

static void ls_hub_supply_for(struct ls_hub *hub, u16 host)
{
	struct ls_hub_peer *peer = &hub->peers[host];
	struct ls_message *message, *old;
	unsigned long flags;
	const u32 wanted = READ_ONCE(peer->wanted);

	if (!wanted)
		return;
	message = ls_port_message(wanted, NULL, GFP_KERNEL);
	/* It is tried again when the thread is next awake: the sender asks. */
	if (!message)
		return;
	flags = ls_share_lock(hub->session);
	old = peer->spare;
	peer->spare = message;
	peer->room = wanted;
	if (peer->wanted <= wanted)
		peer->wanted = 0;
	if (hub->begun)
		ls_sync_drain(&hub->sync, ls_hub_now(), host);
	ls_hub_report(hub);
	ls_share_unlock(hub->session, flags);
	if (old)
		ls_port_free(old);
}

void ls_hub_supply(struct ls_hub *hub)
{
	u16 host;

	for (host = 0; host < hub->request.hosts; host++)
		if (host != hub->request.host)
			ls_hub_supply_for(hub, host);
}
