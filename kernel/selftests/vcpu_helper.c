// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process that works for a VMM, as the back end of a disk does, is waited for as the VMM is: what
 * it does for a guest takes no simulated time, however long it takes the host. One that is not
 * named is not waited for; one that dies, or never was, holds nobody up.
 *
 * Needs: livestack.ko and livestack_vcpu.ko loaded; /dev/kvm; root.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "live.h"

#define PATIENCE_S 60
#define QUANTUM_NS 1000000UL
#define TIMER_NS 1000000000UL
#define WORK_MS 20

/* What attach takes of a process, in the order of the attribute. */
struct name {
	uint64_t pid, start_ticks;
};

static struct name name_of(pid_t pid)
{
	return (struct name){ pid, vmm_start_ticks(pid) };
}

static int attach(uint32_t session, const struct vmm *vmm, const void *names, size_t length,
		  struct nl_answer *answer)
{
	return live_attach_with(session, 0, vmm->pid, vmm_start_ticks(vmm->pid),
				LIVESTACK_A_COMPONENT_HELPERS, names, length, answer);
}

static int borrow(pid_t pid, int fd)
{
	const int process = syscall(SYS_pidfd_open, pid, 0);
	const int own = syscall(SYS_pidfd_getfd, process, fd, 0);

	close(process);
	return own;
}

static void work(unsigned int ms)
{
	struct timespec now;
	uint64_t end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	end = now.tv_sec * 1000000000UL + now.tv_nsec + ms * 1000000UL;
	while (now.tv_sec * 1000000000UL + now.tv_nsec < end)
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
}

/* Plays the disk for the machine's guest, by its eventfds; *@count says how often. */
static pid_t play_disk(const struct vmm *vmm)
{
	const pid_t parent = getpid();
	struct pollfd kick = { .events = POLLIN };
	const uint64_t one = 1;
	uint64_t count;
	pid_t pid;
	int done;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kick.fd = borrow(vmm->pid, vmm->shared->kick);
	done = borrow(vmm->pid, vmm->shared->done);
	while (getppid() == parent && poll(&kick, 1, -1) == 1) {
		if (read(kick.fd, &count, sizeof(count)) != sizeof(count))
			continue;
		work(WORK_MS);
		if (write(done, &one, sizeof(one)) != sizeof(one))
			break;
	}
	_exit(1);
}

