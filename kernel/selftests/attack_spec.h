/* SPDX-License-Identifier: GPL-2.0-only */
/* Attacks on every request that follow from the spec alone, and the requests that are none. */
#ifndef _LS_ATTACK_SPEC_H
#define _LS_ATTACK_SPEC_H

#include "attack.h"

/* The session that requests made from now on are about, as make_session() has it. */
void attack_session(uint32_t id);

/*
 * Makes a session in state created, with components 0 to 2 and link 0 between the first two, and
 * says so to attack_session(). 0: failed.
 */
uint32_t make_session(void);

/* Bytes of an integer, 0 for what is none. */
unsigned int width(const struct spec_attribute *attribute);

/* Adds a way over a link, as all nests in requests are, with @inside set in it. */
int add_way(struct nl_message *message, uint16_t number, uint16_t inside);

/* Adds a value that the request is accepted with; returns where it begins in the message. */
int add_good(struct nl_message *message, const struct spec_op *op,
	     const struct spec_attribute *attribute);

/* The same for all that a do needs, but for @without. A dump needs nothing. */
void add_needed(struct nl_message *message, const struct spec_op *op, bool dump,
		const struct spec_attribute *without);

/* Attacks one form of a request; false when an attribute is of a type that nothing attacks. */
bool attack_op(const struct spec_op *op, bool dump);

#endif /* _LS_ATTACK_SPEC_H */
