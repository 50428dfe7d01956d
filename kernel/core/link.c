// SPDX-License-Identifier: GPL-2.0-only

#include "link.h"

#include <linux/slab.h>

#include "capture.h"
#include "session.h"
#include "transport.h"

/*
 * What nobody may run ahead by. Who sends over a loop receives by the same clock, which is never
 * further than an arrival that comes after it: windows may be as long as they like.
 */
static u64 ls_link_shortest(const struct ls_link_config *config, bool loop)
{
	return loop ? LS_TIME_NONE : min(config->latency_ns, config->back_latency_ns);
}

/* No message may arrive in the window that it is sent in, or it could come late. */
static bool ls_link_too_short(const struct ls_session *session, const struct ls_link_config *config,
			      bool loop)
{
	return session->mode == LIVESTACK_MODE_STRICT &&
	       session->window.quantum_ns > ls_link_shortest(config, loop);
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

static void ls_way_init(struct ls_way *way, struct ls_component *from, struct ls_component *to,
			u16 id, u64 latency_ns, u64 seed)
{
	way->to = to;
	way->loop = from == to;
	way->far = to->kind == LIVESTACK_KIND_REMOTE;
	way->from_far = from->kind == LIVESTACK_KIND_REMOTE;
	way->from_host = from->host;
	way->link = id;
	INIT_LIST_HEAD(&way->owed);
	INIT_LIST_HEAD(&way->early);
	way->latency_ns = latency_ns;
	way->earlier_ns = LS_TIME_NONE;
	way->since = to->session->window.generation;
	/* Links of one seed, and the two ways of one, are not to lose the same. */
	ls_wire_init(&way->wire, seed);
}

/* Rings for the wires that have none yet and get a rate. */
struct ls_rings {
	struct ls_wire_waiter *to_b, *to_a;
};

static int ls_ring_new(const struct ls_wire *wire, const struct ls_wire_config *config,
		       struct ls_wire_waiter **ring)
{
	*ring = NULL;
	if (!config->rate_bps || wire->ring)
		return 0;
	*ring = kvcalloc(LIVESTACK_LIMIT_PACKETS_MAX, sizeof(**ring), GFP_KERNEL_ACCOUNT);
	return *ring ? 0 : -ENOMEM;
}

static int ls_rings_new(const struct ls_link *link, const struct ls_link_config *config,
			struct ls_rings *rings)
{
	int err = ls_ring_new(&link->to_b.wire, &config->to_b, &rings->to_b);

	if (err)
		return err;
	err = ls_ring_new(&link->to_a.wire, &config->to_a, &rings->to_a);
	if (err)
		kvfree(rings->to_b);
	return err;
}

static void ls_wire_set(struct ls_wire *wire, const struct ls_wire_config *config,
			struct ls_wire_waiter *ring)
{
	wire->config = *config;
	if (!ring)
		return;
	wire->ring = ring;
	wire->room = LIVESTACK_LIMIT_PACKETS_MAX;
}

struct ls_link_config ls_link_config(const struct ls_link *link)
{
	return (struct ls_link_config){
		.latency_ns = link->to_b.latency_ns,
		.back_latency_ns = link->to_a.latency_ns,
		.queue_bytes = link->queue_bytes,
		.seed = link->seed,
		.to_b = link->to_b.wire.config,
		.to_a = link->to_a.wire.config,
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
		lookahead_ns = min(lookahead_ns, ls_link_shortest(&config, link->to_b.loop));
	}
	return lookahead_ns;
}

/* Its ends have one more, or one less. */
static void ls_link_count(struct ls_link *link, int more)
{
	struct ls_way *const ways[] = { &link->to_a, &link->to_b };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		ways[i]->to->links += more;
		ways[i]->to->loops += ways[i]->loop ? more : 0;
	}
}

