/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens: one for each request, sent over a link of the session that begins and ends at the disk's
 * own machine. It comes back when the request is to end by simulated time; what the link takes for
 * it is the disk's latency and, by the size that the token says, its rate.
 *
 * The two sockets that the kernel makes the ends of the link of are descriptors TOKENS_OUT and
 * TOKENS_IN of this process until a first token, which is for no request, has come through. From
 * then on the kernel alone has them, and their end tells that the link is gone.
 */
#ifndef DISK_TOKENS_H
#define DISK_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

/* What is sent at the one, packets whose first 4 bytes say their size, comes out of the other. */
#define TOKENS_OUT 3
#define TOKENS_IN 4

struct token {
	uint32_t size; /* big-endian */
	uint32_t head;
	uint64_t number;
};

struct tokens {
	int to, from; /* -1: there is no link, nothing is to be waited for */
	bool through; /* the first one has come */
	uint64_t sent;
};

/* Makes the sockets, and sends the first. Before any other descriptor is open. */
bool tokens_begin(struct tokens *tokens);

/* Whether requests are to wait for tokens. */
bool tokens_count(const struct tokens *tokens);

/* Sends one for a request of @bytes, whose number is given. False: the link is gone. */
bool tokens_send(struct tokens *tokens, uint16_t head, uint64_t bytes, uint64_t *number);

enum token_taken {
	TOKEN_NONE, /* for now */
	TOKEN_TAKEN,
	TOKEN_GONE, /* there will be none any more, those under way are lost */
};

enum token_taken tokens_take(struct tokens *tokens, struct token *token);

#endif /* DISK_TOKENS_H */
