// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals to the threads of vCPUs, at any moment: parked, running, idle. They leave KVM_RUN as they
 * do without a gate, and change nothing that the guest sees.
 *
 * Needs: livestack.ko and livestack_vcpu.ko loaded; /dev/kvm; root.
 */

#include <stdlib.h>
#include <unistd.h>

#include "ktap.h"
#include "live.h"

#define SEED 20260101
#define PATIENCE_S 30
#define QUANTUM_NS 1000000UL
#define MS 1000000UL

static bool attach(struct vmm *vmm, uint32_t session)
{
	return vmm_start(vmm) && session && !live_attach(session, 0, vmm) &&
	       live_stopped(session, 0, vmm->setup.vcpus);
}

static void send_some(struct vmm *vmm, unsigned int count, unsigned int apart_us)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		vmm_signal(vmm, rand() % vmm->setup.vcpus, SIGUSR1);
		usleep(rand() % apart_us);
	}
}

static uint64_t left(const struct vmm *vmm)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < vmm->setup.vcpus; i++)
		sum += vmm->shared->signals[i];
	return sum;
}

/* Before the session begins: all signals arrive, and the clocks stand. */
static bool parked(void)
{
	const unsigned int count = ktap_count(500, 10000);
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	struct live_vcpu before, after;
	struct vmm vmm;
	uint64_t tsc;
	bool ok;

	vmm_new(&vmm, &(struct vmm_setup){ .vcpus = 1 });
	vmm.area->vcpu[0].program = GUEST_CLOCK;
	/* It is on its way to a stop when it was attached. */
	ok = attach(&vmm, session) && vmm_stands(&vmm, 100) &&
	     live_get(session, 0, 0, &before);
	tsc = vmm.area->vcpu[0].last;
	send_some(&vmm, count, 500);
	ok = ok && live_get(session, 0, 0, &after) && vmm_stands(&vmm, 100) &&
	     vmm.area->vcpu[0].last == tsc && after.clock_ns == before.clock_ns &&
	     after.state == LIVESTACK_VCPU_STATE_PARKED && left(&vmm);
	ktap_note("%u sent, %lu left KVM_RUN; the clock has gone on by %lu ns", count, left(&vmm),
		  after.clock_ns - before.clock_ns);
	ok = ok && !control_state(session, LIVESTACK_STATE_RUNNING) &&
	     live_reaches(session, 20 * QUANTUM_NS, PATIENCE_S) && !vmm.area->vcpu[0].backward;
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

/* As the session goes, windows held open, each handler taking time that is not the guest's. */
static bool running(unsigned int vcpus, uint32_t handler_us)
{
	const unsigned int count = ktap_count(1000, 10000);
	uint32_t session = live_session(1, 1, QUANTUM_NS, 0);
	struct live_vcpu view = { 0 };
	struct live_holder holder = { 0 };
	struct vmm vmm;
	unsigned int i;
	bool ok;

	vmm_new(&vmm, &(struct vmm_setup){ .vcpus = vcpus });
	for (i = 0; i < vcpus; i++)
		vmm.area->vcpu[i].program = GUEST_CLOCK;
	vmm.shared->handler_us = handler_us;
	ok = attach(&vmm, session) && live_hold(&holder, session, 1, QUANTUM_NS, 1000);
	for (i = 0; i < vcpus; i++)
		vmm.area->vcpu[i].long_gap = vmm_ticks(&vmm, handler_us * 1000);
	ok = ok && !control_state(session, LIVESTACK_STATE_RUNNING);
	send_some(&vmm, count, 2000);
	ok = ok && live_reaches(session, 50 * QUANTUM_NS, PATIENCE_S) &&
	     !control_state(session, LIVESTACK_STATE_PAUSED) && live_stopped(session, 0, vcpus);
	for (i = 0; ok && i < vcpus; i++) {
		const struct guest_vcpu *guest = &vmm.area->vcpu[i];

		ok = live_get(session, 0, i, &view) && !guest->backward &&
		     guest->gap_count <= vmm.shared->signals[i] / 2 + 10;
		ktap_note("vCPU %u: %lu left KVM_RUN, %lu gaps from %u us on, back %lu times", i,
			  vmm.shared->signals[i], guest->gap_count, handler_us, guest->backward);
	}
	if (holder.thread)
		live_hold_end(&holder, session);
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

/* The tick of a guest that sleeps between: each comes, at its time. */
static bool idle(void)
{
	const uint64_t count = ktap_count(250, 2500);
	uint32_t session = live_session(1, 1, QUANTUM_NS, 0);
	struct live_holder holder = { 0 };
	unsigned int still = 0;
	struct guest_vcpu *guest;
	struct vmm vmm;
	uint64_t passed_ns, seen = 0;
	bool ok;

	vmm_new(&vmm, &(struct vmm_setup){ .vcpus = 1 });
	guest = &vmm.area->vcpu[0];
	guest->program = GUEST_TICK;
	guest->count = count;
	vmm.area->go = 0;
	ok = attach(&vmm, session) && live_hold(&holder, session, 1, QUANTUM_NS, 500);
	guest->ticks = vmm_ticks(&vmm, 4 * MS);
	vmm.area->go = 1;
	ok = ok && !control_state(session, LIVESTACK_STATE_RUNNING);
	while (ok && !guest->done && still < PATIENCE_S * 100) {
		send_some(&vmm, 10, 2000);
		still = guest->timers == seen ? still + 1 : 0;
		seen = guest->timers;
	}
	passed_ns = vmm_ns(&vmm, guest->last - guest->first);
	ktap_note("%lu left KVM_RUN; %lu times 4 ms in %lu us", left(&vmm), count,
		  passed_ns / 1000);
	ok = vmm_timers_right(&vmm, 0) && ok && guest->done &&
	     passed_ns >= (count - VMM_TWICE(count)) * 4 * MS &&
	     passed_ns <= (count + count / 20) * 4 * MS;
	if (holder.thread)
		live_hold_end(&holder, session);
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

int main(void)
{
	if (live_missing())
		return ktap_skip_all(live_missing());
	if (!ktap_chosen())
		return ktap_skip_all(LIVE_NOT_CHOSEN);

	ktap_plan(4);
	srand(SEED);
	vmm_ok(parked(), "signals leave a park, and the clock stands");
	vmm_ok(running(1, 2000), "signals to one that runs take nothing of the guest's time");
	vmm_ok(running(2, 2000), "to two neither");
	vmm_ok(idle(), "signals to one that sleeps: its tick keeps its count");
	return ktap_end();
}
