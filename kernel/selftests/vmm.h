/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small virtual machine monitor (VMM) for self-tests, over /dev/kvm, in a process of its own that
 * can be killed: one thread for each vCPU, one that plays a disk, and one that takes orders.
 * What its guests run is in vmm_guest.h.
 *
 *	struct vmm vmm;
 *
 *	vmm_new(&vmm, &(struct vmm_setup){ .vcpus = 1 });
 *	vmm.area->vcpu[0].program = GUEST_CLOCK;
 *	if (!vmm_start(&vmm)) ...
 *	vmm_end(&vmm);
 */
#ifndef _LS_VMM_H
#define _LS_VMM_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "vmm_guest.h"

/* Ways to be a machine that is refused. Without any it is one that is not. */
enum vmm_fault {
	VMM_SVM = 1 << 0,	   /* the guest may have guests of its own */
	VMM_PARAVIRT = 1 << 1,	   /* leaves in KVM's CPUID leaves: GUEST_KVMCLOCK can use them */
	VMM_HYPERV = 1 << 2,	   /* looks like Hyper-V */
	VMM_XEN = 1 << 3,	   /* looks like Xen */
	VMM_NO_DEADLINE = 1 << 4,  /* without TSC-deadline timer */
	VMM_OTHER_TSC = 1 << 5,	   /* the guest's TSC runs at another frequency */
	VMM_SMBASE = 1 << 6,	   /* firmware has moved SMBASE */
	VMM_HLT_IN_GUEST = 1 << 7, /* HLT does not leave the guest */
	VMM_NO_IRQCHIP = 1 << 8,   /* the interrupt controllers are in user space */
};

struct vmm_setup {
	unsigned int vcpus;
	unsigned int faults;
	unsigned int offline; /* bit for each vCPU but the first that is never started */
	bool stopped;	      /* made, and not run */
	bool events;	      /* its disk is elsewhere, behind the eventfds of vmm_shared */
};

/* A vCPU as KVM has it, read by the vCPU's own thread when it is wanted. */
struct vmm_registers {
	uint32_t wanted; /* 0 again when it was read */
	uint32_t halted;
	uint64_t rip, rflags;
	uint32_t isr[8], irr[8]; /* of the local APIC, bit N of all is vector N */
};

/* Shared by the VMM's process and the test's, out of the guest's sight. */
struct vmm_shared {
	uint32_t exit_us;     /* what GUEST_PORT_EXIT takes, of the vCPU thread's CPU time */
	uint32_t disk_us;     /* what a disk request takes, of the worker's CPU time */
	uint32_t disk_sleeps; /* 1: it sleeps for it instead */
	uint32_t handler_us;  /* what each signal's handler takes */

	pid_t tid[GUEST_VCPUS]; /* of vCPU threads; 0: not yet, or has ended */
	uint64_t runs[GUEST_VCPUS];    /* KVM_RUN has returned */
	uint64_t signals[GUEST_VCPUS]; /* because of a signal */
	uint64_t disks;		       /* requests completed */
	uint32_t in_exit;	       /* threads now busy for GUEST_PORT_EXIT */
	int kick, done;		       /* descriptors of the VMM: asks the disk, and its answer */
	uint64_t tsc_khz;
	int64_t tsc_offset[GUEST_VCPUS]; /* as KVM has it at the start */
	uint32_t crashed;		 /* a vCPU has ended in a triple fault */
	uint32_t state;			 /* enum vmm_state */
	char why[128];			 /* it is VMM_FAILED */
	struct vmm_registers registers[GUEST_VCPUS];
};

enum vmm_state {
	VMM_STARTING,
	VMM_RUNNING,
	VMM_FAILED,
};

struct vmm {
	struct vmm_setup setup;
	void (*note)(const struct vmm *vmm); /* prints what whoever holds it knows of it, or NULL */
	uint32_t session;		     /* that it was attached in */
	struct guest_area *area; /* in the guest's memory, which is shared too */
	struct vmm_shared *shared;
	uint8_t *memory;
	pid_t pid;
	int orders; /* a pipe to the process */
};

