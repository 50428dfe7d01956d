// SPDX-License-Identifier: GPL-2.0-only

#include "link.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "object_nl.h"
#include "session.h"

/* Room in a link's queue when nothing is said. */
#define LS_LINK_QUEUE_BYTES (1024 * 1024)

static void *ls_nl_find_link(struct genl_info *info)
{
	struct ls_session *session = ls_nl_find_session(info, LIVESTACK_A_LINK_SESSION);
	struct ls_link *link;

	if (IS_ERR(session))
		return session;
	if (!info->attrs[LIVESTACK_A_LINK_ID]) {
		ls_nl_refuse(info, -EINVAL, LIVESTACK_A_LINK_ID,
			     "the link's id is missing: say which, link-get lists them");
		return ERR_PTR(-EINVAL);
	}
	link = xa_load(&session->links, nla_get_u16(info->attrs[LIVESTACK_A_LINK_ID]));
	if (link)
		return link;
	ls_nl_refuse(info, -ENOENT, LIVESTACK_A_LINK_ID,
		     "the session has no link of this id: link-get lists those it has");
	return ERR_PTR(-ENOENT);
}

static int ls_nl_put_wire(struct sk_buff *msg, const struct ls_wire_config *config)
{
	if ((config->rate_bps &&
	     (ls_nl_put_u64(msg, LIVESTACK_A_DIRECTION_RATE_BPS, config->rate_bps) ||
	      nla_put_u32(msg, LIVESTACK_A_DIRECTION_LIMIT_PACKETS, config->limit_packets))) ||
	    (config->limit_bytes &&
	     nla_put_u32(msg, LIVESTACK_A_DIRECTION_LIMIT_BYTES, config->limit_bytes)) ||
	    (config->jitter_ns &&
	     ls_nl_put_u64(msg, LIVESTACK_A_DIRECTION_JITTER_NS, config->jitter_ns)) ||
	    (config->loss_ppm &&
	     nla_put_u32(msg, LIVESTACK_A_DIRECTION_LOSS_PPM, config->loss_ppm)) ||
	    (config->mtu && nla_put_u32(msg, LIVESTACK_A_DIRECTION_MTU, config->mtu)) ||
	    nla_put_u32(msg, LIVESTACK_A_DIRECTION_DOWN, config->down))
		return -EMSGSIZE;
	return 0;
}

/* Which attribute tells of those dropped for a reason; carried: the receiver was gone. */
static const int ls_nl_fates[LS_WIRE_FATES] = {
	[LS_WIRE_CARRIED] = LIVESTACK_A_DIRECTION_DROPPED_GONE,
	[LS_WIRE_LIMIT] = LIVESTACK_A_DIRECTION_DROPPED_LIMIT,
	[LS_WIRE_LOSS] = LIVESTACK_A_DIRECTION_DROPPED_LOSS,
	[LS_WIRE_MTU] = LIVESTACK_A_DIRECTION_DROPPED_MTU,
	[LS_WIRE_DOWN] = LIVESTACK_A_DIRECTION_DROPPED_DOWN,
};

static int ls_nl_put_counts(struct sk_buff *msg, const struct ls_way_counts *counts)
{
	int fate;

	for (fate = 0; fate < LS_WIRE_FATES; fate++)
		if (ls_nl_put_u64(msg, ls_nl_fates[fate], counts->fates[fate]))
			return -EMSGSIZE;
	if (ls_nl_put_u64(msg, LIVESTACK_A_DIRECTION_SENT, counts->sent) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_DIRECTION_SENT_BYTES, counts->sent_bytes) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_DIRECTION_RECEIVED, counts->received) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_DIRECTION_RECEIVED_BYTES, counts->received_bytes) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_DIRECTION_DROPPED, counts->dropped) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_DIRECTION_DROPPED_BYTES, counts->dropped_bytes) ||
	    nla_put_u32(msg, LIVESTACK_A_DIRECTION_QUEUED, counts->queued) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_DIRECTION_QUEUED_BYTES, counts->queued_bytes) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_DIRECTION_REFUSED, counts->refused) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_DIRECTION_LATE, counts->late) ||
	    ls_nl_put_histogram(msg, LIVESTACK_A_DIRECTION_LATE_NS, &counts->late_ns) ||
	    ls_nl_put_histogram(msg, LIVESTACK_A_DIRECTION_ERROR_NS, &counts->error_ns) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_DIRECTION_CAPTURED, counts->captured) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_DIRECTION_CAPTURE_LOST, counts->capture_lost))
		return -EMSGSIZE;
	return 0;
}

