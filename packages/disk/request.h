/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest asks of a disk, and doing it. */
#ifndef DISK_REQUEST_H
#define DISK_REQUEST_H

#include <linux/virtio_blk.h>

#include "ring.h"

#define SECTOR 512

/* A raw image. */
struct image {
	int file;
	uint64_t bytes; /* whole sectors */
};

struct request {
	uint16_t head;
	uint32_t type;
	uint64_t sector;
	uint64_t bytes;	    /* of data, which a rate is for */
	unsigned int parts; /* of data */
	struct iovec *part;
	uint8_t *status;
};

/*
 * Makes a request of @chain, whose parts it goes on to use, and changes. False: there is no place in it to say
 * how the request ended; that was complained of.
 */
bool request_read(struct request *request, struct chain *chain);

/* Does it, and says in it how that ended. Returns how many bytes the guest was given. */
uint32_t request_do(const struct request *request, const struct image *image);

#endif /* DISK_REQUEST_H */
