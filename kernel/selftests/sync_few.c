// SPDX-License-Identifier: GPL-2.0-only

#include "agree_explore.h"

#include <stdlib.h>

#define QUANTUM 2
#define RESEND 2

struct few few;

static u32 host_of(const struct ls_sync *sync)
{
	return sync->config.self;
}

static void broken(const char *what)
{
	if (!few.broken)
		few.broken = what;
}

static bool deliver(struct ls_sync *sync, u16 from, const struct ls_sync_slot *slot)
{
	struct few_host *host = &few.host[host_of(sync)];
	const u64 number = ++host->delivered[from];

	if (slot->sequence != number || slot->data[0] != (u8)number || slot->bytes != 1)
		broken("a message is not the next one");
	return true;
}

static void room(struct ls_sync *sync, u16 host)
{
	(void)sync;
	(void)host;
}

static void silent(struct ls_sync *sync, u16 host, enum ls_sync_await what)
{
	(void)sync;
	(void)host;
	(void)what;
	broken("a host is not heard of though all are");
}

static bool same(const struct ls_sync_decision *a, const struct ls_sync_decision *b)
{
	return a->start_ns == b->start_ns && a->end_ns == b->end_ns && a->left == b->left &&
	       a->outcome == b->outcome && a->why == b->why && a->who == b->who;
}

static void decided(struct ls_sync *sync, const struct ls_sync_decision *decision)
{
	const u32 self = host_of(sync);
	const u64 round = decision->round;
	u32 i;

	if (round >= ROUNDS)
		return broken("more rounds than there is room for");
	if (few.decided[round] && !same(&few.decision[round], decision))
		broken("two hosts have made two things of a round");
	few.decision[round] = *decision;
	few.decided[round] |= 1 << self;
	for (i = 0; i < few.hosts; i++) {
		const struct few_host *other = &few.host[i];
		const u64 theirs = other->sync.decision.round;

		few.host[self].until[i][round] = few.host[self].sent[i];
		if (i == self)
			continue;
		if (theirs + 1 < round ||
		    (theirs + 1 == round && other->sync.phase != LS_SYNC_SAID))
			broken("a host is more than one window ahead");
		if (few.host[self].delivered[i] <
		    (theirs >= round ? other->until[self][round] : other->sent[self]))
			broken("a window opened before all messages were there");
	}
}

static const struct ls_sync_ops ops = {
	.deliver = deliver, .room = room, .decided = decided, .silent = silent, .back = room,
};

static void put(u32 number)
{
	struct ls_sync *sync = &few.host[number].sync;
	u8 packet[LS_SYNC_PACKET_MAX];
	size_t length;
	u16 to;

	while ((length = ls_sync_pull(sync, few.host[number].now_ns, packet, &to))) {
		struct few_packet *place = &few.flight[few.flying];

		if (few.flying == FLIGHT)
			continue;
		if (length > LONGEST)
			return broken("a packet is longer than there can be");
		few.flying++;
		*place = (struct few_packet){ .from = number, .to = to, .length = length };
		memcpy(place->bytes, packet, length);
	}
}

/* One message in every other window, which comes just when the next one begins, or a bit later. */
static void work(u32 number)
{
	struct few_host *host = &few.host[number];
	struct ls_sync *sync = &host->sync;
	const u64 end = sync->decision.end_ns, start = sync->decision.start_ns;
	const u32 to = (number + 1) % few.hosts;
	u64 next = LS_TIME_NONE;

	if (sync->round > 1 && (sync->round + number) % 2 == 0) {
		const u8 byte = ++host->sent[to];

		if (ls_sync_send(sync, host->now_ns, to, number, host->sent[to],
				 start + QUANTUM + number, &byte, 1) != LS_SYNC_SENT)
			broken("there was no room for a message");
	}
	/* The one has something to do in each window, the other skips a bit. */
	if (sync->round == 1 || (!few.waits && number == 0))
		next = end;
	else if (!few.waits && number == 1)
		next = end + 1;
	ls_sync_arrive(sync, host->now_ns, next);
}

static void deliver_packet(u32 which, bool keep)
{
	const struct few_packet packet = few.flight[which];
	struct few_host *host = &few.host[packet.to];
	struct ls_sync_header header;

	if (!keep)
		few.flight[which] = few.flight[--few.flying];
	if (ls_sync_look(&host->sync, packet.bytes, packet.length, &header) != LS_SYNC_TAKEN)
		return;
	if (ls_sync_receive(&host->sync, host->now_ns, &header, packet.bytes + LS_SYNC_HEADER,
			    packet.length - LS_SYNC_HEADER) != LS_SYNC_TAKEN)
		broken("a packet of ours was refused");
	put(packet.to);
}

