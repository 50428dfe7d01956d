// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference models, model_client and model_server, run on sessions, and every time that they
 * measure is the one that queueing arithmetic gives, to the nanosecond.
 * Needs: livestack.ko loaded; root; both programs in the folder of this one.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "program.h"
#include "queueing.h"
#include "stage.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define HOUR 3600000000000ULL
#define CLIENTS_MAX 8
#define SERVICE_SEED 77
#define SERVICE_NS 30000

static const struct scene {
	const char *name;
	unsigned int clients;
	uint64_t quantum_ns, to_ns, back_ns, gap_ns;
	bool same_seed; /* clients send at the same times: each arrival is a tie */
	bool polling;
} scenes[] = {
	{ "one client, a busy server", 1, 20000, 50000, 20000, 40000 },
	{ "one client, a server that cannot keep up", 1, 50000, 50000, 50000, 20000 },
	{ "windows much shorter than the latency", 1, 1000, 50000, 50000, 300000 },
	{ "5 clients", 5, 20000, 50000, 20000, 170000 },
	{ "5 clients whose requests arrive at the same times", 5, 20000, 50000, 20000, 170000,
	  true },
	{ "2 clients and a server that wait by poll(2)", 2, 20000, 50000, 20000, 70000, false,
	  true },
};

/* One request, as calculated and as a client has measured it. */
struct sample {
	uint64_t sent_ns, arrived_ns, service_ns, answered_ns;
	unsigned int client;
	uint64_t number;
};

static uint64_t seed_of(const struct scene *scene, unsigned int client)
{
	return 1000 + (scene->same_seed ? 0 : client);
}

/* The order in which messages are handed over: arrival, source, the source's sequence. */
static int by_delivery(const void *left, const void *right)
{
	const struct sample *a = left, *b = right;

	if (a->arrived_ns != b->arrived_ns)
		return a->arrived_ns < b->arrived_ns ? -1 : 1;
	if (a->client != b->client)
		return a->client < b->client ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/*
 * The n-th request waits for W(n) = max(0, W(n-1) + S(n-1) - (A(n) - A(n-1))), where A is when it
 * arrives and S how long it is worked on (Lindley 1952).
 */
static void calculate(const struct scene *scene, struct sample *samples, uint64_t each)
{
	const uint64_t count = scene->clients * each;
	uint64_t waits_ns = 0, i;

	for (i = 0; i < count; i++) {
		struct sample *sample = &samples[i];

		sample->client = i / each;
		sample->number = i % each;
		sample->sent_ns = queueing_gap_ns(seed_of(scene, sample->client), sample->number,
						  scene->gap_ns);
		if (sample->number)
			sample->sent_ns += sample[-1].sent_ns;
		sample->arrived_ns = sample->sent_ns + scene->to_ns;
	}
	qsort(samples, count, sizeof(*samples), by_delivery);
	for (i = 0; i < count; i++) {
		struct sample *sample = &samples[i];

		if (i) {
			const uint64_t gap_ns = sample->arrived_ns - sample[-1].arrived_ns;
			const uint64_t before_ns = waits_ns + sample[-1].service_ns;

			waits_ns = before_ns > gap_ns ? before_ns - gap_ns : 0;
		}
		sample->service_ns = queueing_service_ns(SERVICE_SEED, i, SERVICE_NS);
		sample->answered_ns = sample->arrived_ns + waits_ns + sample->service_ns +
				      scene->back_ns;
	}
}

static bool ended_well(pid_t child)
{
	int status;

	return child && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       !WEXITSTATUS(status);
}

/* How many of the lines in @output are as calculated. */
static uint64_t compare(FILE *output, const struct sample *samples, uint64_t count,
			unsigned int client)
{
	unsigned long long number, sent, arrived, service, answered;
	uint64_t equal = 0, different = 0, next = 0;

	rewind(output);
	while (fscanf(output, "%llu %llu %llu %llu %llu", &number, &sent, &arrived, &service,
		      &answered) == 5) {
		const struct sample *sample;

		/* First come, first served: answers come in the order of delivery. */
		while (next < count && samples[next].client != client)
			next++;
		if (next == count)
			return 0;
		sample = &samples[next++];
		if (number == sample->number && sent == sample->sent_ns &&
		    arrived == sample->arrived_ns && service == sample->service_ns &&
		    answered == sample->answered_ns)
			equal++;
		else if (!different++)
			ktap_note("client %u, request %llu: answered at %llu, calculated %llu",
				  client, number, answered,
				  (unsigned long long)sample->answered_ns);
	}
	return equal;
}

/* Clients are 0 to n-1, each with the link of its number; the server is component n. */
static bool run(const struct scene *scene, const struct sample *samples, uint64_t each)
{
	const uint32_t session = stage_session(scene->clients + 1, scene->quantum_ns, HOUR);
	const char *poll = scene->polling ? " poll" : "";
	FILE *nothing = tmpfile(), *output[CLIENTS_MAX];
	pid_t server, client[CLIENTS_MAX];
	struct nl_answer answer;
	char arguments[256];
	uint64_t equal = 0;
	unsigned int i;
	bool ok = session && nothing;

	for (i = 0; i < scene->clients; i++)
		ok &= !control_link_ways(session, i, i, scene->clients, scene->to_ns,
					 scene->back_ns);
	if (!ok)
		return false;
	snprintf(arguments, sizeof(arguments), "%u %u %u %u%s", session, scene->clients,
		 SERVICE_SEED, SERVICE_NS, poll);
	server = program_start("model_server", arguments, fileno(nothing), -1);
	for (i = 0; i < scene->clients; i++) {
		output[i] = tmpfile();
		snprintf(arguments, sizeof(arguments), "%u %u %u %llu %llu %llu%s", session, i, i,
			 (unsigned long long)each, (unsigned long long)seed_of(scene, i),
			 (unsigned long long)scene->gap_ns, poll);
		client[i] = program_start("model_client", arguments, fileno(output[i]), -1);
	}
	ok &= stage_begin(session, scene->clients + 1);
	for (i = 0; i < scene->clients; i++) {
		ok &= ended_well(client[i]);
		equal += compare(output[i], samples, scene->clients * each, i);
		fclose(output[i]);
	}
	/* Nobody has an event now, so the session is at its end. */
	ok &= ended_well(server) && !control_get(session, &answer) &&
	      nl_u64(&answer, LIVESTACK_A_SESSION_LATE) == 0;
	fclose(nothing);
	if (equal != scene->clients * each)
		ktap_note("%llu of %llu are equal", (unsigned long long)equal,
			  (unsigned long long)(scene->clients * each));
	return ok && equal == scene->clients * each && !control_delete(session);
}

int main(void)
{
	const uint64_t each = ktap_count(300, 5000);
	unsigned int i;

	if (control_missing())
		return ktap_skip_all(control_missing());

	ktap_plan(ARRAY_SIZE(scenes));
	for (i = 0; i < ARRAY_SIZE(scenes); i++) {
		struct sample *samples = calloc(scenes[i].clients * each, sizeof(*samples));
		char name[128];

		if (!samples)
			return 1;
		calculate(&scenes[i], samples, each);
		snprintf(name, sizeof(name), "%s: latencies are those of queueing arithmetic",
			 scenes[i].name);
		ktap_ok(run(&scenes[i], samples, each), name);
		free(samples);
	}
	return ktap_end();
}
