// SPDX-License-Identifier: GPL-2.0-only

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "gate.h"
#include "machine.h"

static int __init ls_vcpu_init(void)
{
	int err = ls_gate_init();

	if (err) {
		pr_err("cannot look at entries into guests (%d): is kvm.ko of this kernel loaded?\n",
		       err);
		return err;
	}
	/* Last: from here on machines can be attached. */
	err = ls_mechanism_register(&ls_vcpu_mechanism);
	if (err)
		ls_gate_exit();
	return err;
}

static void __exit ls_vcpu_exit(void)
{
	/* All machines go on from where they stand. */
	ls_mechanism_unregister(&ls_vcpu_mechanism);
	ls_gate_exit();
	/* A task work is code of ours until it has returned, which a preempted one does later. */
	synchronize_rcu_tasks();
}

module_init(ls_vcpu_init);
module_exit(ls_vcpu_exit);

MODULE_DESCRIPTION("LiveStack: virtual CPUs that run in windows of simulated time");
MODULE_AUTHOR("The LiveStack authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(LS_VERSION);
