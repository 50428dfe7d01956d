// SPDX-License-Identifier: Apache-2.0
/*
 * Commands that run in the guest. What they write is kept here and sent once, when they have ended:
 * while a guest's time is gated nothing of it may depend on how fast a host reads. A run's answer is
 * kept until the host says that it has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "start.h"

#define RUNS_MAX	256		/* kept at once, ended ones too */
#define KEEP_DEFAULT	(1 << 20)	/* bytes of output kept a stream */
#define KEEP_MAX	(16 << 20)

/* One of the two streams that a run writes. `source` comes first: it is how the loop finds us. */
struct output {
	struct source source;
	struct buffer kept;
	size_t limit;
	uint64_t lost;		/* bytes written beyond the limit */
};

/* Lives from run_request to forget_request. */
struct run {
	struct run *next;
	char id[LS_ID_MAX + 1];
	pid_t pid;		/* 0: ended, `status` is set */
	int status;
	bool sent;
	uint64_t start_ns, end_ns;
	struct output out, err;
	/* The run that it waits for; it is told to begin by a newline on its standard input. */
	struct run *after;
	int begin;
};

static struct run *runs;

static struct run *find_run(const char *id)
{
	struct run *run = runs;

	while (run && strcmp(run->id, id))
		run = run->next;
	return run;
}

/* Reads what is there. A command that has filled its share goes on, and what it writes is counted. */
static void take_output(struct source *s)
{
	struct output *o = (struct output *)s;
	char buf[65536];
	ssize_t n;

	/* Not for ever: it may write faster than we read. */
	for (int turns = 0; s->fd >= 0 && turns < 16; turns++) {
		size_t room = o->limit - o->kept.len;

		n = read(s->fd, buf, sizeof(buf));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			return;
		if (n <= 0)
			return unwatch_close(s);
		if ((size_t)n < room)
			room = n;
		buffer_add(&o->kept, buf, room);
		o->lost += n - room;
	}
}

/* Returns the end that the command writes to, or -1. */
static int open_output(struct output *o, size_t limit)
{
	int fds[2];

	*o = (struct output){ .source = { .fd = -1, .ready = take_output }, .limit = limit };
	if (pipe2(fds, O_CLOEXEC))
		return -1;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	o->source.fd = fds[0];
	watch(&o->source, EPOLLIN);
	return fds[1];
}

static char **strings_of(const struct request *r, const char *key, size_t extra)
{
	size_t count = field_count(r, key);
	char **list = calloc(count + extra + 1, sizeof(*list));

	for (size_t i = 0; list && i < count; i++) {
		list[i] = field_string(r, key, i);
		if (!list[i]) {
			free(list);
			return NULL;
		}
	}
	return list;
}

static bool is_overridden(char *const *env, size_t count, const char *entry)
{
	size_t len = strcspn(entry, "=");

	for (size_t i = 0; i < count; i++)
		if (!strncmp(env[i], entry, len) && env[i][len] == '=')
			return true;
	return false;
}

/* The agent's own environment with the request's on top of it. */
static char **environment(const struct request *r)
{
	size_t own = 0, count = field_count(r, "env"), n = count;
	char **env;

	while (environ[own])
		own++;
	env = strings_of(r, "env", own);
	for (size_t i = 0; env && i < count; i++)
		if (!strchr(env[i], '=')) {
			free(env);
			return NULL;
		}
	for (size_t i = 0; env && i < own; i++)
		if (!is_overridden(env, count, environ[i]))
			env[n++] = environ[i];
	return env;
}

static char **arguments(const struct request *r)
{
	static char shell[] = "/bin/sh", option[] = "-c";
	size_t args = field_count(r, "arg");
	char **argv;

	if (!field(r, "sh"))
		return args ? strings_of(r, "arg", 0) : NULL;
	argv = args ? NULL : strings_of(r, "sh", 2);
	if (argv) {
		argv[2] = argv[0];
		argv[0] = shell;
		argv[1] = option;
		argv[3] = NULL;
	}
	return argv;
}

/* What a run reads: nothing, or nothing before the run that it waits for has ended. */
static int open_input(struct run *run)
{
	int fds[2];

	if (!run->after)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (pipe2(fds, O_CLOEXEC))
		return -1;
	run->begin = fds[1];
	return fds[0];
}

static void close_begin(struct run *run)
{
	if (run->begin >= 0)
		close(run->begin);
	run->begin = -1;
	run->after = NULL;
}

static void free_run(struct run *run)
{
	close_begin(run);
	unwatch_close(&run->out.source);
	unwatch_close(&run->err.source);
	buffer_free(&run->out.kept);
	buffer_free(&run->err.kept);
	free(run);
}

/* Starts the command of `run`; tells the host what failed. */
static bool start_run(struct run *run, const struct request *r, struct start *s, size_t limit)
{
	const char *what = "its pipes";
	int error;

	s->in = open_input(run);
	s->out = open_output(&run->out, limit);
	s->err = open_output(&run->err, limit);
	run->pid = -1;
	run->start_ns = monotonic_ns();
	if (s->in >= 0 && s->out >= 0 && s->err >= 0)
		run->pid = start_command(s, &what);
	error = errno;
	close(s->in);
	close(s->out);
	close(s->err);
	if (run->pid < 0)
		send_errno(r->id, error, what);
	return run->pid > 0;
}

