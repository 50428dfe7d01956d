// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session that several hosts share: what comes of it is the same as on one host, to the
 * nanosecond and the byte, whatever the network between them does to packets.
 *
 * All hosts are this one, which has a session for each: they agree by UDP over loopback.
 * Needs: livestack.ko and livestack_sync.ko loaded; root.
 */
#include "cluster.h"
#include "control.h"
#include "crowd.h"
#include "ktap.h"

#include <unistd.h>

#define MS 1000000ULL
#define PARTS 6
#define QUANTUM (1 * MS)

static const uint64_t seed = 20261127;
static uint64_t end_ns;

struct outcome {
	uint64_t log[PARTS], received;
	bool ok;
};

static bool same(const struct outcome *a, const struct outcome *b)
{
	unsigned int i;

	for (i = 0; i < PARTS; i++)
		if (a->log[i] != b->log[i])
			ktap_note("component %u has received other messages", i);
	return !memcmp(a->log, b->log, sizeof(a->log)) && a->received == b->received && a->received;
}

static void take(struct outcome *outcome, const struct crowd *crowd)
{
	unsigned int i;

	for (i = 0; i < PARTS; i++) {
		outcome->log[i] = crowd->member[i].log;
		outcome->received += crowd->member[i].received;
	}
}

static struct outcome on_one_host(void)
{
	struct crowd crowd = { .count = PARTS, .seed = seed };
	const uint32_t session = control_session(QUANTUM, end_ns);
	uint32_t sessions[PARTS];
	struct outcome outcome = { .ok = session };
	uint16_t a, b;

	for (a = 0; a < PARTS; a++) {
		sessions[a] = session;
		outcome.ok &= !control_component(session, a, LIVESTACK_KIND_MODEL);
	}
	for (a = 0; a < PARTS; a++)
		for (b = a + 1; b < PARTS; b++)
			outcome.ok &= !control_link(session, crowd_link(a, b), a, b,
						    crowd_latency(crowd_link(a, b)));
	outcome.ok = outcome.ok && crowd_begin(&crowd, sessions) &&
		     !control_state(session, LIVESTACK_STATE_RUNNING) && crowd_end(&crowd);
	take(&outcome, &crowd);
	ktap_note("on one host: %llu messages", (unsigned long long)outcome.received);
	return outcome;
}

/* While it runs no host is more than a window away from another, by the count of windows. */
static bool looks(struct cluster *cluster)
{
	const unsigned int hosts = cluster->config.hosts;
	uint64_t before, others, after;
	unsigned int host;

	before = cluster_says(cluster, 0, LIVESTACK_A_SESSION_WINDOWS);
	for (host = 1; host < hosts; host++) {
		others = cluster_says(cluster, host, LIVESTACK_A_SESSION_WINDOWS);
		after = cluster_says(cluster, 0, LIVESTACK_A_SESSION_WINDOWS);
		if (others + 1 < before || others > after + 1) {
			ktap_note("host %u in window %llu, host 0 between %llu and %llu", host,
				  (unsigned long long)others, (unsigned long long)before,
				  (unsigned long long)after);
			return false;
		}
		before = after;
	}
	return true;
}

static bool near(struct cluster *cluster)
{
	unsigned int looked = 0;
	bool ok = true;

	while (ok && cluster_says(cluster, 0, LIVESTACK_A_SESSION_STATE) !=
			     LIVESTACK_STATE_STOPPED) {
		ok = looks(cluster);
		looked++;
		usleep(1000);
	}
	ktap_note("looked %u times", looked);
	return ok;
}

