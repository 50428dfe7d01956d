// SPDX-License-Identifier: GPL-2.0-only

#include "network.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "chance.h"
#include "host_clock.h"

#define WAITING 4096
#define KEPT 64

struct packet {
	uint64_t at_ns;
	unsigned int to, length;
	uint8_t bytes[1500];
};

struct network {
	struct cluster *cluster;
	pthread_t thread;
	bool ends;
	int fd[CLUSTER_MAX];
	uint16_t port[CLUSTER_MAX];
	struct packet waiting[WAITING], kept[KEPT];
	unsigned int count, kept_count;
	uint64_t seed;
};

static socklen_t loopback(bool ipv6, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in *in = (void *)address;
	struct sockaddr_in6 *in6 = (void *)address;

	memset(address, 0, sizeof(*address));
	if (ipv6) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		in6->sin6_addr.s6_addr[15] = 1;
		return sizeof(*in6);
	}
	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof(*in);
}

static void pass_on(struct network *network, const struct packet *packet)
{
	struct sockaddr_storage address;
	socklen_t length = loopback(network->cluster->config.ipv6, network->port[packet->to],
				    &address);

	sendto(network->fd[packet->to], packet->bytes, packet->length, 0, (void *)&address, length);
	network->cluster->forwarded++;
}

static bool happens(struct network *network, unsigned int of_a_thousand)
{
	return chance_of(&network->seed, 1000) < of_a_thousand;
}

static void wait_for(struct network *network, const struct packet *packet)
{
	const unsigned int delay = network->cluster->weather->delay_us;
	struct packet *place;

	if (network->count == WAITING)
		return;
	place = &network->waiting[network->count++];
	*place = *packet;
	place->at_ns = time_of(CLOCK_MONOTONIC);
	if (delay)
		place->at_ns += chance_of(&network->seed, delay * 1000ULL);
}

/* A packet has come for host @packet->to. The sender's number is in the header. */
static void take(struct network *network, struct packet *packet)
{
	const struct cluster_weather *weather = network->cluster->weather;
	const unsigned int from = packet->length > 10 ? packet->bytes[9] : 0;

	if (weather->cut & (1U << packet->to | 1U << from) || happens(network, weather->lost))
		return;
	if (happens(network, weather->kept) && network->kept_count < KEPT)
		network->kept[network->kept_count++] = *packet;
	if (happens(network, weather->twice))
		wait_for(network, packet);
	if (happens(network, weather->changed)) {
		struct packet spoiled = *packet;

		spoiled.bytes[chance_of(&network->seed, packet->length)] ^=
			1 << chance_of(&network->seed, 8);
		network->cluster->spoiled++;
		wait_for(network, &spoiled);
	}
	wait_for(network, packet);
}

static void pass_on_due(struct network *network)
{
	const uint64_t time = time_of(CLOCK_MONOTONIC);
	unsigned int i;

	for (i = 0; i < network->count;) {
		if (network->waiting[i].at_ns > time) {
			i++;
			continue;
		}
		pass_on(network, &network->waiting[i]);
		memmove(&network->waiting[i], &network->waiting[i + 1],
			(--network->count - i) * sizeof(network->waiting[0]));
	}
}

static void *run(void *data)
{
	struct network *network = data;
	const unsigned int hosts = network->cluster->config.hosts;
	struct pollfd polled[CLUSTER_MAX];
	struct packet packet;
	unsigned int i;

	for (i = 0; i < hosts; i++)
		polled[i] = (struct pollfd){ .fd = network->fd[i], .events = POLLIN };
	while (!__atomic_load_n(&network->ends, __ATOMIC_RELAXED)) {
		poll(polled, hosts, network->count ? 1 : 20);
		for (i = 0; i < hosts; i++) {
			ssize_t got;

			while ((got = recv(network->fd[i], packet.bytes, sizeof(packet.bytes),
					   MSG_DONTWAIT)) >= 0) {
				packet.length = got;
				packet.to = i;
				take(network, &packet);
			}
		}
		pass_on_due(network);
		if (network->cluster->weather->again) {
			for (i = 0; i < network->kept_count; i++)
				pass_on(network, &network->kept[i]);
			network->cluster->weather->again = 0;
		}
	}
	return NULL;
}

static bool open_sockets(struct network *network, uint16_t *ports)
{
	struct sockaddr_storage address;
	socklen_t length;
	unsigned int i;

	for (i = 0; i < network->cluster->config.hosts; i++) {
		length = loopback(network->cluster->config.ipv6, 0, &address);
		network->fd[i] = socket(address.ss_family, SOCK_DGRAM, 0);
		if (bind(network->fd[i], (void *)&address, length) ||
		    getsockname(network->fd[i], (void *)&address, &length))
			return false;
		ports[i] = ntohs(((struct sockaddr_in *)&address)->sin_port);
	}
	return true;
}

struct network *network_open(struct cluster *cluster, uint16_t *ports)
{
	struct network *network = calloc(1, sizeof(*network));

	network->cluster = cluster;
	network->seed = 77;
	if (open_sockets(network, ports))
		return network;
	free(network);
	return NULL;
}

void network_to(struct network *network, unsigned int host, uint16_t port)
{
	network->port[host] = port;
	/* With the last one all is known. */
	if (host == network->cluster->config.hosts - 1)
		pthread_create(&network->thread, NULL, run, network);
}

void network_close(struct network *network)
{
	unsigned int i;

	__atomic_store_n(&network->ends, true, __ATOMIC_RELAXED);
	if (network->thread)
		pthread_join(network->thread, NULL);
	for (i = 0; i < network->cluster->config.hosts; i++)
		close(network->fd[i]);
	free(network);
}
