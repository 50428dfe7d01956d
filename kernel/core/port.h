/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports, for the rest of core: see transport.h. */
#ifndef _LS_PORT_H
#define _LS_PORT_H

#include "transport.h"

struct ls_session;

/* These want ls_table_lock held. */

/*
 * Opens a port at an end of a link. Negative error number and a sentence: -EEXIST: the end is one,
 * -EOPNOTSUPP: nothing is loaded that carries messages, and what the transport refuses.
 */
int ls_port_new(struct ls_link *link, enum livestack_end end,
		const struct ls_port_request *request, const char **sentence);
void ls_port_del(struct ls_port *port);
void ls_ports_close(struct ls_session *session);
void ls_port_look(struct ls_port *port, struct ls_port_view *view);

/* These under the session's lock. */

/* @message, which is in no queue any more, has arrived at the port. */
void ls_port_arrived(struct ls_port *port, struct ls_message *message);

/* There is room on the way again, which a port waits for. */
void ls_port_resume(struct ls_way *way);

#endif /* _LS_PORT_H */
