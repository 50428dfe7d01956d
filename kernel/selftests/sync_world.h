/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world of hosts around the protocol of sync/: each has core's window engine with a few
 * components, whose messages go to components of other hosts, and a network between them whose
 * weather may be bad. After each step all that the protocol promises is looked at from outside.
 *
 * What components do follows from a seed of theirs alone; how long it takes them, and what becomes
 * of packets, from another one.
 */
#ifndef _LS_SYNC_WORLD_H
#define _LS_SYNC_WORLD_H

#include <stdint.h>

#include "../sync/protocol.h"

#define HOSTS 64
#define PARTS 3 /* components of each host */

#define MS 1000000ULL

struct weather {
	uint64_t seed;
	u32 loss, twice, late;	/* of 1,000 packets so many: lost, two of them, very late */
	u64 delay_ns, jitter_ns;
	u64 work_ns;		/* that a component may need for a window */
};

struct world_config {
	u32 hosts, fanout, window;
	u64 seed;		/* of what components do */
	u64 quantum_ns, limit_ns;
	u32 talk;		/* of 1,000 events so many send messages */
	bool once;		/* components have one event of their own, at the beginning */
	bool steady;		/* they have one in every window */
	bool waits;		/* the session waits when nobody has an event */
	u64 resend_ns, silent_ns;
	struct weather weather;
};

struct world_host {
	struct ls_sync sync;
	struct ls_sync_peer peer[HOSTS];
	struct ls_window window;
	bool up, empty;		/* it is there; its components have gone with the last instance */
	u64 cut;		/* a bit for each host that no packet comes from */
	u64 opened;		/* windows */
	u64 silent, back;	/* times it was told */
	u16 silent_host;	/* the last one */
	enum ls_sync_await silent_for;
	u64 full;		/* messages that found no room at first */
	u32 refuses;		/* of 1,000 pieces so many find no room where they come */
};

/* What all hosts must have come to. */
struct world_round {
	struct ls_sync_decision decision;
	u64 hosts;		/* that have */
};

struct world {
	struct world_config config;
	struct world_host *host;
	u64 now_ns;
	u64 packets, lost, messages, delivered;
	u64 skips;		/* windows that did not begin at the end of the last one */
	u64 rounds;		/* furthest that any has decided */
	bool killed;		/* a host was: what was lost with it is not looked at */
	bool forged;		/* hosts were given what none has sent: nothing can be promised */
	const char *broken;	/* the first promise that was */
};

extern struct world world;

/* All hosts are up and have said nothing yet. Frees the world before. */
void world_begin(const struct world_config *config);

/* Goes on until all that are up have ended, or to @until_ns, or a promise is broken. */
bool world_run(u64 until_ns);

/* All hosts that are up have ended. */
bool world_over(void);

/* A number that stands for all that all components have seen, in their order. */
u64 world_log(void);

/* What was decided in a round, by the first host that did. */
const struct world_round *world_round(u64 round);

/* For what tests do to hosts: before and after each call of the protocol. */
struct ls_sync *world_take(u32 host);
void world_put(u32 host);

/* Its module is gone, with all it knew; and comes again with another instance. */
void world_kill(u32 host);
void world_restart(u32 host, u64 instance, u64 round);

/* Something happens to a component of the host at @at_ns, while the session holds. */
void world_wake(u32 host, u64 at_ns);

/* The last packet that came from @from to @to, as it came; and have it come once more. */
const u8 *world_last_packet(u32 from, u32 to, size_t *length);
void world_inject(u32 from, u32 to, const u8 *packet, size_t length);

u64 world_instance(u32 host);

#endif /* _LS_SYNC_WORLD_H */
