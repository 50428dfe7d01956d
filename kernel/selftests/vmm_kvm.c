// SPDX-License-Identifier: GPL-2.0-only
/* The VMM's process: the machine, the threads of its vCPUs, its disk, its orders. */

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vmm_kvm.h"

#define MSI_ADDRESS 0xfee00000
#define DISK_GSI 24 /* one that is no pin of the interrupt controllers */

/* Registers of the local APIC. */
#define APIC_ISR 0x100
#define APIC_IRR 0x200

static struct vmm *vmm;
static struct vmm_shared *shared;
static int kvm, vm;
static size_t run_size;
static bool leave[GUEST_VCPUS];
static pthread_t thread[GUEST_VCPUS];

static struct {
	sem_t asked;
	pthread_mutex_t lock;
	unsigned int vcpu[64], head, tail; /* who asked: a ring */
} disk;

/* The first reason is the one that matters. */
__attribute__((format(printf, 1, 2), noreturn))
static void fail(const char *format, ...)
{
	va_list args;

	if (!shared->why[0]) {
		va_start(args, format);
		vsnprintf(shared->why, sizeof(shared->why), format, args);
		va_end(args);
	}
	__atomic_store_n(&shared->state, VMM_FAILED, __ATOMIC_RELEASE);
	_exit(1);
}

static void crash(unsigned int vcpu)
{
	__atomic_store_n(&shared->crashed, 1, __ATOMIC_RELEASE);
	fail("vCPU %u: triple fault", vcpu);
}

static uint64_t time_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* Runnable all the time: what a thread that only sleeps does not show as work. */
static void work_us(uint32_t us)
{
	const uint64_t end = time_ns(CLOCK_THREAD_CPUTIME_ID) + us * 1000ULL;

	while (us && time_ns(CLOCK_THREAD_CPUTIME_ID) < end)
		;
}

static void on_signal(int signal)
{
	const int error = errno;

	(void)signal;
	work_us(shared->handler_us);
	errno = error;
}

static void send_msi(unsigned int vcpu, uint32_t vector)
{
	struct kvm_msi msi = { .address_lo = MSI_ADDRESS | vcpu << 12, .data = vector };

	if (ioctl(vm, KVM_SIGNAL_MSI, &msi) < 0)
		fail("KVM_SIGNAL_MSI: %s", strerror(errno));
}

static void *play_disk(void *data)
{
	unsigned int vcpu;

	for (;;) {
		while (sem_wait(&disk.asked))
			;
		if (shared->disk_sleeps)
			usleep(shared->disk_us);
		else
			work_us(shared->disk_us);
		pthread_mutex_lock(&disk.lock);
		vcpu = disk.vcpu[disk.head++ % 64];
		pthread_mutex_unlock(&disk.lock);
		__atomic_add_fetch(&shared->disks, 1, __ATOMIC_RELAXED);
		send_msi(vcpu, GUEST_DISK_VECTOR);
	}
	return data;
}

static void ask_disk(unsigned int vcpu)
{
	pthread_mutex_lock(&disk.lock);
	disk.vcpu[disk.tail++ % 64] = vcpu;
	pthread_mutex_unlock(&disk.lock);
	sem_post(&disk.asked);
}

static void serve_port(unsigned int vcpu, const struct kvm_run *run)
{
	const struct guest_vcpu *guest = &vmm->area->vcpu[vcpu];

	switch (run->io.port) {
	case GUEST_PORT_DONE:
		break;
	case GUEST_PORT_EXIT:
		__atomic_add_fetch(&shared->in_exit, 1, __ATOMIC_RELAXED);
		work_us(shared->exit_us);
		__atomic_sub_fetch(&shared->in_exit, 1, __ATOMIC_RELAXED);
		break;
	case GUEST_PORT_DISK:
		ask_disk(vcpu);
		break;
	default:
		fail("vCPU %u faults at %#lx, address %#lx", vcpu, guest->fault_rip,
		     guest->fault_address);
	}
}

