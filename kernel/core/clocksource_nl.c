// SPDX-License-Identifier: GPL-2.0-only

#include "clocksource_nl.h"

#include "clocksource.h"
#include "netlink.h"
#include "object_nl.h"
#include "session.h"

int ls_nl_put_clock(struct sk_buff *msg, struct ls_session *session)
{
	int ptp = ls_ptp_index(&session->ptp);

	if (ls_nl_put_u64(msg, LIVESTACK_A_SESSION_CLOCK_NS, ls_clock_read(&session->clock)) ||
	    (ptp >= 0 && nla_put_u32(msg, LIVESTACK_A_SESSION_PTP, ptp)) ||
	    nla_put_u32(msg, LIVESTACK_A_SESSION_CLOCKSOURCE, ls_clocksource_state(session)))
		return -EMSGSIZE;
	return 0;
}

int ls_nl_refuse_selected(struct genl_info *info, struct ls_session *session)
{
	if (ls_clocksource_state(session) != LIVESTACK_CLOCKSOURCE_SELECTED)
		return 0;
	return ls_nl_refuse(info, -EBUSY, 0,
			    "the host lives in the session's time: write another name to current_clocksource in /sys/devices/system/clocksource/clocksource0 first");
}

static int ls_nl_offer_clocksource(struct genl_info *info, struct ls_session *session)
{
	int err = ls_clocksource_offer(session);

	switch (err) {
	case -EBUSY:
		return ls_nl_refuse(info, err, LIVESTACK_A_SESSION_CLOCKSOURCE,
				    "another session offers its time already: set its clocksource to none, session-get tells which it is");
	case -EOPNOTSUPP:
		return ls_nl_refuse(info, err, LIVESTACK_A_SESSION_CLOCKSOURCE,
				    "the session has a live component, which would run on the clock that it drives: offer a session of models");
	case -ENODEV:
		return ls_nl_refuse(info, err, LIVESTACK_A_SESSION_CLOCKSOURCE,
				    "the kernel has found the TSC unstable: if it is not, boot with tsc=reliable");
	default:
		return err;
	}
}

int ls_nl_set_clocksource(struct genl_info *info, struct ls_session *session,
			  enum livestack_clocksource clocksource)
{
	switch (clocksource) {
	case LIVESTACK_CLOCKSOURCE_NONE:
		if (!ls_clocksource_withdraw(session))
			return 0;
		return ls_nl_refuse_selected(info, session) ?: -EBUSY;
	case LIVESTACK_CLOCKSOURCE_OFFERED:
		return ls_nl_offer_clocksource(info, session);
	default:
		return ls_nl_refuse(info, -EINVAL, LIVESTACK_A_SESSION_CLOCKSOURCE,
				    "the host selects, by livestack in current_clocksource in /sys/devices/system/clocksource/clocksource0: ask for offered");
	}
}
