/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMM's process, for vmm.c only: from the fork on. */
#ifndef _LS_VMM_KVM_H
#define _LS_VMM_KVM_H

#include "vmm.h"

/* Makes the machine, runs it and obeys orders that come by @orders; never returns. */
void vmm_process(struct vmm *vmm, int orders) __attribute__((noreturn));

/* Gives a vCPU its registers, so that it starts in long mode at guest_entry(). */
bool vmm_set_up_vcpu(struct vmm *vmm, int kvm, int vcpu_fd, unsigned int id);

/* Fills the guest's memory: this program's image, and tables for the processor. */
bool vmm_fill_memory(struct vmm *vmm);

#endif /* _LS_VMM_KVM_H */
