// SPDX-License-Identifier: GPL-2.0-only
/*
 * 24 links come up and go down, with ends of all kinds that are written to and read from all the
 * time, by processes that are killed; components are killed, too, wires change, ports are closed
 * and opened again, all with messages on their way. Whatever happens, all that was sent over a link
 * is received, dropped or queued, and in the end nothing is left.
 *
 * Time goes on by itself: each component is a process. LS_SEED repeats what is done, though not
 * when. Needs: livestack.ko and livestack_ipc.ko loaded; root; the loopback.
 */
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chance.h"
#include "control.h"
#include "device.h"
#include "ktap.h"
#include "leftover.h"
#include "port.h"
#include "standstill.h"
#include "talker.h"

#define LINES 24
#define LEAVING 8 /* at once: what is on them arrives in the same windows */
#define PARTS 6
#define QUANTUM 10000
#define LATENCY_MAX (10 * QUANTUM) /* beside a quantum; and of a jitter */

struct end {
	struct talker talker;
	bool port; /* it has one */
};

struct line {
	bool up;
	struct end end[2];
};

static struct {
	uint32_t session;
	pid_t part[PARTS];
	struct line line[LINES];
	/* What was done, for a note. */
	unsigned int ups, kills, deaths, reopened, changes;
	uint64_t received; /* messages, over links that are down again */
} world;

/* Whether it was done; notes why not. */
static bool done(const char *what, unsigned int which, int error)
{
	if (error)
		ktap_note("%s %u: error %d (%s)", what, which, error, strerror(error));
	return !error;
}

/* A component: it goes from event to event, takes what comes, and sends over whatever link. */
__attribute__((noreturn))
static void be_part(uint16_t id, uint64_t seed)
{
	struct livestack_recv recv;
	static char bytes[LIVESTACK_MESSAGE_MAX];
	uint64_t clock = 0;
	int fd, error;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpriority(PRIO_PROCESS, 0, 0);
	chance_seed = seed | 1;
	fd = device_join(world.session, id, 0);
	if (fd < 0)
		_exit(1);
	for (;;) {
		error = device_wait(fd, &clock, clock + 1 + chance(3 * QUANTUM), NULL);
		if (error && error != EINTR)
			_exit(error != ESHUTDOWN);
		while (!device_recv(fd, bytes, sizeof(bytes), &recv))
			;
		/* Most have no end here, or are gone. */
		if (!chance(4))
			device_send(fd, chance(LINES), 0, bytes, chance(64), NULL);
		usleep(200 + chance(500));
	}
}

static bool start_part(uint16_t id)
{
	const uint64_t seed = chance(UINT64_MAX);

	world.part[id] = fork();
	if (!world.part[id])
		be_part(id, seed);
	return world.part[id] > 0;
}

static void stop_part(uint16_t id)
{
	if (world.part[id] <= 0)
		return;
	kill(world.part[id], SIGKILL);
	waitpid(world.part[id], NULL, 0);
	world.part[id] = 0;
}

