// SPDX-License-Identifier: GPL-2.0-only
/* The test's side of a VMM: it makes, watches and ends the process. */

#include "vmm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm_kvm.h"
#include "vmm_note.h"

#define POLL_US 2000
#define ORDERS 3 /* the descriptor that the VMM reads them from */

const char *vmm_missing(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return "needs /dev/kvm: modprobe kvm_amd or kvm_intel";
	close(fd);
	return NULL;
}

void vmm_new(struct vmm *vmm, const struct vmm_setup *setup)
{
	const size_t size = GUEST_MEMORY + sizeof(struct vmm_shared);
	unsigned int i;

	*vmm = (struct vmm){ .setup = *setup, .orders = -1 };
	vmm->memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (vmm->memory == MAP_FAILED) {
		perror("memory for a guest");
		exit(1);
	}
	vmm->area = (void *)(vmm->memory + GUEST_AREA);
	vmm->shared = (void *)(vmm->memory + GUEST_MEMORY);
	vmm->area->vcpus = setup->vcpus;
	vmm->area->go = 1;
	for (i = 0; i < GUEST_VCPUS; i++)
		vmm->area->vcpu[i].self = GUEST_AREA + offsetof(struct guest_area, vcpu[i]);
}

static uint32_t state(const struct vmm *vmm)
{
	return __atomic_load_n(&vmm->shared->state, __ATOMIC_ACQUIRE);
}

static void be_vmm(struct vmm *vmm, const int *orders, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* Files that the test has open, of components and sockets, are not to live on here. */
	if (dup2(orders[0], ORDERS) != ORDERS || close_range(ORDERS + 1, ~0U, 0))
		_exit(1);
	vmm_process(vmm, ORDERS);
}

/* All threads that run a vCPU are in it, or about to be. */
static bool all_threads(const struct vmm *vmm)
{
	unsigned int i;

	for (i = 0; i < vmm->setup.vcpus; i++)
		if (!__atomic_load_n(&vmm->shared->tid[i], __ATOMIC_ACQUIRE))
			return false;
	return true;
}

static bool all_ready(const struct vmm *vmm)
{
	unsigned int i;

	if (vmm->setup.stopped)
		return true;
	for (i = 0; i < vmm->setup.vcpus; i++)
		if (!(vmm->setup.offline & 1U << i) &&
		    !__atomic_load_n(&vmm->area->vcpu[i].ready, __ATOMIC_ACQUIRE))
			return false;
	return all_threads(vmm);
}

bool vmm_start(struct vmm *vmm)
{
	const pid_t parent = getpid();
	unsigned int tries;
	int orders[2];

	if (pipe2(orders, O_CLOEXEC))
		return false;
	fflush(stdout);
	vmm->pid = fork();
	if (vmm->pid == 0)
		be_vmm(vmm, orders, parent);
	close(orders[0]);
	vmm->orders = orders[1];
	for (tries = 0; tries < 30000000 / POLL_US; tries++) {
		if (state(vmm) == VMM_FAILED || (state(vmm) == VMM_RUNNING && all_ready(vmm)))
			break;
		usleep(POLL_US);
	}
	if (state(vmm) == VMM_RUNNING && all_ready(vmm))
		return true;
	printf("# the VMM did not start: %s\n", vmm->shared->why);
	return false;
}

void vmm_end(struct vmm *vmm)
{
	int status;

	vmm_note_crash(vmm);
	if (vmm->pid > 0) {
		kill(vmm->pid, SIGKILL);
		waitpid(vmm->pid, &status, 0);
	}
	if (vmm->orders >= 0)
		close(vmm->orders);
	munmap(vmm->memory, GUEST_MEMORY + sizeof(struct vmm_shared));
	*vmm = (struct vmm){ .orders = -1 };
}

bool vmm_order(struct vmm *vmm, enum vmm_order order)
{
	const char byte = order;

	return write(vmm->orders, &byte, 1) == 1;
}

void vmm_signal(struct vmm *vmm, unsigned int vcpu, int signal)
{
	const pid_t tid = __atomic_load_n(&vmm->shared->tid[vcpu], __ATOMIC_RELAXED);

	if (tid)
		syscall(SYS_tgkill, vmm->pid, tid, signal);
}

