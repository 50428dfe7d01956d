// SPDX-License-Identifier: GPL-2.0-only
/* A hub's thread: packets from the socket to the protocol and back, and the protocol's timer. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "hub.h"

#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/printk.h>
#include <linux/sched.h>

/* So many packets at once, before it is looked at what else there is to do. */
#define LS_HUB_BATCH 64

#define LS_HUB_FORGED LS_SYNC_VERDICTS

void ls_hub_kick(struct ls_hub *hub)
{
	/* Before the thread looks: it sleeps only when it has seen none since. */
	smp_store_release(&hub->kicked, true);
	wake_up_process(hub->thread);
}

/* Each host's first of each kind is in the log; peer-get counts them all. */
static void ls_hub_complain(struct ls_hub *hub, u16 host, unsigned int verdict)
{
	static const char *const why[] = {
		[LS_SYNC_MALFORMED] = "is malformed",
		[LS_SYNC_FOREIGN] = "is of another session",
		[LS_SYNC_STRANGER] = "is of an instance that is not known",
		[LS_SYNC_REPLAYED] = "has been here before",
		[LS_HUB_FORGED] = "is not authentic",
	};
	struct ls_hub_peer *peer = &hub->peers[host];

	if (peer->told[verdict])
		return;
	peer->told[verdict] = true;
	pr_warn("session %u: a packet in the name of host %u %s; further ones are counted, see peer-get\n",
		ls_share_id(hub->session), host, why[verdict]);
}

/* A packet of @length has come. */
static void ls_hub_take(struct ls_hub *hub, size_t length)
{
	struct ls_sync_header header = { .sender = LS_SYNC_NOBODY };
	enum ls_sync_verdict verdict = LS_SYNC_FOREIGN;
	struct ls_hub_peer *peer;
	unsigned long flags;

	flags = ls_share_lock(hub->session);
	if (hub->begun)
		verdict = ls_sync_look(&hub->sync, hub->received, length, &header);
	ls_share_unlock(hub->session, flags);
	if (verdict == LS_SYNC_FOREIGN || verdict == LS_SYNC_MALFORMED)
		return;
	peer = &hub->peers[header.sender];
	if (verdict == LS_SYNC_TAKEN &&
	    (length != LS_SYNC_HEADER + header.length + CHACHA20POLY1305_AUTHTAG_SIZE ||
	     !ls_hub_unseal(peer, hub->received, length, header.counter, hub->plain))) {
		peer->forged++;
		ls_hub_complain(hub, header.sender, LS_HUB_FORGED);
		return;
	}
	flags = ls_share_lock(hub->session);
	if (verdict == LS_SYNC_TAKEN)
		verdict = ls_sync_receive(&hub->sync, ls_hub_now(), &header, hub->plain,
					  header.length);
	if (verdict == LS_SYNC_TAKEN)
		peer->heard = true;
	ls_hub_report(hub);
	ls_share_unlock(hub->session, flags);
	/* The network may bring one twice. */
	if (verdict != LS_SYNC_TAKEN && verdict != LS_SYNC_REPLAYED)
		ls_hub_complain(hub, header.sender, verdict);
}

static bool ls_hub_take_all(struct ls_hub *hub)
{
	unsigned int batch;
	int length;

	for (batch = 0; batch < LS_HUB_BATCH; batch++) {
		length = ls_hub_receive(hub, hub->received, sizeof(hub->received));
		if (length < 0)
			return false;
		ls_hub_take(hub, length);
	}
	return true;
}

static size_t ls_hub_pull(struct ls_hub *hub, u16 *host, u64 *counter)
{
	unsigned long flags = ls_share_lock(hub->session);
	size_t length = 0;

	if (hub->begun)
		length = ls_sync_pull(&hub->sync, ls_hub_now(), hub->packet, host);
	if (length)
		*counter = hub->states[*host].counter;
	ls_share_unlock(hub->session, flags);
	return length;
}

static bool ls_hub_send_all(struct ls_hub *hub)
{
	unsigned int batch;
	size_t length;
	u64 counter;
	u16 host;

	for (batch = 0; batch < LS_HUB_BATCH; batch++) {
		length = ls_hub_pull(hub, &host, &counter);
		if (!length)
			return false;
		length = ls_hub_seal(&hub->peers[host], hub->packet, length, counter);
		ls_hub_send(hub, &hub->peers[host], hub->packet, length);
	}
	return true;
}

static void ls_hub_free_all(struct ls_hub *hub)
{
	unsigned long flags = ls_share_lock(hub->session);
	LIST_HEAD(freed);

	list_splice_init(&hub->freed, &freed);
	ls_share_unlock(hub->session, flags);
	while (!list_empty(&freed)) {
		struct ls_message *message = ls_share_listed(freed.next);

		list_del(freed.next);
		ls_port_free(message);
	}
}

/* Does what is due. */
static void ls_hub_tick(struct ls_hub *hub)
{
	unsigned long flags = ls_share_lock(hub->session);
	const u64 now_ns = ls_hub_now();

	if (hub->begun && ls_sync_timer(&hub->sync) <= now_ns)
		ls_sync_tick(&hub->sync, now_ns);
	ls_hub_report(hub);
	ls_share_unlock(hub->session, flags);
}

/* When something is due next. */
static u64 ls_hub_due(struct ls_hub *hub)
{
	unsigned long flags = ls_share_lock(hub->session);
	const u64 at_ns = hub->begun ? ls_sync_timer(&hub->sync) : LS_TIME_NONE;

	ls_share_unlock(hub->session, flags);
	return at_ns;
}

static void ls_hub_sleep(struct ls_hub *hub)
{
	const u64 at_ns = ls_hub_due(hub);
	ktime_t until = ns_to_ktime(at_ns);

	set_current_state(TASK_IDLE);
	/* Pairs with ls_hub_kick(), which wakes who is asleep already. */
	if (!smp_load_acquire(&hub->kicked) && !kthread_should_stop()) {
		if (at_ns == LS_TIME_NONE)
			schedule();
		else
			schedule_hrtimeout(&until, HRTIMER_MODE_ABS);
	}
	__set_current_state(TASK_RUNNING);
}

int ls_hub_thread(void *data)
{
	struct ls_hub *hub = data;

	/* A window that waits for a packet waits on all hosts. */
	sched_set_fifo_low(current);
	while (!kthread_should_stop()) {
		bool more;

		/* What is told from here on is looked at again, see ls_hub_kick(). */
		smp_store_mb(hub->kicked, false);
		more = ls_hub_take_all(hub);
		ls_hub_supply(hub);
		ls_hub_tick(hub);
		more |= ls_hub_send_all(hub);
		ls_hub_free_all(hub);
		if (more)
			cond_resched();
		else
			ls_hub_sleep(hub);
	}
	ls_hub_free_all(hub);
	return 0;
}
