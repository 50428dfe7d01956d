// SPDX-License-Identifier: GPL-2.0-only

#include "sync_model.h"

#include <stdlib.h>

#include "chance.h"

static u64 mix(u64 a, u64 b)
{
	a = (a ^ b) * 0x9e3779b97f4a7c15ULL;
	return a ^ a >> 29;
}

void model_begin(struct part *part, u32 number, const struct world_config *config)
{
	const u32 parts = config->hosts * PARTS;
	u32 i;

	*part = (struct part){ .number = number };
	part->seed = mix(config->seed + 1, number + 77) | 1;
	for (i = 0; i < LINKS; i++) {
		/* To another host, but for every fourth, which may stay here. */
		u32 to = chance_of(&part->seed, parts);

		while (to == number || (i && to / PARTS == number / PARTS))
			to = chance_of(&part->seed, parts);
		part->link[i].to = to;
		part->link[i].latency = config->quantum_ns +
					chance_of(&part->seed, 3 * config->quantum_ns);
	}
	part->timer = 0;
	if (!config->once && !config->steady)
		part->timer = chance_of(&part->seed, 4 * config->quantum_ns);
}

static bool before(const struct letter *a, const struct letter *b)
{
	if (a->arrival != b->arrival)
		return a->arrival < b->arrival;
	if (a->source != b->source)
		return a->source < b->source;
	return a->sequence < b->sequence;
}

u64 model_message(const struct part *part)
{
	return part->queued ? part->queue[0].arrival : LS_TIME_NONE;
}

bool model_take(struct part *part, const struct letter *letter)
{
	u32 at = part->queued++;

	if (part->queued > part->room) {
		part->room = 2 * part->room + 16;
		part->queue = realloc(part->queue, part->room * sizeof(*part->queue));
	}
	for (; at && before(letter, &part->queue[(at - 1) / 2]); at = (at - 1) / 2)
		part->queue[at] = part->queue[(at - 1) / 2];
	part->queue[at] = *letter;
	return letter->arrival >= part->clock;
}

static struct letter take_first(struct part *part)
{
	const struct letter first = part->queue[0], last = part->queue[--part->queued];
	u32 at = 0;

	for (;;) {
		u32 child = 2 * at + 1;

		if (child >= part->queued)
			break;
		if (child + 1 < part->queued &&
		    before(&part->queue[child + 1], &part->queue[child]))
			child++;
		if (!before(&part->queue[child], &last))
			break;
		part->queue[at] = part->queue[child];
		at = child;
	}
	if (part->queued)
		part->queue[at] = last;
	return first;
}

u8 model_byte(u32 source, u64 sequence, u32 at)
{
	return source * 131 + sequence * 31 + at * 7;
}

static void send_some(struct part *part, const struct world_config *config, u64 now,
		      void (*send)(const struct outgoing *message))
{
	bool talks = chance_of(&part->seed, 1000) < config->talk;
	u32 most = talks ? 1 + chance_of(&part->seed, 3) : 0;
	/* Now and then more than finds room under way. */
	u32 count = most == 3 && !chance_of(&part->seed, 20) ? 30 : most;

	for (; count; count--) {
		u32 i = chance_of(&part->seed, LINKS);
		u64 arrival = now + part->link[i].latency + chance_of(&part->seed, 5);

		/* No message of a link overtakes another one. */
		if (arrival < part->link[i].arrival)
			arrival = part->link[i].arrival;
		part->link[i].arrival = arrival;
		send(&(struct outgoing){
			.from = part->number, .to = part->link[i].to, .arrival = arrival,
			.bytes = chance_of(&part->seed, 8) ? chance_of(&part->seed, 60) :
							     chance_of(&part->seed, BYTES + 1),
			.sequence = part->sequence++,
		});
	}
}

static void on_message(struct part *part, const struct world_config *config,
		       void (*send)(const struct outgoing *message), const char **broken)
{
	const struct letter letter = take_first(part);

	if (part->arrived++ && !before(&part->last, &letter))
		*broken = "a component's messages came twice or out of their order";
	if (letter.arrival < part->clock)
		*broken = "a message came late";
	part->last = letter;
	part->clock = letter.arrival;
	part->log = mix(part->log, letter.arrival);
	part->log = mix(part->log, letter.source);
	part->log = mix(part->log, letter.sequence);
	part->log = mix(part->log, letter.sum ^ (u64)letter.bytes << 32);
	/* Fewer answers than questions, or there would be ever more. */
	if (!chance_of(&part->seed, 6))
		send_some(part, config, part->clock, send);
}

static void on_timer(struct part *part, const struct world_config *config,
		     void (*send)(const struct outgoing *message))
{
	part->clock = part->timer;
	part->log = mix(part->log, part->timer);
	send_some(part, config, part->clock, send);
	if (config->steady) {
		part->timer += config->quantum_ns;
		return;
	}
	/* Often within the window, sometimes so late that all are idle. */
	part->timer += 1 + chance_of(&part->seed, chance_of(&part->seed, 4) ?
					   3 * config->quantum_ns : 40 * config->quantum_ns);
	if (config->once)
		part->timer = LS_TIME_NONE;
}

u64 model_run(struct part *part, const struct world_config *config, u64 clock, u64 end,
	      void (*send)(const struct outgoing *message), const char **broken)
{
	if (clock < part->clock)
		*broken = "a component's clock went back";
	for (;;) {
		u64 message = model_message(part);

		if (message >= end && part->timer >= end)
			break;
		if (message <= part->timer)
			on_message(part, config, send, broken);
		else
			on_timer(part, config, send);
	}
	part->clock = end;
	return part->timer;
}