static void end_process(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A guest that waits for its disk, and has a timer of 1 Hz: skipped to when nobody is at work. */
static bool begin(struct vmm *vmm, uint64_t count)
{
	struct guest_vcpu *guest;

	vmm_new(vmm, &(struct vmm_setup){ .vcpus = 1, .events = true });
	guest = &vmm->area->vcpu[0];
	guest->program = GUEST_DISK;
	guest->count = count;
	guest->work = 100;
	vmm->area->go = 0;
	return vmm_start(vmm);
}

static bool goes(struct vmm *vmm, uint32_t session)
{
	if (!live_stopped(session, 0, 1))
		return false;
	vmm->session = session;
	vmm->area->vcpu[0].ticks = vmm_ticks(vmm, TIMER_NS);
	vmm->area->go = 1;
	return !control_state(session, LIVESTACK_STATE_RUNNING);
}

static bool requests(bool named, unsigned int processes)
{
	const uint64_t count = ktap_count(20, 200);
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	static struct nl_answer answer;
	struct live_vcpu view = { 0 };
	struct live_busy busy;
	struct name name;
	struct vmm vmm;
	uint64_t timers;
	pid_t disk = 0;
	bool ok = begin(&vmm, count) && session;

	if (ok)
		disk = play_disk(&vmm);
	live_busy(&busy, processes);
	name = name_of(disk);
	ok = ok && ktap_is(attach(session, &vmm, &name, named ? sizeof(name) : 0, &answer), 0) &&
	     goes(&vmm, session) && vmm_wait(&vmm, 0, PATIENCE_S) && live_get(session, 0, 0, &view);
	live_busy_end(&busy);
	timers = vmm.area->vcpu[0].timers;
	ktap_note("%lu times %u ms: %lu us in the median, %lu at most; %lu us idle, %lu timers",
		  count, WORK_MS, vmm_sample_ns(&vmm, 0, 50) / 1000,
		  vmm_sample_ns(&vmm, 0, 100) / 1000, view.idle_ns / 1000, timers);
	if (named)
		ok = ok && view.idle_ns <= count * QUANTUM_NS / 10 && timers == 0 &&
		     !live_component(session, 0, LIVESTACK_A_COMPONENT_VMM_BUSY) &&
		     (live_slow() || vmm_sample_ns(&vmm, 0, 50) <= 2 * QUANTUM_NS);
	else
		ok = ok && timers > 0 && view.idle_ns > TIMER_NS / 2;
	ok &= live_over(session, 1);
	end_process(disk);
	vmm_end(&vmm);
	return ok;
}

/* It is killed while the guest waits for it: the guest's timers go on. */
static bool dies(void)
{
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	static struct nl_answer answer;
	struct name names[2];
	struct vmm vmm;
	pid_t disk = 0, other;
	bool ok = begin(&vmm, 1000) && session;

	if (ok)
		disk = play_disk(&vmm);
	names[0] = name_of(disk);
	other = play_disk(&vmm);
	names[1] = name_of(other);
	ok = ok && ktap_is(attach(session, &vmm, names, sizeof(names), &answer), 0) &&
	     goes(&vmm, session);
	usleep(200000);
	end_process(disk);
	end_process(other);
	ok = ok && live_reaches(session, 5 * TIMER_NS, PATIENCE_S);
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

static bool refused(uint32_t session, const struct vmm *vmm, const void *names, size_t length,
		    int error, const char *words)
{
	static struct nl_answer answer;

	return ktap_is(attach(session, vmm, names, length, &answer), error) && answer.sentence &&
	       strstr(answer.sentence, words);
}

static bool bad(void)
{
	uint32_t session = live_session(1, 0, QUANTUM_NS, 0);
	struct name name, many[LIVESTACK_HELPERS_MAX + 1] = { 0 };
	struct vmm vmm;
	pid_t disk = 0;
	bool ok = begin(&vmm, 1) && session;

	if (ok)
		disk = play_disk(&vmm);
	name = (struct name){ 0x7fffffff, 1 };
	ok = ok && refused(session, &vmm, &name, sizeof(name), ESRCH, "no process of a helper's");
	name = (struct name){ 1UL << 32 | disk, vmm_start_ticks(disk) };
	ok = ok && refused(session, &vmm, &name, sizeof(name), ESRCH, "no process of a helper's");
	name = name_of(vmm.shared->tid[0]);
	ok = ok && refused(session, &vmm, &name, sizeof(name), ESRCH, "not of threads");
	name = name_of(disk);
	name.start_ticks++;
	ok = ok && refused(session, &vmm, &name, sizeof(name), ESRCH, "started at another time");
	name = name_of(vmm.pid);
	ok = ok && refused(session, &vmm, &name, sizeof(name), ESRCH, "the VMM itself");
	name = name_of(getpid());
	ok = ok && refused(session, &vmm, &name, sizeof(name), ESRCH, "who asks for this");
	name = name_of(2); /* kthreadd */
	ok = ok && refused(session, &vmm, &name, sizeof(name), ESRCH, "thread of the kernel");
	many[0] = name_of(disk);
	many[1] = many[0];
	ok = ok && refused(session, &vmm, many, 2 * sizeof(name), ESRCH, "named twice");
	ok = ok && refused(session, &vmm, many, 12, EINVAL, "pairs of u64") &&
	     ktap_is(attach(session, &vmm, many, sizeof(many), &(struct nl_answer){ 0 }), ERANGE);
	ok &= live_over(session, 1);
	end_process(disk);
	vmm_end(&vmm);
	return ok;
}

int main(void)
{
	if (live_missing())
		return ktap_skip_all(live_missing());

	ktap_plan(5);
	vmm_ok(requests(true, 0), "what a helper does for the guest takes no simulated time");
	vmm_ok(requests(true, 4), "with 4 busy processes beside it too");
	vmm_ok(requests(false, 0), "who is not named is not waited for");
	vmm_ok(dies(), "helpers that are killed hold nobody up");
	vmm_ok(bad(), "what can be no helper is refused, each with its sentence");
	return ktap_end();
}