/* One register of 256 bits, which lies in eight words, each 16 bytes from the other. */
static void read_vectors(const struct kvm_lapic_state *apic, unsigned int at, uint32_t *bits)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		memcpy(&bits[i], apic->regs + at + i * 16, sizeof(bits[i]));
}

static void read_registers(int fd, struct vmm_registers *registers)
{
	struct kvm_lapic_state apic = { 0 };
	struct kvm_mp_state state = { 0 };
	struct kvm_regs regs = { 0 };

	ioctl(fd, KVM_GET_LAPIC, &apic);
	ioctl(fd, KVM_GET_REGS, &regs);
	ioctl(fd, KVM_GET_MP_STATE, &state);
	registers->halted = state.mp_state == KVM_MP_STATE_HALTED;
	registers->rip = regs.rip;
	registers->rflags = regs.rflags;
	read_vectors(&apic, APIC_ISR, registers->isr);
	read_vectors(&apic, APIC_IRR, registers->irr);
	__atomic_store_n(&registers->wanted, 0, __ATOMIC_RELEASE);
}

static void *run_vcpu(void *data)
{
	const unsigned int id = (uintptr_t)data >> 32;
	const int fd = (uintptr_t)data & 0xffffffff;
	struct kvm_run *run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int result;

	if (run == MAP_FAILED)
		fail("mapping vCPU %u: %s", id, strerror(errno));
	__atomic_store_n(&shared->tid[id], gettid(), __ATOMIC_RELEASE);
	while (!__atomic_load_n(&leave[id], __ATOMIC_RELAXED)) {
		if (__atomic_load_n(&shared->registers[id].wanted, __ATOMIC_ACQUIRE))
			read_registers(fd, &shared->registers[id]);
		result = ioctl(fd, KVM_RUN, 0);
		__atomic_add_fetch(&shared->runs[id], 1, __ATOMIC_RELAXED);
		if (result && errno == EINTR)
			__atomic_add_fetch(&shared->signals[id], 1, __ATOMIC_RELAXED);
		else if (result && errno != EAGAIN)
			fail("vCPU %u: KVM_RUN: %s", id, strerror(errno));
		else if (!result && run->exit_reason == KVM_EXIT_IO)
			serve_port(id, run);
		else if (!result && run->exit_reason == KVM_EXIT_SHUTDOWN)
			crash(id);
		else if (!result)
			fail("vCPU %u: exit for reason %u", id, run->exit_reason);
	}
	__atomic_store_n(&shared->tid[id], 0, __ATOMIC_RELEASE);
	return NULL;
}

static int64_t tsc_offset(int fd)
{
	uint64_t offset = 0;
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)&offset,
	};

	ioctl(fd, KVM_GET_DEVICE_ATTR, &attr);
	return offset;
}

static int new_vcpu(unsigned int id)
{
	int fd = ioctl(vm, KVM_CREATE_VCPU, (unsigned long)id);

	if (fd < 0)
		fail("KVM_CREATE_VCPU %u: %s", id, strerror(errno));
	if (id == 0)
		shared->tsc_khz = ioctl(fd, KVM_GET_TSC_KHZ, 0);
	if (!vmm_set_up_vcpu(vmm, kvm, fd, id))
		fail("setting up vCPU %u: %s", id, strerror(errno));
	shared->tsc_offset[id] = tsc_offset(fd);
	return fd;
}

static void start_vcpu(unsigned int id, int fd)
{
	void *data = (void *)((uintptr_t)id << 32 | (unsigned int)fd);

	if (pthread_create(&thread[id], NULL, run_vcpu, data))
		fail("no thread for vCPU %u", id);
}

static void make_machine(void)
{
	struct kvm_userspace_memory_region region = {
		.memory_size = GUEST_MEMORY,
		.userspace_addr = (uintptr_t)vmm->memory,
	};
	struct kvm_enable_cap hlt = {
		.cap = KVM_CAP_X86_DISABLE_EXITS,
		.args = { KVM_X86_DISABLE_EXITS_HLT },
	};

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		fail("KVM_CREATE_VM: %s", strerror(errno));
	run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (!(vmm->setup.faults & VMM_NO_IRQCHIP) && ioctl(vm, KVM_CREATE_IRQCHIP, 0))
		fail("KVM_CREATE_IRQCHIP: %s", strerror(errno));
	if (vmm->setup.faults & VMM_HLT_IN_GUEST && ioctl(vm, KVM_ENABLE_CAP, &hlt))
		fail("KVM_CAP_X86_DISABLE_EXITS: %s", strerror(errno));
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		fail("KVM_SET_USER_MEMORY_REGION: %s", strerror(errno));
}

