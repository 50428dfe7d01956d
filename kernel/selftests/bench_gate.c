// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_gate WHAT HOW WINDOW_US MS QMP_SOCKET MEMORY_FILE QEMU...: runs a virtual machine that only
 * computes (bench_guest.S, which QEMU... boots), by turns of MS milliseconds of wall time free and
 * held to windows of that length in one of these ways: gate, sigstop, freezer, qmp, or free for not
 * at all. WHAT is printed of it:
 *
 *	wall	wall time of the guest's work while it is held, in thousandths of what it takes
 *		free, the median of all turns
 *	guest	the same by the guest's own clock
 *	lost	which part of its work is lost to each window, in millionths
 *
 * Needs: /dev/kvm; for gate livestack.ko and livestack_vcpu.ko, for freezer a cgroup v2; root.
 */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host_clock.h"
#include "live.h"
#include "median.h"
#include "ways.h"

#define PAGE_AT 0x200000
#define MEMORY (64 << 20)
#define TURNS 12 /* of running free and held */
#define BOOT_S 120

/* As the guest writes it. */
struct bench_page {
	uint32_t rounds, unused;
	uint32_t tsc[2];
};

struct span {
	double wall_ns, guest_ticks, rounds, windows;
};

static void wait_ns(uint64_t ns)
{
	const struct timespec time = { ns / 1000000000, ns % 1000000000 };

	nanosleep(&time, NULL);
}

static uint32_t get(const uint32_t *place)
{
	return __atomic_load_n(place, __ATOMIC_ACQUIRE);
}

/* Of one moment: rounds and the counter at the end of the last. */
static void look(const struct bench *bench, struct span *at)
{
	const struct bench_page *page = bench->page;
	uint32_t rounds, low, high;

	do {
		rounds = get(&page->rounds);
		low = get(&page->tsc[0]);
		high = get(&page->tsc[1]);
	} while (rounds != get(&page->rounds) || low != get(&page->tsc[0]) ||
		 high != get(&page->tsc[1]));
	at->rounds = rounds;
	at->guest_ticks = (double)((uint64_t)high << 32 | low);
	at->wall_ns = time_of(CLOCK_MONOTONIC);
}

/* Lets it run so long, held that way, and tells what it did. */
static bool hold(struct bench *bench, const struct way *way, unsigned int ms, struct span *span)
{
	struct span from, to;
	bool ok = true;

	*span = (struct span){ 0 };
	if (way->begin && !way->begin(bench))
		return false;
	look(bench, &from);
	if (bench->session)
		span->windows = -(double)live_told(bench->session, LIVESTACK_A_SESSION_WINDOWS);
	do {
		wait_ns(way->stop ? bench->window_ns : ms * 1000000ULL);
		if (way->stop) {
			ok = way->stop(bench) && way->go(bench);
			span->windows++;
		}
		look(bench, &to);
	} while (ok && to.wall_ns - from.wall_ns < ms * 1e6);
	if (bench->session)
		span->windows += live_told(bench->session, LIVESTACK_A_SESSION_WINDOWS);
	if (way->end)
		way->end(bench);
	bench->session = 0;
	span->rounds = to.rounds - from.rounds;
	span->wall_ns = to.wall_ns - from.wall_ns;
	span->guest_ticks = to.guest_ticks - from.guest_ticks;
	return ok && span->rounds > 0;
}

/* One turn free, and one held. */
static bool turn(struct bench *bench, const struct way *way, unsigned int ms, struct span *free,
		 struct span *held)
{
	bench->held = false;
	if (!hold(bench, way_named("free"), ms, free))
		return false;
	bench->held = way->begin || way->stop;
	return hold(bench, way, ms, held);
}

