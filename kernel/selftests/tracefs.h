/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's event tracing: what one group of tracepoints told, as text, a line for each event in
 * the order of their time on the host's counter. It goes to a buffer of our own, so that nobody
 * else's tracing is disturbed.
 */
#ifndef _LS_TRACEFS_H
#define _LS_TRACEFS_H

#include <stdbool.h>

/* What is missing to trace this group, as the reason to skip a test, or NULL. */
const char *tracefs_missing(const char *group);

/* From here on what the group tells is kept; one group at a time. */
bool tracefs_begin(const char *group);

/* To here. NULL: it cannot be read, or some of it was lost; it is noted. To be freed. */
char *tracefs_end(void);

#endif /* _LS_TRACEFS_H */
