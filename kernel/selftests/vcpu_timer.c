// SPDX-License-Identifier: GPL-2.0-only
/*
 * A gated guest's timer: it comes at its time by the guest's clock, not before, and is never lost,
 * whatever the vCPU is doing or has done to it when it is due.
 *
 * Needs: livestack.ko and livestack_vcpu.ko loaded; /dev/kvm; root.
 */

#include <unistd.h>

#include "ktap.h"
#include "live.h"

#define PATIENCE_S 30
#define QUANTUM_NS 1000000UL
#define MS 1000000UL

struct place {
	unsigned int vcpus;
	unsigned int busy;
	uint32_t hold_us;
	bool signals; /* to vCPU 0, all the time */
	struct guest_vcpu program;
	struct vmm vmm;
	uint32_t session;
	struct live_holder holder;
};

/* The machine waits until it is gated: its timers are the session's from the first on. */
static bool begin(struct place *place)
{
	struct vmm *vmm = &place->vmm;
	unsigned int i;

	vmm_new(vmm, &(struct vmm_setup){ .vcpus = place->vcpus });
	for (i = 0; i < place->vcpus; i++) {
		place->program.self = vmm->area->vcpu[i].self;
		vmm->area->vcpu[i] = place->program;
	}
	vmm->area->go = 0;
	place->session = live_session(1, place->hold_us != 0, QUANTUM_NS, 0);
	if (!vmm_start(vmm) || !place->session || live_attach(place->session, 0, vmm) ||
	    !live_stopped(place->session, 0, place->vcpus))
		return false;
	if (place->hold_us &&
	    !live_hold(&place->holder, place->session, 1, QUANTUM_NS, place->hold_us))
		return false;
	for (i = 0; i < place->vcpus; i++)
		vmm->area->vcpu[i].ticks = vmm_ticks(vmm, place->program.ticks);
	vmm->area->go = 1;
	return !control_state(place->session, LIVESTACK_STATE_RUNNING);
}

/* Until the guest's program has ended. */
static bool send_signals(struct vmm *vmm)
{
	const struct guest_vcpu *guest = &vmm->area->vcpu[0];
	unsigned int still = 0;
	uint64_t before = 0;

	while (!guest->done && still < PATIENCE_S * 2000) {
		vmm_signal(vmm, 0, SIGUSR1);
		usleep(500);
		still = guest->timers == before ? still + 1 : 0;
		before = guest->timers;
	}
	ktap_note("%lu signals ended KVM_RUN", vmm->shared->signals[0]);
	return guest->done;
}

static bool looks_right(struct place *place, unsigned int vcpu)
{
	const struct vmm *vmm = &place->vmm;
	struct live_vcpu view = { 0 };

	live_get(place->session, 0, vcpu, &view);
	ktap_note("vCPU %u: %lu parks, overshoot up to %lu us", vcpu, view.parks,
		  view.overshoot_max_ns / 1000);
	return vmm_timers_right(vmm, vcpu);
}

static bool run(struct place *place)
{
	struct live_busy busy = { 0 };
	unsigned int i;
	bool ok;

	live_busy(&busy, place->busy);
	ok = begin(place);
	if (place->signals)
		ok = ok && send_signals(&place->vmm);
	for (i = 0; ok && i < place->vcpus; i++)
		ok = vmm_wait(&place->vmm, i, PATIENCE_S);
	for (i = 0; i < place->vcpus; i++)
		ok &= looks_right(place, i);
	live_busy_end(&busy);
	if (place->holder.thread)
		live_hold_end(&place->holder, place->session);
	return ok;
}

static bool over(struct place *place)
{
	const bool ok = live_over(place->session, 1);

	vmm_end(&place->vmm);
	return ok;
}

/* 100 us to 102.4 ms. */
static bool sleeps(unsigned int count, struct place place)
{
	bool ok;

	place.vcpus = 1;
	place.program = (struct guest_vcpu){ .program = GUEST_SLEEPER, .count = count,
					     .ticks = MS / 10, .doublings = 10 };
	ok = run(&place);
	return over(&place) && ok;
}

/*
 * So many, none before its time: together they take as long as they are apart. Longer only where an
 * emulator that is short of processors takes its time for each.
 */
static bool keeps_count(unsigned int count, struct place place)
{
	unsigned int i;
	bool ok;

	place.program = (struct guest_vcpu){ .program = GUEST_TICK, .count = count,
					     .ticks = 4 * MS };
	ok = run(&place);
	for (i = 0; ok && i < place.vcpus; i++) {
		const struct guest_vcpu *guest = &place.vmm.area->vcpu[i];
		const uint64_t passed_ns = vmm_ns(&place.vmm, guest->last - guest->first);

		ktap_note("vCPU %u: %u times 4 ms in %lu us", i, count, passed_ns / 1000);
		ok = passed_ns >= (count - VMM_TWICE(count)) * 4 * MS &&
		     passed_ns <= 2 * count * 4 * MS;
	}
	return over(&place) && ok;
}

int main(void)
{
	const unsigned int few = ktap_count(33, 330), many = ktap_count(110, 1100);

	if (live_missing())
		return ktap_skip_all(live_missing());
	if (!ktap_chosen())
		return ktap_skip_all(LIVE_NOT_CHOSEN);

	ktap_plan(7);
	vmm_ok(sleeps(many, (struct place){ 0 }), "sleeps: none is lost, none ends early");
	vmm_ok(sleeps(few, (struct place){ .hold_us = 3000 }), "with windows held open too");
	vmm_ok(sleeps(many, (struct place){ .busy = 4 }), "with 4 busy processes beside");
	vmm_ok(sleeps(many, (struct place){ .signals = true }), "with signals all the time");
	vmm_ok(sleeps(few, (struct place){ .hold_us = 3000, .busy = 4, .signals = true }),
	       "with all of that");
	vmm_ok(keeps_count(ktap_count(500, 15000), (struct place){ .vcpus = 1 }),
	       "a tick keeps its count");
	vmm_ok(keeps_count(ktap_count(250, 2500), (struct place){ .vcpus = 2, .busy = 4 }),
	       "two vCPUs' ticks do, with 4 busy processes beside");
	return ktap_end();
}
