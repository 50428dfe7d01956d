// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMMs that are killed, stopped, replaced or left by a thread, whatever their vCPUs are doing: the
 * session pauses and names the component, nobody hangs, and all can be attached anew.
 *
 * Needs: livestack.ko and livestack_vcpu.ko loaded; /dev/kvm; root.
 */

#include <signal.h>
#include <unistd.h>

#include "ktap.h"
#include "live.h"

#define PATIENCE_S 30
#define QUANTUM_NS 1000000UL
#define S 1000000000UL

/* What its vCPU does when it happens. */
enum doing { PARKED, RUNNING, IDLE, IN_USER_SPACE, WAYS };

static const char *const names[WAYS] = { "parked", "running", "idle", "in user space" };

static bool begin(struct vmm *vmm, uint32_t session, enum doing doing)
{
	struct guest_vcpu *guest;

	vmm_new(vmm, &(struct vmm_setup){ .vcpus = 1 });
	guest = &vmm->area->vcpu[0];
	guest->program = doing == IDLE ? GUEST_HALT :
			 doing == IN_USER_SPACE ? GUEST_EXITS : GUEST_CLOCK;
	guest->work = 100;
	vmm->area->go = doing != IDLE;
	vmm->shared->exit_us = 20000;
	return vmm_start(vmm) && !live_attach(session, 0, vmm);
}

/* It does what it is to do when it is hit. */
static bool settle(struct vmm *vmm, uint32_t session, enum doing doing)
{
	struct live_vcpu view = { 0 };
	unsigned int tries;

	if (doing == PARKED)
		return live_stopped(session, 0, 1);
	vmm->area->go = 1;
	if (control_state(session, LIVESTACK_STATE_RUNNING))
		return false;
	for (tries = 0; tries < 10000; tries++) {
		if (doing == IN_USER_SPACE && vmm->shared->in_exit)
			return true;
		if (doing != IN_USER_SPACE && live_get(session, 0, 0, &view) &&
		    view.state == (doing == IDLE ? LIVESTACK_VCPU_STATE_IDLE :
						   LIVESTACK_VCPU_STATE_RUNNING))
			return true;
		usleep(500);
	}
	return false;
}

static bool leaves(uint32_t session, uint32_t parting)
{
	unsigned int tries;

	for (tries = 0; tries < 5000; tries++) {
		if (!live_component(session, 0, LIVESTACK_A_COMPONENT_VCPUS) &&
		    live_component(session, 0, LIVESTACK_A_COMPONENT_PARTING) == parting)
			return true;
		usleep(2000);
	}
	ktap_note("it has not left in 10 s");
	return false;
}