/* Orders, carried out by the VMM's main thread. */
enum vmm_order {
	VMM_KICK = 'k',	     /* an interrupt to vCPU 0 */
	VMM_SPIN = 's',	     /* is busy for disk_us */
	VMM_HOT_ADD = 'a',   /* one more vCPU */
	VMM_STOP_VCPU = 'v', /* the thread of vCPU 0 ends */
	VMM_EXEC = 'x',	     /* becomes another program, which sleeps */
	VMM_QUIT = 'q',	     /* exit() */
};

/*
 * An emulated processor takes an interrupt twice now and then, gated or not and with exact time
 * too: 1 of 10,000 when it has nothing else to do, more beside others. The second of a timer's
 * comes before the next deadline, where the guest knows it (repeated), or counts once more. So many
 * of @count may.
 */
#define VMM_TWICE(count) (2 + (count) / 1000)

/*
 * An emulated processor also loses a guest now and then, gated or not: in one of some 10,000
 * interrupts it leaves the guest for the host with the host's instruction pointer as the guest's,
 * or the guest ends in a triple fault. A point in which that was seen is tried once more.
 */
#define vmm_ok(expression, name)                                                             \
	do {                                                                                 \
		bool ok_ = false;                                                            \
		unsigned int tries_;                                                         \
											     \
		/* What was seen in a point before is no reason for this one. */             \
		vmm_emulator_failed();                                                       \
		for (tries_ = 0; !ok_ && tries_ < 2; tries_++)                               \
			ok_ = (tries_ == 0 || vmm_emulator_failed()) && (expression);        \
		ktap_ok(ok_, name);                                                          \
	} while (0)

/* Whether it was seen since the last call. */
bool vmm_emulator_failed(void);

/* Whether the processor is an emulator's. */
bool vmm_is_emulated(void);

/* What is missing to run any, as the reason to skip a test, or NULL. */
const char *vmm_missing(void);

/* Memory for one that is not yet started; ends the test when there is none. */
void vmm_new(struct vmm *vmm, const struct vmm_setup *setup);

/*
 * Forks the process; its guest runs when this returns true, and programs do if area->go is set, as
 * vmm_new() has. False: shared->why tells, and vmm_end() is still to be called.
 */
bool vmm_start(struct vmm *vmm);

/* Kills the process if it is still there, and waits for it. */
void vmm_end(struct vmm *vmm);

bool vmm_order(struct vmm *vmm, enum vmm_order order);

/* A signal to the thread of one vCPU. */
void vmm_signal(struct vmm *vmm, unsigned int vcpu, int signal);

/*
 * Waits for the end of a vCPU's program. False when there was no sign of life from any vCPU for
 * @patience_s seconds of wall time, or the guest has given up: it is noted why.
 */
bool vmm_wait(struct vmm *vmm, unsigned int vcpu, unsigned int patience_s);

/* Waits until a vCPU has been through so many rounds; false as vmm_wait(). */
bool vmm_wait_rounds(struct vmm *vmm, unsigned int vcpu, uint64_t rounds, unsigned int patience_s);

/* Whether nothing in the guest's memory about its vCPUs changes for so long. */
bool vmm_stands(struct vmm *vmm, unsigned int ms);

/* The beginning of a file in /proc of a process or thread, as text; false: there is none. */
bool vmm_read_proc(pid_t id, const char *name, char *text, size_t size);

/* Field 22 of /proc/PID/stat; 0: no such process. */
uint64_t vmm_start_ticks(pid_t pid);

/* Whether a vCPU's timers came, each once and none before its time; notes what did. */
bool vmm_timers_right(const struct vmm *vmm, unsigned int vcpu);

uint64_t vmm_ns(const struct vmm *vmm, uint64_t ticks);
uint64_t vmm_ticks(const struct vmm *vmm, uint64_t ns);

/* Of the samples of a vCPU, as ns; @percent 100 is the largest. Sorts a copy. */
uint64_t vmm_sample_ns(const struct vmm *vmm, unsigned int vcpu, unsigned int percent);

#endif /* _LS_VMM_H */
