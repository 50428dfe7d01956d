// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VMM does for its guest while a vCPU waits for it in an exit to user space is not the
 * guest's time.
 *
 * Needs: livestack.ko and livestack_vcpu.ko loaded; /dev/kvm; root.
 */

#include <unistd.h>

#include "ktap.h"
#include "live.h"

#define PATIENCE_S 30
/* Several exits fit into a window: at its end the clock would be right by itself. */
#define QUANTUM_NS 10000000UL
#define EXIT_US 2000
/*
 * What is short counts as guest time, and so does what KVM itself does, emulated here; and where
 * the emulated processor is away that counts too, which is not the gate's.
 */
#define SHORT_NS 500000UL

/* The last time that its clock went back, if it did. */
static bool never_back(const struct vmm *vmm, unsigned int vcpu)
{
	const struct guest_vcpu *guest = &vmm->area->vcpu[vcpu];
	const struct guest_gap *gap = &guest->gaps[(guest->gap_count - 1) % GUEST_GAPS];

	if (guest->backward)
		ktap_note("vCPU %u: back %lu times, by %lu ns, %lu us after its start", vcpu,
			  guest->backward, vmm_ns(vmm, gap->before - gap->after),
			  vmm_ns(vmm, gap->before - guest->first) / 1000);
	return !guest->backward;
}

static bool exits(unsigned int vcpus, uint32_t hold_us, unsigned int processes)
{
	const uint64_t count = ktap_count(200, 2000);
	uint32_t session = live_session(1, 1, QUANTUM_NS, 0);
	struct live_holder holder = { 0 };
	struct live_vcpu view = { 0 };
	struct live_busy busy;
	struct vmm vmm;
	unsigned int i;
	bool ok;

	live_busy(&busy, processes);
	vmm_new(&vmm, &(struct vmm_setup){ .vcpus = vcpus });
	for (i = 0; i < vcpus; i++) {
		vmm.area->vcpu[i].program = GUEST_EXITS;
		vmm.area->vcpu[i].count = count;
		vmm.area->vcpu[i].work = 10000;
	}
	vmm.area->go = 0;
	vmm.shared->exit_us = EXIT_US;
	ok = vmm_start(&vmm) && session && !live_attach(session, 0, &vmm) &&
	     live_stopped(session, 0, vcpus) &&
	     live_hold(&holder, session, 1, QUANTUM_NS, hold_us);
	vmm.area->go = 1;
	ok = ok && !control_state(session, LIVESTACK_STATE_RUNNING);
	for (i = 0; ok && i < vcpus; i++) {
		ok = vmm_wait(&vmm, i, PATIENCE_S) && live_get(session, 0, i, &view);
		ktap_note("vCPU %u: %lu us in the median, 3 of 4 within %lu us, %lu us at most", i,
			  vmm_sample_ns(&vmm, i, 50) / 1000, vmm_sample_ns(&vmm, i, 75) / 1000,
			  vmm_sample_ns(&vmm, i, 100) / 1000);
		ktap_note("  in user space for %lu us; overshoot up to %lu us", view.user_ns / 1000,
			  view.overshoot_max_ns / 1000);
		ok = never_back(&vmm, i) && ok && vmm_sample_ns(&vmm, i, 75) < SHORT_NS &&
		     view.user_ns >= count * EXIT_US * 1000;
	}
	live_busy_end(&busy);
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

	ktap_plan(3);
	vmm_ok(exits(1, 0, 0), "exits of 2 ms are no time of the guest's");
	vmm_ok(exits(2, 1000, 0), "nor are they with two vCPUs and windows held open");
	vmm_ok(exits(1, 0, 4), "nor with 4 busy processes beside");
	return ktap_end();
}
