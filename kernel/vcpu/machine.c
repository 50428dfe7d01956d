// SPDX-License-Identifier: GPL-2.0-only

#include "machine.h"

#include <linux/cpumask.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include <asm/msr.h>
#include <asm/tsc.h>

#include "clock.h"
#include "gate.h"
#include "kvm.h"
#include "suit.h"

static int ls_step_us = -1;
module_param_named(step_us, ls_step_us, int, 0644);
MODULE_PARM_DESC(step_us, "bound on how far the vCPUs of one machine are apart, where it is kept, in microseconds; 0: none; default 10, or 1000 where this host is emulated");

u64 ls_ticks_ns(u64 ticks)
{
	return mul_u64_u64_div_u64(ticks, NSEC_PER_MSEC, tsc_khz);
}

u64 ls_machine_ns(const struct ls_machine *machine, u64 ticks)
{
	u64 ns;

	if (ticks >= LS_NEVER / NSEC_PER_MSEC)
		return LS_TIME_NONE;
	ns = machine->base_ns + ls_ticks_ns(ticks);
	return ns > LS_TIME_LIMIT ? LS_TIME_NONE : ns;
}

static u64 ls_machine_ticks(const struct ls_machine *machine, u64 ns)
{
	ns -= min(ns, machine->base_ns);
	return mul_u64_u64_div_u64(ns, tsc_khz, NSEC_PER_MSEC) + 1;
}

/* How long a step is, in ticks; 0: as long as the window. */
static u64 ls_machine_step(const struct ls_machine *machine)
{
	int us = READ_ONCE(ls_step_us);

	if (machine->count < 2 || !machine->window.strict || machine->window.free ||
	    (!machine->exact && machine->count <= num_online_cpus()))
		return 0;
	if (us < 0)
		us = boot_cpu_has(X86_FEATURE_HYPERVISOR) ? 1000 : 10;
	return ls_us_ticks(us);
}

/* Its gates may go as far as one step from @from. */
static void ls_machine_aim(struct ls_machine *machine, u64 from)
{
	const u64 step = ls_machine_step(machine);

	machine->target = step ? min(machine->end, from + step) : machine->end;
}

void ls_machine_refresh(struct ls_machine *machine)
{
	const struct ls_live_window window = ls_live_window(machine->component);
	const bool is_new = window.end_ns != machine->window.end_ns;

	machine->window = window;
	if (!is_new)
		return;
	machine->start = window.start_ns <= machine->base_ns ?
				 0 : ls_machine_ticks(machine, window.start_ns);
	machine->end = ls_machine_ticks(machine, window.end_ns);
	ls_machine_aim(machine, machine->start);
}

void ls_machine_note_skew(struct ls_machine *machine)
{
	u64 first = LS_NEVER, last = 0, now;
	u32 i;

	if (machine->count < 2 || machine->start < machine->caught)
		return;
	for (i = 0; i < machine->count; i++) {
		if (machine->gates[i]->state == LIVESTACK_VCPU_STATE_IDLE)
			continue;
		now = ls_gate_now(machine->gates[i]);
		first = min(first, now);
		last = max(last, now);
	}
	if (last > first)
		machine->skew_max = max(machine->skew_max, last - first);
}

u64 ls_machine_now(struct ls_machine *machine)
{
	u64 now = machine->window.runs ? machine->start : 0;
	u32 i;

	for (i = 0; i < machine->count; i++)
		now = max(now, ls_gate_now(machine->gates[i]));
	return now;
}

void ls_machine_let_run(struct ls_machine *machine, struct ls_gate *gate)
{
	gate->state = LIVESTACK_VCPU_STATE_RUNNING;
	machine->running++;
	if (gate->window_end != machine->end) {
		gate->window_end = machine->end;
		gate->windows++;
	}
	swake_up_one(&gate->told);
}

static void ls_machine_kick(struct ls_gate *gate)
{
	gate->kicked = true;
	ls_kvm_kick(gate->vcpu);
}