/* What was sent over each link is what has become of it, by the counts of both its hosts. */
static bool adds_up(struct cluster *cluster)
{
	const unsigned int hosts = cluster->config.hosts;
	struct nl_answer from, to;
	bool ok = true;
	uint16_t a, b;

	for (a = 0; a < PARTS; a++)
		for (b = a + 1; b < PARTS; b++) {
			const int way = LIVESTACK_A_LINK_TO_B;
			const uint16_t link = crowd_link(a, b);
			uint64_t sent, received, dropped, queued;

			if (control_get_link(cluster->session[a % hosts], link, &from) ||
			    control_get_link(cluster->session[b % hosts], link, &to))
				return false;
			sent = control_way(&from, way, LIVESTACK_A_DIRECTION_SENT);
			received = control_way(&from, way, LIVESTACK_A_DIRECTION_RECEIVED);
			dropped = control_way(&from, way, LIVESTACK_A_DIRECTION_DROPPED);
			queued = control_way(&from, way, LIVESTACK_A_DIRECTION_QUEUED);
			ok = ok && sent == received + dropped + queued &&
			     !control_way(&to, way, LIVESTACK_A_DIRECTION_LATE) &&
			     received <= control_way(&to, way, LIVESTACK_A_DIRECTION_RECEIVED);
		}
	return ok;
}

static void note_packets(struct cluster *cluster)
{
	static const unsigned int counts[] = {
		LIVESTACK_A_PEER_PACKETS_OUT, LIVESTACK_A_PEER_RESENT, LIVESTACK_A_PEER_FORGED,
	};
	uint64_t sums[3] = { 0 };
	unsigned int host, peer, i;

	for (host = 0; host < cluster->config.hosts; host++)
		for (peer = 0; peer < cluster->config.hosts; peer++)
			for (i = 0; i < 3 && host != peer; i++)
				sums[i] += cluster_peer(cluster, host, peer, counts[i]);
	ktap_note("%llu windows, %llu packets, %llu pieces again, %llu forged",
		  (unsigned long long)cluster_says(cluster, 0, LIVESTACK_A_SESSION_WINDOWS),
		  (unsigned long long)sums[0], (unsigned long long)sums[1],
		  (unsigned long long)sums[2]);
}

static struct outcome shared(struct cluster *cluster, const struct cluster_config *config,
			     const struct cluster_weather *weather)
{
	struct crowd crowd = { .count = PARTS, .seed = seed };
	struct outcome outcome = { 0 };

	if (!cluster_open(cluster, config))
		return outcome;
	if (weather)
		*cluster->weather = *weather;
	if (!crowd_settle(&crowd, cluster))
		return outcome;
	outcome.ok = near(cluster);
	outcome.ok = crowd_end(&crowd) && outcome.ok && adds_up(cluster);
	take(&outcome, &crowd);
	note_packets(cluster);
	return outcome;
}

static void point(const struct outcome *wanted, const struct cluster_config *config,
		  const struct cluster_weather *weather, const char *name)
{
	struct cluster cluster;
	struct outcome outcome = shared(&cluster, config, weather);
	bool ok = outcome.ok && same(&outcome, wanted);

	ktap_ok(cluster_close(&cluster) && ok, name);
}

int main(void)
{
	const char *missing = cluster_missing();
	const struct cluster_weather bad = {
		.lost = 50, .twice = 50, .changed = 20, .delay_us = 2000,
	};
	struct cluster_config config = {
		.hosts = 2, .quantum_ns = QUANTUM, .mode = LIVESTACK_MODE_STRICT, .direct = true,
	};
	struct outcome wanted;

	if (missing)
		return ktap_skip_all(missing);
	ktap_plan(6);
	end_ns = ktap_count(200, 5000) * MS;
	config.end_ns = end_ns;
	wanted = on_one_host();
	ktap_ok(wanted.ok && wanted.received, "six components alone on one host");
	point(&wanted, &config, NULL, "the same on two hosts");
	config.hosts = 3;
	config.ipv6 = true;
	point(&wanted, &config, NULL, "the same on three hosts, over IPv6");
	config.direct = false;
	point(&wanted, &config, &bad,
	      "the same with packets lost, twice, changed, delayed and in another order");
	config.hosts = 6;
	config.fanout = 2;
	point(&wanted, &config, NULL, "the same on six hosts in a tree");
	point(&wanted, &config, &bad, "the same in a tree in bad weather");
	return ktap_end();
}
