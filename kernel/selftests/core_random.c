// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random schedules on the module itself: 1 to 64 components join, leave, die, wait, send, receive
 * and are paused, in one process and without blocking, beside a model that knows what each call
 * must say. Every invariant of simulated time that needs no virtual machine is looked at after
 * every step. LS_SEED repeats a run.
 * Needs: livestack.ko loaded; root.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chance.h"
#include "control.h"
#include "device.h"
#include "ktap.h"
#include "random_world.h"

#define MOST 64
#define NONE LIVESTACK_TIME_NONE

static struct {
	uint32_t session, mode;
	uint64_t quantum, start; /* of the last window seen */
	unsigned int parts, lines;
	struct part part[MOST];
	struct line line[2 * MOST];
} world;

static const char *broken; /* the promise that did not hold */

static void must(bool holds, const char *promise)
{
	if (!holds && !broken)
		broken = promise;
}

static void join(uint16_t who)
{
	struct part *part = &world.part[who];

	part->fd = device_join(world.session, who, O_NONBLOCK);
	must(part->fd >= 0, "an absent component can be joined");
	part->runs = false;
	part->next = NONE;
}

static void forget(struct part *part)
{
	unsigned int i;

	for (i = 0; i < part->queued; i++)
		world.line[part->queue[i].link].dropped++;
	part->queued = 0;
	part->fd = -1;
	part->runs = false;
}

