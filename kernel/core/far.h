/* SPDX-License-Identifier: GPL-2.0-only */
/* Ways over links that lead to another host, or from there. */
#ifndef _LS_FAR_H
#define _LS_FAR_H

struct ls_message;
struct ls_session;
struct ls_way;

/* Under the session's lock: @message, which its way has taken, goes to its receiver's host. */
void ls_far_send(struct ls_message *message);

/* Under the session's lock: a message over @way has been received or dropped here. */
void ls_far_owe(struct ls_way *way);

/* The session's share has ended: what is on its way to other hosts is lost. */
void ls_far_forget(struct ls_session *session);

#endif /* _LS_FAR_H */
