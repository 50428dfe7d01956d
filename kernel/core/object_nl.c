// SPDX-License-Identifier: GPL-2.0-only

#include "object_nl.h"

#include <linux/uuid.h>

#include "histogram.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "session.h"

bool ls_nl_name_ok(const struct nlattr *attr)
{
	const char *name = nla_data(attr);

	/* One NUL and it at the end: what another reader finds behind it would not be the name. */
	if (!*name || strlen(name) + 1 != nla_len(attr))
		return false;
	for (; *name; name++)
		if (*name < ' ' || *name > '~')
			return false;
	return true;
}

bool ls_nl_uuid_ok(const struct nlattr *attr)
{
	return uuid_is_valid(nla_data(attr)) && strlen(nla_data(attr)) == UUID_STRING_LEN;
}

int ls_nl_put_histogram(struct sk_buff *msg, int attribute, const struct ls_histogram *histogram)
{
	const unsigned int length = ls_histogram_length(histogram);

	return length ? nla_put(msg, attribute, length * sizeof(u64), histogram->count) : 0;
}

int ls_nl_get(const struct ls_nl_kind *kind, struct genl_info *info)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	void *object;
	int err;

	if (!msg)
		return -ENOMEM;
	mutex_lock(&ls_table_lock);
	object = kind->find(info);
	err = PTR_ERR_OR_ZERO(object);
	if (!err)
		err = kind->put(msg, genlmsg_put_reply(msg, info, &ls_nl_family, 0, kind->get),
				object);
	mutex_unlock(&ls_table_lock);
	if (!err)
		return genlmsg_reply(msg, info);
	nlmsg_free(msg);
	return err;
}

/* Where a dump is, from one part to the next. */
struct ls_nl_dump_state {
	unsigned long session;	/* the next one's number */
	unsigned long object;	/* in it */
	long err;		/* refused, and said so: what is left is to end with this */
	const char *sentence;
};

static struct ls_nl_dump_state *ls_nl_dump_state(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct ls_nl_dump_state) > sizeof(cb->args));
	return (struct ls_nl_dump_state *)cb->args;
}

/* Negative: it does not fit any more. */
static int ls_nl_dump_one(const struct ls_nl_kind *kind, struct sk_buff *skb,
			  struct netlink_callback *cb, void *object)
{
	void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				   &ls_nl_family, NLM_F_MULTI, kind->get);
	int err;

	if (header)
		genl_dump_check_consistent(cb, header);
	err = kind->put(skb, header, object);
	if (err && header)
		genlmsg_cancel(skb, header);
	return err;
}

static int ls_nl_dump_session(const struct ls_nl_kind *kind, struct sk_buff *skb,
			      struct netlink_callback *cb, struct ls_session *session)
{
	struct ls_nl_dump_state *state = ls_nl_dump_state(cb);
	unsigned long id;
	void *object;
	int err;

	if (!kind->next)
		return ls_nl_dump_one(kind, skb, cb, session);
	/* The session that the last part ended in may have gone. */
	if (session->id != state->session)
		state->object = 0;
	state->session = session->id;
	for (id = state->object; (object = kind->next(session, &id)); id = state->object) {
		err = ls_nl_dump_one(kind, skb, cb, object);
		if (err)
			return err;
		state->object = id + 1;
	}
	state->object = 0;
	return 0;
}

static int ls_nl_dump_all(const struct ls_nl_kind *kind, struct sk_buff *skb,
			  struct netlink_callback *cb, unsigned long only)
{
	struct ls_nl_dump_state *state = ls_nl_dump_state(cb);
	struct ls_session *session;
	unsigned long id;
	int err;

	xa_for_each_start(&ls_sessions, id, session, state->session) {
		if (only && id != only)
			continue;
		err = ls_nl_dump_session(kind, skb, cb, session);
		if (err)
			return err;
		state->session = id + 1;
	}
	return 0;
}

/* Why a dump cannot be: the sentence and its attribute, or 0. */
static int ls_nl_check_dump(const struct ls_nl_kind *kind, struct netlink_callback *cb,
			    const char **sentence, int *attribute)
{
	const struct genlmsghdr *header = nlmsg_data(cb->nlh);
	struct nlattr **attrs = ls_genl_dump_attrs(cb);
	const struct nlattr *session;

	*attribute = 0;
	if (header->version != LIVESTACK_FAMILY_VERSION) {
		*sentence = LS_NL_WRONG_VERSION;
		return -EPROTONOSUPPORT;
	}
	*attribute = ls_nl_twice(cb->nlh, attrs);
	if (*attribute) {
		*sentence = LS_NL_SAID_TWICE;
		return -EINVAL;
	}
	if (attrs[kind->id_attribute]) {
		*attribute = kind->id_attribute;
		*sentence = kind->id_in_dump ?:
			    "an id asks for one object: leave it out, or ask without NLM_F_DUMP";
		return -EINVAL;
	}
	if (kind->owner_attribute && attrs[kind->owner_attribute]) {
		*attribute = kind->owner_attribute;
		*sentence = kind->owner_in_dump ?:
			    "a component asks for one: leave it out of a dump of all";
		return -EINVAL;
	}
	session = kind->session_attribute ? attrs[kind->session_attribute] : NULL;
	if (session && !xa_load(&ls_sessions, nla_get_u32(session))) {
		*attribute = kind->session_attribute;
		*sentence = LS_NL_NO_SESSION;
		return -ENOENT;
	}
	return 0;
}