/* Those that waited for `ended` begin: their time goes on from where its time ended. */
static void begin_waiting(const struct run *ended)
{
	for (struct run *run = runs; run; run = run->next) {
		if (run->after != ended)
			continue;
		if (run->start_ns < ended->end_ns)
			run->start_ns = ended->end_ns;
		dprintf(run->begin, "\n");
		close_begin(run);
	}
}

void run_request(const struct request *r)
{
	struct start s = { .directory = "" };
	char *before = field(r, "after");
	uint64_t keep = KEEP_DEFAULT;
	struct run *run, *after = before ? find_run(before) : NULL;
	size_t count = 0;

	for (run = runs; run; run = run->next)
		count++;
	if (find_run(r->id))
		return send_error(r->id, "DUPLICATE", "run: there is a run %s already", r->id);
	if (count >= RUNS_MAX)
		return send_error(r->id, "TOO_MANY_RUNS",
				  "run: %zu runs are kept: forget those that have ended", count);
	if (before && !after)
		return send_error(r->id, "NO_SUCH_RUN", "run: there is no run %.100s", before);
	if (field(r, "keep") && !field_number(r, "keep", 0, KEEP_MAX, &keep))
		return send_bad_field(r->id, "run", "keep");
	if (field(r, "cwd") && !(s.directory = field_string(r, "cwd", 0)))
		return send_bad_field(r->id, "run", "cwd");
	if (!(s.argv = arguments(r)))
		return send_bad_field(r->id, "run", "arg");
	s.env = environment(r);
	run = calloc(1, sizeof(*run));
	if (!s.env || !run) {
		send_bad_field(r->id, "run", "env");
		free(run);
		goto out;
	}
	run->begin = -1;
	run->after = after;
	if (start_run(run, r, &s, keep)) {
		strcpy(run->id, r->id);
		run->next = runs;
		runs = run;
	} else {
		free_run(run);
	}
	if (after && !after->pid)
		begin_waiting(after);
out:
	free((void *)s.argv);
	free(s.env);
}

static void send_ended(struct run *run)
{
	struct buffer *line = begin_line(run->id, "ended");

	if (WIFSIGNALED(run->status))
		buffer_print(line, " signal=%d", WTERMSIG(run->status));
	else
		buffer_print(line, " exit=%d", WEXITSTATUS(run->status));
	buffer_print(line, " start_ns=%llu end_ns=%llu stdout_lost=%llu stderr_lost=%llu",
		     (unsigned long long)run->start_ns, (unsigned long long)run->end_ns,
		     (unsigned long long)run->out.lost, (unsigned long long)run->err.lost);
	buffer_add_bytes(line, "stdout", run->out.kept.data, run->out.kept.len);
	buffer_add_bytes(line, "stderr", run->err.kept.data, run->err.kept.len);
	run->sent = true;
	send_line();
}

void reap_runs(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct run *run = runs;

		while (run && run->pid != pid)
			run = run->next;
		if (!run)
			continue;
		run->end_ns = monotonic_ns();
		run->pid = 0;
		run->status = status;
		/* What a child in the background writes later has no reader any more. */
		take_output(&run->out.source);
		take_output(&run->err.source);
		unwatch_close(&run->out.source);
		unwatch_close(&run->err.source);
		begin_waiting(run);
	}
}

void send_kept_runs(bool again)
{
	for (struct run *run = runs; run; run = run->next)
		if (!run->pid && (again || !run->sent))
			send_ended(run);
}

static void list(struct buffer *line, const char *key, bool ended)
{
	const char *comma = "";

	buffer_print(line, " %s=", key);
	for (struct run *run = runs; run; run = run->next)
		if (!run->pid == ended) {
			buffer_print(line, "%s%s", comma, run->id);
			comma = ",";
		}
}

void list_runs(struct buffer *line)
{
	list(line, "running", false);
	list(line, "ended", true);
}

void kill_request(const struct request *r)
{
	char *id = field(r, "run");
	struct run *run = id ? find_run(id) : NULL;
	uint64_t number;

	if (!id)
		return send_bad_field(r->id, "kill", "run");
	if (!field_number(r, "signal", 1, 64, &number))
		return send_bad_field(r->id, "kill", "signal");
	if (!run || !run->pid)
		return send_error(r->id, "NO_SUCH_RUN", "kill: no run %s goes on", id);
	/* Its whole process group, of which it is the leader. */
	if (kill(-run->pid, number))
		return send_errno(r->id, errno, id);
	send_ok(r->id);
}

void forget_request(const struct request *r)
{
	char *id = field(r, "run");
	struct run *run = id ? find_run(id) : NULL, **link = &runs;

	if (!id)
		return send_bad_field(r->id, "forget", "run");
	if (!run || run->pid)
		return send_error(r->id, "NO_SUCH_RUN", "forget: no run %s has ended", id);
	while (*link != run)
		link = &(*link)->next;
	*link = run->next;
	free_run(run);
	send_ok(r->id);
}

/* By the guest's own program, because only its init knows what has to be ended first. */
void poweroff_request(const struct request *r)
{
	static char name[] = "poweroff";
	struct start s = { .argv = (char *[]){ name, NULL }, .env = environ, .directory = "" };
	const char *what = name;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	s.in = s.out = s.err = null;
	if (null < 0 || start_command(&s, &what) < 0)
		send_errno(r->id, errno, what);
	else
		send_ok(r->id);
	close(null);
}
