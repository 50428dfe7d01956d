// SPDX-License-Identifier: GPL-2.0-only
/* What a guest of the self-tests finds when it starts: memory, CPUID, registers. */

#include <linux/kvm.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm_kvm.h"

#define CODE_SELECTOR 0x08
#define DATA_SELECTOR 0x10
#define CODE_DESCRIPTOR 0x00af9b000000ffffULL
#define DATA_DESCRIPTOR 0x00cf93000000ffffULL

#define PAGE_PRESENT 0x1
#define PAGE_WRITE 0x2
#define PAGE_LARGE 0x80

#define GATE_INTERRUPT 0x8e00ULL

#define CR0_START 0x80010033UL /* PG, WP, NE, ET, MP, PE */
#define CR4_PAE 0x20UL
#define EFER_LONG 0x500UL      /* LME, LMA */

#define CPUID_ENTRIES 256
#define LEAF1_VMX 0x20U
#define LEAF1_X2APIC 0x200000U
#define LEAF1_DEADLINE 0x1000000U
#define LEAF1_HYPERVISOR 0x80000000U
#define AMD_SVM 0x4U
#define PARAVIRT_LEAF 0x40000000U
#define PARAVIRT_LEAVES 0x10000U

#define MSR_SMBASE 0x9e

/* Without a loader: what is linked here runs there, at the same addresses. */
static int copy_segments(struct dl_phdr_info *info, size_t size, void *data)
{
	uint8_t *memory = data;
	unsigned int i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const typeof(*info->dlpi_phdr) *segment = &info->dlpi_phdr[i];
		const uintptr_t at = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type != PT_LOAD)
			continue;
		if (at < GUEST_AREA_END || at + segment->p_memsz > GUEST_MEMORY)
			return -1;
		memcpy(memory + at, (void *)at, segment->p_memsz);
	}
	return 1;
}

static void set_gate(uint64_t *idt, unsigned int vector, uintptr_t to)
{
	idt[2 * vector] = (to & 0xffff) | CODE_SELECTOR << 16 | GATE_INTERRUPT << 32 |
			  (uint64_t)(to >> 16 & 0xffff) << 48;
	idt[2 * vector + 1] = to >> 32;
}

static bool has_code(unsigned int vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21;
}

static void fill_idt(uint64_t *idt)
{
	unsigned int i;

	for (i = 0; i < 32; i++)
		set_gate(idt, i, (uintptr_t)(has_code(i) ? (void *)guest_on_fault_with_code :
							   (void *)guest_on_fault));
	set_gate(idt, GUEST_TIMER_VECTOR, (uintptr_t)guest_on_timer);
	set_gate(idt, GUEST_IPI_VECTOR, (uintptr_t)guest_on_ipi);
	set_gate(idt, GUEST_DISK_VECTOR, (uintptr_t)guest_on_disk);
	set_gate(idt, GUEST_KICK_VECTOR, (uintptr_t)guest_on_kick);
	set_gate(idt, GUEST_SPURIOUS_VECTOR, (uintptr_t)guest_on_spurious);
}

bool vmm_fill_memory(struct vmm *vmm)
{
	uint64_t *gdt = (uint64_t *)(vmm->memory + GUEST_GDT);
	uint64_t *pd = (uint64_t *)(vmm->memory + GUEST_PD);
	unsigned int i;

	if (dl_iterate_phdr(copy_segments, vmm->memory) != 1)
		return false;
	gdt[CODE_SELECTOR / 8] = CODE_DESCRIPTOR;
	gdt[DATA_SELECTOR / 8] = DATA_DESCRIPTOR;
	*(uint64_t *)(vmm->memory + GUEST_PML4) = GUEST_PDPT | PAGE_PRESENT | PAGE_WRITE;
	*(uint64_t *)(vmm->memory + GUEST_PDPT) = GUEST_PD | PAGE_PRESENT | PAGE_WRITE;
	for (i = 0; i < GUEST_MEMORY >> 21; i++)
		pd[i] = (uint64_t)i << 21 | PAGE_PRESENT | PAGE_WRITE | PAGE_LARGE;
	fill_idt((uint64_t *)(vmm->memory + GUEST_IDT));
	return true;
}

static void edit_leaf(struct kvm_cpuid_entry2 *entry, unsigned int faults, unsigned int id)
{
	switch (entry->function) {
	case 1:
		entry->ecx &= ~(LEAF1_VMX | LEAF1_DEADLINE | LEAF1_HYPERVISOR);
		entry->ecx |= LEAF1_X2APIC;
		if (!(faults & VMM_NO_DEADLINE))
			entry->ecx |= LEAF1_DEADLINE;
		entry->ebx = (entry->ebx & 0xffffff) | id << 24;
		break;
	case 0xb:
	case 0x1f:
		entry->edx = id;
		break;
	case 0x80000001:
		if (!(faults & VMM_SVM))
			entry->ecx &= ~AMD_SVM;
		break;
	}
}

