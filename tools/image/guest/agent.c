// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in a guest and does what the host asks over one virtio-serial port (line.h, docs/guests.md).
 * One thread, one loop; while nothing is asked it sleeps without a timer, so that an idle guest
 * stays idle.
 *
 * usage: livestack-agent [PATH]
 * PATH is the port's device; without it the port is found by its name. It may be a Unix socket that
 * somebody listens on, for trying the agent without a VM.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "port.h"

/* A host that asks and does not read waits, or its answers would fill the guest's memory. */
#define OUT_LIMIT	(4 << 20)

static void port_ready(struct source *s);
static void child_ended(struct source *s);

static int loop = -1;
static const char *path;		/* of the port, NULL: by name */
static bool is_socket;
static struct source port = { .fd = -1, .ready = port_ready };
static struct source children = { .fd = -1, .ready = child_ended };

static struct buffer in, out;
static size_t in_seen;			/* bytes of `in` without a newline */
static size_t out_done;			/* bytes of `out` that are written */
static bool skipping;			/* until the end of a line that is too long */
static size_t doubtful;			/* length of the half line whose host may have gone */
static bool greeted;			/* a host has said hello */

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "livestack-agent: %s: %s\n", what, strerror(errno));
	exit(1);
}

void watch(struct source *s, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = s };

	if (epoll_ctl(loop, EPOLL_CTL_ADD, s->fd, &event))
		die("epoll_ctl");
}

void unwatch_close(struct source *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

uint64_t monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static void flush_port(void);

struct buffer *begin_line(const char *id, const char *word)
{
	buffer_print(&out, "%s %s", id, word);
	return &out;
}

void send_line(void)
{
	buffer_add(&out, "\n", 1);
	flush_port();
}

static void introduce(struct buffer *line)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	char boot[64];

	if (!f || !fgets(boot, sizeof(boot), f))
		strcpy(boot, "unknown");
	boot[strcspn(boot, "\n")] = '\0';
	if (f)
		fclose(f);
	buffer_print(line, " version=%d boot=%s monotonic_ns=%llu", LS_VERSION, boot,
		     (unsigned long long)monotonic_ns());
}

/* A host that spoke with the agent before this one waits for answers that will not come. */
static void say_started(void)
{
	buffer_add(&out, "\n", 1);
	introduce(begin_line("-", "started"));
	send_line();
}

/*
 * A host is new here: what was on its way to another one, perhaps cut off in a line, is dropped, and
 * what has been kept is said again.
 */
static void hello_request(const struct request *r)
{
	struct buffer *line;
	uint64_t version;

	if (!field_number(r, "version", 1, UINT32_MAX, &version))
		return send_bad_field(r->id, "hello", "version");
	if (version != LS_VERSION)
		return send_error(r->id, "VERSION", "hello: this agent speaks version %d, not %llu",
				  LS_VERSION, (unsigned long long)version);
	greeted = true;
	out.len = out_done = 0;
	buffer_add(&out, "\n", 1);
	line = begin_line(r->id, "ok");
	introduce(line);
	list_runs(line);
	send_line();
	send_kept_runs(true);
}

static void set_time_request(const struct request *r)
{
	struct timespec time;
	struct buffer *line;
	uint64_t ns;

	if (!field_number(r, "realtime_ns", 0, INT64_MAX, &ns))
		return send_bad_field(r->id, "set-time", "realtime_ns");
	time = (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	if (clock_settime(CLOCK_REALTIME, &time))
		return send_errno(r->id, errno, "set-time");
	line = begin_line(r->id, "ok");
	buffer_print(line, " realtime_ns=%llu monotonic_ns=%llu",
		     (unsigned long long)clock_ns(CLOCK_REALTIME),
		     (unsigned long long)monotonic_ns());
	send_line();
}

static const struct {
	const char *verb;
	void (*handle)(const struct request *r);
} verbs[] = {
	{ "hello", hello_request },	  { "run", run_request },
	{ "kill", kill_request },	  { "forget", forget_request },
	{ "put", put_request },		  { "get", get_request },
	{ "set-time", set_time_request }, { "shutdown", poweroff_request },
};

static void handle(const struct request *r)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(r->verb, verbs[i].verb))
			return verbs[i].handle(r);
	send_error(r->id, "UNKNOWN_VERB", "%.100s: there is no such verb in version %d", r->verb,
		   LS_VERSION);
}

static void take_line(char *line, size_t len)
{
	struct request r = { 0 };

	if (len && strlen(line) == len && request_parse(&r, line))
		handle(&r);
	else if (len)
		send_error(r.id ? r.id : "-", "BAD_REQUEST",
			   "a line is not of the form ID VERB KEY=VALUE...");
	request_free(&r);
}

static void refuse_long_line(void)
{
	char *space = memchr(in.data, ' ', LS_ID_MAX + 1);
	char id[LS_ID_MAX + 1] = "-";

	if (space && is_id(in.data, space - in.data))
		snprintf(id, sizeof(id), "%.*s", (int)(space - in.data), in.data);
	send_error(id, "TOO_LONG", "a line is longer than %d bytes", LS_LINE_MAX);
}

