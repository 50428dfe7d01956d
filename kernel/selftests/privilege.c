// SPDX-License-Identifier: GPL-2.0-only

#include "privilege.h"

#include <grp.h>
#include <linux/capability.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY_USER 65534

bool privilege_become_nobody(void)
{
	return !setgroups(0, NULL) && !setgid(NOBODY_USER) && !setuid(NOBODY_USER);
}

bool privilege_drop_net_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return false;
	data[0].effective &= ~(1U << CAP_NET_ADMIN);
	data[0].permitted &= ~(1U << CAP_NET_ADMIN);
	return !syscall(SYS_capset, &header, data);
}
