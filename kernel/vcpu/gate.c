// SPDX-License-Identifier: GPL-2.0-only

#include "gate.h"

#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <asm/msr.h>
#include <asm/tsc.h>

#include "clock.h"
#include "kvm.h"
#include "machine.h"
#include "state.h"
#include "trace.h"

static void ls_gate_sched_in(struct preempt_notifier *notifier, int cpu);
static void ls_gate_sched_out(struct preempt_notifier *notifier, struct task_struct *next);

static struct ls_gate *ls_gate_of(const struct kvm_vcpu *vcpu)
{
	struct preempt_ops *ops = ls_kvm_ops(vcpu);

	return ops->sched_in == ls_gate_sched_in ? container_of(ops, struct ls_gate, ops) : NULL;
}

static void ls_gate_queue(struct ls_gate *gate)
{
	if (gate->queued)
		return;
	gate->queued = true;
	if (task_work_add(current, &gate->work, TWA_RESUME))
		gate->queued = false;
}

/* The entry that is about to happen ends before the guest has run, and the work comes. */
static void ls_gate_turn_back(struct ls_gate *gate)
{
	ls_gate_hold_deadline(gate);
	gate->check = true;
	ls_gate_queue(gate);
	irq_work_queue(&gate->kick);
}

static void ls_gate_arm(struct ls_gate *gate, u64 ticks)
{
	const u64 ns = ls_ticks_ns(gate->machine->target - ticks) + 1;

	if (ns < NSEC_PER_SEC * 1000)
		hrtimer_start(&gate->timer, ns_to_ktime(ns), HRTIMER_MODE_REL_PINNED_HARD);
}

/* The vCPU is on its way into the guest, with interrupts off. */
static void ls_gate_look(struct ls_gate *gate, bool away)
{
	bool free, admitted;
	unsigned long flags;
	u64 ticks;

	WRITE_ONCE(gate->check, false);
	/* Before the look: what is said from here on is looked at next time. */
	smp_mb();
	if (away && ls_gate_was_away(gate)) {
		ls_gate_turn_back(gate);
		return;
	}
	ls_gate_rebase(gate);
	ticks = gate->standing ? gate->clock : ls_gate_ticks(gate);
	flags = ls_live_lock(gate->machine->component);
	admitted = ls_gate_admit(gate, ticks);
	free = gate->machine->window.free;
	ls_live_unlock(gate->machine->component, flags);
	if (!admitted)
		ls_gate_stand(gate);
	if (!admitted || (gate->standing && ls_gate_is_late(gate))) {
		ls_gate_turn_back(gate);
		return;
	}
	/* Of one that has come the guest hears after its next exit. */
	if (gate->held && ls_gate_give_deadline(gate, gate->held))
		irq_work_queue(&gate->kick);
	if (gate->standing) {
		ls_gate_enter_on_time(gate);
		trace_ls_vcpu_enter(gate, gate->set, ls_gate_ticks(gate));
	}
	if (!free)
		ls_gate_arm(gate, ticks);
}

/* The door before every entry into a guest. */
static void ls_gate_entry(void *unused, struct kvm_vcpu *vcpu)
{
	struct ls_gate *gate = ls_gate_of(vcpu);
	bool away;

	if (!gate)
		return;
	/* It was unloaded without that the scheduler was asked: it has been in its VMM. */
	away = ls_kvm_unload_tsc(vcpu) != gate->unloaded;
	if (away || READ_ONCE(gate->check))
		ls_gate_look(gate, away);
	if (gate->through)
		ls_gate_tell_through(gate, ls_gate_ticks(gate));
	gate->armed = ls_kvm_deadline(vcpu);
	WRITE_ONCE(gate->inside, true);
}

static void ls_gate_exited(void *unused, struct kvm_vcpu *vcpu)
{
	struct ls_gate *gate = ls_gate_of(vcpu);

	if (gate)
		ls_gate_note_exit(gate);
}

/* Whether the next window is open already, so that nothing need be done until that ends. */
static bool ls_gate_runs_through(struct ls_gate *gate)
{
	unsigned long flags;
	bool through;
	s64 left;

	if (!ls_gate_may_go_on(gate))
		return false;
	flags = ls_live_lock(gate->machine->component);
	through = ls_gate_pass_at(gate, ls_gate_exit_ticks(gate));
	left = gate->machine->target - ls_gate_ticks(gate);
	ls_live_unlock(gate->machine->component, flags);
	if (!through)
		return false;
	hrtimer_set_expires(&gate->timer, ktime_add_ns(ktime_get(), ls_ticks_ns(max(left, 1))));
	return true;
}

static enum hrtimer_restart ls_gate_timeout(struct hrtimer *timer)
{
	struct ls_gate *gate = container_of(timer, struct ls_gate, timer);

