/* SPDX-License-Identifier: GPL-2.0-only */
/* Sessions for the self-tests: made, set and looked at by netlink. */
#ifndef _LS_CONTROL_H
#define _LS_CONTROL_H

#include <linux/livestack.h>

#include "nl.h"

/* Opens the socket; false when livestack.ko is not loaded. */
bool control_open(void);

/* Starts a request; nl_add() and control_ask() go on. */
void control_start(struct nl_message *message, uint8_t command);

/* The positive error number, 0, or ETIMEDOUT for silence. */
int control_ask(struct nl_message *message, struct nl_answer *answer);

/* Opens the socket; what a program lacks to make sessions, as the reason to skip it, or NULL. */
const char *control_missing(void);

/* A socket that hears the family's events, or -1. */
int control_listen(void);

/* Number of a new session with a uuid of its own, 0 for failure. end_ns 0: without an end. */
uint32_t control_session(uint64_t quantum_ns, uint64_t end_ns);
uint32_t control_session_of_mode(uint64_t quantum_ns, uint64_t end_ns, uint32_t mode);
int control_component(uint32_t session, uint16_t id, uint32_t kind);
/* A link between components @a and @b, of this latency both ways, or of one for each. */
int control_link(uint32_t session, uint16_t id, uint16_t a, uint16_t b, uint64_t latency_ns);
int control_link_ways(uint32_t session, uint16_t id, uint16_t a, uint16_t b, uint64_t to_ns,
		      uint64_t back_ns);
int control_get_link(uint32_t session, uint16_t id, struct nl_answer *answer);
/* A count of one way over a link that control_get_link() told of. */
uint64_t control_way(const struct nl_answer *link, int way, int count);
int control_quantum(uint32_t session, uint64_t quantum_ns);
/* Sets one attribute of u32. */
int control_set(uint32_t session, uint16_t attribute, uint32_t value);
int control_state(uint32_t session, uint32_t state);
int control_clocksource(uint32_t session, uint32_t clocksource);
int control_delete(uint32_t session);
int control_get(uint32_t session, struct nl_answer *answer);

#endif /* _LS_CONTROL_H */
