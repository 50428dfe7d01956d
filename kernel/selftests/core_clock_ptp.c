// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session's PTP clock answers as testptp and phc_ctl ask, cannot be set, and goes with its
 * session whoever has it open.
 * Needs: livestack.ko loaded; root; a kernel with PTP clocks.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/livestack.h>
#include <linux/ptp_clock.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "clock_page.h"
#include "control.h"
#include "ktap.h"
#include "pace.h"

#define MS 1000000ULL

/* As testptp.c has it. */
#define FD_TO_CLOCKID(fd) ((~(clockid_t)(fd) << 3) | 3)

struct clock {
	uint32_t session;
	int number; /* of /dev/ptpN, -1: there is none */
	int fd;	    /* of /dev/ptpN */
	int member; /* of /dev/livestack, the session's one component */
	const struct livestack_clock *page;
};

static int ptp_number(uint32_t session)
{
	struct nl_answer answer;

	if (control_get(session, &answer) || !answer.attribute[LIVESTACK_A_SESSION_PTP].data)
		return -1;
	return (int)nl_u32(&answer, LIVESTACK_A_SESSION_PTP);
}

static bool clock_start(struct clock *clock, uint64_t quantum)
{
	struct livestack_join join = { 0 };
	char path[32];

	clock->session = control_session(quantum, 0);
	clock->number = ptp_number(clock->session);
	snprintf(path, sizeof(path), "/dev/ptp%d", clock->number);
	clock->fd = open(path, O_RDWR | O_CLOEXEC);
	clock->member = open("/dev/livestack", O_RDWR | O_CLOEXEC);
	join.session = clock->session;
	if (control_component(clock->session, 0, LIVESTACK_KIND_MODEL) ||
	    control_state(clock->session, LIVESTACK_STATE_RUNNING) ||
	    ioctl(clock->member, LIVESTACK_IOC_JOIN, &join))
		return false;
	clock->page = pace_map(clock->member);
	return clock->fd >= 0 && clock->page;
}

/* The mapping holds the file, so that closing alone is not leaving. */
static void leave(struct clock *clock)
{
	munmap((void *)clock->page, 4096);
	close(clock->member);
}

static bool clock_end(struct clock *clock)
{
	leave(clock);
	close(clock->fd);
	return !control_delete(clock->session);
}

static uint64_t ns(const struct ptp_clock_time *time)
{
	return time->sec * 1000000000ULL + time->nsec;
}

