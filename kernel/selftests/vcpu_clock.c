// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests that read their clocks while every window is held open for longer than it lasts: a clock
 * never goes back, does not show what it was held for, and goes as the session's; those of one
 * machine and of several stay within a window of each other.
 *
 * Needs: livestack.ko and livestack_vcpu.ko loaded; /dev/kvm; root.
 */

#include <unistd.h>

#include "ktap.h"
#include "live.h"

#define PATIENCE_S 30
#define QUANTUM_NS 1000000UL
#define HOLD_US 5000
#define MACHINES 2
#define WARM_UP 20 /* windows */

struct place {
	unsigned int machines, vcpus; /* so many of each */
	struct vmm vmm[MACHINES];
	uint32_t session;
	struct live_holder holder;
	uint64_t tsc[MACHINES][GUEST_VCPUS], clock_ns[MACHINES][GUEST_VCPUS]; /* at the start */
};

static bool set_up(struct place *place)
{
	unsigned int m, v;

	place->session = live_session(place->machines, 1, QUANTUM_NS, 0);
	if (!place->session ||
	    !live_hold(&place->holder, place->session, place->machines, QUANTUM_NS, HOLD_US))
		return false;
	for (m = 0; m < place->machines; m++) {
		struct vmm *vmm = &place->vmm[m];

		vmm_new(vmm, &(struct vmm_setup){ .vcpus = place->vcpus });
		for (v = 0; v < place->vcpus; v++)
			vmm->area->vcpu[v].program = GUEST_CLOCK;
		if (!vmm_start(vmm) || !vmm_wait_rounds(vmm, place->vcpus - 1, 100, PATIENCE_S) ||
		    live_attach(place->session, m, vmm) ||
		    !live_stopped(place->session, m, place->vcpus))
			return false;
	}
	return true;
}

static bool all_stand(const struct place *place)
{
	unsigned int m;

	for (m = 0; m < place->machines; m++)
		if (!live_stopped(place->session, m, place->vcpus))
			return false;
	return true;
}

static bool run_to(const struct place *place, uint64_t windows)
{
	return !control_state(place->session, LIVESTACK_STATE_RUNNING) &&
	       live_reaches(place->session, windows * QUANTUM_NS, PATIENCE_S) &&
	       !control_state(place->session, LIVESTACK_STATE_PAUSED) && all_stand(place);
}

/* Where all stand after a while. What is counted is counted from here on. */
static bool begin(struct place *place)
{
	struct live_vcpu view;
	unsigned int m, v;

	if (!run_to(place, WARM_UP))
		return false;
	for (m = 0; m < place->machines; m++)
		for (v = 0; v < place->vcpus; v++) {
			struct guest_vcpu *guest = &place->vmm[m].area->vcpu[v];

			if (!live_get(place->session, m, v, &view))
				return false;
			place->tsc[m][v] = guest->last;
			place->clock_ns[m][v] = view.clock_ns;
			guest->ahead = 0;
			guest->longest = 0;
			guest->gap_count = 0;
			guest->long_gap = vmm_ticks(&place->vmm[m], HOLD_US * 1000);
		}
	return true;
}

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* Of any vCPU of the machine: the others may see it as far ahead. */
static uint64_t furthest_overshoot(const struct place *place, unsigned int m)
{
	struct live_vcpu view;
	uint64_t furthest = 0;
	unsigned int v;

	for (v = 0; v < place->vcpus; v++)
		if (live_get(place->session, m, v, &view) && view.overshoot_max_ns > furthest)
			furthest = view.overshoot_max_ns;
	return furthest;
}

/* One vCPU after the run, when all stand again at the end of a window. */
static bool looks_right(struct place *place, unsigned int m, unsigned int v, uint64_t windows)
{
	const struct vmm *vmm = &place->vmm[m];
	const struct guest_vcpu *guest = &vmm->area->vcpu[v];
	const uint64_t end_ns = live_told(place->session, LIVESTACK_A_SESSION_WINDOW_END_NS);
	const uint64_t guest_ns = vmm_ns(vmm, guest->last - place->tsc[m][v]);
	struct live_vcpu view;
	uint64_t gate_ns;
	bool ok;

	if (!live_get(place->session, m, v, &view))
		return false;
	gate_ns = view.clock_ns - place->clock_ns[m][v];
	ktap_note("machine %u vCPU %u: %lu us by its gate, %lu us by its clock; %lu us past %lu ms",
		  m, v, gate_ns / 1000, guest_ns / 1000, (view.clock_ns - end_ns) / 1000,
		  end_ns / QUANTUM_NS);
	ktap_note("  %lu parks, overshoot up to %lu us; preempted for %lu us; way in %lu us",
		  view.parks, view.overshoot_max_ns / 1000, view.preempted_ns / 1000,
		  view.entry_ns / 1000);
	ktap_note("  %lu gaps of %u us, up to %lu us; back %lu times; %lu us apart",
		  guest->gap_count, HOLD_US, vmm_ns(vmm, guest->longest) / 1000, guest->backward,
		  vmm_ns(vmm, guest->ahead) / 1000);
	/* It overshoots where the emulated processor was away: since its last reading, then. */
	ok = !guest->backward && view.clock_ns >= end_ns &&
	     view.clock_ns - end_ns <= view.overshoot_max_ns + 1 &&
	     apart(guest_ns, gate_ns) <= QUANTUM_NS + view.overshoot_max_ns +
					vmm_ns(vmm, guest->longest);
	/* The emulated processor itself is away for some: of what is held all would show. */
	ok = ok && guest->gap_count <= windows / 10;
	return ok && vmm_ns(vmm, guest->ahead) <= QUANTUM_NS + furthest_overshoot(place, m);
}

static bool clocks(unsigned int machines, unsigned int vcpus, unsigned int processes)
{
	const uint64_t windows = ktap_count(300, 2000);
	struct place place = { .machines = machines, .vcpus = vcpus };
	struct live_busy busy = { 0 };
	unsigned int m, v;
	bool ok;

	live_busy(&busy, processes);
	ok = set_up(&place) && begin(&place) && run_to(&place, WARM_UP + windows);
	for (m = 0; m < machines; m++)
		for (v = 0; ok && v < vcpus; v++)
			ok = looks_right(&place, m, v, windows);
	live_busy_end(&busy);
	live_hold_end(&place.holder, place.session);
	ok &= live_over(place.session, machines);
	for (m = 0; m < machines; m++) {
		ok = ok && vmm_wait_rounds(&place.vmm[m], 0,
					   place.vmm[m].area->vcpu[0].rounds + 100, PATIENCE_S);
		vmm_end(&place.vmm[m]);
	}
	return ok;
}

int main(void)
{
	if (live_missing())
		return ktap_skip_all(live_missing());
	if (!live_chosen())
		return ktap_skip_all(LIVE_NOT_CHOSEN);

	ktap_plan(4);
	ktap_ok(clocks(1, 1, 0), "the clock of one vCPU goes as its session's, however held");
	ktap_ok(clocks(1, 1, 4), "with 4 busy processes beside it too");
	ktap_ok(clocks(1, 2, 0), "those of two vCPUs do, within a window of each other");
	ktap_ok(clocks(2, 2, 4), "those of two machines do, with 4 busy processes beside");
	return ktap_end();
}