/* One that the window waited for: a session that had not begun, or that it idled in, goes on. */
static bool mourned(uint32_t session)
{
	return live_told(session, LIVESTACK_A_SESSION_STATE) == LIVESTACK_STATE_PAUSED &&
	       live_told(session, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_DIED &&
	       live_told(session, LIVESTACK_A_SESSION_CULPRIT) == 0;
}

/* Another machine takes its place, and the session goes on. */
static bool replaced(uint32_t session)
{
	struct vmm vmm;
	uint64_t clock = live_told(session, LIVESTACK_A_SESSION_CLOCK_NS);
	bool ok = begin(&vmm, session, RUNNING);

	/* It may run still. */
	control_state(session, LIVESTACK_STATE_RUNNING);
	ok = ok && live_reaches(session, clock + 10 * QUANTUM_NS, PATIENCE_S);
	live_detach(session, 0);
	vmm_end(&vmm);
	return ok;
}

static bool killed(enum doing doing)
{
	const unsigned int rounds = ktap_count(5, 100);
	uint32_t session;
	struct vmm vmm;
	unsigned int i;
	bool ok = true;

	for (i = 0; ok && i < rounds; i++) {
		session = live_session(1, 0, QUANTUM_NS, 0);
		ok = begin(&vmm, session, doing) && settle(&vmm, session, doing);
		vmm_end(&vmm);
		ok = ok && leaves(session, LIVESTACK_PARTING_ENDED);
		if (doing == RUNNING || doing == IN_USER_SPACE)
			ok = ok && mourned(session);
		ok = ok && replaced(session);
		if (!ok)
			ktap_note("%s: state %lu for reason %lu", names[doing],
				  live_told(session, LIVESTACK_A_SESSION_STATE),
				  live_told(session, LIVESTACK_A_SESSION_REASON));
		ok &= live_over(session, 1);
	}
	return ok;
}

/* SIGSTOP: its threads leave KVM_RUN for a stop that they cannot be woken from. */
static bool stopped(enum doing doing)
{
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	struct vmm vmm;
	bool ok = begin(&vmm, session, doing) && settle(&vmm, session, doing);

	kill(vmm.pid, SIGSTOP);
	usleep(50000);
	ok = ok && !live_detach(session, 0);
	kill(vmm.pid, SIGCONT);
	if (doing == IDLE)
		ok = ok && vmm_order(&vmm, VMM_KICK) && vmm_wait(&vmm, 0, PATIENCE_S);
	else
		ok = ok && vmm_wait_rounds(&vmm, 0, vmm.area->vcpu[0].rounds + 5, PATIENCE_S);
	ok = ok && !vmm.area->vcpu[0].backward && !live_attach(session, 0, &vmm);
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

/* SIGSTOP and SIGCONT while it is attached: the guest does not see it. */
static bool goes_on(void)
{
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	unsigned int i;
	struct vmm vmm;
	uint64_t clock;
	bool ok = begin(&vmm, session, RUNNING) && live_stopped(session, 0, 1);

	vmm.area->vcpu[0].longest = 0;
	ok = ok && settle(&vmm, session, RUNNING);
	for (i = 0; ok && i < 5; i++) {
		kill(vmm.pid, SIGSTOP);
		usleep(1000000);
		clock = live_told(session, LIVESTACK_A_SESSION_CLOCK_NS);
		kill(vmm.pid, SIGCONT);
		ok = live_reaches(session, clock + 10 * QUANTUM_NS, PATIENCE_S);
	}
	ktap_note("stopped for 1 s %u times: longest gap %lu us", i,
		  vmm_ns(&vmm, vmm.area->vcpu[0].longest) / 1000);
	ok = ok && !vmm.area->vcpu[0].backward &&
	     vmm_ns(&vmm, vmm.area->vcpu[0].longest) < S / 2;
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

static bool ordered(enum doing doing, enum vmm_order order)
{
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	struct vmm vmm;
	bool ok = begin(&vmm, session, doing) && settle(&vmm, session, doing) &&
		  vmm_order(&vmm, order) && leaves(session, LIVESTACK_PARTING_ENDED) &&
		  replaced(session);

	if (!ok)
		ktap_note("while its vCPU was %s", names[doing]);
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

/* The thread of its one vCPU ends and the process lives on: the session waits, and can be left. */
static bool thread_ends(enum doing doing)
{
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	unsigned int tries;
	struct vmm vmm;
	bool ok = begin(&vmm, session, doing) && settle(&vmm, session, doing) &&
		  vmm_order(&vmm, VMM_STOP_VCPU);

	for (tries = 0; tries < 5000 && vmm.shared->tid[0]; tries++)
		usleep(2000);
	ok = ok && !vmm.shared->tid[0] && !live_detach(session, 0) && replaced(session);
	if (!ok)
		ktap_note("while its vCPU was %s", names[doing]);
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

int main(void)
{
	enum doing doing;
	char name[64];
	bool ok = true;

	if (live_missing())
		return ktap_skip_all(live_missing());

	ktap_plan(2 * WAYS + 4);
	for (doing = 0; doing < WAYS; doing++) {
		snprintf(name, sizeof(name), "a VMM is killed while its vCPU is %s", names[doing]);
		vmm_ok(killed(doing), name);
	}
	for (doing = 0; doing < WAYS; doing++) {
		snprintf(name, sizeof(name), "one that is stopped, %s, is detached", names[doing]);
		vmm_ok(stopped(doing), name);
	}
	vmm_ok(goes_on(), "stopped and continued while it is attached, its guest sees nothing");
	for (doing = 0; doing < WAYS; doing++)
		ok = ok && ordered(doing, VMM_QUIT);
	ktap_ok(ok, "a VMM that ends by itself leaves");
	for (ok = true, doing = 0; doing < WAYS; doing++)
		ok = ok && ordered(doing, VMM_EXEC);
	ktap_ok(ok, "a VMM that becomes another program leaves");
	for (ok = true, doing = 0; doing < WAYS; doing++)
		ok = ok && thread_ends(doing);
	ktap_ok(ok, "the thread of a vCPU ends, and its machine is detached");
	return ktap_end();
}
