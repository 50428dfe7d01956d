// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests that read their clocks while every window is held open for longer than it lasts: a clock
 * never goes back, does not show what it was held for, and goes as the session's; those of one
 * machine and of several stay within a window of each other.
 *
 * Needs: livestack.ko and livestack_vcpu.ko loaded; /dev/kvm; root.
 */

#include "held.h"
#include "ktap.h"

#define WARM_UP 20 /* windows */

struct place {
	struct held held;
	/* At the start. */
	uint64_t tsc[HELD_MACHINES][GUEST_VCPUS], clock_ns[HELD_MACHINES][GUEST_VCPUS];
};

/* Where all stand after a while. What is counted is counted from here on. */
static bool begin(struct place *place)
{
	const struct held *held = &place->held;
	struct live_vcpu view;
	unsigned int m, v;

	if (!held_run_to(held, WARM_UP))
		return false;
	for (m = 0; m < held->machines; m++)
		for (v = 0; v < held->vcpus; v++) {
			struct guest_vcpu *guest = &held->vmm[m].area->vcpu[v];

			if (!live_get(held->session, m, v, &view))
				return false;
			place->tsc[m][v] = guest->last;
			place->clock_ns[m][v] = view.clock_ns;
			guest->ahead = 0;
			guest->longest = 0;
			guest->gap_count = 0;
			guest->long_gap = vmm_ticks(&held->vmm[m], HELD_US * 1000);
		}
	return true;
}

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* One vCPU after the run, when all stand again at the end of a window. */
static bool looks_right(struct place *place, unsigned int m, unsigned int v, uint64_t windows)
{
	const struct held *held = &place->held;
	const struct vmm *vmm = &held->vmm[m];
	const struct guest_vcpu *guest = &vmm->area->vcpu[v];
	const uint64_t end_ns = live_told(held->session, LIVESTACK_A_SESSION_WINDOW_END_NS);
	const uint64_t guest_ns = vmm_ns(vmm, guest->last - place->tsc[m][v]);
	struct live_vcpu view;
	uint64_t gate_ns;
	bool ok;

	if (!live_get(held->session, m, v, &view))
		return false;
	gate_ns = view.clock_ns - place->clock_ns[m][v];
	ktap_note("machine %u vCPU %u: %lu us by its gate, %lu us by its clock; %lu us past %lu ms",
		  m, v, gate_ns / 1000, guest_ns / 1000, (view.clock_ns - end_ns) / 1000,
		  end_ns / HELD_QUANTUM_NS);
	ktap_note("  %lu parks, overshoot up to %lu us; preempted for %lu us; way in %lu us",
		  view.parks, view.overshoot_max_ns / 1000, view.preempted_ns / 1000,
		  view.entry_ns / 1000);
	ktap_note("  %lu gaps of %u us, up to %lu us; back %lu times; %lu us apart",
		  guest->gap_count, HELD_US, vmm_ns(vmm, guest->longest) / 1000, guest->backward,
		  vmm_ns(vmm, guest->ahead) / 1000);
	/* It overshoots where the emulated processor was away: since its last reading, then. */
	ok = !guest->backward && view.clock_ns >= end_ns &&
	     view.clock_ns - end_ns <= view.overshoot_max_ns + 1 &&
	     apart(guest_ns, gate_ns) <= HELD_QUANTUM_NS + view.overshoot_max_ns +
					vmm_ns(vmm, guest->longest);
	/* The emulated processor itself is away for some: of what is held all would show. */
	ok = ok && guest->gap_count <= windows / 10;
	return ok && vmm_ns(vmm, guest->ahead) <=
			     HELD_QUANTUM_NS + live_overshoot(held->session, m, held->vcpus);
}

static bool clocks(unsigned int machines, unsigned int vcpus, unsigned int processes)
{
	const uint64_t windows = ktap_count(300, 2000);
	struct place place = { .held = { .machines = machines, .vcpus = vcpus } };
	struct live_busy busy = { 0 };
	unsigned int m, v;
	bool ok;

	live_busy(&busy, processes);
	ok = held_set_up(&place.held) && begin(&place) &&
	     held_run_to(&place.held, WARM_UP + windows);
	for (m = 0; m < machines; m++)
		for (v = 0; ok && v < vcpus; v++)
			ok = looks_right(&place, m, v, windows);
	live_busy_end(&busy);
	return held_over(&place.held) && ok;
}

int main(void)
{
	if (live_missing())
		return ktap_skip_all(live_missing());
	if (!ktap_chosen())
		return ktap_skip_all(LIVE_NOT_CHOSEN);

	ktap_plan(4);
	vmm_ok(clocks(1, 1, 0), "the clock of one vCPU goes as its session's, however held");
	vmm_ok(clocks(1, 1, 4), "with 4 busy processes beside it too");
	vmm_ok(clocks(1, 2, 0), "those of two vCPUs do, within a window of each other");
	vmm_ok(clocks(2, 2, 4), "those of two machines do, with 4 busy processes beside");
	return ktap_end();
}
