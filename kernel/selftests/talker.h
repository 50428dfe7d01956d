/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An end of a link in use, for self-tests of ports: a process that has the other side of what the
 * port is made of, and writes and reads at random. It may be killed at any time.
 */
#ifndef _LS_TALKER_H
#define _LS_TALKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum talker_kind {
	TALKER_STREAM,
	TALKER_DATAGRAMS,
	TALKER_PACKETS,
	TALKER_FRAMED,
	TALKER_TCP,
	TALKER_UDP,
	TALKER_EVENTFDS,
	TALKER_DEVICE,
	TALKER_KINDS,
};

extern const char *const talker_names[];

struct talker {
	enum talker_kind kind;
	pid_t pid; /* 0: there is none */
};

/*
 * Makes the port and starts the process. @interface is what a device is to be called; @seed says
 * what it does. False: it is noted why; then there is neither.
 */
bool talker_start(struct talker *talker, uint32_t session, uint16_t link, uint32_t end,
		  const char *interface, uint64_t seed);

/* Kills it. Its port stays. */
void talker_kill(struct talker *talker);

/* Two UDP sockets that are connected to each other. */
bool talker_udp_pair(int fd[2]);

#endif /* _LS_TALKER_H */
