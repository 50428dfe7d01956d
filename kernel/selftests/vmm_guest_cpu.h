/* SPDX-License-Identifier: GPL-2.0-only */
/* The processor as vmm_guest.c uses it: registers of its interrupt controller, instructions. */
#ifndef _LS_VMM_GUEST_CPU_H
#define _LS_VMM_GUEST_CPU_H

#include "vmm_guest.h"

#define MSR_APIC_BASE 0x1b
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC_EOI 0x80b
#define MSR_X2APIC_SPIV 0x80f
#define MSR_X2APIC_ISR 0x810 /* of eight, 32 vectors each */
#define MSR_X2APIC_ICR 0x830
#define MSR_X2APIC_LVTT 0x832
#define MSR_X2APIC_TMICT 0x838
#define MSR_X2APIC_TDCR 0x83e
#define MSR_KVM_SYSTEM_TIME_NEW 0x4b564d01
#define MSR_KVM_STEAL_TIME 0x4b564d03

#define APIC_ENABLE 0x800
#define APIC_X2APIC 0x400
#define LVTT_TSC_DEADLINE 0x40000
#define SPIV_ENABLE 0x100

#define INTERRUPT __attribute__((interrupt))

static inline struct guest_vcpu *this_vcpu(void)
{
	struct guest_vcpu *me;

	asm volatile("mov %%gs:0, %0" : "=r"(me));
	return me;
}

/* In order with the loads before it and with all that follows. */
static inline uint64_t tsc(void)
{
	uint32_t low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
		     : "memory");
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void out(uint16_t port, uint32_t value)
{
	asm volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

/* Interrupts are off before and after; one that is pending ends the halt at once. */
static inline void halt(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

static inline void relax(void)
{
	asm volatile("pause" : : : "memory");
}

/*
 * Whether the controller has delivered it and waits for its end. An interrupt that it did not
 * deliver is an old one that an emulated processor takes once more.
 */
static inline int in_service(uint32_t vector)
{
	return rdmsr(MSR_X2APIC_ISR + vector / 32) >> vector % 32 & 1;
}

static inline void end_of_interrupt(void)
{
	wrmsr(MSR_X2APIC_EOI, 0);
}

#endif /* _LS_VMM_GUEST_CPU_H */
