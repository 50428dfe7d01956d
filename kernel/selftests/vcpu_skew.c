// SPDX-License-Identifier: GPL-2.0-only
/*
 * How far the clocks of one machine's vCPUs are apart: a window at most, and where there are more
 * of them than processors, or the machine was attached as exact, one of the steps that a window is
 * gone through in, beside what each is reported to overshoot. So the guests see it, too.
 *
 * Needs: livestack.ko and livestack_vcpu.ko loaded; /dev/kvm; root.
 */

#include <stdio.h>
#include <unistd.h>

#include "ktap.h"
#include "live.h"

#define PATIENCE_S 30
#define WARM_UP 20 /* windows */
#define QUANTUM_NS 10000000UL
/* Two readings in a guest, beside one in the gate. */
#define READING_NS 1000000UL

struct place {
	unsigned int vcpus;
	int flag; /* to attach with */
	struct vmm vmm;
	uint32_t session;
	uint64_t step_ns; /* that they are held to */
};

/* As long as the module has it, where the host is emulated as where it is not. */
static uint64_t step_ns(void)
{
	FILE *file = fopen("/sys/module/livestack_vcpu/parameters/step_us", "r");
	long us = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%ld", &us) != 1)
		us = 0;
	fclose(file);
	return us < 0 ? 1000000 : us * 1000UL;
}

static bool set_up(struct place *place)
{
	struct vmm *vmm = &place->vmm;
	unsigned int i;

	place->session = live_session(1, 0, QUANTUM_NS, 0);
	vmm_new(vmm, &(struct vmm_setup){ .vcpus = place->vcpus });
	for (i = 0; i < place->vcpus; i++)
		vmm->area->vcpu[i].program = GUEST_CLOCK;
	return place->session && vmm_start(vmm) &&
	       vmm_wait_rounds(vmm, place->vcpus - 1, 100, PATIENCE_S) &&
	       !live_attach_pid(place->session, 0, vmm->pid, vmm_start_ticks(vmm->pid),
				place->flag, NULL) &&
	       live_stopped(place->session, 0, place->vcpus);
}

static bool run_to(struct place *place, uint64_t windows)
{
	return live_run_to(place->session, windows * QUANTUM_NS, 1, place->vcpus, PATIENCE_S);
}

/* What each ran on before it was first stopped does not count. */
static bool run(struct place *place, uint64_t windows)
{
	unsigned int i;

	if (!run_to(place, WARM_UP))
		return false;
	for (i = 0; i < place->vcpus; i++)
		place->vmm.area->vcpu[i].ahead = 0;
	return run_to(place, WARM_UP + windows);
}

static bool looks_right(struct place *place, uint64_t windows)
{
	const uint64_t skew_ns = live_component(place->session, 0,
						LIVESTACK_A_COMPONENT_SKEW_MAX_NS);
	const uint64_t overshoot_ns = live_overshoot(place->session, 0, place->vcpus);
	uint64_t parks = 0, ahead_ns = 0;
	struct live_vcpu view;
	unsigned int i;
	bool ok = skew_ns;

	for (i = 0; i < place->vcpus; i++) {
		const struct guest_vcpu *guest = &place->vmm.area->vcpu[i];

		if (!live_get(place->session, 0, i, &view))
			return false;
		ok = ok && !guest->backward;
		parks += view.parks;
		if (vmm_ns(&place->vmm, guest->ahead) > ahead_ns)
			ahead_ns = vmm_ns(&place->vmm, guest->ahead);
	}
	ktap_note("%u vCPUs: up to %lu us apart, %lu as they see it; %lu stops in %lu windows",
		  place->vcpus, skew_ns / 1000, ahead_ns / 1000, parks, windows);
	ktap_note("  steps of %lu us, overshot by %lu us at most", place->step_ns / 1000,
		  overshoot_ns / 1000);
	return ok && skew_ns <= place->step_ns + overshoot_ns + 1 &&
	       ahead_ns <= place->step_ns + overshoot_ns + READING_NS &&
	       parks >= windows / 2 * (QUANTUM_NS / place->step_ns) / 4;
}

static bool apart(unsigned int vcpus, int flag, uint64_t step_ns)
{
	const uint64_t windows = ktap_count(30, 300);
	struct place place = { .vcpus = vcpus, .flag = flag, .step_ns = step_ns };
	bool ok = set_up(&place) && run(&place, windows) && looks_right(&place, windows);

	ok &= live_over(place.session, 1);
	ok = ok && vmm_wait_rounds(&place.vmm, 0, place.vmm.area->vcpu[0].rounds + 100, PATIENCE_S);
	vmm_end(&place.vmm);
	return ok;
}

int main(void)
{
	const unsigned int processors = sysconf(_SC_NPROCESSORS_ONLN);
	const unsigned int many = processors < GUEST_VCPUS ? processors + 2 : 0;

	if (live_missing())
		return ktap_skip_all(live_missing());

	ktap_plan(3);
	if (processors < 2)
		ktap_skip("vCPUs with a processor each are a window apart at most", "one CPU");
	else
		vmm_ok(apart(2, 0, QUANTUM_NS),
		       "vCPUs with a processor each are a window apart at most");
	if (!many || !step_ns())
		ktap_skip("more vCPUs than processors are a step apart", "many CPUs, or no steps");
	else
		vmm_ok(apart(many, 0, step_ns()), "more vCPUs than processors are a step apart");
	if (!step_ns())
		ktap_skip("those of an exact machine are too", "no steps");
	else
		vmm_ok(apart(2, LIVESTACK_A_COMPONENT_EXACT, step_ns()),
		       "those of an exact machine are too");
	return ktap_end();
}
