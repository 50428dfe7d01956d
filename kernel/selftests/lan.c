// SPDX-License-Identifier: GPL-2.0-only

#include "lan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "port.h"
#include "program.h"
#include "stage.h"

#define PATIENCE_MS 20000

struct lan_frame {
	uint8_t to[6], from[6];
	uint8_t type[2]; /* for experiments, IEEE 802 */
	uint32_t number;
	uint8_t rest[LAN_FRAME_MAX];
} __attribute__((packed));

pid_t lan_start(const char *arguments, int output)
{
	return program_start("livestack-switch", arguments, output, output);
}

static bool join_all(struct lan *lan)
{
	unsigned int i;

	for (i = 0; i < LAN_HOSTS; i++) {
		if (control_link_ways(lan->session, LAN_LINK(i), i, LAN_SWITCH, LAN_TO_NS,
				      LAN_BACK_NS))
			return false;
		lan->fd[i] = device_join(lan->session, i, O_NONBLOCK);
		if (lan->fd[i] < 0)
			return false;
	}
	return true;
}

bool lan_begin(struct lan *lan, uint64_t end_ns, const char *options)
{
	char arguments[256];
	unsigned int i;

	memset(lan, 0, sizeof(*lan));
	for (i = 0; i < LAN_HOSTS; i++)
		lan->fd[i] = -1;
	lan->output = memfd_create("livestack-switch", MFD_CLOEXEC);
	lan->session = stage_session(LAN_HOSTS + 1, LAN_QUANTUM, end_ns);
	if (lan->output < 0 || !lan->session || !join_all(lan))
		return false;
	snprintf(arguments, sizeof(arguments), "%s %u %u %u %u %u", options, lan->session,
		 LAN_SWITCH, LAN_LINK(0), LAN_LINK(1), LAN_LINK(2));
	lan->program = lan_start(arguments, lan->output);
	return lan->program;
}

void lan_plan(struct lan *lan, const struct lan_event *event)
{
	if (lan->planned < LAN_PLANNED)
		lan->plan[lan->planned++] = *event;
}

/* The next event of a host, or NULL. */
static const struct lan_event *next_of(struct lan *lan, unsigned int host)
{
	unsigned int *next = &lan->next[host];

	while (*next < lan->planned && lan->plan[*next].host != host)
		++*next;
	return *next < lan->planned ? &lan->plan[*next] : NULL;
}

static int take_frames(struct lan *lan, unsigned int host)
{
	struct livestack_recv recv;
	struct lan_frame frame;
	int error;

	while (!(error = device_recv(lan->fd[host], &frame, sizeof(frame), &recv))) {
		if (lan->noted[host] == LAN_NOTED)
			return -ENOSPC;
		lan->notes[host][lan->noted[host]++] = (struct lan_arrival){
			.at_ns = recv.arrival_ns,
			.number = frame.number,
			.length = recv.length,
		};
	}
	return error == EAGAIN ? 0 : -error;
}

static int send_frame(const struct lan *lan, const struct lan_event *event)
{
	struct lan_frame frame = {
		.to = { 2, 0, 0, 0, 0, event->to },
		.from = { 2, 0, 0, 0, 0, event->host },
		.type = { 0x88, 0xb5 },
		.number = event->number,
	};

	if (event->to == LAN_GROUP)
		memcpy(frame.to, "\x01\x00\x5e\x00\x00\x01", sizeof(frame.to));
	if (event->to == LAN_EVERYBODY)
		memset(frame.to, 0xff, sizeof(frame.to));
	return -device_send(lan->fd[event->host], LAN_LINK(event->host), 0, &frame, event->length,
			    NULL);
}

/* All that is planned for the host's time. */
static int act(struct lan *lan, unsigned int host)
{
	const struct lan_event *event;
	int error = 0;

	while (!error && (event = next_of(lan, host)) && event->at_ns <= lan->clock[host]) {
		lan->next[host]++;
		if (!event->action)
			error = send_frame(lan, event);
		else
			event->action(lan);
		if (lan->fd[host] < 0)
			return -EAGAIN;
	}
	return error;
}

/* From event to event until one is yet to come: -EAGAIN, or minus another error number. */
static int host_goes(struct lan *lan, unsigned int host)
{
	const struct lan_event *event;
	int error;

	do {
		event = next_of(lan, host);
		error = -device_wait(lan->fd[host], &lan->clock[host],
				     event ? event->at_ns : LIVESTACK_TIME_NONE, NULL);
		if (!error)
			error = take_frames(lan, host);
		if (!error)
			error = act(lan, host);
	} while (!error);
	return error;
}

