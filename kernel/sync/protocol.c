// SPDX-License-Identifier: GPL-2.0-only

#include "round.h"

void ls_sync_init(struct ls_sync *sync)
{
	u32 host;

	sync->decision = sync->config.decided;
	sync->round = sync->decision.round + 1;
	sync->next_ns = LS_TIME_NONE;
	sync->moving_ns = LS_TIME_NONE;
	for (host = 0; host < sync->config.hosts; host++) {
		struct ls_sync_peer *peer = &sync->peer[host];

		if (host == sync->config.self)
			peer->instance = sync->config.instance;
		peer->first = peer->instance ? 0 : LS_TIME_NONE;
		peer->last = peer->instance ? LS_TIME_NONE : 0;
		peer->ask_at_ns = LS_TIME_NONE;
		peer->receipt_at_ns = LS_TIME_NONE;
		peer->awaited = LS_SYNC_NOBODY;
	}
	ls_sync_recast(sync);
}

static u64 ls_sync_silent_at(const struct ls_sync *sync, u32 host)
{
	const struct ls_sync_peer *peer = &sync->peer[host];

	if (peer->ask_at_ns == LS_TIME_NONE || !sync->config.silent_ns ||
	    sync->silent >> host & 1 || sync->phase == LS_SYNC_OVER)
		return LS_TIME_NONE;
	return ls_sync_later(peer->heard_ns, peer->waited_ns) + sync->config.silent_ns;
}

static void ls_sync_unsilent(struct ls_sync *sync, u16 host)
{
	if (!(sync->silent >> host & 1))
		return;
	sync->silent &= ~ls_sync_bit(host);
	sync->ops->back(sync, host);
}

u64 ls_sync_patience(const struct ls_sync *sync, const struct ls_sync_peer *peer)
{
	return ls_sync_later(sync->config.resend_ns, peer->trip_ns + 4 * peer->trip_spread_ns);
}

void ls_sync_again(struct ls_sync *sync, struct ls_sync_peer *peer, u64 now_ns, u64 age_ns)
{
	const u64 before_ns = now_ns - ls_sync_earlier(now_ns, age_ns);
	const u32 again = ls_sync_stream_again(&peer->stream, before_ns);

	peer->again += again;
	if (again)
		sync->dirty |= ls_sync_bit(peer - sync->peer);
}

void ls_sync_settle(struct ls_sync *sync, u64 now_ns)
{
	u32 host;

	ls_sync_advance(sync, now_ns);
	for (host = 0; host < sync->config.hosts; host++) {
		struct ls_sync_peer *peer = &sync->peer[host];

		if (!ls_sync_awaits(sync, host)) {
			peer->ask_at_ns = LS_TIME_NONE;
			ls_sync_unsilent(sync, host);
		} else if (peer->ask_at_ns == LS_TIME_NONE) {
			peer->asked_ns = ls_sync_patience(sync, peer);
			peer->ask_at_ns = now_ns + peer->asked_ns;
			peer->waited_ns = now_ns;
		}
	}
}

void ls_sync_arrive(struct ls_sync *sync, u64 now_ns, u64 next_ns)
{
	if (sync->phase == LS_SYNC_OVER)
		return;
	/* What was said is final; if the session holds then, this is said next. */
	sync->next_ns = next_ns;
	if (sync->phase == LS_SYNC_RUNNING)
		ls_sync_say(sync);
	ls_sync_settle(sync, now_ns);
}

int ls_sync_send(struct ls_sync *sync, u64 now_ns, u16 host, u32 link, u64 sequence,
		 u64 arrival_ns, const u8 *data, u32 bytes)
{
	struct ls_sync_stream *stream = &sync->peer[host].stream;

	if (sync->phase != LS_SYNC_RUNNING || !(sync->members >> host & 1) ||
	    host == sync->config.self)
		return LS_SYNC_CLOSED;
	if (bytes > ls_sync_stream_most(stream))
		return LS_SYNC_TOO_LONG;
	if (!ls_sync_stream_send(stream, link, sequence, arrival_ns, data, bytes)) {
		sync->peer[host].full = true;
		return LS_SYNC_FULL;
	}
	sync->moving_ns = ls_sync_earlier(sync->moving_ns, arrival_ns);
	sync->dirty |= ls_sync_bit(host);
	ls_sync_settle(sync, now_ns);
	return LS_SYNC_SENT;
}

/* Wishes are told with the next report; while the session holds there is one at once. */

void ls_sync_pause(struct ls_sync *sync, u64 now_ns, bool paused)
{
	sync->wishes &= ~LS_SYNC_WISH_PAUSE;
	if (paused)
		sync->wishes |= LS_SYNC_WISH_PAUSE;
	ls_sync_settle(sync, now_ns);
}

