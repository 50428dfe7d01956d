// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host that selects the clocksource named livestack lives in a session's time: its clocks, sleeps
 * and timers follow, also where time jumps. What would take time away from it is refused, and when
 * the session stops by itself the host goes on.
 * Needs: livestack.ko loaded; root; nobody else who needs the host's time.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/livestack.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock_page.h"
#include "control.h"
#include "host_clock.h"
#include "ktap.h"
#include "pace.h"

#define MS 1000000ULL

static bool refusals(void)
{
	uint32_t live = control_session(MS, 0), first, second = control_session(MS, 0);
	bool ok = !control_component(live, 0, LIVESTACK_KIND_LIVE) && !available() &&
		  control_clocksource(live, LIVESTACK_CLOCKSOURCE_OFFERED) == EOPNOTSUPP &&
		  control_clocksource(live, LIVESTACK_CLOCKSOURCE_SELECTED) == EINVAL &&
		  !available();

	first = offering_session(MS, 0);
	ok &= available() && SHOWN(first) == LIVESTACK_CLOCKSOURCE_OFFERED &&
	      SHOWN(second) == LIVESTACK_CLOCKSOURCE_NONE && ours_is_current() &&
	      control_clocksource(second, LIVESTACK_CLOCKSOURCE_OFFERED) == EBUSY &&
	      control_component(first, 1, LIVESTACK_KIND_LIVE) == EOPNOTSUPP;
	/* Not while it does not run; and then nothing keeps the session from going. */
	ok &= !choose("livestack") && ours_is_current() && (choose_ours(), true) &&
	      !control_delete(first) && !available();
	return !control_delete(live) && !control_delete(second) && ok;
}

/* What the session's clock has to do with the host's is kept, in spite of all that is tried. */
static bool held_while_selected(void)
{
	uint32_t session = offering_session(MS, 0);
	struct pace pace;
	bool ok = session && pace_start(&pace, session, 0, MS, 0) &&
		  !control_state(session, LIVESTACK_STATE_RUNNING) && choose("livestack") &&
		  SHOWN(session) == LIVESTACK_CLOCKSOURCE_SELECTED &&
		  control_state(session, LIVESTACK_STATE_PAUSED) == EBUSY &&
		  control_state(session, LIVESTACK_STATE_STOPPED) == EBUSY &&
		  control_clocksource(session, LIVESTACK_CLOCKSOURCE_NONE) == EBUSY &&
		  control_delete(session) == EBUSY &&
		  syscall(SYS_delete_module, "livestack", O_NONBLOCK) == -1 &&
		  state_of(session, LIVESTACK_A_SESSION_STATE) == LIVESTACK_STATE_RUNNING;

	choose_ours();
	ok = ok && SHOWN(session) == LIVESTACK_CLOCKSOURCE_OFFERED;
	pace_stop(&pace);
	return give_up(session) && ok;
}

/* By how much a host clock is ahead of the page, while that stands: 0 when it went meanwhile. */
static uint64_t ahead(const struct livestack_clock *page, clockid_t id)
{
	unsigned int tries;

	for (tries = 0; tries < 100000; tries++) {
		uint64_t before = clock_page_read(page), now = time_of(id);

		if (clock_page_read(page) == before)
			return now - before;
	}
	return 0;
}

static bool still_ahead(const struct livestack_clock *page, clockid_t id, uint64_t at)
{
	uint64_t now = ahead(page, id);

	if (!now || now != at)
		ktap_note("clock %d is %lld ns off", id, (long long)(now - at));
	return now && now == at;
}

/* Three clocks of the host keep their distance to the session's, to the nanosecond. */
static bool clocks_follow(const struct pace *pace)
{
	const clockid_t ids[] = { CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_MONOTONIC_RAW };
	uint64_t at[3], begin = clock_page_read(pace->page);
	unsigned int i, round, rounds = ktap_count(100, 2000);
	bool ok = true;

	for (i = 0; i < 3; i++)
		at[i] = ahead(pace->page, ids[i]);
	for (round = 0; ok && round < rounds; round++) {
		pace_spin(pace->page, MS);
		for (i = 0; i < 3; i++)
			ok &= still_ahead(pace->page, ids[i], at[i]);
	}
	return ok && clock_page_read(pace->page) > begin;
}

/* Half as fast as the counter: a sleep takes twice as long, and not less than it should. */
static bool sleeps_follow(const struct pace *pace)
{
	struct timespec nap = { .tv_nsec = 50 * MS };
	uint64_t begin = clock_page_read(pace->page), steps = pace->steps;

	nanosleep(&nap, NULL);
	/* Every window was held for twice its length. */
	return clock_page_read(pace->page) - begin >= 50 * MS && pace->steps - steps >= 49;
}

/* A periodic timer has expired once for each of its periods that simulated time went through. */
static bool timers_follow(const struct pace *pace)
{
	const struct itimerspec every = { { .tv_nsec = 10 * MS }, { .tv_nsec = 10 * MS } };
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t before = time_of(CLOCK_MONOTONIC), begin, count = 0, got;
	bool ok;

	timerfd_settime(timer, 0, &every, NULL);
	begin = time_of(CLOCK_MONOTONIC);
	while (count < 20 && read(timer, &got, sizeof(got)) == sizeof(got))
		count += got;
	ok = count >= 20 && count <= (time_of(CLOCK_MONOTONIC) - before) / (10 * MS);
	pace_spin(pace->page, 10 * MS);
	/* It may be overdue by now, but not by more than what has gone by. */
	ok &= time_of(CLOCK_MONOTONIC) - begin >= 200 * MS;
	close(timer);
	return ok;
}

