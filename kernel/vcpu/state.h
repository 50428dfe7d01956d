/* SPDX-License-Identifier: GPL-2.0-only */
/* What is said about a gate, and what its thread is told of it: all under the session's lock. */
#ifndef _LS_VCPU_STATE_H
#define _LS_VCPU_STATE_H

#include <linux/types.h>

struct ls_gate;

/*
 * At the door to the guest, whose clock is at @ticks. Whether it may enter; if not the work is to
 * find out why.
 */
bool ls_gate_admit(struct ls_gate *gate, u64 ticks);

/* In the work. Whether it goes on; if not it has to wait. */
bool ls_gate_pass(struct ls_gate *gate);

/* Without the lock too. */
bool ls_gate_is_parked(const struct ls_gate *gate);

/*
 * Its window has ended, and the guest was at @ticks. Whether it goes on, as all others were waiting
 * for it; if not the work is to wait.
 */
bool ls_gate_pass_at(struct ls_gate *gate, u64 ticks);

/*
 * A halted vCPU looks around: sets where its clock is now, and tells whether its timer is to be
 * armed.
 */
bool ls_gate_rouse(struct ls_gate *gate);

/* The vCPU sleeps, if it was not woken meanwhile: it has nothing to do before its deadline. */
void ls_gate_slept(struct ls_gate *gate);

#endif /* _LS_VCPU_STATE_H */
