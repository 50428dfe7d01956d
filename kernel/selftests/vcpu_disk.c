// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that waits for its VMM is not idle: what the VMM does for it takes no simulated time,
 * however long it takes the host, and time is skipped only when the VMM is through.
 *
 * Needs: livestack.ko and livestack_vcpu.ko loaded; /dev/kvm; root.
 */

#include <unistd.h>

#include "ktap.h"
#include "live.h"

#define PATIENCE_S 60
#define QUANTUM_NS 1000000UL
#define S 1000000000UL

/* A guest that is otherwise idle but for a timer of 1 Hz: skipped to when a request is missed. */
static bool begin(struct vmm *vmm, uint32_t session, uint64_t count, uint32_t disk_us)
{
	struct guest_vcpu *guest;

	vmm_new(vmm, &(struct vmm_setup){ .vcpus = 1 });
	guest = &vmm->area->vcpu[0];
	guest->program = GUEST_DISK;
	guest->count = count;
	guest->work = 100;
	vmm->shared->disk_us = disk_us;
	vmm->area->go = 0;
	if (!vmm_start(vmm) || !session || live_attach(session, 0, vmm) ||
	    !live_stopped(session, 0, 1))
		return false;
	guest->ticks = vmm_ticks(vmm, 1 * S);
	vmm->area->go = 1;
	return !control_state(session, LIVESTACK_STATE_RUNNING);
}

static bool requests(uint32_t disk_us, unsigned int processes)
{
	const uint64_t count = ktap_count(100, 1000);
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	struct live_vcpu view = { 0 };
	struct live_busy busy;
	uint64_t longest, busy_vmm;
	unsigned int i, slow = 0;
	struct vmm vmm;
	bool ok;

	live_busy(&busy, processes);
	ok = begin(&vmm, session, count, disk_us) && vmm_wait(&vmm, 0, PATIENCE_S) &&
	     live_get(session, 0, 0, &view);
	live_busy_end(&busy);
	longest = vmm_sample_ns(&vmm, 0, 100);
	busy_vmm = live_component(session, 0, LIVESTACK_A_COMPONENT_VMM_BUSY);
	for (i = 0; i < count; i++)
		slow += vmm_ns(&vmm, vmm.area->vcpu[0].samples[i]) > 2 * QUANTUM_NS;
	ktap_note("%lu times %u us: %lu us in the median, %lu at most, %u above two windows",
		  vmm.shared->disks, disk_us, vmm_sample_ns(&vmm, 0, 50) / 1000, longest / 1000,
		  slow);
	ktap_note("%lu us of idle time, overshoot up to %lu us, %lu times not waited for",
		  view.idle_ns / 1000, view.overshoot_max_ns / 1000, busy_vmm);
	/*
	 * The median: where the emulated processor was away the guest was in its windows for
	 * longer. Of time that was skipped there must be none.
	 */
	ok = ok && vmm.area->vcpu[0].disks == count && busy_vmm == 0 &&
	     view.idle_ns <= count * QUANTUM_NS / 10 &&
	     (live_slow() || vmm_sample_ns(&vmm, 0, 50) <= 2 * QUANTUM_NS);
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

/* It is waited for a second, and that it was given up then is told. */
static bool busy_for_long(void)
{
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	struct vmm vmm;
	bool ok = begin(&vmm, session, 1, 3000000);
	uint64_t given_up;

	ok = ok && vmm_wait(&vmm, 0, PATIENCE_S);
	given_up = live_component(session, 0, LIVESTACK_A_COMPONENT_VMM_BUSY);
	ktap_note("a request of 3 s: given up %lu times, %lu us for the guest", given_up,
		  vmm_sample_ns(&vmm, 0, 100) / 1000);
	ok = ok && given_up && vmm.area->vcpu[0].disks == 1;
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

/* A VMM whose worker only sleeps has nothing to do: time is skipped to the guest's timer. */
static bool calm_worker(void)
{
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	struct vmm vmm;
	bool ok;

	ok = begin(&vmm, session, 1, 500000);
	vmm.shared->disk_sleeps = 1;
	vmm.area->go = 1;
	ok = ok && vmm_wait(&vmm, 0, PATIENCE_S) &&
	     live_component(session, 0, LIVESTACK_A_COMPONENT_VMM_BUSY) == 0;
	ktap_note("asleep for 500 ms: %lu timers of 1 s taken meanwhile", vmm.area->vcpu[0].timers);
	ok = ok && vmm.area->vcpu[0].timers > 0;
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

int main(void)
{
	if (live_missing())
		return ktap_skip_all(live_missing());

	ktap_plan(5);
	vmm_ok(requests(3000, 0), "what the VMM does for its guest takes no simulated time");
	vmm_ok(requests(20000, 0), "however long it takes");
	vmm_ok(requests(3000, 4), "with 4 busy processes beside it too");
	vmm_ok(calm_worker(), "time is skipped while a VMM sleeps");
	vmm_ok(busy_for_long(), "a VMM that stays busy is waited for no longer than that");
	return ktap_end();
}
