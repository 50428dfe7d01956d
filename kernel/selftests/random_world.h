/* SPDX-License-Identifier: GPL-2.0-only */
/* What core_random's model knows of components, links and the messages on them. */
#ifndef _LS_RANDOM_WORLD_H
#define _LS_RANDOM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUED 64

struct message {
	uint64_t arrival, sequence;
	uint16_t source, link;
};

/* What the model knows of a component. */
struct part {
	int fd;			/* -1: has not joined */
	bool runs;		/* its last WAIT was through */
	uint64_t clock, end;	/* as that said */
	uint64_t next;		/* else: what it waits for */
	uint64_t sequence;	/* of its next message */
	struct message queue[QUEUED];
	unsigned int queued;
};

struct line {
	uint16_t end[2];
	uint64_t latency, sent, received, dropped;
};

static inline bool before(const struct message *a, const struct message *b)
{
	if (a->arrival != b->arrival)
		return a->arrival < b->arrival;
	if (a->source != b->source)
		return a->source < b->source;
	return a->sequence < b->sequence;
}

/* The next one that comes, or NULL. */
static inline struct message *first(struct part *part)
{
	struct message *least = part->queue;
	unsigned int i;

	for (i = 1; i < part->queued; i++)
		if (before(&part->queue[i], least))
			least = &part->queue[i];
	return part->queued ? least : NULL;
}

#endif /* _LS_RANDOM_WORLD_H */
