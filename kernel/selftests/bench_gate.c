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
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host_clock.h"
#include "live.h"
#include "median.h"

#define PAGE_AT 0x200000
#define MEMORY (64 << 20)
#define TURNS 12 /* of running free and held */
#define BOOT_S 120

/* As the guest writes it. */
struct bench_page {
	uint32_t rounds, unused;
	uint32_t tsc[2];
};

struct bench {
	pid_t vmm;
	const char *qmp;
	uint64_t window_ns;
	const struct bench_page *page;
	FILE *answers;	  /* of QMP */
	int commands;	  /* to QMP, or to cgroup.freeze */
	uint32_t session; /* of the gate */
};

/* One way to hold the machine: @begin leaves it running, @end too. NULL: nothing to do. */
struct way {
	const char *name;
	bool (*begin)(struct bench *bench);
	bool (*stop)(struct bench *bench);
	bool (*go)(struct bench *bench);
	void (*end)(struct bench *bench);
};

struct span {
	double wall_ns, guest_ticks, rounds, windows;
};

static void wait_ns(uint64_t ns)
{
	const struct timespec time = { ns / 1000000000, ns % 1000000000 };

	nanosleep(&time, NULL);
}

static bool sigstop_stop(struct bench *bench)
{
	int status;

	return !kill(bench->vmm, SIGSTOP) && waitpid(bench->vmm, &status, WUNTRACED) > 0 &&
	       WIFSTOPPED(status);
}

static bool sigstop_go(struct bench *bench)
{
	return !kill(bench->vmm, SIGCONT);
}

/* A mount of its own, whichever version of cgroups the host uses. */
#define CGROUPS "/tmp/livestack-bench.cgroups"
#define CGROUP CGROUPS "/livestack-bench"

static bool write_file(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) > 0;
	close(fd);
	return ok;
}

static bool freezer_begin(struct bench *bench)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", bench->vmm);
	if (access(CGROUP, F_OK) &&
	    (mkdir(CGROUPS, 0700) || mount("cgroup2", CGROUPS, "cgroup2", 0, NULL) ||
	     mkdir(CGROUP, 0755)))
		return false;
	if (!write_file(CGROUP "/cgroup.procs", pid))
		return false;
	bench->commands = open(CGROUP "/cgroup.freeze", O_WRONLY);
	return bench->commands >= 0;
}

static bool freezer_is(bool frozen)
{
	const char *wanted = frozen ? "frozen 1" : "frozen 0";
	unsigned int tries;
	char text[256];

	for (tries = 0; tries < 1000000; tries++) {
		const int fd = open(CGROUP "/cgroup.events", O_RDONLY);
		const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

		if (fd >= 0)
			close(fd);
		text[got < 0 ? 0 : got] = 0;
		if (strstr(text, wanted))
			return true;
	}
	return false;
}

static bool freezer_stop(struct bench *bench)
{
	return pwrite(bench->commands, "1", 1, 0) == 1 && freezer_is(true);
}

static bool freezer_go(struct bench *bench)
{
	return pwrite(bench->commands, "0", 1, 0) == 1;
}

static void freezer_end(struct bench *bench)
{
	close(bench->commands);
}

/* Sends a command and waits for its answer; events come between. */
static bool qmp_ask(struct bench *bench, const char *command)
{
	char line[4096];

	dprintf(bench->commands, "{\"execute\": \"%s\"}\n", command);
	while (fgets(line, sizeof(line), bench->answers))
		if (strstr(line, "\"return\"") || strstr(line, "\"error\""))
			return !strstr(line, "\"error\"");
	return false;
}

static bool qmp_begin(struct bench *bench)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", bench->qmp);
	bench->commands = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bench->commands < 0 ||
	    connect(bench->commands, (struct sockaddr *)&address, sizeof(address)))
		return false;
	bench->answers = fdopen(bench->commands, "r");
	return bench->answers && qmp_ask(bench, "qmp_capabilities");
}

static bool qmp_stop(struct bench *bench)
{
	return qmp_ask(bench, "stop");
}