	/* Outside KVM_RUN the work would run where nothing can be done, or not for long. */
	if (!ls_kvm_runs_as(gate->vcpu, current) || !ls_kvm_loaded_here(gate->vcpu))
		WRITE_ONCE(gate->check, true);
	else if (!ls_gate_runs_through(gate))
		ls_gate_queue(gate);
	else
		return HRTIMER_RESTART;
	return HRTIMER_NORESTART;
}

/* Sets the clock that the guest will see, and hands its timer back or takes it away. */
static void ls_gate_load(struct ls_gate *gate, int cpu, bool halted)
{
	struct preempt_notifier *notifier = ls_kvm_notifier(gate->vcpu);
	bool arm, leaving, free;
	unsigned long flags;
	u64 deadline, to;

	ls_gate_stand(gate);
	deadline = gate->held ?: ls_kvm_deadline(gate->vcpu);
	flags = ls_live_lock(gate->machine->component);
	leaving = gate->leaving;
	free = gate->machine->window.free;
	/* On its way to the door KVM may hand out one that comes by the host's time. */
	arm = halted ? ls_gate_rouse(gate) : ls_gate_deadline(gate, deadline) <= gate->clock;
	ls_live_unlock(gate->machine->component, flags);
	arm |= leaving || free;

	if (!gate->freed) {
		/* A halted one is woken by its timer, which must find its time come. */
		to = gate->clock - (halted || leaving ? 0 : gate->entry_ticks);
		ls_kvm_move_tsc(gate->vcpu, to - ls_gate_ticks(gate));
	}
	gate->kvm_ops->sched_in(notifier, cpu);
	gate->set = gate->clock;
	gate->set_tsc = rdtsc();
	gate->aimed = !halted;
	gate->offset = ls_kvm_tsc_offset(gate->vcpu);
	gate->freed = free;
	if (arm)
		ls_gate_give_deadline(gate, deadline);
	else if (!gate->held)
		ls_gate_hold_deadline(gate);
	gate->given = arm ? deadline : 0;
	WRITE_ONCE(gate->check, true);
	if (leaving) {
		ls_kvm_set_ops(gate->vcpu, gate->kvm_ops);
		complete(&gate->gone);
	}
}

/* As if the thread had been away for a moment: that is when a guest's clock can be set. */
static void ls_gate_reload(struct ls_gate *gate)
{
	preempt_disable();
	if (ls_gate_of(gate->vcpu) == gate) {
		gate->kvm_ops->sched_out(ls_kvm_notifier(gate->vcpu), current);
		gate->unloaded = ls_kvm_unload_tsc(gate->vcpu);
		ls_gate_load(gate, smp_processor_id(), false);
	}
	preempt_enable();
}

static bool ls_gate_passes(struct ls_gate *gate)
{
	unsigned long flags = ls_live_lock(gate->machine->component);
	const bool passes = ls_gate_pass(gate);

	ls_live_unlock(gate->machine->component, flags);
	return passes;
}

/* Interruptibly: a signal makes KVM_RUN return, and the door closes again at the next entry. */
static int ls_gate_wait(struct ls_gate *gate)
{
	const u64 since = rdtsc();
	int err;

	gate->waiting = true;
	err = swait_event_interruptible_exclusive(gate->told, !ls_gate_is_parked(gate));
	gate->waiting = false;
	gate->parked += rdtsc() - since;
	return err;
}

static void ls_gate_stop(struct ls_gate *gate)
{
	preempt_disable();
	ls_gate_stand(gate);
	preempt_enable();
	trace_ls_vcpu_stop(gate, gate->clock, READ_ONCE(gate->machine->target));
	while (!ls_gate_passes(gate))
		if (ls_gate_wait(gate))
			break;
	ls_gate_reload(gate);
}

static void ls_gate_work(struct callback_head *work)
{
	struct ls_gate *gate = container_of(work, struct ls_gate, work);

	/* Works also run on the way to user space and at a thread's end: no parking there. */
	if (!(current->flags & PF_EXITING) && ls_kvm_runs_as(gate->vcpu, current) &&
	    ls_kvm_loaded_here(gate->vcpu))
		ls_gate_stop(gate);
	WRITE_ONCE(gate->check, true);
	/* After all that touches the gate, which may go now. */
	smp_store_release(&gate->queued, false);
}

static void ls_gate_sched_in(struct preempt_notifier *notifier, int cpu)
{
	struct ls_gate *gate = container_of(READ_ONCE(notifier->ops), struct ls_gate, ops);

	if (!ls_kvm_runs_as(gate->vcpu, current)) {
		gate->kvm_ops->sched_in(notifier, cpu);
		return;
	}
	if (gate->away)
		gate->preempted += rdtsc() - gate->unloaded;
	gate->away = false;
	ls_gate_load(gate, cpu, ls_kvm_halted(gate->vcpu) && !gate->waiting);
}

