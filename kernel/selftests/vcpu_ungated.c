// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the other tests of vCPUs stand on, tried with nothing gated: each guest program does what
 * vmm_guest.h says of it, so that what goes wrong in a gated one is the gate's.
 *
 * Needs: /dev/kvm. No module of LiveStack.
 */

#include <unistd.h>

#include "ktap.h"
#include "vmm.h"

#define PATIENCE_S 30
#define MS 1000000UL

/* A machine of one vCPU, or of two with the same program. */
static bool start(struct vmm *vmm, unsigned int vcpus, struct guest_vcpu wanted)
{
	unsigned int i;

	vmm_new(vmm, &(struct vmm_setup){ .vcpus = vcpus });
	for (i = 0; i < vcpus; i++) {
		wanted.self = vmm->area->vcpu[i].self;
		wanted.peer = !i;
		vmm->area->vcpu[i] = wanted;
	}
	/* Its clock's frequency is known only when the machine is there. */
	vmm->area->go = 0;
	if (!vmm_start(vmm))
		return false;
	for (i = 0; i < vcpus; i++) {
		vmm->area->vcpu[i].ticks = vmm_ticks(vmm, wanted.ticks);
		vmm->area->vcpu[i].long_gap = vmm_ticks(vmm, wanted.long_gap);
	}
	vmm->area->go = 1;
	return true;
}

static bool clocks(unsigned int vcpus, bool masked)
{
	struct vmm vmm;
	bool ok = start(&vmm, vcpus, (struct guest_vcpu){ .program = GUEST_CLOCK,
							  .masked = masked,
							  .long_gap = 1 * MS });
	unsigned int i;

	usleep(ktap_count(1000000, 10000000));
	vmm.area->stop = 1;
	for (i = 0; i < vcpus; i++) {
		const struct guest_vcpu *guest = &vmm.area->vcpu[i];

		ok = ok && vmm_wait(&vmm, i, PATIENCE_S) && guest->rounds && !guest->backward &&
		     guest->last > guest->first && !guest->ahead;
		ktap_note("vCPU %u: %lu rounds, longest %lu us, %lu gaps, back %lu, ahead %lu", i,
			  guest->rounds, vmm_ns(&vmm, guest->longest) / 1000, guest->gap_count,
			  guest->backward, guest->ahead);
	}
	vmm_end(&vmm);
	return ok;
}

static bool sleeps(void)
{
	const unsigned int count = ktap_count(110, 1100);
	struct vmm vmm;
	bool ok = start(&vmm, 1, (struct guest_vcpu){ .program = GUEST_SLEEPER, .count = count,
						      .ticks = MS / 10, .doublings = 10 });
	const struct guest_vcpu *guest = &vmm.area->vcpu[0];

	ok = ok && vmm_wait(&vmm, 0, PATIENCE_S) && guest->armed == count;
	ok = vmm_timers_right(&vmm, 0) && ok;
	vmm_end(&vmm);
	return ok;
}

static bool keeps_count(void)
{
	const unsigned int count = ktap_count(250, 10000);
	struct vmm vmm;
	bool ok = start(&vmm, 2, (struct guest_vcpu){ .program = GUEST_TICK, .count = count,
						      .ticks = 4 * MS });
	unsigned int i;

	for (i = 0; i < 2; i++) {
		const struct guest_vcpu *guest = &vmm.area->vcpu[i];

		ok = ok && vmm_wait(&vmm, i, PATIENCE_S);
		ok = vmm_timers_right(&vmm, i) && ok &&
		     guest->last - guest->first >= (count - VMM_TWICE(count)) * guest->ticks;
		ktap_note("vCPU %u: %u times 4 ms in %lu ms", i, count,
			  vmm_ns(&vmm, guest->last - guest->first) / MS);
	}
	vmm_end(&vmm);
	return ok;
}

static bool works(void)
{
	struct vmm vmm;
	bool ok = start(&vmm, 1, (struct guest_vcpu){ .program = GUEST_JOB, .count = 100,
						      .work = 1000000 });

	ok = ok && vmm_wait(&vmm, 0, PATIENCE_S) && vmm.area->vcpu[0].sample_count == 100;
	ktap_note("1,000,000 steps take %lu us in the median, %lu at most",
		  vmm_sample_ns(&vmm, 0, 50) / 1000, vmm_sample_ns(&vmm, 0, 100) / 1000);
	vmm_end(&vmm);
	return ok;
}

