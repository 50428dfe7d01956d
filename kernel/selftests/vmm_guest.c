// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs inside the guest, in its kernel mode, and nowhere else. Compiled without anything that needs
 * a system, vector registers or a red zone; it calls nothing outside this file.
 *
 * What others change meanwhile is read anew after each asm that names memory: every loop has one.
 */

#include "vmm_guest_cpu.h"

/* A page for what KVM would write to by itself, below the stacks. */
#define KVM_PAGE 0x8000

static struct guest_area *const area = (void *)GUEST_AREA;

static void sample(struct guest_vcpu *me, uint64_t ticks)
{
	if (me->sample_count < GUEST_SAMPLES)
		me->samples[me->sample_count] = ticks;
	me->sample_count++;
}

static void arm(struct guest_vcpu *me, uint64_t deadline)
{
	me->deadline = deadline;
	me->armed++;
	wrmsr(MSR_TSC_DEADLINE, deadline);
}

static int ticks_on(struct guest_vcpu *me)
{
	switch (me->program) {
	case GUEST_TICK:
		return me->count ? me->armed < me->count : !area->stop;
	case GUEST_DISK:
		return me->ticks && !me->done;
	}
	return 0;
}

INTERRUPT void guest_on_timer(void *frame)
{
	struct guest_vcpu *me = this_vcpu();
	const uint64_t now = tsc();

	(void)frame;
	if (now >= me->deadline) {
		me->timer_tsc = now;
		me->timers++;
		if (ticks_on(me))
			arm(me, me->deadline + me->ticks);
	} else if (!in_service(GUEST_TIMER_VECTOR)) {
		me->repeated++;
	} else {
		/* As systems do: until it is time. */
		me->early++;
		if (me->deadline - now > me->earliest)
			me->earliest = me->deadline - now;
		wrmsr(MSR_TSC_DEADLINE, me->deadline);
	}
	end_of_interrupt();
}

INTERRUPT void guest_on_ipi(void *frame)
{
	struct guest_vcpu *me = this_vcpu();
	const uint64_t sent = area->vcpu[me->peer].ipi_sent;
	uint64_t now;

	(void)frame;
	now = tsc();
	if (now < sent) {
		me->backward++;
		if (sent - now > me->ahead)
			me->ahead = sent - now;
	}
	/* Each is sent at its own time. */
	me->twice += sent == me->ipi_seen;
	me->ipi_seen = sent;
	me->ipis++;
	end_of_interrupt();
}

INTERRUPT void guest_on_disk(void *frame)
{
	(void)frame;
	this_vcpu()->disks++;
	end_of_interrupt();
}

INTERRUPT void guest_on_kick(void *frame)
{
	(void)frame;
	this_vcpu()->kicks++;
	end_of_interrupt();
}

INTERRUPT void guest_on_spurious(void *frame)
{
	(void)frame;
	this_vcpu()->spurious++;
}

static void give_up(uint64_t rip)
{
	uint64_t address;

	asm volatile("mov %%cr2, %0" : "=r"(address));
	this_vcpu()->fault_address = address;
	this_vcpu()->fault_rip = rip;
	for (;;)
		out(GUEST_PORT_FAULT, 0);
}

/* Both frames begin with the instruction's address. */
INTERRUPT void guest_on_fault(void *frame)
{
	give_up(*(uint64_t *)frame);
}

INTERRUPT void guest_on_fault_with_code(void *frame, unsigned long code)
{
	(void)code;
	give_up(*(uint64_t *)frame);
}

/* Whether there is another round to go; counts it. */
static int another(struct guest_vcpu *me)
{
	if (me->count ? me->rounds >= me->count : area->stop)
		return 0;
	me->rounds++;
	return 1;
}

static void note_gap(struct guest_vcpu *me, uint64_t before, uint64_t after)
{
	struct guest_gap *gap = &me->gaps[me->gap_count++ % GUEST_GAPS];

	gap->before = before;
	gap->after = after;
}

static void read_clock(struct guest_vcpu *me)
{
	uint64_t before = tsc(), furthest, now;
	uint32_t i;

	me->first = before;
	me->last = before;
	while (another(me)) {
		furthest = 0;
		for (i = 0; i < area->vcpus; i++)
			if (area->vcpu[i].last > furthest)
				furthest = area->vcpu[i].last;
		now = tsc();
		me->last = now;
		if (furthest > now && furthest - now > me->ahead)
			me->ahead = furthest - now;
		if (now < before)
			me->backward++;
		else if (now - before > me->longest)
			me->longest = now - before;
		if (me->long_gap && now - before >= me->long_gap)
			note_gap(me, before, now);
		before = now;
	}
}

static void sleep_again(struct guest_vcpu *me)
{
	const uint32_t lengths = me->doublings + 1;

	me->first = tsc();
	while (another(me)) {
		arm(me, tsc() + (me->ticks << (me->rounds - 1) % lengths));
		while (me->timers < me->armed)
			halt();
		me->last = me->timer_tsc;
		sample(me, me->timer_tsc - me->deadline);
	}
}

