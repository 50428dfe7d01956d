/* SPDX-License-Identifier: GPL-2.0-only */
/* What is to happen in the world of sync_world.c, by its time, and its network. */
#ifndef _LS_SYNC_NET_H
#define _LS_SYNC_NET_H

#include "sync_world.h"

enum event_kind {
	EVENT_PACKET,	/* comes to the host */
	EVENT_WORK,	/* the host's component @arg is through with its window */
	EVENT_TIMER,	/* the host's protocol wants to be called */
	EVENT_DRAIN,	/* the host has room for what @arg has sent */
};

struct event {
	u64 at, order;
	enum event_kind kind;
	u32 host, arg;
	size_t length;
	u8 *packet;	/* freed by who takes the event */
};

void net_begin(void);
void net_add(u64 at, enum event_kind kind, u32 host, u32 arg);
bool net_next(struct event *event);

/* When the next event is, or LS_TIME_NONE. */
u64 net_next_at(void);

/* Into the weather. */
void net_send(u32 from, u32 to, const u8 *packet, size_t length);

#endif /* _LS_SYNC_NET_H */
