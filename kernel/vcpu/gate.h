/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A gate: one virtual CPU that runs in windows only.
 *
 * Time in a gate is counted in ticks: of the guest's counter, from where it stood when its machine
 * was attached. All gates of a machine share that origin.
 *
 * A gate closes in one place only: a task work of the vCPU's thread, which KVM runs between two
 * entries into the guest, where sleeping is allowed. Where it need not sleep, as the next window is
 * open at once, the timer of the window's end lets it run on. Two doors see to it that nobody gets
 * past: every entry into the guest, and every time that the thread is scheduled. What is said about
 * a gate (@state and all that is under the session's lock) can change at any time; what its thread
 * has made of it is looked at when it comes to one of them.
 *
 * Lifetime: from its machine's attach until all of its machine's gates have let go; by then nothing
 * of KVM's leads to it any more.
 */
#ifndef _LS_GATE_H
#define _LS_GATE_H

#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/livestack_netlink.h>
#include <linux/preempt.h>
#include <linux/swait.h>
#include <linux/task_work.h>

#include "../core/histogram.h"

struct kvm_vcpu;
struct ls_machine;

/* A tick that never comes. */
#define LS_NEVER (~(u64)0)

struct ls_gate {
	struct ls_machine *machine;
	struct kvm_vcpu *vcpu;
	u16 id;
	struct preempt_ops ops;		/* in the place of KVM's */
	struct preempt_ops *kvm_ops;

	/* Its thread's, while that has the vCPU loaded; others read @clock under the lock. */
	u64 base;	/* guest's counter at tick 0 */
	u64 offset;	/* of the guest's counter to the host's, as we left it */
	u64 clock;	/* where it stands; it never goes back */
	u64 set;	/* what the guest's clock shows at its next entry, at least */
	u64 exit_tsc;	/* guest's counter at its last exit, once that was noted */
	u64 armed;	/* the guest's deadline at its last entry, 0: none */
	u64 given;	/* the guest's deadline when @set was set, 0: none, or taken from KVM */
	u64 held;	/* a deadline that was taken from KVM, in the guest's counter; 0: none */
	u64 unloaded;	/* host's counter at the last unload that we know of */
	u64 entry_ticks; /* what the way back into the guest takes */
	u64 entry_late_max; /* so much longer it took than was allowed for */
	u64 set_tsc;	/* host's counter when @set was set */
	bool through;	/* it runs through its window's end, and has not entered since */
	bool standing;	/* @clock is where it stands; it has not run since */
	bool inside;	/* it has entered, and its exit was not noted yet */
	bool aimed;	/* @set allows for the way back into the guest */
	u8 late;	/* so often in a row that way took too long for @set */
	bool away;	/* its thread is not on a processor, though it could run */
	bool check;	/* the next entry is looked at; others may set it */
	bool queued;	/* @work is */
	bool caught;	/* has been stopped once */
	bool plugged;	/* came later than its machine, and has not run in the guest yet */
	bool waiting;	/* in a park */
	bool freed;	/* runs on the host's time */
	struct callback_head work;
	struct irq_work kick;	/* its interrupt ends an entry before it begins */
	struct irq_work idle;	/* tells of a halt, once the scheduler's locks are gone */
	struct hrtimer timer;	/* the window's end */

	/* Under the session's lock: */
	enum livestack_vcpu_state state;
	bool halted;	/* sleeps in KVM; also set by its own thread without the lock */
	bool kicked;	/* was told to look around, and has not come yet */
	bool paced;	/* its deadline was armed beside others that run, in this window */
	bool leaving;
	u64 next;	/* its deadline while idle, in ticks */
	u64 window_end;	/* of the last that it ran in */
	u64 windows, parks;
	u64 overshoot_max, preempted, parked, idled, in_user; /* ticks */
	struct ls_histogram overshoot_ns;
	struct swait_queue_head told;	/* state has changed */
	struct completion gone;		/* it has let go */
};

/*
 * Its clock stands at tick @clock when the host's counter is at @tsc. NULL: no memory. It is not
 * closed yet, and nothing leads to it. May sleep.
 */
struct ls_gate *ls_gate_new(struct ls_machine *machine, struct kvm_vcpu *vcpu, u16 id, u64 tsc,
			    u64 clock);

/* Whether there is a gate to this vCPU already. */
bool ls_gate_is_closed(const struct kvm_vcpu *vcpu);

/* Puts it in the way of its vCPU, which is to notice soon. */
void ls_gate_close(struct ls_gate *gate);

/* Takes it out of the way; the vCPU goes on from where it stands. Returns when that is so. */
void ls_gate_open(struct ls_gate *gate);

/* Nothing leads to it: after ls_gate_open() and a grace period of RCU, or ls_gate_new(). */
void ls_gate_free(struct ls_gate *gate);

/* Under the session's lock: what its guest's clock reads, past the window's end too. */
u64 ls_gate_reads(const struct ls_gate *gate);

/* Under the session's lock: the same, within what it may run to. */
u64 ls_gate_now(const struct ls_gate *gate);

/* Looks at every entry into a guest. */
int ls_gate_init(void);
void ls_gate_exit(void);

#endif /* _LS_GATE_H */
