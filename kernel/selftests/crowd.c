// SPDX-License-Identifier: GPL-2.0-only

#include "crowd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "chance.h"
#include "cluster.h"
#include "device.h"

#define NONE LIVESTACK_TIME_NONE
#define GAP 700000 /* between two events of one, in the mean */
#define LONGEST 60000

uint16_t crowd_link(uint16_t a, uint16_t b)
{
	return a < b ? a * CROWD_MAX + b : b * CROWD_MAX + a;
}

uint64_t crowd_latency(uint16_t link)
{
	return CROWD_LATENCY + link % 5 * 333333;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	a = (a ^ b) * 0x9e3779b97f4a7c15ULL;
	return a ^ a >> 29;
}

static uint64_t hash_of(const uint8_t *bytes, uint32_t length)
{
	uint64_t hash = length;
	uint32_t i;

	for (i = 0; i < length; i++)
		hash = hash * 257 + bytes[i];
	return hash;
}

static void send_one(struct crowd_member *own, uint64_t clock)
{
	static const uint32_t longest[] = { 1, 100, 1500, 3000, LONGEST };
	uint8_t bytes[LONGEST];
	/* Long ones are rare. */
	const uint32_t kind = chance_of(&own->random, 40) ? chance_of(&own->random, 4) : 4;
	const uint32_t length = chance_of(&own->random, longest[kind]);
	uint16_t to = chance_of(&own->random, own->crowd->count - 1);
	uint64_t seed = own->random;
	uint32_t i;
	int said;

	to += to >= own->id;
	for (i = 0; i < length; i++)
		bytes[i] = chance_of(&seed, 256);
	said = device_send(own->fd, crowd_link(own->id, to), clock, bytes, length, NULL);
	if (said && said != ESHUTDOWN)
		own->broken = strerror(said);
	own->sent++;
}

static void receive_all(struct crowd_member *own, uint64_t clock)
{
	uint8_t bytes[LONGEST];
	struct livestack_recv recv;

	while (!device_recv(own->fd, bytes, sizeof(bytes), &recv)) {
		if (recv.arrival_ns != clock)
			own->broken = "a message was received at another time than it arrived at";
		if (recv.arrival_ns - recv.send_ns != crowd_latency(recv.link))
			own->broken = "a message has taken another time than its link does";
		own->log = mix(own->log, recv.arrival_ns);
		own->log = mix(own->log, recv.source);
		own->log = mix(own->log, recv.sequence);
		own->log = mix(own->log, hash_of(bytes, recv.length));
		own->received++;
		/* An answer, now and then. */
		if (!chance_of(&own->random, 5))
			send_one(own, clock);
	}
}

static void *run(void *data)
{
	struct crowd_member *own = data;
	uint64_t clock = 0, next = 1 + chance_of(&own->random, 2 * GAP);

	for (;;) {
		own->error = device_wait(own->fd, &clock, next, NULL);
		if (own->error)
			break;
		receive_all(own, clock);
		if (clock < next)
			continue;
		if (!own->crowd->quiet)
			send_one(own, clock);
		/* Sometimes all of them have nothing to do for a while. */
		next = clock + 1 + chance_of(&own->random, chance_of(&own->random, 8) ? 2 * GAP :
										      30 * GAP);
	}
	close(own->fd);
	return NULL;
}

bool crowd_begin(struct crowd *crowd, const uint32_t *session)
{
	unsigned int i;

	for (i = 0; i < crowd->count; i++) {
		struct crowd_member *own = &crowd->member[i];

		*own = (struct crowd_member){ .crowd = crowd, .id = i };
		own->random = mix(crowd->seed + 1, i + 77) | 1;
		own->fd = device_join(session[i], i, 0);
		if (own->fd < 0) {
			printf("# component %u cannot join: %s\n", i, strerror(errno));
			return false;
		}
	}
	for (i = 0; i < crowd->count; i++)
		pthread_create(&crowd->member[i].thread, NULL, run, &crowd->member[i]);
	return true;
}

bool crowd_settle(struct crowd *crowd, struct cluster *cluster)
{
	const unsigned int hosts = cluster->config.hosts;
	uint32_t session[CROWD_MAX];
	bool ok = true;
	uint16_t a, b;

	for (a = 0; a < crowd->count; a++) {
		session[a] = cluster->session[a % hosts];
		ok = ok && cluster_component(cluster, a % hosts, a);
	}
	for (a = 0; a < crowd->count; a++)
		for (b = a + 1; b < crowd->count; b++)
			ok = ok && cluster_link(cluster, crowd_link(a, b), a, a % hosts, b,
						b % hosts, crowd_latency(crowd_link(a, b)));
	return ok && crowd_begin(crowd, session) && cluster_state(cluster, LIVESTACK_STATE_RUNNING);
}

bool crowd_end(struct crowd *crowd)
{
	bool ok = true;
	unsigned int i;

	for (i = 0; i < crowd->count; i++) {
		struct crowd_member *own = &crowd->member[i];

		pthread_join(own->thread, NULL);
		if (own->error != ESHUTDOWN)
			own->broken = strerror(own->error);
		if (own->broken)
			printf("# component %u: %s\n", i, own->broken);
		ok = ok && !own->broken;
	}
	return ok;
}
