/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Netlink by hand: messages are built byte by byte, so that they can also be built wrong, and
 * answers are taken apart without a library that would hide anything.
 */
#ifndef _LS_NL_H
#define _LS_NL_H

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NL_ATTRIBUTES 32

struct nl_message {
	struct nlmsghdr header;
	struct genlmsghdr genl;
	uint8_t body[1024];
};

/* One attribute of an answer; points into the answer. */
struct nl_attribute {
	const void *data; /* NULL: not there */
	size_t length;
};

/* All that came back for one request, up to its NLMSG_ERROR or NLMSG_DONE. */
struct nl_answer {
	bool replied;		/* a message of a family came */
	unsigned int replies;	/* so many: a dump has several; attributes are the last one's */
	struct genlmsghdr genl; /* its header */
	struct nl_attribute attribute[NL_ATTRIBUTES];
	unsigned int attributes; /* how many different ones it had */
	bool silent;		 /* neither came in time */
	int error;		 /* of either: 0 or positive errno */
	const char *sentence;	 /* extended ACK, or NULL */
	int offset;		 /* of the attribute at fault in the request, or -1 */
	uint8_t bytes[8192];
};

/* A generic netlink socket with extended ACKs on. Returns -1 with errno set. */
int nl_open(void);

/* Starts a request with NLM_F_REQUEST and NLM_F_ACK and no attributes. */
void nl_start(struct nl_message *message, uint16_t type, uint8_t command, uint8_t version);

/* Adds an attribute; returns where it begins in the message. */
int nl_add(struct nl_message *message, uint16_t type, const void *data, uint16_t length);

/* Sends all the bytes the message's length says, and waits for what comes back. -1: errno. */
int nl_ask(int fd, struct nl_message *message, struct nl_answer *answer);

/* As nl_ask(), sending @length bytes whatever the message says, waiting @wait_ms at most. */
int nl_ask_raw(int fd, struct nl_message *message, size_t length, int wait_ms,
	       struct nl_answer *answer);

/* Number of a group of the family that @answer tells of, 0: there is none. */
uint32_t nl_group(const char *group, const struct nl_answer *answer);

/* Subscribes to a group of the family that @answer tells of. -1 with errno set: there is none. */
int nl_subscribe(int fd, const char *group, const struct nl_answer *answer);

/* Takes in the next notification; false when none comes within @wait_ms. */
bool nl_hear(int fd, int wait_ms, struct nl_answer *answer);

uint64_t nl_u64(const struct nl_answer *answer, unsigned int type);
uint32_t nl_u32(const struct nl_answer *answer, unsigned int type);
const char *nl_string(const struct nl_answer *answer, unsigned int type);

/* The family's number, or minus the error number. The answer holds all about the family. */
int nl_family(int fd, const char *name, struct nl_answer *answer);

/* Walks attributes: gives the next one in [*at, end), false at the end. */
bool nl_next(const uint8_t **at, const uint8_t *end, unsigned int *type,
	     struct nl_attribute *attribute);

#endif /* _LS_NL_H */
