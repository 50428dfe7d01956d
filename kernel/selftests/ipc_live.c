// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtual machine and a modelled device, joined by the eventfds that KVM itself signals and waits
 * for: a kick reaches the device at the vCPU's clock at the kick and the latency, and its answer
 * the guest in the same way.
 *
 * Needs: livestack.ko, livestack_vcpu.ko and livestack_ipc.ko loaded; /dev/kvm; root.
 */
#include <pthread.h>
#include <string.h>

#include "ktap.h"
#include "live.h"
#include "port.h"

#define PATIENCE_S 60
#define QUANTUM_NS 1000000UL
#define LATENCY_NS 5000000UL
#define LINK 3
/* What the guest itself takes: for its exits, and for waking up. An emulated one is slow. */
#define PROCESSING_NS (2 * QUANTUM_NS)

struct disk {
	struct model model;
	pthread_t thread;
	uint64_t answered, wrong;
};

/* Answers at once, which takes no simulated time. */
static void *be_disk(void *data)
{
	struct disk *disk = data;
	struct model_message message;
	uint64_t count;

	while (!model_wait(&disk->model, LIVESTACK_TIME_NONE)) {
		while (!model_receive(&disk->model, &message)) {
			memcpy(&count, message.data, sizeof(count));
			if (message.arrival_ns != message.send_ns + LATENCY_NS ||
			    message.arrival_ns != disk->model.clock_ns ||
			    message.length != sizeof(count) || count != 1)
				disk->wrong++;
			if (!model_send(&disk->model, LINK, NULL, 0))
				disk->answered++;
		}
	}
	return NULL;
}

static bool begin(struct vmm *vmm, struct disk *disk, uint32_t session, uint64_t count)
{
	struct port_request port = { .kind = LIVESTACK_PORT_KIND_EVENTFD };

	vmm_new(vmm, &(struct vmm_setup){ .vcpus = 1, .events = true });
	vmm->area->vcpu[0].program = GUEST_DISK;
	vmm->area->vcpu[0].count = count;
	vmm->area->vcpu[0].work = 1000;
	vmm->area->go = 0;
	if (!vmm_start(vmm) || !session || live_attach(session, 0, vmm) ||
	    !live_stopped(session, 0, 1) || control_link(session, LINK, 0, 1, LATENCY_NS))
		return false;
	port.pid = vmm->pid;
	port.fd = vmm->shared->kick;
	port.out_fd = vmm->shared->done;
	if (!ktap_is(port_new(session, LINK, LIVESTACK_END_A, &port, NULL), 0) ||
	    model_join(&disk->model, session, 1, 0) ||
	    pthread_create(&disk->thread, NULL, be_disk, disk))
		return false;
	vmm->area->go = 1;
	/* What it runs too far on a busy host makes it late itself, and nothing else. */
	return !control_set(session, LIVESTACK_A_SESSION_ON_OVERSHOOT,
			    LIVESTACK_ON_OVERSHOOT_COUNT) &&
	       !control_state(session, LIVESTACK_STATE_RUNNING);
}

static bool requests(unsigned int processes)
{
	const uint64_t count = ktap_count(100, 1000);
	uint32_t session = live_session(1, 1, QUANTUM_NS, 0);
	struct disk disk = { 0 };
	struct live_busy busy;
	struct vmm vmm;
	uint64_t shortest, median;
	bool ok;

	live_busy(&busy, processes);
	ok = begin(&vmm, &disk, session, count) && vmm_wait(&vmm, 0, PATIENCE_S);
	live_busy_end(&busy);
	shortest = vmm_sample_ns(&vmm, 0, 0);
	median = vmm_sample_ns(&vmm, 0, 50);
	ktap_note("%lu answers, %lu of them to what was not as sent", disk.answered, disk.wrong);
	ktap_note("by the guest's clock %lu us at least, %lu in the median, %lu at most",
		  shortest / 1000, median / 1000,
		  vmm_sample_ns(&vmm, 0, 100) / 1000);
	ok = ok && disk.answered >= count && !disk.wrong && shortest >= 2 * LATENCY_NS &&
	     (live_slow() || median < 2 * LATENCY_NS + PROCESSING_NS) &&
	     port_balanced(session, LINK);
	control_state(session, LIVESTACK_STATE_STOPPED);
	if (disk.thread)
		pthread_join(disk.thread, NULL);
	model_leave(&disk.model);
	ok &= live_over(session, 1);
	vmm_end(&vmm);
	return ok;
}

int main(void)
{
	if (live_missing())
		return ktap_skip_all(live_missing());
	if (port_missing())
		return ktap_skip_all(port_missing());

	ktap_plan(2);
	vmm_ok(requests(0), "a kick arrives after its latency, and so does the answer");
	vmm_ok(requests(4), "with 4 busy processes beside it too");
	return ktap_end();
}
