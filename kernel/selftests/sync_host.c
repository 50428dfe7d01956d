// SPDX-License-Identifier: GPL-2.0-only

#include "sync_host.h"

#include <stdio.h>
#include <stdlib.h>

#include "chance.h"
#include "sync_net.h"

struct inner *inner;
static struct world_round *record;
static u64 recorded;

static u32 host_of(const struct ls_sync *sync)
{
	return sync->config.self;
}

void host_broken(const char *what, u32 host, u64 round)
{
	if (world.broken || world.forged)
		return;
	world.broken = what;
	printf("# %s: host %u of %u, round %llu, at %llu ns\n", what, host, world.config.hosts,
	       round, world.now_ns);
}

/* What core tells. */

static void opened(struct ls_window *window, u64 skipped)
{
	(void)window;
	(void)skipped;
}

static void parked(struct ls_window *window, struct ls_member *member)
{
	(void)window;
	(void)member;
}

static void ran(struct ls_window *window, struct ls_member *member)
{
	struct world_host *host = (void *)((char *)window - offsetof(struct world_host, window));
	const u32 number = host - world.host;
	u64 work = world.config.weather.work_ns;

	if (work)
		work = chance_of(&world.config.weather.seed, work);
	net_add(world.now_ns + work, EVENT_WORK, number, member - inner[number].member);
}

static void through(struct ls_window *window, u64 next)
{
	/* It is looked after each step. */
	(void)window;
	(void)next;
}

const struct ls_window_ops host_window_ops = {
	.opened = opened, .parked = parked, .run = ran, .through = through,
};

/* What the protocol tells. */

static bool deliver(struct ls_sync *sync, u16 from, const struct ls_sync_slot *slot)
{
	const u32 to = host_of(sync), source = slot->link / 1024, part = slot->link % 1024;
	struct world_host *host = &world.host[to];
	struct pair *pair = &inner[from].pair[to];
	struct letter letter;
	u32 i;

	if (host->refuses && chance_of(&world.config.weather.seed, 1000) < host->refuses) {
		net_add(world.now_ns + MS / 2, EVENT_DRAIN, to, from);
		return false;
	}
	for (i = 0; i < slot->bytes; i++) {
		if (slot->data[i] != model_byte(source, slot->sequence, pair->bytes))
			host_broken("a message has other bytes than were sent", to, sync->round);
		pair->sum = pair->sum * 257 + slot->data[i];
		pair->bytes++;
	}
	if (!slot->last)
		return true;
	letter = (struct letter){ .arrival = slot->arrival_ns, .sequence = slot->sequence,
				  .source = source, .bytes = pair->bytes, .sum = pair->sum };
	pair->bytes = 0;
	pair->sum = 0;
	pair->delivered++;
	world.delivered++;
	if (host->empty)
		return true;
	if (!model_take(&inner[to].part[part % PARTS], &letter))
		host_broken("a message is late", to, sync->round);
	ls_window_message(&host->window, &inner[to].member[part % PARTS],
			  model_message(&inner[to].part[part % PARTS]));
	return true;
}

static void room(struct ls_sync *sync, u16 host)
{
	/* Whatever is there is tried after each step. */
	(void)sync;
	(void)host;
}

static void silent(struct ls_sync *sync, u16 host, enum ls_sync_await what)
{
	struct world_host *here = &world.host[host_of(sync)];

	here->silent++;
	here->silent_host = host;
	here->silent_for = what;
}

static void back(struct ls_sync *sync, u16 host)
{
	(void)host;
	world.host[host_of(sync)].back++;
}

static bool same_decision(const struct ls_sync_decision *a, const struct ls_sync_decision *b)
{
	return a->round == b->round && a->start_ns == b->start_ns && a->end_ns == b->end_ns &&
	       a->left == b->left && a->outcome == b->outcome && a->why == b->why &&
	       a->who == b->who;
}

static void check_round(u32 host, const struct ls_sync_decision *decision)
{
	const u64 round = decision->round;
	struct world_round *at;

	while (round >= recorded) {
		const u64 more = recorded + 1024;

		record = realloc(record, (recorded + more) * sizeof(*record));
		memset(record + recorded, 0, more * sizeof(*record));
		recorded += more;
	}
	at = &record[round];
	if (!at->hosts)
		at->decision = *decision;
	else if (!same_decision(&at->decision, decision))
		host_broken("two hosts have made two things of a round", host, round);
	at->hosts |= 1ULL << host;
	if (round > world.rounds)
		world.rounds = round;
}

/* Nobody is more than one window away, and what was sent before is there. */
static void check_others(u32 host, u64 round)
{
	u32 from;

	for (from = 0; from < world.config.hosts; from++) {
		const struct world_host *other = &world.host[from];
		struct pair *pair = &inner[from].pair[host];
		u64 sent = other->sync.decision.round >= round ? pair->until[round & 3] :
								 pair->sent;

		if (from == host || world.killed || !(other->sync.members >> from & 1))
			continue;
		if (other->sync.decision.round + 1 < round ||
		    (other->sync.decision.round + 1 == round && other->sync.phase != LS_SYNC_SAID))
			host_broken("a host is more than one window ahead", host, round);
		if (pair->delivered < sent)
			host_broken("a window opened before all messages were there", host, round);
	}
}

