// SPDX-License-Identifier: GPL-2.0-only

#include "round.h"

static struct ls_sync_report *ls_report_of(const struct ls_sync *sync, u32 host)
{
	return &sync->peer[host].report[sync->round & 1];
}

void ls_sync_recast(struct ls_sync *sync)
{
	u32 host;

	sync->members = 0;
	for (host = 0; host < sync->config.hosts; host++)
		if (sync->peer[host].first <= sync->round && sync->round <= sync->peer[host].last)
			sync->members |= ls_sync_bit(host);
	ls_sync_tree_build(&sync->tree, sync->members, sync->config.fanout, sync->config.self);
}

void ls_sync_say(struct ls_sync *sync)
{
	const u16 self = sync->config.self;
	u32 host;

	*ls_report_of(sync, self) = (struct ls_sync_report){
		.round = sync->round,
		/* Messages are events: their receivers may have said theirs without them. */
		.next_ns = ls_sync_earlier(sync->next_ns, sync->moving_ns),
		.quantum_ns = sync->config.quantum_ns,
		.covers = ls_sync_bit(self),
		.leaving = sync->leaves ? ls_sync_bit(self) : 0,
		.wishes = sync->wishes,
		.who = sync->wishes ? self : LS_SYNC_NOBODY,
	};
	for (host = 0; host < sync->config.hosts; host++)
		sync->peer[host].counted[sync->round & 1] = sync->peer[host].stream.sent;
	/* In a tree nobody has to know, but that after a hold the next round has begun. */
	if (!sync->config.fanout || sync->phase == LS_SYNC_HELD)
		sync->dirty |= sync->tree.above | sync->tree.below;
	sync->phase = LS_SYNC_SAID;
}

static enum ls_sync_await ls_sync_missing(const struct ls_sync *sync, u32 host)
{
	const struct ls_sync_report *report = ls_report_of(sync, host);

	/* It may be from before somebody went, for others than it is to speak of now. */
	if (report->round != sync->round || report->covers != sync->tree.covers[host])
		return LS_SYNC_REPORT;
	if (sync->peer[host].stream.received < report->sent)
		return LS_SYNC_MESSAGES;
	return LS_SYNC_NOTHING;
}

static bool ls_sync_unreceived(const struct ls_sync *sync, u32 host)
{
	const struct ls_sync_stream *stream = &sync->peer[host].stream;

	return sync->members >> host & 1 && stream->acked < stream->sent;
}

/* Our own, and all that is to be there from below. */
static bool ls_sync_complete(const struct ls_sync *sync)
{
	u32 host;

	for (host = 0; host < sync->config.hosts; host++) {
		if (sync->tree.below >> host & 1 && ls_sync_missing(sync, host))
			return false;
		/* No counts go over a tree: the receipts say that what they would count is here. */
		if (sync->config.fanout && ls_sync_unreceived(sync, host))
			return false;
	}
	return true;
}

static enum ls_sync_await ls_sync_awaits_said(const struct ls_sync *sync, u16 host)
{
	const u64 bit = ls_sync_bit(host);

	if (sync->round <= sync->adopt_to)
		return sync->members & bit ? LS_SYNC_DECISION : LS_SYNC_NOTHING;
	if (sync->tree.below & bit)
		return ls_sync_missing(sync, host);
	if (sync->tree.above & bit && sync->passed_on)
		return LS_SYNC_DECISION;
	return LS_SYNC_NOTHING;
}

enum ls_sync_await ls_sync_awaits(const struct ls_sync *sync, u16 host)
{
	enum ls_sync_await what = LS_SYNC_NOTHING;

	if (host == sync->config.self || !sync->peer[host].instance)
		return LS_SYNC_NOTHING;
	if (sync->phase == LS_SYNC_OVER)
		return sync->parting >> host & 1 ? LS_SYNC_FAREWELL : LS_SYNC_NOTHING;
	if (sync->phase == LS_SYNC_SAID)
		what = ls_sync_awaits_said(sync, host);
	if (!what && ls_sync_unreceived(sync, host))
		return LS_SYNC_RECEIPT;
	return what;
}

struct ls_sync_report ls_sync_sum(const struct ls_sync *sync)
{
	struct ls_sync_report sum = *ls_report_of(sync, sync->config.self);
	u32 host;

	for (host = 0; host < sync->config.hosts; host++) {
		const struct ls_sync_report *report = ls_report_of(sync, host);

		if (!(sync->tree.below >> host & 1))
			continue;
		sum.next_ns = ls_sync_earlier(sum.next_ns, report->next_ns);
		sum.quantum_ns = ls_sync_earlier(sum.quantum_ns, report->quantum_ns);
		sum.covers |= report->covers;
		sum.leaving |= report->leaving;
		/* Of several that wish something, the same one is named everywhere. */
		if (report->wishes && (!sum.wishes || report->who < sum.who))
			sum.who = report->who;
		sum.wishes |= report->wishes;
	}
	return sum;
}