/* A dump's error number comes at its end, where some do not look: a message tells it too. */
static int ls_nl_refuse_dump(struct sk_buff *skb, struct netlink_callback *cb, int err,
			     const char *sentence, int attribute)
{
	void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				   &ls_nl_family, NLM_F_MULTI, LIVESTACK_CMD_ERROR);

	if (ls_nl_put_error(skb, header, err, attribute, sentence))
		return err;
	ls_nl_dump_state(cb)->err = err;
	ls_nl_dump_state(cb)->sentence = sentence;
	return skb->len;
}

int ls_nl_dump(const struct ls_nl_kind *kind, struct sk_buff *skb, struct netlink_callback *cb)
{
	struct ls_nl_dump_state *state = ls_nl_dump_state(cb);
	const char *sentence;
	unsigned long only = 0;
	int err, attribute;

	if (state->err) {
		cb->extack->_msg = state->sentence;
		return state->err;
	}
	mutex_lock(&ls_table_lock);
	cb->seq = ls_table_changes;
	err = state->session ? 0 : ls_nl_check_dump(kind, cb, &sentence, &attribute);
	if (err) {
		err = ls_nl_refuse_dump(skb, cb, err, sentence, attribute);
	} else {
		if (kind->session_attribute && ls_genl_dump_attrs(cb)[kind->session_attribute])
			only = nla_get_u32(ls_genl_dump_attrs(cb)[kind->session_attribute]);
		err = ls_nl_dump_all(kind, skb, cb, only);
		/* What did not fit comes with the next part, unless nothing fits at all. */
		if (skb->len)
			err = skb->len;
	}
	mutex_unlock(&ls_table_lock);
	return err;
}

/* A message to tell those who listen, or NULL: nobody does, or the family is on its way out. */
static struct sk_buff *ls_nl_news(u8 command, void **header)
{
	struct sk_buff *msg;

	if (!READ_ONCE(ls_nl_open) ||
	    !genl_has_listeners(&ls_nl_family, &init_net, LS_NL_GROUP_EVENTS))
		return NULL;
	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (msg)
		*header = genlmsg_put(msg, 0, 0, &ls_nl_family, 0, command);
	return msg;
}

static void ls_nl_spread(struct sk_buff *msg, int err)
{
	if (err)
		nlmsg_free(msg);
	else
		genlmsg_multicast(&ls_nl_family, msg, 0, LS_NL_GROUP_EVENTS, GFP_KERNEL);
}

void ls_nl_tell(const struct ls_nl_kind *kind, void *object)
{
	void *header;
	struct sk_buff *msg = ls_nl_news(kind->notify, &header);

	if (msg)
		ls_nl_spread(msg, kind->put(msg, header, object));
}

static int ls_nl_put_session_gone(struct sk_buff *msg, void *header,
				  const struct ls_session *session)
{
	if (!header || nla_put_u32(msg, LIVESTACK_A_SESSION_ID, session->id) ||
	    nla_put_string(msg, LIVESTACK_A_SESSION_UUID, session->uuid) ||
	    nla_put_string(msg, LIVESTACK_A_SESSION_NAME, session->name))
		return -EMSGSIZE;
	genlmsg_end(msg, header);
	return 0;
}

void ls_nl_tell_session_gone(const struct ls_session *session)
{
	void *header;
	struct sk_buff *msg = ls_nl_news(LIVESTACK_CMD_SESSION_DEL_NTF, &header);

	if (msg)
		ls_nl_spread(msg, ls_nl_put_session_gone(msg, header, session));
}

static int ls_nl_put_gone(struct sk_buff *msg, void *header, const struct ls_nl_kind *kind,
			  u32 session, u16 id)
{
	if (!header || nla_put_u32(msg, kind->session_attribute, session) ||
	    nla_put_u16(msg, kind->id_attribute, id))
		return -EMSGSIZE;
	genlmsg_end(msg, header);
	return 0;
}

void ls_nl_tell_gone(const struct ls_nl_kind *kind, u32 session, u16 id)
{
	void *header;
	struct sk_buff *msg = ls_nl_news(kind->notify_gone, &header);

	if (msg)
		ls_nl_spread(msg, ls_nl_put_gone(msg, header, kind, session, id));
}
