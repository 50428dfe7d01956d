// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes take part in a session by /dev/livestack as the uapi header says: clocks go as the
 * arithmetic of their events, leaving and dying are told apart, and bad calls are refused.
 * Needs: livestack.ko loaded; root.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"
#include "device.h"
#include "ktap.h"

#define QUANTUM 10000
#define NOBODY 0x7fffff00

/* The clock after waiting for @next, or 0 with errno set. */
static uint64_t wait_until(int fd, uint64_t next)
{
	struct livestack_wait wait = { .next_ns = next };

	return ioctl(fd, LIVESTACK_IOC_WAIT, &wait) ? 0 : wait.clock_ns;
}

static uint32_t running_session(unsigned int components, uint64_t end)
{
	uint32_t session = control_session(QUANTUM, end);
	unsigned int i;

	for (i = 0; i < components; i++)
		if (control_component(session, i, LIVESTACK_KIND_MODEL))
			return 0;
	return control_state(session, LIVESTACK_STATE_RUNNING) ? 0 : session;
}

/* Every event is met at its time, and idle time is skipped: as many windows as events. */
static bool alone(void)
{
	const unsigned int count = ktap_count(1000, 100000);
	uint32_t session = running_session(1, 0);
	int fd = device_join(session, 0, 0);
	struct nl_answer answer;
	unsigned int i;
	bool ok = true;

	for (i = 1; ok && i <= count; i++)
		ok = wait_until(fd, i * 1000000ULL) == i * 1000000ULL;
	ok &= !control_get(session, &answer) &&
	      nl_u64(&answer, LIVESTACK_A_SESSION_WINDOWS) == count + 1;
	close(fd);
	return ok && !control_delete(session);
}

/* One beats every 7 us, in its own process, as long as the session goes on. */
static pid_t beater(uint32_t session, uint16_t component)
{
	struct livestack_now now = { 0 };
	pid_t child;
	uint64_t at;
	int fd;

	fflush(stdout);
	child = fork();
	if (child)
		return child;
	fd = device_join(session, component, 0);
	ioctl(fd, LIVESTACK_IOC_NOW, &now);
	for (at = now.clock_ns / 7000 * 7000 + 7000; wait_until(fd, at) == at; at += 7000)
		;
	_exit(errno == ESHUTDOWN ? 0 : 1);
}

static bool ended_well(pid_t child)
{
	int status;

	return waitpid(child, &status, 0) == child && WIFEXITED(status) && !WEXITSTATUS(status);
}

/* Until the session is in @state; gives up when no window has opened for 10 s. */
static bool reaches(uint32_t session, uint32_t state, struct nl_answer *answer)
{
	uint64_t windows = 0;
	unsigned int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (control_get(session, answer))
			return false;
		if (nl_u32(answer, LIVESTACK_A_SESSION_STATE) == state)
			return true;
		if (nl_u64(answer, LIVESTACK_A_SESSION_WINDOWS) != windows)
			tries = 0;
		windows = nl_u64(answer, LIVESTACK_A_SESSION_WINDOWS);
		usleep(10000);
	}
	return false;
}

static bool together(unsigned int count)
{
	const uint64_t end = ktap_count(1, 20) * 10000000ULL;
	uint32_t session = control_session(QUANTUM, end);
	pid_t child[8];
	struct nl_answer answer;
	unsigned int i;
	bool ok = true;

	for (i = 0; i < count; i++) {
		ok &= !control_component(session, i, LIVESTACK_KIND_MODEL);
		child[i] = beater(session, i);
	}
	/* All are there before time begins, so that all see it from 0 on. */
	for (i = 0; i < 1000; i++) {
		if (control_get(session, &answer) ||
		    nl_u32(&answer, LIVESTACK_A_SESSION_JOINED) == count)
			break;
		usleep(10000);
	}
	ok &= !control_state(session, LIVESTACK_STATE_RUNNING) &&
	      reaches(session, LIVESTACK_STATE_STOPPED, &answer) &&
	      nl_u32(&answer, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_ENDED &&
	      nl_u64(&answer, LIVESTACK_A_SESSION_START_NS) == end;
	for (i = 0; i < count; i++)
		ok &= ended_well(child[i]);
	return ok && !control_delete(session);
}

/* Joins and then runs for ever within its window: all others wait for it. */
static pid_t dawdler(uint32_t session, uint16_t component)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child)
		return child;
	if (device_join(session, component, 0) >= 0)
		for (;;)
			pause();
	_exit(1);
}

