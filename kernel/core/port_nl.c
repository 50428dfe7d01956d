// SPDX-License-Identifier: GPL-2.0-only
/* port-new, port-get and port-del. */

#include "link.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "object_nl.h"
#include "port.h"
#include "session.h"

static void *ls_nl_port_refuse(struct genl_info *info, int err, int attribute, const char *sentence)
{
	ls_nl_refuse(info, err, attribute, sentence);
	return ERR_PTR(err);
}

static struct ls_link *ls_nl_port_link(struct genl_info *info)
{
	struct ls_session *session = ls_nl_find_session(info, LIVESTACK_A_PORT_SESSION);
	struct ls_link *link;

	if (IS_ERR(session))
		return ERR_CAST(session);
	if (!info->attrs[LIVESTACK_A_PORT_LINK])
		return ls_nl_port_refuse(info, -EINVAL, LIVESTACK_A_PORT_LINK,
					 "the link is missing: say which, link-get lists them");
	if (!info->attrs[LIVESTACK_A_PORT_END])
		return ls_nl_port_refuse(info, -EINVAL, LIVESTACK_A_PORT_END,
					 "the end of the link is missing: say a or b");
	link = xa_load(&session->links, nla_get_u16(info->attrs[LIVESTACK_A_PORT_LINK]));
	return link ?: ls_nl_port_refuse(info, -ENOENT, LIVESTACK_A_PORT_LINK,
					 "the session has no link of this id: link-get lists those it has");
}

static void *ls_nl_find_port(struct genl_info *info)
{
	struct ls_link *link = ls_nl_port_link(info);
	struct ls_port *port;

	if (IS_ERR(link))
		return link;
	port = nla_get_u32(info->attrs[LIVESTACK_A_PORT_END]) == LIVESTACK_END_A ? link->to_a.port :
										    link->to_b.port;
	return port ?: ls_nl_port_refuse(info, -ENOENT, LIVESTACK_A_PORT_END,
					 "this end of the link is no port: port-get lists those there are");
}

static int ls_nl_put_port(struct sk_buff *msg, void *header, void *object)
{
	struct ls_port *port = object;
	struct ls_port_view view = { 0 };

	ls_port_look(port, &view);
	if (!header ||
	    nla_put_u32(msg, LIVESTACK_A_PORT_SESSION, port->component->session->id) ||
	    nla_put_u16(msg, LIVESTACK_A_PORT_LINK, port->link->id) ||
	    nla_put_u32(msg, LIVESTACK_A_PORT_END, port->end) ||
	    nla_put_u32(msg, LIVESTACK_A_PORT_KIND, port->kind) ||
	    (view.interface &&
	     (nla_put_string(msg, LIVESTACK_A_PORT_INTERFACE, view.interface) ||
	      nla_put_u32(msg, LIVESTACK_A_PORT_INDEX, view.index))) ||
	    nla_put_u32(msg, LIVESTACK_A_PORT_BLOCKED, view.blocked) ||
	    (port->framed &&
	     (nla_put_flag(msg, LIVESTACK_A_PORT_FRAMED) ||
	      nla_put_u32(msg, LIVESTACK_A_PORT_HELD_BYTES, view.held_bytes))) ||
	    (view.fault && nla_put_string(msg, LIVESTACK_A_PORT_FAULT, view.fault)) ||
	    (port->sized && nla_put_flag(msg, LIVESTACK_A_PORT_SIZED)))
		return -EMSGSIZE;
	genlmsg_end(msg, header);
	return 0;
}

/* Ports are counted by their links' numbers, the two of one link one after the other. */
static void *ls_nl_next_port(struct ls_session *session, unsigned long *index)
{
	unsigned long id = *index / 2;
	struct ls_link *link;

	for (; (link = xa_find(&session->links, &id, ULONG_MAX, XA_PRESENT)); id++) {
		if (link->to_a.port && *index <= id * 2) {
			*index = id * 2;
			return link->to_a.port;
		}
		if (link->to_b.port && *index <= id * 2 + 1) {
			*index = id * 2 + 1;
			return link->to_b.port;
		}
	}
	return NULL;
}

static const struct ls_nl_kind ls_nl_ports = {
	.get = LIVESTACK_CMD_PORT_GET,
	.session_attribute = LIVESTACK_A_PORT_SESSION,
	.id_attribute = LIVESTACK_A_PORT_LINK,
	.owner_attribute = LIVESTACK_A_PORT_END,
	.id_in_dump = "a link asks for one port: leave it out, or ask without NLM_F_DUMP",
	.owner_in_dump = "an end asks for one port: leave it out of a dump of all",
	.find = ls_nl_find_port,
	.put = ls_nl_put_port,
	.next = ls_nl_next_port,
};

