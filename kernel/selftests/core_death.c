// SPDX-License-Identifier: GPL-2.0-only
/*
 * Joined components that are killed while they wait or run, at any moment and while others change
 * the session: each is out at once, the rest goes on, and the session can be deleted in the end.
 *
 * Needs: livestack.ko loaded; root.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "control.h"
#include "death.h"
#include "device.h"
#include "ktap.h"

#define PARTS 8

/* Waits and runs in turn for ever, so that it is killed while it does, or while others wait. */
static pid_t part(uint32_t session, uint16_t component)
{
	struct livestack_wait wait = { 0 };
	pid_t child = spawn();
	int fd;

	if (child)
		return child;
	srand(SEED + getpid());
	fd = device_join(session, component, 0);
	while (fd >= 0) {
		wait.next_ns = wait.clock_ns + 1 + rand() % 30000;
		wait.clock_ns = 0;
		wait.end_ns = 0;
		if (ioctl(fd, LIVESTACK_IOC_WAIT, &wait))
			break;
		if (rand() % 4 == 0)
			usleep(rand() % 2000);
	}
	_exit(1);
}

/* For ever: changes the session that others live in, whatever is refused meanwhile. */
static pid_t meddler(uint32_t session)
{
	pid_t child = spawn();
	struct nl_message message;
	struct nl_answer answer;
	uint64_t quantum;

	if (child || !control_open())
		return child;
	for (;;) {
		quantum = 1000 + rand() % 20000;
		control_start(&message, LIVESTACK_CMD_SESSION_SET);
		nl_add(&message, LIVESTACK_A_SESSION_ID, &session, sizeof(session));
		nl_add(&message, LIVESTACK_A_SESSION_QUANTUM_NS, &quantum, sizeof(quantum));
		control_ask(&message, &answer);
		control_component(session, 100 + rand() % 50, LIVESTACK_KIND_MODEL);
		control_state(session, LIVESTACK_STATE_PAUSED);
		dump_some(LIVESTACK_CMD_COMPONENT_GET);
		control_state(session, LIVESTACK_STATE_RUNNING);
		control_get(session, &answer);
		usleep(rand() % 1000);
	}
}

/* Whether the session has this component and nobody is joined as it. */
static bool absent(uint32_t session, uint16_t component)
{
	struct nl_message message;
	struct nl_answer answer;

	control_start(&message, LIVESTACK_CMD_COMPONENT_GET);
	nl_add(&message, LIVESTACK_A_COMPONENT_SESSION, &session, sizeof(session));
	nl_add(&message, LIVESTACK_A_COMPONENT_ID, &component, sizeof(component));
	return !control_ask(&message, &answer) &&
	       !answer.attribute[LIVESTACK_A_COMPONENT_PID].data &&
	       nl_u32(&answer, LIVESTACK_A_COMPONENT_PLACE) == LIVESTACK_PLACE_ABSENT;
}

/* All of them run, however often somebody's death has stopped them. */
static bool all_get_on(uint32_t session)
{
	struct nl_answer answer;
	uint64_t windows = 0;
	unsigned int tries;

	for (tries = 0; tries < 1000; tries++) {
		control_state(session, LIVESTACK_STATE_RUNNING);
		if (control_get(session, &answer))
			return false;
		if (!windows && nl_u32(&answer, LIVESTACK_A_SESSION_JOINED) == PARTS)
			windows = nl_u64(&answer, LIVESTACK_A_SESSION_WINDOWS) + 1;
		else if (windows && nl_u64(&answer, LIVESTACK_A_SESSION_WINDOWS) > windows)
			return true;
		usleep(10000);
	}
	return false;
}

static bool parts_killed(void)
{
	const unsigned int kills = ktap_count(100, 3000);
	uint32_t session = control_session(10000, 0);
	unsigned int i, paused = 0;
	pid_t child[PARTS], meddles;
	struct nl_answer answer;
	bool ok = true;

	for (i = 0; i < PARTS; i++)
		ok &= !control_component(session, i, LIVESTACK_KIND_MODEL);
	for (i = 0; i < PARTS; i++)
		child[i] = part(session, i);
	ok &= all_get_on(session);
	meddles = meddler(session);
	for (i = 0; ok && i < kills; i++) {
		const unsigned int victim = rand() % PARTS;

		usleep(rand() % 10000);
		ok = slay(child[victim]) && absent(session, victim) &&
		     !control_get(session, &answer);
		paused += nl_u32(&answer, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_DIED;
		control_state(session, LIVESTACK_STATE_RUNNING);
		child[victim] = part(session, victim);
	}
	ok &= slay(meddles) && all_get_on(session) && control_delete(session) == EBUSY;
	for (i = 0; i < PARTS; i++)
		ok &= slay(child[i]) && absent(session, i);
	ktap_note("%u killed, the session was paused for %u of them", i ? kills : 0, paused);
	return !control_delete(session) && ok;
}

/* What two processes hold has died when the second of them has. */
static bool inherited(void)
{
	uint32_t session = control_session(10000, 0);
	int said[2], status;
	pid_t first, second = 0;
	bool ok;

	if (pipe(said) || prctl(PR_SET_CHILD_SUBREAPER, 1) ||
	    control_component(session, 0, LIVESTACK_KIND_MODEL) ||
	    control_state(session, LIVESTACK_STATE_RUNNING))
		return false;
	first = spawn();
	if (first == 0) {
		if (device_join(session, 0, 0) < 0)
			_exit(1);
		second = fork();
		if (second && write(said[1], &second, sizeof(second)) != sizeof(second))
			_exit(1);
		for (;;)
			pause();
	}
	ok = read(said[0], &second, sizeof(second)) == sizeof(second) && slay(first) &&
	     control_delete(session) == EBUSY;
	kill(second, SIGKILL);
	ok &= waitpid(second, &status, 0) == second && absent(session, 0);
	close(said[0]);
	close(said[1]);
	return !control_delete(session) && ok;
}

int main(void)
{
	if (control_missing())
		return ktap_skip_all(control_missing());

	ktap_plan(2);
	srand(SEED);
	ktap_ok(parts_killed(), "killed at any moment: out at once, and the rest goes on");
	ktap_ok(inherited(), "a component that two processes hold dies with the second");
	return ktap_end();
}