static bool exits(void)
{
	struct vmm vmm;
	bool ok = start(&vmm, 1, (struct guest_vcpu){ .program = GUEST_EXITS, .work = 10000 });

	/* Without the gate the guest's clock goes on meanwhile. */
	vmm.shared->exit_us = 2000;
	ok = ok && vmm_wait_rounds(&vmm, 0, 200, PATIENCE_S);
	vmm.area->stop = 1;
	ok = ok && vmm_wait(&vmm, 0, PATIENCE_S) && vmm_sample_ns(&vmm, 0, 50) >= 2 * MS;
	ktap_note("an exit of 2 ms takes %lu us of the guest's time in the median",
		  vmm_sample_ns(&vmm, 0, 50) / 1000);
	vmm_end(&vmm);
	return ok;
}

static bool disk(void)
{
	const unsigned int count = ktap_count(50, 1000);
	struct vmm vmm;
	bool ok = start(&vmm, 1, (struct guest_vcpu){ .program = GUEST_DISK, .ticks = 10 * MS });
	const struct guest_vcpu *guest = &vmm.area->vcpu[0];

	vmm.shared->disk_us = 3000;
	ok = ok && vmm_wait_rounds(&vmm, 0, count, PATIENCE_S);
	vmm.area->stop = 1;
	ok = ok && vmm_wait(&vmm, 0, PATIENCE_S) && guest->disks == guest->rounds &&
	     vmm.shared->disks == guest->disks && guest->timers;
	ktap_note("%lu requests, %lu us in the median, %lu timers beside", guest->disks,
		  vmm_sample_ns(&vmm, 0, 50) / 1000, guest->timers);
	vmm_end(&vmm);
	return ok;
}

static bool pings(void)
{
	const unsigned int count = ktap_count(1000, 10000);
	const struct guest_vcpu *ping, *pong;
	struct vmm vmm;
	bool ok;

	vmm_new(&vmm, &(struct vmm_setup){ .vcpus = 2 });
	ping = &vmm.area->vcpu[0];
	pong = &vmm.area->vcpu[1];
	vmm.area->vcpu[0].program = GUEST_PING;
	vmm.area->vcpu[0].peer = 1;
	vmm.area->vcpu[0].count = count;
	vmm.area->vcpu[1].program = GUEST_PONG;
	/* An interrupt to one that has not set itself up is lost. */
	vmm.area->go = 0;
	ok = vmm_start(&vmm);
	vmm.area->go = 1;
	ok = ok && vmm_wait(&vmm, 0, PATIENCE_S);
	ktap_note("%lu there, %lu back, %lu ns each", pong->ipis, ping->ipis,
		  vmm_ns(&vmm, ping->last - ping->first) / count);
	ktap_note("taken twice: %lu and %lu; before they were sent: %lu and %lu", pong->twice,
		  ping->twice, pong->backward, ping->backward);
	/* After one that was taken twice two of the other way can fall together. */
	ok = ok && ping->ipis == count && pong->ipis + ping->twice >= count &&
	     pong->ipis <= count + pong->twice && !ping->backward && !pong->backward;
	vmm_end(&vmm);
	return ok;
}

static bool signalled(void)
{
	const unsigned int count = ktap_count(1000, 10000);
	struct vmm vmm;
	bool ok = start(&vmm, 1, (struct guest_vcpu){ .program = GUEST_TICK, .ticks = 4 * MS });
	const struct guest_vcpu *guest = &vmm.area->vcpu[0];
	unsigned int i;

	for (i = 0; ok && i < count; i++) {
		vmm_signal(&vmm, 0, SIGUSR1);
		usleep(500);
	}
	ok = ok && vmm_wait_rounds(&vmm, 0, guest->rounds + 10, PATIENCE_S) &&
	     vmm.shared->signals[0] && guest->armed - guest->timers <= 1;
	ktap_note("%u sent, %lu ended KVM_RUN, %lu times 4 ms", count, vmm.shared->signals[0],
		  guest->timers);
	vmm_end(&vmm);
	return ok;
}

