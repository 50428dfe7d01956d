/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk with one ring. A request is done as soon as it is seen, and its completion held until its
 * token has come back: the guest finds it in the ring then, and no sooner.
 */
#ifndef DISK_DEVICE_H
#define DISK_DEVICE_H

#include "memory.h"
#include "request.h"
#include "ring.h"
#include "tokens.h"

/* A request under way, by its head. */
struct pending {
	bool busy;
	bool waits;	 /* for its token */
	uint64_t number; /* of that */
	uint32_t given;	 /* bytes, once it was done */
};

struct device {
	struct image image;
	struct memory memory;
	struct ring ring;
	struct tokens tokens;
	bool has_protocol; /* the front end has enabled rings, too */
	bool acks;	   /* it wants to be told how each message went, if it says so */
	struct pending pending[RING_MAX];
	struct iovec scratch[RING_MAX];
};

void device_begin(struct device *device);
void device_end(struct device *device);

/* Looks at the ring, if it runs. False: it is broken, and so is the guest. */
bool device_look(struct device *device);

/* Completes what has its token back. */
void device_tokens(struct device *device);

/* Completes all, whatever the time: nobody will look at the ring any more, or time is over. */
void device_complete(struct device *device);

#endif /* DISK_DEVICE_H */
