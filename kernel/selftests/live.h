/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machines of vmm.h as live components: attached, detached and looked at by netlink; and what
 * is beside them in a test: a component that holds windows open, processes that want the CPUs.
 */
#ifndef _LS_LIVE_H
#define _LS_LIVE_H

#include <pthread.h>

#include "control.h"
#include "model.h"
#include "vmm.h"

/* What a program lacks to attach machines, as the reason to skip it, or NULL. */
const char *live_missing(void);

/*
 * Whether the kernel checks itself: it is so slow then that what a guest's work takes, in an
 * emulator on top, says nothing. What is skipped, lost or counted still does.
 */
bool live_slow(void);

/*
 * Not of programs that compare the guest's time with its gate's, unless they are ktap_chosen(): an
 * emulator that is short of processors tells on it.
 */
#define LIVE_NOT_CHOSEN "compares times in an emulator: runs in full form, or with --filter vcpu_..."

/*
 * A session in which components 0 to @machines - 1 are live and @models more are modelled. Its
 * number, 0 for failure. end_ns 0: without an end.
 */
uint32_t live_session(unsigned int machines, unsigned int models, uint64_t quantum_ns,
		      uint64_t end_ns);

/*
 * The error number, or 0; *@answer, which may be NULL, has the sentence. @flag is
 * LIVESTACK_A_COMPONENT_NESTED or _EXACT, or 0.
 */
int live_attach_pid(uint32_t session, uint16_t id, uint32_t pid, uint64_t start_ticks, int flag,
		    struct nl_answer *answer);
/* The same with any one attribute more and what it holds, or 0. */
int live_attach_with(uint32_t session, uint16_t id, uint32_t pid, uint64_t start_ticks,
		     int attribute, const void *data, size_t length, struct nl_answer *answer);
int live_attach(uint32_t session, uint16_t id, struct vmm *vmm);
int live_detach(uint32_t session, uint16_t id);

/* What vcpu-get tells of one. */
struct live_vcpu {
	uint32_t tid, state; /* 0: not there */
	uint64_t clock_ns, next_ns, windows, parks, overshoot_max_ns;
	uint64_t overshoot_median_ns; /* the least it can be */
	uint64_t preempted_ns, parked_ns, idle_ns, user_ns, entry_ns;
};

/* False: there is none. */
bool live_get(uint32_t session, uint16_t id, uint16_t vcpu, struct live_vcpu *view);

/* A number that component-get tells, 0: it does not. */
uint64_t live_component(uint32_t session, uint16_t id, int attribute);

/* Waits until none of the machine's vCPUs runs, for 10 s at most. */
bool live_stopped(uint32_t session, uint16_t id, unsigned int vcpus);

/*
 * Waits until the session's clock has reached @ns, or it has stopped for good. False when it did
 * neither and stood for @patience_s seconds of wall time, or is paused; it is noted where.
 */
bool live_reaches(uint32_t session, uint64_t ns, unsigned int patience_s);

/* Lets the session run to @ns, and all vCPUs of its @machines stand then: they are attached. */
bool live_run_to(uint32_t session, uint64_t ns, unsigned int machines, unsigned int vcpus,
		 unsigned int patience_s);

/* Of any vCPU of the machine: the others may see it as far ahead. */
uint64_t live_overshoot(uint32_t session, uint16_t id, unsigned int vcpus);

/* A number that session-get tells, 0: it does not. */
uint64_t live_told(uint32_t session, int attribute);

/* Lets the guest go on, all detached, and deletes the session. */
bool live_over(uint32_t session, unsigned int machines);

/* A modelled component that holds every window open for so long, asleep. */
struct live_holder {
	struct model model;
	uint64_t quantum_ns;
	uint32_t hold_us;
	pthread_t thread;
};

bool live_hold(struct live_holder *holder, uint32_t session, uint16_t id, uint64_t quantum_ns,
	       uint32_t hold_us);

/* Leaves the session; when it stops, or at the end of a window that it waits for. */
void live_hold_end(struct live_holder *holder, uint32_t session);

/* Processes that want the CPUs all the time. */
#define LIVE_BUSY_MAX 8
struct live_busy {
	unsigned int count;
	pid_t pid[LIVE_BUSY_MAX];
};

void live_busy(struct live_busy *busy, unsigned int count);
void live_busy_end(struct live_busy *busy);

#endif /* _LS_LIVE_H */
