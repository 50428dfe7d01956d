// SPDX-License-Identifier: GPL-2.0-only
/* sync-new, sync-get, peer-set and peer-get. */

#include "share_nl.h"

#include <linux/string.h>

#include "netlink.h"
#include "netlink_gen.h"
#include "object_nl.h"
#include "session.h"

/* Hosts tell each other all up to so many, and in a tree with so many below each beyond. */
#define LS_SHARE_FLAT_MAX 8
#define LS_SHARE_FANOUT 4

#define LS_SHARE_NO_HOST "the host is missing: say its number, sync-get tells how many there are"

#define LS_SHARE_SILENT_NS (2 * (u64)NSEC_PER_SEC)

/* The session that @attribute names, when it is shared. */
static struct ls_session *ls_nl_shared_session(struct genl_info *info, int attribute)
{
	struct ls_session *session = ls_nl_find_session(info, attribute);

	if (IS_ERR(session) || session->share)
		return session;
	ls_nl_refuse(info, -ENOTCONN, attribute,
		     "the session is this host's alone: sync-new shares it with others");
	return ERR_PTR(-ENOTCONN);
}

static int ls_nl_read_address(struct genl_info *info, int attribute, int port,
			      struct ls_host_address *address)
{
	const struct nlattr *bytes = info->attrs[attribute];

	if (!bytes || (nla_len(bytes) != 4 && nla_len(bytes) != 16))
		return ls_nl_refuse(info, -EINVAL, attribute,
				    "an address is 4 bytes of IPv4 or 16 of IPv6: say where the host receives");
	address->length = nla_len(bytes);
	memcpy(address->bytes, nla_data(bytes), address->length);
	address->udp_port = info->attrs[port] ? nla_get_u16(info->attrs[port]) : 0;
	return 0;
}

static int ls_nl_put_address(struct sk_buff *msg, int attribute, int port,
			     const struct ls_host_address *address)
{
	return nla_put(msg, attribute, address->length, address->bytes) ?:
	       nla_put_u16(msg, port, address->udp_port);
}

/* sync-new */

static int ls_nl_check_sync_new(struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;

	if (!attrs[LIVESTACK_A_SYNC_HOSTS])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_SYNC_HOSTS,
				    "hosts is missing: say how many have a share, from 2 to 64");
	if (!attrs[LIVESTACK_A_SYNC_HOST] || nla_get_u16(attrs[LIVESTACK_A_SYNC_HOST]) >=
						     nla_get_u16(attrs[LIVESTACK_A_SYNC_HOSTS]))
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_SYNC_HOST,
				    "host is this one's number among the hosts, from 0 to one less than their count");
	if (!attrs[LIVESTACK_A_SYNC_KEY])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_SYNC_KEY,
				    "the key is missing: 32 random bytes, the same on all hosts of the session");
	if (attrs[LIVESTACK_A_SYNC_UUID] && !ls_nl_uuid_ok(attrs[LIVESTACK_A_SYNC_UUID]))
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_SYNC_UUID,
				    "a uuid has the usual 36 characters: say it, the same on all hosts, or leave it out");
	return 0;
}

static void ls_nl_read_share(struct genl_info *info, struct ls_share_request *request)
{
	const struct nlattr *fanout = info->attrs[LIVESTACK_A_SYNC_FANOUT];
	const struct nlattr *silent = info->attrs[LIVESTACK_A_SYNC_SILENT_NS];

	request->hosts = nla_get_u16(info->attrs[LIVESTACK_A_SYNC_HOSTS]);
	request->host = nla_get_u16(info->attrs[LIVESTACK_A_SYNC_HOST]);
	request->fanout = request->hosts > LS_SHARE_FLAT_MAX ? LS_SHARE_FANOUT : 0;
	if (fanout)
		request->fanout = nla_get_u16(fanout);
	request->silent_ns = silent ? nla_get_u64(silent) : LS_SHARE_SILENT_NS;
	request->net = genl_info_net(info);
	if (info->attrs[LIVESTACK_A_SYNC_UUID])
		request->uuid = nla_data(info->attrs[LIVESTACK_A_SYNC_UUID]);
	memcpy(request->key, nla_data(info->attrs[LIVESTACK_A_SYNC_KEY]), sizeof(request->key));
}