static void tick(struct guest_vcpu *me)
{
	me->first = tsc();
	arm(me, me->first + me->ticks);
	/* The handler goes on by itself: one that is late is followed by the next at once. */
	while (me->timers < me->armed) {
		halt();
		me->rounds = me->timers;
		me->last = me->timer_tsc;
	}
}

/* The result goes nowhere, the compiler must not know. */
static void work(uint64_t rounds)
{
	uint64_t value = 1;

	while (rounds--)
		asm volatile("imul $1664525, %0, %0; add $1013904223, %0" : "+r"(value));
}

static void job(struct guest_vcpu *me, int exits)
{
	uint64_t before;

	me->first = tsc();
	while (another(me)) {
		before = tsc();
		work(me->work);
		if (exits) {
			before = tsc();
			out(GUEST_PORT_EXIT, 0);
		}
		me->last = tsc();
		if (me->last < before) {
			me->backward++;
			note_gap(me, before, me->last);
		} else {
			sample(me, me->last - before);
		}
	}
}

static void use_disk(struct guest_vcpu *me)
{
	uint64_t asked, before;

	me->first = tsc();
	if (me->ticks)
		arm(me, me->first + me->ticks);
	while (another(me)) {
		work(me->work);
		asked = me->disks;
		before = tsc();
		out(GUEST_PORT_DISK, 0);
		while (me->disks == asked)
			halt();
		me->last = tsc();
		sample(me, me->last - before);
	}
	wrmsr(MSR_TSC_DEADLINE, 0);
}

static void send(struct guest_vcpu *me)
{
	me->ipi_sent = tsc();
	wrmsr(MSR_X2APIC_ICR, (uint64_t)me->peer << 32 | GUEST_IPI_VECTOR);
}

static void ping(struct guest_vcpu *me)
{
	uint64_t seen = 0;

	me->first = tsc();
	while (another(me)) {
		send(me);
		while (me->ipis == seen)
			halt();
		seen++;
		me->last = tsc();
	}
}

static void pong(struct guest_vcpu *me)
{
	uint64_t seen = 0;

	me->first = tsc();
	for (;;) {
		while (me->ipis == seen)
			halt();
		seen++;
		me->rounds++;
		me->last = tsc();
		send(me);
	}
}

/* What a machine that is refused has in use: only that it is, not what for. */
static void misuse(struct guest_vcpu *me)
{
	switch (me->program) {
	case GUEST_KVMCLOCK:
		wrmsr(MSR_KVM_SYSTEM_TIME_NEW, KVM_PAGE | 1);
		break;
	case GUEST_STEAL_TIME:
		wrmsr(MSR_KVM_STEAL_TIME, KVM_PAGE | 1);
		break;
	case GUEST_ONE_SHOT:
		wrmsr(MSR_X2APIC_LVTT, GUEST_TIMER_VECTOR);
		wrmsr(MSR_X2APIC_TDCR, 0);
		wrmsr(MSR_X2APIC_TMICT, 1u << 31);
		break;
	}
	read_clock(me);
}

static void run(struct guest_vcpu *me)
{
	switch (me->program) {
	case GUEST_HALT:
		break;
	case GUEST_CLOCK:
		read_clock(me);
		break;
	case GUEST_SLEEPER:
		sleep_again(me);
		break;
	case GUEST_TICK:
		tick(me);
		break;
	case GUEST_JOB:
	case GUEST_EXITS:
		job(me, me->program == GUEST_EXITS);
		break;
	case GUEST_DISK:
		use_disk(me);
		break;
	case GUEST_PING:
		ping(me);
		break;
	case GUEST_PONG:
		pong(me);
		break;
	default:
		misuse(me);
	}
}

static void set_up_apic(struct guest_vcpu *me)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_ENABLE);
	if (me->program == GUEST_XAPIC)
		return;
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_X2APIC);
	wrmsr(MSR_X2APIC_SPIV, SPIV_ENABLE | GUEST_SPURIOUS_VECTOR);
	wrmsr(MSR_X2APIC_LVTT, LVTT_TSC_DEADLINE | GUEST_TIMER_VECTOR);
}

/* Programs run with interrupts off but where they halt, or all the time if they do not halt. */
static int busy(uint32_t program)
{
	switch (program) {
	case GUEST_HALT:
	case GUEST_SLEEPER:
	case GUEST_TICK:
	case GUEST_DISK:
	case GUEST_PING:
	case GUEST_PONG:
		return 0;
	}
	return 1;
}

void guest_entry(void)
{
	struct guest_vcpu *me = this_vcpu();

	set_up_apic(me);
	me->ready = 1;
	while (!area->go)
		relax();
	if (busy(me->program) && !me->masked)
		asm volatile("sti");
	run(me);
	asm volatile("cli");
	me->done = 1;
	out(GUEST_PORT_DONE, 0);
	for (;;)
		halt();
}