/* The one place where it is decided; the rule for a window is core's, in ls_window_try_open(). */
static struct ls_sync_decision ls_sync_decide(const struct ls_sync *sync,
					      const struct ls_sync_report *sum)
{
	const u64 last_ns = sync->decision.end_ns, limit_ns = sync->config.limit_ns;
	struct ls_sync_decision decision = {
		.round = sync->round,
		.start_ns = last_ns,
		.end_ns = last_ns,
		.left = sum->leaving,
		.who = sum->who,
	};

	if (sum->wishes & LS_SYNC_WISH_STOP) {
		decision.outcome = LS_SYNC_END;
		decision.why = LS_SYNC_WHY_STOPPED;
	} else if (!(sync->members & ~sum->leaving)) {
		decision.outcome = LS_SYNC_END;
		decision.why = LS_SYNC_WHY_LEFT;
	} else if (sum->wishes & LS_SYNC_WISH_PAUSE) {
		decision.outcome = LS_SYNC_HOLD;
		decision.why = LS_SYNC_WHY_PAUSED;
	} else if (sum->next_ns == LS_TIME_NONE && !sync->config.to_the_end) {
		decision.outcome = LS_SYNC_HOLD;
		decision.why = LS_SYNC_WHY_IDLE;
	} else {
		decision.start_ns = ls_sync_earlier(ls_sync_later(last_ns, sum->next_ns),
						    limit_ns);
		decision.end_ns = ls_sync_earlier(decision.start_ns + sum->quantum_ns, limit_ns);
		if (decision.start_ns == limit_ns) {
			decision.outcome = LS_SYNC_END;
			decision.why = LS_SYNC_WHY_TIME;
		}
	}
	return decision;
}

/* What the round has come to, here or elsewhere. */
static void ls_sync_conclude(struct ls_sync *sync, const struct ls_sync_decision *decision,
			     u64 now_ns)
{
	const u64 near = sync->tree.above | sync->tree.below;
	u32 host;

	sync->decision = *decision;
	sync->round = decision->round + 1;
	sync->passed_on = false;
	for (host = 0; host < sync->config.hosts; host++)
		if (decision->left >> host & 1)
			sync->peer[host].last = decision->round;
	if (sync->config.fanout)
		sync->dirty |= sync->tree.below;
	ls_sync_recast(sync);
	if (decision->outcome == LS_SYNC_END || !(sync->members >> sync->config.self & 1)) {
		sync->phase = LS_SYNC_OVER;
		sync->dirty |= near;
		sync->parting = near;
		sync->parted_ns = now_ns + sync->config.linger_ns;
		for (host = 0; host < sync->config.hosts; host++)
			if (sync->peer[host].decided.round >= decision->round)
				sync->parting &= ~ls_sync_bit(host);
	} else if (decision->outcome == LS_SYNC_HOLD) {
		sync->phase = LS_SYNC_HELD;
	} else {
		sync->phase = LS_SYNC_RUNNING;
		sync->next_ns = LS_TIME_NONE;
		sync->moving_ns = LS_TIME_NONE;
	}
	sync->ops->decided(sync, &sync->decision);
}

/* Somebody has decided this round; in a tree it was the root, with our report in it. */
static const struct ls_sync_decision *ls_sync_adoptable(const struct ls_sync *sync)
{
	u32 host;

	if (!sync->config.fanout && sync->round > sync->adopt_to)
		return NULL;
	for (host = 0; host < sync->config.hosts; host++)
		if (sync->peer[host].decided.round == sync->round)
			return &sync->peer[host].decided;
	return NULL;
}

static bool ls_sync_conclude_said(struct ls_sync *sync, u64 now_ns)
{
	const struct ls_sync_decision *adopted = ls_sync_adoptable(sync);
	struct ls_sync_decision decision;
	struct ls_sync_report sum;

	if (adopted) {
		decision = *adopted;
		ls_sync_conclude(sync, &decision, now_ns);
		return true;
	}
	if (!ls_sync_complete(sync))
		return false;
	if (sync->tree.above) {
		if (!sync->passed_on)
			sync->dirty |= sync->tree.above;
		sync->passed_on = true;
		return false;
	}
	sum = ls_sync_sum(sync);
	decision = ls_sync_decide(sync, &sum);
	ls_sync_conclude(sync, &decision, now_ns);
	return true;
}

/* While the session holds: somebody has begun the next round. */
static bool ls_sync_is_begun(const struct ls_sync *sync)
{
	u32 host;

	for (host = 0; host < sync->config.hosts; host++)
		if (sync->members >> host & 1 && sync->peer[host].said >= sync->round)
			return true;
	return false;
}

/* While the session holds: we would say something else now, and it would make a difference. */
static bool ls_sync_has_news(const struct ls_sync *sync)
{
	const struct ls_sync_report *last = &sync->peer[sync->config.self].report[~sync->round & 1];

	if (sync->decision.why == LS_SYNC_WHY_IDLE &&
	    ls_sync_earlier(sync->next_ns, sync->moving_ns) != LS_TIME_NONE)
		return true;
	return sync->wishes != last->wishes || sync->leaves != !!last->leaving;
}

void ls_sync_advance(struct ls_sync *sync, u64 now_ns)
{
	for (;;) {
		if (sync->phase == LS_SYNC_HELD &&
		    (ls_sync_is_begun(sync) || ls_sync_has_news(sync)))
			ls_sync_say(sync);
		if (sync->phase != LS_SYNC_SAID || !ls_sync_conclude_said(sync, now_ns))
			return;
	}
}