/* Lets those run who have something to do in this step. */
static void ls_machine_go(struct ls_machine *machine)
{
	struct ls_gate *gate;
	u32 i;

	for (i = 0; i < machine->count; i++) {
		gate = machine->gates[i];
		gate->paced = false;
		if (gate->state == LIVESTACK_VCPU_STATE_PARKED && gate->clock < machine->target)
			ls_machine_let_run(machine, gate);
	}
	for (i = 0; i < machine->count; i++) {
		gate = machine->gates[i];
		if (gate->state == LIVESTACK_VCPU_STATE_IDLE &&
		    (gate->next < machine->target || machine->window.free))
			ls_machine_kick(gate);
	}
	/* Nobody has anything to do here; that cannot be said while windows are being opened. */
	if (!machine->running)
		hrtimer_start(&machine->look, 0, HRTIMER_MODE_REL_HARD);
}

/* The window is open to it. */
static void ls_machine_run(void *own)
{
	struct ls_machine *machine = own;

	ls_machine_refresh(machine);
	ls_machine_go(machine);
	if (machine->joined && ls_kvm_vcpus(machine->kvm) != machine->count)
		schedule_work(&machine->grow);
}

/* A machine none of whose gates runs, nor is on its way to. */
struct ls_stand {
	u64 clock;	/* of the furthest */
	u64 parked;	/* of the first that has more to do, or LS_NEVER */
	u64 next;	/* event of all */
};

static bool ls_machine_stands(const struct ls_machine *machine, struct ls_stand *stand)
{
	u32 i;

	*stand = (struct ls_stand){ .parked = LS_NEVER, .next = LS_NEVER };
	if (machine->running || !machine->joined)
		return false;
	for (i = 0; i < machine->count; i++) {
		const struct ls_gate *gate = machine->gates[i];

		stand->clock = max(stand->clock, gate->clock);
		if (gate->state != LIVESTACK_VCPU_STATE_IDLE) {
			stand->parked = min(stand->parked, gate->clock);
			continue;
		}
		if (gate->kicked || !gate->halted)
			return false;
		stand->next = min(stand->next, gate->next);
	}
	stand->next = min(stand->next, stand->parked);
	return true;
}

/* On to the next step of the same window. */
static void ls_machine_step_on(struct ls_machine *machine, u64 from)
{
	ls_machine_refresh(machine);
	ls_machine_aim(machine, max(from, machine->target));
	ls_machine_go(machine);
}

void ls_machine_settle(struct ls_machine *machine)
{
	struct ls_stand stand;
	u64 window_ns;

	if (!ls_machine_stands(machine, &stand))
		return;
	ls_machine_refresh(machine);
	/* At the end of a step no time is skipped, so that its VMM need not be asked. */
	if (machine->window.runs && machine->target < machine->end && stand.parked < machine->end) {
		ls_machine_step_on(machine, stand.parked);
		return;
	}
	if (!ls_quiet(machine)) {
		hrtimer_start(&machine->look, ns_to_ktime(LS_QUIET_PERIOD_NS),
			      HRTIMER_MODE_REL_HARD);
		return;
	}
	window_ns = machine->window.end_ns;
	/* Who waits for a deadline jumps to it: the furthest of them must not hold it back. */
	if (!ls_live_arrive(machine->component,
			    ls_machine_ns(machine, min(stand.clock, stand.next)),
			    ls_machine_ns(machine, stand.next)))
		return;
	/* In a new window run() has been called, in the same it has not. */
	if (ls_live_window(machine->component).end_ns == window_ns)
		ls_machine_step_on(machine, stand.next);
}

static enum hrtimer_restart ls_machine_look(struct hrtimer *timer)
{
	struct ls_machine *machine = container_of(timer, struct ls_machine, look);
	unsigned long flags = ls_live_lock(machine->component);

	ls_machine_settle(machine);
	ls_live_unlock(machine->component, flags);
	return HRTIMER_NORESTART;
}

