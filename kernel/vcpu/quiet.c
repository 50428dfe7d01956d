// SPDX-License-Identifier: GPL-2.0-only

#include "quiet.h"

#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "gate.h"
#include "kvm.h"
#include "machine.h"

/* So many looks in a row find all threads asleep before that is believed. */
#define LS_QUIET_LOOKS 3

static unsigned int ls_vmm_limit_ms = 1000;
module_param_named(vmm_limit_ms, ls_vmm_limit_ms, uint, 0644);
MODULE_PARM_DESC(vmm_limit_ms, "give up waiting for a busy VMM after so many milliseconds (counted as vmm-busy)");

/* They have the number of the thread in their name that asked for them. Under RCU. */
static bool ls_works_for(const struct task_struct *worker, struct task_struct *leader)
{
	struct task_struct *owner;
	int number;

	if (!(worker->flags & PF_KTHREAD) || sscanf(worker->comm, "vhost-%d", &number) != 1)
		return false;
	owner = pid_task(find_pid_ns(number, &init_pid_ns), PIDTYPE_PID);
	return owner && same_thread_group(owner, leader);
}

void ls_quiet_begin(struct ls_quiet *quiet, const struct ls_attachment *attachment)
{
	u32 i;

	quiet->leader = get_task_struct(attachment->leader);
	quiet->helpers = *attachment->helpers;
	for (i = 0; i < quiet->helpers.count; i++)
		get_task_struct(quiet->helpers.leaders[i]);
}

void ls_quiet_find_workers(struct ls_quiet *quiet)
{
	struct task_struct *task;

	rcu_read_lock();
	for_each_process(task)
		if (quiet->worker_count < LS_QUIET_WORKERS && ls_works_for(task, quiet->leader))
			quiet->workers[quiet->worker_count++] = get_task_struct(task);
	rcu_read_unlock();
}

void ls_quiet_end(struct ls_quiet *quiet)
{
	while (quiet->worker_count)
		put_task_struct(quiet->workers[--quiet->worker_count]);
	while (quiet->helpers.count)
		put_task_struct(quiet->helpers.leaders[--quiet->helpers.count]);
	put_task_struct(quiet->leader);
}

/* The gate of the vCPU that the thread runs, or NULL. */
static const struct ls_gate *ls_gate_of_thread(const struct ls_machine *machine,
					       const struct task_struct *task)
{
	u32 i;

	for (i = 0; i < machine->count; i++)
		if (ls_kvm_runs_as(machine->gates[i]->vcpu, task))
			return machine->gates[i];
	return NULL;
}

/* Sleeps in which a thread has nothing to do. In an uninterruptible one it waits for a device. */
#define LS_CALM (TASK_INTERRUPTIBLE | __TASK_STOPPED | __TASK_TRACED | TASK_NOLOAD | TASK_PARKED | \
		 TASK_FROZEN | TASK_DEAD)

/*
 * A thread is at work while it is on a run queue or a processor, and also on the way there: it may
 * have been woken, and the processor that is to run it does not know yet (TASK_WAKING).
 */
static bool ls_at_work(struct task_struct *task)
{
	return READ_ONCE(task->on_rq) || READ_ONCE(task->on_cpu) ||
	       !(READ_ONCE(task->__state) & LS_CALM);
}

/* Adds how often it has gone to sleep so far. */
static bool ls_sleeps(struct task_struct *task, u64 *switches)
{
	const bool works = ls_at_work(task);

	/* After its state: who was seen asleep is counted as having gone to sleep. */
	smp_rmb();
	*switches += READ_ONCE(task->nvcsw) + READ_ONCE(task->nivcsw);
	return !works;
}

/* All threads of a helper. One that has ended has none. Under RCU. */
static bool ls_helper_sleeps(struct task_struct *leader, u64 *switches)
{
	struct task_struct *task;
	bool sleeps = true;

	for_each_thread(leader, task)
		if (!READ_ONCE(task->exit_state))
			sleeps = ls_sleeps(task, switches) && sleeps;
	return sleeps;
}

/*
 * Whether all threads sleep, and how often they have gone to sleep so far. Of vCPUs' threads those
 * that are idle must: one may have been woken by an interrupt, and have had no processor yet.
 */
static bool ls_quiet_look(struct ls_machine *machine, u64 *switches)
{
	const struct ls_gate *gate;
	struct task_struct *task;
	bool quiet = true;
	u32 i;

	*switches = 0;
	for (i = 0; i < machine->quiet.worker_count; i++)
		quiet = ls_sleeps(machine->quiet.workers[i], switches) && quiet;
	rcu_read_lock();
	for (i = 0; i < machine->quiet.helpers.count; i++)
		quiet = ls_helper_sleeps(machine->quiet.helpers.leaders[i], switches) && quiet;
	for_each_thread(machine->quiet.leader, task) {
		if (READ_ONCE(task->exit_state))
			continue;
		gate = ls_gate_of_thread(machine, task);
		if (!gate)
			quiet = ls_sleeps(task, switches) && quiet;
		else if (gate->state == LIVESTACK_VCPU_STATE_IDLE)
			quiet = quiet && !ls_at_work(task);
	}
	rcu_read_unlock();
	return quiet;
}

static bool ls_quiet_give_up(struct ls_machine *machine)
{
	struct ls_quiet *quiet = &machine->quiet;

	if (!quiet->busy) {
		quiet->busy = true;
		quiet->since = ktime_get();
	}
	if (ktime_ms_delta(ktime_get(), quiet->since) < ls_vmm_limit_ms)
		return false;
	quiet->busy = false;
	quiet->calm = 0;
	machine->vmm_busy++;
	return true;
}

bool ls_quiet(struct ls_machine *machine)
{
	struct ls_quiet *quiet = &machine->quiet;
	u64 switches;

	if (!ls_quiet_look(machine, &switches)) {
		quiet->calm = 0;
		quiet->switches = LS_NEVER;
		return ls_quiet_give_up(machine);
	}
	/*
	 * No thread was woken since all were known to sleep, as it would have gone to sleep again:
	 * nothing can be under way.
	 */
	if (switches == quiet->switches && quiet->calm >= LS_QUIET_LOOKS) {
		quiet->busy = false;
		return true;
	}
	/* An interrupt may be on its way still from who has just gone to sleep. */
	quiet->calm = switches == quiet->switches ? quiet->calm + 1 : 1;
	quiet->switches = switches;
	if (quiet->calm < LS_QUIET_LOOKS) {
		if (!quiet->busy) {
			quiet->busy = true;
			quiet->since = ktime_get();
		}
		return false;
	}
	quiet->busy = false;
	return true;
}