struct ls_link *ls_link_new(struct ls_component *a, struct ls_component *b, u16 id,
			    const struct ls_link_config *config)
{
	struct ls_session *session = a->session;
	const bool loop = a == b;
	struct ls_rings rings;
	struct ls_link *link;
	unsigned long flags;
	int err;

	lockdep_assert_held(&ls_table_lock);
	if (ls_link_too_short(session, config, loop))
		return ERR_PTR(-ERANGE);
	if (session->link_count == LIVESTACK_LINKS_MAX)
		return ERR_PTR(-ENOSPC);
	if (a->kind == LIVESTACK_KIND_REMOTE && b->kind == LIVESTACK_KIND_REMOTE)
		return ERR_PTR(-EREMOTE);
	link = kzalloc(sizeof(*link), GFP_KERNEL);
	if (!link)
		return ERR_PTR(-ENOMEM);

	link->session = session;
	link->id = id;
	link->queue_bytes = config->queue_bytes;
	link->seed = config->seed;
	err = ls_rings_new(link, config, &rings);
	if (err) {
		kfree(link);
		return ERR_PTR(err);
	}
	/* Not to be found by SEND before it is whole; a window that opens meanwhile is no harm. */
	link->gone = true;
	err = xa_insert(&session->links, id, link, GFP_KERNEL);
	if (err) {
		kvfree(rings.to_b);
		kvfree(rings.to_a);
		kfree(link);
		/* What the tree calls busy is a number that is taken. */
		return ERR_PTR(err == -EBUSY ? -EEXIST : err);
	}
	raw_spin_lock_irqsave(&session->lock, flags);
	ls_way_init(&link->to_b, a, b, id, config->latency_ns, link->seed ^ (u64)id << 1);
	ls_way_init(&link->to_a, b, a, id, config->back_latency_ns,
		    link->seed ^ ((u64)id << 1 | 1));
	ls_wire_set(&link->to_b.wire, &config->to_b, rings.to_b);
	ls_wire_set(&link->to_a.wire, &config->to_a, rings.to_a);
	link->gone = false;
	session->link_count++;
	session->lookahead_ns = min(session->lookahead_ns, ls_link_shortest(config, loop));
	raw_spin_unlock_irqrestore(&session->lock, flags);
	ls_table_changes++;
	ls_link_count(link, 1);
	return link;
}

/* A stream would have a hole. */
static bool ls_link_would_lose(const struct ls_link *link, const struct ls_link_config *config)
{
	const struct ls_port *a = link->to_a.port, *b = link->to_b.port;

	return (config->to_a.loss_ppm || config->to_b.loss_ppm) &&
	       ((a && a->whole) || (b && b->whole));
}

int ls_link_set(struct ls_link *link, const struct ls_link_config *config)
{
	struct ls_session *session = link->session;
	struct ls_rings rings;
	unsigned long flags;
	u64 lookahead_ns;
	int err;

	lockdep_assert_held(&ls_table_lock);
	if (ls_link_too_short(session, config, link->to_b.loop))
		return -ERANGE;
	if (ls_link_would_lose(link, config))
		return -EOPNOTSUPP;
	err = ls_rings_new(link, config, &rings);
	if (err)
		return err;

	raw_spin_lock_irqsave(&session->lock, flags);
	ls_way_set(&link->to_b, config->latency_ns, session->window.generation);
	ls_way_set(&link->to_a, config->back_latency_ns, session->window.generation);
	link->queue_bytes = config->queue_bytes;
	ls_wire_set(&link->to_b.wire, &config->to_b, rings.to_b);
	ls_wire_set(&link->to_a.wire, &config->to_a, rings.to_a);
	ls_way_has_changed(&link->to_b);
	ls_way_has_changed(&link->to_a);
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
	if (link->to_a.port || link->to_b.port)
		return -EISCONN;
	raw_spin_lock_irqsave(&session->lock, flags);
	link->gone = !link->to_a.counts.queued && !link->to_b.counts.queued;
	if (link->gone) {
		session->link_count--;
		list_del_init(&link->to_a.owed);
		list_del_init(&link->to_b.owed);
	}
	raw_spin_unlock_irqrestore(&session->lock, flags);
	if (!link->gone)
		return -EBUSY;

	ls_capture_end(link);
	ls_table_changes++;
	ls_link_count(link, -1);
	xa_erase(&session->links, link->id);
	lookahead_ns = ls_session_lookahead(session);
	raw_spin_lock_irqsave(&session->lock, flags);
	session->lookahead_ns = lookahead_ns;
	raw_spin_unlock_irqrestore(&session->lock, flags);
	/* Only a sender looks at a ring, which finds the link gone. */
	kvfree(link->to_a.wire.ring);
	kvfree(link->to_b.wire.ring);
	kfree_rcu(link, rcu);
	return 0;
}

void ls_link_free(struct ls_link *link)
{
	WARN_ON(link->to_a.counts.queued || link->to_b.counts.queued);
	ls_capture_end(link);
	kvfree(link->to_a.wire.ring);
	kvfree(link->to_b.wire.ring);
	kfree(link);
}
