// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate judged by what its own tracepoints tell of guests whose every window is held open for
 * longer than it lasts: no clock shows what it was held for, nor goes back; none stands further
 * past its window than is reported; those of all machines are within a window of each other.
 *
 * It compares numbers of the gate with each other and no wall time, so that an emulator that is
 * short of processors does not tell on it.
 *
 * Needs: livestack.ko and livestack_vcpu.ko loaded; /dev/kvm; root; a kernel with event tracing.
 */
#include <string.h>

#include "held.h"
#include "ktap.h"
#include "tracefs.h"

#define GROUP "livestack_vcpu"
#define VCPUS_MAX (HELD_MACHINES * GUEST_VCPUS)
#define ROUNDING_NS 2 /* of the gate, and here */
#define STRETCHES 6 /* when few windows were run in */
#define NOTES 4 /* failures that are shown; one makes many */

static unsigned int noted; /* in this point */

struct event {
	const char *line;
	bool stop; /* or enter */
	unsigned int vcpu; /* of all machines together */
	uint64_t ticks, other;
	uint64_t before_ns, after_ns; /* where the clock was and is, as session time */
	uint64_t stood_ns; /* where it stops, without what it overshoots */
	uint64_t due_ns; /* where it was, without what it had overshot */
};

struct story {
	struct held held;
	unsigned int vcpus; /* of all machines together */
	uint64_t windows[VCPUS_MAX]; /* that each had run in before */
	uint64_t begin_ns; /* the end of the window that all stood at then */
	char *text;
	struct event *events;
	unsigned int count;
};

static bool parse(const struct story *story, const char *line, struct event *event)
{
	const char *const format =
		": ls_vcpu_%7[a-z]: session=%u component=%u vcpu=%u ticks=%lu other=%lu";
	unsigned int session, component, vcpu;
	char name[8];

	*event = (struct event){ .line = line };
	line = strstr(line, ": ls_vcpu_");
	if (!line || sscanf(line, format, name, &session, &component, &vcpu, &event->ticks,
			    &event->other) != 6)
		return false;
	if (session != story->held.session || component >= story->held.machines ||
	    vcpu >= story->held.vcpus)
		return false;
	event->stop = !strcmp(name, "stop");
	event->vcpu = component * story->held.vcpus + vcpu;
	/* All were attached when the session had not begun: tick 0 is its time 0. */
	event->before_ns = vmm_ns(&story->held.vmm[component], event->ticks);
	event->after_ns = event->stop ? event->before_ns :
					vmm_ns(&story->held.vmm[component], event->other);
	event->stood_ns = event->before_ns;
	if (event->stop && event->other < event->ticks)
		event->stood_ns = vmm_ns(&story->held.vmm[component], event->other);
	return event->stop || !strcmp(name, "enter");
}

static bool read_events(struct story *story)
{
	size_t room = 0;
	char *line, *rest = story->text;

	while ((line = strsep(&rest, "\n"))) {
		if (story->count == room) {
			room = room ? 2 * room : 1024;
			story->events = realloc(story->events, room * sizeof(*story->events));
			if (!story->events)
				return false;
		}
		story->count += parse(story, line, &story->events[story->count]);
	}
	return true;
}

static bool look(const struct story *story, unsigned int vcpu, struct live_vcpu *view)
{
	const unsigned int vcpus = story->held.vcpus;

	return live_get(story->held.session, vcpu / vcpus, vcpu % vcpus, view);
}

/* The fewest windows that any has run in since: who overshoots is not in those that follow. */
static uint64_t fewest(const struct story *story)
{
	uint64_t least = UINT64_MAX;
	struct live_vcpu view;
	unsigned int i;

	for (i = 0; i < story->vcpus; i++)
		if (!look(story, i, &view))
			return 0;
		else if (view.windows - story->windows[i] < least)
			least = view.windows - story->windows[i];
	return least;
}

/*
 * Lets so many windows be once all stand at the end of one: what they ran on at first, until they
 * could be stopped, takes some to be made up for.
 */
