/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session shared by several hosts, all of them this one: each is a session of its own, and they
 * agree by UDP over loopback. Between them is a network that is as bad as it is told to be.
 */
#ifndef _LS_CLUSTER_H
#define _LS_CLUSTER_H

#include "nl.h"

#define CLUSTER_MAX 8

struct cluster_config {
	unsigned int hosts, fanout;
	uint64_t quantum_ns, end_ns; /* 0: no end */
	uint32_t mode;
	uint64_t silent_ns;
	bool ipv6;
	bool direct; /* no network between: packets go as the kernel sends them */
};

/* What the network does; of 1,000 packets so many. May change at any time. */
struct cluster_weather {
	unsigned int lost, twice, changed, kept;
	unsigned int delay_us; /* to each from 0 to this, so that they overtake each other */
	unsigned int cut;      /* a bit for each host that nothing goes to or from */
	unsigned int again;    /* what was kept is sent once more, and again zeroed */
};

struct cluster {
	struct cluster_config config;
	uint32_t session[CLUSTER_MAX];
	struct cluster_weather *weather;
	struct network *network;
	unsigned long forwarded, spoiled;
};

/* What a program lacks to share sessions, as the reason to skip it, or NULL. */
const char *cluster_missing(void);

/* All hosts' sessions, which know each other, in state created. False: failure. */
bool cluster_open(struct cluster *cluster, const struct cluster_config *config);
/* Deletes those sessions that are there still. Returns whether all could be. */
bool cluster_close(struct cluster *cluster);

/* Component @id of @host; on all other hosts it is a remote one. */
bool cluster_component(struct cluster *cluster, unsigned int host, uint16_t id);
/* Between components @a and @b, of hosts @host_a and @host_b, which may be the same. */
bool cluster_link(struct cluster *cluster, uint16_t id, uint16_t a, unsigned int host_a, uint16_t b,
		  unsigned int host_b, uint64_t latency_ns);

/* Sets the state of all hosts, of the last one first. */
bool cluster_state(struct cluster *cluster, uint32_t state);

/* Waits until all hosts but those in @but are in @state, at most a minute. */
bool cluster_reaches(struct cluster *cluster, uint32_t state, unsigned int but);

/* A number that session-get tells of one host; 0 if it does not. */
uint64_t cluster_says(struct cluster *cluster, unsigned int host, unsigned int attribute);
/* The same of peer-get on @host about @peer. */
uint64_t cluster_peer(struct cluster *cluster, unsigned int host, uint16_t peer,
		      unsigned int attribute);

/* The requests, for who wants to ask for something else. Each is the positive error number. */
struct cluster_share {
	uint32_t session;
	uint16_t hosts, host, fanout, port; /* 0: the tree and the port are not said, */
	const void *key, *address, *uuid;   /* nor these if NULL, */
	uint16_t key_length, address_length;
	uint64_t silent_ns;		    /* nor this */
};

int cluster_share(const struct cluster_share *share, uint16_t *port, uint64_t *instance);
int cluster_meet(uint32_t session, uint16_t host, const void *address, uint16_t length,
		 uint16_t port, uint64_t instance);
int cluster_remote(uint32_t session, uint16_t id, uint16_t host);

#endif /* _LS_CLUSTER_H */
