/* SPDX-License-Identifier: GPL-2.0-only */
/* The smallest session with messages: two components, both of this process, and a link. */
#ifndef _LS_PAIR_H
#define _LS_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#define PAIR_LINK 7

/* Components 0 and 1, joined without blocking, and link PAIR_LINK from the one to the other. */
struct pair {
	uint32_t session;
	int fd[2];	   /* -1: closed */
	uint64_t clock[2]; /* as the last WAIT said; more makes the next WAIT say that it ran on */
};

/* Of a @mode, running. False: something was refused; pair_end() is to be called all the same. */
bool pair_begin(struct pair *pair, uint32_t mode, uint64_t quantum_ns, uint64_t latency_ns);

/* The same before time begins. */
bool pair_create(struct pair *pair, uint32_t mode, uint64_t quantum_ns, uint64_t latency_ns);

/* Closes both and deletes the session; whether that was possible. */
bool pair_end(struct pair *pair);

/* WAIT: 0 or the error number. */
int pair_step(struct pair *pair, unsigned int who, uint64_t next_ns);

/* Waits until one that runs has no port that is about to do something. False: five seconds. */
bool pair_calms(struct pair *pair, unsigned int who);

/* The same for who has ports: when it is time they may take a moment for what they do then. */
int pair_goes(struct pair *pair, unsigned int who, uint64_t next_ns);
int pair_comes(struct pair *pair, unsigned int who);

#endif /* _LS_PAIR_H */