/* While somebody sleeps all other work is through, and time jumps over the end of the sleep. */
static void *jump(void *data)
{
	struct pace *pace = data;

	pace_spin(pace->page, 200 * MS);
	__atomic_store_n(&pace->jump_ns, 12000 * MS, __ATOMIC_RELAXED);
	return NULL;
}

/* Ten seconds in less than five of the counter's: the CPU has to be told that they are over. */
static bool jumps_end_sleeps(struct pace *pace)
{
	struct timespec nap = { .tv_sec = 10 };
	uint64_t tsc = clock_page_tsc(), took;
	pthread_t jumper;

	pthread_create(&jumper, NULL, jump, pace);
	nanosleep(&nap, NULL);
	took = clock_page_ns(clock_page_tsc() - tsc, pace->page->snapshot[0].mult,
			     pace->page->snapshot[0].shift);
	pthread_join(jumper, NULL);
	ktap_note("slept 10 s in %llu ms", (unsigned long long)(took / MS));
	return took < 5000 * MS;
}

static void following(void)
{
	uint32_t session = offering_session(MS, 0);
	struct pace pace;
	bool ok = session && pace_start(&pace, session, 0, MS, 2 * MS) &&
		  !control_state(session, LIVESTACK_STATE_RUNNING) && choose("livestack");

	ktap_ok(ok && clocks_follow(&pace), "CLOCK_MONOTONIC, _REALTIME, _RAW go as the session");
	ktap_ok(ok && sleeps_follow(&pace), "a sleep takes as long in simulated time");
	ktap_ok(ok && timers_follow(&pace), "timers expire in simulated time");
	ktap_ok(ok && jumps_end_sleeps(&pace), "a jump over its end ends a sleep at once");
	choose_ours();
	pace_stop(&pace);
	ktap_ok(give_up(session) && ok, "and all is as before when it is over");
}

/* Holds the window until it is killed. */
static pid_t dawdler(uint32_t session)
{
	struct livestack_join join = { .session = session };
	pid_t child;
	int fd;

	fflush(stdout);
	child = fork();
	if (child)
		return child;
	fd = open("/dev/livestack", O_RDWR);
	if (!ioctl(fd, LIVESTACK_IOC_JOIN, &join))
		for (;;)
			pause();
	_exit(1);
}

static bool joined(uint32_t session)
{
	unsigned int tries;

	for (tries = 0; tries < 1000 && !state_of(session, LIVESTACK_A_SESSION_AWAITED); tries++)
		usleep(10000);
	return tries < 1000;
}

/* The one that the window waits for dies: the session stands, and the host goes on. */
static bool sure(bool ok, const char *what)
{
	if (!ok)
		ktap_note("not so: %s", what);
	return ok;
}

static bool goes_on_alone(void)
{
	uint32_t session = offering_session(MS, 0);
	int observer = pace_observe(session), status;
	const struct livestack_clock *page = pace_map(observer);
	pid_t child = dawdler(session);
	uint64_t stands, host;
	struct pace pace;
	bool ok;

	ok = !control_state(session, LIVESTACK_STATE_RUNNING) && joined(session) &&
	     choose("livestack");
	host = time_of(CLOCK_MONOTONIC);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	stands = clock_page_read(page);
	/* Would sleep for ever if the host's time stood. */
	usleep(50000);
	ok = sure(ok, "selected") &&
	     sure(time_of(CLOCK_MONOTONIC) - host >= 50 * MS, "the host goes on") &&
	     sure(clock_page_read(page) == stands, "the session stands") &&
	     state_of(session, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_DIED &&
	     SHOWN(session) == LIVESTACK_CLOCKSOURCE_SELECTED &&
	     control_clocksource(session, LIVESTACK_CLOCKSOURCE_NONE) == EBUSY;
	/* Another takes its place, and the host follows again, from where it has come to. */
	host = time_of(CLOCK_MONOTONIC);
	ok = pace_start(&pace, session, 0, MS, 2 * MS) && ok &&
	     !control_state(session, LIVESTACK_STATE_RUNNING);
	pace_spin(page, 10 * MS);
	ok = sure(ok, "it runs again") && sure(time_of(CLOCK_MONOTONIC) > host, "time goes on") &&
	     sure(clocks_follow(&pace), "it follows again");
	choose_ours();
	pace_stop(&pace);
	munmap((void *)page, 4096);
	close(observer);
	return give_up(session) && ok;
}

/* The session's end is no end for the host. */
static bool outlives_end(void)
{
	uint32_t session = offering_session(MS, 300 * MS);
	struct pace pace;
	unsigned int left = 1000;
	bool ok = pace_start(&pace, session, 0, MS, 2 * MS) &&
		  !control_state(session, LIVESTACK_STATE_RUNNING) && choose("livestack");

	while (!__atomic_load_n(&pace.error, __ATOMIC_RELAXED) && left--)
		usleep(10000);
	ok = ok && clock_page_read(pace.page) == 300 * MS &&
	     state_of(session, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_ENDED;
	choose_ours();
	pace_stop(&pace);
	return give_up(session) && ok;
}

int main(void)
{
	if (control_missing())
		return ktap_skip_all(control_missing());
	if (!host_clock_open())
		return ktap_skip_all("needs a host whose clocksource is tsc");

	ktap_plan(9);
	ktap_ok(refusals(), "who cannot offer or does not run is refused");
	ktap_ok(held_while_selected(), "while selected the session neither pauses, stops nor goes");
	following();
	ktap_ok(goes_on_alone(), "the session pauses by itself: the host goes on, then follows");
	ktap_ok(outlives_end(), "the session ends: the host goes on");
	return ktap_end();
}
