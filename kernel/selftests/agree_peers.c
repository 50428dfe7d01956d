// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hosts that are silent, die, come again as another instance, leave, pause and end, and packets
 * that are not to be taken: what the protocol of sync/ makes of each.
 *
 * Needs nothing: it runs on any machine, without the module.
 */
#include "ktap.h"
#include "sync_world.h"

#define SECOND (1000 * MS)
#define LONG (600 * SECOND)

static struct world_config config_of(u32 hosts, u32 fanout)
{
	return (struct world_config){
		.hosts = hosts, .fanout = fanout, .window = 16, .seed = 3, .quantum_ns = 1000,
		.limit_ns = 200000, .talk = 400, .resend_ns = 4 * MS, .silent_ns = SECOND,
		.weather = { .seed = 9, .delay_ns = MS / 20, .jitter_ns = MS / 5, .loss = 50,
			     .twice = 50, .work_ns = MS },
	};
}

static bool is(u64 said, u64 wanted, const char *what)
{
	if (said != wanted)
		ktap_note("%s: %llu, not %llu", what, said, wanted);
	return said == wanted;
}

/* What is delivered where nothing happens to the hosts. */
static bool undisturbed(const struct world_config *config, u64 *log)
{
	bool ok;

	world_begin(config);
	ok = world_run(world.now_ns + LONG);
	*log = world_log();
	return ok;
}

static void cut(u32 host, bool off)
{
	u32 other;

	for (other = 0; other < world.config.hosts; other++) {
		if (other == host)
			continue;
		world.host[other].cut = off ? 1ULL << host : 0;
		world.host[host].cut = off ? world.host[host].cut | 1ULL << other : 0;
	}
}

/* The world stands still while a host is cut off for a minute, and then goes on as before. */
static bool silence(u32 hosts, u32 fanout, u32 who, u32 notices)
{
	const struct world_config config = config_of(hosts, fanout);
	u64 log, rounds, least = LS_TIME_NONE;
	bool ok;
	u32 i;

	ok = undisturbed(&config, &log);
	world_begin(&config);
	ok = ok && world_run(50 * MS);
	cut(who, true);
	ok = ok && world_run(world.now_ns + 5 * SECOND);
	rounds = world.rounds;
	ok = ok && is(world.host[notices].silent, 1, "told silent") &&
	     is(world.host[notices].silent_host, who, "who is silent") &&
	     is(world.host[notices].silent_for != LS_SYNC_NOTHING, 1, "what is waited for");
	ok = ok && world_run(world.now_ns + 60 * SECOND) && is(world.rounds, rounds, "rounds");
	for (i = 0; i < hosts; i++)
		if (world.host[i].sync.decision.round < least)
			least = world.host[i].sync.decision.round;
	ok = ok && is(least + 1 >= rounds, 1, "others within one window");
	cut(who, false);
	ok = ok && world_run(world.now_ns + LONG) && is(world_over(), 1, "it ends") &&
	     is(world.host[notices].back, 1, "told back") && is(world_log(), log, "the log");
	return ok;
}

/* The last round that any host that is there has decided: what a controller reads from them. */
static u64 furthest(void)
{
	u64 round = 0;
	u32 i;

	for (i = 0; i < world.config.hosts; i++)
		if (world.host[i].up && world.host[i].sync.decision.round > round)
			round = world.host[i].sync.decision.round;
	return round;
}

static bool admit(u32 who, u64 instance, u64 round)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < world.config.hosts; i++) {
		if (i == who || !world.host[i].up)
			continue;
		ok &= instance ? ls_sync_admit(world_take(i), world.now_ns, who, instance, round) :
				 ls_sync_drop(world_take(i), world.now_ns, who, round);
		world_put(i);
	}
	return ok;
}