static bool awaited(uint32_t session, uint16_t component, struct nl_answer *answer)
{
	unsigned int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (control_get(session, answer))
			return false;
		if (nl_u32(answer, LIVESTACK_A_SESSION_AWAITED) == 1 &&
		    nl_u64(answer, LIVESTACK_A_SESSION_WAITS_FOR) == component)
			return true;
		usleep(10000);
	}
	return false;
}

/* An event that tells of the session in this state and for this reason, within 10 s. */
static bool heard(int listener, uint32_t session, uint32_t state, uint32_t reason,
		  struct nl_answer *event)
{
	while (nl_hear(listener, 10000, event))
		if (event->genl.cmd == LIVESTACK_CMD_SESSION_NTF &&
		    nl_u32(event, LIVESTACK_A_SESSION_ID) == session &&
		    nl_u32(event, LIVESTACK_A_SESSION_STATE) == state &&
		    nl_u32(event, LIVESTACK_A_SESSION_REASON) == reason)
			return true;
	return false;
}

static bool death_pauses(void)
{
	int listener = control_listen();
	uint32_t session = running_session(2, 0);
	pid_t beats = beater(session, 0), dies = dawdler(session, 1);
	struct nl_answer answer;
	bool ok = awaited(session, 1, &answer);

	ok &= control_delete(session) == EBUSY;
	kill(dies, SIGKILL);
	waitpid(dies, NULL, 0);
	ok &= reaches(session, LIVESTACK_STATE_PAUSED, &answer) &&
	      nl_u32(&answer, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_DIED &&
	      nl_u64(&answer, LIVESTACK_A_SESSION_CULPRIT) == 1;
	ok &= heard(listener, session, LIVESTACK_STATE_PAUSED, LIVESTACK_REASON_DIED, &answer) &&
	      nl_u64(&answer, LIVESTACK_A_SESSION_CULPRIT) == 1;
	close(listener);
	/* It goes on without the dead one, and the other sees the end of it. */
	ok &= !control_state(session, LIVESTACK_STATE_RUNNING) &&
	      !control_state(session, LIVESTACK_STATE_STOPPED) && ended_well(beats);
	return ok && !control_delete(session);
}

/* Killed while it waits for its turn it has arrived, and nobody misses it. */
static bool waiter_killed(void)
{
	uint32_t session = running_session(2, 0);
	pid_t dawdles = dawdler(session, 1), waits;
	struct nl_answer answer;
	bool ok = awaited(session, 1, &answer);

	waits = beater(session, 0);
	usleep(100000);
	kill(waits, SIGKILL);
	waitpid(waits, NULL, 0);
	ok &= !control_get(session, &answer) &&
	      nl_u32(&answer, LIVESTACK_A_SESSION_STATE) == LIVESTACK_STATE_RUNNING;
	kill(dawdles, SIGKILL);
	waitpid(dawdles, NULL, 0);
	return ok && !control_delete(session);
}

/* Closing is leaving, also for the one that the window waits for. */
static bool closing_leaves(void)
{
	uint32_t session = running_session(2, 0);
	int first = device_join(session, 0, 0), second = device_join(session, 1, 0);
	struct nl_answer answer;
	bool ok = first >= 0 && second >= 0;

	close(second);
	ok &= wait_until(first, 50000) == 50000;
	ok &= !control_get(session, &answer) &&
	      nl_u32(&answer, LIVESTACK_A_SESSION_STATE) == LIVESTACK_STATE_RUNNING;
	close(first);
	return ok && !control_delete(session);
}

static bool fails(int result, int error)
{
	if (result == -1 && errno == error)
		return true;
	ktap_note("result %d, %s, wanted %s", result, strerror(errno), strerror(error));
	return false;
}

static bool bad_joins(uint32_t session)
{
	struct livestack_join reserved = { .session = session, .reserved = 1 };
	struct livestack_join again = { .session = session };
	int fd = open("/dev/livestack", O_RDWR);
	bool ok = fails(device_join(NOBODY, 0, 0), ENOENT) &&
		  fails(device_join(session, 9, 0), ENOENT) &&
		  fails(device_join(session, 1, 0), EINVAL) &&
		  fails(ioctl(fd, LIVESTACK_IOC_JOIN, &reserved), EINVAL) &&
		  fails(ioctl(fd, LIVESTACK_IOC_JOIN, (void *)8), EFAULT) &&
		  !ioctl(fd, LIVESTACK_IOC_JOIN, &again) &&
		  fails(ioctl(fd, LIVESTACK_IOC_JOIN, &again), EISCONN) &&
		  fails(device_join(session, 0, 0), EBUSY);

	close(fd);
	return ok;
}

static bool bad_calls(uint32_t session)
{
	struct livestack_wait end = { .end_ns = 1 }, far = { .clock_ns = 1ULL << 53 };
	struct livestack_now now;
	int fd = open("/dev/livestack", O_RDWR);
	bool ok = fails(read(fd, &now, 8), ENODATA) && fails(write(fd, &end, 7), EINVAL) &&
		  fails(write(fd, &end, 8), ENOTTY) && fails(ioctl(fd, 0, 0), ENOTTY) &&
		  fails(ioctl(fd, ~0U, 0), ENOTTY) &&
		  fails(ioctl(fd, LIVESTACK_IOC_NOW, &now), ENOTCONN) &&
		  mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED &&
		  errno == ENOTCONN;

	close(fd);
	fd = device_join(session, 0, 0);
	ok = ok && fails(ioctl(fd, LIVESTACK_IOC_WAIT, &end), EINVAL) &&
	     fails(ioctl(fd, LIVESTACK_IOC_WAIT, &far), EINVAL) &&
	     fails(ioctl(fd, LIVESTACK_IOC_WAIT, (void *)8), EFAULT) &&
	     fails(ioctl(fd, LIVESTACK_IOC_NOW, (void *)8), EFAULT) &&
	     !ioctl(fd, LIVESTACK_IOC_NOW, &now) && now.clock_ns == 0;
	close(fd);
	return ok;
}

static bool all_bad(void)
{
	uint32_t session = control_session(QUANTUM, 0);
	unsigned int round, rounds = ktap_count(100, 10000);
	bool ok = !control_component(session, 0, LIVESTACK_KIND_MODEL) &&
		  !control_component(session, 1, LIVESTACK_KIND_LIVE);

	for (round = 0; ok && round < rounds; round++)
		ok = bad_joins(session) && bad_calls(session);
	ok = ok && !control_state(session, LIVESTACK_STATE_STOPPED) &&
	     fails(device_join(session, 0, 0), ESHUTDOWN);
	return ok && !control_delete(session);
}

int main(void)
{
	if (control_missing())
		return ktap_skip_all(control_missing());

	ktap_plan(8);
	ktap_ok(alone(), "one alone meets every event at its time, one window each");
	ktap_ok(together(1), "1 process beats exactly until the session's end");
	ktap_ok(together(2), "2 processes do");
	ktap_ok(together(8), "8 processes do");
	ktap_ok(death_pauses(), "killed while awaited: the session pauses, the event names it");
	ktap_ok(waiter_killed(), "killed while waiting: the session goes on");
	ktap_ok(closing_leaves(), "closing the file is leaving");
	ktap_ok(all_bad(), "bad calls are refused, each with its error");
	return ktap_end();
}