/* No time passes but by this, so that all that are set are due then: how far away says nothing. */
static bool timer(u32 number)
{
	struct few_host *host = &few.host[number];

	if (ls_sync_timer(&host->sync) == LS_TIME_NONE)
		return false;
	host->now_ns += RESEND;
	ls_sync_tick(&host->sync, host->now_ns);
	put(number);
	return true;
}

static bool wish(u32 number)
{
	struct ls_sync *sync = &few.host[number].sync;

	ls_sync_pause(sync, few.host[number].now_ns, !(sync->wishes & LS_SYNC_WISH_PAUSE));
	put(number);
	return true;
}

static bool wake(u32 number)
{
	struct few_host *host = &few.host[number];

	if (!few.waits || host->sync.phase != LS_SYNC_HELD || host->sync.next_ns != LS_TIME_NONE)
		return false;
	ls_sync_arrive(&host->sync, host->now_ns, host->sync.decision.end_ns + number);
	put(number);
	return true;
}

static bool take_from(u8 *budget)
{
	if (!*budget)
		return false;
	--*budget;
	return true;
}

bool few_step(enum few_verb verb, u32 which)
{
	switch (verb) {
	case FEW_DELIVER:
		deliver_packet(which, false);
		return true;
	case FEW_DOUBLE:
		if (!take_from(&few.left.doubles))
			return false;
		deliver_packet(which, true);
		return true;
	case FEW_DROP:
		if (!take_from(&few.left.drops))
			return false;
		few.flight[which] = few.flight[--few.flying];
		return true;
	case FEW_WORK:
		if (few.host[which].sync.phase != LS_SYNC_RUNNING)
			return false;
		work(which);
		put(which);
		return true;
	case FEW_TIMER:
		return take_from(&few.left.timers) && timer(which);
	case FEW_WISH:
		return take_from(&few.left.wishes) && wish(which);
	case FEW_WAKE:
		return take_from(&few.left.wakes) && wake(which);
	}
	return false;
}

bool few_over(void)
{
	u32 i;

	for (i = 0; i < few.hosts; i++)
		if (!ls_sync_done(&few.host[i].sync))
			return false;
	return true;
}

/* What holds the session goes away: nobody wishes a pause, somebody has an event. */
static void go_on(void)
{
	u32 i;

	for (i = 0; i < few.hosts; i++) {
		struct few_host *host = &few.host[i];

		if (host->sync.wishes)
			wish(i);
		if (host->sync.phase == LS_SYNC_HELD) {
			ls_sync_arrive(&host->sync, host->now_ns, host->sync.config.limit_ns);
			put(i);
		}
	}
}

bool few_ends_well(void)
{
	u32 steps, i;

	for (steps = 0; steps < 100 && !few.broken && !few_over(); steps++) {
		for (i = 0; i < few.hosts; i++)
			few_step(FEW_WORK, i);
		while (few.flying && !few.broken)
			deliver_packet(0, false);
		go_on();
		if (few.flying)
			continue;
		for (i = 0; i < few.hosts; i++)
			timer(i);
	}
	if (!few_over())
		broken("it does not end, though nothing is lost any more");
	return !few.broken;
}

void few_begin(const struct few_config *config)
{
	u32 i, to;

	memset(&few, 0, sizeof(few));
	few.hosts = config->hosts;
	few.waits = config->waits;
	few.left = config->bounds;
	for (i = 0; i < few.hosts; i++) {
		struct few_host *host = &few.host[i];

		host->sync.config = (struct ls_sync_config){
			.hosts = few.hosts, .self = i, .fanout = config->fanout,
			.to_the_end = !few.waits, .window = WINDOW, .instance = 1 + i,
			.quantum_ns = QUANTUM, .limit_ns = config->limit_ns,
			.resend_ns = RESEND, .resend_max_ns = RESEND, .linger_ns = 1ULL << 40,
		};
		host->sync.ops = &ops;
		host->sync.peer = host->peer;
		for (to = 0; to < few.hosts; to++) {
			ls_sync_stream_init(&host->peer[to].stream, WINDOW, host->slots[to][0],
					    host->slots[to][1]);
			host->peer[to].instance = 1 + to;
		}
		ls_sync_init(&host->sync);
	}
}