static int ls_nl_put_shared(struct sk_buff *msg, const struct ls_session *session,
			    const struct ls_share_view *view)
{
	if (nla_put_u32(msg, LIVESTACK_A_SYNC_SESSION, session->id) ||
	    nla_put_u16(msg, LIVESTACK_A_SYNC_HOST, view->host) ||
	    nla_put_u16(msg, LIVESTACK_A_SYNC_UDP_PORT, view->address.udp_port) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_SYNC_INSTANCE, view->instance))
		return -EMSGSIZE;
	return 0;
}

static int ls_nl_reply_shared(struct genl_info *info, struct ls_session *session)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	struct ls_share_view view;
	void *header;

	if (!msg)
		return -ENOMEM;
	session->share_ops->view(session->share, &view);
	header = genlmsg_put_reply(msg, info, &ls_nl_family, 0, LIVESTACK_CMD_SYNC_NEW);
	if (!header || ls_nl_put_shared(msg, session, &view)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, header);
	return genlmsg_reply(msg, info);
}

static int ls_nl_refuse_share(struct genl_info *info, int err, const char *sentence)
{
	switch (err) {
	case -EADDRINUSE:
		return ls_nl_refuse(info, err, LIVESTACK_A_SYNC_UDP_PORT, sentence);
	case -EADDRNOTAVAIL:
		return ls_nl_refuse(info, err, LIVESTACK_A_SYNC_ADDRESS, sentence);
	default:
		return ls_nl_refuse(info, err, LIVESTACK_A_SYNC_SESSION, sentence);
	}
}

static int ls_nl_share(struct genl_info *info, struct ls_share_request *request)
{
	struct ls_session *session = ls_nl_find_session(info, LIVESTACK_A_SYNC_SESSION);
	const char *sentence = NULL;
	int err;

	if (IS_ERR(session))
		return PTR_ERR(session);
	request->uuid = request->uuid ?: session->uuid;
	err = ls_share_begin(session, request, &sentence);
	if (err)
		return sentence ? ls_nl_refuse_share(info, err, sentence) : err;
	err = ls_nl_reply_shared(info, session);
	/* Who gets an error has made nothing. */
	if (err)
		ls_share_end(session);
	return err;
}

int ls_nl_sync_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ls_share_request request = { 0 };
	int err;

	err = ls_nl_check_sync_new(info) ?:
	      ls_nl_read_address(info, LIVESTACK_A_SYNC_ADDRESS, LIVESTACK_A_SYNC_UDP_PORT,
				 &request.address);
	if (err)
		return err;
	ls_nl_read_share(info, &request);
	mutex_lock(&ls_table_lock);
	err = ls_nl_share(info, &request);
	mutex_unlock(&ls_table_lock);
	memzero_explicit(&request, sizeof(request));
	/* It is in the request's message, too, which lives on until its memory is used again. */
	memzero_explicit(nla_data(info->attrs[LIVESTACK_A_SYNC_KEY]), LIVESTACK_KEY_BYTES);
	return err;
}

/* sync-get */

static void *ls_nl_find_shared(struct genl_info *info)
{
	return ls_nl_shared_session(info, LIVESTACK_A_SYNC_SESSION);
}

