// SPDX-License-Identifier: GPL-2.0-only

#include "clock.h"

#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/time64.h>

#include <asm/msr.h>
#include <asm/tsc.h>

#include "gate.h"
#include "kvm.h"
#include "machine.h"
#include "trace.h"

/* More than KVM's lapic_timer_advance_ns ever is. */
#define LS_TIMER_ADVANCE_US 10

/* The way back into the guest is thought to be no longer: it is waited for with interrupts off. */
#define LS_ENTRY_MAX_US 200

/* It is set again if it was late by that much, and by as much as the way back takes. */
#define LS_LATE_US 10

/* So often in a row: it may be that there is no better. */
#define LS_LATE_MAX 3

/*
 * Nor where it was late by this part of what it runs in one go, and no more than so long, unless
 * the machine is exact: to set it again takes longer. Between two windows it does not stand where
 * the way through the host is no longer than half of that: the guest sees it in each.
 */
#define LS_LATE_PART 8
#define LS_LATE_PART_MAX_US 500

static unsigned int ls_charge_us = 5;
module_param_named(charge_us, ls_charge_us, uint, 0644);
MODULE_PARM_DESC(charge_us, "exits to the VMM that take up to so many microseconds count as guest time, unless the machine was attached as exact");

u64 ls_us_ticks(u64 us)
{
	return mul_u64_u64_div_u64(us, tsc_khz, USEC_PER_MSEC);
}

u64 ls_gate_ticks_at(const struct ls_gate *gate, u64 tsc)
{
	return tsc + ls_kvm_tsc_offset(gate->vcpu) - gate->base;
}

u64 ls_gate_ticks(const struct ls_gate *gate)
{
	return ls_gate_ticks_at(gate, rdtsc());
}

s64 ls_gate_exit_ticks(const struct ls_gate *gate)
{
	const u64 exit = READ_ONCE(gate->inside) ? ls_kvm_exit_tsc(gate->vcpu) : gate->exit_tsc;

	return exit - gate->base;
}

void ls_gate_note_exit(struct ls_gate *gate)
{
	/* Some kernels tell before KVM has looked at the counter itself, with interrupts off. */
	gate->exit_tsc = irqs_disabled() ? rdtsc() + ls_kvm_tsc_offset(gate->vcpu) :
					   ls_kvm_exit_tsc(gate->vcpu);
	WRITE_ONCE(gate->inside, false);
}

u64 ls_gate_deadline(const struct ls_gate *gate, u64 deadline)
{
	if (!deadline)
		return LS_NEVER;
	return (s64)(deadline - gate->base) < 0 ? 0 : deadline - gate->base;
}

void ls_gate_follow(struct ls_gate *gate, const struct ls_gate *first)
{
	gate->base = READ_ONCE(first->base);
	gate->standing = true;
	gate->plugged = true;
}

void ls_gate_rebase(struct ls_gate *gate)
{
	const u64 offset = ls_kvm_tsc_offset(gate->vcpu);

	if (offset == gate->offset)
		return;
	/* What its VMM sets a plugged one to does not count: before it runs its clock is set. */
	if (!gate->plugged)
		gate->base += offset - gate->offset;
	gate->offset = offset;
	/* A machine that was reset begins at 0. */
	if (rdtsc() + offset < ls_us_ticks(USEC_PER_SEC))
		ls_live_gone(gate->machine->component, LIVESTACK_PARTING_RESET);
}

void ls_gate_tell_through(struct ls_gate *gate, u64 shows)
{
	trace_ls_vcpu_enter(gate, gate->clock, shows);
	gate->entry_late_max = max_t(s64, gate->entry_late_max, shows - gate->clock);
	gate->through = false;
}

/*
 * KVM hands a timer's interrupt to the guest, and forgets the deadline, soon after an exit, or when
 * a halted one comes back from its VMM. The guest must find that time come. For a deadline that it
 * had set just then, which nobody knows any more, its clock stands where it is now, or was when it
 * went to its VMM.
 */
static s64 ls_gate_handed_ticks(const struct ls_gate *gate)
{
	/* KVM is a little early, and waits for the rest before it enters the guest. */
	const u64 advance = ls_us_ticks(LS_TIMER_ADVANCE_US);
	const u64 unloaded = ls_kvm_unload_tsc(gate->vcpu);
	s64 now = ls_gate_ticks(gate) + advance, ticks = S64_MIN;

	if (gate->armed)
		ticks = min(now, (s64)ls_gate_deadline(gate, gate->armed));
	if (!ls_kvm_may_set_deadline(gate->vcpu))
		return ticks;
	if (unloaded != gate->unloaded)
		now = ls_gate_ticks_at(gate, unloaded) + advance;
	return max(ticks, now);
}

/*
 * Where the guest's clock stood when it ran last: at its last exit. Exits of entries that were
 * turned back at the door do not count, as the guest has not run: then @standing says so.
 */
