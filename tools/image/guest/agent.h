/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_AGENT_H
#define LS_AGENT_H

#include "line.h"

/* A descriptor that the main loop waits for. */
struct source {
	int fd;		/* -1: closed */
	uint32_t events;	/* EPOLL*, as they were when `ready` was called last */
	void (*ready)(struct source *s);
};

/* Has `s->ready` called whenever `events` (EPOLL*) hold; closing the descriptor ends that. */
void watch(struct source *s, uint32_t events);
void unwatch_close(struct source *s);

uint64_t monotonic_ns(void);

/* The line being written to the host; send_line ends and sends it. */
struct buffer *begin_line(const char *id, const char *word);
void send_line(void);

/* reply.c */
void send_ok(const char *id);
/* `code` is one of docs/guests.md or the name of an errno; the text says what, in one sentence. */
void __attribute__((format(printf, 3, 4))) send_error(const char *id, const char *code,
						      const char *fmt, ...);
/* The same with the name and the words of `error`, an errno. */
void send_errno(const char *id, int error, const char *what);
/* Says that a field is missing or wrong. */
void send_bad_field(const char *id, const char *verb, const char *field);

/* runs.c */
void run_request(const struct request *r);
void kill_request(const struct request *r);
void forget_request(const struct request *r);
void poweroff_request(const struct request *r);
/* A child may have ended. */
void reap_runs(void);
/* Sends the answers that have not been sent; `again`: all that the host has not said it has. */
void send_kept_runs(bool again);
void list_runs(struct buffer *line);

/* files.c */
void put_request(const struct request *r);
void get_request(const struct request *r);

#endif
