// SPDX-License-Identifier: GPL-2.0-only
/* What makes a machine unfit; beside kvm.c the other file that looks into KVM. */

#include "suit.h"

#include <linux/kvm_host.h>
#include <linux/kvm_para.h>

#include <asm/apicdef.h>
#include <asm/tsc.h>

#include "gate.h"
#include "kvm.h"

/* TSC ratios are fixed-point numbers: with 32 bits of fraction on AMD, with 48 on Intel. */
#define LS_RATIO_ONE_AMD BIT_ULL(32)
#define LS_RATIO_ONE_INTEL BIT_ULL(48)

#define LS_SMBASE_RESET 0x30000

/* MSR_IA32_APICBASE of an interrupt controller in x2APIC mode, and its timer's register there. */
#define LS_X2APIC (MSR_IA32_APICBASE_ENABLE | X2APIC_ENABLE)
#define LS_X2APIC_LVTT (APIC_BASE_MSR + (APIC_LVTT >> 4))
#define LS_LVTT_MODE GENMASK(18, 17)

#define LS_HYPERVISOR_LEAF 0x40000000
#define LS_HYPERVISOR_STEP 0x100
#define LS_HYPERVISOR_LAST 0x40010000

/*
 * A vCPU's CPUID cannot change any more once it has run, so that it can be read without its mutex,
 * which it holds while it runs.
 */
static const struct kvm_cpuid_entry2 *ls_cpuid(const struct kvm_vcpu *vcpu, u32 function)
{
	int i;

	for (i = 0; i < vcpu->arch.cpuid_nent; i++)
		if (vcpu->arch.cpuid_entries[i].function == function)
			return &vcpu->arch.cpuid_entries[i];
	return NULL;
}

static bool ls_has_signature(const struct kvm_cpuid_entry2 *leaf, const char *signature)
{
	return leaf && !memcmp(&leaf->ebx, signature, 4) && !memcmp(&leaf->ecx, signature + 4, 4) &&
	       !memcmp(&leaf->edx, signature + 8, 4);
}

static bool ls_is_hypervisor(const struct kvm_vcpu *vcpu, const char *signature)
{
	u32 leaf;

	for (leaf = LS_HYPERVISOR_LEAF; leaf < LS_HYPERVISOR_LAST; leaf += LS_HYPERVISOR_STEP)
		if (ls_has_signature(ls_cpuid(vcpu, leaf), signature))
			return true;
	return false;
}

static bool ls_has_bit(const struct kvm_vcpu *vcpu, u32 function, unsigned int bit)
{
	const struct kvm_cpuid_entry2 *leaf = ls_cpuid(vcpu, function);

	return leaf && leaf->ecx & BIT(bit);
}

static bool ls_is_protected(const struct kvm_vcpu *vcpu)
{
	return vcpu->arch.guest_state_protected;
}

static bool ls_scales(const struct kvm_vcpu *vcpu)
{
	const u64 ratio = vcpu->arch.l1_tsc_scaling_ratio;

	return (ratio != LS_RATIO_ONE_AMD && ratio != LS_RATIO_ONE_INTEL) ||
	       vcpu->arch.tsc_always_catchup;
}

static bool ls_nests(const struct kvm_vcpu *vcpu)
{
	return ls_has_bit(vcpu, 1, 5) || ls_has_bit(vcpu, 0x80000001, 2);
}

static bool ls_is_hyperv(const struct kvm_vcpu *vcpu)
{
	return ls_is_hypervisor(vcpu, "Microsoft Hv");
}

static bool ls_is_xen(const struct kvm_vcpu *vcpu)
{
	return ls_is_hypervisor(vcpu, "XenVMMXenVMM") || vcpu->kvm->arch.xen_hvm_config.msr;
}

static bool ls_uses_kvmclock(const struct kvm_vcpu *vcpu)
{
	return vcpu->arch.pv_time.active;
}

static bool ls_asks_steal_time(const struct kvm_vcpu *vcpu)
{
	return vcpu->arch.st.msr_val & KVM_MSR_ENABLED;
}

static bool ls_has_no_apic(const struct kvm_vcpu *vcpu)
{
	return !vcpu->arch.apic;
}

static bool ls_has_no_deadline(const struct kvm_vcpu *vcpu)
{
	return !ls_has_bit(vcpu, 1, 24);
}

static bool ls_has_no_x2apic(const struct kvm_vcpu *vcpu)
{
	return (vcpu->arch.apic_base & LS_X2APIC) != LS_X2APIC;
}

