// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machines whose clocks could not be kept exact are refused, each with the sentence that says what
 * to change, and run on.
 *
 * Needs: livestack.ko and livestack_vcpu.ko loaded; /dev/kvm; root.
 */

#include <errno.h>

#include "ktap.h"
#include "live.h"

#define PATIENCE_S 30
#define QUANTUM_NS 1000000UL

static const struct {
	const char *name;
	unsigned int faults;
	uint32_t program;
	const char *word; /* that the sentence has */
} kind[] = {
	{ "a hypervisor in it", VMM_SVM, GUEST_CLOCK, "SVM" },
	{ "kvmclock in use", VMM_PARAVIRT, GUEST_KVMCLOCK, "kvmclock" },
	{ "stolen time in use", VMM_PARAVIRT, GUEST_STEAL_TIME, "stolen" },
	{ "Hyper-V interfaces", VMM_HYPERV, GUEST_CLOCK, "Hyper-V" },
	{ "Xen interfaces", VMM_XEN, GUEST_CLOCK, "Xen" },
	{ "no TSC deadlines", VMM_NO_DEADLINE, GUEST_CLOCK, "tsc-deadline" },
	{ "a timer in one-shot mode", 0, GUEST_ONE_SHOT, "one-shot" },
	{ "another TSC frequency", VMM_OTHER_TSC, GUEST_CLOCK, "scaled" },
	{ "firmware in SMM", VMM_SMBASE, GUEST_CLOCK, "SMM" },
	{ "HLT that does not leave the guest", VMM_HLT_IN_GUEST, GUEST_CLOCK, "sleep" },
	{ "its interrupt controller in user space", VMM_NO_IRQCHIP, GUEST_XAPIC, "irqchip" },
	{ "no x2APIC", 0, GUEST_XAPIC, "x2apic" },
};

#define KINDS (sizeof(kind) / sizeof(*kind))

static bool start(struct vmm *vmm, unsigned int faults, uint32_t program)
{
	vmm_new(vmm, &(struct vmm_setup){ .vcpus = 1, .faults = faults });
	vmm->area->vcpu[0].program = program;
	return vmm_start(vmm) && vmm_wait_rounds(vmm, 0, 100, PATIENCE_S);
}

static bool goes_on(struct vmm *vmm)
{
	return vmm_wait_rounds(vmm, 0, vmm->area->vcpu[0].rounds + 100, PATIENCE_S);
}

static bool refused(struct vmm *vmm, const char *word)
{
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	struct nl_answer answer;
	int said = live_attach_pid(session, 0, vmm->pid, vmm_start_ticks(vmm->pid), 0,
				   &answer);
	bool ok = ktap_is(said, EOPNOTSUPP);

	ktap_note("%s", answer.sentence ? answer.sentence : "no sentence");
	ok = ok && answer.sentence && strcasestr(answer.sentence, word) &&
	     strchr(answer.sentence, ':') && goes_on(vmm);
	return live_over(session, 1) && ok;
}

static void refuses(unsigned int i)
{
	char name[128];
	struct vmm vmm;

	snprintf(name, sizeof(name), "a machine with %s is refused", kind[i].name);
	if (start(&vmm, kind[i].faults, kind[i].program))
		ktap_ok(refused(&vmm, kind[i].word), name);
	else
		ktap_skip(name, "this host's KVM does not make such a machine");
	vmm_end(&vmm);
}

/* Who asks for it gets one whose own guests are not gated. */
static bool nested(void)
{
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	struct vmm vmm;
	bool ok = start(&vmm, VMM_SVM, GUEST_CLOCK) &&
		  !live_attach_pid(session, 0, vmm.pid, vmm_start_ticks(vmm.pid),
				   LIVESTACK_A_COMPONENT_NESTED, NULL) &&
		  live_stopped(session, 0, 1) && !control_state(session, LIVESTACK_STATE_RUNNING) &&
		  live_reaches(session, 20 * QUANTUM_NS, PATIENCE_S);

	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

/* Offered, and not used by the guest: KVM's clock does no harm. */
static bool offered(void)
{
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	struct vmm vmm;
	bool ok = start(&vmm, VMM_PARAVIRT, GUEST_CLOCK) && !live_attach(session, 0, &vmm);

	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

/* Its vCPUs have not begun: there is nothing that could be looked at. */
static bool not_begun(void)
{
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	struct nl_answer answer;
	struct vmm vmm;
	int said;
	bool ok;

	vmm_new(&vmm, &(struct vmm_setup){ .vcpus = 1, .stopped = true });
	ok = vmm_start(&vmm);
	said = live_attach_pid(session, 0, vmm.pid, vmm_start_ticks(vmm.pid), 0, &answer);
	ktap_note("%s", answer.sentence ? answer.sentence : "no sentence");
	ok = ok && ktap_is(said, EAGAIN) && answer.sentence;
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

int main(void)
{
	unsigned int i;

	if (live_missing())
		return ktap_skip_all(live_missing());

	ktap_plan(KINDS + 3);
	for (i = 0; i < KINDS; i++)
		refuses(i);
	vmm_ok(nested(), "one with a hypervisor is attached when asked to");
	vmm_ok(offered(), "one that is offered KVM's clock and does not use it is attached");
	vmm_ok(not_begun(), "one that has not begun to run is to be started first");
	return ktap_end();
}
