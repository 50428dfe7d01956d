// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gated guests that have nothing to do: their time is skipped, and their clocks are right when they
 * wake. A vCPU that is idle holds no other back, nor is it held back.
 *
 * Needs: livestack.ko and livestack_vcpu.ko loaded; /dev/kvm; root.
 */

#include <unistd.h>

#include "host_clock.h"
#include "ktap.h"
#include "live.h"

#define PATIENCE_S 30
#define QUANTUM_NS 1000000UL
#define MS 1000000UL
#define S 1000000000UL

/* A session that runs, with a machine whose vCPUs begin their programs with it. */
static uint32_t begin(struct vmm *vmm, const struct vmm_setup *setup,
		      const struct guest_vcpu *programs, uint64_t end_ns)
{
	uint32_t session = live_session(1, 0, QUANTUM_NS, end_ns);
	unsigned int i;

	vmm_new(vmm, setup);
	for (i = 0; i < setup->vcpus; i++) {
		vmm->area->vcpu[i] = programs[i];
		vmm->area->vcpu[i].self = GUEST_AREA + offsetof(struct guest_area, vcpu[i]);
	}
	vmm->area->go = 0;
	if (!vmm_start(vmm) || !session || live_attach(session, 0, vmm) ||
	    !live_stopped(session, 0, setup->vcpus))
		return 0;
	for (i = 0; i < setup->vcpus; i++)
		vmm->area->vcpu[i].ticks = vmm_ticks(vmm, programs[i].ticks);
	vmm->area->go = 1;
	return control_state(session, LIVESTACK_STATE_RUNNING) ? 0 : session;
}

static bool over(struct vmm *vmm, uint32_t session)
{
	const bool ok = session && live_over(session, 1);

	vmm_end(vmm);
	return ok;
}

/* What the vCPU's clock says its program took. */
static uint64_t passed_ns(const struct vmm *vmm, unsigned int vcpu)
{
	const struct guest_vcpu *guest = &vmm->area->vcpu[vcpu];

	return vmm_ns(vmm, guest->last - guest->first);
}

/* Is through in less than a fiftieth of that. */
static bool long_sleep(uint64_t sleep_ns)
{
	const uint64_t began = time_of(CLOCK_MONOTONIC);
	struct live_vcpu view = { 0 };
	uint64_t passed, skipped, took;
	struct vmm vmm;
	uint32_t session;
	bool ok;

	session = begin(&vmm, &(struct vmm_setup){ .vcpus = 1 },
			&(struct guest_vcpu){ .program = GUEST_SLEEPER, .count = 1,
					      .ticks = sleep_ns }, 0);
	ok = session && vmm_wait(&vmm, 0, PATIENCE_S) && live_get(session, 0, 0, &view);
	passed = passed_ns(&vmm, 0);
	skipped = live_told(session, LIVESTACK_A_SESSION_SKIPPED_NS);
	took = time_of(CLOCK_MONOTONIC) - began;
	ktap_note("%lu us for the guest, %lu us skipped, %lu us idle; %lu ms of wall time",
		  passed / 1000, skipped / 1000, view.idle_ns / 1000, took / MS);
	ok = ok && passed >= sleep_ns && passed <= sleep_ns + 100 * MS &&
	     skipped >= sleep_ns - S && view.idle_ns >= sleep_ns - S &&
	     (live_slow() || took < sleep_ns / 50);
	return over(&vmm, session) && ok;
}

/* A tick of 250 Hz, in less than a fifth of its time. */
static bool ticks(void)
{
	const unsigned int count = ktap_count(2500, 15000);
	uint64_t began = time_of(CLOCK_MONOTONIC), passed;
	struct vmm vmm;
	uint32_t session;
	bool ok;

	session = begin(&vmm, &(struct vmm_setup){ .vcpus = 1 },
			&(struct guest_vcpu){ .program = GUEST_TICK, .count = count,
					      .ticks = 4 * MS }, 0);
	ok = session && vmm_wait(&vmm, 0, PATIENCE_S);
	began = time_of(CLOCK_MONOTONIC) - began;
	passed = passed_ns(&vmm, 0);
	ktap_note("%u times 4 ms take %lu us for the guest, %lu ms of wall time", count,
		  passed / 1000, began / MS);
	ok = ok && passed >= (count - VMM_TWICE(count)) * 4 * MS &&
	     (live_slow() || passed <= (count + count / 20) * 4 * MS);
	return over(&vmm, session) && ok;
}

