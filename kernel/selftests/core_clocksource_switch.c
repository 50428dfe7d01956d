// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host switches to a session's time and back, over and over, while interrupts and NMIs read
 * the time: nothing is lost and no time goes back.
 * Needs: livestack.ko loaded; root; nobody else who needs the host's time.
 */
#include <errno.h>
#include <linux/livestack.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

/* Runs @program with one argument; whether it said that all is well. */
static bool runs(const char *program, const char *argument)
{
	pid_t child = fork();
	int status;

	if (!child) {
		execlp(program, program, argument, NULL);
		_exit(127);
	}
	return waitpid(child, &status, 0) == child && !status;
}

static unsigned long nmis(void)
{
	FILE *file = fopen("/sys/module/ls_nmi/parameters/count", "r");
	unsigned long count = 0;

	if (file && fscanf(file, "%lu", &count) != 1)
		count = 0;
	if (file)
		fclose(file);
	return count;
}

/* NMIs come from a module of our own: not every machine has a PMU to raise them. */
static void with_nmis(void)
{
	const char *name = "switched to and fro with NMIs that read the time";
	const char *modules = getenv("LS_MODULES");
	unsigned long before;
	char path[4096];
	bool ok;

	snprintf(path, sizeof(path), "%s/selftests/nmi/ls_nmi.ko", modules ? modules : "");
	if (access(path, R_OK)) {
		ktap_skip(name, "needs ls_nmi.ko: make -C kernel modules LS_TEST_MODULES=m");
		return;
	}
	ok = runs("insmod", path);
	before = nmis();
	ok = ok && switch_back_and_forth();
	ktap_note("%lu NMIs", nmis() - before);
	ok = ok && nmis() > before + ktap_count(100, 10000);
	ktap_ok(runs("rmmod", "ls_nmi") && ok, name);
}

static void with_samples(uint32_t type, uint64_t config, uint64_t period, const char *name,
			 const char *without)
{
	const unsigned int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int fds[cpus];
	unsigned int i;

	for (i = 0; i < cpus; i++)
		fds[i] = -1;
	if (sample(fds, cpus, type, config, period))
		ktap_ok(switch_back_and_forth(), name);
	else
		ktap_skip(name, without);
	for (i = 0; i < cpus; i++)
		close(fds[i]);
}

int main(void)
{
	if (control_missing())
		return ktap_skip_all(control_missing());
	if (!host_clock_open())
		return ktap_skip_all("needs a host whose clocksource is tsc");

	ktap_plan(3);
	with_nmis();
	with_samples(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 100000,
		     "switched to and fro with samples taken in NMIs",
		     "needs a PMU: perf_event_open() knows no CPU cycles here");
	with_samples(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, 1000000,
		     "switched to and fro with samples taken in interrupts",
		     "needs a kernel with perf events");
	return ktap_end();
}
