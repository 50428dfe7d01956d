/* SPDX-License-Identifier: GPL-2.0-only */
/* The hosts of sync_world.c: what they do, and what is looked at when they do it. */
#ifndef _LS_SYNC_HOST_H
#define _LS_SYNC_HOST_H

#include "sync_model.h"

struct pair {
	u64 sent, until[4];	/* messages; of them until the sender decided a round */
	u64 delivered;		/* to the receiver */
	u32 bytes;		/* here of the message that comes */
	u64 sum;
	u8 last[LS_SYNC_PACKET_MAX];
	size_t last_length;
};

/* What of a host is no business of the tests. */
struct inner {
	struct part part[PARTS];
	struct ls_member member[PARTS], *heap[PARTS];
	bool finished[PARTS];
	u64 next[PARTS];
	struct outgoing *out;	/* a queue of what finds no room yet */
	u32 out_first, out_count, out_room;
	u64 timer;		/* an event is there for it */
	struct pair pair[HOSTS];
	struct ls_sync_slot *slots; /* of all streams */
};

extern struct inner *inner;

extern const struct ls_window_ops host_window_ops;
extern const struct ls_sync_ops host_sync_ops;

/* A promise was broken; the first one is told. */
void host_broken(const char *what, u32 host, u64 round);

/* Its component is through with the window. */
void host_work(u32 number, u32 part);

/* Sends what finds room, and says what there is to say. */
void host_pump(u32 number);

/* What its components have to do next. */
u64 host_earliest(const struct ls_window *window);

void host_forget_rounds(void);

#endif /* _LS_SYNC_HOST_H */