/*
 * Changes as long as any vCPU does something that tells. Between two calls the test sleeps, so that
 * the guest's memory is read anew.
 */
static uint64_t signs_of_life(const struct vmm *vmm)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < vmm->setup.vcpus; i++) {
		const struct guest_vcpu *vcpu = &vmm->area->vcpu[i];

		sum += vcpu->ready + vcpu->done + vcpu->rounds + vcpu->armed + vcpu->timers +
		       vcpu->ipis + vcpu->disks + vcpu->kicks + vcpu->last;
	}
	return sum;
}

bool vmm_wait_rounds(struct vmm *vmm, unsigned int vcpu, uint64_t rounds, unsigned int patience_s)
{
	const struct guest_vcpu *guest = &vmm->area->vcpu[vcpu];
	uint64_t life = 0, tries = 0;

	while (guest->rounds < rounds && !guest->done) {
		const uint64_t now = signs_of_life(vmm);

		if (state(vmm) == VMM_FAILED || tries++ > patience_s * 1000000ULL / POLL_US) {
			vmm_note_stop(vmm, vcpu);
			return false;
		}
		if (now != life)
			tries = 0;
		life = now;
		usleep(POLL_US);
	}
	return guest->rounds >= rounds || rounds == UINT64_MAX;
}

bool vmm_wait(struct vmm *vmm, unsigned int vcpu, unsigned int patience_s)
{
	return vmm_wait_rounds(vmm, vcpu, UINT64_MAX, patience_s);
}

bool vmm_stands(struct vmm *vmm, unsigned int ms)
{
	const uint64_t before = signs_of_life(vmm);

	usleep(ms * 1000);
	return signs_of_life(vmm) == before;
}

bool vmm_read_proc(pid_t id, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", id, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, size - 1);
	close(fd);
	text[got > 0 ? got : 0] = 0;
	return got > 0;
}

uint64_t vmm_start_ticks(pid_t pid)
{
	char text[1024], *at;
	unsigned int field;

	if (!vmm_read_proc(pid, "stat", text, sizeof(text)))
		return 0;
	/* The name, field 2, may hold anything, also ") ". */
	at = strrchr(text, ')');
	for (field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

uint64_t vmm_ns(const struct vmm *vmm, uint64_t ticks)
{
	return (__uint128_t)ticks * 1000000 / vmm->shared->tsc_khz;
}

uint64_t vmm_ticks(const struct vmm *vmm, uint64_t ns)
{
	return (__uint128_t)ns * vmm->shared->tsc_khz / 1000000;
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t vmm_sample_ns(const struct vmm *vmm, unsigned int vcpu, unsigned int percent)
{
	static uint64_t sorted[GUEST_SAMPLES];
	const struct guest_vcpu *guest = &vmm->area->vcpu[vcpu];
	uint64_t count = guest->sample_count;

	if (count > GUEST_SAMPLES)
		count = GUEST_SAMPLES;
	if (!count)
		return 0;
	memcpy(sorted, guest->samples, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	return vmm_ns(vmm, sorted[percent >= 100 ? count - 1 : count * percent / 100]);
}

bool vmm_timers_right(const struct vmm *vmm, unsigned int vcpu)
{
	const struct guest_vcpu *guest = &vmm->area->vcpu[vcpu];
	const bool once = guest->timers == guest->count && !guest->repeated;

	printf("# vCPU %u: %lu timers of %lu, %lu early by up to %lu us, %lu once more\n", vcpu,
	       guest->timers, guest->armed, guest->early, vmm_ns(vmm, guest->earliest) / 1000,
	       guest->repeated);
	if (guest->sample_count)
		printf("#   late %lu us in the median, %lu at most\n",
		       vmm_sample_ns(vmm, vcpu, 50) / 1000, vmm_sample_ns(vmm, vcpu, 100) / 1000);
	return !guest->early &&
	       (once || (vmm_is_emulated() &&
			 guest->timers - guest->count <= VMM_TWICE(guest->count)));
}
