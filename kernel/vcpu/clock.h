/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock of a guest, and its timer, as its gate has them: called by the vCPU's own thread while
 * it is loaded.
 */
#ifndef _LS_VCPU_CLOCK_H
#define _LS_VCPU_CLOCK_H

#include <linux/types.h>

struct ls_gate;

u64 ls_us_ticks(u64 us);

/* What the guest's counter shows now, and when the host's is at @tsc, in ticks. */
u64 ls_gate_ticks(const struct ls_gate *gate);
u64 ls_gate_ticks_at(const struct ls_gate *gate, u64 tsc);

/* Where the guest's clock was at its last exit, in ticks; negative: before it was attached. */
s64 ls_gate_exit_ticks(const struct ls_gate *gate);

/* The guest has exited, just now. */
void ls_gate_note_exit(struct ls_gate *gate);

/* A deadline of the guest, in its counter, in ticks. */
u64 ls_gate_deadline(const struct ls_gate *gate, u64 deadline);

/* The guest's counter may have been written, by itself or its VMM: its clock goes on from there. */
void ls_gate_rebase(struct ls_gate *gate);

/* From here on the guest's clock stands where it was when the guest ran last. */
void ls_gate_stand(struct ls_gate *gate);

/* It comes from its VMM. Whether that took so long that the guest must not see it. */
bool ls_gate_was_away(struct ls_gate *gate);

/*
 * The guest is about to run for the first time since its clock was set. Whether that is so late
 * that the clock should be set again, as what came between would be seen by the guest.
 */
bool ls_gate_is_late(struct ls_gate *gate);

/*
 * In an interrupt that has ended its run. Whether it is back in the guest so soon that its clock
 * may go on meanwhile.
 */
bool ls_gate_may_go_on(const struct ls_gate *gate);

/*
 * Of one whose clock did: the guest is about to run and its clock shows @shows, or it does not run
 * after all, and its clock has stood.
 */
void ls_gate_tell_through(struct ls_gate *gate, u64 shows);

/* The guest is about to run for the first time since its clock was set. */
void ls_gate_enter_on_time(struct ls_gate *gate);

/* Takes the guest's deadline away: its timer goes by the host's time, and would come early. */
void ls_gate_hold_deadline(struct ls_gate *gate);

/*
 * Gives it back, or makes KVM reckon anew when that is: by the guest's clock as it is set now.
 * Whether it has come.
 */
bool ls_gate_give_deadline(struct ls_gate *gate, u64 deadline);

/*
 * A vCPU that was plugged in: its counter goes with the one of @first, which was there before. KVM
 * and its VMM set it to where the machine would be if it had never stood. Before ls_gate_close().
 */
void ls_gate_follow(struct ls_gate *gate, const struct ls_gate *first);

#endif /* _LS_VCPU_CLOCK_H */
