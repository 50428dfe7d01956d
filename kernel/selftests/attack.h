/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bad requests, and what each must be answered: built once, then sent any number of times.
 *
 * What the netlink core refuses comes with the core's own text, which is looked at word by word, as
 * what it found wrong is told by nothing else. What the module refuses comes twice, as
 * LIVESTACK_CMD_ERROR and as extended ACK, with a sentence that names the attribute at fault.
 */
#ifndef _LS_ATTACK_H
#define _LS_ATTACK_H

#include <stdbool.h>
#include <stdint.h>

#include "nl.h"
#include "spec.h"

#define ATTACKS 4096
#define NOBODY 0x7fffff00 /* the id of no session */
#define NO_OFFSET (-1)
#define ANY_OFFSET (-2)

struct attack {
	char name[96];
	struct nl_message message;
	int error;
	const char *sentence;		 /* the core's; NULL: the module's own */
	int offset;			 /* of the attribute at fault, or one of the above */
	uint32_t attribute;		 /* of the module's own: its number, 0 for none */
	const char *word;		 /* of the module's own: in its sentence, or NULL */
};

/* A new attack on @op, a dump if @dump; the caller adds attributes, then says what it must get. */
struct attack *attack_new(const struct spec_op *op, bool dump, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The netlink core refuses it. @sentence "": it says nothing. */
void attack_core(struct attack *attack, int error, const char *sentence, int offset);

/* The module refuses it for @attribute, or for none when NULL. */
void attack_own(struct attack *attack, int error, const struct spec_attribute *attribute);

/* Whether it is refused as it must be; says on the next point's behalf how it was not. */
bool attack_refused(struct attack *attack, bool aloud);

unsigned int attack_count(void);

/* Sends those made since there were @first; whether all were refused as they must be. */
bool attack_once(unsigned int first);

/* Sends all, or what the module itself refuses, @rounds times; how many answers were wrong. */
unsigned int attack_all(unsigned int rounds, bool own);

/* All requests of the family, by command. */
extern const struct spec_op *const requests;
extern const unsigned int request_count;

/* The one that spec_gen.h has for @command, or NULL. */
const struct spec_op *request_of(uint8_t command);

/* One of its attributes; the program ends when there is none of that number. */
const struct spec_attribute *attribute_of(const struct spec_op *op, uint16_t number);

/* All that the dumps of all requests tell, to be compared bytewise; how many bytes, 0: failed. */
size_t state_dump(uint8_t *into, size_t size);

/* Numbers of no request, and dumps of what has none. */
void attack_commands(void);

#endif /* _LS_ATTACK_H */
