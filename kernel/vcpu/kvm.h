/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that this module knows of KVM's insides: exported symbols and public fields of struct
 * kvm_vcpu, no kprobe and no private header. Unless said otherwise a vCPU's functions are called by
 * its own thread while it is loaded.
 */
#ifndef _LS_KVM_H
#define _LS_KVM_H

#include <linux/types.h>

struct kvm;
struct kvm_vcpu;
struct preempt_notifier;
struct preempt_ops;
struct task_struct;
struct tracepoint;

/*
 * The one machine of a process, pinned until ls_kvm_unpin(). -ENXIO: it has none, -EMLINK: it has
 * several. May sleep.
 */
struct kvm *ls_kvm_pin(struct task_struct *leader);
void ls_kvm_unpin(struct kvm *kvm);

/* How many vCPUs have been made so far, and one of them; anybody may ask. */
unsigned int ls_kvm_vcpus(const struct kvm *kvm);
struct kvm_vcpu *ls_kvm_vcpu(struct kvm *kvm, unsigned int index);

/* A halted vCPU sleeps at once, instead of burning host time first. */
void ls_kvm_no_halt_polling(struct kvm *kvm);

/* What KVM does when the vCPU's thread is scheduled, and the one who is told of that. */
struct preempt_ops *ls_kvm_ops(const struct kvm_vcpu *vcpu);
void ls_kvm_set_ops(struct kvm_vcpu *vcpu, struct preempt_ops *ops);
struct preempt_notifier *ls_kvm_notifier(struct kvm_vcpu *vcpu);

/* Anybody may ask these. */
u64 ls_kvm_tsc_offset(const struct kvm_vcpu *vcpu); /* guest's counter less the host's */
/*
 * Guest's counter at its last exit, until KVM prepares the next entry: updating kvmclock it puts
 * some other time there.
 */
u64 ls_kvm_exit_tsc(const struct kvm_vcpu *vcpu);
bool ls_kvm_in_guest(const struct kvm_vcpu *vcpu);
u32 ls_kvm_tid(const struct kvm_vcpu *vcpu); /* in the initial namespace, 0: never ran */
bool ls_kvm_runs_as(const struct kvm_vcpu *vcpu, const struct task_struct *task);

/* Host's counter when the vCPU was unloaded last. */
u64 ls_kvm_unload_tsc(const struct kvm_vcpu *vcpu);

/* Whether this is the vCPU that is loaded here, on this processor. */
bool ls_kvm_loaded_here(const struct kvm_vcpu *vcpu);

/* Halted, or an application processor that was not started yet. */
bool ls_kvm_halted(const struct kvm_vcpu *vcpu);

/* KVM adds this to the offset when it loads the vCPU next. */
void ls_kvm_move_tsc(struct kvm_vcpu *vcpu, s64 by);

/*
 * The guest counter's value at which its timer interrupts, 0: never. Setting it cancels what was
 * due before, also an interrupt that is pending and not injected yet. They do not sleep.
 */
u64 ls_kvm_deadline(struct kvm_vcpu *vcpu);
void ls_kvm_set_deadline(struct kvm_vcpu *vcpu, u64 deadline);

/* Whether the guest may have exited last because it set its deadline. */
bool ls_kvm_may_set_deadline(const struct kvm_vcpu *vcpu);

/* Makes a running one exit and a halted one look around. Anybody may, in any context. */
void ls_kvm_kick(struct kvm_vcpu *vcpu);

/* Holds its mutex, if nobody does: then it is not in KVM_RUN, and any thread may load it. */
bool ls_kvm_trylock(struct kvm_vcpu *vcpu);
void ls_kvm_unlock(struct kvm_vcpu *vcpu);
void ls_kvm_load(struct kvm_vcpu *vcpu);
void ls_kvm_unload(struct kvm_vcpu *vcpu);

/* Those that KVM exports; their declarations are in a header of KVM's own. */
extern struct tracepoint __tracepoint_kvm_entry;
extern struct tracepoint __tracepoint_kvm_exit;

typedef void ls_kvm_probe(void *unused, struct kvm_vcpu *vcpu);

/*
 * @entry is called with (NULL, vcpu) right before each entry into a guest, of any machine, with
 * interrupts off, @exit after each exit, before anything is prepared for the next entry. May sleep.
 */
int ls_kvm_watch(ls_kvm_probe *entry, ls_kvm_probe *exit);
void ls_kvm_unwatch(ls_kvm_probe *entry, ls_kvm_probe *exit);

#endif /* _LS_KVM_H */