void ls_sync_stop(struct ls_sync *sync, u64 now_ns)
{
	sync->wishes |= LS_SYNC_WISH_STOP;
	ls_sync_settle(sync, now_ns);
}

void ls_sync_leave(struct ls_sync *sync, u64 now_ns)
{
	sync->leaves = true;
	ls_sync_settle(sync, now_ns);
}

void ls_sync_quantum(struct ls_sync *sync, u64 quantum_ns)
{
	sync->config.quantum_ns = quantum_ns;
}

static void ls_sync_forget(struct ls_sync *sync, u16 host)
{
	struct ls_sync_peer *peer = &sync->peer[host];

	ls_sync_stream_init(&peer->stream, peer->stream.window, peer->stream.out, peer->stream.in);
	memset(peer->counted, 0, sizeof(peer->counted));
	peer->instance = 0;
	peer->receipt_at_ns = LS_TIME_NONE;
	peer->full = false;
	sync->dirty &= ~ls_sync_bit(host);
	sync->ask &= ~ls_sync_bit(host);
	sync->parting &= ~ls_sync_bit(host);
}

bool ls_sync_drop(struct ls_sync *sync, u64 now_ns, u16 host, u64 round)
{
	if (host == sync->config.self || host >= sync->config.hosts ||
	    (round != sync->decision.round && round != sync->round))
		return false;
	ls_sync_forget(sync, host);
	sync->peer[host].last = round;
	sync->adopt_to = ls_sync_later(sync->adopt_to, round);
	ls_sync_recast(sync);
	/* A report for others than before is another one. */
	sync->passed_on = false;
	ls_sync_settle(sync, now_ns);
	return true;
}

bool ls_sync_admit(struct ls_sync *sync, u64 now_ns, u16 host, u64 instance, u64 round)
{
	struct ls_sync_peer *peer = &sync->peer[host];

	if (!ls_sync_drop(sync, now_ns, host, round))
		return false;
	memset(peer->report, 0, sizeof(peer->report));
	memset(&peer->replay, 0, sizeof(peer->replay));
	memset(&peer->decided, 0, sizeof(peer->decided));
	peer->stamp_us = 0;
	peer->trip_ns = 0;
	peer->trip_spread_ns = 0;
	peer->instance = instance;
	peer->counter = 0;
	peer->said = 0;
	peer->have = 0;
	peer->heard_ns = now_ns;
	peer->awaited = LS_SYNC_NOBODY;
	peer->first = round + 1;
	peer->last = LS_TIME_NONE;
	ls_sync_recast(sync);
	sync->passed_on = false;
	ls_sync_settle(sync, now_ns);
	return true;
}

u64 ls_sync_timer(const struct ls_sync *sync)
{
	u64 at_ns = sync->phase == LS_SYNC_OVER && sync->parting ? sync->parted_ns : LS_TIME_NONE;
	u32 host;

	for (host = 0; host < sync->config.hosts; host++) {
		const struct ls_sync_peer *peer = &sync->peer[host];

		at_ns = ls_sync_earlier(at_ns, peer->receipt_at_ns);
		at_ns = ls_sync_earlier(at_ns, peer->ask_at_ns);
		at_ns = ls_sync_earlier(at_ns, ls_sync_silent_at(sync, host));
	}
	return at_ns;
}

static void ls_sync_ask(struct ls_sync *sync, u32 host, u64 now_ns)
{
	struct ls_sync_peer *peer = &sync->peer[host];

	peer->asked_ns = ls_sync_earlier(2 * peer->asked_ns,
					 ls_sync_later(ls_sync_patience(sync, peer),
						       sync->config.resend_max_ns));
	peer->ask_at_ns = now_ns + peer->asked_ns;
	ls_sync_again(sync, peer, now_ns, peer->trip_ns);
	sync->ask |= ls_sync_bit(host);
	sync->dirty |= ls_sync_bit(host);
	sync->asked++;
}

void ls_sync_tick(struct ls_sync *sync, u64 now_ns)
{
	u32 host;

	for (host = 0; host < sync->config.hosts; host++) {
		struct ls_sync_peer *peer = &sync->peer[host];

		if (ls_sync_silent_at(sync, host) <= now_ns) {
			sync->silent |= ls_sync_bit(host);
			sync->ops->silent(sync, host, ls_sync_awaits(sync, host));
		}
		if (peer->receipt_at_ns <= now_ns) {
			peer->receipt_at_ns = LS_TIME_NONE;
			sync->dirty |= ls_sync_bit(host);
		}
		if (peer->ask_at_ns <= now_ns)
			ls_sync_ask(sync, host, now_ns);
	}
	if (sync->phase == LS_SYNC_OVER && sync->parted_ns <= now_ns)
		sync->parting = 0;
	ls_sync_settle(sync, now_ns);
}

bool ls_sync_done(const struct ls_sync *sync)
{
	return sync->phase == LS_SYNC_OVER && !sync->parting;
}
