// SPDX-License-Identifier: Apache-2.0
/*
 * Runs commands in a lab host for the machine that booted it (protocol.h). One thread, one poll
 * loop. With root "host" it is process 1 and so also reaps whatever is orphaned.
 *
 * A stream lives from LAB_OPEN until both its command has ended and what that had written has been
 * sent. Output that a background child writes later has no reader any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port.h"
#include "protocol.h"
#include "spawn.h"

/* A port takes at most 32 KiB a write; one frame a write keeps the copying at one. */
#define CHUNK (32768 - sizeof(struct lab_frame))

struct stream {
	struct stream *next;
	struct command cmd;	/* pid 0: ended, `status` is set */
	int status;
	uint32_t id;
	uint32_t credit;	/* bytes of output that may still be sent */
	bool input_ends;	/* close cmd.in once the buffer is empty */
	size_t in_len;
	char in_buf[LAB_WINDOW];
};

static struct stream *streams;
static int port = -1;

static void die(const char *what)
{
	fprintf(stderr, "lab-agent: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_port(const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(port, p, len);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			die("write to the port");
		if (n > 0) {
			p += n;
			len -= n;
		}
	}
}

static void send_frame(uint32_t stream, enum lab_type type, const void *data, size_t len)
{
	char buf[32768];
	struct lab_frame head = { .stream = stream, .type = type, .length = len };

	memcpy(buf, &head, sizeof(head));
	memcpy(buf + sizeof(head), data, len);
	write_port(buf, sizeof(head) + len);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void free_stream(struct stream *s)
{
	struct stream **link = &streams;

	while (*link != s)
		link = &(*link)->next;
	*link = s->next;
	if (s->cmd.in != s->cmd.out)
		close_fd(&s->cmd.in);
	close_fd(&s->cmd.out);
	close_fd(&s->cmd.err);
	free(s);
}

static void send_failure(uint32_t id, int error, const char *what)
{
	char buf[512];
	uint32_t code = error;
	int len = snprintf(buf + sizeof(code), sizeof(buf) - sizeof(code), "%s", what);

	memcpy(buf, &code, sizeof(code));
	if (len > (int)(sizeof(buf) - sizeof(code)) - 1)
		len = sizeof(buf) - sizeof(code) - 1;
	send_frame(id, LAB_FAIL, buf, sizeof(code) + len);
}

static void open_stream(uint32_t id, char *data, size_t len)
{
	struct stream *s = calloc(1, sizeof(*s));
	const char *what = "out of memory";

	if (!s || spawn_command(data, len, &s->cmd, &what)) {
		send_failure(id, errno, what);
		free(s);
		return;
	}
	s->id = id;
	s->credit = LAB_WINDOW;
	s->next = streams;
	streams = s;
}

/* End of input on a terminal is a character (^D), which the client sends like any other. */
static void end_input(struct stream *s)
{
	if (s->cmd.in == s->cmd.out)
		s->cmd.in = -1;
	else
		close_fd(&s->cmd.in);
	s->in_len = 0;
}

static void give_input_credit(struct stream *s, uint32_t bytes)
{
	send_frame(s->id, LAB_CREDIT, &bytes, sizeof(bytes));
}

static void write_input(struct stream *s)
{
	ssize_t n = write(s->cmd.in, s->in_buf, s->in_len);

	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return;
		/* The command closed its input: what was sent to it is as good as read. */
		n = s->in_len;
		s->input_ends = true;
	}
	memmove(s->in_buf, s->in_buf + n, s->in_len - n);
	s->in_len -= n;
	if (n > 0)
		give_input_credit(s, n);
	if (!s->in_len && s->input_ends)
		end_input(s);
}

static void take_input(struct stream *s, const char *data, size_t len)
{
	if (!len) {
		s->input_ends = true;
		if (!s->in_len)
			end_input(s);
		return;
	}
	if (s->cmd.in < 0) {
		give_input_credit(s, len);
		return;
	}
	if (len > sizeof(s->in_buf) - s->in_len)
		return;		/* beyond its credit: a broken client harms only itself */
	memcpy(s->in_buf + s->in_len, data, len);
	s->in_len += len;
	write_input(s);
}

/* Returns false when there is nothing more to read now; closes the descriptor at its end. */
static bool pass_output(struct stream *s, int *fd, enum lab_type type)
{
	char buf[CHUNK];
	size_t room = s->credit < sizeof(buf) ? s->credit : sizeof(buf);
	ssize_t n;

	if (*fd < 0 || !room)
		return false;
	n = read(*fd, buf, room);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {	/* EIO is how a terminal ends */
		if (*fd == s->cmd.in)
			s->cmd.in = -1;
		close_fd(fd);
		return false;
	}
	s->credit -= n;
	send_frame(s->id, type, buf, n);
	return true;
}

