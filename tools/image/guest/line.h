/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What host and guest agent say to each other (docs/guests.md): lines of words, in ASCII.
 *
 *   host:   ID VERB KEY=VALUE...
 *   guest:  ID ok|ended|error KEY=VALUE...
 *           - started KEY=VALUE...         once, unasked, when the agent has started
 *
 * An ID is chosen by the host and comes back in the answer. Values are decimal numbers, words, or
 * bytes in base64. A newline is in no value, so whoever has lost the thread finds it again at the
 * next one: a host that connects anew begins with one.
 */
#ifndef LS_LINE_H
#define LS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LS_PORT		"livestack.agent"	/* the virtio-serial port's name */
#define LS_VERSION	1
#define LS_LINE_MAX	(4 << 20)		/* bytes of the longest request */
#define LS_ID_MAX	32			/* characters of the longest ID */
#define LS_FIELDS_MAX	4096			/* fields of one request */

/* Bytes that grow at their end. */
struct buffer {
	char *data;
	size_t len, room;
};

/* Makes room for `more` bytes behind the end and returns where they go. Ends the agent if it cannot. */
char *buffer_reserve(struct buffer *b, size_t more);
void buffer_add(struct buffer *b, const void *data, size_t len);
void __attribute__((format(printf, 2, 3))) buffer_print(struct buffer *b, const char *fmt, ...);
/* Adds " KEY=" and the bytes in base64. */
void buffer_add_bytes(struct buffer *b, const char *key, const void *data, size_t len);
void buffer_free(struct buffer *b);

/* A request; its strings lie in the line it was made from. */
struct request {
	char *id, *verb;
	char **fields;		/* "KEY=VALUE" */
	size_t count;
};

/* Whether `text` may name a request: 1 to LS_ID_MAX of A-Z a-z 0-9 _ - */
bool is_id(const char *text, size_t len);

/*
 * Takes a line apart, in place. Returns false, with `id` still set if it is one, for what is no
 * request. To be freed with request_free in both cases.
 */
bool request_parse(struct request *r, char *line);
void request_free(struct request *r);

size_t field_count(const struct request *r, const char *key);
/* Value of the first field KEY; NULL if there is none. */
char *field(const struct request *r, const char *key);
/* False if there is no field KEY or it is no whole number from `min` to `max`. */
bool field_number(const struct request *r, const char *key, uint64_t min, uint64_t max,
		  uint64_t *value);
/*
 * Bytes of the field KEY number `index`, decoded in place, with a NUL behind them; to be asked for
 * once. NULL if there is none or it is no base64.
 */
char *field_bytes(const struct request *r, const char *key, size_t index, size_t *len);
/* The same for what may hold no NUL, such as a path. */
char *field_string(const struct request *r, const char *key, size_t index);

#endif
