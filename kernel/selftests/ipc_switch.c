// SPDX-License-Identifier: GPL-2.0-only
/*
 * The example of a switch, livestack-switch, between three modelled hosts: who gets which frame,
 * and when, to the nanosecond; what it drops; and that nothing is lost uncounted.
 *
 * Needs: livestack.ko loaded; root; livestack-switch, which make builds from ../../examples/switch,
 * in the folder of this program.
 */
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chance.h"
#include "ktap.h"
#include "lan.h"
#include "lan_wanted.h"

#define MS 1000000ULL
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static struct lan lan;

struct wanted {
	unsigned int host;
	struct lan_arrival arrival;
};

/* Whether each host has noted these, in their order, and nothing else. */
static bool noted(const struct wanted *wanted, unsigned int count)
{
	unsigned int i, got[LAN_HOSTS] = { 0 };
	bool ok = true;

	for (i = 0; i < count; i++) {
		const unsigned int host = wanted[i].host;

		if (got[host] < lan.noted[host] &&
		    lan.notes[host][got[host]].number == wanted[i].arrival.number &&
		    lan.notes[host][got[host]].at_ns == wanted[i].arrival.at_ns) {
			got[host]++;
			continue;
		}
		ktap_note("frame %u has not come to host %u at %lu", wanted[i].arrival.number, host,
			  wanted[i].arrival.at_ns);
		ok = false;
	}
	for (i = 0; i < LAN_HOSTS; i++)
		for (; got[i] < lan.noted[i]; got[i]++, ok = false)
			ktap_note("frame %u has come to host %u at %lu",
				  lan.notes[i][got[i]].number, i, lan.notes[i][got[i]].at_ns);
	return ok;
}

/* 100 bytes at 1 Gbit are 800 ns: sent at 0 they come to another host at 56800. */
#define ACROSS (LAN_TO_NS + 800 + LAN_BACK_NS)

/* Host 1 is seen by the switch for the last time at 225000, and forgotten a millisecond later. */
static const struct lan_event learning[] = {
	{ 100000, 0, 100, 0, 1 },	  { 200000, 1, 100, 1, 0 },
	{ 300000, 2, 100, 0, 1 },	  { 400000, 3, 100, 2, LAN_EVERYBODY },
	{ 500000, 4, 100, 2, LAN_GROUP }, { 600000, 5, 100, 0, 0 },
	{ 1199999, 6, 100, 0, 1 },	  { 1200000, 7, 100, 0, 1 },
};

static const struct wanted learned[] = {
	/* To nobody that is known: to all others. */
	{ 1, { 100000 + ACROSS, 0 } }, { 2, { 100000 + ACROSS, 0 } },
	/* To who has spoken: to no one else. */
	{ 0, { 200000 + ACROSS, 1 } }, { 1, { 300000 + ACROSS, 2 } },
	{ 0, { 400000 + ACROSS, 3 } }, { 1, { 400000 + ACROSS, 3 } },
	{ 0, { 500000 + ACROSS, 4 } }, { 1, { 500000 + ACROSS, 4 } },
	/* A nanosecond later it is forgotten, and its line is taken for another 799. */
	{ 1, { 1199999 + ACROSS, 6 } },
	{ 1, { 1200000 + ACROSS + 799, 7 } }, { 2, { 1200000 + ACROSS, 7 } },
};

static bool learns(void)
{
	unsigned int i;
	bool ok = lan_begin(&lan, 10 * MS, "--rate 1Gbit --age 1ms");

	for (i = 0; i < ARRAY_SIZE(learning); i++)
		lan_plan(&lan, &learning[i]);
	ok = ok && lan_run(&lan) && lan_adds_up(&lan) && noted(learned, ARRAY_SIZE(learned)) &&
	     lan_count(&lan, 0, "same_port") == 1 && lan_count(&lan, 0, "flooded") == 2 &&
	     lan_count(&lan, 0, "forwarded") == 2 && lan_count(&lan, 2, "flooded") == 2 &&
	     lan_count(&lan, -1, "clock_ns") == 1200000 + LAN_TO_NS + 1599;
	return lan_end(&lan) && ok;
}

