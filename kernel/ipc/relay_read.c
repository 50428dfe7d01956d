// SPDX-License-Identifier: GPL-2.0-only
/* What was read of a socket becomes messages. */

#include "relay.h"

#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/skbuff.h>

#define LS_RELAY_ABSURD "a record's length was 0 or above 65536: framed is for streams of frames of up to 64 KiB, each after its length in 4 bytes, big-endian, as of QEMU's -netdev stream; close the port and make it without framed"

/* So many messages are made in one go. */
#define LS_RELAY_BURST 128

bool ls_relay_room(struct ls_relay *relay)
{
	const bool room = ls_port_room(&relay->port);

	WRITE_ONCE(relay->blocked, !room);
	return room && !READ_ONCE(relay->fault);
}

void ls_relay_retry(struct ls_relay *relay)
{
	queue_delayed_work(system_unbound_wq, &relay->read, 1);
}

bool ls_relay_send(struct ls_relay *relay, struct ls_message *message)
{
	/* What has been sent may be gone. */
	const bool is_mark = ls_cargo_of(message) != LS_CARGO_BYTES;
	const int err = ls_port_send(&relay->port, message, ls_port_now(&relay->port));
	/* Others may send over the link, too, and have been quicker. */
	const bool waits = err == -ENOBUFS && (relay->port.whole || is_mark);

	if (!err)
		return true;
	if (!waits && !is_mark)
		ls_port_drop(&relay->port, ls_port_length(message), err == -ENOBUFS);
	ls_port_free(message);
	return !waits;
}

/* What the wire counts a message for that says so itself; without saying it is too long. */
static u32 ls_relay_size(const struct sk_buff *skb)
{
	__be32 size;

	return skb_copy_bits(skb, 0, &size, sizeof(size)) ? U32_MAX : be32_to_cpu(size);
}

void ls_relay_send_packet(struct ls_relay *relay, struct sk_buff *skb)
{
	struct ls_message *message = ls_cargo_skb(skb, &ls_skb_ops);

	if (message) {
		if (relay->port.sized)
			ls_port_size(message, ls_relay_size(skb));
		ls_relay_send(relay, message);
		return;
	}
	ls_port_drop(&relay->port, skb->len, true);
	kfree_skb(skb);
}

static u32 ls_relay_send_piece(struct ls_relay *relay, struct sk_buff *skb, u32 offset, u32 length)
{
	const u32 size = min(length, ls_port_piece(&relay->port));
	struct sk_buff *piece = pskb_extract(skb, offset, size, GFP_ATOMIC);
	struct ls_message *message = piece ? ls_cargo_skb(piece, &ls_skb_ops) : NULL;

	if (!message)
		kfree_skb(piece);
	else if (ls_relay_send(relay, message))
		return size;
	ls_relay_retry(relay);
	return 0;
}

void ls_relay_tell(struct ls_relay *relay, enum ls_cargo mark)
{
	enum ls_cargo told = READ_ONCE(relay->told);
	struct ls_message *message;

	if (told >= mark || !ls_port_room(&relay->port))
		return;
	message = ls_cargo_mark(mark);
	if (message && cmpxchg(&relay->told, told, mark) == told) {
		if (ls_relay_send(relay, message))
			return;
		WRITE_ONCE(relay->told, told);
	} else if (message) {
		ls_port_free(message);
	}
	ls_relay_retry(relay);
}

static void ls_relay_fail(struct ls_relay *relay, const char *sentence)
{
	WRITE_ONCE(relay->fault, sentence);
	ls_relay_tell(relay, LS_CARGO_RESET);
	/* It is broken off by the work: who reads may hold the socket's lock. */
	queue_delayed_work(system_unbound_wq, &relay->read, 0);
}

static void ls_relay_send_record(struct ls_relay *relay)
{
	const u32 length = relay->record->length;
	struct sk_buff *skb = ls_record_take(relay->record);

	if (skb)
		ls_relay_send_packet(relay, skb);
	else
		ls_port_drop(&relay->port, length, true);
}

static u32 ls_relay_feed(struct ls_relay *relay, const struct sk_buff *skb, u32 offset, u32 length)
{
	const u32 taken = ls_record_feed(relay->record, skb, offset, length);

	if (ls_record_is_absurd(relay->record))
		ls_relay_fail(relay, LS_RELAY_ABSURD);
	else if (ls_record_is_whole(relay->record))
		ls_relay_send_record(relay);
	return taken;
}

/* Records may be tiny, and very many in one packet: not all of them with everybody waiting. */
static bool ls_relay_goes_on(struct ls_relay *relay)
{
	if (++relay->burst < LS_RELAY_BURST)
		return true;
	if (in_softirq()) {
		ls_port_read_on(&relay->port);
		return false;
	}
	relay->burst = 0;
	cond_resched();
	return true;
}

u32 ls_relay_send_some(struct ls_relay *relay, struct sk_buff *skb, u32 offset, u32 length)
{
	u32 taken = 0, some;

	while (taken < length && ls_relay_room(relay) && ls_relay_goes_on(relay)) {
		if (relay->record)
			some = ls_relay_feed(relay, skb, offset + taken, length - taken);
		else
			some = ls_relay_send_piece(relay, skb, offset + taken, length - taken);
		if (!some)
			break;
		taken += some;
	}
	return taken;
}

void ls_relay_note_end(struct ls_relay *relay)
{
	struct sock *sk = relay->sock->sk;

	if (!(READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN) ||
	    !skb_queue_empty_lockless(&sk->sk_receive_queue))
		return;
	ls_relay_tell(relay, READ_ONCE(relay->reset) ? LS_CARGO_RESET : LS_CARGO_END);
}
