// SPDX-License-Identifier: GPL-2.0-only

#include "helpers.h"

#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <net/netlink.h>

#include "live.h"

#define LS_HELPER_ABSENT "there is no process of a helper's number: say pids, not of threads, each with its start-ticks"
#define LS_HELPER_KERNEL "a helper is a thread of the kernel: say processes, vhost's workers are known"
#define LS_HELPER_OTHER "the process of a helper's number was started at another time: look it up again"
#define LS_HELPER_VMM "a helper is the VMM itself, which is waited for anyway: leave it out"
#define LS_HELPER_SELF "a helper is who asks for this, and works while it does: leave it out"
#define LS_HELPER_TWICE "a helper is named twice: name each once"

/* One of them, as the attribute has it. */
struct ls_helper_name {
	u64 pid, start_ticks;
};

static struct task_struct *ls_helper_find(const struct ls_helper_name *name)
{
	struct pid *number = name->pid <= PID_MAX_LIMIT ? find_get_pid(name->pid) : NULL;
	struct task_struct *leader = get_pid_task(number, PIDTYPE_TGID);

	put_pid(number);
	return leader;
}

static const char *ls_helper_objection(const struct task_struct *leader,
				       const struct ls_helper_name *name, u32 vmm,
				       const struct ls_helpers *helpers)
{
	u32 i;

	if (!leader)
		return LS_HELPER_ABSENT;
	if (leader->flags & PF_KTHREAD)
		return LS_HELPER_KERNEL;
	if (ls_start_ticks(leader) != name->start_ticks)
		return LS_HELPER_OTHER;
	if (name->pid == vmm)
		return LS_HELPER_VMM;
	if (leader == current->group_leader)
		return LS_HELPER_SELF;
	for (i = 0; i < helpers->count; i++)
		if (helpers->leaders[i] == leader)
			return LS_HELPER_TWICE;
	return NULL;
}

static const char *ls_helpers_take(const struct ls_helper_name *names, u32 count, u32 vmm,
				   struct ls_helpers *helpers)
{
	struct task_struct *leader;
	const char *objection;
	u32 i;

	for (i = 0; i < count; i++) {
		leader = ls_helper_find(&names[i]);
		objection = ls_helper_objection(leader, &names[i], vmm, helpers);
		if (!objection) {
			helpers->leaders[helpers->count++] = leader;
			continue;
		}
		if (leader)
			put_task_struct(leader);
		return objection;
	}
	return NULL;
}

int ls_helpers_find(const struct nlattr *named, u32 vmm, struct ls_helpers *helpers,
		    const char **sentence)
{
	struct ls_helper_name names[LIVESTACK_HELPERS_MAX];
	const u32 length = named ? nla_len(named) : 0;

	helpers->count = 0;
	if (length % sizeof(names[0]) || length > sizeof(names)) {
		*sentence = "helpers are pairs of u64, pid and start-ticks, 32 at most";
		return -EINVAL;
	}
	/* Attributes are aligned for u32 only. */
	if (length)
		memcpy(names, nla_data(named), length);
	*sentence = ls_helpers_take(names, length / sizeof(names[0]), vmm, helpers);
	if (!*sentence)
		return 0;
	ls_helpers_put(helpers);
	return -ESRCH;
}

void ls_helpers_put(struct ls_helpers *helpers)
{
	while (helpers->count)
		put_task_struct(helpers->leaders[--helpers->count]);
}