static void resume_if_paused(uint16_t culprit)
{
	struct nl_answer answer;

	if (control_get(world.session, &answer) ||
	    nl_u32(&answer, LIVESTACK_A_SESSION_STATE) != LIVESTACK_STATE_PAUSED)
		return;
	must(nl_u32(&answer, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_DIED &&
	     nl_u64(&answer, LIVESTACK_A_SESSION_CULPRIT) == culprit,
	     "a pause names who died");
	must(!control_state(world.session, LIVESTACK_STATE_RUNNING), "a pause can be ended");
}

/* The last who holds its file exits without closing it. */
static void die(uint16_t who)
{
	struct part *part = &world.part[who];
	struct nl_answer answer;
	pid_t child = fork();

	if (!child)
		for (;;)
			pause();
	close(part->fd);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	if (part->runs)
		must(!control_get(world.session, &answer) &&
		     nl_u32(&answer, LIVESTACK_A_SESSION_STATE) == LIVESTACK_STATE_PAUSED,
		     "a session pauses when one dies that it waits for");
	forget(part);
	resume_if_paused(who);
}

static void send_one(uint16_t who)
{
	struct part *part = &world.part[who], *to;
	uint16_t link = chance(world.lines);
	struct line *line = &world.line[link];
	uint64_t at = part->clock + chance(part->end - part->clock), arrival;
	int error;

	if (line->end[0] != who && line->end[1] != who)
		return;
	to = &world.part[line->end[0] == who ? line->end[1] : line->end[0]];
	if (to->queued == QUEUED)
		return;
	error = device_send(part->fd, link, at, "x", 1, &arrival);
	if (to->fd < 0) {
		must(error == EHOSTUNREACH, "nothing is sent to who is absent");
		return;
	}
	must(!error, "a message can be sent");
	/* 0 stands for where it is. */
	at = at ? at : part->clock;
	must(arrival == at + line->latency, "a message arrives when the latency has passed");
	part->clock = at;
	line->sent++;
	to->queue[to->queued++] = (struct message){
		.arrival = arrival, .sequence = part->sequence++, .source = who, .link = link,
	};
}

static void receive(struct part *part)
{
	struct message *next = first(part);
	struct livestack_recv recv;
	char data;
	int error = device_recv(part->fd, &data, 1, &recv);

	if (!next || next->arrival > part->clock) {
		must(error == EAGAIN, "no message is visible before its arrival");
		return;
	}
	must(!error && recv.arrival_ns == next->arrival && recv.source == next->source &&
	     recv.sequence == next->sequence && recv.link == next->link,
	     "messages come in the order of arrival, source, sequence");
	world.line[next->link].received++;
	*next = part->queue[--part->queued];
}

static void went_on(struct part *part, uint64_t clock, uint64_t end)
{
	const struct message *next = first(part);
	uint64_t due = next && next->arrival < part->next ? next->arrival : part->next;
	unsigned int i;

	must(clock >= part->clock, "a component's clock never goes back");
	must(clock < end, "a component runs only within its window");
	must(end >= world.start, "simulated time never goes back");
	if (world.mode == LIVESTACK_MODE_STRICT && part->next != NONE)
		must(clock == (due > part->clock ? due : part->clock) ||
		     clock == end - world.quantum,
		     "a component goes on at its event or message");
	for (i = 0; i < world.parts; i++)
		must(!world.part[i].runs || world.part[i].end == end,
		     "all who run do so in one window");
	world.start = end - world.quantum;
	part->clock = clock;
	part->end = end;
	part->runs = true;
}

static void wait_on(struct part *part)
{
	uint64_t clock = 0, end;
	int error;

	part->runs = false;
	error = device_wait(part->fd, &clock, part->next, &end);
	must(!error || error == EAGAIN, "WAIT is through, or is not yet");
	if (!error)
		went_on(part, clock, end);
}

static void run_on(uint16_t who)
{
	struct part *part = &world.part[who];

	switch (chance(200)) {
	case 0:
		close(part->fd);
		return forget(part);
	case 1:
		if (!chance(20))
			return die(who);
		__attribute__((fallthrough));
	default:
		part->next = part->clock + chance(3 * world.quantum);
		return wait_on(part);
	case 40 ... 49:
		part->next = part->clock + chance(1000 * world.quantum);
		return wait_on(part);
	case 50 ... 59:
		part->next = NONE;
		return wait_on(part);
	case 60 ... 129:
		return world.lines ? send_one(who) : (void)0;
	case 130 ... 179:
		return receive(part);
	}
}

/* Asks all who wait; whether somebody runs. */
static bool somebody_runs(void)
{
	unsigned int i;

	for (i = 0; i < world.parts; i++) {
		if (world.part[i].fd >= 0 && !world.part[i].runs)
			wait_on(&world.part[i]);
		if (world.part[i].runs)
			return true;
	}
	return false;
}

/* When nobody runs, somebody must be let: whoever has an event. */
static void nobody_hangs(void)
{
	struct part *joined = NULL;
	unsigned int i;

	/* The last to be asked may be the last to arrive, and let one run that was asked before. */
	if (somebody_runs() || somebody_runs())
		return;
	for (i = 0; i < world.parts; i++) {
		struct part *part = &world.part[i];

		if (part->fd < 0)
			continue;
		joined = part;
		must(part->next == NONE && !part->queued,
		     "when all have arrived and one has an event, a window opens");
	}
	if (!joined)
		return;
	/* All wait for ever: one is called, as by what came from outside. */
	joined->next = world.start + chance(5 * world.quantum);
	wait_on(joined);
}

static void pause_a_while(void)
{
	must(!control_state(world.session, LIVESTACK_STATE_PAUSED), "a running session pauses");
	must(!control_state(world.session, LIVESTACK_STATE_RUNNING), "a paused session goes on");
}

/* Mostly one that runs: the others have nothing new to say. */
static uint16_t anybody(void)
{
	uint16_t start = chance(world.parts), i;

	for (i = 0; chance(8) && i < world.parts; i++)
		if (world.part[(start + i) % world.parts].runs)
			return (start + i) % world.parts;
	return start;
}

static void one_step(void)
{
	uint16_t who = anybody();
	struct part *part = &world.part[who];

	if (part->fd < 0)
		join(who);
	else if (part->runs)
		run_on(who);
	else
		wait_on(part);
	if (!chance(16))
		nobody_hangs();
	if (!chance(500))
		pause_a_while();
}

static void begin(uint32_t mode)
{
	unsigned int i;

	memset(&world, 0, sizeof(world));
	world.mode = mode;
	world.parts = 1 + chance(MOST);
	world.quantum = 1000 + chance(100000);
	world.session = control_session_of_mode(world.quantum, 0, mode);
	for (i = 0; i < world.parts; i++) {
		must(!control_component(world.session, i, LIVESTACK_KIND_MODEL), "a new component");
		world.part[i].fd = -1;
	}
	world.lines = world.parts < 2 ? 0 : chance(2 * world.parts);
	for (i = 0; i < world.lines; i++) {
		struct line *line = &world.line[i];

		line->end[0] = chance(world.parts);
		line->end[1] = (line->end[0] + 1 + chance(world.parts - 1)) % world.parts;
		line->latency = chance(5 * world.quantum) +
				(mode == LIVESTACK_MODE_STRICT ? world.quantum : 0);
		must(!control_link(world.session, i, line->end[0], line->end[1], line->latency),
		     "a new link");
	}
	must(!control_state(world.session, LIVESTACK_STATE_RUNNING), "a new session runs");
}

static uint64_t both(const struct nl_answer *link, int count)
{
	return control_way(link, LIVESTACK_A_LINK_TO_B, count) +
	       control_way(link, LIVESTACK_A_LINK_TO_A, count);
}

/* Bytes in = bytes out + bytes still queued + bytes dropped, as the model and the module count. */
static void settle_accounts(void)
{
	struct nl_answer answer;
	unsigned int i;

	for (i = 0; i < world.parts; i++)
		if (world.part[i].fd >= 0) {
			close(world.part[i].fd);
			forget(&world.part[i]);
		}
	for (i = 0; i < world.lines; i++) {
		const struct line *line = &world.line[i];

		must(!control_get_link(world.session, i, &answer), "a link is there to the end");
		must(line->sent == both(&answer, LIVESTACK_A_DIRECTION_SENT_BYTES) &&
		     line->received == both(&answer, LIVESTACK_A_DIRECTION_RECEIVED_BYTES) &&
		     line->dropped == both(&answer, LIVESTACK_A_DIRECTION_DROPPED_BYTES) &&
		     !both(&answer, LIVESTACK_A_DIRECTION_QUEUED_BYTES), "nothing is lost");
	}
	must(!control_get(world.session, &answer), "the session is there to the end");
	if (world.mode == LIVESTACK_MODE_STRICT)
		must(!nl_u64(&answer, LIVESTACK_A_SESSION_LATE), "nothing is late in strict mode");
	must(!control_delete(world.session), "the session can be deleted");
}

/* @count windows, in sessions of a tenth of it each. */
static bool schedules(uint32_t mode, uint64_t count)
{
	const uint64_t first_seed = chance_seed;
	uint64_t done = 0, steps = 0, now = 0;
	struct nl_answer answer;

	while (!broken && done < count) {
		begin(mode);
		for (now = 0; !broken && now < count / 10; steps++) {
			one_step();
			if (steps % 64 == 0 && !control_get(world.session, &answer))
				now = nl_u64(&answer, LIVESTACK_A_SESSION_WINDOWS);
		}
		settle_accounts();
		done += now;
	}
	ktap_note("%llu windows, %llu steps, LS_SEED=%llu", (unsigned long long)done,
		  (unsigned long long)steps, (unsigned long long)first_seed);
	if (broken)
		ktap_note("does not hold: %s", broken);
	return !broken;
}

int main(void)
{
	const char *given = getenv("LS_SEED");

	if (control_missing())
		return ktap_skip_all(control_missing());

	chance_seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) << 16 | 1;
	ktap_plan(2);
	ktap_ok(schedules(LIVESTACK_MODE_STRICT, ktap_count(10000, 100000)), "strict sessions");
	ktap_ok(schedules(LIVESTACK_MODE_RELAXED, ktap_count(2000, 20000)), "relaxed sessions");
	return ktap_end();
}