static int ls_nl_put_way(struct sk_buff *msg, int attribute, struct ls_session *session,
			 const struct ls_way *way)
{
	/* Big for a stack, and only one at a time is wanted: ls_table_lock is held. */
	static struct ls_way_counts counts;
	struct nlattr *nest;
	unsigned long flags;

	lockdep_assert_held(&ls_table_lock);
	raw_spin_lock_irqsave(&session->lock, flags);
	counts = way->counts;
	raw_spin_unlock_irqrestore(&session->lock, flags);

	nest = nla_nest_start(msg, attribute);
	if (!nest || ls_nl_put_wire(msg, &way->wire.config) || ls_nl_put_counts(msg, &counts))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int ls_nl_put_link(struct sk_buff *msg, void *header, void *object)
{
	struct ls_link *link = object;
	const struct ls_link_config config = ls_link_config(link);

	if (!header ||
	    nla_put_u32(msg, LIVESTACK_A_LINK_SESSION, link->session->id) ||
	    nla_put_u16(msg, LIVESTACK_A_LINK_ID, link->id) ||
	    nla_put_u16(msg, LIVESTACK_A_LINK_A, link->to_a.to->id) ||
	    nla_put_u16(msg, LIVESTACK_A_LINK_B, link->to_b.to->id) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_LINK_LATENCY_NS, config.latency_ns) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_LINK_BACK_LATENCY_NS, config.back_latency_ns) ||
	    nla_put_u32(msg, LIVESTACK_A_LINK_QUEUE_BYTES, config.queue_bytes) ||
	    ls_nl_put_u64(msg, LIVESTACK_A_LINK_SEED, link->seed) ||
	    (link->to_b.loop && nla_put_flag(msg, LIVESTACK_A_LINK_LOOP)) ||
	    ls_nl_put_way(msg, LIVESTACK_A_LINK_TO_B, link->session, &link->to_b) ||
	    ls_nl_put_way(msg, LIVESTACK_A_LINK_TO_A, link->session, &link->to_a))
		return -EMSGSIZE;
	genlmsg_end(msg, header);
	return 0;
}

static void *ls_nl_next_link(struct ls_session *session, unsigned long *index)
{
	return xa_find(&session->links, index, ULONG_MAX, XA_PRESENT);
}

const struct ls_nl_kind ls_nl_links = {
	.get = LIVESTACK_CMD_LINK_GET,
	.notify = LIVESTACK_CMD_LINK_NTF,
	.notify_gone = LIVESTACK_CMD_LINK_DEL_NTF,
	.session_attribute = LIVESTACK_A_LINK_SESSION,
	.id_attribute = LIVESTACK_A_LINK_ID,
	.find = ls_nl_find_link,
	.put = ls_nl_put_link,
	.next = ls_nl_next_link,
};

/* Messages that may wait for a rate when nothing is said. */
#define LS_LINK_LIMIT_PACKETS 1000

static int ls_nl_refuse_nested(struct genl_info *info, int end, const char *sentence)
{
	return ls_nl_refuse(info, -EINVAL, end, sentence);
}

/* What of one way is said, after the policy of the whole was kept. */
static int ls_nl_read_wire(struct genl_info *info, int end, struct ls_wire_config *config)
{
	const struct nlattr *nest = info->attrs[end], *said;
	int left;

	if (!nest)
		return 0;
	nla_for_each_nested(said, nest, left) {
		switch (nla_type(said)) {
		case LIVESTACK_A_DIRECTION_RATE_BPS:
			config->rate_bps = nla_get_u64(said);
			break;
		case LIVESTACK_A_DIRECTION_JITTER_NS:
			config->jitter_ns = nla_get_u64(said);
			break;
		case LIVESTACK_A_DIRECTION_LOSS_PPM:
			config->loss_ppm = nla_get_u32(said);
			break;
		case LIVESTACK_A_DIRECTION_MTU:
			config->mtu = nla_get_u32(said);
			break;
		case LIVESTACK_A_DIRECTION_LIMIT_BYTES:
			config->limit_bytes = nla_get_u32(said);
			break;
		case LIVESTACK_A_DIRECTION_LIMIT_PACKETS:
			config->limit_packets = nla_get_u32(said);
			break;
		case LIVESTACK_A_DIRECTION_DOWN:
			config->down = nla_get_u32(said);
			break;
		default:
			return ls_nl_refuse_nested(info, end,
						   "of a way rate-bps, jitter-ns, loss-ppm, mtu, limit-bytes, limit-packets and down can be set, all else is counted: leave it out");
		}
	}
	if (config->limit_bytes && !config->rate_bps)
		return ls_nl_refuse_nested(info, end,
					   "nothing waits where there is no rate: say rate-bps with limit-bytes");
	return 0;
}

