// SPDX-License-Identifier: GPL-2.0-only

#include "cluster.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "network.h"

static const uint8_t ipv4[4] = { 127, 0, 0, 1 }, ipv6[16] = { [15] = 1 };

const char *cluster_missing(void)
{
	const char *missing = control_missing();

	if (!missing && access("/sys/module/livestack_sync", F_OK))
		missing = "livestack_sync.ko is not loaded: insmod sync/livestack_sync.ko";
	return missing;
}

static uint64_t number_of(const struct nl_answer *answer, unsigned int attribute)
{
	const struct nl_attribute *said = &answer->attribute[attribute];
	uint64_t value = 0;

	if (said->data)
		memcpy(&value, said->data, said->length < 8 ? said->length : 8);
	return value;
}

int cluster_share(const struct cluster_share *share, uint16_t *port, uint64_t *instance)
{
	struct nl_message message;
	struct nl_answer answer;
	int said;

	control_start(&message, LIVESTACK_CMD_SYNC_NEW);
	nl_add(&message, LIVESTACK_A_SYNC_SESSION, &share->session, 4);
	nl_add(&message, LIVESTACK_A_SYNC_HOSTS, &share->hosts, 2);
	nl_add(&message, LIVESTACK_A_SYNC_HOST, &share->host, 2);
	if (share->fanout)
		nl_add(&message, LIVESTACK_A_SYNC_FANOUT, &share->fanout, 2);
	if (share->key)
		nl_add(&message, LIVESTACK_A_SYNC_KEY, share->key, share->key_length);
	if (share->address)
		nl_add(&message, LIVESTACK_A_SYNC_ADDRESS, share->address, share->address_length);
	if (share->port)
		nl_add(&message, LIVESTACK_A_SYNC_UDP_PORT, &share->port, 2);
	if (share->uuid)
		nl_add(&message, LIVESTACK_A_SYNC_UUID, share->uuid, strlen(share->uuid) + 1);
	if (share->silent_ns)
		nl_add(&message, LIVESTACK_A_SYNC_SILENT_NS, &share->silent_ns, 8);
	said = control_ask(&message, &answer);
	if (!said && port) {
		*port = number_of(&answer, LIVESTACK_A_SYNC_UDP_PORT);
		*instance = nl_u64(&answer, LIVESTACK_A_SYNC_INSTANCE);
	}
	return said;
}

int cluster_meet(uint32_t session, uint16_t host, const void *address, uint16_t length,
		 uint16_t port, uint64_t instance)
{
	struct nl_message message;
	struct nl_answer answer;

	control_start(&message, LIVESTACK_CMD_PEER_SET);
	nl_add(&message, LIVESTACK_A_PEER_SESSION, &session, 4);
	nl_add(&message, LIVESTACK_A_PEER_HOST, &host, 2);
	nl_add(&message, LIVESTACK_A_PEER_ADDRESS, address, length);
	nl_add(&message, LIVESTACK_A_PEER_UDP_PORT, &port, 2);
	nl_add(&message, LIVESTACK_A_PEER_INSTANCE, &instance, 8);
	return control_ask(&message, &answer);
}

int cluster_remote(uint32_t session, uint16_t id, uint16_t host)
{
	const uint32_t kind = LIVESTACK_KIND_REMOTE;
	struct nl_message message;
	struct nl_answer answer;

	control_start(&message, LIVESTACK_CMD_COMPONENT_NEW);
	nl_add(&message, LIVESTACK_A_COMPONENT_SESSION, &session, 4);
	nl_add(&message, LIVESTACK_A_COMPONENT_ID, &id, 2);
	nl_add(&message, LIVESTACK_A_COMPONENT_NAME, "far", 4);
	nl_add(&message, LIVESTACK_A_COMPONENT_KIND, &kind, 4);
	nl_add(&message, LIVESTACK_A_COMPONENT_HOST, &host, 2);
	return control_ask(&message, &answer);
}

/* One host's session, with all that sync-new wants. */
static bool begin(struct cluster *cluster, unsigned int host, const void *key, const char *uuid,
		  uint16_t *port, uint64_t *instance)
{
	const struct cluster_config *config = &cluster->config;
	const uint32_t session = control_session_of_mode(config->quantum_ns, config->end_ns,
							 config->mode);
	const struct cluster_share share = {
		.session = session,
		.hosts = config->hosts, .host = host, .fanout = config->fanout, .uuid = uuid,
		.key = key, .key_length = LIVESTACK_KEY_BYTES, .silent_ns = config->silent_ns,
		.address = config->ipv6 ? (const void *)ipv6 : ipv4,
		.address_length = config->ipv6 ? sizeof(ipv6) : sizeof(ipv4),
	};
	int said;

	cluster->session[host] = session;
	said = cluster_share(&share, port, instance);
	if (said)
		printf("# sync-new of host %u: %s\n", host, strerror(said));
	return !said;
}

