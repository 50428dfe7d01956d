// SPDX-License-Identifier: Apache-2.0

#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "complain.h"
#include "component.h"
#include "report.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

struct run {
	const struct arguments *arguments;
	struct component component;
	struct ethernet_switch *fabric;
	uint64_t stray;
	bool mute; /* it cannot say what it has counted */
	uint8_t message[LIVESTACK_MESSAGE_MAX];
};

/* What signals have asked for; an event so that one that comes just before poll(2) is seen. */
static atomic_bool wants_report, wants_end;
static int told = -1;

static void hear(int number)
{
	const uint64_t one = 1;
	const int before = errno;

	if (number == SIGUSR1)
		wants_report = true;
	else
		wants_end = true;
	/* That it has been told already is as good. */
	if (write(told, &one, sizeof(one)) < 0)
		errno = before;
}

static bool listen_to_signals(void)
{
	static const int numbers[] = { SIGUSR1, SIGTERM, SIGINT, SIGHUP };
	const struct sigaction action = { .sa_handler = hear, .sa_flags = SA_RESTART };
	unsigned int i;

	told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (told < 0)
		return complain(NULL, "eventfd: %s", strerror(errno));
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		sigaction(numbers[i], &action, NULL);
	/* Standard output that is closed is told of as any other failure. */
	signal(SIGPIPE, SIG_IGN);
	return true;
}

static bool report(const struct run *run, bool final)
{
	const struct report_place place = {
		.links = run->arguments->links,
		.clock_ns = run->component.clock_ns,
		.stray = run->stray,
		.final = final,
	};

	if (report_write(stdout, run->fabric, &place))
		return true;
	return complain("say where they shall go, as in > statistics.json",
			"standard output: the statistics cannot be written: %s", strerror(errno));
}

/* Beside its end, which wait_for_event() sees to. */
static void do_as_told(struct run *run)
{
	uint64_t count;

	if (!wants_report)
		return;
	/* In this order: a signal that comes in between is seen the next time. */
	wants_report = false;
	if (read(told, &count, sizeof(count)) < 0 && errno != EAGAIN)
		run->mute = !complain(NULL, "eventfd: %s", strerror(errno));
	else
		run->mute = !report(run, false);
}

static bool join(struct run *run)
{
	const struct arguments *arguments = run->arguments;
	/* It looks after signals too, which must not find it in a WAIT. */
	int error = component_open(&run->component, O_NONBLOCK);

	if (error)
		return complain(component_open_hint(error), COMPONENT_DEVICE ": %s",
				strerror(-error));
	error = component_join(&run->component, arguments->session, arguments->component);
	if (!error)
		return true;
	component_leave(&run->component);
	return complain(component_join_hint(error), "session %u, component %u: %s",
			arguments->session, arguments->component, strerror(-error));
}

/* Until the next frame is through or another has come: 0, or minus the error number. */
static int wait_for_event(struct run *run)
{
	struct pollfd files[] = {
		{ .fd = run->component.fd, .events = POLLIN },
		{ .fd = told, .events = POLLIN },
	};
	int error;

	while (!wants_end && !run->mute) {
		do_as_told(run);
		error = component_wait(&run->component, switch_next_ns(run->fabric));
		if (error != -EAGAIN && error != -EINTR)
			return error;
		poll(files, 2, -1);
	}
	return -ECANCELED;
}

/* What a SEND that said @error means to a switch; -1: nothing that it goes on after. */
static int fate_of(int error)
{
	switch (-error) {
	case 0:
		return SWITCH_SENT;
	case ENOBUFS:
		return SWITCH_LINK_FULL;
	case EHOSTUNREACH:
	case ENETDOWN:
		return SWITCH_NO_PEER;
	case ENOENT:
	case ENOTCONN:
		return SWITCH_NO_LINK;
	}
	return -1;
}

/* All that is through by now: its last bit has gone out, so it is sent at this instant. */
static int send_frames(struct run *run)
{
	const struct frame *frame;
	uint32_t port;
	int error, fate;

	while ((frame = switch_due(run->fabric, run->component.clock_ns, &port))) {
		error = component_send(&run->component, run->arguments->links[port], frame->data,
				       frame->length);
		fate = fate_of(error);
		if (fate < 0)
			return error;
		switch_done(run->fabric, port, fate);
	}
	return 0;
}

/* SWITCH_PORTS_MAX: it is none of a port. */
static uint32_t port_of(const struct arguments *arguments, uint16_t link)
{
	uint32_t port;

	for (port = 0; port < arguments->config.ports; port++)
		if (arguments->links[port] == link)
			return port;
	return SWITCH_PORTS_MAX;
}

/* All that has arrived by now, wholly: a link hands over a message when its last bit is there. */
static int receive_frames(struct run *run)
{
	struct component_message message;
	uint32_t port;
	int error;

	while (!(error = component_receive(&run->component, run->message, sizeof(run->message),
					   &message))) {
		port = port_of(run->arguments, message.link);
		if (port == SWITCH_PORTS_MAX)
			run->stray++;
		else if (!switch_receive(run->fabric, port, run->component.clock_ns, run->message,
					 message.length))
			return -ENOMEM;
	}
	return error == -EAGAIN ? 0 : error;
}

/* From one event to the next. Room in the buffer is free before what comes asks for it. */
static int serve(struct run *run)
{
	int error;

	do {
		error = wait_for_event(run);
		if (!error)
			error = send_frames(run);
		if (!error)
			error = receive_frames(run);
	} while (!error);
	return error;
}

static int serve_and_report(struct run *run)
{
	const int error = serve(run);
	/* Its end and being told to end are what it waited for. */
	bool ok = error == -ESHUTDOWN || error == -ECANCELED;

	if (!ok)
		complain(NULL, "session %u, component %u, at %llu ns: %s", run->arguments->session,
			 run->arguments->component, (unsigned long long)run->component.clock_ns,
			 strerror(-error));
	ok = !run->mute && report(run, true) && ok;
	component_leave(&run->component);
	return ok ? 0 : 1;
}

int run_switch(const struct arguments *arguments)
{
	/* Not on the stack: it has room for the longest message. */
	static struct run run;
	int status = 1;

	run.arguments = arguments;
	run.fabric = switch_new(&arguments->config);
	if (!run.fabric) {
		complain(NULL, "no memory for %u ports", arguments->config.ports);
		return status;
	}
	if (listen_to_signals() && join(&run))
		status = serve_and_report(&run);
	switch_free(run.fabric);
	return status;
}
