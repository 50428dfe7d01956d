// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_queue DEPTH MESSAGES: messages from one modelled component to another while about DEPTH of
 * them are on their way, over links of different latencies, so that they do not arrive in the order
 * they are sent. Prints the time that each takes, from SEND to RECV with the waits between, in ns.
 * Needs: livestack.ko; root.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "chance.h"
#include "control.h"
#include "device.h"
#include "host_clock.h"
#include "port.h"
#include "stage.h"

#define QUANTUM 1000
#define GAP 200 /* between two messages */
#define DEPTH_MIN (2 * QUANTUM / GAP) /* no latency is shorter than a window */
#define DEPTH_MAX 1000000
#define LINKS 16

struct queue {
	uint32_t session;
	int fd[2];
	uint64_t clock[2], next;
	uint64_t sent, received;
};

/* From half of what makes it so deep in the mean to half as much again. */
static uint64_t latency_ns(uint64_t depth, unsigned int link)
{
	return depth * GAP / 2 + depth * GAP * link / (LINKS - 1);
}

static bool begin(struct queue *queue, uint64_t depth)
{
	unsigned int i;

	*queue = (struct queue){ .session = stage_session(2, QUANTUM, 0), .fd = { -1, -1 } };
	if (!queue->session)
		return false;
	for (i = 0; i < LINKS; i++)
		if (control_link(queue->session, i, 0, 1, latency_ns(depth, i)) ||
		    port_queue(queue->session, i, LIVESTACK_QUEUE_MAX_BYTES))
			return false;
	for (i = 0; i < 2; i++) {
		queue->fd[i] = device_join(queue->session, i, O_NONBLOCK);
		if (queue->fd[i] < 0)
			return false;
	}
	return !control_state(queue->session, LIVESTACK_STATE_RUNNING);
}

static bool end(struct queue *queue)
{
	close(queue->fd[0]);
	close(queue->fd[1]);
	return !control_delete(queue->session);
}

/* As far as it may run. */
static bool send_some(struct queue *queue, uint64_t until)
{
	int error = 0;

	while (queue->sent < until) {
		error = device_wait(queue->fd[0], &queue->clock[0], queue->next, NULL);
		if (!error)
			error = device_send(queue->fd[0], chance(LINKS), 0, &queue->sent,
					    sizeof(queue->sent), NULL);
		if (error)
			break;
		queue->sent++;
		queue->next += GAP;
	}
	return !error || error == EAGAIN;
}

static bool receive_some(struct queue *queue)
{
	struct livestack_recv recv;
	uint64_t number;
	int error;

	while (!(error = device_wait(queue->fd[1], &queue->clock[1], LIVESTACK_TIME_NONE, NULL))) {
		while (!(error = device_recv(queue->fd[1], &number, sizeof(number), &recv)))
			queue->received++;
		if (error != EAGAIN)
			return false;
	}
	return error == EAGAIN;
}

static bool run(struct queue *queue, uint64_t until)
{
	while (queue->sent < until)
		if (!send_some(queue, until) || !receive_some(queue))
			return false;
	return true;
}

static double measure(uint64_t depth, uint64_t count)
{
	/* The longest latency, and some. */
	const uint64_t warm = 2 * depth + 1000;
	struct queue queue;
	double begun, ended;
	uint64_t queued;
	bool ok = begin(&queue, depth) && run(&queue, warm);

	begun = time_of(CLOCK_MONOTONIC);
	ok = ok && run(&queue, warm + count);
	ended = time_of(CLOCK_MONOTONIC);
	queued = queue.sent - queue.received;
	if (ok && (queued < depth / 2 || queued > 2 * depth)) {
		fprintf(stderr, "%lu messages are on their way, not some %lu\n", queued, depth);
		ok = false;
	}
	return end(&queue) && ok ? (ended - begun) / count : 0;
}

int main(int argc, char *argv[])
{
	const uint64_t depth = argc > 2 ? strtoull(argv[1], NULL, 0) : 0,
		       count = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
	double cost;

	if (depth < DEPTH_MIN || depth > DEPTH_MAX || !count) {
		fprintf(stderr, "usage: %s DEPTH MESSAGES, DEPTH from %u to %u\n", argv[0],
			DEPTH_MIN, DEPTH_MAX);
		return 2;
	}
	cost = control_open() ? measure(depth, count) : 0;
	if (!cost) {
		fprintf(stderr, "%s: no messages: is livestack.ko loaded, is this root?\n",
			argv[0]);
		return 1;
	}
	printf("%.1f\n", cost);
	return 0;
}