/* The session has paused if it waited for the one that was killed. */
static bool go_on(void)
{
	struct nl_answer answer;

	if (!done("look at session", world.session, control_get(world.session, &answer)))
		return false;
	if (nl_u32(&answer, LIVESTACK_A_SESSION_STATE) == LIVESTACK_STATE_RUNNING)
		return true;
	world.deaths += nl_u32(&answer, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_DIED;
	return done("resume session", world.session,
		    control_state(world.session, LIVESTACK_STATE_RUNNING));
}

static bool kill_part(void)
{
	const uint16_t id = chance(PARTS);

	world.kills++;
	stop_part(id);
	return go_on() && start_part(id);
}

static bool open_end(uint16_t id, unsigned int which)
{
	struct end *end = &world.line[id].end[which];
	char interface[IFNAMSIZ];

	/* Mostly of one kind at both ends. */
	end->talker.kind = (id + (chance(4) ? 0 : chance(TALKER_KINDS))) % TALKER_KINDS;
	snprintf(interface, sizeof(interface), "lssoak%u%c", id, 'a' + which);
	end->port = talker_start(&end->talker, world.session, id, LIVESTACK_END_A + which,
				 interface, chance(UINT64_MAX));
	return end->port;
}

static bool close_end(uint16_t id, unsigned int which)
{
	struct end *end = &world.line[id].end[which];
	int error;

	/* Its process is killed before or after. */
	if (chance(2))
		talker_kill(&end->talker);
	error = end->port ? port_del(world.session, id, LIVESTACK_END_A + which) : 0;
	end->port = false;
	talker_kill(&end->talker);
	return done("close a port of link", id, error);
}

/* What component processes have not taken yet is on it still. A slow host only takes longer. */
static bool delete_line(uint16_t id)
{
	struct standstill still = { .session = world.session };
	int error;

	while ((error = port_link_del(world.session, id)) == EBUSY && !standstill_is(&still))
		usleep(1000);
	if (error == EBUSY)
		standstill_note(&still, id, world.part, PARTS);
	return done("delete link", id, error);
}

static bool count(uint16_t id)
{
	static struct nl_answer link;

	if (!done("look at link", id, control_get_link(world.session, id, &link)))
		return false;
	world.received += control_way(&link, LIVESTACK_A_LINK_TO_A, LIVESTACK_A_DIRECTION_RECEIVED);
	world.received += control_way(&link, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_RECEIVED);
	return port_balanced(world.session, id);
}

/* Nothing is sent over it any more. */
static bool down(uint16_t id)
{
	struct line *line = &world.line[id];
	const unsigned int first = chance(2);

	if (!line->up)
		return true;
	line->up = false;
	return port_balanced(world.session, id) && close_end(id, first) &&
	       port_balanced(world.session, id) && close_end(id, !first) && count(id);
}

static bool up(uint16_t id)
{
	struct line *line = &world.line[id];
	const uint16_t a = chance(PARTS), b = (a + 1 + chance(PARTS - 1)) % PARTS;
	const uint64_t to_ns = QUANTUM + chance(LATENCY_MAX);

	if (!done("new link", id,
		  control_link_ways(world.session, id, a, b, to_ns,
				    QUANTUM + chance(LATENCY_MAX))))
		return false;
	line->up = true;
	world.ups++;
	return open_end(id, 0) && open_end(id, 1);
}

static bool set_wire(uint16_t id, int setting, uint64_t value, size_t size)
{
	const int way = chance(2) ? LIVESTACK_A_LINK_TO_A : LIVESTACK_A_LINK_TO_B;

	return done("set a wire of link", id,
		    port_wire(world.session, id, way, setting, value, size));
}

static bool change(uint16_t id)
{
	world.changes++;
	switch (chance(7)) {
	case 0:
		return set_wire(id, LIVESTACK_A_DIRECTION_DOWN, chance(2), 4);
	case 1:
		return set_wire(id, LIVESTACK_A_DIRECTION_RATE_BPS,
				10000000000 + chance(90000000000), 8);
	case 2:
		return set_wire(id, LIVESTACK_A_DIRECTION_LIMIT_PACKETS, 1 + chance(1000), 4);
	case 3:
		return set_wire(id, LIVESTACK_A_DIRECTION_JITTER_NS, chance(LATENCY_MAX), 8);
	case 4:
		return set_wire(id, LIVESTACK_A_DIRECTION_MTU, 68 + chance(2000), 4);
	case 5:
		return done("set the queue of link", id,
			    port_queue(world.session, id,
				       LIVESTACK_QUEUE_MIN_BYTES + chance(1 << 20)));
	default:
		return done("set the latency of link", id,
			    port_latency(world.session, id, QUANTUM + chance(LATENCY_MAX)));
	}
}

static bool reopen(uint16_t id)
{
	const unsigned int which = chance(2);

	world.reopened++;
	return close_end(id, which) && open_end(id, which);
}

static bool disturb(uint16_t id)
{
	if (!world.line[id].up)
		return true;
	switch (chance(8)) {
	case 0:
		return reopen(id);
	case 1:
		/* Its socket ends, its port does not. */
		world.kills++;
		talker_kill(&world.line[id].end[chance(2)].talker);
		return true;
	case 2:
		return chance(4) || kill_part();
	default:
		return change(id);
	}
}

static bool begin(void)
{
	uint16_t id;

	memset(&world, 0, sizeof(world));
	world.session = control_session(QUANTUM, 0);
	if (!world.session)
		return false;
	for (id = 0; id < PARTS; id++)
		if (control_component(world.session, id, LIVESTACK_KIND_MODEL) || !start_part(id))
			return false;
	for (id = 0; id < LINES; id++)
		if (!up(id))
			return false;
	return !control_state(world.session, LIVESTACK_STATE_RUNNING);
}

static bool renew(uint16_t id)
{
	return delete_line(id) && up(id) && disturb(id) && disturb(chance(LINES));
}

/* Each link goes down and up once, beside whatever else happens to it and the others. */
static bool cycle(void)
{
	const uint16_t first = chance(LINES);
	uint16_t i;

	/* 7 has no divisor with 24: each one once. */
	for (i = 0; i < LINES + LEAVING; i++) {
		if (i < LINES && !down((first + 7 * i) % LINES))
			return false;
		if (i >= LEAVING && !renew((first + 7 * (i - LEAVING)) % LINES))
			return false;
	}
	return go_on();
}

static uint64_t told(int attribute)
{
	struct nl_answer answer;

	return control_get(world.session, &answer) ? 0 : nl_u64(&answer, attribute);
}

static bool soak(unsigned int cycles)
{
	/* A kernel that checks itself ends early rather than take longer. */
	const time_t since = time(NULL), limit_s = ktap_count(45, 6600);
	unsigned int made = 0;
	bool ok = true;

	while (ok && made < cycles && time(NULL) - since < limit_s) {
		ok = cycle();
		made += ok;
	}
	ktap_note("%u of %u cycles in %ld s", made, cycles, (long)(time(NULL) - since));
	ktap_note("%u links came up, %u ports were opened again, %u wires changed", world.ups,
		  world.reopened, world.changes);
	ktap_note("%u processes were killed, the session paused for %u of them", world.kills,
		  world.deaths);
	ktap_note("simulated: %lu us in %lu windows; %lu messages received, %lu late",
		  told(LIVESTACK_A_SESSION_CLOCK_NS) / 1000, told(LIVESTACK_A_SESSION_WINDOWS),
		  world.received, told(LIVESTACK_A_SESSION_LATE));
	return ok && made && world.received > world.ups;
}

static bool all_down(void)
{
	uint16_t id;

	for (id = 0; id < LINES; id++)
		if (!down(id) || !delete_line(id))
			return false;
	return true;
}

/* What is left of a link that could not go down goes with the session. */
static bool end(void)
{
	uint16_t id;

	control_state(world.session, LIVESTACK_STATE_STOPPED);
	for (id = 0; id < PARTS; id++)
		stop_part(id);
	for (id = 0; id < LINES; id++) {
		talker_kill(&world.line[id].end[0].talker);
		talker_kill(&world.line[id].end[1].talker);
	}
	return done("delete session", world.session, control_delete(world.session));
}

/* A socket may take a moment to be freed, and what is not a test's may have opened some. */
static bool none_left(long before)
{
	unsigned int tries;

	for (tries = 0; tries < 100 && leftover_sockets() > before + 4; tries++)
		usleep(100000);
	ktap_note("%ld sockets before, %ld after", before, leftover_sockets());
	return leftover_sockets() <= before + 4 && !leftover_device("lssoak");
}

int main(void)
{
	const char *given = getenv("LS_SEED");
	long before;

	if (port_missing())
		return ktap_skip_all(port_missing());
	/* It has 54 processes. */
	if (!ktap_chosen())
		return ktap_skip_all("takes minutes in an emulator: runs in full form, or by name");

	chance_seed = given ? strtoull(given, NULL, 0) | 1 : (uint64_t)time(NULL) << 16 | 1;
	ktap_plan(5);
	/* All that it has started would take the processor for itself as well. */
	setpriority(PRIO_PROCESS, 0, -15);
	ktap_note("LS_SEED=%llu", (unsigned long long)chance_seed);
	before = leftover_sockets();
	ktap_ok(begin(), "a session of components that are processes");
	ktap_ok(soak(ktap_count(40, 1000)), "links come and go under traffic, and all adds up");
	ktap_ok(all_down(), "all links go, with all that was on them");
	ktap_ok(end(), "the session goes");
	ktap_ok(none_left(before), "no socket and no device is left");
	return ktap_end();
}