/* Who sends over a loop counts on it to come back. */
static int ls_nl_check_loop(struct genl_info *info, int end, const struct ls_wire_config *config)
{
	if (!config->loss_ppm && !config->mtu && !config->limit_bytes && !config->down)
		return 0;
	return ls_nl_refuse_nested(info, end,
				   "nothing is lost on a loop: leave loss-ppm, mtu, limit-bytes and down out");
}

static int ls_nl_read_config(struct genl_info *info, bool loop, struct ls_link_config *config)
{
	const struct nlattr *latency = info->attrs[LIVESTACK_A_LINK_LATENCY_NS];
	const struct nlattr *back = info->attrs[LIVESTACK_A_LINK_BACK_LATENCY_NS];
	const struct nlattr *queue = info->attrs[LIVESTACK_A_LINK_QUEUE_BYTES];
	int err;

	if (latency)
		config->latency_ns = nla_get_u64(latency);
	if (back)
		config->back_latency_ns = nla_get_u64(back);
	if (queue)
		config->queue_bytes = nla_get_u32(queue);
	err = ls_nl_read_wire(info, LIVESTACK_A_LINK_TO_B, &config->to_b) ?:
	      ls_nl_read_wire(info, LIVESTACK_A_LINK_TO_A, &config->to_a);
	if (err || !loop)
		return err;
	return ls_nl_check_loop(info, LIVESTACK_A_LINK_TO_B, &config->to_b) ?:
	       ls_nl_check_loop(info, LIVESTACK_A_LINK_TO_A, &config->to_a);
}

static int ls_nl_refuse_latency(struct genl_info *info)
{
	const bool to = info->attrs[LIVESTACK_A_LINK_LATENCY_NS];

	return ls_nl_refuse(info, -ERANGE,
			    to ? LIVESTACK_A_LINK_LATENCY_NS : LIVESTACK_A_LINK_BACK_LATENCY_NS,
			    "the latency is below the quantum of a strict session, messages could be late: set a shorter quantum first, or make the session relaxed");
}

static int ls_nl_check_ends(struct genl_info *info, bool same)
{
	const bool loop = info->attrs[LIVESTACK_A_LINK_LOOP];

	if (same && !loop)
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_LINK_B,
				    "a link cannot lead back to the component it comes from: say two different ones, or loop if it is meant to");
	if (loop && !same)
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_LINK_B,
				    "a loop leads back to the component it comes from: say it as a and as b, or leave loop out");
	return 0;
}

static int ls_nl_check_link_new(struct genl_info *info)
{
	if (!info->attrs[LIVESTACK_A_LINK_ID])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_LINK_ID,
				    "a link needs an id, from 0 to 4095");
	if (!info->attrs[LIVESTACK_A_LINK_A])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_LINK_A,
				    "a link needs a, the component at one end");
	if (!info->attrs[LIVESTACK_A_LINK_B])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_LINK_B,
				    "a link needs b, the component at the other end");
	if (!info->attrs[LIVESTACK_A_LINK_LATENCY_NS])
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_LINK_LATENCY_NS,
				    "a link needs latency-ns, from 0 to 3600000000000");
	return ls_nl_check_ends(info, nla_get_u16(info->attrs[LIVESTACK_A_LINK_A]) ==
					      nla_get_u16(info->attrs[LIVESTACK_A_LINK_B]));
}

