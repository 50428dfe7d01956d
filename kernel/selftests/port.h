/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports and wires for the self-tests, by netlink. */
#ifndef _LS_PORT_H
#define _LS_PORT_H

#include <sys/types.h>

#include "control.h"

/* What a port is to be made of; descriptors -1: not said. */
struct port_request {
	uint32_t kind;
	int fd, out_fd;
	const char *interface; /* NULL: not said */
	pid_t pid;	       /* 0: this process */
	bool framed, sized;
};

/* What a program lacks to have any, as the reason to skip it, or NULL. */
const char *port_missing(void);

/* The positive error number or 0; @answer, which may be NULL, has the sentence. */
int port_new(uint32_t session, uint16_t link, uint32_t end, const struct port_request *request,
	     struct nl_answer *answer);
int port_del(uint32_t session, uint16_t link, uint32_t end);
int port_get(uint32_t session, uint16_t link, uint32_t end, struct nl_answer *answer);
bool port_socket(uint32_t session, uint16_t link, uint32_t end, int fd);
/* A port of one end of a new pair of AF_UNIX sockets. The other, which does not wait, or -1. */
int port_pair(uint32_t session, uint16_t link, uint32_t end, int type);
bool port_stream(uint32_t session, uint16_t link, uint32_t end, int fd, bool framed);

/* One setting of a way, LIVESTACK_A_LINK_TO_A or _B; a u32 where @size is 4, else a u64. */
int port_wire(uint32_t session, uint16_t link, int way, int setting, uint64_t value, size_t size);
int port_wire_says(uint32_t session, uint16_t link, int way, int setting, uint64_t value,
		   size_t size, struct nl_answer *answer);
int port_latency(uint32_t session, uint16_t link, uint64_t latency_ns); /* both ways */
int port_queue(uint32_t session, uint16_t link, uint32_t bytes);
int port_link_del(uint32_t session, uint16_t link);

/* Whether all that was sent over both ways is received, dropped or queued; notes what is not. */
bool port_balanced(uint32_t session, uint16_t link);

#endif /* _LS_PORT_H */
