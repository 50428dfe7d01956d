// SPDX-License-Identifier: GPL-2.0-only

#include "link.h"

#include <linux/slab.h>

#include "session.h"

static u64 ls_link_shortest(const struct ls_link_config *config)
{
	return min(config->latency_ns, config->back_latency_ns);
}

/* No message may arrive in the window that it is sent in, or it could come late. */
static bool ls_link_too_short(const struct ls_session *session, const struct ls_link_config *config)
{
	return session->mode == LIVESTACK_MODE_STRICT &&
	       session->window.quantum_ns > ls_link_shortest(config);
}

/*
 * A latency holds from the next window on: the open one may be as long as the quantum was when the
 * latency was longer, or when the link was not there.
 */
static void ls_way_set(struct ls_way *way, u64 latency_ns, u64 generation)
{
	if (latency_ns == way->latency_ns)
		return;
	if (way->since < generation) {
		way->earlier_ns = way->latency_ns;
		way->since = generation;
	}
	way->latency_ns = latency_ns;
}

static void ls_way_init(struct ls_way *way, struct ls_component *to, u64 latency_ns, u64 generation)
{
	way->to = to;
	way->latency_ns = latency_ns;
	way->earlier_ns = LS_TIME_NONE;
	way->since = generation;
}

struct ls_link_config ls_link_config(const struct ls_link *link)
{
	return (struct ls_link_config){
		.latency_ns = link->to_b.latency_ns,
		.back_latency_ns = link->to_a.latency_ns,
		.queue_bytes = link->queue_bytes,
	};
}

/* The shortest latency of all links; wants ls_table_lock, under which links come and change. */
static u64 ls_session_lookahead(struct ls_session *session)
{
	u64 lookahead_ns = LS_TIME_NONE;
	struct ls_link_config config;
	struct ls_link *link;
	unsigned long id;

	xa_for_each(&session->links, id, link) {
		config = ls_link_config(link);
		lookahead_ns = min(lookahead_ns, ls_link_shortest(&config));
	}
	return lookahead_ns;
}

struct ls_link *ls_link_new(struct ls_component *a, struct ls_component *b, u16 id,
			    const struct ls_link_config *config)
{
	struct ls_session *session = a->session;
	struct ls_link *link;
	unsigned long flags;
	int err;

	lockdep_assert_held(&ls_table_lock);
	if (ls_link_too_short(session, config))
		return ERR_PTR(-ERANGE);
	if (session->link_count == LIVESTACK_LINKS_MAX)
		return ERR_PTR(-ENOSPC);
	link = kzalloc(sizeof(*link), GFP_KERNEL);
	if (!link)
		return ERR_PTR(-ENOMEM);

	link->session = session;
	link->id = id;
	link->queue_bytes = config->queue_bytes;
	/* Not to be found by SEND before it is whole; a window that opens meanwhile is no harm. */
	link->gone = true;
	err = xa_insert(&session->links, id, link, GFP_KERNEL);
	if (err) {
		kfree(link);
		/* What the tree calls busy is a number that is taken. */
		return ERR_PTR(err == -EBUSY ? -EEXIST : err);
	}
	raw_spin_lock_irqsave(&session->lock, flags);
	ls_way_init(&link->to_b, b, config->latency_ns, session->window.generation);
	ls_way_init(&link->to_a, a, config->back_latency_ns, session->window.generation);
	link->gone = false;
	session->link_count++;
	session->lookahead_ns = min(session->lookahead_ns, ls_link_shortest(config));
	raw_spin_unlock_irqrestore(&session->lock, flags);
	ls_table_changes++;
	a->links++;
	b->links++;
	return link;
}

int ls_link_set(struct ls_link *link, const struct ls_link_config *config)
{
	struct ls_session *session = link->session;
	unsigned long flags;
	u64 lookahead_ns;

	lockdep_assert_held(&ls_table_lock);
	if (ls_link_too_short(session, config))
		return -ERANGE;

	raw_spin_lock_irqsave(&session->lock, flags);
	ls_way_set(&link->to_b, config->latency_ns, session->window.generation);
	ls_way_set(&link->to_a, config->back_latency_ns, session->window.generation);
	link->queue_bytes = config->queue_bytes;
	raw_spin_unlock_irqrestore(&session->lock, flags);

	lookahead_ns = ls_session_lookahead(session);
	raw_spin_lock_irqsave(&session->lock, flags);
	session->lookahead_ns = lookahead_ns;
	raw_spin_unlock_irqrestore(&session->lock, flags);
	return 0;
}

int ls_link_del(struct ls_link *link)
{
	struct ls_session *session = link->session;
	unsigned long flags;
	u64 lookahead_ns;

	lockdep_assert_held(&ls_table_lock);
	raw_spin_lock_irqsave(&session->lock, flags);
	link->gone = !link->to_a.counts.queued && !link->to_b.counts.queued;
	if (link->gone)
		session->link_count--;
	raw_spin_unlock_irqrestore(&session->lock, flags);
	if (!link->gone)
		return -EBUSY;

	ls_table_changes++;
	link->to_a.to->links--;
	link->to_b.to->links--;
	xa_erase(&session->links, link->id);
	lookahead_ns = ls_session_lookahead(session);
	raw_spin_lock_irqsave(&session->lock, flags);
	session->lookahead_ns = lookahead_ns;
	raw_spin_unlock_irqrestore(&session->lock, flags);
	kfree_rcu(link, rcu);
	return 0;
}

void ls_link_free(struct ls_link *link)
{
	WARN_ON(link->to_a.counts.queued || link->to_b.counts.queued);
	kfree(link);
}
