// SPDX-License-Identifier: GPL-2.0-only

#include "sync_net.h"

#include <stdlib.h>

#include "chance.h"

static struct {
	struct event *heap;
	size_t count, room;
	u64 order;
} net;

static bool before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void net_begin(void)
{
	while (net.count)
		free(net.heap[--net.count].packet);
	net.order = 0;
}

static void add(const struct event *event)
{
	size_t at = net.count++;

	if (net.count > net.room) {
		net.room = net.room * 2 + 256;
		net.heap = realloc(net.heap, net.room * sizeof(*net.heap));
	}
	for (; at && before(event, &net.heap[(at - 1) / 2]); at = (at - 1) / 2)
		net.heap[at] = net.heap[(at - 1) / 2];
	net.heap[at] = *event;
}

void net_add(u64 at, enum event_kind kind, u32 host, u32 arg)
{
	const struct event event = {
		.at = at, .order = net.order++, .kind = kind, .host = host, .arg = arg,
	};

	add(&event);
}

u64 net_next_at(void)
{
	return net.count ? net.heap[0].at : LS_TIME_NONE;
}

bool net_next(struct event *event)
{
	const struct event *last;
	size_t at = 0;

	if (!net.count)
		return false;
	*event = net.heap[0];
	last = &net.heap[--net.count];
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= net.count)
			break;
		if (child + 1 < net.count && before(&net.heap[child + 1], &net.heap[child]))
			child++;
		if (!before(&net.heap[child], last))
			break;
		net.heap[at] = net.heap[child];
		at = child;
	}
	net.heap[at] = *last;
	return true;
}

static void carry(u32 from, u32 to, const u8 *packet, size_t length, u64 delay)
{
	const struct event event = {
		.at = world.now_ns + delay, .order = net.order++, .kind = EVENT_PACKET,
		.host = to, .arg = from, .packet = malloc(length), .length = length,
	};

	memcpy(event.packet, packet, length);
	add(&event);
}

static u64 delay(struct weather *weather)
{
	u64 took = weather->delay_ns;

	if (weather->jitter_ns)
		took += chance_of(&weather->seed, weather->jitter_ns);
	/* As if it had waited somewhere: many others overtake it. */
	if (chance_of(&weather->seed, 1000) < weather->late)
		took += chance_of(&weather->seed, 50) * MS;
	return took;
}

void net_send(u32 from, u32 to, const u8 *packet, size_t length)
{
	struct weather *weather = &world.config.weather;

	world.packets++;
	if (chance_of(&weather->seed, 1000) < weather->loss) {
		world.lost++;
		return;
	}
	carry(from, to, packet, length, delay(weather));
	if (chance_of(&weather->seed, 1000) < weather->twice)
		carry(from, to, packet, length, delay(weather));
}
