// SPDX-License-Identifier: GPL-2.0-only

#include "sync_world.h"

#include <stdlib.h>

#include "sync_host.h"
#include "sync_net.h"

struct world world;

u64 world_instance(u32 host)
{
	return 0x1000 + host;
}

static void begin_host(u32 number, u64 instance, const struct ls_sync_decision *decided)
{
	const struct world_config *config = &world.config;
	struct world_host *host = &world.host[number];
	struct inner *in = &inner[number];
	u32 to;

	memset(&host->sync, 0, sizeof(host->sync));
	memset(host->peer, 0, sizeof(host->peer));
	host->sync.config = (struct ls_sync_config){
		.session = "a session's name", .hosts = config->hosts, .self = number,
		.fanout = config->fanout, .to_the_end = !config->waits,
		.window = config->window, .measures = true, .instance = instance,
		.quantum_ns = config->quantum_ns, .limit_ns = config->limit_ns,
		.decided = *decided, .resend_ns = config->resend_ns,
		.resend_max_ns = 16 * config->resend_ns, .silent_ns = config->silent_ns,
		.linger_ns = 2000 * MS,
	};
	host->sync.ops = &host_sync_ops;
	host->sync.peer = host->peer;
	for (to = 0; to < config->hosts; to++) {
		struct ls_sync_slot *slots = in->slots + to * 2 * config->window;

		ls_sync_stream_init(&host->peer[to].stream, config->window, slots,
				    slots + config->window);
		host->peer[to].instance = world_instance(to);
	}
	ls_window_init(&host->window, config->quantum_ns, config->limit_ns, &host_window_ops);
	host->window.heap = in->heap;
	host->window.shared = true;
	host->window.to_the_end = !config->waits;
	host->window.end_ns = decided->end_ns;
	ls_window_resume(&host->window);
	host->up = true;
	ls_sync_init(&host->sync);
}

static void begin_parts(u32 number)
{
	struct inner *in = &inner[number];
	u32 i;

	for (i = 0; i < PARTS; i++) {
		model_begin(&in->part[i], number * PARTS + i, &world.config);
		ls_window_join(&world.host[number].window, &in->member[i]);
	}
}

static void end(void)
{
	u32 host, i;

	for (host = 0; host < world.config.hosts; host++) {
		for (i = 0; i < PARTS; i++)
			free(inner[host].part[i].queue);
		free(inner[host].out);
		free(inner[host].slots);
	}
	free(world.host);
	free(inner);
	net_begin();
	host_forget_rounds();
}

void world_begin(const struct world_config *config)
{
	u32 host;

	end();
	world = (struct world){ .config = *config };
	world.host = calloc(config->hosts, sizeof(*world.host));
	inner = calloc(config->hosts, sizeof(*inner));
	for (host = 0; host < config->hosts; host++) {
		inner[host].timer = LS_TIME_NONE;
		inner[host].slots = calloc(config->hosts * 2 * config->window,
					   sizeof(*inner[host].slots));
		begin_host(host, world_instance(host), &(struct ls_sync_decision){});
		begin_parts(host);
	}
	/* They become ready at different times. */
	for (host = 0; host < config->hosts; host++)
		net_add(host * MS / 10, EVENT_TIMER, host, 0);
}

void world_kill(u32 host)
{
	world.host[host].up = false;
	world.killed = true;
}

void world_restart(u32 host, u64 instance, u64 round)
{
	memset(inner[host].pair, 0, sizeof(inner[host].pair));
	memset(inner[host].finished, 0, sizeof(inner[host].finished));
	inner[host].out_count = 0;
	inner[host].out_first = 0;
	world.host[host].empty = true;
	begin_host(host, instance, &world_round(round)->decision);
	world_put(host);
}

void world_wake(u32 host, u64 at_ns)
{
	ls_window_wake(&world.host[host].window, &inner[host].member[0], at_ns);
	inner[host].part[0].timer = at_ns;
	ls_sync_arrive(world_take(host), world.now_ns, host_earliest(&world.host[host].window));
	world_put(host);
}

const u8 *world_last_packet(u32 from, u32 to, size_t *length)
{
	*length = inner[from].pair[to].last_length;
	return inner[from].pair[to].last;
}

u64 world_log(void)
{
	u64 log = 0;
	u32 host, i;

	for (host = 0; host < world.config.hosts; host++)
		for (i = 0; i < PARTS; i++)
			log = (log ^ inner[host].part[i].log) * 0x9e3779b97f4a7c15ULL + 1;
	return log;
}

struct ls_sync *world_take(u32 host)
{
	return &world.host[host].sync;
}

void world_put(u32 number)
{
	struct world_host *host = &world.host[number];
	u8 packet[LS_SYNC_PACKET_MAX];
	size_t length;
	u64 timer;
	u16 to;

	host_pump(number);
	while ((length = ls_sync_pull(&host->sync, world.now_ns, packet, &to))) {
		struct pair *pair = &inner[number].pair[to];

		if (length > sizeof(packet))
			host_broken("a packet is too long", number, 0);
		memcpy(pair->last, packet, length);
		pair->last_length = length;
		net_send(number, to, packet, length);
	}
	timer = ls_sync_timer(&host->sync);
	if (timer < inner[number].timer) {
		inner[number].timer = timer;
		net_add(timer > world.now_ns ? timer : world.now_ns, EVENT_TIMER, number, 0);
	}
}

static void take_packet(const struct event *event)
{
	struct world_host *host = &world.host[event->host];
	struct ls_sync_header header;

	if (host->cut >> event->arg & 1)
		return;
	if (ls_sync_look(&host->sync, event->packet, event->length, &header) == LS_SYNC_TAKEN)
		ls_sync_receive(&host->sync, world.now_ns, &header,
				event->packet + LS_SYNC_HEADER, event->length - LS_SYNC_HEADER);
}

static void take(const struct event *event)
{
	struct world_host *host = &world.host[event->host];

	if (event->kind == EVENT_TIMER)
		inner[event->host].timer = LS_TIME_NONE;
	if (!host->up)
		return;
	switch (event->kind) {
	case EVENT_PACKET:
		take_packet(event);
		break;
	case EVENT_WORK:
		host_work(event->host, event->arg);
		break;
	case EVENT_TIMER:
		ls_sync_tick(&host->sync, world.now_ns);
		break;
	case EVENT_DRAIN:
		ls_sync_drain(&host->sync, world.now_ns, event->arg);
		break;
	}
	world_put(event->host);
}

bool world_over(void)
{
	u32 host;

	for (host = 0; host < world.config.hosts; host++)
		if (world.host[host].up && !ls_sync_done(&world.host[host].sync))
			return false;
	return true;
}

bool world_run(u64 until_ns)
{
	struct event event;

	while (!world.broken && !world_over() && net_next_at() <= until_ns) {
		if (!net_next(&event))
			break;
		world.now_ns = event.at;
		take(&event);
		free(event.packet);
	}
	if (!world_over() && !world.broken && until_ns != LS_TIME_NONE)
		world.now_ns = until_ns;
	return !world.broken;
}

void world_inject(u32 from, u32 to, const u8 *packet, size_t length)
{
	struct event event = { .kind = EVENT_PACKET, .host = to, .arg = from, .length = length };

	event.packet = malloc(length);
	memcpy(event.packet, packet, length);
	take(&event);
	free(event.packet);
}