/* The clock of the first goes through all windows, the second wakes in them at its times. */
static bool idle_and_busy(void)
{
	const unsigned int count = ktap_count(10, 100);
	const struct guest_vcpu programs[] = {
		{ .program = GUEST_CLOCK },
		{ .program = GUEST_SLEEPER, .count = count, .ticks = 20 * MS },
	};
	struct live_vcpu busy = { 0 }, idle = { 0 };
	struct vmm vmm;
	uint32_t session;
	bool ok;

	session = begin(&vmm, &(struct vmm_setup){ .vcpus = 2 }, programs, 0);
	ok = session && vmm_wait(&vmm, 1, PATIENCE_S) &&
	     !control_state(session, LIVESTACK_STATE_PAUSED) && live_stopped(session, 0, 2) &&
	     live_get(session, 0, 0, &busy) && live_get(session, 0, 1, &idle);
	ktap_note("idle %lu us of %lu us; %lu parks, behind %lu us", idle.idle_ns / 1000,
		  busy.clock_ns / 1000, busy.parks, vmm_ns(&vmm, vmm.area->vcpu[0].ahead) / 1000);
	ok = vmm_timers_right(&vmm, 1) && ok &&
	     busy.state == LIVESTACK_VCPU_STATE_PARKED && busy.parks >= count &&
	     idle.idle_ns >= count * 10 * MS && !vmm.area->vcpu[0].backward &&
	     vmm_ns(&vmm, vmm.area->vcpu[0].ahead) <=
		     QUANTUM_NS + busy.overshoot_max_ns + idle.overshoot_max_ns &&
	     passed_ns(&vmm, 1) <= busy.clock_ns + QUANTUM_NS + idle.overshoot_max_ns;
	return over(&vmm, session) && ok;
}

/* The second is never started. */
static bool offline(void)
{
	const uint64_t windows = ktap_count(100, 1000);
	const struct guest_vcpu programs[] = { { .program = GUEST_CLOCK }, { 0 } };
	struct live_vcpu view = { 0 };
	struct vmm vmm;
	uint32_t session;
	bool ok;

	session = begin(&vmm, &(struct vmm_setup){ .vcpus = 2, .offline = 2 }, programs, 0);
	ok = session && live_reaches(session, windows * QUANTUM_NS, PATIENCE_S) &&
	     live_get(session, 0, 1, &view) && view.state == LIVESTACK_VCPU_STATE_IDLE &&
	     live_component(session, 0, LIVESTACK_A_COMPONENT_VCPUS) == 2;
	return over(&vmm, session) && ok;
}

/* Nobody ever has anything to do: the session goes to its end at once. */
static bool for_ever(void)
{
	const struct guest_vcpu programs[2] = { { .program = GUEST_HALT } };
	struct vmm vmm;
	uint32_t session;
	bool ok;

	session = begin(&vmm, &(struct vmm_setup){ .vcpus = 2 }, programs, 3600 * S);
	ok = session && live_reaches(session, 3600 * S, PATIENCE_S) &&
	     live_told(session, LIVESTACK_A_SESSION_CLOCK_NS) == 3600 * S &&
	     live_told(session, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_ENDED;
	return over(&vmm, session) && ok;
}

/* A device's interrupt wakes one that waits for nothing, in a session that waits too. */
static bool woken(void)
{
	const unsigned int count = ktap_count(50, 1000);
	const struct guest_vcpu programs[] = { { .program = GUEST_HALT } };
	unsigned int i, tries;
	struct vmm vmm;
	uint32_t session;
	bool ok;

	session = begin(&vmm, &(struct vmm_setup){ .vcpus = 1 }, programs, 0);
	ok = session && vmm_wait(&vmm, 0, PATIENCE_S);
	for (i = 1; ok && i <= count; i++) {
		ok = vmm_order(&vmm, VMM_KICK);
		for (tries = 0; ok && tries < 5000 && vmm.area->vcpu[0].kicks < i; tries++)
			usleep(1000);
		ok = ok && vmm.area->vcpu[0].kicks == i;
	}
	ktap_note("%lu of %u interrupts taken", vmm.area->vcpu[0].kicks, count);
	return over(&vmm, session) && ok;
}

int main(void)
{
	if (live_missing())
		return ktap_skip_all(live_missing());

	ktap_plan(7);
	vmm_ok(long_sleep(600 * S), "600 s of sleep are skipped, and the clock is right");
	vmm_ok(long_sleep(40000 * S), "so are eleven hours");
	vmm_ok(ticks(), "a guest with a tick of 250 Hz keeps its time");
	vmm_ok(idle_and_busy(), "of two vCPUs one sleeps while the other is busy");
	vmm_ok(offline(), "a vCPU that was never started holds nothing up");
	vmm_ok(for_ever(), "where nobody has anything to do the session goes to its end");
	vmm_ok(woken(), "interrupts wake a guest that waits for nothing");
	return ktap_end();
}
