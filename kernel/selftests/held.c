// SPDX-License-Identifier: GPL-2.0-only

#include "held.h"

bool held_set_up(struct held *held)
{
	unsigned int m, v;

	held->session = live_session(held->machines, 1, HELD_QUANTUM_NS, 0);
	if (!held->session || !live_hold(&held->holder, held->session, held->machines,
					 HELD_QUANTUM_NS, HELD_US))
		return false;
	for (m = 0; m < held->machines; m++) {
		struct vmm *vmm = &held->vmm[m];

		vmm_new(vmm, &(struct vmm_setup){ .vcpus = held->vcpus });
		for (v = 0; v < held->vcpus; v++)
			vmm->area->vcpu[v].program = GUEST_CLOCK;
		if (!vmm_start(vmm) ||
		    !vmm_wait_rounds(vmm, held->vcpus - 1, 100, HELD_PATIENCE_S) ||
		    live_attach(held->session, m, vmm) ||
		    !live_stopped(held->session, m, held->vcpus))
			return false;
	}
	return true;
}

bool held_run_to(const struct held *held, uint64_t windows)
{
	return live_run_to(held->session, windows * HELD_QUANTUM_NS, held->machines, held->vcpus,
			   HELD_PATIENCE_S);
}

bool held_over(struct held *held)
{
	unsigned int m;
	bool ok;

	live_hold_end(&held->holder, held->session);
	ok = live_over(held->session, held->machines);
	for (m = 0; m < held->machines; m++) {
		struct vmm *vmm = &held->vmm[m];

		if (!vmm->area)
			break;
		ok = ok && vmm_wait_rounds(vmm, 0, vmm->area->vcpu[0].rounds + 100,
					   HELD_PATIENCE_S);
		vmm_end(vmm);
	}
	return ok;
}
