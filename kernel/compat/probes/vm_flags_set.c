// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>

void ls_probe_vm_flags_set(struct vm_area_struct *vma);

void ls_probe_vm_flags_set(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_DONTEXPAND);
	vm_flags_clear(vma, VM_MAYWRITE);
}
