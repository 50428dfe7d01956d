// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep_kvm: has a virtual machine that never runs, until it is killed, where the processor is an
 * emulator's; elsewhere it ends at once.
 *
 * With the first machine and after the last, KVM has the kernel patch itself (static keys, in
 * finish_task_switch() for one). An emulated processor may take the breakpoint that was there
 * meanwhile when it is long gone, and the kernel panics ("Oops: int3"). While there is a machine
 * nothing is patched.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "vmm.h"

int main(void)
{
	int kvm, vm;

	if (!vmm_is_emulated())
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	/* Its local APIC, switched off as after a reset, has a key of its own. */
	if (vm < 0 || ioctl(vm, KVM_CREATE_IRQCHIP, 0) || ioctl(vm, KVM_CREATE_VCPU, 0) < 0) {
		perror("keep_kvm: no machine");
		return 1;
	}
	pause();
	return 0;
}
