// SPDX-License-Identifier: GPL-2.0-only

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>

#include "chardev.h"
#include "clocksource.h"
#include "live.h"
#include "netlink.h"
#include "session.h"

static int __init ls_init(void)
{
	int err;

	err = ls_clocksource_init();
	if (err)
		return err;

	err = ls_chardev_init();
	if (err) {
		pr_err("cannot make /dev/livestack (%d): see what the kernel said before\n", err);
		goto no_chardev;
	}

	/* Last: from here on user space can call in, so all that it can reach must be there. */
	err = ls_nl_init();
	if (err) {
		pr_err("cannot register the netlink family (%d): unload what else is named livestack\n",
		       err);
		goto no_netlink;
	}

	pr_info("version " LS_VERSION " loaded\n");
	return 0;

no_netlink:
	ls_chardev_exit();
no_chardev:
	ls_clocksource_exit();
	return err;
}

static void __exit ls_exit(void)
{
	/* First: waits for requests under way and lets no further one in. */
	ls_nl_exit();
	ls_chardev_exit();
	ls_live_exit();
	ls_sessions_end();
	ls_clocksource_exit();
}

module_init(ls_init);
module_exit(ls_exit);

MODULE_DESCRIPTION("LiveStack: one simulated time for live and modelled components");
MODULE_AUTHOR("The LiveStack authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(LS_VERSION);
