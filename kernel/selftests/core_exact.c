// SPDX-License-Identifier: GPL-2.0-only
/*
 * Very many messages at random simulated times over links of random latencies: each is received
 * when its receiver's clock is at its arrival, to the nanosecond, and in the order of arrival,
 * source and sequence. A seed says all that is received and when, whoever's turn it is on the host.
 *
 * One process is all components, without blocking. LS_SEED repeats a run.
 * Needs: livestack.ko loaded; root.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "chance.h"
#include "control.h"
#include "device.h"
#include "ktap.h"
#include "port.h"
#include "stage.h"

#define QUANTUM 10000
#define GAP 1000 /* between two messages of one component, in the mean */
#define PARTS_MAX 5
#define LINES 8
#define NONE LIVESTACK_TIME_NONE
#define PATIENCE 10000 /* turns in which nobody can go on */

/* From component 0 to one of the others. */
struct line {
	uint16_t end[2];
	uint64_t latency[2]; /* to that end */
};

/* What a message carries. */
struct note {
	uint64_t send_ns, sequence;
};

struct part {
	int fd;
	uint64_t clock, next;
	uint64_t random; /* state of its own chance */
	uint64_t sent, left, received;
	uint64_t log; /* a hash of all that it has received, and when */
	struct livestack_recv last;
};

struct plan {
	unsigned int parts;
	uint64_t grain; /* all times are multiples of it: many messages come at one instant */
	uint64_t seed;
	uint64_t count; /* of messages, of all together */
	bool in_turn;	/* each goes on as far as it can; else anybody does, a step */
};

static struct {
	uint32_t session;
	const struct plan *plan;
	struct part part[PARTS_MAX];
	struct line line[LINES];
	uint64_t received, at_once; /* messages; of those, with one of another source */
} world;

static const char *broken; /* the promise that did not hold */

static bool must(bool holds, const char *promise)
{
	if (!holds && !broken)
		broken = promise;
	return holds;
}

static uint64_t grains(uint64_t *random, uint64_t below_ns)
{
	return chance_of(random, below_ns / world.plan->grain) * world.plan->grain;
}

/* When its next one goes out; now and then with the one before. */
static void plan_next(struct part *part)
{
	part->next = NONE;
	if (part->left)
		part->next = part->clock +
			     (chance_of(&part->random, 8) ? grains(&part->random, 2 * GAP) : 0);
}

/* Any line that ends at it. */
static uint16_t any_line(uint16_t who)
{
	const unsigned int others = world.plan->parts - 1;
	uint64_t *random = &world.part[who].random;

	return who ? who - 1 + others * chance_of(random, LINES / others) :
		     chance_of(random, LINES);
}

static void send_one(uint16_t who)
{
	struct part *part = &world.part[who];
	const uint16_t number = any_line(who);
	const struct line *line = &world.line[number];
	const struct note note = { part->clock, part->sent };
	uint64_t arrival = 0;

	must(!device_send(part->fd, number, 0, &note, sizeof(note), &arrival) &&
	     arrival == part->clock + line->latency[line->end[0] == who],
	     "a message arrives when it was sent and the latency has passed");
	part->sent++;
	part->left--;
	plan_next(part);
}

static bool is_after(const struct livestack_recv *a, const struct livestack_recv *b)
{
	if (a->arrival_ns != b->arrival_ns)
		return a->arrival_ns > b->arrival_ns;
	if (a->source != b->source)
		return a->source > b->source;
	return a->sequence > b->sequence;
}

static void write_down(struct part *part, uint64_t value)
{
	part->log = (part->log ^ value) * 0x9e3779b97f4a7c15;
	part->log ^= part->log >> 29;
}

static void came(uint16_t who, const struct livestack_recv *recv, const struct note *note)
{
	struct part *part = &world.part[who];
	const struct line *line = &world.line[recv->link % LINES];
	const unsigned int end = line->end[1] == who;
	const uint64_t told[] = { part->clock, recv->arrival_ns, recv->send_ns, recv->source,
				  recv->sequence, recv->link };
	unsigned int i;

	must(recv->arrival_ns == part->clock, "a message is received at its arrival");
	must(recv->length == sizeof(*note) && recv->send_ns == note->send_ns &&
	     recv->sequence == note->sequence && recv->source == line->end[!end],
	     "a message is what was sent");
	must(recv->arrival_ns == note->send_ns + line->latency[end],
	     "a message takes the latency of its link");
	must(!part->received || is_after(recv, &part->last),
	     "messages come in the order of arrival, source, sequence");
	world.at_once += part->received && recv->arrival_ns == part->last.arrival_ns &&
			 recv->source != part->last.source;
	part->last = *recv;
	part->received++;
	world.received++;
	for (i = 0; i < sizeof(told) / sizeof(*told); i++)
		write_down(part, told[i]);
}