/* It dies in the midst of things and is replaced, or done without. */
static bool restart(u32 hosts, u32 fanout, u32 who, u64 at, bool again)
{
	const struct world_config config = config_of(hosts, fanout);
	const u64 instance = 0x77770000 + who;
	const u32 other = who ? 0 : 1;
	u64 round, refused, rounds;
	u8 old[LS_SYNC_PACKET_MAX];
	size_t length;
	bool ok;

	world_begin(&config);
	ok = world_run(at);
	world_kill(who);
	memcpy(old, world_last_packet(who, other, &length), sizeof(old));
	/* Lost messages are sent until the session stands still. */
	ok = ok && world_run(world.now_ns + 5 * SECOND);
	round = furthest();
	if (!again) {
		ok = ok && is(admit(who, 0, round), 1, "dropped by all") &&
		     world_run(world.now_ns + LONG);
		return ok && is(world_over(), 1, "it ends without the dropped one");
	}
	world_restart(who, instance, round);
	ok = ok && world_run(world.now_ns + 5 * SECOND);
	rounds = world.rounds;
	refused = world.host[other].peer[who].refused[LS_SYNC_STRANGER];
	ok = ok && is(rounds, round, "rounds with an instance that nobody knows");
	/* In a tree it need not be a neighbour. */
	ok = ok && is(refused > 0 || fanout, 1, "its packets are counted");
	ok = ok && is(admit(who, instance, round), 1, "admitted by all");
	refused = world.host[other].peer[who].refused[LS_SYNC_STRANGER];
	if (length)
		world_inject(who, other, old, length);
	ok = ok && is(world.host[other].peer[who].refused[LS_SYNC_STRANGER],
		      refused + !!length, "a packet of the old instance is refused");
	ok = ok && is(ls_sync_admit(world_take(other), world.now_ns, who, 5, round + 7), 0,
		      "admission into another round");
	ok = ok && world_run(world.now_ns + LONG) && is(world_over(), 1, "it ends with it");
	return ok && is(world.host[who].sync.decision.round, world.rounds, "its rounds");
}

static bool restarts(bool again)
{
	bool ok = true;
	u64 at;

	/* At many times: with reports that only some have. */
	for (at = 20 * MS; ok && at < 60 * MS; at += ktap_count(3, 1) * MS / 2)
		ok = restart(3, 0, 1, at, again) && restart(5, 2, 0, at, again) &&
		     restart(7, 2, 1, at, again) && restart(5, 2, 4, at, again);
	return ok;
}

static bool all_decided(u64 round, enum ls_sync_outcome outcome, enum ls_sync_why why, u16 who)
{
	const struct world_round *at = world_round(round);

	return is(at->hosts, ~0ULL >> (64 - world.config.hosts), "hosts that decided it") &&
	       is(at->decision.outcome, outcome, "the outcome") &&
	       is(at->decision.why, why, "why") && is(at->decision.who, who, "who");
}

static bool pauses(u32 hosts, u32 fanout)
{
	const struct world_config config = config_of(hosts, fanout);
	u64 log, round;
	bool ok;

	ok = undisturbed(&config, &log);
	world_begin(&config);
	ok = ok && world_run(30 * MS);
	ls_sync_pause(world_take(hosts - 1), world.now_ns, true);
	world_put(hosts - 1);
	ok = ok && world_run(world.now_ns + SECOND);
	round = world.rounds;
	ok = ok && all_decided(round, LS_SYNC_HOLD, LS_SYNC_WHY_PAUSED, hosts - 1);
	/* Another one wishes it, too: it goes on when neither does. */
	ls_sync_pause(world_take(0), world.now_ns, true);
	world_put(0);
	ok = ok && world_run(world.now_ns + SECOND) &&
	     all_decided(++round, LS_SYNC_HOLD, LS_SYNC_WHY_PAUSED, 0);
	ls_sync_pause(world_take(hosts - 1), world.now_ns, false);
	world_put(hosts - 1);
	ok = ok && world_run(world.now_ns + 60 * SECOND) &&
	     all_decided(++round, LS_SYNC_HOLD, LS_SYNC_WHY_PAUSED, 0) &&
	     is(world.rounds, round, "rounds") && is(world.host[0].silent, 0, "told silent");
	ls_sync_pause(world_take(0), world.now_ns, false);
	world_put(0);
	ok = ok && world_run(world.now_ns + LONG) && is(world_over(), 1, "it ends") &&
	     all_decided(world.rounds, LS_SYNC_END, LS_SYNC_WHY_TIME, LS_SYNC_NOBODY);
	return ok && is(world_log(), log, "the log");
}

static bool stops(u32 hosts, u32 fanout)
{
	const struct world_config config = config_of(hosts, fanout);

	world_begin(&config);
	if (!world_run(30 * MS))
		return false;
	ls_sync_stop(world_take(1), world.now_ns);
	world_put(1);
	return world_run(world.now_ns + LONG) && is(world_over(), 1, "it ends") &&
	       all_decided(world.rounds, LS_SYNC_END, LS_SYNC_WHY_STOPPED, 1);
}

