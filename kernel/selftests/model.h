/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verbs of a modelled component, one function each, over the ioctls of /dev/livestack. What
 * they mean is in linux/livestack.h. model_client.c and model_server.c show them in use.
 *
 * Every function returns 0 or minus an error number of that header.
 */
#ifndef _LS_MODEL_H
#define _LS_MODEL_H

#include <linux/livestack.h>
#include <stddef.h>
#include <stdint.h>

/* One modelled component of a session, from model_join() to model_leave(). */
struct model {
	int fd;
	uint64_t clock_ns; /* its simulated time; only model_wait() moves it */
};

/* What came over a link, and what the kernel knows about it. */
struct model_message {
	uint64_t arrival_ns;
	uint64_t send_ns;
	uint64_t sequence; /* so many messages had its source sent before */
	uint16_t source;   /* the component that sent it */
	uint16_t link;	   /* an answer goes back over the same */
	uint32_t length;   /* in bytes */
	uint8_t data[256];
};

/*
 * Becomes component @component of session @session. @flags: 0, or O_NONBLOCK to wait by poll(2), as
 * a program does that has other files to look after too.
 */
int model_join(struct model *model, uint32_t session, uint16_t component, int flags);

/*
 * Through with all that is to be done at clock_ns: returns when clock_ns has reached @next_ns or
 * the arrival of a message, whichever is earlier. LIVESTACK_TIME_NONE: waits for messages alone.
 */
int model_wait(struct model *model, uint64_t next_ns);

/* Sends at clock_ns. */
int model_send(struct model *model, uint16_t link, const void *data, uint32_t length);

/* Takes the next message that has arrived by clock_ns; -EAGAIN: there is none. */
int model_receive(struct model *model, struct model_message *message);

/* Without this, a process that ends has died: the session pauses if it waits for it. */
void model_leave(struct model *model);

#endif /* _LS_MODEL_H */