/* One vCPU that is never started, one that comes later, and the thread of one that ends. */
static bool orders(void)
{
	struct vmm vmm;
	unsigned int tries;
	bool ok;

	vmm_new(&vmm, &(struct vmm_setup){ .vcpus = 2, .offline = 2 });
	vmm.area->vcpu[0].program = GUEST_CLOCK;
	ok = vmm_start(&vmm) && vmm_order(&vmm, VMM_HOT_ADD) && vmm_order(&vmm, VMM_KICK) &&
	     vmm_wait_rounds(&vmm, 0, 1000, PATIENCE_S);
	for (tries = 0; tries < 1000 && !(vmm.shared->tid[2] && vmm.area->vcpu[0].kicks); tries++)
		usleep(10000);
	ok = ok && vmm.area->vcpu[0].kicks == 1 && !vmm.area->vcpu[1].ready &&
	     vmm.shared->tid[2] && vmm_order(&vmm, VMM_STOP_VCPU);
	for (tries = 0; tries < 1000 && vmm.shared->tid[0]; tries++)
		usleep(10000);
	ok = ok && !vmm.shared->tid[0] && vmm_stands(&vmm, 10);
	vmm_end(&vmm);
	return ok;
}

/* Each can be had here or not, as the processor has it; it runs if so. */
static bool faults(void)
{
	static const struct {
		const char *name;
		unsigned int faults;
		uint32_t program;
	} kind[] = {
		{ "SVM", VMM_SVM, GUEST_CLOCK },
		{ "kvmclock", VMM_PARAVIRT, GUEST_KVMCLOCK },
		{ "steal time", VMM_PARAVIRT, GUEST_STEAL_TIME },
		{ "Hyper-V", VMM_HYPERV, GUEST_CLOCK },
		{ "Xen", VMM_XEN, GUEST_CLOCK },
		{ "no deadline", VMM_NO_DEADLINE, GUEST_CLOCK },
		{ "one-shot timer", 0, GUEST_ONE_SHOT },
		{ "other TSC frequency", VMM_OTHER_TSC, GUEST_CLOCK },
		{ "SMBASE", VMM_SMBASE, GUEST_CLOCK },
		{ "HLT in guest", VMM_HLT_IN_GUEST, GUEST_CLOCK },
		{ "no interrupt controller", VMM_NO_IRQCHIP, GUEST_XAPIC },
		{ "xAPIC", 0, GUEST_XAPIC },
	};
	unsigned int i, had = 0;
	struct vmm vmm;
	bool ran;

	for (i = 0; i < sizeof(kind) / sizeof(*kind); i++) {
		vmm_new(&vmm, &(struct vmm_setup){ .vcpus = 1, .faults = kind[i].faults });
		vmm.area->vcpu[0].program = kind[i].program;
		ran = vmm_start(&vmm) && vmm_wait_rounds(&vmm, 0, 100, PATIENCE_S);
		ktap_note("%s: %s", kind[i].name, ran ? "runs" : "not to be had here");
		had += ran;
		vmm_end(&vmm);
	}
	return had >= 8;
}

/*
 * An emulated processor has been seen to lose one of hundreds of timers, and of interrupts, of a
 * machine that nobody gates. This is about the VMM: that it can keep them.
 */
static bool twice(bool (*point)(void))
{
	return point() || (vmm_is_emulated() && point());
}

int main(void)
{
	if (vmm_missing())
		return ktap_skip_all(vmm_missing());

	ktap_plan(13);
	vmm_ok(clocks(1, false), "a vCPU reads its clock, which never goes back");
	vmm_ok(clocks(1, true), "with interrupts off too");
	vmm_ok(clocks(2, false), "two vCPUs do, neither ahead of what the other reads");
	vmm_ok(sleeps(), "sleeps of 100 us to 100 ms: none is lost");
	vmm_ok(twice(keeps_count), "a tick keeps its count");
	vmm_ok(works(), "a job of fixed work");
	vmm_ok(exits(), "exits to user space take the guest's time");
	vmm_ok(disk(), "disk requests are answered, timers go on beside");
	vmm_ok(twice(pings), "two vCPUs send interrupts to and fro, none before it was sent");
	vmm_ok(signalled(), "signals to a vCPU's thread lose nothing");
	vmm_ok(orders(), "vCPUs never started, added and ended");
	vmm_ok(faults(), "machines that are refused run without the gate");
	ktap_ok(vmm_start_ticks(getpid()) && !vmm_start_ticks(0x7fffff00),
		"when a process was started is known");
	return ktap_end();
}
