/* SPDX-License-Identifier: GPL-2.0-only */
/* Captures for the self-tests: what a link hands over, record by record. */
#ifndef _LS_CAPTURE_H
#define _LS_CAPTURE_H

#include <linux/livestack.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A capture's file, or minus the error number. @flags are open(2)'s, or 0. */
int capture_open(uint32_t session, uint16_t link, uint32_t snap_bytes, uint32_t ring_bytes,
		 int flags);

/* What read(2) gives, or minus the error number. */
ssize_t capture_read(int fd, void *room, size_t size);

/* The record at *@at and, in *@data, its bytes; *@at moves behind it. NULL: none is left. */
const struct livestack_captured *capture_next(const uint8_t **at, const uint8_t *end,
					      const uint8_t **data);

#endif /* _LS_CAPTURE_H */
