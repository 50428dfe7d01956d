// SPDX-License-Identifier: GPL-2.0-only
/*
 * model_server SESSION COMPONENT SEED MEAN_NS [poll]: a reference model of a server, for those who
 * write a component. It works on one request at a time, in the order in which they came, and
 * answers each when it is through with it. It serves any number of clients, until the session ends.
 *
 * Time in here is simulated time alone: what this program takes to do its work costs nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "queueing.h"

struct waiting {
	struct request request;
	uint64_t arrived_ns;
	uint16_t link;
};

struct server {
	struct model model;
	uint64_t seed, mean_ns;

	struct waiting *queue; /* a ring: first come, first served */
	size_t room, first, count;

	bool busy; /* on the request at the ring's beginning */
	uint64_t service_ns, done_ns;
	uint64_t served; /* so many requests were taken up */
};

static void append(struct server *server, const struct waiting *waiting)
{
	if (server->count == server->room) {
		const size_t room = server->room ? 2 * server->room : 64;
		struct waiting *queue = calloc(room, sizeof(*queue));
		size_t i;

		if (!queue)
			abort();
		for (i = 0; i < server->count; i++)
			queue[i] = server->queue[(server->first + i) % server->room];
		free(server->queue);
		server->queue = queue;
		server->room = room;
		server->first = 0;
	}
	server->queue[(server->first + server->count++) % server->room] = *waiting;
}

/* All that has arrived by now; several may have arrived at the same time. */
static int take_requests(struct server *server)
{
	struct model_message message;
	int error;

	while (!(error = model_receive(&server->model, &message))) {
		struct waiting waiting = {
			.arrived_ns = message.arrival_ns,
			.link = message.link,
		};

		if (message.length != sizeof(waiting.request))
			return -EPROTO;
		memcpy(&waiting.request, message.data, sizeof(waiting.request));
		append(server, &waiting);
	}
	return error == -EAGAIN ? 0 : error;
}

static int answer_first(struct server *server)
{
	const struct waiting *first = &server->queue[server->first];
	const struct answer answer = {
		.number = first->request.number,
		.arrived_ns = first->arrived_ns,
		.service_ns = server->service_ns,
	};
	const uint16_t link = first->link;

	server->first = (server->first + 1) % server->room;
	server->count--;
	server->busy = false;
	return model_send(&server->model, link, &answer, sizeof(answer));
}

static void begin_first(struct server *server)
{
	server->service_ns = queueing_service_ns(server->seed, server->served++, server->mean_ns);
	server->done_ns = server->model.clock_ns + server->service_ns;
	server->busy = true;
}

/* From one event to the next: the end of a service, or the arrival of requests. */
static int serve(struct server *server)
{
	int error;

	for (;;) {
		error = model_wait(&server->model,
				   server->busy ? server->done_ns : LIVESTACK_TIME_NONE);
		if (error)
			return error;
		if (server->busy && server->model.clock_ns >= server->done_ns) {
			error = answer_first(server);
			if (error)
				return error;
		}
		error = take_requests(server);
		if (error)
			return error;
		if (!server->busy && server->count)
			begin_first(server);
	}
}

int main(int argc, char *argv[])
{
	struct server server = { 0 };
	int error;

	if (argc < 5) {
		fprintf(stderr, "usage: %s SESSION COMPONENT SEED MEAN_NS [poll]\n", argv[0]);
		return 2;
	}
	server.seed = strtoull(argv[3], NULL, 0);
	server.mean_ns = strtoull(argv[4], NULL, 0);
	error = model_join(&server.model, strtoul(argv[1], NULL, 0), strtoul(argv[2], NULL, 0),
			   argc > 5 ? O_NONBLOCK : 0);
	if (!error) {
		error = serve(&server);
		model_leave(&server.model);
	}
	/* The session's end is what it waited for. */
	if (error == -ESHUTDOWN)
		return 0;
	fprintf(stderr, "%s: at %llu ns: %s\n", argv[0],
		(unsigned long long)server.model.clock_ns, strerror(-error));
	return 1;
}
