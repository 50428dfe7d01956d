// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a session does when a component dies or runs too far, and how relaxed and free sessions
 * count what comes late.
 * Needs: livestack.ko loaded; root.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"
#include "device.h"
#include "ktap.h"
#include "pair.h"

#define QUANTUM 10000
#define NONE LIVESTACK_TIME_NONE

static int set(const struct pair *pair, uint16_t attribute, uint32_t value)
{
	return control_set(pair->session, attribute, value);
}

/* Whether the session is in this state, for this reason, in this mode. */
static bool stands(const struct pair *pair, uint32_t state, uint32_t reason, uint32_t mode,
		   struct nl_answer *answer)
{
	bool ok = !control_get(pair->session, answer) &&
		  nl_u32(answer, LIVESTACK_A_SESSION_STATE) == state &&
		  nl_u32(answer, LIVESTACK_A_SESSION_REASON) == reason &&
		  nl_u32(answer, LIVESTACK_A_SESSION_MODE) == mode;

	if (!ok)
		ktap_note("state %u, reason %u, mode %u", nl_u32(answer, LIVESTACK_A_SESSION_STATE),
			  nl_u32(answer, LIVESTACK_A_SESSION_REASON),
			  nl_u32(answer, LIVESTACK_A_SESSION_MODE));
	return ok;
}

/* The file's last holder exits without closing it. */
static void die_with(int *fd)
{
	pid_t child = fork();

	if (!child)
		for (;;)
			pause();
	close(*fd);
	*fd = -1;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* Within the slack nothing happens; beyond it the session pauses and goes on when told to. */
static bool overshoot_pauses(void)
{
	struct nl_answer answer;
	struct pair pair;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, QUANTUM, 25000) &&
		  ktap_is(pair_step(&pair, 0, 0), 0) &&
		  ktap_is(pair_step(&pair, 1, NONE), EAGAIN);

	pair.clock[0] = QUANTUM + 15000;
	ok = ok && ktap_is(pair_step(&pair, 0, 0), 0) && pair.clock[0] == 25000 &&
	     stands(&pair, LIVESTACK_STATE_RUNNING, LIVESTACK_REASON_ASKED, LIVESTACK_MODE_STRICT,
		    &answer);
	/* Its window goes from 25000 to 35000. */
	pair.clock[0] = 35000 + 15001;
	ok = ok && ktap_is(pair_step(&pair, 0, 0), EAGAIN) &&
	     stands(&pair, LIVESTACK_STATE_PAUSED, LIVESTACK_REASON_OVERSHOT,
		    LIVESTACK_MODE_STRICT, &answer) &&
	     nl_u64(&answer, LIVESTACK_A_SESSION_CULPRIT) == 0 &&
	     !control_state(pair.session, LIVESTACK_STATE_RUNNING) &&
	     ktap_is(pair_step(&pair, 0, 0), 0) && pair.clock[0] == 50001 &&
	     !set(&pair, LIVESTACK_A_SESSION_ON_OVERSHOOT, LIVESTACK_ON_OVERSHOOT_COUNT);
	pair.clock[0] = 999999;
	ok = ok && ktap_is(pair_step(&pair, 0, 0), 0) && pair.clock[0] == 999999 &&
	     stands(&pair, LIVESTACK_STATE_RUNNING, LIVESTACK_REASON_ASKED, LIVESTACK_MODE_STRICT,
		    &answer);
	return pair_end(&pair) && ok;
}

/* A window longer than the latency: who ran past a message it could not know of gets it late. */
static bool late_is_counted(void)
{
	struct livestack_recv recv;
	struct nl_answer answer;
	struct pair pair;
	uint64_t arrival;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_RELAXED, QUANTUM, 100) &&
		  ktap_is(pair_step(&pair, 0, 0), 0) &&
		  ktap_is(pair_step(&pair, 1, 0), 0);

	pair.clock[1] = 5000;
	ok = ok && ktap_is(pair_step(&pair, 1, 5000), 0) &&
	     ktap_is(device_send(pair.fd[0], PAIR_LINK, 1000, "", 0, &arrival), 0) &&
	     arrival == 1100 &&
	     ktap_is(device_send(pair.fd[0], PAIR_LINK, 6000, "", 0, &arrival), 0) &&
	     arrival == 6100 &&
	     ktap_is(device_recv(pair.fd[1], NULL, 0, &recv), 0) && recv.arrival_ns == 1100 &&
	     ktap_is(device_recv(pair.fd[1], NULL, 0, &recv), EAGAIN);
	/* It does not know of the second either. */
	pair.clock[1] = 7000;
	ok = ok && ktap_is(pair_step(&pair, 1, 7000), 0) &&
	     ktap_is(device_recv(pair.fd[1], NULL, 0, &recv), 0) && recv.arrival_ns == 6100 &&
	     !control_get(pair.session, &answer) && nl_u64(&answer, LIVESTACK_A_SESSION_LATE) == 2;
	/* The third it knows of when it waits, and gets at its arrival. */
	ok = ok && ktap_is(device_send(pair.fd[0], PAIR_LINK, 8000, "", 0, &arrival), 0) &&
	     ktap_is(pair_step(&pair, 1, NONE), 0) && pair.clock[1] == 8100 &&
	     ktap_is(device_recv(pair.fd[1], NULL, 0, &recv), 0) &&
	     !control_get_link(pair.session, PAIR_LINK, &answer) &&
	     control_way(&answer, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_LATE) == 2 &&
	     control_way(&answer, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_RECEIVED) == 3;
	return pair_end(&pair) && ok;
}