static bool trace(struct story *story, uint64_t windows)
{
	const struct held *held = &story->held;
	uint64_t warm_up, furthest_ns = 0;
	struct live_vcpu view;
	unsigned int i;
	bool ok;

	for (i = 0; i < story->vcpus; i++)
		if (look(story, i, &view) && view.clock_ns > furthest_ns)
			furthest_ns = view.clock_ns;
	warm_up = furthest_ns / HELD_QUANTUM_NS + 5;
	if (!held_run_to(held, warm_up))
		return false;
	for (i = 0; i < story->vcpus; i++)
		story->windows[i] = look(story, i, &view) ? view.windows : 0;
	story->begin_ns = live_told(held->session, LIVESTACK_A_SESSION_WINDOW_END_NS);
	if (!tracefs_begin(GROUP))
		return false;
	for (i = 1; (ok = held_run_to(held, warm_up + i * windows)) && i < STRETCHES; i++)
		if (fewest(story) >= windows / 2)
			break;
	story->text = tracefs_end();
	return ok && story->text && read_events(story);
}

/* The last of them says where the gate is, in the units that are thought. */
static bool ends_right(const struct story *story, unsigned int vcpu)
{
	struct live_vcpu view;
	unsigned int i = story->count;

	while (i && story->events[i - 1].vcpu != vcpu)
		i--;
	if (i && story->events[i - 1].stop && look(story, vcpu, &view) &&
	    view.clock_ns == story->events[i - 1].after_ns)
		return true;
	ktap_note("the gate is at %lu ns, not where its last event says: %s", view.clock_ns,
		  i ? story->events[i - 1].line : "none");
	return false;
}

static bool fails(const char *what, uint64_t ns, uint64_t most_ns, const struct event *before,
		  const struct event *event)
{
	if (noted++ >= NOTES)
		return false;
	ktap_note("%s by %lu ns, %lu ns may be:", what, ns, most_ns);
	ktap_note("%s", before->line);
	ktap_note("%s", event->line);
	return false;
}

/* One event of a vCPU after another. An entry alone was after a preemption, or its VMM. */
static bool follows(const struct event *before, const struct event *event, uint64_t overshoot_ns,
		    uint64_t way_in_ns)
{
	const struct event *since = before->stop ? before : event;
	const uint64_t most_ns = overshoot_ns + way_in_ns + ROUNDING_NS;

	if (event->before_ns < before->after_ns)
		return fails("goes back", before->after_ns - event->before_ns, 0, before, event);
	if (event->after_ns < event->before_ns)
		return fails("enters before it stood", event->before_ns - event->after_ns, 0,
			     before, event);
	if (!event->stop && event->after_ns - since->before_ns > most_ns)
		return fails("shows what it was held for", event->after_ns - since->before_ns,
			     most_ns, before, event);
	return true;
}

static bool stops_in_time(const struct story *story, const struct event *event,
			  uint64_t overshoot_ns)
{
	const struct vmm *vmm = &story->held.vmm[event->vcpu / story->held.vcpus];
	uint64_t over_ns;

	if (!event->stop || event->ticks <= event->other)
		return true;
	over_ns = vmm_ns(vmm, event->ticks - event->other);
	return over_ns <= overshoot_ns ||
	       fails("overshoots", over_ns, overshoot_ns, event, event);
}

static bool continuous(const struct story *story, unsigned int vcpu, uint64_t windows)
{
	const struct event *before = NULL, *event;
	uint64_t pairs = 0, entries = 0, latest_ns = 0, ran;
	struct live_vcpu view;
	bool ok = look(story, vcpu, &view);

	ran = view.windows - story->windows[vcpu];
	for (event = story->events; event < story->events + story->count; event++) {
		if (event->vcpu != vcpu)
			continue;
		ok &= stops_in_time(story, event, view.overshoot_max_ns);
		if (before)
			ok &= follows(before, event, view.overshoot_max_ns, view.entry_ns);
		entries += !event->stop;
		pairs += before && before->stop && !event->stop;
		if (!event->stop && event->after_ns - event->before_ns > latest_ns)
			latest_ns = event->after_ns - event->before_ns;
		before = event;
	}
	ktap_note("vCPU %u: %lu stops with an entry after, %lu entries, up to %lu us late", vcpu,
		  pairs, entries, latest_ns / 1000);
	ktap_note("  it has run in %lu windows, %lu were wanted", ran, windows / 2);
	ktap_note("  overshoot up to %lu us; way in %lu us", view.overshoot_max_ns / 1000,
		  view.entry_ns / 1000);
	/* Its first entry has no stop before. An emulator may have been away all the time. */
	return ok && pairs + 1 >= ran && ran >= windows / 10 && ends_right(story, vcpu);
}