static int ls_nl_put_sync(struct sk_buff *msg, void *header, void *object)
{
	struct ls_session *session = object;
	struct ls_share_view view;

	session->share_ops->view(session->share, &view);
	if (!header || nla_put_u32(msg, LIVESTACK_A_SYNC_SESSION, session->id) ||
	    nla_put_u16(msg, LIVESTACK_A_SYNC_HOSTS, view.hosts) ||
	    nla_put_u16(msg, LIVESTACK_A_SYNC_HOST, view.host) ||
	    nla_put_u16(msg, LIVESTACK_A_SYNC_FANOUT, view.fanout) ||
	    ls_nl_put_address(msg, LIVESTACK_A_SYNC_ADDRESS, LIVESTACK_A_SYNC_UDP_PORT,
			      &view.address) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_SYNC_INSTANCE, view.instance) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_SYNC_SILENT_NS, view.silent_ns) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_SYNC_ROUND, view.round) ||
	    nla_put_u32(msg, LIVESTACK_A_SYNC_READY, view.ready) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_SYNC_REFUSED, view.refused) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_SYNC_STRAY, view.stray) ||
	    nla_put_string(msg, LIVESTACK_A_SYNC_UUID, view.uuid))
		return -EMSGSIZE;
	genlmsg_end(msg, header);
	return 0;
}

static void *ls_nl_next_shared(struct ls_session *session, unsigned long *index)
{
	return session->share && !*index ? session : NULL;
}

static const struct ls_nl_kind ls_nl_shares = {
	.get = LIVESTACK_CMD_SYNC_GET,
	.id_attribute = LIVESTACK_A_SYNC_SESSION,
	.id_in_dump = "a session asks for one: leave it out, or ask without NLM_F_DUMP",
	.find = ls_nl_find_shared,
	.put = ls_nl_put_sync,
	.next = ls_nl_next_shared,
};

int ls_nl_sync_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ls_nl_get(&ls_nl_shares, info);
}

int ls_nl_sync_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ls_nl_dump(&ls_nl_shares, skb, cb);
}

/* peer-set */

static int ls_nl_meet(struct genl_info *info, const struct ls_peer_request *request)
{
	struct ls_session *session = ls_nl_shared_session(info, LIVESTACK_A_PEER_SESSION);
	const char *sentence = NULL;
	int err;

	if (IS_ERR(session))
		return PTR_ERR(session);
	if (request->host >= session->hosts || request->host == session->host)
		return ls_nl_refuse(info, -ENOENT, LIVESTACK_A_PEER_HOST,
				    "host is the number of another host of the session: sync-get tells how many there are, and this one's");
	if (session->state != LIVESTACK_STATE_CREATED)
		return ls_nl_refuse(info, -EBUSY, LIVESTACK_A_PEER_SESSION,
				    "the session has begun: hosts are told of each other before");
	err = ls_share_meet(session, request, &sentence);
	return sentence ? ls_nl_refuse(info, err, LIVESTACK_A_PEER_ADDRESS, sentence) : err;
}

int ls_nl_peer_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct ls_peer_request request = { 0 };
	int err;

	if (!attrs[LIVESTACK_A_PEER_HOST])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_PEER_HOST, LS_SHARE_NO_HOST);
	if (!attrs[LIVESTACK_A_PEER_UDP_PORT] || !attrs[LIVESTACK_A_PEER_INSTANCE])
		return ls_nl_refuse(info, -EINVAL,
				    attrs[LIVESTACK_A_PEER_UDP_PORT] ? LIVESTACK_A_PEER_INSTANCE :
								       LIVESTACK_A_PEER_UDP_PORT,
				    "udp-port and instance are what sync-new has said on that host: say both");
	err = ls_nl_read_address(info, LIVESTACK_A_PEER_ADDRESS, LIVESTACK_A_PEER_UDP_PORT,
				 &request.address);
	if (err)
		return err;
	request.host = nla_get_u16(attrs[LIVESTACK_A_PEER_HOST]);
	request.instance = nla_get_u64(attrs[LIVESTACK_A_PEER_INSTANCE]);
	mutex_lock(&ls_table_lock);
	err = ls_nl_meet(info, &request);
	mutex_unlock(&ls_table_lock);
	return err;
}

/* peer-get: what it tells of, under ls_table_lock. */
static struct {
	struct ls_session *session;
	u16 host;
	struct ls_peer_view view;
} ls_nl_peer;

