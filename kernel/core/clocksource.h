/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clocksource named livestack: a host that selects it lives in the time of the session that
 * offers it. Its date, sleeps and timers then follow simulated time, also where that jumps.
 *
 * It is there only while a session offers it, is never selected by itself, except when it was the
 * last that was asked for in /sys, which the kernel remembers by name, and refuses to be selected
 * while the session does not run. While it is selected the session can be neither paused, stopped
 * nor deleted, and the module not be unloaded.
 *
 * When the session pauses or ends by itself all the same, its clock stands, but the host's goes on
 * from there at the rate of the time-stamp counter: a host without time cannot even be told to take
 * another clocksource, since much of it waits for timers. When the session runs again the host
 * follows it again, as far ahead as it has come.
 *
 * Limits. While an open window waits, the host's time stands at its end: nothing on the host that a
 * component waits for may need a timer; the scheduler's tick stands too, so who computes keeps its
 * CPU unless it yields; and a timer due within microseconds of that end makes its CPU take
 * interrupts one after another until the window is over.
 *
 * What watches the host by jiffies sees a jump as that much time without progress: one of more than
 * 20 s may give a warning of a stalled RCU, of 30 s of a stuck workqueue, of 120 s of a hung task.
 * The kernel takes jumps in steps of a second, with interrupts off. Where another clocksource
 * watches the TSC (no tsc=reliable), it does so in simulated time.
 */
#ifndef _LS_CLOCKSOURCE_H
#define _LS_CLOCKSOURCE_H

#include <linux/livestack.h>

struct ls_session;

int ls_clocksource_init(void);

/* No session offers any more. */
void ls_clocksource_exit(void);

/* These two want ls_table_lock, and may sleep. */

/*
 * -EBUSY: another session offers, -EOPNOTSUPP: it has a live component, -ENODEV: the processors'
 * counters cannot be relied on. Nothing when it offers already.
 */
int ls_clocksource_offer(struct ls_session *session);

/* -EBUSY: it is selected. Nothing when it does not offer. */
int ls_clocksource_withdraw(struct ls_session *session);

/* Undoes either: the session offers again, or no more, as @before said. Wants the same. */
void ls_clocksource_restore(struct ls_session *session, enum livestack_clocksource before);

/* Under ls_table_lock or the session's lock: whether it is selected stays under the latter. */
enum livestack_clocksource ls_clocksource_state(const struct ls_session *session);

/* Under the session's lock, after its own clock: a window has opened; it has another state. */
void ls_clocksource_opened(struct ls_session *session);
void ls_clocksource_entered(struct ls_session *session);

#endif /* _LS_CLOCKSOURCE_H */