static uint64_t ptp_read(int fd)
{
	struct timespec now = { 0 };

	if (clock_gettime(FD_TO_CLOCKID(fd), &now))
		return ~0ULL;
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* Between two looks at the page while it goes; the same as the page when it stands. */
static bool reads_as_page(struct clock *clock)
{
	struct livestack_wait wait = { .next_ns = 7000000123 };
	struct timespec resolution;
	uint64_t before, now;
	unsigned int i;
	bool ok = !clock_getres(FD_TO_CLOCKID(clock->fd), &resolution) &&
		  !resolution.tv_sec && resolution.tv_nsec == 1;

	for (i = 0; ok && i < 1000; i++) {
		before = clock_page_read(clock->page);
		now = ptp_read(clock->fd);
		ok = now >= before && now <= clock_page_read(clock->page);
	}
	ok = ok && !ioctl(clock->member, LIVESTACK_IOC_WAIT, &wait);
	pace_spin(clock->page, 2 * MS);
	return ok && ptp_read(clock->fd) == 7000000123 + MS &&
	       clock_page_read(clock->page) == 7000000123 + MS;
}

static bool named(const struct clock *clock)
{
	char path[64], name[64] = "", want[64];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/ptp/ptp%d/clock_name", clock->number);
	snprintf(want, sizeof(want), "livestack session %u\n", clock->session);
	file = fopen(path, "r");
	if (!file || !fgets(name, sizeof(name), file))
		ktap_note("%s: %s", path, strerror(errno));
	if (file)
		fclose(file);
	return !strcmp(name, want);
}

static bool capabilities(const struct clock *clock)
{
	struct ptp_clock_caps caps, none = { 0 };

	memset(&caps, 0xff, sizeof(caps));
	return !ioctl(clock->fd, PTP_CLOCK_GETCAPS, &caps) && !memcmp(&caps, &none, sizeof(caps)) &&
	       named(clock);
}

/* Each reading lies between its neighbours, and all between two of the page. */
static bool offsets(const struct clock *clock)
{
	struct ptp_sys_offset basic = { .n_samples = PTP_MAX_SAMPLES };
	struct ptp_sys_offset_extended extended = { .n_samples = PTP_MAX_SAMPLES };
	uint64_t last = clock_page_read(clock->page), system = 0;
	unsigned int i;
	bool ok = !ioctl(clock->fd, PTP_SYS_OFFSET, &basic);

	for (i = 0; ok && i < PTP_MAX_SAMPLES; i++) {
		ok = ns(&basic.ts[2 * i + 1]) >= last && ns(&basic.ts[2 * i]) >= system;
		last = ns(&basic.ts[2 * i + 1]);
		system = ns(&basic.ts[2 * i]);
	}
	ok = ok && !ioctl(clock->fd, PTP_SYS_OFFSET_EXTENDED, &extended);
	for (i = 0; ok && i < PTP_MAX_SAMPLES; i++) {
		const struct ptp_clock_time *sample = extended.ts[i];

		ok = ns(&sample[1]) >= last && ns(&sample[0]) >= system &&
		     ns(&sample[2]) >= ns(&sample[0]);
		last = ns(&sample[1]);
		system = ns(&sample[2]);
	}
	return ok && last <= clock_page_read(clock->page);
}

static bool refused(int result, int error)
{
	if (result == -1 && errno == error)
		return true;
	ktap_note("result %d, %s, wanted %s", result, strerror(errno), strerror(error));
	return false;
}

static bool cannot_be_set(const struct clock *clock)
{
	clockid_t id = FD_TO_CLOCKID(clock->fd);
	const struct timespec time = { .tv_sec = 1000 };
	struct timex step = { .modes = ADJ_SETOFFSET, .time = { .tv_sec = 1 } };
	struct timex still = { .modes = ADJ_FREQUENCY };
	struct timex faster = { .modes = ADJ_FREQUENCY, .freq = 65536 };
	struct timex phase = { .modes = ADJ_OFFSET, .offset = 1 };
	struct ptp_sys_offset_precise precise = { 0 };
	struct ptp_extts_request events = { .flags = PTP_ENABLE_FEATURE };
	struct ptp_perout_request period = { .period = { .sec = 1 } };
	uint64_t before = clock_page_read(clock->page);

	return refused(clock_settime(id, &time), EOPNOTSUPP) &&
	       refused(clock_adjtime(id, &step), EOPNOTSUPP) &&
	       refused(clock_adjtime(id, &still), EOPNOTSUPP) &&
	       refused(clock_adjtime(id, &faster), ERANGE) &&
	       refused(clock_adjtime(id, &phase), EOPNOTSUPP) &&
	       refused(ioctl(clock->fd, PTP_SYS_OFFSET_PRECISE, &precise), EOPNOTSUPP) &&
	       refused(ioctl(clock->fd, PTP_EXTTS_REQUEST, &events), EINVAL) &&
	       refused(ioctl(clock->fd, PTP_PEROUT_REQUEST, &period), EINVAL) &&
	       refused(ioctl(clock->fd, PTP_ENABLE_PPS, 1), EOPNOTSUPP) &&
	       clock_page_read(clock->page) - before < 1000 * MS;
}

struct late_reader {
	int fd;
	uint64_t readings; /* atomic, as below */
	int error;
};

static void *read_until_gone(void *data)
{
	struct late_reader *reader = data;
	struct ptp_sys_offset offset = { .n_samples = 5 };
	struct timespec now;

	while (!clock_gettime(FD_TO_CLOCKID(reader->fd), &now) &&
	       !ioctl(reader->fd, PTP_SYS_OFFSET, &offset))
		__atomic_add_fetch(&reader->readings, 1, __ATOMIC_RELAXED);
	reader->error = errno;
	return NULL;
}

/* Deleted under a reader: it gets ENODEV, and so does whoever has the file open still. */
static bool goes_with_session(void)
{
	const unsigned int rounds = ktap_count(20, 2000);
	struct ptp_clock_caps caps;
	struct clock clock;
	unsigned int i;
	bool ok = true;

	for (i = 0; ok && i < rounds; i++) {
		struct late_reader reader = { 0 };
		pthread_t thread;

		ok = clock_start(&clock, MS);
		leave(&clock);
		reader.fd = clock.fd;
		pthread_create(&thread, NULL, read_until_gone, &reader);
		while (!__atomic_load_n(&reader.readings, __ATOMIC_RELAXED))
			sched_yield();
		if (control_delete(clock.session))
			return false;
		pthread_join(thread, NULL);
		ok &= reader.error == ENODEV &&
		      refused(ioctl(clock.fd, PTP_CLOCK_GETCAPS, &caps), ENODEV);
		close(clock.fd);
	}
	return ok;
}

/* One clock a session, each its own. */
static bool one_each(void)
{
	uint32_t first = control_session(MS, 0), second = control_session(MS, 0);
	int one = ptp_number(first), other = ptp_number(second);
	bool ok = one >= 0 && other >= 0 && one != other;

	return !control_delete(first) && !control_delete(second) && ok;
}

int main(void)
{
	uint32_t session;
	struct clock clock;
	bool started;

	if (control_missing())
		return ktap_skip_all(control_missing());
	session = control_session(MS, 0);
	started = ptp_number(session) >= 0;
	control_delete(session);
	if (!started && access("/sys/class/ptp", F_OK))
		return ktap_skip_all("needs a kernel with CONFIG_PTP_1588_CLOCK");

	ktap_plan(7);
	started = clock_start(&clock, MS);
	ktap_ok(started, "a session has a PTP clock");
	ktap_ok(started && reads_as_page(&clock), "clock_gettime() reads what the page shows");
	ktap_ok(started && capabilities(&clock), "it tells that it can do no more");
	ktap_ok(started && offsets(&clock), "PTP_SYS_OFFSET and _EXTENDED read it");
	ktap_ok(started && cannot_be_set(&clock) && clock_end(&clock), "it cannot be set");
	ktap_ok(one_each(), "each session has its own");
	ktap_ok(goes_with_session(), "it goes with its session");
	return ktap_end();
}
