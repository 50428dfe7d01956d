// SPDX-License-Identifier: GPL-2.0-only
/*
 * The protocol of sync/ keeps its promises in simulated networks of 2 to 64 hosts, whatever the
 * weather: no host is more than a window away from another, every message is there before a window
 * opens, once and in order, and components see the same in every weather. Without loss there are as
 * many packets as designed.
 *
 * Needs nothing: it runs on any machine, without the module.
 */
#include <stdio.h>

#include "ktap.h"
#include "sync_world.h"

#define WEATHERS 3

static const struct weather calm = { .seed = 1, .delay_ns = MS / 20, .work_ns = MS / 4 };

static struct world_config config_of(u32 hosts, u32 fanout, u64 seed)
{
	return (struct world_config){
		.hosts = hosts, .fanout = fanout, .window = 16, .seed = seed,
		.quantum_ns = 1000, .limit_ns = 100000, .talk = 400, .resend_ns = 4 * MS,
		.weather = calm,
	};
}

static const struct weather weathers[WEATHERS] = {
	{ .delay_ns = MS / 20, .jitter_ns = MS / 10, .loss = 50, .work_ns = MS },
	{ .delay_ns = MS / 20, .jitter_ns = MS, .twice = 300, .late = 100, .work_ns = MS },
	{ .delay_ns = MS, .jitter_ns = 3 * MS, .loss = 300, .twice = 200, .late = 50,
	  .work_ns = 6 * MS },
};

/* Returns the log, or 0 when it did not end well. */
static u64 run(struct world_config *config)
{
	u32 host;

	world_begin(config);
	/* Now and then there is no room where messages come. */
	for (host = 0; host < config->hosts; host += 3)
		world.host[host].refuses = config->weather.loss ? 50 : 0;
	if (world_run(600000 * MS) && world_over())
		return world_log() | 1;
	ktap_note("seed %llu, weather %llu: %s", config->seed, (u64)config->weather.seed,
		  world.broken ? world.broken : "it does not end");
	return 0;
}

static bool same_in_every_weather(u32 hosts, u32 fanout, u64 limit_ns, u32 seeds)
{
	u64 asked = 0, full = 0, packets = 0, messages = 0, rounds = 0, skips = 0;
	u32 seed, host, i;

	for (seed = 1; seed <= seeds; seed++) {
		struct world_config config = config_of(hosts, fanout, seed);
		u64 log;

		config.limit_ns = limit_ns;
		log = run(&config);
		if (!log)
			return false;
		messages += world.messages;
		rounds += world.rounds;
		skips += world.skips;
		for (i = 0; i < WEATHERS; i++) {
			config.weather = weathers[i];
			config.weather.seed = 97 * seed + i + 1;
			if (run(&config) != log) {
				ktap_note("seed %u, weather %u: another log", seed, i);
				return false;
			}
			packets += world.packets;
			for (host = 0; host < hosts; host++) {
				asked += world.host[host].sync.asked;
				full += world.host[host].full;
			}
		}
	}
	ktap_note("%u hosts: %llu rounds, %llu skips, %llu messages", hosts, rounds, skips,
		  messages);
	ktap_note("in bad weather %llu packets, %llu asked for, %llu times no room", packets, asked,
		  full);
	/* Else it says nothing about what it should. */
	return messages && asked && (hosts > 8 || (full && skips));
}

/* Without messages: windows alone, and the packets by which all learn of the end. */
static bool as_many_as_designed(u32 hosts, u32 fanout)
{
	struct world_config config = config_of(hosts, fanout, 5);
	u64 a_round = fanout ? 2 * (hosts - 1) : hosts * (hosts - 1);
	u64 last = fanout ? hosts - 1 : hosts * (hosts - 1), wanted;

	config.talk = 0;
	config.steady = true;
	/* Nobody is to be asked twice while one works. */
	config.resend_ns = 100 * MS;
	if (!run(&config))
		return false;
	wanted = world.rounds * a_round + last;
	ktap_note("%u hosts, %s: %llu rounds, %llu packets, %llu wanted", hosts,
		  fanout ? "a tree" : "all to all", world.rounds, world.packets, wanted);
	return world.packets == wanted && world.rounds > 20;
}

int main(void)
{
	u32 seeds = ktap_count(4, 60);

	ktap_plan(8);
	ktap_ok(same_in_every_weather(2, 0, 400000, seeds),
		"2 hosts see the same in every weather");
	ktap_ok(same_in_every_weather(3, 0, 400000, seeds),
		"3 hosts see the same in every weather");
	ktap_ok(same_in_every_weather(8, 0, 100000, seeds),
		"8 hosts see the same in every weather");
	ktap_ok(same_in_every_weather(7, 2, 100000, seeds),
		"7 hosts in a tree see the same in every weather");
	ktap_ok(same_in_every_weather(64, 4, 60000, ktap_count(1, 8)),
		"64 hosts in a tree see the same in every weather");
	ktap_ok(as_many_as_designed(2, 0) && as_many_as_designed(3, 0),
		"2 and 3 hosts send N - 1 packets each for a window");
	ktap_ok(as_many_as_designed(8, 0), "8 hosts send N - 1 packets each for a window");
	ktap_ok(as_many_as_designed(64, 4) && as_many_as_designed(9, 2),
		"9 and 64 hosts send 2 (N - 1) packets in all for a window");
	return ktap_end();
}