static void add_leaf(struct kvm_cpuid2 *cpuid, uint32_t function, uint32_t eax, const char *name)
{
	struct kvm_cpuid_entry2 *entry = &cpuid->entries[cpuid->nent++];

	memset(entry, 0, sizeof(*entry));
	entry->function = function;
	entry->eax = eax;
	memcpy(&entry->ebx, name, 12);
}

static bool set_cpuid(struct vmm *vmm, int kvm, int fd, unsigned int id)
{
	static __thread struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[CPUID_ENTRIES];
	} all;
	const unsigned int faults = vmm->setup.faults;
	struct kvm_cpuid2 *cpuid = &all.head;
	unsigned int i, kept = 0;

	/* Room is left for the leaves that are added. */
	cpuid->nent = CPUID_ENTRIES - 8;
	if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid))
		return false;
	for (i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function - PARAVIRT_LEAF < PARAVIRT_LEAVES &&
		    !(faults & VMM_PARAVIRT))
			continue;
		cpuid->entries[kept] = cpuid->entries[i];
		edit_leaf(&cpuid->entries[kept++], faults, id);
	}
	cpuid->nent = kept;
	if (faults & VMM_HYPERV) {
		add_leaf(cpuid, PARAVIRT_LEAF, PARAVIRT_LEAF + 5, "Microsoft Hv");
		add_leaf(cpuid, PARAVIRT_LEAF + 1, 0x31237648, "\0\0\0\0\0\0\0\0\0\0\0");
		add_leaf(cpuid, PARAVIRT_LEAF + 3, 0, "\0\0\0\0\0\0\0\0\0\0\0");
	}
	if (faults & VMM_XEN)
		add_leaf(cpuid, PARAVIRT_LEAF, PARAVIRT_LEAF + 4, "XenVMMXenVMM");
	return !ioctl(fd, KVM_SET_CPUID2, cpuid);
}

static struct kvm_segment segment(uint16_t selector, bool code)
{
	return (struct kvm_segment){
		.limit = 0xffffffff, .selector = selector, .type = code ? 11 : 3, .present = 1,
		.s = 1, .l = code, .db = !code, .g = 1,
	};
}

static bool set_registers(int fd, unsigned int id)
{
	const uint64_t self = GUEST_AREA + offsetof(struct guest_area, vcpu[id]);
	struct kvm_regs regs = {
		.rip = (uintptr_t)guest_entry, .rflags = 2,
		/* As after a call: the stack is 8 off a multiple of 16. */
		.rsp = GUEST_STACKS + (id + 1) * GUEST_STACK - 8,
	};
	struct kvm_sregs sregs;

	if (ioctl(fd, KVM_GET_SREGS, &sregs))
		return false;
	sregs.cs = segment(CODE_SELECTOR, true);
	sregs.ds = segment(DATA_SELECTOR, false);
	sregs.es = sregs.ds;
	sregs.fs = sregs.ds;
	sregs.gs = sregs.ds;
	sregs.ss = sregs.ds;
	sregs.gs.base = self;
	sregs.tr = (struct kvm_segment){ .limit = 0x67, .type = 11, .present = 1 };
	sregs.gdt = (struct kvm_dtable){ .base = GUEST_GDT, .limit = 0x17 };
	sregs.idt = (struct kvm_dtable){ .base = GUEST_IDT, .limit = 0xfff };
	sregs.cr0 = CR0_START;
	sregs.cr3 = GUEST_PML4;
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LONG;
	return !ioctl(fd, KVM_SET_SREGS, &sregs) && !ioctl(fd, KVM_SET_REGS, &regs);
}

static bool set_smbase(int fd)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = {
		.head.nmsrs = 1,
		.entry = { .index = MSR_SMBASE, .data = 0xa0000 },
	};

	return ioctl(fd, KVM_SET_MSRS, &msrs) == 1;
}

bool vmm_set_up_vcpu(struct vmm *vmm, int kvm, int vcpu_fd, unsigned int id)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };

	if (!set_cpuid(vmm, kvm, vcpu_fd, id))
		return false;
	if (vmm->setup.faults & VMM_OTHER_TSC &&
	    ioctl(vcpu_fd, KVM_SET_TSC_KHZ, vmm->shared->tsc_khz * 3 / 2))
		return false;
	if (vmm->setup.faults & VMM_SMBASE && !set_smbase(vcpu_fd))
		return false;
	if (vmm->setup.offline & 1U << id)
		return true;
	return set_registers(vcpu_fd, id) && !ioctl(vcpu_fd, KVM_SET_MP_STATE, &state);
}
