// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_sleep WHAT COUNT: a machine of vmm.h whose guest sleeps COUNT times, from 100 us to 100 ms
 * in turn, in windows of 1 ms or, as "free", held by nobody. WHAT is printed of it, in ns:
 *
 *	free	how late it wakes in the median
 *	gated	how late it wakes in the median, less the median of how far its windows are overrun
 *	guest	what a sleep of 100 ms takes by the guest's clock, gated
 *	wall	what it takes by the wall's, gated
 *	tick	the same of 100 ms in which it does nothing but take a tick of 250 Hz
 *
 * Needs: livestack.ko and livestack_vcpu.ko loaded; /dev/kvm; root.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_clock.h"
#include "live.h"

#define QUANTUM_NS 1000000UL
#define LONG_NS 100000000UL
#define TICK_NS 4000000UL
#define PATIENCE_S 60

struct sleeper {
	struct vmm vmm;
	uint32_t session; /* 0: it runs free */
	uint64_t wall_ns; /* of the whole */
};

static bool attach(struct sleeper *sleeper)
{
	sleeper->session = live_session(1, 0, QUANTUM_NS, 0);
	return sleeper->session && !live_attach(sleeper->session, 0, &sleeper->vmm) &&
	       live_stopped(sleeper->session, 0, 1) &&
	       !control_set(sleeper->session, LIVESTACK_A_SESSION_ON_OVERSHOOT,
			    LIVESTACK_ON_OVERSHOOT_COUNT);
}

static bool run(struct sleeper *sleeper, const struct guest_vcpu *program, bool gated)
{
	struct vmm *vmm = &sleeper->vmm;
	struct guest_vcpu *guest;

	vmm_new(vmm, &(struct vmm_setup){ .vcpus = 1 });
	guest = &vmm->area->vcpu[0];
	guest->program = program->program;
	guest->count = program->count;
	guest->doublings = program->doublings;
	vmm->area->go = 0;
	if (!vmm_start(vmm) || (gated && !attach(sleeper)))
		return false;
	guest->ticks = vmm_ticks(vmm, program->ticks);
	vmm->area->go = 1;
	sleeper->wall_ns = time_of(CLOCK_MONOTONIC);
	if (gated && control_state(sleeper->session, LIVESTACK_STATE_RUNNING))
		return false;
	if (!vmm_wait(vmm, 0, PATIENCE_S))
		return false;
	sleeper->wall_ns = time_of(CLOCK_MONOTONIC) - sleeper->wall_ns;
	return true;
}

static double lateness(const struct sleeper *sleeper)
{
	const uint64_t late = vmm_sample_ns(&sleeper->vmm, 0, 50);
	struct live_vcpu view = { 0 };

	if (sleeper->session)
		live_get(sleeper->session, 0, 0, &view);
	return late > view.overshoot_median_ns ? late - view.overshoot_median_ns : 1;
}

static double measure(struct sleeper *sleeper, const char *what, unsigned int count)
{
	const struct guest_vcpu *guest;
	struct guest_vcpu program = { .program = GUEST_SLEEPER, .count = count };
	double cost;

	if (!strcmp(what, "free") || !strcmp(what, "gated")) {
		program.ticks = 100000;
		program.doublings = 10;
		return run(sleeper, &program, *what == 'g') ? lateness(sleeper) : 0;
	}
	program.ticks = LONG_NS;
	if (!strcmp(what, "tick")) {
		program.program = GUEST_TICK;
		program.ticks = TICK_NS;
		program.count = count * (LONG_NS / TICK_NS);
	}
	if (!run(sleeper, &program, true))
		return 0;
	guest = &sleeper->vmm.area->vcpu[0];
	cost = strcmp(what, "guest") ? sleeper->wall_ns :
				       vmm_ns(&sleeper->vmm, guest->last - guest->first);
	return cost / count;
}

int main(int argc, char *argv[])
{
	static const char *const names[] = { "free", "gated", "guest", "wall", "tick" };
	const unsigned int count = argc == 3 ? strtoul(argv[2], NULL, 0) : 0;
	struct sleeper sleeper = { 0 };
	double value = 0;
	size_t i;

	for (i = 0; count && i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(argv[1], names[i]))
			break;
	if (!count || i == sizeof(names) / sizeof(*names)) {
		fprintf(stderr, "usage: %s free|gated|guest|wall|tick COUNT\n", argv[0]);
		return 2;
	}
	if (live_missing())
		fprintf(stderr, "%s: %s\n", argv[0], live_missing());
	else
		value = measure(&sleeper, argv[1], count);
	if (sleeper.session)
		live_over(sleeper.session, 1);
	if (sleeper.vmm.shared)
		vmm_end(&sleeper.vmm);
	if (value <= 0)
		return 1;
	printf("%.1f\n", value);
	return 0;
}
