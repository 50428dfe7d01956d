// SPDX-License-Identifier: Apache-2.0

#include "tokens.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "complain.h"

/* The largest size that the kernel takes. A request is never so large. */
#define SIZE_MOST (1U << 30)

static bool make_end(int port, int *own)
{
	int two[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, two))
		return complain("no socket for tokens: %s", strerror(errno));
	/* Ours goes out of the ports' way first. */
	*own = fcntl(two[0], F_DUPFD_CLOEXEC, TOKENS_IN + 1);
	if (*own < 0)
		return complain("no socket for tokens: %s", strerror(errno));
	close(two[0]);
	if (two[1] == port)
		return true;
	if (dup3(two[1], port, O_CLOEXEC) < 0)
		return complain("no socket for tokens: %s", strerror(errno));
	close(two[1]);
	return true;
}

bool tokens_begin(struct tokens *tokens)
{
	uint64_t number;

	*tokens = (struct tokens){ .to = -1, .from = -1 };
	return make_end(TOKENS_OUT, &tokens->to) && make_end(TOKENS_IN, &tokens->from) &&
	       tokens_send(tokens, 0, 0, &number);
}

bool tokens_count(const struct tokens *tokens)
{
	return tokens->through && tokens->from >= 0;
}

bool tokens_send(struct tokens *tokens, uint16_t head, uint64_t bytes, uint64_t *number)
{
	const struct token token = {
		.size = htonl(bytes < SIZE_MOST ? bytes : SIZE_MOST),
		.head = head,
		.number = tokens->sent++,
	};
	ssize_t sent;

	*number = token.number;
	do
		sent = send(tokens->to, &token, sizeof(token), MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == sizeof(token);
}

static void end(struct tokens *tokens)
{
	close(tokens->to);
	close(tokens->from);
	tokens->to = -1;
	tokens->from = -1;
}

enum token_taken tokens_take(struct tokens *tokens, struct token *token)
{
	ssize_t got;

	if (tokens->from < 0)
		return TOKEN_NONE;
	do
		got = recv(tokens->from, token, sizeof(*token), MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return TOKEN_NONE;
	if (got != sizeof(*token)) {
		end(tokens);
		return TOKEN_GONE;
	}
	if (!tokens->through) {
		/* The link holds them by now: their end is to be its end. */
		close(TOKENS_OUT);
		close(TOKENS_IN);
		tokens->through = true;
	}
	return TOKEN_TAKEN;
}
