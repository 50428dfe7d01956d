// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host switches to a session's time and back, over and over, while interrupts, and NMIs where
 * the host has a PMU, read the time: nothing is lost and no time goes back.
 * Needs: livestack.ko loaded; root; nobody else who needs the host's time.
 */
#include <errno.h>
#include <linux/livestack.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control.h"
#include "host_clock.h"
#include "ktap.h"
#include "pace.h"

#define MS 1000000ULL

/* Samples on each CPU, stamped by CLOCK_MONOTONIC. False with errno set: the host has none. */
static bool sample(int fds[], unsigned int cpus, uint32_t type, uint64_t config, uint64_t period)
{
	struct perf_event_attr event = {
		.type = type,
		.size = sizeof(event),
		.config = config,
		.sample_period = period,
		.sample_type = PERF_SAMPLE_TIME | PERF_SAMPLE_IP,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	unsigned int i;

	for (i = 0; i < cpus; i++) {
		fds[i] = syscall(SYS_perf_event_open, &event, -1, i, -1, PERF_FLAG_FD_CLOEXEC);
		if (fds[i] < 0)
			return false;
		/* A sample is only taken when there is room to put it. */
		mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds[i], 0);
	}
	return true;
}

static bool switch_back_and_forth(void)
{
	const unsigned int rounds = ktap_count(20, 1000);
	uint32_t session = offering_session(MS, 0);
	uint64_t last = time_of(CLOCK_MONOTONIC), now;
	struct pace pace;
	unsigned int i;
	bool ok = pace_start(&pace, session, 0, MS, 10000) &&
		  !control_state(session, LIVESTACK_STATE_RUNNING);

	for (i = 0; ok && i < 2 * rounds; i++) {
		ok = i & 1 ? (choose_ours(), ours_is_current()) : choose("livestack");
		usleep(1000);
		now = time_of(CLOCK_MONOTONIC);
		ok &= now >= last + MS;
		last = now;
	}
	choose_ours();
	pace_stop(&pace);
	return give_up(session) && ok;
}

static void switches(void)
{
	const unsigned int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const char *name = "switched to and fro with NMIs that read the time";
	int fds[cpus];
	unsigned int i;

	for (i = 0; i < cpus; i++)
		fds[i] = -1;
	if (sample(fds, cpus, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 100000))
		ktap_ok(switch_back_and_forth(), name);
	else
		ktap_skip(name, "needs a PMU: perf_event_open() knows no CPU cycles here");
	for (i = 0; i < cpus; i++)
		close(fds[i]);
	ktap_ok(sample(fds, cpus, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, 1000000) &&
		switch_back_and_forth(), "switched to and fro with samples taken in interrupts");
	for (i = 0; i < cpus; i++)
		close(fds[i]);
}

int main(void)
{
	if (!control_open())
		return ktap_skip_all("livestack.ko is not loaded: insmod core/livestack.ko");
	if (geteuid())
		return ktap_skip_all("needs root to make sessions");
	if (!host_clock_open())
		return ktap_skip_all("needs a host whose clocksource is tsc");

	ktap_plan(2);
	switches();
	return ktap_end();
}
