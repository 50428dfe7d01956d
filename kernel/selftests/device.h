/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls of /dev/livestack for the self-tests, each 0 or its positive error number. */
#ifndef _LS_DEVICE_H
#define _LS_DEVICE_H

#include <linux/livestack.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file that has joined as the component, -1: errno says why not. @flags are open(2)'s, or 0. */
int device_join(uint32_t session, uint16_t component, int flags);

/* *@clock_ns becomes where it is, *@end_ns (may be NULL) how far it may run. */
int device_wait(int fd, uint64_t *clock_ns, uint64_t next_ns, uint64_t *end_ns);

/* At @send_ns, 0: where it is; *@arrival_ns may be NULL. */
int device_send(int fd, uint16_t link, uint64_t send_ns, const void *data, size_t length,
		uint64_t *arrival_ns);

/* @recv says all about it but data. */
int device_recv(int fd, void *data, size_t room, struct livestack_recv *recv);

#endif /* _LS_DEVICE_H */