/* With a scheduler's lock held, so that nothing can be said here to anybody. */
static void ls_gate_sched_out(struct preempt_notifier *notifier, struct task_struct *next)
{
	struct ls_gate *gate = container_of(READ_ONCE(notifier->ops), struct ls_gate, ops);
	struct preempt_ops *kvm_ops = gate->kvm_ops;

	if (!ls_kvm_runs_as(gate->vcpu, current)) {
		kvm_ops->sched_out(notifier, next);
		return;
	}
	ls_gate_stand(gate);
	kvm_ops->sched_out(notifier, next);
	gate->unloaded = ls_kvm_unload_tsc(gate->vcpu);
	gate->away = task_is_runnable(current);
	/* One that could run has been woken already, and one in a park waits for its window. */
	if (!gate->away && !gate->waiting && ls_kvm_halted(gate->vcpu)) {
		WRITE_ONCE(gate->halted, true);
		irq_work_queue(&gate->idle);
	}
}

static void ls_gate_idle(struct irq_work *work)
{
	struct ls_gate *gate = container_of(work, struct ls_gate, idle);
	unsigned long flags = ls_live_lock(gate->machine->component);

	ls_gate_slept(gate);
	ls_live_unlock(gate->machine->component, flags);
}

/* Only its interrupt is wanted. */
static void ls_gate_kicked(struct irq_work *work)
{
}

struct ls_gate *ls_gate_new(struct ls_machine *machine, struct kvm_vcpu *vcpu, u16 id,
			    u64 tsc, u64 clock)
{
	struct ls_gate *gate = kzalloc(sizeof(*gate), GFP_KERNEL);

	if (!gate)
		return NULL;
	gate->machine = machine;
	gate->vcpu = vcpu;
	gate->id = id;
	gate->ops.sched_in = ls_gate_sched_in;
	gate->ops.sched_out = ls_gate_sched_out;
	gate->kvm_ops = ls_kvm_ops(vcpu);
	gate->offset = ls_kvm_tsc_offset(vcpu);
	gate->base = tsc + gate->offset - clock;
	gate->clock = clock;
	gate->set = clock;
	gate->next = LS_NEVER;
	gate->unloaded = ls_kvm_unload_tsc(vcpu);
	gate->check = true;
	gate->inside = true;
	gate->state = LIVESTACK_VCPU_STATE_PARKED;
	init_task_work(&gate->work, ls_gate_work);
	init_irq_work(&gate->kick, ls_gate_kicked);
	init_irq_work(&gate->idle, ls_gate_idle);
	hrtimer_setup(&gate->timer, ls_gate_timeout, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	init_swait_queue_head(&gate->told);
	init_completion(&gate->gone);
	return gate;
}

bool ls_gate_is_closed(const struct kvm_vcpu *vcpu)
{
	return ls_gate_of(vcpu);
}

void ls_gate_close(struct ls_gate *gate)
{
	ls_kvm_set_ops(gate->vcpu, &gate->ops);
	ls_kvm_kick(gate->vcpu);
}

/* Lets a vCPU go that is not in KVM_RUN; then anybody may load it. */
static void ls_gate_open_outside(struct ls_gate *gate)
{
	u64 deadline;

	if (!ls_kvm_trylock(gate->vcpu))
		return;
	if (ls_gate_of(gate->vcpu) == gate) {
		ls_kvm_set_ops(gate->vcpu, gate->kvm_ops);
		ls_gate_stand(gate);
		deadline = gate->held ?: ls_kvm_deadline(gate->vcpu);
		if (!gate->freed)
			ls_kvm_move_tsc(gate->vcpu, gate->clock - ls_gate_ticks(gate));
		ls_kvm_load(gate->vcpu);
		ls_gate_give_deadline(gate, deadline);
		ls_kvm_unload(gate->vcpu);
		complete(&gate->gone);
	}
	ls_kvm_unlock(gate->vcpu);
}

void ls_gate_open(struct ls_gate *gate)
{
	unsigned long flags;

	might_sleep();
	flags = ls_live_lock(gate->machine->component);
	WRITE_ONCE(gate->leaving, true);
	swake_up_one(&gate->told);
	ls_live_unlock(gate->machine->component, flags);
	WRITE_ONCE(gate->check, true);
	do {
		ls_kvm_kick(gate->vcpu);
		ls_gate_open_outside(gate);
	} while (!wait_for_completion_timeout(&gate->gone, 1));
	/* Nobody starts it any more. */
	hrtimer_cancel(&gate->timer);
	/* It may have queued the work, and the thread halted then: it is woken. */
	while (smp_load_acquire(&gate->queued)) {
		ls_kvm_kick(gate->vcpu);
		schedule_timeout_uninterruptible(1);
	}
	irq_work_sync(&gate->kick);
	irq_work_sync(&gate->idle);
}

void ls_gate_free(struct ls_gate *gate)
{
	kfree(gate);
}

int ls_gate_init(void)
{
	return ls_kvm_watch(ls_gate_entry, ls_gate_exited);
}

void ls_gate_exit(void)
{
	ls_kvm_unwatch(ls_gate_entry, ls_gate_exited);
}
