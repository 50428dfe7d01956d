/* SPDX-License-Identifier: GPL-2.0-only */
/* The components of sync_world.c: what they do, and what they have seen. */
#ifndef _LS_SYNC_MODEL_H
#define _LS_SYNC_MODEL_H

#include <stdint.h>

#include "sync_world.h"

#define LINKS 4		/* that begin at each component */
#define BYTES 300	/* of the longest message */

struct letter {
	u64 arrival, sequence;
	u32 source, bytes;
	u64 sum;		/* of its bytes */
};

struct part {
	u32 number;		/* of all components, by host */
	uint64_t seed;
	u64 timer, clock;
	u64 sequence, arrived;	/* of its own messages; of all that came */
	u64 log;
	struct letter last;
	struct letter *queue;	/* a heap, the next one first */
	u32 queued, room;
	struct { u32 to; u64 latency, arrival; } link[LINKS];
};

/* A message that leaves a component. */
struct outgoing {
	u32 from, to, bytes;
	u64 sequence, arrival;
};

void model_begin(struct part *part, u32 number, const struct world_config *config);

/* The earliest message to it, or LS_TIME_NONE. */
u64 model_message(const struct part *part);

/* A message is there. False: it is too late. */
bool model_take(struct part *part, const struct letter *letter);

/*
 * Runs from @clock to @end and says what it sends by @send. Returns its next own event. *@broken
 * is set when messages do not come in their order.
 */
u64 model_run(struct part *part, const struct world_config *config, u64 clock, u64 end,
	      void (*send)(const struct outgoing *message), const char **broken);

/* The bytes of a message follow from who sends it. */
u8 model_byte(u32 source, u64 sequence, u32 at);

#endif /* _LS_SYNC_MODEL_H */