static bool qmp_go(struct bench *bench)
{
	return qmp_ask(bench, "cont");
}

static void qmp_end(struct bench *bench)
{
	fclose(bench->answers);
}

static bool gate_begin(struct bench *bench)
{
	static struct nl_answer answer;
	int error;

	bench->session = control_open() ? live_session(1, 0, bench->window_ns, 0) : 0;
	if (!bench->session)
		return false;
	error = live_attach_pid(bench->session, 0, bench->vmm, vmm_start_ticks(bench->vmm), 0,
				&answer);
	if (error)
		fprintf(stderr, "attach: %s: %s\n", strerror(error),
			answer.sentence ? answer.sentence : "no sentence");
	return !error && live_stopped(bench->session, 0, 1) &&
	       /* An emulated host is away for long at times, which is not what is measured. */
	       !control_set(bench->session, LIVESTACK_A_SESSION_ON_OVERSHOOT,
			    LIVESTACK_ON_OVERSHOOT_COUNT) &&
	       !control_state(bench->session, LIVESTACK_STATE_RUNNING);
}

static void gate_end(struct bench *bench)
{
	live_over(bench->session, 1);
}

static const struct way ways[] = {
	{ "free", NULL, NULL, NULL, NULL },
	{ "gate", gate_begin, NULL, NULL, gate_end },
	{ "sigstop", NULL, sigstop_stop, sigstop_go, NULL },
	{ "freezer", freezer_begin, freezer_stop, freezer_go, freezer_end },
	{ "qmp", qmp_begin, qmp_stop, qmp_go, qmp_end },
};

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

/* What a round costs by the wall, or by the guest's clock, beside a free one; NAN: failure. */
static double cost(struct bench *bench, const struct way *way, unsigned int ms, bool guest)
{
	double ratios[TURNS]; /* the guest's counter goes as the wall while nobody holds it */
	struct span free, held;
	unsigned int i;

	for (i = 0; i < TURNS; i++) {
		if (!hold(bench, &ways[0], ms, &free) || !hold(bench, way, ms, &held))
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
		if (!hold(bench, &ways[0], ms, &free) || !hold(bench, way, ms, &held))
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
	rmdir(CGROUP);
	umount(CGROUPS);
	rmdir(CGROUPS);
	unlink(memory);
	unlink(bench->qmp);
}

static double measure(struct bench *bench, const char *what, const struct way *way, unsigned int ms)
{
	return strcmp(what, "lost") ? cost(bench, way, ms, !strcmp(what, "guest")) :
				      lost(bench, way, ms);
}

#define USAGE "usage: bench_gate wall|guest|lost HOW WINDOW_US MS QMP MEMORY QEMU..."

static const struct way *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(name, ways[i].name))
			return &ways[i];
	return NULL;
}

int main(int argc, char *argv[])
{
	const struct way *way = argc > 7 ? find(argv[2]) : NULL;
	const char *what = way ? argv[1] : "";
	struct bench bench = { 0 };
	double value = NAN;

	if (strcmp(what, "wall") && strcmp(what, "guest") && strcmp(what, "lost")) {
		fprintf(stderr, "%s\n", USAGE);
		return 2;
	}
	bench.window_ns = strtoull(argv[3], NULL, 0) * 1000;
	bench.qmp = argv[5];
	/* Sleeps end when they should. */
	prctl(PR_SET_TIMERSLACK, 1);
	if (!map(&bench, argv[6]) || !boot(&bench, &argv[7]))
		fprintf(stderr, "%s: the machine did not start\n", argv[0]);
	else
		value = measure(&bench, what, way, strtoul(argv[4], NULL, 0));
	if (!isnan(value))
		printf("%.3f\n", value);
	else
		fprintf(stderr, "%s: nothing was measured of %s; the VMM %s\n", argv[0], way->name,
			bench.vmm > 0 && waitpid(bench.vmm, NULL, WNOHANG) ? "is gone" : "runs");
	end(&bench, argv[6]);
	return isnan(value);
}