static void ls_machine_joined(void *own, u64 clock_ns)
{
	struct ls_machine *machine = own;

	machine->base_ns = clock_ns;
	machine->joined = true;
	machine->window.end_ns = LS_TIME_NONE;
}

/* The VMM's memory goes: none of its threads will run again. */
static void ls_machine_released(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	ls_live_gone(container_of(notifier, struct ls_machine, notifier)->component,
		     LIVESTACK_PARTING_ENDED);
}

static const struct mmu_notifier_ops ls_machine_notifier_ops = {
	.release = ls_machine_released,
};

static int ls_machine_add(struct ls_machine *machine, u32 index, u64 tsc, u64 clock)
{
	struct ls_gate *gate;

	gate = ls_gate_new(machine, ls_kvm_vcpu(machine->kvm, index), index, tsc, clock);

	if (!gate)
		return -ENOMEM;
	machine->gates[index] = gate;
	return 0;
}

/* A vCPU that was plugged in is gated from here on; it has not run for long. */
static void ls_machine_grow(struct work_struct *work)
{
	struct ls_machine *machine = container_of(work, struct ls_machine, grow);
	unsigned long flags;
	u64 now;

	while (machine->count < min(ls_kvm_vcpus(machine->kvm), machine->room)) {
		const u32 index = machine->count;

		flags = ls_live_lock(machine->component);
		ls_machine_refresh(machine);
		now = ls_machine_now(machine);
		ls_live_unlock(machine->component, flags);
		if (ls_machine_add(machine, index, rdtsc(), now))
			return;
		ls_gate_follow(machine->gates[index], machine->gates[0]);
		flags = ls_live_lock(machine->component);
		machine->count++;
		ls_gate_close(machine->gates[index]);
		ls_machine_refresh(machine);
		if (machine->window.runs)
			ls_machine_let_run(machine, machine->gates[index]);
		ls_live_unlock(machine->component, flags);
	}
}

static void ls_machine_free(struct ls_machine *machine)
{
	u32 i;

	for (i = 0; machine->gates && i < machine->room; i++)
		if (machine->gates[i])
			ls_gate_free(machine->gates[i]);
	kvfree(machine->gates);
	if (machine->mm)
		mmdrop(machine->mm);
	ls_quiet_end(&machine->quiet);
	ls_kvm_unpin(machine->kvm);
	kfree(machine);
}

static int ls_machine_fill(struct ls_machine *machine)
{
	const u64 tsc = rdtsc();
	int err = 0;

	machine->room = LS_MACHINE_VCPUS_MAX;
	machine->gates = kvcalloc(machine->room, sizeof(*machine->gates), GFP_KERNEL);
	if (!machine->gates)
		return -ENOMEM;
	while (!err && machine->count < min(ls_kvm_vcpus(machine->kvm), machine->room)) {
		err = ls_machine_add(machine, machine->count, tsc, 0);
		machine->count += !err;
	}
	return err;
}

