/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of spec_gen.h: what the family's requests take, as livestack.yaml says. */
#ifndef _LS_SPEC_H
#define _LS_SPEC_H

#include <stddef.h>
#include <stdint.h>

enum spec_type {
	SPEC_U8,
	SPEC_U16,
	SPEC_U32,
	SPEC_U64,
	SPEC_MASK, /* a u32 made of bits */
	SPEC_STRING,
	SPEC_BINARY,
	SPEC_NEST,
	SPEC_FLAG,
};

#define SPEC_DO 1	/* an attribute: a do takes it; a request: there is a do */
#define SPEC_DUMP 2	/* the same of a dump */
#define SPEC_NEEDED 4	/* an attribute without which a do is refused */
#define SPEC_ADMIN 8	/* a request that wants CAP_NET_ADMIN */

struct spec_attribute {
	const char *name;
	uint16_t number;
	enum spec_type type;
	unsigned int flags;
	uint64_t min; /* an integer's values, or how many bytes, without a string's NUL */
	uint64_t max; /* of a mask the bits there are; 0 of bytes: any number of them */
};

struct spec_op {
	const char *name;
	uint8_t command;
	unsigned int flags;
	uint16_t most; /* the highest number in its set of attributes */
	unsigned int count;
	const struct spec_attribute *attributes; /* by number */
};

#endif /* _LS_SPEC_H */