static bool loss_releases(void)
{
	struct nl_answer answer;
	struct pair pair;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, QUANTUM, 25000) &&
		  !set(&pair, LIVESTACK_A_SESSION_ON_LOSS, LIVESTACK_ON_LOSS_RELEASE) &&
		  ktap_is(pair_step(&pair, 0, 1000000), EAGAIN);

	die_with(&pair.fd[1]);
	ok = ok && stands(&pair, LIVESTACK_STATE_RUNNING, LIVESTACK_REASON_DIED,
			  LIVESTACK_MODE_FREE, &answer) &&
	     answer.attribute[LIVESTACK_A_SESSION_RELEASED].data &&
	     nl_u64(&answer, LIVESTACK_A_SESSION_CULPRIT) == 1 &&
	     ktap_is(pair_step(&pair, 0, 1000000), 0) && pair.clock[0] == 1000000 &&
	     ktap_is(set(&pair, LIVESTACK_A_SESSION_STATE, LIVESTACK_STATE_PAUSED), EPERM);
	return pair_end(&pair) && ok;
}

/* Nobody waits for anybody, whoever joins; dying changes nothing. */
static bool free_runs(void)
{
	struct nl_answer answer;
	struct pair pair;
	uint64_t clock = 0, end;
	int third;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_FREE, QUANTUM, 0) &&
		  ktap_is(pair_step(&pair, 0, 12345678), 0) && pair.clock[0] == 12345678 &&
		  ktap_is(pair_step(&pair, 0, 999999999), 0) && pair.clock[0] == 999999999 &&
		  !control_component(pair.session, 2, LIVESTACK_KIND_MODEL);

	third = device_join(pair.session, 2, O_NONBLOCK);
	ok = ok && ktap_is(device_wait(third, &clock, 77, &end), 0) && clock == 77 &&
	     end == LIVESTACK_TIME_MAX_NS && ktap_is(pair_step(&pair, 1, NONE), EAGAIN) &&
	     ktap_is(device_send(pair.fd[0], PAIR_LINK, 0, "", 0, NULL), 0) &&
	     ktap_is(pair_step(&pair, 1, NONE), 0) && pair.clock[1] == 999999999 &&
	     stands(&pair, LIVESTACK_STATE_RUNNING, LIVESTACK_REASON_ASKED, LIVESTACK_MODE_FREE,
		    &answer) &&
	     !answer.attribute[LIVESTACK_A_SESSION_RELEASED].data;
	die_with(&third);
	ok = ok && stands(&pair, LIVESTACK_STATE_RUNNING, LIVESTACK_REASON_DIED,
			  LIVESTACK_MODE_FREE, &answer) &&
	     ktap_is(pair_step(&pair, 0, 1000000001), 0);
	return pair_end(&pair) && ok;
}

/* Set on a paused session, free lets it run; there is no way back. */
static bool freed(void)
{
	struct nl_answer answer;
	struct pair pair;
	bool ok = pair_begin(&pair, LIVESTACK_MODE_STRICT, QUANTUM, 25000) &&
		  ktap_is(pair_step(&pair, 0, 50000), EAGAIN) &&
		  !set(&pair, LIVESTACK_A_SESSION_STATE, LIVESTACK_STATE_PAUSED) &&
		  ktap_is(set(&pair, LIVESTACK_A_SESSION_MODE, LIVESTACK_MODE_RELAXED),
			  EPERM) &&
		  !set(&pair, LIVESTACK_A_SESSION_MODE, LIVESTACK_MODE_FREE) &&
		  ktap_is(pair_step(&pair, 0, 50000), 0) && pair.clock[0] == 50000 &&
		  stands(&pair, LIVESTACK_STATE_RUNNING, LIVESTACK_REASON_ASKED,
			 LIVESTACK_MODE_FREE, &answer) &&
		  answer.attribute[LIVESTACK_A_SESSION_RELEASED].data &&
		  ktap_is(set(&pair, LIVESTACK_A_SESSION_MODE, LIVESTACK_MODE_STRICT),
			  EPERM) &&
		  !set(&pair, LIVESTACK_A_SESSION_STATE, LIVESTACK_STATE_STOPPED) &&
		  ktap_is(set(&pair, LIVESTACK_A_SESSION_MODE, LIVESTACK_MODE_FREE),
			  ESHUTDOWN);

	return pair_end(&pair) && ok;
}

int main(void)
{
	if (control_missing())
		return ktap_skip_all(control_missing());

	ktap_plan(5);
	ktap_ok(overshoot_pauses(), "an overshoot above the slack pauses, or counts");
	ktap_ok(late_is_counted(), "what a relaxed session delivers late is counted");
	ktap_ok(loss_releases(), "on-loss release gives gating up and marks it");
	ktap_ok(free_runs(), "free: nobody waits, whoever joins or dies");
	ktap_ok(freed(), "gating is given up for good");
	return ktap_end();
}
