/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session's time as a PTP hardware clock, /dev/ptpN: it can be read, but not set or adjusted.
 * Programs that have it open when the session goes get ENODEV from then on.
 */
#ifndef _LS_PTP_H
#define _LS_PTP_H

#include <linux/ptp_clock_kernel.h>

struct ls_clock;

struct ls_ptp {
	struct ptp_clock_info info;
	struct ptp_clock *device; /* NULL: the kernel has no PTP clocks */
	const struct ls_clock *clock;
};

/* Both may sleep. Negative error number when the device cannot be made. */
int ls_ptp_init(struct ls_ptp *ptp, const struct ls_clock *clock, u32 session_id);
void ls_ptp_free(struct ls_ptp *ptp);

/* N of /dev/ptpN, or -1. */
int ls_ptp_index(const struct ls_ptp *ptp);

#endif /* _LS_PTP_H */
