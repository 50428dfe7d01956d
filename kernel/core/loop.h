/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loops: links that begin and end at one component, as what it does takes time. A program of the
 * host counts on getting back what it sends over one; so nothing is lost on it, and while the
 * component is not there, or its session has stopped, it takes no time.
 */
#ifndef _LS_LOOP_H
#define _LS_LOOP_H

#include <linux/rbtree.h>

struct ls_message;
struct ls_port;
struct ls_session;

/*
 * Under the session's lock: @message, sent by @port, is at the other end at once. -ENETDOWN: it is
 * on no loop, or nothing is at the other end.
 */
int ls_loop_pass(struct ls_port *port, struct ls_message *message);

/* Of @messages, which are in no component's queue any more, those on loops arrive at once. */
void ls_loop_pass_all(struct ls_session *session, struct rb_root *messages);

#endif /* _LS_LOOP_H */
