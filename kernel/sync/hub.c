// SPDX-License-Identifier: GPL-2.0-only
/* What core asks of a hub, and what the protocol tells it. */

#include "hub.h"

#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/uuid.h>
#include <net/net_namespace.h>

/* A LAN's round trip is shorter; who waits longer asks less often. */
#define LS_HUB_RESEND_NS (2 * (u64)NSEC_PER_MSEC)
#define LS_HUB_RESEND_MAX_NS (200 * (u64)NSEC_PER_MSEC)
/* After the end, for those who may not know of it yet. */
#define LS_HUB_LINGER_NS (500 * (u64)NSEC_PER_MSEC)

/* What the protocol tells. */

static void ls_hub_room(struct ls_sync *sync, u16 host)
{
	/* What waits is tried after each call. */
}

static void ls_hub_decided(struct ls_sync *sync, const struct ls_sync_decision *decision)
{
	struct ls_hub *hub = ls_hub_of(sync);
	const u16 who = decision->who == hub->request.host ? LS_SHARE_OWN : decision->who;

	if (decision->outcome == LS_SYNC_OPEN || decision->why == LS_SYNC_WHY_TIME)
		ls_share_window(hub->session, decision->start_ns, decision->end_ns);
	else if (decision->outcome == LS_SYNC_END)
		ls_share_stop(hub->session, who);
	else if (decision->why == LS_SYNC_WHY_PAUSED)
		ls_share_hold(hub->session, who);
}

static void ls_hub_silent(struct ls_sync *sync, u16 host, enum ls_sync_await what)
{
	BUILD_BUG_ON((int)LS_SYNC_REPORT != LIVESTACK_AWAITS_REPORT);
	BUILD_BUG_ON((int)LS_SYNC_FAREWELL != LIVESTACK_AWAITS_FAREWELL);
	ls_share_silent(ls_hub_of(sync)->session, host, (enum livestack_awaits)what);
}

static void ls_hub_back(struct ls_sync *sync, u16 host)
{
	ls_share_back(ls_hub_of(sync)->session, host);
}

static const struct ls_sync_ops ls_hub_sync_ops = {
	.deliver = ls_hub_deliver,
	.room = ls_hub_room,
	.decided = ls_hub_decided,
	.silent = ls_hub_silent,
	.back = ls_hub_back,
};

/* What core asks, under the session's lock. */

void ls_hub_report(struct ls_hub *hub)
{
	u64 next_ns;

	if (!hub->begun)
		return;
	/* The others may have opened one more window before they heard of it. */
	if (hub->stopped) {
		if (hub->sync.phase == LS_SYNC_RUNNING)
			ls_sync_arrive(&hub->sync, ls_hub_now(), LS_TIME_NONE);
		return;
	}
	if (!ls_hub_flush(hub) || !hub->is_through)
		return;
	hub->is_through = false;
	next_ns = hub->next_ns;
	/* What is sent now is sent in the next window, which there has to be for it. */
	if (ls_hub_waits(hub))
		next_ns = min(next_ns, ls_share_window_end(hub->session));
	ls_sync_arrive(&hub->sync, ls_hub_now(), next_ns);
}

static void ls_hub_through(void *own, u64 next_ns)
{
	struct ls_hub *hub = own;

	hub->is_through = true;
	hub->next_ns = next_ns;
	ls_hub_report(hub);
	ls_hub_kick(hub);
}

static void ls_hub_post(void *own, u16 host, struct ls_message *message)
{
	struct ls_hub *hub = own;

	list_add_tail(ls_share_entry(message), &hub->peers[host].outgoing);
	/* One that comes after the report has another window open. */
	if (hub->begun && hub->sync.phase != LS_SYNC_RUNNING)
		hub->is_through = true;
	ls_hub_report(hub);
	ls_hub_kick(hub);
}

static void ls_hub_pause(void *own, bool paused)
{
	struct ls_hub *hub = own;

	ls_sync_pause(&hub->sync, ls_hub_now(), paused);
	ls_hub_kick(hub);
}

