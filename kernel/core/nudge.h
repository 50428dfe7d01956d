/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When the host's time jumps, what the CPUs' timers were set to is too late: makes each CPU look at
 * its timers again.
 */
#ifndef _LS_NUDGE_H
#define _LS_NUDGE_H

void ls_nudge_init(void);

/* Waits until no CPU is left that has yet to look. May sleep. */
void ls_nudge_exit(void);

/* From any context but an NMI. */
void ls_nudge_all(void);

#endif /* _LS_NUDGE_H */