/* As a device in another process has it: KVM itself signals and waits, not the VMM. */
static void make_events(void)
{
	struct {
		struct kvm_irq_routing table;
		struct kvm_irq_routing_entry entry;
	} routing = {
		.table.nr = 1,
		.entry = { .gsi = DISK_GSI, .type = KVM_IRQ_ROUTING_MSI },
	};
	struct kvm_ioeventfd kick = {
		.addr = GUEST_PORT_DISK,
		.len = sizeof(uint32_t),
		.flags = KVM_IOEVENTFD_FLAG_PIO,
	};
	struct kvm_irqfd done = { .gsi = DISK_GSI };

	routing.entry.u.msi.address_lo = MSI_ADDRESS;
	routing.entry.u.msi.data = GUEST_DISK_VECTOR;
	shared->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	shared->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	kick.fd = shared->kick;
	done.fd = shared->done;
	if (ioctl(vm, KVM_SET_GSI_ROUTING, &routing) || ioctl(vm, KVM_IOEVENTFD, &kick) ||
	    ioctl(vm, KVM_IRQFD, &done))
		fail("events of the disk: %s", strerror(errno));
}

static void start_machine(void)
{
	int fd[GUEST_VCPUS];
	pthread_t worker;
	unsigned int i;

	sem_init(&disk.asked, 0, 0);
	pthread_mutex_init(&disk.lock, NULL);
	make_machine();
	if (vmm->setup.events)
		make_events();
	for (i = 0; i < vmm->setup.vcpus; i++)
		fd[i] = new_vcpu(i);
	for (i = 0; i < vmm->setup.vcpus && !vmm->setup.stopped; i++)
		start_vcpu(i, fd[i]);
	if (pthread_create(&worker, NULL, play_disk, NULL))
		fail("no thread for the disk");
}

static void stop_vcpu(unsigned int id)
{
	__atomic_store_n(&leave[id], true, __ATOMIC_RELAXED);
	/* It may be about to enter: again until it has gone. */
	while (pthread_tryjoin_np(thread[id], NULL)) {
		pthread_kill(thread[id], SIGUSR1);
		usleep(1000);
	}
}

static void obey(char order)
{
	switch (order) {
	case VMM_KICK:
		send_msi(0, GUEST_KICK_VECTOR);
		break;
	case VMM_SPIN:
		work_us(shared->disk_us);
		break;
	case VMM_HOT_ADD:
		vmm->setup.offline |= 1U << vmm->setup.vcpus;
		start_vcpu(vmm->setup.vcpus, new_vcpu(vmm->setup.vcpus));
		vmm->setup.vcpus++;
		break;
	case VMM_STOP_VCPU:
		stop_vcpu(0);
		break;
	case VMM_EXEC:
		execl("/bin/sleep", "sleep", "1000", NULL);
		fail("exec: %s", strerror(errno));
	case VMM_QUIT:
		exit(0);
	}
}

void vmm_process(struct vmm *self, int orders)
{
	struct sigaction action = { .sa_handler = on_signal };
	char order;

	vmm = self;
	shared = self->shared;
	/* Without SA_RESTART: it takes threads out of KVM_RUN. */
	sigaction(SIGUSR1, &action, NULL);
	if (!vmm_fill_memory(vmm))
		fail("this program is not linked where a guest has memory");
	start_machine();
	__atomic_store_n(&shared->state, VMM_RUNNING, __ATOMIC_RELEASE);
	for (;;) {
		if (read(orders, &order, 1) == 1)
			obey(order);
		else if (errno != EINTR)
			exit(0);
	}
}