static bool leaves(u32 hosts, u32 fanout, u32 who)
{
	const struct world_config config = config_of(hosts, fanout);
	u64 round;
	bool ok;

	world_begin(&config);
	ok = world_run(30 * MS);
	ls_sync_leave(world_take(who), world.now_ns);
	world_put(who);
	ok = ok && world_run(world.now_ns + LONG) && is(world_over(), 1, "it ends");
	round = world.host[who].sync.decision.round;
	return ok && is(world_round(round)->decision.left, 1ULL << who, "who has left") &&
	       is(world.rounds > round + 20, 1, "the others go on") &&
	       is(world.host[!who].sync.decision.why, LS_SYNC_WHY_TIME, "and end in time");
}

static bool waits(u32 hosts, u32 fanout)
{
	struct world_config config = config_of(hosts, fanout);
	u64 round, last_ns;
	bool ok;

	config.waits = true;
	config.once = true;
	world_begin(&config);
	ok = world_run(SECOND);
	round = world.rounds;
	ok = ok && all_decided(round, LS_SYNC_HOLD, LS_SYNC_WHY_IDLE, LS_SYNC_NOBODY);
	last_ns = world_round(round)->decision.end_ns;
	/* The earlier one of two that come at once may not be passed. */
	world_wake(hosts - 1, last_ns + 5000);
	world_wake(0, last_ns + 3000);
	ok = ok && world_run(world.now_ns + SECOND) &&
	     all_decided(round + 1, LS_SYNC_OPEN, LS_SYNC_WHY_NONE, LS_SYNC_NOBODY);
	return ok && is(world_round(round + 1)->decision.start_ns, last_ns + 3000, "its start") &&
	       is(world.host[0].sync.phase, LS_SYNC_HELD, "and it holds again");
}

static bool shortest(void)
{
	struct world_config config = config_of(3, 0);
	u64 round, long_ones = 0, short_ones = 0;
	bool ok, mixed = false;

	world_begin(&config);
	ok = world_run(30 * MS);
	ls_sync_quantum(world_take(2), 300);
	ok = ok && world_run(world.now_ns + LONG) && is(world_over(), 1, "it ends");
	/* From some round on all windows but the last, which the end cuts, are short. */
	for (round = 1; round + 1 < world.rounds; round++) {
		const struct ls_sync_decision *at = &world_round(round)->decision;

		short_ones += at->end_ns - at->start_ns == 300;
		long_ones += at->end_ns - at->start_ns != 300;
		mixed |= short_ones && at->end_ns - at->start_ns != 300;
	}
	return ok && long_ones && short_ones && is(mixed, 0, "a longer one after that");
}

/* Whatever has been once is refused, and changes nothing. */
static bool replays(void)
{
	const struct world_config config = config_of(3, 0);
	struct ls_sync before;
	const u8 *packet;
	size_t length;
	u64 refused;
	bool ok;
	u32 i;

	world_begin(&config);
	ok = world_run(30 * MS);
	for (i = 0; ok && i < 200; i++) {
		ok = world_run(world.now_ns + MS / 10);
		packet = world_last_packet(1, 0, &length);
		world_inject(1, 0, packet, length);
		before = world.host[0].sync;
		refused = before.refused[LS_SYNC_REPLAYED];
		world_inject(1, 0, packet, length);
		before.refused[LS_SYNC_REPLAYED]++;
		ok = ok && is(world.host[0].sync.refused[LS_SYNC_REPLAYED], refused + 1,
			      "refused") &&
		     is(memcmp(&before, &world.host[0].sync, sizeof(before)), 0, "a change");
	}
	return ok;
}

int main(void)
{
	ktap_plan(9);
	ktap_ok(silence(3, 0, 2, 0) && silence(3, 0, 0, 2),
		"a silent host is named, all stand still, and go on when it is back");
	ktap_ok(silence(9, 2, 1, 0) && silence(9, 2, 0, 1) && silence(9, 2, 7, 3),
		"so it is in a tree, at its root, its middle and its leaves");
	ktap_ok(restarts(true),
		"a new instance is refused until it is admitted, and then takes part");
	ktap_ok(restarts(false), "a host that is dropped is done without");
	ktap_ok(pauses(3, 0) && pauses(9, 2), "all pause and go on with the same round");
	ktap_ok(stops(2, 0) && stops(9, 2), "all stop with the same round");
	ktap_ok(leaves(3, 0, 0) && leaves(9, 2, 0) && leaves(9, 2, 3) && leaves(2, 0, 1),
		"a host leaves and the others go on");
	ktap_ok(waits(3, 0) && waits(9, 2), "idle hosts wait, and begin at the earliest event");
	ktap_ok(shortest() && replays(), "the shortest window counts; what has been is refused");
	return ktap_end();
}