static bool host_is_slow(void)
{
	return out.len - out_done >= OUT_LIMIT;
}

/* Handles the lines that are complete, as far as the host takes the answers; the rest waits. */
static void take_lines(void)
{
	size_t start = 0;

	while (in_seen < in.len && !host_is_slow()) {
		char *newline = memchr(in.data + in_seen, '\n', in.len - in_seen);

		if (!newline) {
			in_seen = in.len;
			break;
		}
		*newline = '\0';
		in_seen = newline + 1 - in.data;
		/* A new host begins with a newline: it must not end an old host's line. */
		if (!skipping && (!doubtful || newline != in.data + doubtful))
			take_line(in.data + start, newline - in.data - start);
		skipping = false;
		doubtful = 0;
		start = in_seen;
	}
	memmove(in.data, in.data + start, in.len - start);
	in.len -= start;
	in_seen -= start;
	if (in_seen < in.len || (in.len < LS_LINE_MAX && !skipping))
		return;
	if (!skipping)
		refuse_long_line();
	skipping = true;
	in.len = in_seen = 0;
}

static void connect_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	unwatch_close(&port);
	greeted = skipping = false;
	in.len = in_seen = 0;
	port.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (port.fd < 0 || connect(port.fd, (struct sockaddr *)&address, sizeof(address)) ||
	    fcntl(port.fd, F_SETFL, O_NONBLOCK))
		die(path);
	watch(&port, EPOLLIN | EPOLLOUT | EPOLLET);
}

/* A port's host may even be back: its first bytes can be read before the kernel knows of it. */
static void disconnected(void)
{
	if (is_socket)
		connect_socket();
	else
		doubtful = in.len;
}

/*
 * The port is not polled here: polling takes what has come from the queue, so the interrupt for that
 * finds nothing new and wakes nobody, and we would sleep with a request unread.
 */
static void send_answers(void)
{
	if (greeted && (is_socket || !(port.events & EPOLLHUP)))
		send_kept_runs(false);
}

/*
 * Never blocks: a blocking write to a port spins in the kernel until the host has taken it, and a
 * guest whose time is gated would spend its time on that.
 */
static void flush_port(void)
{
	while (out_done < out.len) {
		ssize_t n = write(port.fd, out.data + out_done, out.len - out_done);

		if (n < 0 && errno == EINTR)
			continue;
		/* A full virtio queue shows as 0. */
		if (n == 0 || (n < 0 && errno == EAGAIN))
			return;
		/* A socket that broke takes nothing more; reading finds out, too, and sees to it. */
		if (n < 0 && is_socket)
			break;
		if (n < 0)
			die("write to the port");
		out_done += n;
	}
	out.len = out_done = 0;
}

static void read_port(void)
{
	for (take_lines(); !host_is_slow(); take_lines()) {
		char *room = buffer_reserve(&in, 65536);
		ssize_t n = read(port.fd, room, 65536);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n == 0 || (n < 0 && is_socket))
			return disconnected();
		if (n < 0)
			die("read from the port");
		in.len += n;
	}
}

/*
 * Called on a change only (EPOLLET): a port whose host has gone is "readable" all the time, and
 * waiting for a level would keep the guest spinning.
 */
static void port_ready(struct source *s)
{
	(void)s;
	flush_port();
	read_port();
	send_answers();
}

static void child_ended(struct source *s)
{
	struct signalfd_siginfo info;

	while (read(s->fd, &info, sizeof(info)) > 0)
		reap_runs();
	send_answers();
}

/* The kernel says when a device comes, so there is no asking again and again. */
static int wait_for_port(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int events = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	char event[8192];
	int fd;

	/* Before the first look, or what comes between the two is missed. */
	if (events < 0 || bind(events, (struct sockaddr *)&address, sizeof(address)))
		die("listen for devices");
	while ((fd = open_port(LS_PORT, O_RDWR | O_NONBLOCK)) < 0) {
		if (errno != ENOENT)
			die("open the port " LS_PORT);
		if (recv(events, event, sizeof(event), 0) < 0 && errno != EINTR && errno != ENOBUFS)
			die("listen for devices");
	}
	close(events);
	return fd;
}

static void connect_port(void)
{
	struct stat st;

	is_socket = path && !stat(path, &st) && S_ISSOCK(st.st_mode);
	if (is_socket)
		return connect_socket();
	port.fd = path ? open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) : wait_for_port();
	if (port.fd < 0)
		die(path);
	watch(&port, EPOLLIN | EPOLLOUT | EPOLLET);
}

int main(int argc, char **argv)
{
	sigset_t set;

	path = argc > 1 ? argv[1] : NULL;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	loop = epoll_create1(EPOLL_CLOEXEC);
	children.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (loop < 0 || children.fd < 0)
		die("prepare to wait");
	watch(&children, EPOLLIN);
	connect_port();
	say_started();
	for (;;) {
		struct epoll_event event;
		struct source *s;

		/* One at a time: handling one source may close another. */
		if (epoll_wait(loop, &event, 1, -1) < 0) {
			if (errno != EINTR)
				die("epoll_wait");
			continue;
		}
		s = event.data.ptr;
		s->events = event.events;
		s->ready(s);
	}
}