static int ls_nl_make_link(struct genl_info *info)
{
	struct ls_session *session = ls_nl_find_session(info, LIVESTACK_A_LINK_SESSION);
	struct ls_link_config config = {
		.queue_bytes = LS_LINK_QUEUE_BYTES,
		.to_b.limit_packets = LS_LINK_LIMIT_PACKETS,
		.to_a.limit_packets = LS_LINK_LIMIT_PACKETS,
	};
	struct ls_component *a, *b;
	struct ls_link *link;
	int err;

	if (IS_ERR(session))
		return PTR_ERR(session);
	a = ls_nl_session_component(info, session, LIVESTACK_A_LINK_A);
	if (IS_ERR(a))
		return PTR_ERR(a);
	b = ls_nl_session_component(info, session, LIVESTACK_A_LINK_B);
	if (IS_ERR(b))
		return PTR_ERR(b);

	config.back_latency_ns = nla_get_u64(info->attrs[LIVESTACK_A_LINK_LATENCY_NS]);
	if (info->attrs[LIVESTACK_A_LINK_SEED])
		config.seed = nla_get_u64(info->attrs[LIVESTACK_A_LINK_SEED]);
	err = ls_nl_read_config(info, a == b, &config);
	if (err)
		return err;
	link = ls_link_new(a, b, nla_get_u16(info->attrs[LIVESTACK_A_LINK_ID]), &config);
	if (!IS_ERR(link)) {
		ls_nl_tell(&ls_nl_links, link);
		return 0;
	}
	switch (PTR_ERR(link)) {
	case -ERANGE:
		return ls_nl_refuse_latency(info);
	case -ENOSPC:
		return ls_nl_refuse(info, -ENOSPC, 0,
				    "the session has 4096 links already: delete one of them");
	case -EEXIST:
		return ls_nl_refuse(info, -EEXIST, LIVESTACK_A_LINK_ID,
				    "the session has a link of this id: take another");
	case -EREMOTE:
		return ls_nl_refuse(info, -EREMOTE, LIVESTACK_A_LINK_B,
				    "both ends are on other hosts: a link is made on the hosts of its ends");
	default:
		return PTR_ERR(link);
	}
}

int ls_nl_link_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err = ls_nl_check_link_new(info);

	if (err)
		return err;
	mutex_lock(&ls_table_lock);
	err = ls_nl_make_link(info);
	mutex_unlock(&ls_table_lock);
	return err;
}

int ls_nl_link_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ls_nl_get(&ls_nl_links, info);
}

int ls_nl_link_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ls_nl_dump(&ls_nl_links, skb, cb);
}

static int ls_nl_set_link(struct genl_info *info)
{
	struct ls_link *link = ls_nl_find_link(info);
	struct nlattr **attrs = info->attrs;
	struct ls_link_config config;
	int err;

	if (IS_ERR(link))
		return PTR_ERR(link);
	if (!attrs[LIVESTACK_A_LINK_LATENCY_NS] && !attrs[LIVESTACK_A_LINK_BACK_LATENCY_NS] &&
	    !attrs[LIVESTACK_A_LINK_QUEUE_BYTES] && !attrs[LIVESTACK_A_LINK_TO_B] &&
	    !attrs[LIVESTACK_A_LINK_TO_A])
		return ls_nl_refuse(info, -EINVAL, 0,
				    "nothing to set: say latency-ns, back-latency-ns, queue-bytes, to-b or to-a");
	config = ls_link_config(link);
	err = ls_nl_read_config(info, link->to_b.loop, &config);
	if (err)
		return err;
	err = ls_link_set(link, &config);
	if (err == -ERANGE)
		return ls_nl_refuse_latency(info);
	if (err == -EOPNOTSUPP)
		return ls_nl_refuse(info, err, 0,
				    "an end of the link is a stream, which must not lose anything: leave loss-ppm at 0");
	if (!err)
		ls_nl_tell(&ls_nl_links, link);
	return err;
}

int ls_nl_link_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	mutex_lock(&ls_table_lock);
	err = ls_nl_set_link(info);
	mutex_unlock(&ls_table_lock);
	return err;
}

static int ls_nl_delete_link(struct genl_info *info)
{
	struct ls_link *link = ls_nl_find_link(info);
	u32 session, id;
	int err;

	if (IS_ERR(link))
		return PTR_ERR(link);
	session = link->session->id;
	id = link->id;
	err = ls_link_del(link);
	if (err == -EISCONN)
		return ls_nl_refuse(info, err, LIVESTACK_A_LINK_ID,
				    "an end of the link is a port: port-del closes it");
	if (err)
		return ls_nl_refuse(info, err, LIVESTACK_A_LINK_ID,
				    "messages are on their way over the link: link-get counts them; have them received, or their receiver leave, first");
	ls_nl_tell_gone(&ls_nl_links, session, id);
	return 0;
}

int ls_nl_link_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	mutex_lock(&ls_table_lock);
	err = ls_nl_delete_link(info);
	mutex_unlock(&ls_table_lock);
	return err;
}