/* Goes on to its next event or message. False: it is not its turn. */
static bool step(uint16_t who)
{
	struct part *part = &world.part[who];
	const uint64_t before = part->clock, received = part->received;
	const int waited = device_wait(part->fd, &part->clock, part->next, NULL);
	struct livestack_recv recv;
	struct note note;
	int error;

	if (waited == EAGAIN || !must(!waited, "WAIT is through, or is not yet"))
		return false;
	must(part->clock >= before && part->clock <= part->next,
	     "a clock goes on, and not past an event");
	while (!(error = device_recv(part->fd, &note, sizeof(note), &recv)))
		came(who, &recv, &note);
	must(error == EAGAIN, "messages are received until there is none");
	must(part->received > received || part->clock == part->next,
	     "a component goes on to its event or to a message");
	while (!broken && part->left && part->next <= part->clock)
		send_one(who);
	return true;
}

static bool begin(const struct plan *plan)
{
	uint64_t random = plan->seed;
	unsigned int i;

	memset(&world, 0, sizeof(world));
	for (i = 0; i < PARTS_MAX; i++)
		world.part[i].fd = -1;
	world.plan = plan;
	world.session = stage_session(plan->parts, QUANTUM, 0);
	for (i = 0; i < LINES; i++) {
		struct line *line = &world.line[i];

		line->end[1] = 1 + i % (plan->parts - 1);
		line->latency[0] = QUANTUM + grains(&random, 5 * QUANTUM);
		line->latency[1] = QUANTUM + grains(&random, 5 * QUANTUM);
		if (control_link_ways(world.session, i, 0, line->end[1], line->latency[1],
				      line->latency[0]))
			return false;
	}
	for (i = 0; i < plan->parts; i++) {
		struct part *part = &world.part[i];

		part->random = chance_of(&random, UINT64_MAX) | 1;
		part->left = plan->count / plan->parts;
		part->fd = device_join(world.session, i, O_NONBLOCK);
		plan_next(part);
		if (part->fd < 0)
			return false;
	}
	return !control_state(world.session, LIVESTACK_STATE_RUNNING);
}

static bool end(void)
{
	struct nl_answer answer;
	unsigned int i;
	bool ok = !control_get(world.session, &answer) &&
		  must(!nl_u64(&answer, LIVESTACK_A_SESSION_LATE), "none is late");

	for (i = 0; i < LINES; i++)
		ok &= port_balanced(world.session, i);
	for (i = 0; i < world.plan->parts; i++)
		close(world.part[i].fd);
	return !control_delete(world.session) && ok;
}

static void go_on(void)
{
	const unsigned int parts = world.plan->parts;
	const uint64_t all = world.plan->count / parts * parts;
	unsigned int stuck = 0, who = 0;
	bool moved;

	while (!broken && world.received < all) {
		if (!world.plan->in_turn)
			who = chance(parts);
		moved = step(who);
		if (world.plan->in_turn && !moved)
			who = (who + 1) % parts;
		stuck = moved ? 0 : stuck + 1;
		must(stuck < PATIENCE, "whoever has something to do can go on");
	}
}

/* A hash of what each has received and when; 0: a promise was broken. */
static uint64_t deliveries(const struct plan *plan)
{
	uint64_t log = 1;
	unsigned int i;
	bool ok = begin(plan);

	if (ok)
		go_on();
	ktap_note("%llu messages of %u components, %llu at one instant with another's, seed %llu",
		  (unsigned long long)world.received, plan->parts,
		  (unsigned long long)world.at_once, (unsigned long long)plan->seed);
	for (i = 0; i < plan->parts; i++) {
		write_down(&world.part[i], log);
		log = world.part[i].log;
	}
	ok = end() && ok && !broken;
	if (broken)
		ktap_note("does not hold: %s", broken);
	return ok ? log : 0;
}

int main(void)
{
	const char *given = getenv("LS_SEED");
	struct plan plan = { .parts = 2, .grain = 1, .count = ktap_count(20000, 1000000) };
	uint64_t log, other;

	if (control_missing())
		return ktap_skip_all(control_missing());

	chance_seed = given ? strtoull(given, NULL, 0) | 1 : (uint64_t)time(NULL) << 16 | 1;
	plan.seed = chance_seed;
	ktap_plan(5);
	plan.in_turn = true;
	log = deliveries(&plan);
	ktap_ok(log, "a pair's messages come at their arrivals, to the nanosecond, in order");
	plan.in_turn = false;
	ktap_ok(log && deliveries(&plan) == log, "with the same seed the same come, in any turn");

	plan.parts = PARTS_MAX;
	plan.count /= 10;
	plan.grain = GAP / 4;
	log = deliveries(&plan);
	ktap_ok(log && world.at_once > world.received / 100,
		"of several sources many come at one instant: by source, then by sequence");
	plan.in_turn = true;
	ktap_ok(log && deliveries(&plan) == log, "they do the same in any turn");
	plan.seed += 2;
	other = deliveries(&plan);
	ktap_ok(other && other != log, "with another seed others come");
	return ktap_end();
}
