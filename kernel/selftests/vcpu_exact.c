// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest can see of its gate, where time is counted in instructions, so that nothing but the
 * gate can show: gaps in its clock, and how long work takes by it. Each is compared with runs of
 * the same that nobody gates, taken in turn with those.
 *
 * Needs: livestack.ko and livestack_vcpu.ko loaded; /dev/kvm; root; a host with exact time.
 */
#include <stdlib.h>
#include <unistd.h>

#include "held.h"
#include "ktap.h"

#define PAIRS 7
#define OVERSHOOT_NS 100000 /* ten times what an exit takes */
#define JOB_ROUNDS 20
#define JOB_WORK 4000000UL

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The longest gap that a guest sees which nobody gates, in ns; 0: there was none to see. */
static uint64_t free_gap(unsigned int ms)
{
	struct vmm vmm;
	uint64_t longest = 0;

	vmm_new(&vmm, &(struct vmm_setup){ .vcpus = 1 });
	vmm.area->vcpu[0].program = GUEST_CLOCK;
	if (vmm_start(&vmm) && vmm_wait_rounds(&vmm, 0, 100, HELD_PATIENCE_S)) {
		vmm.area->vcpu[0].longest = 0;
		usleep(ms * 1000);
		longest = vmm_ns(&vmm, vmm.area->vcpu[0].longest);
	}
	vmm_end(&vmm);
	return longest;
}

/* The same of one whose windows are held; *@overshoot as its gate reports it. */
static uint64_t held_gap(unsigned int windows, uint64_t *overshoot)
{
	struct held held = { .machines = 1, .vcpus = 1 };
	struct guest_vcpu *guest;
	uint64_t longest = 0;

	if (held_set_up(&held) && held_run_to(&held, 1)) {
		guest = &held.vmm[0].area->vcpu[0];
		guest->longest = 0;
		if (held_run_to(&held, 1 + windows) && !guest->backward)
			longest = vmm_ns(&held.vmm[0], guest->longest);
		*overshoot = larger(*overshoot, live_overshoot(held.session, 0, 1));
	}
	return held_over(&held) ? longest : 0;
}

static bool shows_no_gap(void)
{
	const unsigned int windows = ktap_count(50, 300);
	uint64_t free = 0, held = 0, overshoot = 0, gap;
	unsigned int pair;

	for (pair = 0; pair < PAIRS; pair++) {
		gap = free_gap(windows);
		if (!gap)
			return false;
		free = larger(free, gap);
		gap = held_gap(windows, &overshoot);
		if (!gap)
			return false;
		held = larger(held, gap);
	}
	ktap_note("%u windows: up to %lu us, %lu us where nobody gates; overshoot up to %lu us",
		  PAIRS * windows, held / 1000, free / 1000, overshoot / 1000);
	return held <= free + overshoot && overshoot <= OVERSHOOT_NS;
}

/* How long a job takes by the guest's own clock, in ns; 0: it did not end. */
static uint64_t job(uint64_t quantum_ns)
{
	const bool gated = quantum_ns > 0;
	uint32_t session = 0;
	uint64_t took = 0;
	struct vmm vmm;
	unsigned int i;
	bool ok;

	vmm_new(&vmm, &(struct vmm_setup){ .vcpus = 1 });
	vmm.area->vcpu[0].program = GUEST_JOB;
	vmm.area->vcpu[0].count = JOB_ROUNDS;
	vmm.area->vcpu[0].work = JOB_WORK;
	vmm.area->go = 0;
	ok = vmm_start(&vmm);
	if (gated) {
		session = live_session(1, 0, quantum_ns, 0);
		ok = ok && session && !live_attach(session, 0, &vmm) &&
		     live_stopped(session, 0, 1) &&
		     !control_state(session, LIVESTACK_STATE_RUNNING);
	}
	vmm.area->go = 1;
	ok = ok && vmm_wait(&vmm, 0, HELD_PATIENCE_S);
	for (i = 0; ok && i < JOB_ROUNDS; i++)
		took += vmm.area->vcpu[0].samples[i];
	if (session)
		ok = live_over(session, 1) && ok;
	took = vmm_ns(&vmm, took);
	vmm_end(&vmm);
	return ok ? took : 0;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool work(unsigned int quantum_ms, double ratio_at_most)
{
	double ratio[PAIRS];
	unsigned int pair;

	for (pair = 0; pair < PAIRS; pair++) {
		const uint64_t free = job(0), gated = job(quantum_ms * 1000000UL);

		if (!free || !gated)
			return false;
		ratio[pair] = (double)gated / free;
	}
	qsort(ratio, PAIRS, sizeof(*ratio), compare);
	ktap_note("%u pairs: %.4f times as long in the median, %.4f to %.4f", PAIRS,
		  ratio[PAIRS / 2], ratio[0], ratio[PAIRS - 1]);
	return ratio[PAIRS / 2] <= ratio_at_most && ratio[PAIRS / 2] >= 2 - ratio_at_most;
}

int main(void)
{
	if (live_missing())
		return ktap_skip_all(live_missing());
	if (!getenv("LS_EXACT"))
		return ktap_skip_all("needs a host that counts its time: lab test vcpu --exact");

	ktap_plan(3);
	vmm_ok(shows_no_gap(), "a guest sees no gap larger than ungated; windows stop it");
	vmm_ok(work(10, 1.02), "a job takes as long by its clock, within 2 % in windows of 10 ms");
	vmm_ok(work(1, 1.05), "within 5 % in windows of 1 ms");
	return ktap_end();
}
