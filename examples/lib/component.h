/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a modelled component says to livestack.ko, one function for each verb, over the ioctls of
 * /dev/livestack. What the verbs mean is told at the head of linux/livestack.h.
 *
 * Every function that returns an int returns 0 or minus an error number of that header.
 */
#ifndef EXAMPLES_COMPONENT_H
#define EXAMPLES_COMPONENT_H

#include <linux/livestack.h>
#include <stdint.h>

#define COMPONENT_DEVICE "/dev/livestack"

/* One modelled component of a session, from component_open() to component_leave(). */
struct component {
	int fd;
	uint64_t clock_ns; /* its simulated time; only component_wait() moves it */
};

/* What the kernel knows about a message. */
struct component_message {
	uint64_t arrival_ns;
	uint64_t send_ns;
	uint64_t sequence; /* so many messages had its source sent before */
	uint32_t length;   /* in bytes */
	uint16_t link;	   /* an answer goes back over the same */
	uint16_t source;   /* the component that sent it */
};

/*
 * Opens the device. @flags: 0, or O_NONBLOCK for a program that has other files to look after too:
 * component_wait() then says -EAGAIN until poll(2) tells by POLLIN to call it again.
 */
int component_open(struct component *component, int flags);

/* Becomes component @id of session @session. */
int component_join(struct component *component, uint32_t session, uint16_t id);

/* How to mend what component_open() or component_join() said; NULL: nothing is known of it. */
const char *component_open_hint(int error);
const char *component_join_hint(int error);

/*
 * Through with all that is to be done at clock_ns: returns when clock_ns has reached @next_ns or
 * the arrival of a message, whichever is earlier. LIVESTACK_TIME_NONE: waits for messages alone.
 * -EINTR and -EAGAIN: not yet, it is to be called again.
 */
int component_wait(struct component *component, uint64_t next_ns);

/* Sends at clock_ns. */
int component_send(struct component *component, uint16_t link, const void *data, uint32_t length);

/* Takes the next message that has arrived by clock_ns; -EAGAIN: there is none. */
int component_receive(struct component *component, void *data, uint32_t room,
		      struct component_message *message);

/* Without this, a process that ends has died: the session pauses if it waits for it. */
void component_leave(struct component *component);

#endif /* EXAMPLES_COMPONENT_H */
