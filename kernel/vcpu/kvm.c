// SPDX-License-Identifier: GPL-2.0-only

#include "kvm.h"

#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/kvm_host.h>
#include <linux/sched/task.h>
#include <linux/tracepoint.h>

struct ls_kvm_search {
	struct kvm *kvm;
	int err;
};

static int ls_kvm_try(const void *data, struct file *file, unsigned int fd)
{
	struct ls_kvm_search *search = (struct ls_kvm_search *)data;
	struct kvm *kvm;

	if (!file_is_kvm(file))
		return 0;
	kvm = file->private_data;
	if (kvm == search->kvm)
		return 0;
	/* Two files may be of one machine, but a process with two machines is no component. */
	if (search->kvm) {
		search->err = -EMLINK;
		return 1;
	}
	if (kvm_get_kvm_safe(kvm))
		search->kvm = kvm;
	return 0;
}

struct kvm *ls_kvm_pin(struct task_struct *leader)
{
	struct ls_kvm_search search = { .err = -ENXIO };

	task_lock(leader);
	iterate_fd(leader->files, 0, ls_kvm_try, &search);
	task_unlock(leader);
	if (search.kvm && search.err != -EMLINK)
		return search.kvm;
	if (search.kvm)
		kvm_put_kvm(search.kvm);
	return ERR_PTR(search.err);
}

void ls_kvm_unpin(struct kvm *kvm)
{
	kvm_put_kvm(kvm);
}

unsigned int ls_kvm_vcpus(const struct kvm *kvm)
{
	return atomic_read(&kvm->online_vcpus);
}

struct kvm_vcpu *ls_kvm_vcpu(struct kvm *kvm, unsigned int index)
{
	return kvm_get_vcpu(kvm, index);
}

void ls_kvm_no_halt_polling(struct kvm *kvm)
{
	WRITE_ONCE(kvm->max_halt_poll_ns, 0);
	/* Pairs with the read barrier of KVM's own look at the two. */
	smp_wmb();
	WRITE_ONCE(kvm->override_halt_poll_ns, true);
}

struct preempt_ops *ls_kvm_ops(const struct kvm_vcpu *vcpu)
{
	/* Pairs with ls_kvm_set_ops(). */
	return smp_load_acquire(&vcpu->preempt_notifier.ops);
}

void ls_kvm_set_ops(struct kvm_vcpu *vcpu, struct preempt_ops *ops)
{
	/* Who finds the operations finds the gate that they lie in. */
	smp_store_release(&vcpu->preempt_notifier.ops, ops);
}

struct preempt_notifier *ls_kvm_notifier(struct kvm_vcpu *vcpu)
{
	return &vcpu->preempt_notifier;
}

u64 ls_kvm_tsc_offset(const struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.l1_tsc_offset);
}

u64 ls_kvm_exit_tsc(const struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.last_guest_tsc);
}

bool ls_kvm_in_guest(const struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->mode) == IN_GUEST_MODE;
}

u32 ls_kvm_tid(const struct kvm_vcpu *vcpu)
{
	u32 tid;

	rcu_read_lock();
	tid = pid_nr(rcu_dereference(vcpu->pid));
	rcu_read_unlock();
	return tid;
}

bool ls_kvm_runs_as(const struct kvm_vcpu *vcpu, const struct task_struct *task)
{
	return rcu_access_pointer(vcpu->pid) == READ_ONCE(task->thread_pid);
}

u64 ls_kvm_unload_tsc(const struct kvm_vcpu *vcpu)
{
	return vcpu->arch.last_host_tsc;
}

bool ls_kvm_loaded_here(const struct kvm_vcpu *vcpu)
{
	return kvm_get_running_vcpu() == vcpu;
}

bool ls_kvm_halted(const struct kvm_vcpu *vcpu)
{
	return vcpu->arch.mp_state != KVM_MP_STATE_RUNNABLE;
}

void ls_kvm_move_tsc(struct kvm_vcpu *vcpu, s64 by)
{
	vcpu->arch.tsc_offset_adjustment += by;
}

u64 ls_kvm_deadline(struct kvm_vcpu *vcpu)
{
	u64 deadline;

	return kvm_get_msr(vcpu, MSR_IA32_TSC_DEADLINE, &deadline) ? 0 : deadline;
}

void ls_kvm_set_deadline(struct kvm_vcpu *vcpu, u64 deadline)
{
	kvm_set_msr(vcpu, MSR_IA32_TSC_DEADLINE, deadline);
}

bool ls_kvm_may_set_deadline(const struct kvm_vcpu *vcpu)
{
	/* What WRMSR writes is said in ECX. */
	return (u32)vcpu->arch.regs[VCPU_REGS_RCX] == MSR_IA32_TSC_DEADLINE;
}

void ls_kvm_kick(struct kvm_vcpu *vcpu)
{
	kvm_make_request(KVM_REQ_UNBLOCK, vcpu);
	kvm_vcpu_kick(vcpu);
}

bool ls_kvm_trylock(struct kvm_vcpu *vcpu)
{
	return mutex_trylock(&vcpu->mutex);
}

void ls_kvm_unlock(struct kvm_vcpu *vcpu)
{
	mutex_unlock(&vcpu->mutex);
}

void ls_kvm_load(struct kvm_vcpu *vcpu)
{
	vcpu_load(vcpu);
}

void ls_kvm_unload(struct kvm_vcpu *vcpu)
{
	vcpu_put(vcpu);
}

int ls_kvm_watch(ls_kvm_probe *entry, ls_kvm_probe *exit)
{
	int err = tracepoint_probe_register(&__tracepoint_kvm_exit, exit, NULL);

	if (err)
		return err;
	err = tracepoint_probe_register(&__tracepoint_kvm_entry, entry, NULL);
	if (err)
		tracepoint_probe_unregister(&__tracepoint_kvm_exit, exit, NULL);
	return err;
}

void ls_kvm_unwatch(ls_kvm_probe *entry, ls_kvm_probe *exit)
{
	tracepoint_probe_unregister(&__tracepoint_kvm_entry, entry, NULL);
	tracepoint_probe_unregister(&__tracepoint_kvm_exit, exit, NULL);
	tracepoint_synchronize_unregister();
}
