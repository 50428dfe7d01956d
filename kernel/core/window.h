/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The window engine: which components may run through which stretch of simulated time.
 *
 * Pure logic: no lock, no allocation, no kernel call. The module and the self-tests compile the
 * same file. Whoever calls holds the one lock of the session around each call; every function may
 * be called with interrupts off.
 *
 * A window is the half-open interval [start, end): an event at its end belongs to the next one. It
 * is over when no member runs in it any more; the call that makes this so opens the next one,
 * unless the session is shared with other hosts.
 *
 * What is said of somebody who is no member, as one that has left a moment ago, changes nothing.
 */
#ifndef _LS_WINDOW_H
#define _LS_WINDOW_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>

typedef unsigned int u32;
typedef unsigned long long u64;
#endif

/* "Never": later than every time. No sum is ever made with it. */
#define LS_TIME_NONE (~(u64)0)

/* A session ends here at the latest, 104 days: times stay exact in JSON numbers. */
#define LS_TIME_LIMIT ((1ULL << 53) - 1)

enum ls_member_state {
	LS_MEMBER_OUT,		/* no member */
	LS_MEMBER_JOINING,	/* enters when the next window opens */
	LS_MEMBER_RUNNING,	/* the window waits for it */
	LS_MEMBER_ARRIVED,	/* through with the window; idle until due_ns */
};

/* A component's place in the windows. It lies in the component and lives as long as that. */
struct ls_member {
	enum ls_member_state state;
	u32 place;	/* in the heap, unless out or running */
	u64 clock_ns;	/* how far it has come; never goes back */
	u64 next_ns;	/* its own next event, or LS_TIME_NONE */
	u64 message_ns;	/* arrival of the earliest message queued to it, or LS_TIME_NONE */
	u64 due_ns;	/* the heap's key: when it has something to do, or LS_TIME_NONE */
};

struct ls_window;

/* What the caller is told, from within the call that makes it so. */
struct ls_window_ops {
	/*
	 * A window has opened, or the open one has got another end; members run after that. Nobody
	 * had anything to do in the @skipped_ns before.
	 */
	void (*opened)(struct ls_window *window, u64 skipped_ns);
	/* A member is through with the window; before any that this lets open. */
	void (*parked)(struct ls_window *window, struct ls_member *member);
	/* A member may run until end_ns. */
	void (*run)(struct ls_window *window, struct ls_member *member);
	/*
	 * A shared one only: all members are through with the window, and none has anything to do
	 * before @next_ns (or LS_TIME_NONE). Told again when that changes before the next one.
	 */
	void (*through)(struct ls_window *window, u64 next_ns);
};

struct ls_window {
	u64 start_ns;
	u64 end_ns;
	u64 quantum_ns;		/* length of windows opened from now on */
	u64 limit_ns;		/* the session's end */
	u64 generation;		/* counts openings */
	u32 members;
	u32 running;		/* the window waits for so many */
	u32 waiting;		/* members in the heap: all that do not run */
	bool paused;		/* none opens; a shared one tells nobody that it is through */
	bool over;		/* the session's end is reached, none opens any more */
	bool released;		/* no gating any more: the open window reaches to limit_ns */
	bool to_the_end;	/* jump to limit_ns when nobody has an event, instead of waiting */
	bool shared;		/* with other hosts: it is agreed which window opens, and when */
	struct ls_member **heap; /* room for all members; the caller's */
	const struct ls_window_ops *ops;
};

/* Sets all to a paused session at 0 ns without members. limit_ns is at most LS_TIME_LIMIT. */
void ls_window_init(struct ls_window *window, u64 quantum_ns, u64 limit_ns,
		    const struct ls_window_ops *ops);

/*
 * It enters with the next window, or at once when gating was given up. The heap must have room for
 * one more. If all others have arrived a window opens at once.
 */
void ls_window_join(struct ls_window *window, struct ls_member *member);

/* Takes it out; if it was the last one missing the next window opens. */
void ls_window_leave(struct ls_window *window, struct ls_member *member);

/*
 * As ls_window_leave() for a member that went without a word. Returns whether the window was
 * waiting for it: then the session is paused, or if it is shared, is to be.
 */
bool ls_window_die(struct ls_window *window, struct ls_member *member);

/*
 * The member has come to @clock_ns and has nothing to do before @next_ns (or LS_TIME_NONE). Within
 * the open window it is not through: its clock jumps to the event or to the earliest message to it.
 * A clock past the window's end is a debt, taken off the windows to come. May be called again by
 * one that has arrived already. Returns whether the member runs; its clock_ns is where.
 */
bool ls_window_arrive(struct ls_window *window, struct ls_member *member, u64 clock_ns,
		      u64 next_ns);

/*
 * Something happened to the member at @at_ns. If it has arrived by being idle that is taken back:
 * it runs in the window that is open now, whichever that is. Returns whether the member runs.
 */
bool ls_window_wake(struct ls_window *window, struct ls_member *member, u64 at_ns);

/*
 * The earliest message queued to the member arrives at @message_ns (LS_TIME_NONE: none is left).
 * As ls_window_wake() when that is earlier than before. Returns whether the member runs.
 */
bool ls_window_message(struct ls_window *window, struct ls_member *member, u64 message_ns);

/*
 * The hosts have agreed on the next window of a shared session: from @start_ns, which is not before
 * the last one's end, to @end_ns. At the session's end both are limit_ns.
 */
void ls_window_agreed(struct ls_window *window, u64 start_ns, u64 end_ns);

/* Those who run go on to the window's end; no other opens until ls_window_resume(). */
void ls_window_pause(struct ls_window *window);
void ls_window_resume(struct ls_window *window);

/* No gating from here on: the open window now reaches to the session's end. */
void ls_window_release(struct ls_window *window);

#endif /* _LS_WINDOW_H */
