// SPDX-License-Identifier: GPL-2.0-only
/*
 * model_client SESSION COMPONENT LINK COUNT SEED MEAN_NS [poll]: a reference model of a client, for
 * those who write a component. It sends COUNT requests over LINK, at times that do not depend on
 * the answers, and leaves when it has all of those. It prints a line for each, in the order of
 * answers:
 *
 *	NUMBER SENT ARRIVED SERVICE ANSWERED
 *
 * when it sent the request, when that came to the server, how long the server worked on it, and
 * when the answer came, all but NUMBER in ns of simulated time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "queueing.h"

struct client {
	struct model model;
	uint16_t link;
	uint64_t count, seed, mean_ns;

	uint64_t *sent_ns; /* of request i */
	uint64_t sent, answered;
	uint64_t next_ns; /* of the next request, or LIVESTACK_TIME_NONE after the last */
};

/* Decides when the next request goes out; @base_ns is when the last one did. */
static void plan_next(struct client *client, uint64_t base_ns)
{
	client->next_ns = LIVESTACK_TIME_NONE;
	if (client->sent < client->count)
		client->next_ns = base_ns + queueing_gap_ns(client->seed, client->sent,
							    client->mean_ns);
}

static int send_requests(struct client *client)
{
	int error = 0;

	/* Several may be due at the same time. */
	while (!error && client->next_ns <= client->model.clock_ns) {
		const struct request request = { .number = client->sent };

		error = model_send(&client->model, client->link, &request, sizeof(request));
		client->sent_ns[client->sent++] = client->model.clock_ns;
		plan_next(client, client->next_ns);
	}
	return error;
}

static int take_answers(struct client *client)
{
	struct model_message message;
	struct answer answer;
	int error;

	while (!(error = model_receive(&client->model, &message))) {
		memcpy(&answer, message.data, sizeof(answer));
		if (message.length != sizeof(answer) || answer.number >= client->sent)
			return -EPROTO;
		printf("%llu %llu %llu %llu %llu\n", (unsigned long long)answer.number,
		       (unsigned long long)client->sent_ns[answer.number],
		       (unsigned long long)answer.arrived_ns,
		       (unsigned long long)answer.service_ns,
		       (unsigned long long)message.arrival_ns);
		client->answered++;
	}
	return error == -EAGAIN ? 0 : error;
}

static int run(struct client *client)
{
	int error = 0;

	plan_next(client, 0);
	while (!error && client->answered < client->count) {
		error = model_wait(&client->model, client->next_ns);
		if (!error)
			error = take_answers(client);
		if (!error)
			error = send_requests(client);
	}
	return error;
}

int main(int argc, char *argv[])
{
	struct client client = { 0 };
	int error;

	if (argc < 7) {
		fprintf(stderr, "usage: %s SESSION COMPONENT LINK COUNT SEED MEAN_NS [poll]\n",
			argv[0]);
		return 2;
	}
	client.link = strtoul(argv[3], NULL, 0);
	client.count = strtoull(argv[4], NULL, 0);
	client.seed = strtoull(argv[5], NULL, 0);
	client.mean_ns = strtoull(argv[6], NULL, 0);
	client.sent_ns = calloc(client.count, sizeof(*client.sent_ns));
	if (!client.sent_ns)
		return 1;
	error = model_join(&client.model, strtoul(argv[1], NULL, 0), strtoul(argv[2], NULL, 0),
			   argc > 7 ? O_NONBLOCK : 0);
	if (!error) {
		error = run(&client);
		model_leave(&client.model);
	}
	free(client.sent_ns);
	if (!error)
		return 0;
	fprintf(stderr, "%s: at %llu ns: %s\n", argv[0],
		(unsigned long long)client.model.clock_ns, strerror(-error));
	return 1;
}
