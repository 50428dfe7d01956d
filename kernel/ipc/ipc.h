/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the three kinds of port share. Each kind is one file: relay.c joins sockets, event.c
 * eventfds, netdev.c makes network devices. None knows another.
 */
#ifndef _LS_IPC_H
#define _LS_IPC_H

#include "../core/transport.h"

struct file;

/* A kind of port: as struct ls_transport, whose calls go on to it. */
struct ls_ipc_kind {
	struct ls_port *(*open)(const struct ls_port *place, const struct ls_port_request *request,
				const char **sentence);
	void (*close)(struct ls_port *port);
	void (*view)(struct ls_port *port, struct ls_port_view *view);
};

extern const struct ls_ipc_kind ls_relay_kind, ls_event_kind, ls_netdev_kind;

/*
 * The file of descriptor @fd of process @pid, held. -ESRCH: no such process, -EBADF: no such
 * descriptor; then @sentence says so.
 */
struct file *ls_descriptor_get(u32 pid, s64 fd, const char **sentence);

/* Refuses: @err as a pointer, and why. */
static inline void *ls_ipc_refuse(const char **sentence, int err, const char *what)
{
	*sentence = what;
	return (void *)(long)err;
}

#endif /* _LS_IPC_H */