/* A timer that is in use and does not go by deadlines. */
static bool ls_has_other_timer(const struct kvm_vcpu *vcpu)
{
	u64 lvtt;

	if (kvm_get_msr((struct kvm_vcpu *)vcpu, LS_X2APIC_LVTT, &lvtt))
		return true;
	return !(lvtt & APIC_LVT_MASKED) && (lvtt & LS_LVTT_MODE) != APIC_LVT_TIMER_TSCDEADLINE;
}

/* Firmware that lives in SMM has moved it from where it is after a reset. */
static bool ls_uses_smm(const struct kvm_vcpu *vcpu)
{
	return vcpu->arch.smbase != LS_SMBASE_RESET;
}

static bool ls_sleeps_unseen(const struct kvm_vcpu *vcpu)
{
	return vcpu->kvm->arch.hlt_in_guest || vcpu->kvm->arch.mwait_in_guest;
}

static const struct ls_unfit {
	bool (*is)(const struct kvm_vcpu *vcpu);
	const char *sentence;
} ls_unfit[] = { {
	ls_is_protected,
	"the machine is protected from its host, which cannot set its clock: start it without SEV-ES, SEV-SNP or TDX",
}, {
	ls_scales,
	"the machine's time-stamp counter is scaled: start it with the host's frequency, without tsc-frequency=",
}, {
	ls_is_hyperv,
	"the machine has Hyper-V interfaces, whose clocks go by the host's time: start it without hv-... flags",
}, {
	ls_is_xen,
	"the machine has Xen interfaces, whose clocks go by the host's time: start it without xen-... options",
}, {
	ls_uses_kvmclock,
	"the guest uses kvmclock, which goes by the host's time: start it with -cpu ...,kvm=off",
}, {
	ls_asks_steal_time,
	"the guest asks for stolen time, which the host's time is: start it with -cpu ...,kvm=off",
}, {
	ls_has_no_apic,
	"the machine's interrupt controller is in its VMM: start it with kernel-irqchip=on or split",
}, {
	ls_has_no_deadline,
	"the machine's timer has no TSC deadlines: start it with -cpu ...,tsc-deadline=on",
}, {
	ls_has_no_x2apic,
	"the guest's interrupt controller is in xAPIC mode, where its timer cannot be seen: start the machine with -cpu ...,x2apic=on and -device intel-iommu,intremap=on,eim=on",
}, {
	ls_has_other_timer,
	"the guest's timer is in one-shot or periodic mode and does not go by TSC deadlines: start the machine with -cpu ...,tsc-deadline=on, and the guest without lapic=notscdeadline",
}, {
	ls_uses_smm,
	"the machine's firmware uses SMM, which has a clock of its own: start it with -machine smm=off",
}, {
	ls_sleeps_unseen,
	"the machine's vCPUs sleep unseen: start it without -overcommit cpu-pm=on",
} };

static const struct ls_unfit ls_unfit_nested = {
	ls_nests,
	"the machine has VMX or SVM, and guests in it would see the host's time: start it with -cpu ...,vmx=off,svm=off, or attach it as nested",
};

static int ls_suit_refuse(int err, const char *what, const char **sentence)
{
	*sentence = what;
	return err;
}

static int ls_suit_vcpu(const struct kvm_vcpu *vcpu, bool nested, const char **sentence)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ls_unfit); i++)
		if (ls_unfit[i].is(vcpu))
			return ls_suit_refuse(-EOPNOTSUPP, ls_unfit[i].sentence, sentence);
	if (!nested && ls_unfit_nested.is(vcpu))
		return ls_suit_refuse(-EOPNOTSUPP, ls_unfit_nested.sentence, sentence);
	return 0;
}

int ls_suit_check(struct kvm *kvm, bool nested, const char **sentence)
{
	struct kvm_vcpu *vcpu;
	bool ran = false;
	unsigned long i;
	int err;

	if (check_tsc_unstable())
		return ls_suit_refuse(-EOPNOTSUPP,
				      "this host's time-stamp counter is unstable: boot it with tsc=reliable if it is not, or take another",
				      sentence);
	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (ls_gate_is_closed(vcpu))
			return ls_suit_refuse(-EBUSY,
					      "the machine is attached already: detach it first",
					      sentence);
		/* What has not run yet can be anything still. */
		if (READ_ONCE(vcpu->arch.last_vmentry_cpu) == -1)
			continue;
		ran = true;
		err = ls_suit_vcpu(vcpu, nested, sentence);
		if (err)
			return err;
	}
	if (ran)
		return 0;
	return ls_suit_refuse(-EAGAIN,
			      "the machine has not begun to run: start it first, and let it boot",
			      sentence);
}
