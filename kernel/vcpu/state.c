// SPDX-License-Identifier: GPL-2.0-only

#include "state.h"

#include <linux/minmax.h>

#include "clock.h"
#include "gate.h"
#include "kvm.h"
#include "machine.h"
#include "trace.h"

/* What it ran on after attach, until it could be stopped, is a debt but no overshoot. */
static void ls_gate_catch(struct ls_gate *gate)
{
	gate->caught = true;
	gate->machine->caught = max(gate->machine->caught, gate->clock);
}

static void ls_gate_park(struct ls_gate *gate, bool counts)
{
	struct ls_machine *machine = gate->machine;
	const u64 overshoot = gate->clock - machine->target;

	ls_machine_note_skew(machine);
	gate->state = LIVESTACK_VCPU_STATE_PARKED;
	machine->running--;
	if (counts) {
		gate->parks++;
		gate->overshoot_max = max(gate->overshoot_max, overshoot);
		ls_histogram_add(&gate->overshoot_ns, ls_ticks_ns(overshoot));
		if (gate->clock >= machine->end)
			ls_live_overshot(machine->component,
					 ls_ticks_ns(gate->clock - machine->end));
	}
	ls_machine_settle(machine);
}

static void ls_gate_advance(struct ls_gate *gate, u64 clock)
{
	if (clock <= gate->clock)
		return;
	gate->idled += clock - gate->clock;
	WRITE_ONCE(gate->clock, clock);
}

/* It was idle, and is about to enter the guest: something has woken it. */
static void ls_gate_awake(struct ls_gate *gate)
{
	struct ls_machine *machine = gate->machine;

	/* Its timer, which went along with others that ran, did. */
	if (gate->next != LS_NEVER && !gate->held && !ls_kvm_deadline(gate->vcpu))
		ls_gate_advance(gate, gate->next);
	if (!ls_live_wake(machine->component, ls_machine_ns(machine, gate->clock)) &&
	    !machine->window.free) {
		gate->state = LIVESTACK_VCPU_STATE_PARKED;
		return;
	}
	ls_machine_refresh(machine);
	ls_machine_let_run(machine, gate);
	/* It may have joined a later window than it went to sleep in. */
	ls_gate_advance(gate, max(machine->start, ls_machine_brought(machine)));
}

/* @ticks is where the guest's clock is. Whether it may run on. */
static bool ls_gate_may_run(struct ls_gate *gate, u64 ticks)
{
	struct ls_machine *machine = gate->machine;

	ls_machine_refresh(machine);
	if (gate->state == LIVESTACK_VCPU_STATE_IDLE)
		ls_gate_awake(gate);
	if (gate->state != LIVESTACK_VCPU_STATE_RUNNING)
		return false;
	return machine->window.free || max(ticks, gate->clock) < machine->target;
}

bool ls_gate_admit(struct ls_gate *gate, u64 ticks)
{
	if (!gate->caught || gate->leaving)
		return false;
	if (!ls_gate_may_run(gate, ticks))
		return false;
	/* Its clock may have to be set first. */
	return !gate->standing || gate->clock == gate->set;
}

bool ls_gate_pass(struct ls_gate *gate)
{
	const bool counts = gate->caught;

	if (!counts)
		ls_gate_catch(gate);
	if (gate->leaving || ls_gate_may_run(gate, gate->clock))
		return true;
	if (gate->state != LIVESTACK_VCPU_STATE_RUNNING)
		return false;
	ls_gate_park(gate, counts);
	/* The next window may be open by now. */
	return gate->state == LIVESTACK_VCPU_STATE_RUNNING && gate->clock < gate->machine->target;
}

bool ls_gate_is_parked(const struct ls_gate *gate)
{
	return READ_ONCE(gate->state) == LIVESTACK_VCPU_STATE_PARKED && !READ_ONCE(gate->leaving);
}

bool ls_gate_pass_at(struct ls_gate *gate, u64 ticks)
{
	if (!gate->caught || gate->leaving || gate->state != LIVESTACK_VCPU_STATE_RUNNING)
		return false;
	WRITE_ONCE(gate->clock, max(gate->clock, ticks));
	/* Before what it lets others do. */
	trace_ls_vcpu_stop(gate, gate->clock, gate->machine->target);
	if (!ls_gate_pass(gate) || gate->machine->window.free)
		return false;
	gate->through = true;
	return true;
}

bool ls_gate_rouse(struct ls_gate *gate)
{
	struct ls_machine *machine = gate->machine;
	const bool slept = gate->halted;
	u64 now, to;
	bool arm;

	gate->halted = false;
	gate->kicked = false;
	/*
	 * What its machine does not know yet is told when it sleeps again. One that did not sleep
	 * has been woken already, by what may be something else than time.
	 */
	if (!slept || gate->state != LIVESTACK_VCPU_STATE_IDLE)
		return gate->leaving;
	ls_machine_refresh(machine);
	now = ls_machine_now(machine);
	arm = gate->leaving || machine->window.free;
	if (!arm && !machine->window.runs)
		return false;
	/* One that overshot is not followed. */
	to = min(now, machine->target);
	if (!arm && gate->next < machine->target) {
		/*
		 * Beside others that run its timer goes along with theirs, as the host's time does
		 * too. That is tried once: if they do not come on it does not wait for them. With
		 * nobody beside it waits until core has brought the machine there: something may
		 * arrive before.
		 */
		if (gate->next <= now || ls_machine_is_at(machine, gate->next) ||
		    (machine->running && gate->paced)) {
			arm = true;
			to = gate->next;
		} else if (machine->running) {
			arm = true;
			gate->paced = true;
		}
	}
	ls_gate_advance(gate, to);
	return arm;
}

void ls_gate_slept(struct ls_gate *gate)
{
	struct ls_machine *machine = gate->machine;

	if (!gate->halted || gate->leaving || gate->freed)
		return;
	if (gate->state == LIVESTACK_VCPU_STATE_RUNNING)
		machine->running--;
	gate->state = LIVESTACK_VCPU_STATE_IDLE;
	gate->kicked = false;
	gate->next = ls_gate_deadline(gate, gate->held ?: ls_kvm_deadline(gate->vcpu));
	ls_machine_settle(machine);
}