static void *ls_nl_look(struct ls_session *session, u16 host)
{
	ls_nl_peer.session = session;
	ls_nl_peer.host = host;
	if (!session->share_ops->look(session->share, host, &ls_nl_peer.view))
		return NULL;
	return &ls_nl_peer;
}

static void *ls_nl_find_peer(struct genl_info *info)
{
	struct ls_session *session;
	void *peer;

	if (!info->attrs[LIVESTACK_A_PEER_HOST]) {
		ls_nl_refuse(info, -EINVAL, LIVESTACK_A_PEER_HOST, LS_SHARE_NO_HOST);
		return ERR_PTR(-EINVAL);
	}
	session = ls_nl_shared_session(info, LIVESTACK_A_PEER_SESSION);
	if (IS_ERR(session))
		return session;
	peer = ls_nl_look(session, nla_get_u16(info->attrs[LIVESTACK_A_PEER_HOST]));
	if (peer)
		return peer;
	ls_nl_refuse(info, -ENOENT, LIVESTACK_A_PEER_HOST,
		     "nothing is known of another host of this number: peer-set says where one is");
	return ERR_PTR(-ENOENT);
}

static int ls_nl_put_peer_counts(struct sk_buff *msg, const struct ls_peer_view *view)
{
	if (ls_nl_put_u64(msg, LIVESTACK_A_PEER_PACKETS_OUT, view->packets_out) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_PEER_PACKETS_IN, view->packets_in) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_PEER_RESENT, view->resent) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_PEER_TWICE, view->twice) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_PEER_FORGED, view->forged) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_PEER_REPLAYED, view->replayed) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_PEER_REFUSED, view->refused) ||
	    (view->awaits && nla_put_u32(msg, LIVESTACK_A_PEER_AWAITS, view->awaits)) ||
	    (view->silent && nla_put_flag(msg, LIVESTACK_A_PEER_SILENT)) ||
	    (view->heard_ns != LS_TIME_NONE &&
	     ls_nl_put_u64(msg, LIVESTACK_A_PEER_HEARD_NS, view->heard_ns)))
		return -EMSGSIZE;
	return 0;
}

static int ls_nl_put_peer(struct sk_buff *msg, void *header, void *object)
{
	const struct ls_peer_view *view = &ls_nl_peer.view;

	if (!header || nla_put_u32(msg, LIVESTACK_A_PEER_SESSION, ls_nl_peer.session->id) ||
	    nla_put_u16(msg, LIVESTACK_A_PEER_HOST, ls_nl_peer.host) ||
	    ls_nl_put_address(msg, LIVESTACK_A_PEER_ADDRESS, LIVESTACK_A_PEER_UDP_PORT,
			      &view->address) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_PEER_INSTANCE, view->instance) ||
	    ls_nl_put_peer_counts(msg, view))
		return -EMSGSIZE;
	genlmsg_end(msg, header);
	return 0;
}

static void *ls_nl_next_peer(struct ls_session *session, unsigned long *index)
{
	void *peer = NULL;

	for (; session->share && !peer && *index < session->hosts; ++*index) {
		peer = ls_nl_look(session, *index);
		if (peer)
			break;
	}
	return peer;
}

static const struct ls_nl_kind ls_nl_peers = {
	.get = LIVESTACK_CMD_PEER_GET,
	.session_attribute = LIVESTACK_A_PEER_SESSION,
	.id_attribute = LIVESTACK_A_PEER_HOST,
	.id_in_dump = "a host asks for one of them: leave it out, or ask without NLM_F_DUMP",
	.find = ls_nl_find_peer,
	.put = ls_nl_put_peer,
	.next = ls_nl_next_peer,
};

int ls_nl_peer_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ls_nl_get(&ls_nl_peers, info);
}

int ls_nl_peer_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ls_nl_dump(&ls_nl_peers, skb, cb);
}