static void ls_hub_stop(void *own)
{
	struct ls_hub *hub = own;
	u16 host;

	if (!hub->begun)
		return;
	/* Nobody here runs any more, and nothing is sent. */
	for (host = 0; host < hub->request.hosts; host++)
		if (host != hub->request.host)
			ls_hub_lose(hub, host);
	hub->stopped = true;
	ls_sync_stop(&hub->sync, ls_hub_now());
	ls_hub_report(hub);
	ls_hub_kick(hub);
}

static void ls_hub_quantum(void *own, u64 quantum_ns)
{
	struct ls_hub *hub = own;

	ls_sync_quantum(&hub->sync, quantum_ns);
}

bool ls_hub_ready(void *own)
{
	const struct ls_hub *hub = own;
	u16 host;

	for (host = 0; host < hub->request.hosts; host++)
		if (host != hub->request.host && !hub->states[host].instance)
			return false;
	return true;
}

static void ls_hub_start(void *own)
{
	struct ls_hub *hub = own;

	hub->sync.config.quantum_ns = ls_share_quantum(hub->session);
	ls_sync_init(&hub->sync);
	hub->begun = true;
	ls_hub_kick(hub);
}

/* What core asks, and may sleep. */

static void ls_hub_configure(struct ls_hub *hub)
{
	const struct ls_share_request *request = &hub->request;

	hub->sync.ops = &ls_hub_sync_ops;
	hub->sync.peer = hub->states;
	hub->sync.config = (struct ls_sync_config){
		.hosts = request->hosts,
		.self = request->host,
		.fanout = request->fanout,
		.to_the_end = ls_share_to_the_end(hub->session),
		.window = LS_SYNC_WINDOW_MAX,
		.measures = true,
		.limit_ns = ls_share_limit(hub->session),
		.resend_ns = LS_HUB_RESEND_NS,
		.resend_max_ns = LS_HUB_RESEND_MAX_NS,
		.silent_ns = request->silent_ns,
		.linger_ns = LS_HUB_LINGER_NS,
	};
	/* Core has checked it. */
	uuid_parse(hub->uuid, (uuid_t *)hub->sync.config.session);
	do
		hub->sync.config.instance = get_random_u64();
	while (!hub->sync.config.instance);
}

static void ls_hub_free(struct ls_hub *hub)
{
	u16 host;

	if (hub->peers)
		for (host = 0; host < hub->request.hosts; host++)
			kvfree(hub->peers[host].slots);
	kvfree_sensitive(hub->peers, hub->request.hosts * sizeof(*hub->peers));
	kvfree(hub->states);
	kvfree(hub->carried);
	put_net(hub->net);
	kvfree_sensitive(hub, sizeof(*hub));
}

static struct ls_hub *ls_hub_new(struct ls_session *session,
				 const struct ls_share_request *request)
{
	struct ls_hub *hub = kvzalloc(sizeof(*hub), GFP_KERNEL);
	u16 host;

	if (!hub)
		return NULL;
	hub->session = session;
	hub->request = *request;
	strscpy(hub->uuid, request->uuid, sizeof(hub->uuid));
	hub->net = get_net(request->net);
	INIT_LIST_HEAD(&hub->freed);
	hub->states = kvcalloc(request->hosts, sizeof(*hub->states), GFP_KERNEL);
	hub->peers = kvcalloc(request->hosts, sizeof(*hub->peers), GFP_KERNEL);
	hub->carried = kvmalloc(LS_CARRY_HEADER + LIVESTACK_MESSAGE_MAX, GFP_KERNEL);
	if (!hub->states || !hub->peers || !hub->carried) {
		ls_hub_free(hub);
		return NULL;
	}
	for (host = 0; host < request->hosts; host++)
		INIT_LIST_HEAD(&hub->peers[host].outgoing);
	ls_hub_configure(hub);
	return hub;
}