/* Whether all come to the session's end. */
static bool hosts_go(struct lan *lan)
{
	struct pollfd files[LAN_HOSTS];
	unsigned int i, ended;
	int error;

	for (;;) {
		for (i = 0, ended = 0; i < LAN_HOSTS; i++) {
			error = lan->fd[i] < 0 ? -ESHUTDOWN : host_goes(lan, i);
			if (error != -EAGAIN && error != -ESHUTDOWN) {
				printf("# host %u: %s\n", i, strerror(-error));
				return false;
			}
			ended += error == -ESHUTDOWN;
			files[i] = (struct pollfd){ .fd = lan->fd[i], .events = POLLIN };
		}
		if (ended == LAN_HOSTS)
			return true;
		if (poll(files, LAN_HOSTS, PATIENCE_MS) <= 0) {
			printf("# nothing happens at %lu ns\n", lan->clock[0]);
			return false;
		}
	}
}

unsigned int lan_listen(struct lan *lan)
{
	const ssize_t length = pread(lan->output, lan->said, sizeof(lan->said) - 1, 0);
	unsigned int lines = 0;
	const char *at;

	lan->said[length < 0 ? 0 : length] = '\0';
	for (at = lan->said; (at = strchr(at, '\n')); at++)
		lines++;
	return lines;
}

bool lan_run(struct lan *lan)
{
	bool ok = stage_begin(lan->session, LAN_HOSTS + 1) && hosts_go(lan);

	/* What has not come to its end by itself would be waited for in vain. */
	if (!ok && lan->program)
		kill(lan->program, SIGKILL);
	if (lan->program)
		waitpid(lan->program, &lan->status, 0);
	lan->program = 0;
	lan_listen(lan);
	if (ok && WIFEXITED(lan->status) && !WEXITSTATUS(lan->status))
		return true;
	printf("# the switch: status %#x: %s\n", lan->status, lan->said);
	return false;
}

bool lan_end(struct lan *lan)
{
	unsigned int i;

	if (lan->program) {
		kill(lan->program, SIGKILL);
		waitpid(lan->program, NULL, 0);
	}
	for (i = 0; i < LAN_HOSTS; i++)
		if (lan->fd[i] >= 0)
			close(lan->fd[i]);
	close(lan->output);
	return !control_delete(lan->session);
}

/* Where the last report begins. */
static const char *report_of(const struct lan *lan)
{
	const char *at = lan->said, *next;

	while ((next = strchr(at, '\n')) && next[1])
		at = next + 1;
	return at;
}

uint64_t lan_count(const struct lan *lan, int port, const char *name)
{
	const char *at = report_of(lan);
	unsigned long value = ~0UL;
	char text[64];

	if (port >= 0) {
		snprintf(text, sizeof(text), "{\"port\":%d,", port);
		at = strstr(at, text);
	}
	snprintf(text, sizeof(text), "\"%s\":", name);
	at = at ? strstr(at, text) : NULL;
	if (!at || sscanf(at + strlen(text), "%lu", &value) != 1)
		printf("# the switch does not say \"%s\" of port %d\n", name, port);
	return value;
}

static bool same(uint64_t a, uint64_t b, unsigned int port, const char *what)
{
	if (a != b)
		printf("# port %u: %s: %lu and %lu\n", port, what, a, b);
	return a == b;
}

static bool port_adds_up(const struct lan *lan, unsigned int port)
{
	static struct nl_answer link;
	const uint64_t in = lan_count(lan, port, "forwarded") + lan_count(lan, port, "flooded") +
			    lan_count(lan, port, "runt") + lan_count(lan, port, "bad_source") +
			    lan_count(lan, port, "reserved") + lan_count(lan, port, "same_port") +
			    lan_count(lan, port, "buffer_full");
	const uint64_t out = lan_count(lan, port, "sent") + lan_count(lan, port, "link_full") +
			     lan_count(lan, port, "no_peer") + lan_count(lan, port, "no_link") +
			     lan_count(lan, port, "queued");

	return !control_get_link(lan->session, LAN_LINK(port), &link) &&
	       port_balanced(lan->session, LAN_LINK(port)) &&
	       same(lan_count(lan, port, "received"), in, port, "received") &
	       same(lan_count(lan, port, "given"), out, port, "given") &
	       same(lan_count(lan, port, "received"),
		    control_way(&link, LIVESTACK_A_LINK_TO_B, LIVESTACK_A_DIRECTION_RECEIVED), port,
		    "what the switch received and its link handed over") &
	       same(lan_count(lan, port, "sent"),
		    control_way(&link, LIVESTACK_A_LINK_TO_A, LIVESTACK_A_DIRECTION_SENT), port,
		    "what the switch sent and its link took") &
	       same(lan->noted[port],
		    control_way(&link, LIVESTACK_A_LINK_TO_A, LIVESTACK_A_DIRECTION_RECEIVED), port,
		    "what came to the host and its link handed over");
}

bool lan_adds_up(const struct lan *lan)
{
	uint64_t given = 0, wanted = 0;
	unsigned int i;
	bool ok = true;

	for (i = 0; i < LAN_HOSTS; i++) {
		ok &= port_adds_up(lan, i);
		given += lan_count(lan, i, "given");
		wanted += lan_count(lan, i, "forwarded") +
			  (LAN_HOSTS - 1) * lan_count(lan, i, "flooded");
	}
	return ok & same(given, wanted, 0, "all that was given to ports, and what is to be");
}
