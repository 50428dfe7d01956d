// SPDX-License-Identifier: GPL-2.0-only

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "clocksource.h"

#include <linux/clocksource.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include <asm/tsc.h>

#include "clock.h"
#include "nudge.h"
#include "session.h"

/* A smaller jump makes no timer later than interrupts are anyway. */
#define LS_NUDGE_NS 1000

/*
 * What the host reads. It shows the session's clock, ls_host_ahead_ns more, unless it is loose. All
 * of it changes under the session's lock, or while every CPU but one is stopped with interrupts
 * off; so who holds a raw lock sees none of it change.
 */
static struct ls_clock ls_host;
static u64 ls_host_ahead_ns;
static bool ls_host_selected;
static bool ls_host_loose; /* the session does not run: goes at the rate of the counter */

/* Changes under ls_table_lock, while not selected. */
static struct ls_session *ls_host_session;
static bool ls_host_used;

static u64 notrace ls_host_read(struct clocksource *source)
{
	return ls_clock_read(&ls_host);
}

/*
 * Called with all CPUs stopped. What was read when it was selected before does not count: from here
 * on the kernel takes only differences to its first look.
 */
static int ls_host_enable(struct clocksource *source)
{
	struct ls_session *session = ls_host_session;

	if (session->state != LIVESTACK_STATE_RUNNING) {
		pr_warn_ratelimited("session %u does not run: set it running, then select the clocksource again\n",
				    session->id);
		return -EBUSY;
	}
	ls_host_ahead_ns = 0;
	ls_host_loose = false;
	ls_host_selected = true;
	ls_clock_follow(&ls_host, &session->clock, 0);
	return 0;
}

static void ls_host_disable(struct clocksource *source)
{
	ls_host_selected = false;
}

/*
 * A tick is a nanosecond. The shift is small, so that jumps of up to 2^53 ns overflow nothing in
 * the kernel's arithmetic, and mult a power of two, so that its time has no rounding of its own.
 */
static const struct clocksource ls_clocksource_template = {
	.name = "livestack",
	.rating = 0,
	.read = ls_host_read,
	.enable = ls_host_enable,
	.disable = ls_host_disable,
	.mask = CLOCKSOURCE_MASK(64),
	.mult = 1 << 10,
	.shift = 10,
	.flags = CLOCK_SOURCE_IS_CONTINUOUS | CLOCK_SOURCE_VALID_FOR_HRES,
	.owner = THIS_MODULE,
};

static struct clocksource ls_clocksource;

enum livestack_clocksource ls_clocksource_state(const struct ls_session *session)
{
	if (READ_ONCE(ls_host_session) != session)
		return LIVESTACK_CLOCKSOURCE_NONE;
	return READ_ONCE(ls_host_selected) ? LIVESTACK_CLOCKSOURCE_SELECTED :
					     LIVESTACK_CLOCKSOURCE_OFFERED;
}

static bool ls_session_has_live(struct ls_session *session)
{
	struct ls_component *component;
	unsigned long id;

	xa_for_each(&session->components, id, component)
		if (component->kind == LIVESTACK_KIND_LIVE)
			return true;
	return false;
}

int ls_clocksource_offer(struct ls_session *session)
{
	int err;

	might_sleep();
	lockdep_assert_held(&ls_table_lock);
	if (ls_host_session == session)
		return 0;
	if (ls_host_session)
		return -EBUSY;
	if (ls_session_has_live(session))
		return -EOPNOTSUPP;
	if (check_tsc_unstable())
		return -ENODEV;

	/* First: it may be selected before the call below returns. */
	WRITE_ONCE(ls_host_session, session);
	ls_host_used = true;
	ls_clocksource = ls_clocksource_template;
	/* With a frequency the kernel would choose mult and shift. */
	err = __clocksource_register_scale(&ls_clocksource, 1, 0);
	if (err)
		WRITE_ONCE(ls_host_session, NULL);
	return err;
}

int ls_clocksource_withdraw(struct ls_session *session)
{
	int err;

	might_sleep();
	lockdep_assert_held(&ls_table_lock);
	if (ls_host_session != session)
		return 0;
	if (READ_ONCE(ls_host_selected))
		return -EBUSY;
	/* If it has been selected this moment, the kernel takes the next best. */
	err = clocksource_unregister(&ls_clocksource);
	if (!err)
		WRITE_ONCE(ls_host_session, NULL);
	return err;
}

void ls_clocksource_restore(struct ls_session *session, enum livestack_clocksource before)
{
	if (before == LIVESTACK_CLOCKSOURCE_NONE)
		ls_clocksource_withdraw(session);
	else
		ls_clocksource_offer(session);
}

static bool ls_host_shows(const struct ls_session *session)
{
	return ls_host_selected && ls_host_session == session;
}

/* As far ahead of the session as the host has come. */
static void ls_host_tie(const struct ls_session *session)
{
	ls_clock_stop(&ls_host);
	ls_host_ahead_ns = ls_clock_read(&ls_host) - ls_clock_read(&session->clock);
	ls_host_loose = false;
}

static void ls_host_follow(const struct ls_session *session)
{
	u64 before = ls_clock_read(&ls_host);

	if (ls_host_loose)
		ls_host_tie(session);
	ls_clock_follow(&ls_host, &session->clock, ls_host_ahead_ns);
	if (ls_clock_read(&ls_host) - before > LS_NUDGE_NS)
		ls_nudge_all();
}

void ls_clocksource_opened(struct ls_session *session)
{
	if (ls_host_shows(session))
		ls_host_follow(session);
}

void ls_clocksource_entered(struct ls_session *session)
{
	if (!ls_host_shows(session))
		return;
	if (session->state == LIVESTACK_STATE_RUNNING) {
		ls_host_follow(session);
	} else {
		ls_clock_open(&ls_host, 0, LS_TIME_NONE);
		ls_host_loose = true;
	}
}

int ls_clocksource_init(void)
{
	ls_nudge_init();
	return ls_clock_init(&ls_host);
}

void ls_clocksource_exit(void)
{
	ls_nudge_exit();
	/* A task that was preempted while it read the clock has thrown its reading away by then. */
	if (ls_host_used)
		synchronize_rcu_tasks();
	ls_clock_free(&ls_host);
}
