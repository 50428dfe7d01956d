/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wire: what becomes of a message on one way over a link, and when it arrives.
 *
 * Pure logic, as the window engine: no lock, no allocation, no clock. Messages are sent in the
 * order of their send times. A rate takes them one after the other, so that one waits until those
 * before it are through; then comes the latency. No message overtakes another.
 */
#ifndef _LS_WIRE_H
#define _LS_WIRE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>

typedef unsigned int u32;
typedef unsigned long long u64;
#endif

struct ls_wire_config {
	u64 rate_bps;		/* 0: any */
	u64 jitter_ns;		/* added to the latency, from 0 to this, evenly */
	u32 loss_ppm;
	u32 mtu;		/* bytes, 0: any */
	u32 limit_bytes;	/* that wait for the rate, 0: any */
	u32 limit_packets;	/* the same; no more than the ring has room for */
	bool down;
};

enum ls_wire_fate {
	LS_WIRE_CARRIED,
	LS_WIRE_LIMIT,	/* no room to wait in */
	LS_WIRE_LOSS,
	LS_WIRE_MTU,
	LS_WIRE_DOWN,
	LS_WIRE_FATES,
};

/* Those that wait for the rate, the oldest first: each until its time. A ring of the caller's. */
struct ls_wire_waiter {
	u64 through_ns;	/* when the rate is through with it */
	u32 bytes;
};

struct ls_wire {
	struct ls_wire_config config;
	u64 random;		/* state of the generator */
	u64 busy_ns;		/* when the rate is through with all so far */
	u64 arrival_ns;		/* of the last one */
	u64 waiting_bytes;
	u32 waiting;
	u32 first;		/* in the ring */
	u32 room;		/* of the ring, a power of two; 0: there is none */
	u32 header;		/* bytes of each message that the mtu does not count */
	struct ls_wire_waiter *ring;
};

/* The same @seed gives the same losses and jitters. */
void ls_wire_init(struct ls_wire *wire, u64 seed);

/*
 * A message of @bytes is sent at @send_ns with @latency_ns to go. If it is carried, *@arrival_ns is
 * when it arrives. Each draws as many random numbers: a dropped one changes no other's fate.
 */
enum ls_wire_fate ls_wire_carry(struct ls_wire *wire, u64 send_ns, u32 bytes, u64 latency_ns,
				u64 *arrival_ns);

/* When what no wire loses arrives: it takes no time on it, and comes behind all before it. */
u64 ls_wire_follow(struct ls_wire *wire, u64 send_ns, u64 latency_ns);

/* Whether one of @bytes that is sent at @now_ns or later would find room. */
bool ls_wire_has_room(struct ls_wire *wire, u64 now_ns, u32 bytes);

/* The longest message, of @most bytes at most, that it takes. */
u32 ls_wire_piece(const struct ls_wire *wire, u32 most);

#endif /* _LS_WIRE_H */
