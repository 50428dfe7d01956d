// SPDX-License-Identifier: GPL-2.0-only

#include "window.h"

static u64 ls_earlier(u64 a, u64 b)
{
	return a < b ? a : b;
}

static u64 ls_later(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* A member in debt is due when its clock says: it cannot do anything earlier. */
static u64 ls_member_due(const struct ls_member *member)
{
	return ls_later(member->clock_ns, ls_earlier(member->next_ns, member->message_ns));
}

/*
 * The heap holds every member that does not run, the one with the earliest due_ns first, so that an
 * arrival costs O(log n) and a window costs nothing for those who sleep through it.
 */
static void ls_heap_set(struct ls_window *window, u32 place, struct ls_member *member)
{
	window->heap[place] = member;
	member->place = place;
}

static u32 ls_heap_up(struct ls_window *window, u32 place)
{
	struct ls_member *member = window->heap[place];

	while (place) {
		u32 parent = (place - 1) / 2;

		if (window->heap[parent]->due_ns <= member->due_ns)
			break;
		ls_heap_set(window, place, window->heap[parent]);
		place = parent;
	}
	ls_heap_set(window, place, member);
	return place;
}

static void ls_heap_down(struct ls_window *window, u32 place)
{
	struct ls_member *member = window->heap[place];

	for (;;) {
		u32 child = 2 * place + 1;

		if (child >= window->waiting)
			break;
		if (child + 1 < window->waiting &&
		    window->heap[child + 1]->due_ns < window->heap[child]->due_ns)
			child++;
		if (window->heap[child]->due_ns >= member->due_ns)
			break;
		ls_heap_set(window, place, window->heap[child]);
		place = child;
	}
	ls_heap_set(window, place, member);
}

static void ls_heap_move(struct ls_window *window, struct ls_member *member)
{
	member->due_ns = ls_member_due(member);
	ls_heap_down(window, ls_heap_up(window, member->place));
}

static void ls_heap_add(struct ls_window *window, struct ls_member *member)
{
	ls_heap_set(window, window->waiting++, member);
	ls_heap_move(window, member);
}

static void ls_heap_remove(struct ls_window *window, struct ls_member *member)
{
	struct ls_member *last = window->heap[--window->waiting];

	if (last == member)
		return;
	ls_heap_set(window, member->place, last);
	ls_heap_move(window, last);
}

static bool ls_member_waits(const struct ls_member *member)
{
	return member->state == LS_MEMBER_JOINING || member->state == LS_MEMBER_ARRIVED;
}

/* Out of the heap, into the open window, at the time it is due or the window's start. */
static void ls_member_run(struct ls_window *window, struct ls_member *member)
{
	ls_heap_remove(window, member);
	member->state = LS_MEMBER_RUNNING;
	member->clock_ns = ls_later(member->due_ns, window->start_ns);
	member->next_ns = LS_TIME_NONE;
	window->running++;
}

static void ls_window_run_due(struct ls_window *window)
{
	while (window->waiting && window->heap[0]->due_ns < window->end_ns) {
		struct ls_member *member = window->heap[0];

		ls_member_run(window, member);
		window->ops->run(window, member);
	}
}

static void ls_window_open(struct ls_window *window, u64 start_ns, u64 end_ns)
{
	const u64 last_ns = window->end_ns;

	window->start_ns = start_ns;
	window->end_ns = end_ns;
	window->generation++;
	window->over = start_ns == window->limit_ns;
	window->ops->opened(window, start_ns - last_ns);
	ls_window_run_due(window);
}

/* Opens the next window, or has it agreed on, if all have arrived and someone has an event. */
static void ls_window_try_open(struct ls_window *window)
{
	u64 next_ns, start_ns;

	if (window->paused || window->over || window->running)
		return;

	next_ns = window->waiting ? window->heap[0]->due_ns : LS_TIME_NONE;
	if (window->shared) {
		window->ops->through(window, next_ns);
		return;
	}
	/* Nobody has an event, so there is no time to open a window at. */
	if (next_ns == LS_TIME_NONE && !(window->to_the_end && window->members))
		return;

	start_ns = ls_earlier(ls_later(window->end_ns, next_ns), window->limit_ns);
	ls_window_open(window, start_ns,
		       ls_earlier(start_ns + window->quantum_ns, window->limit_ns));
}

void ls_window_init(struct ls_window *window, u64 quantum_ns, u64 limit_ns,
		    const struct ls_window_ops *ops)
{
	*window = (struct ls_window){
		.quantum_ns = quantum_ns,
		.limit_ns = limit_ns,
		.paused = true,
		.ops = ops,
	};
}

/* A waiting member's events have changed: it runs now, or is due at another time. */
static bool ls_member_changed(struct ls_window *window, struct ls_member *member)
{
	ls_heap_move(window, member);
	if (member->due_ns < window->end_ns && !window->over) {
		ls_member_run(window, member);
		return true;
	}
	/* All may have been waiting for just this event. */
	ls_window_try_open(window);
	return member->state == LS_MEMBER_RUNNING;
}

void ls_window_join(struct ls_window *window, struct ls_member *member)
{
	/* Its first event is the end of the open window, so the next one starts there. */
	u64 entry_ns = window->released ? window->start_ns : window->end_ns;

	*member = (struct ls_member){
		.state = LS_MEMBER_JOINING,
		.clock_ns = entry_ns,
		.next_ns = entry_ns,
		.message_ns = LS_TIME_NONE,
	};
	window->members++;
	ls_heap_add(window, member);
	ls_member_changed(window, member);
}

void ls_window_leave(struct ls_window *window, struct ls_member *member)
{
	if (ls_member_waits(member))
		ls_heap_remove(window, member);
	else
		window->running--;
	window->members--;
	member->state = LS_MEMBER_OUT;
	ls_window_try_open(window);
}

bool ls_window_die(struct ls_window *window, struct ls_member *member)
{
	bool awaited = member->state == LS_MEMBER_RUNNING;

	/* First, as leaving may make the window complete. Hosts agree on a pause of theirs. */
	if (awaited && !window->shared)
		window->paused = true;
	ls_window_leave(window, member);
	return awaited;
}

bool ls_window_arrive(struct ls_window *window, struct ls_member *member, u64 clock_ns,
		      u64 next_ns)
{
	u64 due;

	if (member->state == LS_MEMBER_OUT)
		return false;
	member->clock_ns = ls_later(member->clock_ns, clock_ns);
	member->next_ns = next_ns;
	if (ls_member_waits(member)) {
		member->state = LS_MEMBER_ARRIVED;
		return ls_member_changed(window, member);
	}

	due = ls_member_due(member);
	if (due < window->end_ns) {
		member->clock_ns = due;
		return true;
	}
	member->state = LS_MEMBER_ARRIVED;
	window->running--;
	ls_heap_add(window, member);
	window->ops->parked(window, member);
	ls_window_try_open(window);
	return member->state == LS_MEMBER_RUNNING;
}

bool ls_window_wake(struct ls_window *window, struct ls_member *member, u64 at_ns)
{
	if (!ls_member_waits(member))
		return member->state == LS_MEMBER_RUNNING;

	member->next_ns = ls_earlier(member->next_ns, at_ns);
	return ls_member_changed(window, member);
}

bool ls_window_message(struct ls_window *window, struct ls_member *member, u64 message_ns)
{
	if (member->state == LS_MEMBER_OUT)
		return false;
	member->message_ns = message_ns;
	if (!ls_member_waits(member))
		return true;

	return ls_member_changed(window, member);
}

void ls_window_agreed(struct ls_window *window, u64 start_ns, u64 end_ns)
{
	ls_window_open(window, start_ns, end_ns);
	/* Nobody here may have anything to do in it. */
	ls_window_try_open(window);
}

void ls_window_pause(struct ls_window *window)
{
	window->paused = true;
}

void ls_window_resume(struct ls_window *window)
{
	window->paused = false;
	ls_window_try_open(window);
}

void ls_window_release(struct ls_window *window)
{
	if (window->over)
		return;
	window->paused = false;
	if (!window->released) {
		window->released = true;
		window->end_ns = window->limit_ns;
		window->generation++;
		window->ops->opened(window, 0);
		ls_window_run_due(window);
	}
	/* Nobody may have anything to do before the end. */
	ls_window_try_open(window);
}