static bool introduce(struct cluster *cluster, const uint16_t *port, const uint64_t *instance)
{
	const struct cluster_config *config = &cluster->config;
	const void *address = config->ipv6 ? (const void *)ipv6 : ipv4;
	unsigned int host, other;
	bool ok = true;

	for (host = 0; host < config->hosts; host++)
		for (other = 0; other < config->hosts; other++)
			ok = ok && (host == other ||
				    !cluster_meet(cluster->session[host], other, address,
						  config->ipv6 ? 16 : 4, port[other],
						  instance[other]));
	return ok;
}

bool cluster_open(struct cluster *cluster, const struct cluster_config *config)
{
	static unsigned int count;
	uint16_t port[CLUSTER_MAX], wires[CLUSTER_MAX];
	uint64_t instance[CLUSTER_MAX];
	uint8_t key[LIVESTACK_KEY_BYTES];
	unsigned int host;
	char uuid[37];
	int random = open("/dev/urandom", O_RDONLY);
	bool ok = read(random, key, sizeof(key)) == sizeof(key);

	close(random);
	*cluster = (struct cluster){ .config = *config };
	cluster->weather = calloc(1, sizeof(*cluster->weather));
	snprintf(uuid, sizeof(uuid), "%08x-1111-4000-8000-%012x", getpid(), ++count);
	for (host = 0; host < config->hosts; host++)
		ok = ok && begin(cluster, host, key, uuid, &port[host], &instance[host]);
	if (ok && !config->direct) {
		cluster->network = network_open(cluster, wires);
		ok = cluster->network;
		for (host = 0; ok && host < config->hosts; host++)
			network_to(cluster->network, host, port[host]);
	}
	return ok && introduce(cluster, config->direct ? port : wires, instance);
}

bool cluster_close(struct cluster *cluster)
{
	unsigned int host;
	bool ok = true;

	for (host = 0; host < cluster->config.hosts; host++) {
		int said = 0;

		if (cluster->session[host])
			said = control_delete(cluster->session[host]);
		if (said)
			printf("# host %u cannot be deleted: %s\n", host, strerror(said));
		ok = ok && !said;
	}
	if (cluster->network)
		network_close(cluster->network);
	free(cluster->weather);
	return ok;
}

bool cluster_component(struct cluster *cluster, unsigned int host, uint16_t id)
{
	unsigned int other;
	bool ok = true;

	for (other = 0; other < cluster->config.hosts; other++)
		ok = ok && !(other == host ? control_component(cluster->session[other], id,
							       LIVESTACK_KIND_MODEL) :
					     cluster_remote(cluster->session[other], id, host));
	return ok;
}

bool cluster_link(struct cluster *cluster, uint16_t id, uint16_t a, unsigned int host_a, uint16_t b,
		  unsigned int host_b, uint64_t latency_ns)
{
	return !control_link(cluster->session[host_a], id, a, b, latency_ns) &&
	       (host_a == host_b || !control_link(cluster->session[host_b], id, a, b, latency_ns));
}

bool cluster_state(struct cluster *cluster, uint32_t state)
{
	unsigned int host;
	bool ok = true;

	for (host = cluster->config.hosts; host--;)
		ok = !control_state(cluster->session[host], state) && ok;
	return ok;
}

uint64_t cluster_says(struct cluster *cluster, unsigned int host, unsigned int attribute)
{
	struct nl_answer answer;

	return control_get(cluster->session[host], &answer) ? 0 : number_of(&answer, attribute);
}

uint64_t cluster_peer(struct cluster *cluster, unsigned int host, uint16_t peer,
		      unsigned int attribute)
{
	struct nl_message message;
	struct nl_answer answer;

	control_start(&message, LIVESTACK_CMD_PEER_GET);
	nl_add(&message, LIVESTACK_A_PEER_SESSION, &cluster->session[host], 4);
	nl_add(&message, LIVESTACK_A_PEER_HOST, &peer, 2);
	return control_ask(&message, &answer) ? 0 : number_of(&answer, attribute);
}

bool cluster_reaches(struct cluster *cluster, uint32_t state, unsigned int but)
{
	unsigned int host = 0, tries;

	for (tries = 0; tries < 6000 && host < cluster->config.hosts; tries++) {
		for (host = 0; host < cluster->config.hosts; host++)
			if (!(but >> host & 1) &&
			    cluster_says(cluster, host, LIVESTACK_A_SESSION_STATE) != state)
				break;
		if (host < cluster->config.hosts)
			usleep(10000);
	}
	if (host < cluster->config.hosts)
		printf("# host %u is in state %llu, not %u\n", host,
		       (unsigned long long)cluster_says(cluster, host, LIVESTACK_A_SESSION_STATE),
		       state);
	return host == cluster->config.hosts;
}