static struct ls_machine *ls_machine_new(struct ls_component *component,
					 const struct ls_attachment *attachment, struct kvm *kvm)
{
	struct ls_machine *machine = kzalloc(sizeof(*machine), GFP_KERNEL);

	if (!machine) {
		ls_kvm_unpin(kvm);
		return NULL;
	}
	machine->component = component;
	machine->session_id = attachment->session_id;
	machine->id = attachment->component_id;
	machine->kvm = kvm;
	machine->exact = attachment->exact;
	machine->quiet.leader = get_task_struct(attachment->leader);
	machine->notifier.ops = &ls_machine_notifier_ops;
	hrtimer_setup(&machine->look, ls_machine_look, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	INIT_WORK(&machine->grow, ls_machine_grow);
	return machine;
}

/* Listens for the VMM's end. -ESRCH: it has ended. */
static int ls_machine_listen(struct ls_machine *machine)
{
	struct mm_struct *mm = get_task_mm(machine->quiet.leader);
	int err;

	if (!mm)
		return -ESRCH;
	err = mmu_notifier_register(&machine->notifier, mm);
	if (!err) {
		mmgrab(mm);
		machine->mm = mm;
	}
	mmput(mm);
	return err;
}

static void *ls_machine_refuse(struct ls_machine *machine, int err)
{
	ls_machine_free(machine);
	return ERR_PTR(err);
}

static void *ls_machine_attach(struct ls_component *component,
			       const struct ls_attachment *attachment, const char **sentence)
{
	struct kvm *kvm = ls_kvm_pin(attachment->leader);
	struct ls_machine *machine;
	int err;
	u32 i;

	if (kvm == ERR_PTR(-EMLINK))
		*sentence = "the process runs several machines: attach one process for each";
	else if (IS_ERR(kvm))
		*sentence = "the process runs no machine under KVM: say a VMM's pid";
	if (IS_ERR(kvm))
		return kvm;
	machine = ls_machine_new(component, attachment, kvm);
	if (!machine)
		return ERR_PTR(-ENOMEM);
	err = ls_suit_check(kvm, attachment->nested, sentence);
	if (!err)
		err = ls_machine_fill(machine);
	if (!err)
		err = ls_machine_listen(machine);
	if (err == -ESRCH)
		*sentence = "the process has ended: say the pid of a VMM that runs";
	if (err)
		return ls_machine_refuse(machine, err);
	ls_quiet_find_workers(&machine->quiet);
	ls_kvm_no_halt_polling(kvm);
	for (i = 0; i < machine->count; i++)
		ls_gate_close(machine->gates[i]);
	return machine;
}

static void ls_machine_detach(void *own)
{
	struct ls_machine *machine = own;
	unsigned long flags;
	u32 i;

	flags = ls_live_lock(machine->component);
	machine->joined = false;
	ls_live_unlock(machine->component, flags);
	cancel_work_sync(&machine->grow);
	for (i = 0; i < machine->count; i++)
		ls_gate_open(machine->gates[i]);
	hrtimer_cancel(&machine->look);
	mmu_notifier_unregister(&machine->notifier, machine->mm);
	/* Who is in one of the doors still holds preemption off. */
	synchronize_rcu();
	ls_machine_free(machine);
}

static void ls_machine_count(void *own, struct ls_machine_view *view)
{
	const struct ls_machine *machine = own;

	view->vcpus = READ_ONCE(machine->count);
	view->vmm_busy = READ_ONCE(machine->vmm_busy);
	view->skew_max_ns = ls_ticks_ns(READ_ONCE(machine->skew_max));
}

static void ls_machine_view(void *own, u32 index, struct ls_vcpu_view *view)
{
	const struct ls_machine *machine = own;
	const struct ls_gate *gate = machine->gates[index];

	view->id = gate->id;
	view->tid = ls_kvm_tid(gate->vcpu);
	view->state = gate->state;
	view->clock_ns = ls_machine_ns(machine, gate->clock);
	view->next_ns = gate->state == LIVESTACK_VCPU_STATE_IDLE ?
				ls_machine_ns(machine, gate->next) : LS_TIME_NONE;
	view->windows = gate->windows;
	view->parks = gate->parks;
	view->overshoot_max_ns = ls_ticks_ns(max(gate->overshoot_max, gate->entry_late_max));
	view->preempted_ns = ls_ticks_ns(gate->preempted);
	view->parked_ns = ls_ticks_ns(gate->parked);
	view->idle_ns = ls_ticks_ns(gate->idled);
	view->user_ns = ls_ticks_ns(gate->in_user);
	view->entry_ns = ls_ticks_ns(gate->entry_ticks);
	view->overshoot_ns = gate->overshoot_ns;
}

const struct ls_mechanism ls_vcpu_mechanism = {
	.attach = ls_machine_attach,
	.detach = ls_machine_detach,
	.joined = ls_machine_joined,
	.run = ls_machine_run,
	.count = ls_machine_count,
	.look = ls_machine_view,
};
