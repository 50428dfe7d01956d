// SPDX-License-Identifier: Apache-2.0
/*
 * usage: kvm_churn COUNT
 *
 * Makes, runs and destroys COUNT virtual machines while another one spins on its vCPU. Creating VMs
 * makes the kernel patch its own code while other CPUs run it: what a faulty emulator does not
 * survive. Prints "COUNT machines, spinner alive" at the end.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

struct machine {
	int vm, vcpu;
	struct kvm_run *run;
	unsigned char *memory;
	size_t run_size;
};

static void make(struct machine *m, int kvm, const void *code, size_t len)
{
	struct kvm_userspace_memory_region region = { .memory_size = PAGE };
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rflags = 2 };

	m->vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (m->vm < 0)
		err(1, "KVM_CREATE_VM");
	m->memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->memory == MAP_FAILED)
		err(1, "mmap");
	memcpy(m->memory, code, len);
	region.userspace_addr = (unsigned long)m->memory;
	if (ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region))
		err(1, "KVM_SET_USER_MEMORY_REGION");
	m->vcpu = ioctl(m->vm, KVM_CREATE_VCPU, 0);
	if (m->vcpu < 0)
		err(1, "KVM_CREATE_VCPU");
	m->run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	m->run = mmap(NULL, m->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu, 0);
	if (m->run == MAP_FAILED || ioctl(m->vcpu, KVM_GET_SREGS, &sregs))
		err(1, "vCPU");
	/* Real mode, code at 0. */
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(m->vcpu, KVM_SET_SREGS, &sregs) || ioctl(m->vcpu, KVM_SET_REGS, &regs))
		err(1, "KVM_SET_REGS");
}

static void destroy(struct machine *m)
{
	munmap(m->run, m->run_size);
	close(m->vcpu);
	close(m->vm);
	munmap(m->memory, PAGE);
}

static pid_t spin(int kvm)
{
	static const unsigned char forever[] = { 0xeb, 0xfe };	/* jmp . */
	struct machine m;
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		make(&m, kvm, forever, sizeof(forever));
		ioctl(m.vcpu, KVM_RUN, 0);
		_exit(1);	/* only a signal ends it */
	}
	return pid;
}

int main(int argc, char **argv)
{
	static const unsigned char halt[] = { 0xf4 };
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), count = argc > 1 ? atoi(argv[1]) : 0;
	struct machine m;
	pid_t spinner;

	if (kvm < 0 || count <= 0)
		err(2, "usage: kvm_churn COUNT, with /dev/kvm");
	spinner = spin(kvm);
	for (int i = 0; i < count; i++) {
		make(&m, kvm, halt, sizeof(halt));
		if (ioctl(m.vcpu, KVM_RUN, 0) || m.run->exit_reason != KVM_EXIT_HLT)
			errx(1, "machine %d: exit reason %u, not a halt", i, m.run->exit_reason);
		destroy(&m);
	}
	if (waitpid(spinner, NULL, WNOHANG) != 0)
		errx(1, "the spinning machine has ended");
	kill(spinner, SIGKILL);
	waitpid(spinner, NULL, 0);
	printf("%d machines, spinner alive\n", count);
	return 0;
}
