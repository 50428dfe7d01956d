// SPDX-License-Identifier: GPL-2.0-only

#include "vmm_note.h"

#include <cpuid.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where a host's kernel lies and no guest of ours. */
#define HOST_KERNEL 0xffff800000000000

static bool emulator_failed;

/* A processor that is QEMU's TCG says so. */
bool vmm_is_emulated(void)
{
	uint32_t leaf, name[3];

	__cpuid(0x40000000, leaf, name[0], name[1], name[2]);
	return !memcmp(name, "TCGTCGTCGTCG", sizeof(name));
}

static void note_emulator(const char *what)
{
	if (!vmm_is_emulated())
		return;
	emulator_failed = true;
	printf("# the guest %s: the emulator has failed, not what is tested\n", what);
}

void vmm_note_crash(const struct vmm *vmm)
{
	unsigned int i;

	if (vmm->shared->crashed)
		note_emulator("has ended in a triple fault");
	for (i = 0; i < vmm->setup.vcpus; i++)
		if (vmm->area->vcpu[i].fault_rip >= HOST_KERNEL ||
		    vmm->area->vcpu[i].fault_address >= HOST_KERNEL)
			note_emulator("was at an address of its host");
}

bool vmm_emulator_failed(void)
{
	const bool failed = emulator_failed;

	emulator_failed = false;
	return failed;
}

/* A file in /proc, its lines with blanks between. */
static void note_file(pid_t tid, const char *name, const char *indent)
{
	char text[1024], *end = text;

	vmm_read_proc(tid, name, text, sizeof(text));
	while ((end = strchr(end, '\n')))
		*end = ' ';
	printf("# %s%s: %s\n", indent, name, text);
}

/* Where its threads are, for somebody who was not there. */
static void note_threads(const struct vmm *vmm)
{
	char path[32];
	struct dirent *entry;
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", vmm->pid);
	threads = opendir(path);
	while (threads && (entry = readdir(threads))) {
		const pid_t tid = atoi(entry->d_name);

		if (tid <= 0)
			continue;
		note_file(tid, "stat", "thread's ");
		note_file(tid, "stack", "  ");
	}
	if (threads)
		closedir(threads);
}

/* The vectors that are set in one of the local APIC's registers of 256 bits. */
static void note_vectors(const char *name, const uint32_t *bits)
{
	unsigned int i;

	printf("#   %s:", name);
	for (i = 0; i < 256; i++)
		if (bits[i / 32] & 1U << i % 32)
			printf(" %#x", i);
	printf("\n");
}

/* Its own thread reads it: KVM lets no other while it runs. */
static void note_registers(struct vmm *vmm, unsigned int vcpu)
{
	struct vmm_registers *registers = &vmm->shared->registers[vcpu];
	unsigned int tries;

	__atomic_store_n(&registers->wanted, 1, __ATOMIC_RELEASE);
	vmm_signal(vmm, vcpu, SIGUSR1);
	for (tries = 0; tries < 1000; tries++) {
		if (!__atomic_load_n(&registers->wanted, __ATOMIC_ACQUIRE))
			break;
		usleep(1000);
	}
	if (registers->wanted) {
		printf("#   vCPU %u: its thread comes for no signal within a second\n", vcpu);
		return;
	}
	printf("#   vCPU %u: rip %#lx, rflags %#lx, halted %u\n", vcpu, registers->rip,
	       registers->rflags, registers->halted);
	note_vectors("in service", registers->isr);
	note_vectors("requested", registers->irr);
	if (registers->rip >= HOST_KERNEL)
		note_emulator("has the registers of its host");
}

void vmm_note_stop(struct vmm *vmm, unsigned int vcpu)
{
	const struct guest_vcpu *guest = &vmm->area->vcpu[vcpu];
	unsigned int i;

	printf("# vCPU %u came to a stop after %lu rounds, %lu of %lu timers: %s\n", vcpu,
	       guest->rounds, guest->timers, guest->armed, vmm->shared->why);
	printf("# it took %lu interrupts of its disk, and left KVM_RUN %lu times\n", guest->disks,
	       vmm->shared->runs[vcpu]);
	if (vmm->note)
		vmm->note(vmm);
	/* One that has failed has no threads any more. */
	if (__atomic_load_n(&vmm->shared->state, __ATOMIC_ACQUIRE) == VMM_FAILED)
		return;
	note_threads(vmm);
	/* Who waits for another is not the one to blame. */
	for (i = 0; i < vmm->setup.vcpus; i++)
		note_registers(vmm, i);
}
