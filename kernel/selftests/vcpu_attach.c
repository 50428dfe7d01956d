// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machines are attached while they run and go on where they were: stopped until their session
 * begins and while it is paused, continuous after they were detached, however often; and what
 * cannot be attached is refused in words.
 *
 * Needs: livestack.ko and livestack_vcpu.ko loaded; /dev/kvm; root.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host_clock.h"
#include "ktap.h"
#include "live.h"
#include "vmm_note.h"

#define PATIENCE_S 30
#define QUANTUM_NS 1000000UL
#define STAND_MS 2000

static bool begin(struct vmm *vmm, unsigned int vcpus)
{
	unsigned int i;

	vmm_new(vmm, &(struct vmm_setup){ .vcpus = vcpus });
	for (i = 0; i < vcpus; i++)
		vmm->area->vcpu[i].program = GUEST_CLOCK;
	return vmm_start(vmm) && vmm_wait_rounds(vmm, vcpus - 1, 100, PATIENCE_S);
}

static bool goes_on(struct vmm *vmm)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; i < vmm->setup.vcpus; i++)
		ok = ok && vmm_wait_rounds(vmm, i, vmm->area->vcpu[i].rounds + 100, PATIENCE_S);
	return ok;
}

static bool never_back(const struct vmm *vmm)
{
	unsigned int i;

	for (i = 0; i < vmm->setup.vcpus; i++)
		if (vmm->area->vcpu[i].backward)
			return false;
	return true;
}

/* Nothing moves, and the gap that the guest sees is shorter than what it stood for. */
static bool stands(struct vmm *vmm, uint32_t session)
{
	return live_stopped(session, 0, vmm->setup.vcpus) && vmm_stands(vmm, STAND_MS);
}

static void forget_gaps(struct vmm *vmm)
{
	unsigned int i;

	for (i = 0; i < vmm->setup.vcpus; i++)
		vmm->area->vcpu[i].longest = 0;
}

static bool no_long_gap(const struct vmm *vmm)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; i < vmm->setup.vcpus; i++) {
		const uint64_t longest_ns = vmm_ns(vmm, vmm->area->vcpu[i].longest);

		if (longest_ns < STAND_MS * 1000000UL / 2)
			continue;
		ktap_note("vCPU %u saw a gap of %lu ms", i, longest_ns / 1000000);
		ok = false;
	}
	return ok;
}

