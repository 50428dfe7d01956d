// SPDX-License-Identifier: GPL-2.0-only
#include <linux/eventfd.h>

void ls_probe_eventfd_signal(struct eventfd_ctx *context);

void ls_probe_eventfd_signal(struct eventfd_ctx *context)
{
	eventfd_signal(context);
}
