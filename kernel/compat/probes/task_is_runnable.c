// SPDX-License-Identifier: GPL-2.0-only
#include <linux/sched.h>

bool ls_probe(struct task_struct *task);

bool ls_probe(struct task_struct *task)
{
	return task_is_runnable(task);
}
