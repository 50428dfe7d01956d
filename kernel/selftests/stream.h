/* SPDX-License-Identifier: GPL-2.0-only */
/* Streams joined by a link, and what is sent through them, for the self-tests of socket ports. */
#ifndef _LS_STREAM_H
#define _LS_STREAM_H

#include <linux/livestack.h>
#include <stddef.h>

#include "pair.h"

#define STREAM_QUANTUM 10000
#define STREAM_LATENCY 25000

enum stream_kind {
	STREAM_UNIX,
	STREAM_TCP4,
	STREAM_TCP6,
};

/* What a point about streams of this kind is called; valid until the next call. */
const char *stream_point(enum stream_kind kind, const char *what);

/* A point for each kind from @first to @last, in which @body is told which. */
#define stream_each(first, last, body, what)                               \
	do {                                                               \
		enum stream_kind kind_;                                    \
									   \
		for (kind_ = (first); kind_ <= (last); kind_++)            \
			ktap_ok(body(kind_), stream_point(kind_, (what))); \
	} while (0)

/*
 * A pair whose link leads from one connection to another, or to component 1 itself: each has an end
 * that its component uses, without blocking, and one that is the port.
 */
struct stream {
	struct pair pair;
	int a, b; /* the components' own ends; -1: closed, or none */
	bool to_model; /* component 1 is a modelled receiver */
	unsigned int came, looked_at; /* messages that it has taken, and of those */
};

/* One that it has taken. */
struct stream_message {
	uint64_t arrival_ns;
	uint32_t length;
	uint8_t bytes[LIVESTACK_MESSAGE_MAX];
};

/* Sets the loopback up, which a lab host may have left down. */
bool stream_loopback(void);

/* Two that are connected, over the loopback. */
bool stream_pair(enum stream_kind kind, int fd[2]);

/* What a port of a stream has to be, or 0. */
#define STREAM_FRAMED 1
#define STREAM_TO_MODEL 2 /* component 1 is a modelled receiver, not a port */

/* Component 0 runs at 0, component 1 waits for messages. stream_end() in any case. */
bool stream_begin(struct stream *stream, enum stream_kind kind, int flags);
bool stream_end(struct stream *stream);

/*
 * Waits until a port has read all that was sent to it by @fd: a softirq may be put off. False: it
 * has not within five seconds, as when there is no room for it.
 */
bool stream_settles(int fd);

/* Waits for @fd to have something to read, which a softirq may be late with. */
bool stream_comes(int fd);

/*
 * Both components go on by @ns, without blocking; meanwhile @body, if any, is called often. What
 * comes to a modelled receiver is taken.
 */
bool stream_pass(struct stream *stream, uint64_t ns, void (*body)(void *data), void *data);

/*
 * Component 1 waits for messages; component 0 goes on past the arrival of what it has just sent,
 * where component 1 is then, to the nanosecond.
 */
bool stream_waits(struct stream *stream);
bool stream_arrives(struct stream *stream);

/* The next one that the modelled receiver took, or NULL; valid until the next pass. */
const struct stream_message *stream_next(struct stream *stream);

/* A record: its length in 4 bytes, and so many bytes, made of its number. Says how many at @to. */
#define STREAM_PREFIX 4
size_t stream_record(uint8_t *to, uint32_t number, uint32_t length);
bool stream_is_record(const uint8_t *bytes, size_t size, uint32_t number, uint32_t length);
bool stream_send_record(struct stream *stream, uint32_t number, uint32_t length);

/* The next one it took is that record, arrived then; 0: whenever. */
bool stream_received(struct stream *stream, uint32_t number, uint32_t length, uint64_t arrival_ns);

/* Bytes on their way from one of our ends to the other, each known by its place. */
struct stream_flow {
	int from, to;
	uint32_t seed;
	uint64_t all, given, taken, wrong;
};

/* As much as goes, and as has come. */
void stream_give(struct stream_flow *flow);
void stream_take(struct stream_flow *flow);

/* Byte number @place of what @seed makes. */
uint8_t stream_byte(uint32_t seed, uint64_t place);

#endif /* _LS_STREAM_H */
