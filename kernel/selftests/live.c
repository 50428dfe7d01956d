// SPDX-License-Identifier: GPL-2.0-only

#include "live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_US 2000

const char *live_missing(void)
{
	struct stat module;

	if (control_missing())
		return control_missing();
	if (stat("/sys/module/livestack_vcpu", &module))
		return "livestack_vcpu.ko is not loaded: insmod vcpu/livestack_vcpu.ko";
	return vmm_missing();
}

uint32_t live_session(unsigned int machines, unsigned int models, uint64_t quantum_ns,
		      uint64_t end_ns)
{
	uint32_t session = control_session(quantum_ns, end_ns);
	unsigned int i;

	for (i = 0; session && i < machines + models; i++)
		if (control_component(session, i, i < machines ? LIVESTACK_KIND_LIVE :
								 LIVESTACK_KIND_MODEL))
			return 0;
	return session;
}

int live_attach_with(uint32_t session, uint16_t id, uint32_t pid, uint64_t start_ticks,
		     int attribute, const void *data, size_t length, struct nl_answer *answer)
{
	static struct nl_answer unread;
	struct nl_message message;

	control_start(&message, LIVESTACK_CMD_COMPONENT_ATTACH);
	nl_add(&message, LIVESTACK_A_COMPONENT_SESSION, &session, sizeof(session));
	nl_add(&message, LIVESTACK_A_COMPONENT_ID, &id, sizeof(id));
	nl_add(&message, LIVESTACK_A_COMPONENT_PID, &pid, sizeof(pid));
	nl_add(&message, LIVESTACK_A_COMPONENT_START_TICKS, &start_ticks, sizeof(start_ticks));
	if (attribute)
		nl_add(&message, attribute, data, length);
	return control_ask(&message, answer ? answer : &unread);
}

int live_attach_pid(uint32_t session, uint16_t id, uint32_t pid, uint64_t start_ticks, int flag,
		    struct nl_answer *answer)
{
	return live_attach_with(session, id, pid, start_ticks, flag, NULL, 0, answer);
}

static void note_vcpu(uint32_t session, uint16_t id, uint16_t vcpu)
{
	struct live_vcpu view;

	if (live_get(session, id, vcpu, &view))
		printf("# component %u vCPU %u: state %u, clock %lu ns, next %lu ns, window %lu\n",
		       id, vcpu, view.state, view.clock_ns, view.next_ns, view.windows);
}

static void note_session(uint32_t session, const struct nl_answer *answer)
{
	const uint32_t id = nl_u32(answer, LIVESTACK_A_SESSION_WAITS_FOR);
	const uint64_t vcpus = live_component(session, id, LIVESTACK_A_COMPONENT_VCPUS);
	unsigned int i;

	printf("# the session is in state %u for reason %u and stands at %lu ns, window %lu\n",
	       nl_u32(answer, LIVESTACK_A_SESSION_STATE),
	       nl_u32(answer, LIVESTACK_A_SESSION_REASON),
	       nl_u64(answer, LIVESTACK_A_SESSION_CLOCK_NS),
	       nl_u64(answer, LIVESTACK_A_SESSION_WINDOWS));
	if (nl_u32(answer, LIVESTACK_A_SESSION_AWAITED))
		printf("# it waits for %u, one of them component %u\n",
		       nl_u32(answer, LIVESTACK_A_SESSION_AWAITED), id);
	for (i = 0; i < vcpus; i++)
		note_vcpu(session, id, i);
}

static void note_held(const struct vmm *vmm)
{
	struct nl_answer answer;

	if (!control_get(vmm->session, &answer))
		note_session(vmm->session, &answer);
}

int live_attach(uint32_t session, uint16_t id, struct vmm *vmm)
{
	static struct nl_answer answer;
	const int error = live_attach_pid(session, id, vmm->pid, vmm_start_ticks(vmm->pid), 0,
					  &answer);

	if (error)
		printf("# attach: %s: %s\n", strerror(error),
		       answer.sentence ? answer.sentence : "no sentence");
	vmm->session = session;
	vmm->note = note_held;
	return error;
}

