/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verbs of sessions, components and links share. */
#ifndef _LS_OBJECT_NL_H
#define _LS_OBJECT_NL_H

#include <linux/livestack.h>
#include <net/genetlink.h>

struct ls_component;
struct ls_histogram;
struct ls_link;
struct ls_session;

/* A kind of object: how netlink finds and tells of one. All want ls_table_lock held. */
struct ls_nl_kind {
	u8 get, notify, notify_gone; /* commands */
	int session_attribute;	/* which says the session, 0: it is one itself */
	int id_attribute;
	int owner_attribute;	/* which says whose it is in the session, 0: only the session's */
	/* Why a dump does not take those two, if it is not for what most kinds say. */
	const char *id_in_dump, *owner_in_dump;
	/* The one that a request names; when there is none it has refused, and says the error. */
	void *(*find)(struct genl_info *info);
	/* Tells of it in @msg after @header, which may be NULL. -EMSGSIZE: there was no room. */
	int (*put)(struct sk_buff *msg, void *header, void *object);
	/*
	 * The session's first object of this kind from number *@index on, whose number it puts
	 * there, or NULL. NULL for sessions.
	 */
	void *(*next)(struct ls_session *session, unsigned long *index);
};

extern const struct ls_nl_kind ls_nl_sessions, ls_nl_components, ls_nl_links;

/* The get verb of a kind, and its dump, of all or of one session's. */
int ls_nl_get(const struct ls_nl_kind *kind, struct genl_info *info);
int ls_nl_dump(const struct ls_nl_kind *kind, struct sk_buff *skb, struct netlink_callback *cb);

/* Tells those who listen of an object, or that it is gone. These may sleep. */
void ls_nl_tell(const struct ls_nl_kind *kind, void *object);
void ls_nl_tell_session_gone(const struct ls_session *session);
void ls_nl_tell_gone(const struct ls_nl_kind *kind, u32 session, u16 id);

/* The same; this one also from a work, where ls_table_lock must not be taken. */
void ls_nl_session_changed(struct ls_session *session);
void ls_nl_component_changed(struct ls_component *component);

/* Whether it is a name: 1 to LIVESTACK_NAME_MAX bytes of printable ASCII. */
bool ls_nl_name_ok(const struct nlattr *attr);

/* Whether it is a uuid as text, of the usual 36 characters. */
bool ls_nl_uuid_ok(const struct nlattr *attr);

/* The session that @attribute names; wants ls_table_lock. When there is none it has refused. */
struct ls_session *ls_nl_find_session(struct genl_info *info, int attribute);

/* The session's component that @attribute names, in the same way. */
struct ls_component *ls_nl_session_component(struct genl_info *info, struct ls_session *session,
					     int attribute);

/* The component that the request's session and id name, in the same way. */
struct ls_component *ls_nl_find_component(struct genl_info *info);

/* Without the padding of nla_put_u64_64bit(): readers copy, and do not want an attribute more. */
static inline int ls_nl_put_u64(struct sk_buff *msg, int attribute, u64 value)
{
	return nla_put(msg, attribute, sizeof(value), &value);
}

int ls_nl_put_histogram(struct sk_buff *msg, int attribute, const struct ls_histogram *histogram);

#endif /* _LS_OBJECT_NL_H */