/* Created, running, paused, running, detached: by its own clock it never stood. */
static bool once(unsigned int vcpus)
{
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	struct vmm vmm;
	uint64_t clock;
	bool ok = begin(&vmm, vcpus);

	forget_gaps(&vmm);
	ok = ok && !live_attach(session, 0, &vmm) && stands(&vmm, session) &&
	     live_told(session, LIVESTACK_A_SESSION_CLOCK_NS) == 0 &&
	     !control_state(session, LIVESTACK_STATE_RUNNING) && goes_on(&vmm) &&
	     live_reaches(session, 100 * QUANTUM_NS, PATIENCE_S) && no_long_gap(&vmm);
	ok = ok && !control_state(session, LIVESTACK_STATE_PAUSED) && stands(&vmm, session);
	clock = live_told(session, LIVESTACK_A_SESSION_CLOCK_NS);
	ok = ok && !control_state(session, LIVESTACK_STATE_RUNNING) && goes_on(&vmm) &&
	     live_reaches(session, clock + 100 * QUANTUM_NS, PATIENCE_S) && no_long_gap(&vmm) &&
	     !control_state(session, LIVESTACK_STATE_PAUSED) && stands(&vmm, session) &&
	     !live_detach(session, 0) && goes_on(&vmm) && no_long_gap(&vmm) && never_back(&vmm) &&
	     live_component(session, 0, LIVESTACK_A_COMPONENT_PARTING) == LIVESTACK_PARTING_ASKED;
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

/* At any moment of its life, in one session that goes on. */
static bool again(void)
{
	const unsigned int rounds = ktap_count(50, 1000);
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	unsigned int i;
	struct vmm vmm;
	bool ok = begin(&vmm, 2) && !control_state(session, LIVESTACK_STATE_RUNNING);

	for (i = 0; ok && i < rounds; i++) {
		ok = !live_attach(session, 0, &vmm);
		usleep(i % 7 * 1000);
		ok = ok && !live_detach(session, 0);
		usleep(i % 3 * 1000);
	}
	ok = ok && goes_on(&vmm) && never_back(&vmm);
	ktap_note("%u times; apart %lu us at most", i,
		  vmm_ns(&vmm, vmm.area->vcpu[0].ahead) / 1000);
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

/* Wakes the guest when a detach waits for it. */
struct waker {
	struct vmm *vmm;
	uint64_t since; /* a detach has begun, or 0 */
	bool over, woke;
};

static void *wake(void *argument)
{
	struct waker *waker = argument;
	uint64_t since;

	while (!__atomic_load_n(&waker->over, __ATOMIC_ACQUIRE)) {
		since = __atomic_load_n(&waker->since, __ATOMIC_ACQUIRE);
		if (since && !waker->woke &&
		    time_of(CLOCK_MONOTONIC) - since > PATIENCE_S * 1000000000UL) {
			waker->woke = true;
			vmm_order(waker->vmm, VMM_KICK);
		}
		usleep(20000);
	}
	return NULL;
}

static bool detaches(struct waker *waker, uint32_t session)
{
	bool ok;

	__atomic_store_n(&waker->since, time_of(CLOCK_MONOTONIC), __ATOMIC_RELEASE);
	ok = !live_detach(session, 0);
	__atomic_store_n(&waker->since, 0, __ATOMIC_RELEASE);
	return ok;
}

/* Without sleeping, which would take longer than a window. */
static bool kicked(struct vmm *vmm, uint64_t kicks)
{
	const uint64_t since = time_of(CLOCK_MONOTONIC);

	while (__atomic_load_n(&vmm->area->vcpu[0].kicks, __ATOMIC_RELAXED) < kicks)
		if (time_of(CLOCK_MONOTONIC) - since > PATIENCE_S * 1000000000UL) {
			vmm_note_stop(vmm, 0);
			return false;
		}
	return true;
}

static bool attach_and_detach(struct waker *waker, uint32_t session, unsigned int rounds)
{
	struct vmm *vmm = waker->vmm;
	unsigned int i;
	bool ok = true;

	for (i = 1; ok && i <= rounds; i++) {
		ok = !live_attach(session, 0, vmm) && vmm_order(vmm, VMM_KICK) && kicked(vmm, i);
		usleep(i * 7 % (QUANTUM_NS / 1000));
		ok = ok && detaches(waker, session) && !waker->woke;
	}
	ktap_note("%lu interrupts in %u rounds", vmm->area->vcpu[0].kicks, i - 1);
	return ok;
}

/*
 * Each interrupt is followed by a halt without an end; windows end before it, in it, and just when
 * the vCPU is woken to be let go. It is let go by itself, not because another interrupt comes.
 */
static bool halted(void)
{
	const unsigned int rounds = ktap_count(500, 2000);
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	struct vmm vmm;
	struct waker waker = { .vmm = &vmm };
	pthread_t thread;
	bool ok;

	vmm_new(&vmm, &(struct vmm_setup){ .vcpus = 1 });
	ok = !pthread_create(&thread, NULL, wake, &waker);
	if (ok) {
		ok = vmm_start(&vmm) && vmm_wait(&vmm, 0, PATIENCE_S) &&
		     !control_state(session, LIVESTACK_STATE_RUNNING) &&
		     attach_and_detach(&waker, session, rounds);
		__atomic_store_n(&waker.over, true, __ATOMIC_RELEASE);
		pthread_join(thread, NULL);
	}
	if (waker.woke)
		ktap_note("a detach waited until the guest was woken");
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

static bool refused(const char *what, int wanted, int said, const struct nl_answer *answer)
{
	const bool ok = ktap_is(said, wanted) && answer->sentence && *answer->sentence;

	ktap_note("%s: %s", what, answer->sentence ? answer->sentence : "no sentence");
	return ok;
}

static bool refusals(void)
{
	uint32_t session = live_session(2, 1, QUANTUM_NS, 0);
	struct nl_answer answer;
	uint64_t ticks;
	struct vmm vmm;
	int said;
	bool ok = begin(&vmm, 1);

	ticks = vmm_start_ticks(vmm.pid);
	said = live_attach_pid(session, 0, getpid(), vmm_start_ticks(getpid()), 0, &answer);
	ok &= refused("no VMM", ENXIO, said, &answer);
	said = live_attach_pid(session, 0, vmm.pid, ticks + 1, 0, &answer);
	ok &= refused("reused pid", ESRCH, said, &answer);
	said = live_attach_pid(session, 0, 0x7fffff00, 1, 0, &answer);
	ok &= refused("no process", ESRCH, said, &answer);
	said = live_attach_pid(session, 0, vmm.shared->tid[0], ticks, 0, &answer);
	ok &= refused("a thread", ESRCH, said, &answer);
	said = live_attach_pid(session, 9, vmm.pid, ticks, 0, &answer);
	ok &= refused("unknown component", ENOENT, said, &answer);
	said = live_attach_pid(session + 1000, 0, vmm.pid, ticks, 0, &answer);
	ok &= refused("unknown session", ENOENT, said, &answer);
	said = live_attach_pid(session, 2, vmm.pid, ticks, 0, &answer);
	ok &= refused("modelled component", EINVAL, said, &answer);
	ok &= live_detach(session, 0) == ENOTCONN && !live_attach(session, 0, &vmm);
	said = live_attach_pid(session, 0, vmm.pid, ticks, 0, &answer);
	ok &= refused("component taken", EBUSY, said, &answer);
	said = live_attach_pid(session, 1, vmm.pid, ticks, 0, &answer);
	ok &= refused("machine taken", EBUSY, said, &answer);
	ok &= !live_detach(session, 0) && live_detach(session, 0) == ENOTCONN;
	ok &= !control_state(session, LIVESTACK_STATE_STOPPED);
	said = live_attach_pid(session, 0, vmm.pid, ticks, 0, &answer);
	ok &= refused("session stopped", ESHUTDOWN, said, &answer);
	ok &= goes_on(&vmm) && live_over(session, 2);
	vmm_end(&vmm);
	return ok;
}

static bool load_module(void)
{
	const char *modules = getenv("LS_MODULES");
	char path[512];
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "%s/vcpu/livestack_vcpu.ko", modules);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ok = !syscall(SYS_finit_module, fd, "", 0);
	close(fd);
	return ok;
}

/* With the module goes what it holds; the guest does not notice. */
static bool unloaded(void)
{
	const unsigned int rounds = ktap_count(5, 100);
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	unsigned int i;
	struct vmm vmm;
	bool ok = begin(&vmm, 2) && !control_state(session, LIVESTACK_STATE_RUNNING);

	forget_gaps(&vmm);
	for (i = 0; ok && i < rounds; i++) {
		ok = !live_attach(session, 0, &vmm);
		if (i % 2)
			usleep(20000);
		ok = ok && !syscall(SYS_delete_module, "livestack_vcpu", O_NONBLOCK) &&
		     goes_on(&vmm) && live_attach(session, 0, &vmm) == EOPNOTSUPP;
		ok = load_module() && ok;
	}
	ok = ok && never_back(&vmm) && no_long_gap(&vmm) && !live_attach(session, 0, &vmm) &&
	     goes_on(&vmm);
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

int main(void)
{
	if (live_missing())
		return ktap_skip_all(live_missing());

	ktap_plan(6);
	vmm_ok(once(1), "attached and detached as it runs, a machine never notices");
	vmm_ok(once(2), "with two vCPUs neither");
	vmm_ok(again(), "again and again in one session");
	vmm_ok(halted(), "one that has just halted is let go by itself");
	vmm_ok(refusals(), "what cannot be attached is refused in words");
	if (getenv("LS_MODULES"))
		vmm_ok(unloaded(), "the module goes while it holds a machine, which goes on");
	else
		ktap_skip("the module goes while it holds a machine, which goes on",
			  "needs LS_MODULES, the folder that the modules were built into");
	return ktap_end();
}
