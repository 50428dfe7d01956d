// SPDX-License-Identifier: GPL-2.0-only

#include "machine.h"

#include <linux/cpumask.h>
#include <linux/math64.h>
#include <linux/module.h>

#include <asm/tsc.h>

#include "clock.h"
#include "gate.h"
#include "kvm.h"

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

	/* Beyond all time, as LS_NEVER is; and so that no product is too large for its quotient. */
	if (ticks > mul_u64_u64_div_u64(LS_TIME_LIMIT, tsc_khz, NSEC_PER_MSEC))
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
	WRITE_ONCE(machine->stride, step ?: machine->end - machine->start);
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

u64 ls_machine_brought(const struct ls_machine *machine)
{
	const struct ls_live_window window = ls_live_window(machine->component);

	if (!window.runs || window.free || window.clock_ns <= machine->base_ns)
		return 0;
	return min(ls_machine_ticks(machine, window.clock_ns), machine->end);
}

u64 ls_machine_now(struct ls_machine *machine)
{
	u64 now = ls_machine_brought(machine);
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
	ls_live_advancing(machine->component);
}

bool ls_machine_is_at(const struct ls_machine *machine, u64 ticks)
{
	/* As core was told of it: ticks are rounded on the way there and back. */
	return ls_machine_ns(machine, ticks) <= ls_live_window(machine->component).clock_ns;
}

static void ls_machine_kick(struct ls_gate *gate)
{
	gate->kicked = true;
	ls_kvm_kick(gate->vcpu);
}

/* Whether an idle one is woken: beside others that run its timer comes along, else it waits. */
static bool ls_machine_is_due(const struct ls_machine *machine, const struct ls_gate *gate)
{
	if (machine->window.free)
		return true;
	return gate->next < machine->target &&
	       (machine->running || ls_machine_is_at(machine, gate->next));
}

/* Lets those run who have something to do in this step. */
static void ls_machine_go(struct ls_machine *machine)
{
	struct ls_gate *gate;
	bool told = false;
	u32 i;

	for (i = 0; i < machine->count; i++) {
		gate = machine->gates[i];
		gate->paced = false;
		if (gate->state == LIVESTACK_VCPU_STATE_PARKED && gate->clock < machine->target)
			ls_machine_let_run(machine, gate);
	}
	for (i = 0; i < machine->count; i++) {
		gate = machine->gates[i];
		if (gate->state == LIVESTACK_VCPU_STATE_IDLE && ls_machine_is_due(machine, gate)) {
			ls_machine_kick(gate);
			told = true;
		}
	}
	/*
	 * Nobody has anything to do here; that cannot be said while windows are being opened. Who
	 * was kicked says it, by running or by sleeping again.
	 */
	if (!machine->running && !told)
		hrtimer_start(&machine->look, 0, HRTIMER_MODE_REL_HARD);
}

/* The window is open to it. */
void ls_machine_run(void *own)
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
	if (ls_live_window(machine->component).busy || !ls_quiet(machine)) {
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

enum hrtimer_restart ls_machine_look(struct hrtimer *timer)
{
	struct ls_machine *machine = container_of(timer, struct ls_machine, look);
	unsigned long flags = ls_live_lock(machine->component);

	ls_machine_settle(machine);
	ls_live_unlock(machine->component, flags);
	return HRTIMER_NORESTART;
}