void ls_gate_stand(struct ls_gate *gate)
{
	s64 ticks;

	ls_gate_rebase(gate);
	if (gate->standing)
		return;
	if (gate->through)
		ls_gate_tell_through(gate, gate->clock);
	ticks = ls_gate_exit_ticks(gate);
	if (!gate->held && !ls_kvm_deadline(gate->vcpu))
		ticks = max(ticks, ls_gate_handed_ticks(gate));
	if (ticks > (s64)gate->clock)
		WRITE_ONCE(gate->clock, ticks);
	gate->standing = true;
}

bool ls_gate_was_away(struct ls_gate *gate)
{
	const u64 now = rdtsc(), since = ls_kvm_unload_tsc(gate->vcpu), took = now - since;
	const u64 charged = gate->machine->exact ? 0 : ls_us_ticks(ls_charge_us);

	gate->in_user += took;
	if (!gate->freed && took > charged)
		ls_gate_stand(gate);
	gate->unloaded = since;
	return gate->standing && !gate->freed;
}

u64 ls_gate_reads(const struct ls_gate *gate)
{
	const u64 now = READ_ONCE(gate->clock);
	s64 ticks;

	if (gate->state != LIVESTACK_VCPU_STATE_RUNNING || READ_ONCE(gate->standing))
		return now;
	ticks = ls_kvm_in_guest(gate->vcpu) ? ls_gate_ticks(gate) : ls_gate_exit_ticks(gate);
	return max_t(s64, ticks, now);
}

u64 ls_gate_now(const struct ls_gate *gate)
{
	return min(ls_gate_reads(gate), max(READ_ONCE(gate->clock), gate->machine->target));
}

void ls_gate_hold_deadline(struct ls_gate *gate)
{
	const u64 deadline = ls_kvm_deadline(gate->vcpu);

	if (!deadline)
		return;
	gate->held = deadline;
	ls_kvm_set_deadline(gate->vcpu, 0);
}

bool ls_gate_give_deadline(struct ls_gate *gate, u64 deadline)
{
	if (deadline)
		ls_kvm_set_deadline(gate->vcpu, deadline);
	gate->held = 0;
	return ls_gate_deadline(gate, deadline) <= ls_gate_ticks(gate);
}

/* In ticks: what the guest may see of the host in a window. */
static u64 ls_gate_late_part(const struct ls_gate *gate)
{
	return gate->machine->exact ? 0 : min(READ_ONCE(gate->machine->stride) / LS_LATE_PART,
					      ls_us_ticks(LS_LATE_PART_MAX_US));
}

static u64 ls_gate_late_limit(const struct ls_gate *gate)
{
	return max3(gate->entry_ticks, ls_us_ticks(LS_LATE_US), ls_gate_late_part(gate));
}

/* From its exit until it will be back in the guest. */
static s64 ls_gate_exit_takes(const struct ls_gate *gate)
{
	return ls_gate_ticks(gate) + gate->entry_ticks - ls_gate_exit_ticks(gate);
}

bool ls_gate_may_go_on(const struct ls_gate *gate)
{
	return !gate->standing && !gate->freed &&
	       ls_kvm_tsc_offset(gate->vcpu) == gate->offset &&
	       ls_gate_exit_takes(gate) < (s64)ls_gate_late_part(gate) / 2;
}

bool ls_gate_is_late(struct ls_gate *gate)
{
	const s64 late = ls_gate_ticks(gate) - gate->set;

	/* Its timer's interrupt may be on its way to it already, and would be early then. */
	if (!gate->aimed || gate->freed || ls_kvm_deadline(gate->vcpu) != gate->given)
		return false;
	if (late > (s64)ls_gate_late_limit(gate) && gate->late < LS_LATE_MAX) {
		gate->late++;
		return true;
	}
	gate->late = 0;
	return false;
}

void ls_gate_enter_on_time(struct ls_gate *gate)
{
	const u64 most = ls_us_ticks(LS_ENTRY_MAX_US), elapsed = rdtsc() - gate->set_tsc;
	s64 late;

	while ((s64)(ls_gate_ticks(gate) - gate->set) < 0 && rdtsc() - gate->set_tsc < 2 * most)
		cpu_relax();
	/* What is left of it the guest sees, so that it is told. */
	late = ls_gate_ticks(gate) - gate->set;
	if (gate->aimed && late > (s64)gate->entry_late_max)
		gate->entry_late_max = late;
	/*
	 * Down fast and up slowly: what is too short is seen by the guest as time, what is too long
	 * only waits. Halted vCPUs are not asked, their clock is set for an interrupt.
	 */
	if (gate->aimed && elapsed < gate->entry_ticks)
		gate->entry_ticks -= (gate->entry_ticks - elapsed) / 4;
	else if (gate->aimed)
		gate->entry_ticks += (min(elapsed, most) - gate->entry_ticks) / 8;
	gate->standing = false;
	gate->plugged = false;
}