int live_detach(uint32_t session, uint16_t id)
{
	struct nl_message message;
	struct nl_answer answer;

	control_start(&message, LIVESTACK_CMD_COMPONENT_DETACH);
	nl_add(&message, LIVESTACK_A_COMPONENT_SESSION, &session, sizeof(session));
	nl_add(&message, LIVESTACK_A_COMPONENT_ID, &id, sizeof(id));
	return control_ask(&message, &answer);
}

/* Of a histogram: the lower bound of the bucket that the middle one is in. */
static uint64_t median(const struct nl_attribute *histogram)
{
	const uint64_t *counts = histogram->data;
	const unsigned int size = histogram->length / sizeof(*counts);
	uint64_t all = 0, below = 0;
	unsigned int i;

	for (i = 0; i < size; i++)
		all += counts[i];
	for (i = 0; i < size && 2 * below < all; i++)
		below += counts[i];
	return i < 2 ? 0 : 1UL << (i - 2);
}

bool live_get(uint32_t session, uint16_t id, uint16_t vcpu, struct live_vcpu *view)
{
	struct nl_message message;
	struct nl_answer answer;

	memset(view, 0, sizeof(*view));
	control_start(&message, LIVESTACK_CMD_VCPU_GET);
	nl_add(&message, LIVESTACK_A_VCPU_SESSION, &session, sizeof(session));
	nl_add(&message, LIVESTACK_A_VCPU_COMPONENT, &id, sizeof(id));
	nl_add(&message, LIVESTACK_A_VCPU_ID, &vcpu, sizeof(vcpu));
	if (control_ask(&message, &answer))
		return false;
	*view = (struct live_vcpu){
		.tid = nl_u32(&answer, LIVESTACK_A_VCPU_TID),
		.state = nl_u32(&answer, LIVESTACK_A_VCPU_STATE),
		.clock_ns = nl_u64(&answer, LIVESTACK_A_VCPU_CLOCK_NS),
		.next_ns = nl_u64(&answer, LIVESTACK_A_VCPU_NEXT_NS),
		.windows = nl_u64(&answer, LIVESTACK_A_VCPU_WINDOWS),
		.parks = nl_u64(&answer, LIVESTACK_A_VCPU_PARKS),
		.overshoot_max_ns = nl_u64(&answer, LIVESTACK_A_VCPU_OVERSHOOT_MAX_NS),
		.overshoot_median_ns = median(&answer.attribute[LIVESTACK_A_VCPU_OVERSHOOT_NS]),
		.preempted_ns = nl_u64(&answer, LIVESTACK_A_VCPU_PREEMPTED_NS),
		.parked_ns = nl_u64(&answer, LIVESTACK_A_VCPU_PARKED_NS),
		.idle_ns = nl_u64(&answer, LIVESTACK_A_VCPU_IDLE_NS),
		.user_ns = nl_u64(&answer, LIVESTACK_A_VCPU_USER_NS),
		.entry_ns = nl_u64(&answer, LIVESTACK_A_VCPU_ENTRY_NS),
	};
	return true;
}

static uint64_t number(const struct nl_answer *answer, int attribute)
{
	return answer->attribute[attribute].length == sizeof(uint32_t) ?
		       nl_u32(answer, attribute) : nl_u64(answer, attribute);
}

uint64_t live_component(uint32_t session, uint16_t id, int attribute)
{
	struct nl_message message;
	struct nl_answer answer;

	control_start(&message, LIVESTACK_CMD_COMPONENT_GET);
	nl_add(&message, LIVESTACK_A_COMPONENT_SESSION, &session, sizeof(session));
	nl_add(&message, LIVESTACK_A_COMPONENT_ID, &id, sizeof(id));
	return control_ask(&message, &answer) ? 0 : number(&answer, attribute);
}

uint64_t live_told(uint32_t session, int attribute)
{
	struct nl_answer answer;

	return control_get(session, &answer) ? 0 : number(&answer, attribute);
}