/*
 * Each tells the switch where it is, at a time of its own; then @count frames between any two, of
 * any length, each host's @gap_ns apart on average and now and then several at once.
 */
static void plan_traffic(unsigned int count, uint64_t gap_ns)
{
	uint64_t at_ns[LAN_HOSTS] = { 0 };
	struct lan_event event;
	unsigned int i;

	chance_seed = 12345;
	for (i = 0; i < LAN_HOSTS; i++) {
		event = (struct lan_event){ (i + 1) * 100000, i, 60, i, LAN_EVERYBODY };
		lan_plan(&lan, &event);
		at_ns[i] = MS;
	}
	for (; i < count; i++) {
		event = (struct lan_event){ .number = i, .length = 18 + chance(1497),
					    .host = chance(LAN_HOSTS) };
		event.to = (event.host + 1 + chance(LAN_HOSTS - 1)) % LAN_HOSTS;
		/* On a grid, so that frames of several hosts often come at one instant. */
		if (chance(4))
			at_ns[event.host] += chance(2 * gap_ns / 500) * 500;
		event.at_ns = at_ns[event.host];
		lan_plan(&lan, &event);
	}
}

/* The switch beside arithmetic: all times, and what is dropped, where the session's end cuts it. */
static bool calculated(const struct lan_config *config, unsigned int count, uint64_t gap_ns)
{
	static struct lan_wanted wanted;
	char options[128];
	bool ok;

	snprintf(options, sizeof(options), "--rate %lubit --buffer %luB", config->rate_bps,
		 config->buffer_bytes);
	ok = lan_begin(&lan, config->end_ns, options) && lan_wire(&lan, config);
	plan_traffic(count, gap_ns);
	lan_calculate(&wanted, &lan, config);
	ok = ok && lan_run(&lan) && lan_adds_up(&lan) && lan_is_wanted(&lan, &wanted);
	ktap_note("%u delivered, %u dropped, %u queued at the end, %lu of %lu bytes of the buffer",
		  wanted.delivered, wanted.dropped, wanted.queued,
		  lan_count(&lan, -1, "most_bytes"), config->buffer_bytes);
	return lan_end(&lan) && ok;
}

static bool exact(void)
{
	const struct lan_config config = {
		.rate_bps = 3000000000, .buffer_bytes = 1 << 20, .end_ns = 1000000 * MS,
	};

	return calculated(&config, ktap_count(300, 5000), 4000);
}

/* A frame that takes its time on its way to the switch is wholly there only then. */
static bool stores(void)
{
	const struct lan_config config = {
		.rate_bps = 700000000, .host_bps = 1300000000, .buffer_bytes = 1 << 20,
		.end_ns = 1000000 * MS,
	};

	return calculated(&config, ktap_count(300, 5000), 20000);
}

static bool drops(void)
{
	const unsigned int count = ktap_count(300, 5000);
	const struct lan_config config = {
		.rate_bps = 500000000, .buffer_bytes = 20000,
		/* In the midst of it: each host sends a third of them, most of them 7 us apart. */
		.end_ns = MS + count / 3 * 5000,
	};

	return calculated(&config, count, 7000) && lan_count(&lan, -1, "most_bytes") <= 20000;
}

static void ask_for_report(struct lan *self)
{
	const unsigned int before = lan_listen(self);
	unsigned int tries;

	kill(self->program, SIGUSR1);
	for (tries = 0; tries < 1000 && lan_listen(self) == before; tries++)
		usleep(10000);
}

static unsigned int lines_before;
static uint64_t received_before;

static void asks(struct lan *self)
{
	ask_for_report(self);
	lines_before = lan_listen(self);
	received_before = lan_count(self, 0, "received");
}

static void leaves(struct lan *self)
{
	close(self->fd[2]);
	self->fd[2] = -1;
}

