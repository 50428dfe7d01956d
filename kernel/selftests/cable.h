/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network devices at the ends of a link, for the self-tests: frames of a protocol of experiments,
 * by packet sockets. No address and no other protocol is on them.
 */
#ifndef _LS_CABLE_H
#define _LS_CABLE_H

#include <linux/if_ether.h>
#include <stddef.h>
#include <stdint.h>

#include "pair.h"

#define CABLE_QUANTUM 10000
#define CABLE_LATENCY 25000
#define CABLE_PROTOCOL 0x88b5 /* for experiments, IEEE 802 */
#define CABLE_NAME_0 "lstest0"
#define CABLE_NAME_1 "lstest1"

struct cable_frame {
	struct ethhdr header;
	uint32_t number;
	uint8_t rest[1600];
};

/* A pair whose link leads from one network device to the other. */
struct cable {
	struct pair pair;
	int socket[2]; /* packet sockets, without blocking; -1: none */
};

/* Sets a device up, which then sends nothing by itself. */
bool cable_up(const char *interface);

/* A packet socket of the device, without blocking, or -1. */
int cable_packets(const char *interface);

/* A frame that is to be sent, and whether one is of ours. */
struct cable_frame cable_frame(uint32_t number);
bool cable_is_frame(const struct cable_frame *frame, size_t length);

/* Component 0 runs at 0, component 1 waits for messages. cable_end() in any case. */
bool cable_begin(struct cable *cable);
bool cable_end(struct cable *cable);

/* From component 0, so many bytes with the header. */
bool cable_put(struct cable *cable, uint32_t number, size_t length);

/* At component 1: its number, or -1: there is none. */
int64_t cable_get(struct cable *cable);

#endif /* _LS_CABLE_H */