static s64 ls_nl_descriptor(const struct nlattr *attribute)
{
	return attribute ? (s64)nla_get_u32(attribute) : -1;
}

/* What a kind of port wants to be said, and what it wants not. */
static int ls_nl_check_port(struct genl_info *info, u32 kind)
{
	struct nlattr **attrs = info->attrs;

	if (kind != LIVESTACK_PORT_KIND_SOCKET && attrs[LIVESTACK_A_PORT_FRAMED])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_PORT_FRAMED,
				    "only sockets can be framed: eventfds and network devices send one message at a time, leave it out");
	if (kind != LIVESTACK_PORT_KIND_SOCKET && attrs[LIVESTACK_A_PORT_SIZED])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_PORT_SIZED,
				    "only sockets can be sized: no size is in what eventfds and network devices send, leave it out");
	if (kind == LIVESTACK_PORT_KIND_NET) {
		if (!attrs[LIVESTACK_A_PORT_INTERFACE])
			return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_PORT_INTERFACE,
					    "the interface is missing: say a name for the network device");
		return 0;
	}
	if (!attrs[LIVESTACK_A_PORT_PID])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_PORT_PID,
				    "the process is missing: say the pid of who has the descriptor");
	if (kind == LIVESTACK_PORT_KIND_SOCKET && !attrs[LIVESTACK_A_PORT_FD])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_PORT_FD,
				    "the socket is missing: say its descriptor in that process");
	if (kind == LIVESTACK_PORT_KIND_EVENTFD && !attrs[LIVESTACK_A_PORT_FD] &&
	    !attrs[LIVESTACK_A_PORT_OUT_FD])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_PORT_FD,
				    "both eventfds are missing: say fd, whose signals are sent, or out-fd, which is signalled, or both");
	return 0;
}

static int ls_nl_make_port(struct genl_info *info)
{
	struct ls_link *link = ls_nl_port_link(info);
	const struct nlattr *interface = info->attrs[LIVESTACK_A_PORT_INTERFACE];
	const struct nlattr *pid = info->attrs[LIVESTACK_A_PORT_PID];
	struct ls_port_request request = {
		.fd = ls_nl_descriptor(info->attrs[LIVESTACK_A_PORT_FD]),
		.out_fd = ls_nl_descriptor(info->attrs[LIVESTACK_A_PORT_OUT_FD]),
		.pid = pid ? nla_get_u32(pid) : 0,
		.interface = interface ? nla_data(interface) : NULL,
		.net = genl_info_net(info),
		.framed = info->attrs[LIVESTACK_A_PORT_FRAMED],
		.sized = info->attrs[LIVESTACK_A_PORT_SIZED],
	};
	const char *sentence = NULL;
	int err;

	if (IS_ERR(link))
		return PTR_ERR(link);
	if (!info->attrs[LIVESTACK_A_PORT_KIND])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_PORT_KIND,
				    "the kind is missing: say socket, eventfd or net");
	request.kind = nla_get_u32(info->attrs[LIVESTACK_A_PORT_KIND]);
	err = ls_nl_check_port(info, request.kind);
	if (err)
		return err;
	err = ls_port_new(link, nla_get_u32(info->attrs[LIVESTACK_A_PORT_END]), &request,
			  &sentence);
	if (!sentence)
		return err;
	switch (err) {
	case -EREMOTE:
	case -EEXIST:
		return ls_nl_refuse(info, err, LIVESTACK_A_PORT_END, sentence);
	case -ESRCH:
		return ls_nl_refuse(info, err, LIVESTACK_A_PORT_PID, sentence);
	default:
		return ls_nl_refuse(info, err,
				    request.kind == LIVESTACK_PORT_KIND_NET ?
					    LIVESTACK_A_PORT_INTERFACE :
					    LIVESTACK_A_PORT_FD,
				    sentence);
	}
}

int ls_nl_port_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	mutex_lock(&ls_table_lock);
	err = ls_nl_make_port(info);
	mutex_unlock(&ls_table_lock);
	return err;
}

int ls_nl_port_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ls_nl_get(&ls_nl_ports, info);
}

int ls_nl_port_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ls_nl_dump(&ls_nl_ports, skb, cb);
}

int ls_nl_port_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ls_port *port;
	int err;

	mutex_lock(&ls_table_lock);
	port = ls_nl_find_port(info);
	err = PTR_ERR_OR_ZERO(port);
	if (!err)
		ls_port_del(port);
	mutex_unlock(&ls_table_lock);
	return err;
}
