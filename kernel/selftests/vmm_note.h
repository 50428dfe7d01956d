/* SPDX-License-Identifier: GPL-2.0-only */
/* What there is to see of a VMM that came to a stop, for somebody who was not there. */
#ifndef _LS_VMM_NOTE_H
#define _LS_VMM_NOTE_H

#include "vmm.h"

/* Prints it as notes. A vCPU's thread is taken out of KVM_RUN once for it. */
void vmm_note_stop(struct vmm *vmm, unsigned int vcpu);

/* Whether the emulated processor has ended the guest is noted, for vmm_emulator_failed(). */
void vmm_note_crash(const struct vmm *vmm);

#endif /* _LS_VMM_NOTE_H */
