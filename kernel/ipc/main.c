// SPDX-License-Identifier: GPL-2.0-only

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "ipc.h"

static const struct ls_ipc_kind *ls_ipc_kind(enum livestack_port_kind kind)
{
	switch (kind) {
	case LIVESTACK_PORT_KIND_SOCKET:
		return &ls_relay_kind;
	case LIVESTACK_PORT_KIND_EVENTFD:
		return &ls_event_kind;
	case LIVESTACK_PORT_KIND_NET:
		break;
	}
	return &ls_netdev_kind;
}

static struct ls_port *ls_ipc_open(const struct ls_port *place,
				   const struct ls_port_request *request, const char **sentence)
{
	return ls_ipc_kind(request->kind)->open(place, request, sentence);
}

static void ls_ipc_close(struct ls_port *port)
{
	ls_ipc_kind(port->kind)->close(port);
}

static void ls_ipc_view(struct ls_port *port, struct ls_port_view *view)
{
	ls_ipc_kind(port->kind)->view(port, view);
}

static const struct ls_transport ls_ipc_transport = {
	.open = ls_ipc_open,
	.close = ls_ipc_close,
	.view = ls_ipc_view,
};

static int __init ls_ipc_init(void)
{
	return ls_transport_register(&ls_ipc_transport);
}

static void __exit ls_ipc_exit(void)
{
	ls_transport_unregister(&ls_ipc_transport);
	/* Who calls back from a socket may be preempted in its last instructions. */
	synchronize_rcu_tasks();
	synchronize_rcu();
}

module_init(ls_ipc_init);
module_exit(ls_ipc_exit);

MODULE_DESCRIPTION("LiveStack: sockets, eventfds and network links in simulated time");
MODULE_AUTHOR("The LiveStack authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(LS_VERSION);