/* What a round costs by the wall, or by the guest's clock, beside a free one; NAN: failure. */
static double cost(struct bench *bench, const struct way *way, unsigned int ms, bool guest)
{
	double ratios[TURNS]; /* the guest's counter goes as the wall while nobody holds it */
	struct span free, held;
	unsigned int i;

	for (i = 0; i < TURNS; i++) {
		if (!turn(bench, way, ms, &free, &held))
			return NAN;
		ratios[i] = (guest ? held.guest_ticks / free.guest_ticks :
				     held.wall_ns / free.wall_ns) *
			    free.rounds / held.rounds;
	}
	return median_of(ratios, TURNS) * 1000;
}

/* NAN: failure. It may come out below 0 where it is too little to be measured. */
static double lost(struct bench *bench, const struct way *way, unsigned int ms)
{
	double free_rate = 0, held_rate = 0, windows = 0;
	struct span free, held;
	unsigned int i;

	for (i = 0; i < TURNS; i++) {
		if (!turn(bench, way, ms, &free, &held))
			return NAN;
		free_rate += free.rounds / free.wall_ns;
		held_rate += held.rounds / held.wall_ns;
		windows += held.windows;
	}
	return windows ? (1 - held_rate / free_rate) / (windows / TURNS) * 1e6 : NAN;
}

static bool map(struct bench *bench, const char *path)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint8_t *memory = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, MEMORY))
		memory = mmap(NULL, MEMORY, PROT_READ, MAP_SHARED, fd, 0);
	bench->page = (void *)(memory + PAGE_AT);
	return memory != MAP_FAILED;
}

static bool boot(struct bench *bench, char *const argv[])
{
	const double since = time_of(CLOCK_MONOTONIC);

	bench->vmm = fork();
	if (!bench->vmm) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(argv[0], argv);
		_exit(127);
	}
	while (bench->vmm > 0 && !waitpid(bench->vmm, NULL, WNOHANG)) {
		if (get(&bench->page->rounds) > 100)
			return true;
		if (time_of(CLOCK_MONOTONIC) - since > BOOT_S * 1e9)
			break;
		wait_ns(10000000);
	}
	return false;
}

static void end(struct bench *bench, const char *memory)
{
	if (bench->vmm > 0 && !kill(bench->vmm, SIGKILL))
		waitpid(bench->vmm, NULL, 0);
	ways_end();
	unlink(memory);
	unlink(bench->qmp);
}

static double measure(struct bench *bench, const char *what, const struct way *way, unsigned int ms)
{
	return strcmp(what, "lost") ? cost(bench, way, ms, !strcmp(what, "guest")) :
				      lost(bench, way, ms);
}

#define USAGE "usage: bench_gate wall|guest|lost HOW WINDOW_US MS QMP MEMORY QEMU..."

int main(int argc, char *argv[])
{
	const struct way *way = argc > 7 ? way_named(argv[2]) : NULL;
	const char *what = way ? argv[1] : "";
	struct bench bench = { 0 };
	unsigned int tries = 0;
	double value = NAN;
	bool booted;

	if (strcmp(what, "wall") && strcmp(what, "guest") && strcmp(what, "lost")) {
		fprintf(stderr, "%s\n", USAGE);
		return 2;
	}
	bench.window_ns = strtoull(argv[3], NULL, 0) * 1000;
	bench.qmp = argv[5];
	/* Sleeps end when they should. */
	prctl(PR_SET_TIMERSLACK, 1);
	do {
		booted = map(&bench, argv[6]) && boot(&bench, &argv[7]);
		if (booted)
			value = measure(&bench, what, way, strtoul(argv[4], NULL, 0));
		if (isnan(value))
			fprintf(stderr, "%s: nothing was measured of %s: the machine %s\n", argv[0],
				way->name, !booted ? "did not boot" : bench.held ?
				"did not go on" : "stands by itself");
		end(&bench, argv[6]);
	} while (isnan(value) && !bench.held && ++tries < 3);
	if (!isnan(value))
		printf("%.3f\n", value);
	return isnan(value);
}