static void *ls_hub_begin(struct ls_session *session, const struct ls_share_request *request,
			  const char **sentence)
{
	struct ls_hub *hub = ls_hub_new(session, request);
	int err;

	BUILD_BUG_ON(LS_CARRY_HEADER + LIVESTACK_MESSAGE_MAX >
		     LS_SYNC_WINDOW_MAX * LS_SYNC_PIECE_MAX);
	if (!hub)
		return ERR_PTR(-ENOMEM);
	hub->thread = kthread_create(ls_hub_thread, hub, "livestack/%u", ls_share_id(session));
	if (IS_ERR(hub->thread)) {
		err = PTR_ERR(hub->thread);
		ls_hub_free(hub);
		return ERR_PTR(err);
	}
	err = ls_hub_open(hub);
	if (!err) {
		wake_up_process(hub->thread);
		return hub;
	}
	kthread_stop(hub->thread);
	ls_hub_free(hub);
	if (err == -EADDRINUSE)
		*sentence = "this UDP port is taken: say another, or none for any that is free";
	else if (err == -EADDRNOTAVAIL)
		*sentence = "this is no address of this host: ip address lists those it has";
	return ERR_PTR(err);
}

static int ls_hub_meet(void *own, const struct ls_peer_request *request, const char **sentence)
{
	struct ls_hub *hub = own;
	struct ls_hub_peer *peer = &hub->peers[request->host];
	struct ls_sync_slot *slots = peer->slots;
	unsigned long flags;

	if (request->address.length != hub->request.address.length) {
		*sentence = "all hosts speak IPv4, or all IPv6: sync-get tells which this one does";
		return -EAFNOSUPPORT;
	}
	if (!slots)
		slots = kvcalloc(2 * LS_SYNC_WINDOW_MAX, sizeof(*slots), GFP_KERNEL_ACCOUNT);
	if (!slots)
		return -ENOMEM;
	flags = ls_share_lock(hub->session);
	peer->slots = slots;
	peer->address = request->address;
	peer->wanted = LS_HUB_SPARE;
	ls_hub_where(&request->address, &peer->to);
	ls_hub_derive(hub, request->host, request->instance);
	ls_sync_stream_init(&hub->states[request->host].stream, LS_SYNC_WINDOW_MAX, slots,
			    slots + LS_SYNC_WINDOW_MAX);
	hub->states[request->host].instance = request->instance;
	ls_share_unlock(hub->session, flags);
	ls_hub_kick(hub);
	return 0;
}

/* Whether nobody waits for this host any more. */
static bool ls_hub_is_done(struct ls_hub *hub)
{
	unsigned long flags = ls_share_lock(hub->session);
	const bool done = !hub->begun || ls_sync_done(&hub->sync);

	ls_share_unlock(hub->session, flags);
	return done;
}

static void ls_hub_end(void *own)
{
	struct ls_hub *hub = own;
	const u64 until_ns = ls_hub_now() + LS_HUB_LINGER_NS;
	unsigned long flags;
	u16 host;

	might_sleep();
	flags = ls_share_lock(hub->session);
	if (hub->begun && hub->sync.phase != LS_SYNC_OVER)
		ls_hub_stop(hub);
	ls_share_unlock(hub->session, flags);
	while (!ls_hub_is_done(hub) && ls_hub_now() < until_ns)
		usleep_range(500, 1000);

	flags = ls_share_lock(hub->session);
	hub->begun = false;
	for (host = 0; host < hub->request.hosts; host++)
		ls_hub_lose(hub, host);
	ls_share_unlock(hub->session, flags);
	/* The thread first: it uses the socket. The socket's callback may still wake it. */
	get_task_struct(hub->thread);
	kthread_stop(hub->thread);
	ls_hub_close(hub);
	put_task_struct(hub->thread);
	ls_hub_free(hub);
}

static const struct ls_share_ops ls_hub_ops = {
	.begin = ls_hub_begin,
	.end = ls_hub_end,
	.meet = ls_hub_meet,
	.ready = ls_hub_ready,
	.start = ls_hub_start,
	.through = ls_hub_through,
	.pause = ls_hub_pause,
	.stop = ls_hub_stop,
	.quantum = ls_hub_quantum,
	.send = ls_hub_post,
	.view = ls_hub_view,
	.look = ls_hub_look,
};

static int __init ls_sync_module_init(void)
{
	return ls_share_register(&ls_hub_ops);
}

static void __exit ls_sync_module_exit(void)
{
	ls_share_unregister(&ls_hub_ops);
}

module_init(ls_sync_module_init);
module_exit(ls_sync_module_exit);

MODULE_DESCRIPTION("LiveStack: one session on several hosts, which agree on its windows");
MODULE_AUTHOR("The LiveStack authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(LS_VERSION);
