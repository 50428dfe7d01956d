// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints, as trace-cmd and perf see them: each tells what happened, with its simulated
 * times.
 * Needs: livestack.ko loaded; root; a kernel with event tracing.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "device.h"
#include "ktap.h"
#include "tracefs.h"

#define GROUP "livestack"
#define NONE LIVESTACK_TIME_NONE
#define MESSAGE "link=3 source=0 to=1 length=2 sequence=1 send_ns=50600 arrival_ns=50700"

/* One message on time and one late, with idle time skipped before. */
static bool happen(uint32_t session)
{
	struct livestack_recv recv;
	uint64_t clock[2] = { 0 };
	char data[4];
	int from, to;
	bool ok = !control_component(session, 0, LIVESTACK_KIND_MODEL) &&
		  !control_component(session, 1, LIVESTACK_KIND_MODEL) &&
		  !control_link(session, 3, 0, 1, 100);

	from = device_join(session, 0, O_NONBLOCK);
	to = device_join(session, 1, O_NONBLOCK);
	ok = ok && !control_state(session, LIVESTACK_STATE_RUNNING) &&
	     ktap_is(device_wait(to, &clock[1], 50500, NULL), EAGAIN) &&
	     ktap_is(device_wait(from, &clock[0], 50000, NULL), 0) &&
	     ktap_is(device_wait(to, &clock[1], 50500, NULL), 0) &&
	     ktap_is(device_send(from, 3, 50300, "late", 4, NULL), 0) &&
	     ktap_is(device_send(from, 3, 50600, "on", 2, NULL), 0) &&
	     ktap_is(device_recv(to, data, 4, &recv), 0) &&
	     ktap_is(device_wait(to, &clock[1], NONE, NULL), 0) && clock[1] == 50700 &&
	     ktap_is(device_recv(to, data, 4, &recv), 0);
	close(to);
	close(from);
	return ok;
}

static void told(const char *text, uint32_t session, const char *event, const char *fields,
		 const char *name)
{
	char line[256];

	snprintf(line, sizeof(line), "%s: session=%u %s", event, session, fields);
	if (!ktap_ok(text && strstr(text, line), name))
		ktap_note("wanted %s", line);
}

int main(void)
{
	uint32_t session;
	bool happened;
	char *text;

	if (!control_open())
		return ktap_skip_all("livestack.ko is not loaded: insmod core/livestack.ko");
	if (tracefs_missing(GROUP))
		return ktap_skip_all(tracefs_missing(GROUP));

	ktap_plan(10);
	session = control_session_of_mode(10000, 0, LIVESTACK_MODE_RELAXED);
	happened = tracefs_begin(GROUP) && happen(session);
	text = tracefs_end();
	ktap_ok(happened && text, "something happens");
	told(text, session, "ls_window_open", "generation=2 start_ns=50000 end_ns=60000", "open");
	told(text, session, "ls_window_close", "generation=1 start_ns=0 end_ns=10000", "close");
	told(text, session, "ls_skip", "generation=2 start_ns=10000 end_ns=50000", "skip");
	told(text, session, "ls_park", "component=1 clock_ns=0 next_ns=50500", "park");
	told(text, session, "ls_release", "component=1 clock_ns=50500 next_ns=60000", "release");
	told(text, session, "ls_enqueue", MESSAGE, "enqueue");
	told(text, session, "ls_deliver", MESSAGE, "deliver");
	told(text, session, "ls_late", "link=3 to=1 arrival_ns=50400 late_ns=100", "late");
	free(text);
	ktap_ok(!control_delete(session), "the session can be deleted");
	return ktap_end();
}