static void finish(struct stream *s)
{
	uint32_t exit_frame[2] = { 0, 0 };

	while (pass_output(s, &s->cmd.out, LAB_OUTPUT))
		;
	while (pass_output(s, &s->cmd.err, LAB_ERROUT))
		;
	if ((s->cmd.out >= 0 || s->cmd.err >= 0) && !s->credit)
		return;		/* there may be more: wait for the reader */
	if (WIFSIGNALED(s->status))
		exit_frame[1] = WTERMSIG(s->status);
	else
		exit_frame[0] = WEXITSTATUS(s->status);
	send_frame(s->id, LAB_EXIT, exit_frame, sizeof(exit_frame));
	free_stream(s);
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct stream *s = streams;

		while (s && s->cmd.pid != pid)
			s = s->next;
		if (!s)
			continue;
		s->cmd.pid = 0;
		s->status = status;
		finish(s);
	}
}

static uint32_t word(const char *data, size_t len, size_t index)
{
	uint32_t value = 0;

	if (len >= (index + 1) * sizeof(value))
		memcpy(&value, data + index * sizeof(value), sizeof(value));
	return value;
}

static void handle_frame(const struct lab_frame *head, char *data)
{
	struct stream *s = streams;

	if (head->type == LAB_OPEN) {
		open_stream(head->stream, data, head->length);
		return;
	}
	while (s && s->id != head->stream)
		s = s->next;
	if (!s)
		return;		/* it has ended meanwhile */
	switch (head->type) {
	case LAB_INPUT:
		take_input(s, data, head->length);
		break;
	case LAB_SIGNAL:
		if (s->cmd.pid)
			kill(-s->cmd.pid, word(data, head->length, 0));
		break;
	case LAB_RESIZE:
		resize_command(&s->cmd, word(data, head->length, 0), word(data, head->length, 1));
		break;
	case LAB_CREDIT:
		s->credit += word(data, head->length, 0);
		if (!s->cmd.pid)
			finish(s);
		break;
	case LAB_HANGUP:
		if (s->cmd.pid)
			kill(-s->cmd.pid, SIGKILL);
		s->credit = UINT32_MAX / 2;	/* nobody reads: let it end */
		break;
	}
}

/* Frames arrive in pieces of any size; what is complete is handled, the rest waits here. */
static void read_port(void)
{
	static char buf[sizeof(struct lab_frame) + LAB_MAX_FRAME];
	static size_t have;
	struct lab_frame head;
	size_t done = 0;
	ssize_t n = read(port, buf + have, sizeof(buf) - have);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		die("read from the port");
	if (n == 0)
		usleep(10000);	/* the machine's end is not open: poll would return at once */
	if (n > 0)
		have += n;
	while (have - done >= sizeof(head)) {
		memcpy(&head, buf + done, sizeof(head));
		if (head.length > LAB_MAX_FRAME) {
			errno = EMSGSIZE;
			die("frame from the machine");
		}
		if (have - done < sizeof(head) + head.length)
			break;
		handle_frame(&head, buf + done + sizeof(head));
		done += sizeof(head) + head.length;
	}
	memmove(buf, buf + done, have - done);
	have -= done;
}

static void add(struct pollfd *fds, size_t *n, int fd, short events)
{
	fds[(*n)++] = (struct pollfd){ .fd = fd, .events = events };
}

static void wait_for_work(int signals)
{
	static struct pollfd *fds;
	static size_t room;
	size_t n = 0, want = 2;

	for (struct stream *s = streams; s; s = s->next)
		want += 3;
	if (want > room) {
		room = want * 2;
		fds = reallocarray(fds, room, sizeof(*fds));
		if (!fds)
			die("out of memory");
	}
	add(fds, &n, port, POLLIN);
	add(fds, &n, signals, POLLIN);
	for (struct stream *s = streams; s; s = s->next) {
		/* Without credit it is not asked, or a full pipe would keep the loop spinning. */
		add(fds, &n, s->credit ? s->cmd.out : -1, POLLIN);
		add(fds, &n, s->credit ? s->cmd.err : -1, POLLIN);
		add(fds, &n, s->in_len ? s->cmd.in : -1, POLLOUT);
	}
	if (poll(fds, n, -1) < 0 && errno != EINTR)
		die("poll");
}

int main(void)
{
	struct signalfd_siginfo info;
	uint32_t version = LAB_VERSION;
	sigset_t set;
	int signals;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		die("signalfd");
	port = open_port(LAB_PORT, O_RDWR);
	if (port < 0)
		die("find the port " LAB_PORT);
	send_frame(0, LAB_HELLO, &version, sizeof(version));
	for (;;) {
		struct pollfd p = { .fd = port, .events = POLLIN };

		wait_for_work(signals);
		if (poll(&p, 1, 0) > 0)
			read_port();
		for (struct stream *s = streams, *next; s; s = next) {
			next = s->next;
			pass_output(s, &s->cmd.out, LAB_OUTPUT);
			pass_output(s, &s->cmd.err, LAB_ERROUT);
			if (s->in_len && s->cmd.in >= 0)
				write_input(s);
		}
		if (read(signals, &info, sizeof(info)) > 0)
			reap();
	}
}
