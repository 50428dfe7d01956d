/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guests of vmm.[ch] run, and what they tell. A guest has no system: each of its vCPUs
 * runs one program, and writes what it saw into its struct guest_vcpu, which the test reads.
 *
 * All times in here are the guest's own time-stamp counter (TSC).
 */
#ifndef _LS_VMM_GUEST_H
#define _LS_VMM_GUEST_H

#include <assert.h>
#include <stdint.h>

#define GUEST_VCPUS 8
#define GUEST_SAMPLES 4096
#define GUEST_GAPS 256

/* Where things are in the guest's memory; the test's own image is in there at its own addresses. */
#define GUEST_GDT 0x1000
#define GUEST_PML4 0x2000
#define GUEST_PDPT 0x3000
#define GUEST_PD 0x4000
#define GUEST_IDT 0x5000
#define GUEST_STACKS 0x100000
#define GUEST_STACK 0x4000
#define GUEST_AREA 0x200000
#define GUEST_AREA_END 0x400000
#define GUEST_MEMORY 0x1000000

#define GUEST_TIMER_VECTOR 0x40
#define GUEST_IPI_VECTOR 0x41
#define GUEST_DISK_VECTOR 0x42
#define GUEST_KICK_VECTOR 0x43
#define GUEST_SPURIOUS_VECTOR 0xff

/* Writing to these leaves to user space, where the VMM does this: */
#define GUEST_PORT_DONE 0x10 /* notes that the program has ended */
#define GUEST_PORT_EXIT 0x11 /* takes the time that the test has set */
#define GUEST_PORT_DISK 0x12 /* has its worker send GUEST_DISK_VECTOR after that time */
#define GUEST_PORT_FAULT 0x13 /* gives up the machine */

enum guest_program {
	/* Halts for ever. */
	GUEST_HALT,
	/* Reads the clock in a loop: rounds, first, last, longest, backward, ahead, gaps[]. */
	GUEST_CLOCK,
	/*
	 * Sleeps until a deadline @ticks ahead, doubled up to @doublings times in turn: armed,
	 * timers, early, and how late in samples[].
	 */
	GUEST_SLEEPER,
	/* Has the timer every @ticks, at fixed times whatever comes between: as the sleeper. */
	GUEST_TICK,
	/* Works for @count rounds of @work: how long each took in samples[]. */
	GUEST_JOB,
	/* The same, and after each round leaves to user space: how long that took in samples[]. */
	GUEST_EXITS,
	/*
	 * Asks the VMM's disk and halts until it has answered: how long that took in
	 * samples[]. With @ticks set it has the timer too, as GUEST_TICK does.
	 */
	GUEST_DISK,
	/* Sends an interrupt to @peer and halts until it answers. Both: rounds, ahead. */
	GUEST_PING,
	GUEST_PONG,
	/* Sets up what only a machine can that is refused, then reads the clock. */
	GUEST_KVMCLOCK,
	GUEST_STEAL_TIME,
	GUEST_ONE_SHOT,
	GUEST_XAPIC,
};

struct guest_gap {
	uint64_t before, after;
};

struct guest_vcpu {
	uint64_t self; /* its address, for %gs:0 */

	/* Set before it starts. */
	uint32_t program;
	uint32_t peer;
	uint32_t masked;   /* runs its program with interrupts off, which then must not halt */
	uint32_t doublings;
	uint64_t count;	   /* rounds to go; 0: until told to stop */
	uint64_t ticks;
	uint64_t work;
	uint64_t long_gap; /* a gap as long as this is put into gaps[] */

	/* What it tells: */
	uint64_t ready;	   /* 1: has set itself up and waits for go */
	uint64_t done;	   /* 1: the program has ended */
	uint64_t rounds;
	uint64_t first, last;
	uint64_t longest;  /* gap between two readings */
	uint64_t backward; /* so often the second was less */
	uint64_t ahead;	   /* so much another vCPU's clock was ahead of this one's at most */
	uint64_t armed;	   /* deadlines set */
	uint64_t timers;   /* timer interrupts taken, each when its deadline had come */
	uint64_t early;	   /* those before; the deadline is then set again */
	uint64_t earliest; /* so much at most */
	uint64_t repeated; /* those before that no timer had caused: the one before once more */
	uint64_t ipis, disks, kicks, spurious;
	uint64_t twice;	   /* of ipis: the same was taken before */
	uint64_t fault_rip, fault_address; /* of what it ended with, 0: it did not */

	/* Its own. */
	uint64_t deadline, timer_tsc, ipi_sent, ipi_seen;

	uint64_t gap_count; /* of those below, or more than there are places */
	struct guest_gap gaps[GUEST_GAPS];
	uint64_t sample_count; /* likewise */
	uint64_t samples[GUEST_SAMPLES];
};

struct guest_area {
	uint32_t vcpus;
	uint32_t go;   /* programs wait for it, busily */
	uint32_t stop; /* asks programs without a count to end */
	struct guest_vcpu vcpu[GUEST_VCPUS];
};

static_assert(sizeof(struct guest_area) <= GUEST_AREA_END - GUEST_AREA, "it has its place");

/* Entered with %gs at the struct guest_vcpu, in long mode, with interrupts off; never returns. */
void guest_entry(void);

/* What the interrupt table points to. Not to be called. */
void guest_on_timer(void *frame);
void guest_on_ipi(void *frame);
void guest_on_disk(void *frame);
void guest_on_kick(void *frame);
void guest_on_spurious(void *frame);
void guest_on_fault(void *frame);
void guest_on_fault_with_code(void *frame, unsigned long code);

#endif /* _LS_VMM_GUEST_H */
