// SPDX-License-Identifier: GPL-2.0-only

#include "ptp.h"

#include <linux/err.h>
#include <linux/module.h>

#include "clock.h"

static int ls_ptp_gettimex(struct ptp_clock_info *info, struct timespec64 *time,
			   struct ptp_system_timestamp *system)
{
	const struct ls_ptp *ptp = container_of(info, struct ls_ptp, info);
	u64 now;

	ptp_read_system_prets(system);
	now = ls_clock_read(ptp->clock);
	ptp_read_system_postts(system);
	*time = ns_to_timespec64(now);
	return 0;
}

/* The kernel calls these without asking whether they are there. */
static int ls_ptp_settime(struct ptp_clock_info *info, const struct timespec64 *time)
{
	return -EOPNOTSUPP;
}

static int ls_ptp_adjtime(struct ptp_clock_info *info, s64 delta)
{
	return -EOPNOTSUPP;
}

static int ls_ptp_adjfine(struct ptp_clock_info *info, long scaled_ppm)
{
	return -EOPNOTSUPP;
}

static int ls_ptp_enable(struct ptp_clock_info *info, struct ptp_clock_request *request, int on)
{
	return -EOPNOTSUPP;
}

static const struct ptp_clock_info ls_ptp_info = {
	.owner = THIS_MODULE,
	.gettimex64 = ls_ptp_gettimex,
	.settime64 = ls_ptp_settime,
	.adjtime = ls_ptp_adjtime,
	.adjfine = ls_ptp_adjfine,
	.enable = ls_ptp_enable,
};

int ls_ptp_init(struct ls_ptp *ptp, const struct ls_clock *clock, u32 session_id)
{
	struct ptp_clock *device;

	/* The kernel writes in it, so each has its own. */
	ptp->info = ls_ptp_info;
	ptp->clock = clock;
	snprintf(ptp->info.name, sizeof(ptp->info.name), "livestack session %u", session_id);
	/* NULL in a kernel built without PTP clocks. */
	device = ptp_clock_register(&ptp->info, NULL);
	if (IS_ERR(device))
		return PTR_ERR(device);
	ptp->device = device;
	return 0;
}

void ls_ptp_free(struct ls_ptp *ptp)
{
	/* Waits for calls under way; all later ones are answered by the kernel. */
	if (ptp->device)
		ptp_clock_unregister(ptp->device);
	ptp->device = NULL;
}

int ls_ptp_index(const struct ls_ptp *ptp)
{
	return ptp->device ? ptp_clock_index(ptp->device) : -1;
}