/* The next event of that vCPU, or NULL: it stands where its last one says. */
static const struct event *next_of(const struct story *story, const struct event *event,
				   unsigned int vcpu)
{
	while (event < story->events + story->count && event->vcpu != vcpu)
		event++;
	return event < story->events + story->count ? event : NULL;
}

/* What was overshot when it stopped has been so since, also if its window is a later one by now. */
static void note_due(struct story *story)
{
	struct event *last[VCPUS_MAX] = { 0 }, *event;

	for (event = story->events; event < story->events + story->count; event++) {
		event->due_ns = event->stood_ns;
		if (!last[event->vcpu] && event->due_ns > story->begin_ns)
			event->due_ns = story->begin_ns;
		else if (last[event->vcpu] && last[event->vcpu]->stop)
			event->due_ns = last[event->vcpu]->stood_ns;
		last[event->vcpu] = event;
	}
}

/*
 * Between one event and the next each clock is somewhere between where it was known to be last and
 * where it will be known to be next. What it overshoots is judged where it stops.
 */
static bool together(struct story *story)
{
	const uint64_t most_ns = HELD_QUANTUM_NS + ROUNDING_NS;
	const struct event *last[VCPUS_MAX] = { 0 }, *next[VCPUS_MAX], *event, *ahead, *behind;
	uint64_t apart_ns, widest_ns = 0;
	unsigned int i;
	bool ok = true;

	note_due(story);
	for (i = 0; i < story->vcpus; i++)
		next[i] = next_of(story, story->events, i);
	for (event = story->events; event < story->events + story->count; event++) {
		last[event->vcpu] = event;
		next[event->vcpu] = next_of(story, event + 1, event->vcpu) ?: event;
		for (i = 0, ahead = behind = NULL; i < story->vcpus; i++) {
			if (next[i] && (!ahead || next[i]->due_ns > ahead->due_ns))
				ahead = next[i];
			if (last[i] && (!behind || last[i]->after_ns < behind->after_ns))
				behind = last[i];
		}
		apart_ns = ahead->due_ns > behind->after_ns ?
				   ahead->due_ns - behind->after_ns : 0;
		if (apart_ns > widest_ns)
			widest_ns = apart_ns;
		if (apart_ns > most_ns)
			ok = fails("may be apart", apart_ns, most_ns, behind, ahead);
	}
	ktap_note("%u events; without overshoot the clocks are apart by up to %lu us", story->count,
		  widest_ns / 1000);
	return ok;
}

static bool right(struct story *story, uint64_t windows)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; i < story->vcpus; i++)
		ok &= continuous(story, i, windows);
	return together(story) && ok;
}

static bool traced(unsigned int machines, unsigned int vcpus, unsigned int processes)
{
	const uint64_t windows = ktap_count(300, 2000);
	struct story story = {
		.held = { .machines = machines, .vcpus = vcpus },
		.vcpus = machines * vcpus,
	};
	struct live_busy busy = { 0 };
	bool ok;

	noted = 0;
	live_busy(&busy, processes);
	ok = held_set_up(&story.held) && trace(&story, windows) && right(&story, windows);
	live_busy_end(&busy);
	ok &= held_over(&story.held);
	free(story.events);
	free(story.text);
	return ok;
}

int main(void)
{
	if (live_missing())
		return ktap_skip_all(live_missing());
	if (tracefs_missing(GROUP))
		return ktap_skip_all(tracefs_missing(GROUP));

	ktap_plan(3);
	vmm_ok(traced(1, 1, 0), "a clock neither goes back nor shows what it was held for");
	vmm_ok(traced(1, 1, 4), "with 4 busy processes beside it neither");
	vmm_ok(traced(2, 2, 0), "those of two machines are within a window of each other, always");
	return ktap_end();
}
