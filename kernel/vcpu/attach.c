// SPDX-License-Identifier: GPL-2.0-only
/* How a machine comes to be gated, and how it is let go of. */

#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include <asm/msr.h>

#include "clock.h"
#include "gate.h"
#include "kvm.h"
#include "machine.h"
#include "suit.h"

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
	ls_quiet_begin(&machine->quiet, attachment);
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

static u64 ls_machine_clock(void *own)
{
	const struct ls_machine *machine = own;
	u64 clock = ls_machine_brought(machine);
	u32 i;

	for (i = 0; i < machine->count; i++)
		clock = max(clock, ls_gate_reads(machine->gates[i]));
	return ls_machine_ns(machine, clock);
}

static bool ls_machine_advances(void *own)
{
	const struct ls_machine *machine = own;

	return machine->running;
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
	.clock = ls_machine_clock,
	.advances = ls_machine_advances,
	.count = ls_machine_count,
	.look = ls_machine_view,
};