static void decided(struct ls_sync *sync, const struct ls_sync_decision *decision)
{
	const u32 number = host_of(sync);
	struct world_host *host = &world.host[number];
	u32 to;

	for (to = 0; to < world.config.hosts; to++)
		inner[number].pair[to].until[decision->round & 3] = inner[number].pair[to].sent;
	check_round(number, decision);
	check_others(number, decision->round);
	if (decision->outcome == LS_SYNC_HOLD ||
	    (decision->outcome == LS_SYNC_END && decision->why != LS_SYNC_WHY_TIME) ||
	    sync->phase == LS_SYNC_OVER)
		return;
	host->opened++;
	if (decision->start_ns > host->window.end_ns && number == 0)
		world.skips++;
	/* Time goes on, and passes nothing that is due here. */
	if (decision->start_ns < host->window.end_ns ||
	    (decision->start_ns > host->window.end_ns && !host->empty &&
	     host_earliest(&host->window) < decision->start_ns))
		host_broken("a window does not follow", number, decision->round);
	ls_window_agreed(&host->window, decision->start_ns, decision->end_ns);
}

const struct ls_sync_ops host_sync_ops = {
	.deliver = deliver, .room = room, .decided = decided, .silent = silent, .back = back,
};

/* What hosts do. */

static u32 sender; /* whose component runs */

static void send_out(const struct outgoing *message)
{
	struct inner *in = &inner[sender];
	const u32 to = message->to / PARTS;
	struct letter letter = { .arrival = message->arrival, .sequence = message->sequence,
				 .source = message->from, .bytes = message->bytes };
	u32 i;

	if (to != sender) {
		if (in->out_first + in->out_count == in->out_room) {
			in->out_room = in->out_room * 2 + 64;
			in->out = realloc(in->out, in->out_room * sizeof(*in->out));
		}
		in->out[in->out_first + in->out_count++] = *message;
		return;
	}
	for (i = 0; i < message->bytes; i++)
		letter.sum = letter.sum * 257 + model_byte(message->from, message->sequence, i);
	model_take(&in->part[message->to % PARTS], &letter);
	ls_window_message(&world.host[sender].window, &in->member[message->to % PARTS],
			  model_message(&in->part[message->to % PARTS]));
}

/* Returns whether all is on its way. */
static bool flush(u32 number)
{
	struct inner *in = &inner[number];
	struct world_host *host = &world.host[number];
	u8 bytes[BYTES];
	u32 i;

	while (in->out_count) {
		const struct outgoing *first = &in->out[in->out_first];
		const u32 to = first->to / PARTS;
		int said;

		for (i = 0; i < first->bytes; i++)
			bytes[i] = model_byte(first->from, first->sequence, i);
		said = ls_sync_send(&host->sync, world.now_ns, to,
				    first->from * 1024 + first->to, first->sequence,
				    first->arrival, bytes, first->bytes);
		if (said == LS_SYNC_FULL) {
			host->full++;
			return false;
		}
		if (said == LS_SYNC_SENT) {
			in->pair[to].sent++;
			world.messages++;
		} else if (!world.killed && host->sync.members >> to & 1) {
			host_broken("a message was refused", number, host->sync.round);
		}
		in->out_first++;
		in->out_count--;
	}
	in->out_first = 0;
	return true;
}

u64 host_earliest(const struct ls_window *window)
{
	return window->waiting ? window->heap[0]->due_ns : LS_TIME_NONE;
}

void host_pump(u32 number)
{
	struct world_host *host = &world.host[number];
	struct inner *in = &inner[number];
	u32 i;

	if (!flush(number))
		return;
	for (i = 0; i < PARTS; i++) {
		if (!in->finished[i])
			continue;
		in->finished[i] = false;
		if (ls_window_arrive(&host->window, &in->member[i], in->part[i].clock, in->next[i]))
			host_broken("a component is not through with its window", number, 0);
	}
	/* With nobody to run, a window may be over as soon as it has opened. */
	for (i = 0; i < 1000 && !host->window.running && host->sync.phase == LS_SYNC_RUNNING; i++)
		ls_sync_arrive(&host->sync, world.now_ns, host_earliest(&host->window));
}

void host_work(u32 number, u32 part)
{
	struct world_host *host = &world.host[number];
	struct inner *in = &inner[number];

	if (host->empty || in->member[part].state != LS_MEMBER_RUNNING)
		return;
	sender = number;
	in->next[part] = model_run(&in->part[part], &world.config, in->member[part].clock_ns,
				   host->window.end_ns, send_out, &world.broken);
	/* Those that have come are no events any more. */
	ls_window_message(&host->window, &in->member[part], model_message(&in->part[part]));
	in->finished[part] = true;
}

const struct world_round *world_round(u64 round)
{
	return &record[round];
}

void host_forget_rounds(void)
{
	if (recorded)
		memset(record, 0, recorded * sizeof(*record));
}