static void ends(struct lan *self)
{
	kill(self->program, SIGTERM);
	waitpid(self->program, &self->status, 0);
	self->program = 0;
}

static bool told(void)
{
	static const struct lan_event plan[] = {
		{ 100000, 0, 100, 2, LAN_EVERYBODY },
		{ 200000, 1, 100, 0, 2 },
		{ .at_ns = 300000, .host = 0, .action = asks },
		{ .at_ns = 350000, .host = 2, .action = leaves },
		{ 400000, 2, 100, 0, 2 },
		{ 500000, 3, 100, 1, 0 },
		{ .at_ns = 600000, .host = 1, .action = ends },
	};
	static const struct wanted wanted[] = {
		{ 0, { 100000 + ACROSS, 0 } }, { 1, { 100000 + ACROSS, 0 } },
		{ 2, { 200000 + ACROSS, 1 } }, { 0, { 500000 + ACROSS, 3 } },
	};
	unsigned int i;
	bool ok = lan_begin(&lan, 10 * MS, "");

	lines_before = 0;
	received_before = 0;
	for (i = 0; i < ARRAY_SIZE(plan); i++)
		lan_plan(&lan, &plan[i]);
	/* The session goes on without it, to its end. */
	ok = ok && lan_run(&lan) && lines_before == 1 && received_before == 1 &&
	     lan_listen(&lan) == 2 && strstr(lan.said, "\"final\":false") &&
	     strstr(lan.said, "\"final\":true") && noted(wanted, ARRAY_SIZE(wanted)) &&
	     lan_count(&lan, 2, "no_peer") == 1 && lan_count(&lan, 2, "sent") == 1 &&
	     lan_count(&lan, 0, "received") == 2 && lan_count(&lan, 0, "sent") == 2;
	if (!ok)
		ktap_note("it says %s", lan.said);
	return lan_end(&lan) && ok;
}

/* Whether it fails with this status and words. */
static bool fails(const char *arguments, int wanted, const char *words)
{
	const pid_t child = lan_start(arguments, lan.output);
	int status = 0;
	bool ok = child && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
		  WEXITSTATUS(status) == wanted;

	lan_listen(&lan);
	if (!ok || !strstr(lan.said, words) || !strstr(lan.said, "hint: "))
		ktap_note("%s: status %#x: %s", arguments, status, lan.said);
	return ok && strstr(lan.said, words);
}

static bool bad(void)
{
	char arguments[64];
	bool ok = lan_begin(&lan, 10 * MS, "");

	snprintf(arguments, sizeof(arguments), "%u 0 1 2", lan.session);
	ok = ok && fails("4000000000 0 1 2", 1, "session 4000000000, component 0: No such") &&
	     fails(arguments, 1, "component 0: Device or resource busy");
	snprintf(arguments, sizeof(arguments), "%u 77 1 2", lan.session);
	ok = ok && fails(arguments, 1, "component 77: No such") &&
	     fails("1 0 3 3", 2, "link 3 is there twice");
	return lan_end(&lan) && ok;
}

static bool is_missing(void)
{
	char here[4096] = "", path[8192];

	if (readlink("/proc/self/exe", here, sizeof(here) - 1) < 0)
		return true;
	snprintf(path, sizeof(path), "%s/livestack-switch", dirname(here));
	return access(path, X_OK);
}

int main(void)
{
	if (control_missing())
		return ktap_skip_all(control_missing());
	if (is_missing())
		return ktap_skip_all("needs livestack-switch: make -C kernel selftests");

	ktap_plan(6);
	ktap_ok(learns(), "frames go where their station was seen, while that is known, or to all");
	ktap_ok(exact(), "each frame waits for its line, and takes its time on it");
	ktap_ok(stores(), "a frame goes on only once it was wholly received");
	ktap_ok(drops(), "a full buffer drops what it is to drop, and all is accounted for");
	ktap_ok(told(), "it reports and leaves when told to, and counts what nobody is there for");
	ktap_ok(bad(), "what it cannot join is told of in words");
	return ktap_end();
}