bool live_stopped(uint32_t session, uint16_t id, unsigned int vcpus)
{
	struct live_vcpu view;
	unsigned int i, tries;

	for (i = 0, tries = 0; i < vcpus && tries < 10000000 / POLL_US; tries++) {
		if (!live_get(session, id, i, &view))
			return false;
		if (view.state != LIVESTACK_VCPU_STATE_RUNNING)
			i++;
		else
			usleep(POLL_US);
	}
	if (i < vcpus)
		printf("# vCPU %u of component %u does not stop\n", i, id);
	return i == vcpus;
}

bool live_reaches(uint32_t session, uint64_t ns, unsigned int patience_s)
{
	struct nl_answer answer;
	uint64_t clock, before = 0;
	unsigned int tries;

	for (tries = 0; tries <= patience_s * (1000000 / POLL_US); tries++) {
		if (control_get(session, &answer))
			return false;
		clock = nl_u64(&answer, LIVESTACK_A_SESSION_CLOCK_NS);
		if (clock >= ns ||
		    nl_u32(&answer, LIVESTACK_A_SESSION_STATE) == LIVESTACK_STATE_STOPPED)
			return true;
		if (nl_u32(&answer, LIVESTACK_A_SESSION_STATE) != LIVESTACK_STATE_RUNNING)
			break;
		if (clock != before)
			tries = 0;
		before = clock;
		usleep(POLL_US);
	}
	note_session(session, &answer);
	return false;
}

bool live_run_to(uint32_t session, uint64_t ns, unsigned int machines, unsigned int vcpus,
		 unsigned int patience_s)
{
	unsigned int m;

	if (control_state(session, LIVESTACK_STATE_RUNNING) ||
	    !live_reaches(session, ns, patience_s) ||
	    control_state(session, LIVESTACK_STATE_PAUSED))
		return false;
	for (m = 0; m < machines; m++)
		if (!live_stopped(session, m, vcpus))
			return false;
	return true;
}

uint64_t live_overshoot(uint32_t session, uint16_t id, unsigned int vcpus)
{
	struct live_vcpu view;
	uint64_t furthest = 0;
	unsigned int v;

	for (v = 0; v < vcpus; v++)
		if (live_get(session, id, v, &view) && view.overshoot_max_ns > furthest)
			furthest = view.overshoot_max_ns;
	return furthest;
}

bool live_over(uint32_t session, unsigned int machines)
{
	unsigned int i;
	int error;

	control_state(session, LIVESTACK_STATE_STOPPED);
	for (i = 0; i < machines; i++)
		live_detach(session, i);
	error = control_delete(session);
	if (error)
		printf("# the session is not deleted: %s\n", strerror(error));
	return !error;
}

static void *hold(void *data)
{
	struct live_holder *holder = data;
	struct model *model = &holder->model;

	while (!model_wait(model, model->clock_ns + holder->quantum_ns))
		usleep(holder->hold_us);
	return NULL;
}

bool live_hold(struct live_holder *holder, uint32_t session, uint16_t id, uint64_t quantum_ns,
	       uint32_t hold_us)
{
	*holder = (struct live_holder){ .quantum_ns = quantum_ns, .hold_us = hold_us };
	if (model_join(&holder->model, session, id, 0))
		return false;
	if (!pthread_create(&holder->thread, NULL, hold, holder))
		return true;
	model_leave(&holder->model);
	return false;
}

void live_hold_end(struct live_holder *holder, uint32_t session)
{
	control_state(session, LIVESTACK_STATE_STOPPED);
	pthread_join(holder->thread, NULL);
	model_leave(&holder->model);
}

void live_busy(struct live_busy *busy, unsigned int count)
{
	const pid_t parent = getpid();

	fflush(stdout);
	for (busy->count = 0; busy->count < count; busy->count++) {
		const pid_t child = fork();

		busy->pid[busy->count] = child;
		if (child)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent)
			;
		_exit(0);
	}
}

void live_busy_end(struct live_busy *busy)
{
	unsigned int i;

	for (i = 0; i < busy->count; i++)
		kill(busy->pid[i], SIGKILL);
	for (i = 0; i < busy->count; i++)
		waitpid(busy->pid[i], NULL, 0);
	busy->count = 0;
}

bool live_slow(void)
{
	return !access("/proc/lockdep_stats", F_OK);
}
