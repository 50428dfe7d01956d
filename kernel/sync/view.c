// SPDX-License-Identifier: GPL-2.0-only
/* What sync-get and peer-get tell of a hub. */

#include "hub.h"

#include <linux/string.h>

void ls_hub_view(void *own, struct ls_share_view *view)
{
	struct ls_hub *hub = own;
	unsigned long flags = ls_share_lock(hub->session);

	*view = (struct ls_share_view){
		.hosts = hub->request.hosts,
		.host = hub->request.host,
		.fanout = hub->request.fanout,
		.address = hub->request.address,
		.instance = hub->sync.config.instance,
		.silent_ns = hub->request.silent_ns,
		.round = hub->sync.decision.round,
		.refused = hub->sync.refused[LS_SYNC_MALFORMED] +
			   hub->sync.refused[LS_SYNC_FOREIGN],
		.stray = hub->stray,
		.ready = ls_hub_ready(hub),
	};
	strscpy(view->uuid, hub->uuid, sizeof(view->uuid));
	ls_share_unlock(hub->session, flags);
}

bool ls_hub_look(void *own, u16 host, struct ls_peer_view *view)
{
	struct ls_hub *hub = own;
	const struct ls_hub_peer *peer = &hub->peers[host];
	const struct ls_sync_peer *state = &hub->states[host];
	unsigned long flags;

	if (host >= hub->request.hosts || host == hub->request.host || !peer->slots)
		return false;
	flags = ls_share_lock(hub->session);
	*view = (struct ls_peer_view){
		.address = peer->address,
		.instance = state->instance,
		.packets_out = state->packets_out,
		.packets_in = state->packets_in,
		.resent = state->again,
		.twice = state->twice,
		.forged = peer->forged,
		.replayed = state->refused[LS_SYNC_REPLAYED],
		.refused = state->refused[LS_SYNC_MALFORMED] +
			   state->refused[LS_SYNC_STRANGER],
		.heard_ns = peer->heard ? ls_hub_now() - state->heard_ns : LS_TIME_NONE,
		.awaits = hub->begun ? (int)ls_sync_awaits(&hub->sync, host) : 0,
		.silent = hub->sync.silent >> host & 1,
	};
	ls_share_unlock(hub->session, flags);
	return true;
}
