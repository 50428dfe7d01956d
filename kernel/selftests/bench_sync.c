// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_sync HOSTS HOST ADDRESS WINDOWS: one of several hosts of a session, each with a kernel of
 * its own and one modelled component, which arrives at the end of every window. It says
 *
 *	PORT INSTANCE
 *
 * where it listens at ADDRESS (IPv4), and is told on standard input, a line each: the session's
 * uuid, its key (64 hexadecimal digits), and for each other host, in the order of their numbers,
 *
 *	ADDRESS PORT INSTANCE
 *
 * Then it says what a window costs, in ns of wall time, and how many packets it has sent for each,
 * and ends when its standard input does: so long others may want to hear from it. Needs:
 * livestack_sync.ko; root.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster.h"
#include "control.h"
#include "host_clock.h"
#include "model.h"

#define QUANTUM 1000000
#define WARM 50 /* windows before the first that counts */

static struct {
	unsigned int hosts, host;
	uint64_t windows;
	struct in_addr address;
	uint32_t session;
	char uuid[37];
	uint8_t key[LIVESTACK_KEY_BYTES];
} own;

static bool read_key(void)
{
	char digits[2 * LIVESTACK_KEY_BYTES + 1];
	unsigned int i;

	if (scanf("%36s %64s", own.uuid, digits) != 2)
		return false;
	for (i = 0; i < LIVESTACK_KEY_BYTES; i++)
		if (sscanf(&digits[2 * i], "%2hhx", &own.key[i]) != 1)
			return false;
	return true;
}

static bool listens(void)
{
	const struct cluster_share share = {
		.session = own.session, .hosts = own.hosts, .host = own.host, .uuid = own.uuid,
		.key = own.key, .key_length = sizeof(own.key),
		.address = &own.address, .address_length = sizeof(own.address),
	};
	uint64_t instance;
	uint16_t port;

	if (cluster_share(&share, &port, &instance))
		return false;
	printf("%u %llu\n", port, (unsigned long long)instance);
	fflush(stdout);
	return true;
}

static bool meets(unsigned int host)
{
	struct in_addr address;
	unsigned long long instance;
	uint16_t port;
	char text[16];

	if (scanf("%15s %hu %llu", text, &port, &instance) != 3 || !inet_aton(text, &address))
		return false;
	return !cluster_meet(own.session, host, &address, sizeof(address), port, instance) &&
	       !cluster_remote(own.session, host, host);
}

static bool prepares(void)
{
	unsigned int host;

	own.session = control_session(QUANTUM, 0);
	if (!own.session || control_component(own.session, own.host, LIVESTACK_KIND_MODEL) ||
	    !read_key() || !listens())
		return false;
	for (host = 0; host < own.hosts; host++)
		if (host != own.host && !meets(host))
			return false;
	return true;
}

static uint64_t packets_out(void)
{
	struct nl_message message;
	struct nl_answer answer;
	uint64_t packets = 0;
	uint16_t host;

	for (host = 0; host < own.hosts; host++) {
		if (host == own.host)
			continue;
		control_start(&message, LIVESTACK_CMD_PEER_GET);
		nl_add(&message, LIVESTACK_A_PEER_SESSION, &own.session, 4);
		nl_add(&message, LIVESTACK_A_PEER_HOST, &host, 2);
		if (!control_ask(&message, &answer))
			packets += nl_u64(&answer, LIVESTACK_A_PEER_PACKETS_OUT);
	}
	return packets;
}

static bool measures(void)
{
	uint64_t i, packets = 0;
	double begun = 0, cost;
	struct model model;
	int error = model_join(&model, own.session, own.host, 0);

	error = error ?: -control_state(own.session, LIVESTACK_STATE_RUNNING);
	for (i = 1; !error && i <= WARM + own.windows; i++) {
		error = model_wait(&model, i * QUANTUM);
		if (i == WARM) {
			packets = packets_out();
			begun = time_of(CLOCK_MONOTONIC);
		}
	}
	cost = (time_of(CLOCK_MONOTONIC) - begun) / own.windows;
	if (error)
		return false;
	printf("%.1f %.3f\n", cost, (double)(packets_out() - packets) / own.windows);
	fflush(stdout);
	while (getchar() != EOF)
		;
	model_leave(&model);
	return true;
}

int main(int argc, char *argv[])
{
	bool ok;

	if (argc != 5 || !inet_aton(argv[3], &own.address)) {
		fprintf(stderr, "usage: %s HOSTS HOST ADDRESS WINDOWS\n", argv[0]);
		return 2;
	}
	own.hosts = strtoul(argv[1], NULL, 0);
	own.host = strtoul(argv[2], NULL, 0);
	own.windows = strtoull(argv[4], NULL, 0);
	ok = own.windows && own.host < own.hosts && control_open() && prepares() && measures();
	if (!ok)
		fprintf(stderr, "%s: no windows: is livestack_sync.ko loaded, is this root?\n",
			argv[0]);
	control_state(own.session, LIVESTACK_STATE_STOPPED);
	control_delete(own.session);
	return !ok;
}
