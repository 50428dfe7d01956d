/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verbs of shared sessions ask of core; all want ls_table_lock held. */
#ifndef _LS_SHARE_NL_H
#define _LS_SHARE_NL_H

#include "share.h"

/* An error number, and in @sentence what to change, or no sentence. May sleep. */
int ls_share_begin(struct ls_session *session, const struct ls_share_request *request,
		   const char **sentence);
int ls_share_meet(struct ls_session *session, const struct ls_peer_request *request,
		  const char **sentence);

/* Ends it, if it is shared. May sleep. */
void ls_share_end(struct ls_session *session);

#endif /* _LS_SHARE_NL_H */
