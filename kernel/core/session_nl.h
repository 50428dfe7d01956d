/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LS_SESSION_NL_H
#define _LS_SESSION_NL_H

struct ls_session;

/* Tells the group of events what the session's state is now. May sleep. */
void ls_nl_session_changed(struct ls_session *session);

#endif /* _LS_SESSION_NL_H */
