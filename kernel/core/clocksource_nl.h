/* SPDX-License-Identifier: GPL-2.0-only */
/* What session-get and session-set say about a session's clock and the host's. */
#ifndef _LS_CLOCKSOURCE_NL_H
#define _LS_CLOCKSOURCE_NL_H

#include <linux/livestack.h>

struct genl_info;
struct ls_session;
struct sk_buff;

/* All of these want ls_table_lock. */

/* The session's time, its PTP clock, and what it is to the host's clock. -EMSGSIZE */
int ls_nl_put_clock(struct sk_buff *msg, struct ls_session *session);

/* Offers or withdraws. When it answers with an error it has refused. */
int ls_nl_set_clocksource(struct genl_info *info, struct ls_session *session,
			  enum livestack_clocksource clocksource);

/* Refuses with -EBUSY if the host lives in the session's time, else 0. */
int ls_nl_refuse_selected(struct genl_info *info, struct ls_session *session);

#endif /* _LS_CLOCKSOURCE_NL_H */
