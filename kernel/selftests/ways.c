// SPDX-License-Identifier: GPL-2.0-only

#include "ways.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

static bool sigstop_stop(struct bench *bench)
{
	int status;

	return !kill(bench->vmm, SIGSTOP) && waitpid(bench->vmm, &status, WUNTRACED) > 0 &&
	       WIFSTOPPED(status);
}

static bool sigstop_go(struct bench *bench)
{
	return !kill(bench->vmm, SIGCONT);
}

/* A mount of its own, whichever version of cgroups the host uses. */
#define CGROUPS "/tmp/livestack-bench.cgroups"
#define CGROUP CGROUPS "/livestack-bench"

static bool write_file(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) > 0;
	close(fd);
	return ok;
}

static bool freezer_begin(struct bench *bench)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", bench->vmm);
	if (access(CGROUP, F_OK) &&
	    (mkdir(CGROUPS, 0700) || mount("cgroup2", CGROUPS, "cgroup2", 0, NULL) ||
	     mkdir(CGROUP, 0755)))
		return false;
	if (!write_file(CGROUP "/cgroup.procs", pid))
		return false;
	bench->commands = open(CGROUP "/cgroup.freeze", O_WRONLY);
	return bench->commands >= 0;
}

static bool freezer_is(bool frozen)
{
	const char *wanted = frozen ? "frozen 1" : "frozen 0";
	unsigned int tries;
	char text[256];

	for (tries = 0; tries < 1000000; tries++) {
		const int fd = open(CGROUP "/cgroup.events", O_RDONLY);
		const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

		if (fd >= 0)
			close(fd);
		text[got < 0 ? 0 : got] = 0;
		if (strstr(text, wanted))
			return true;
	}
	return false;
}

static bool freezer_stop(struct bench *bench)
{
	return pwrite(bench->commands, "1", 1, 0) == 1 && freezer_is(true);
}

static bool freezer_go(struct bench *bench)
{
	return pwrite(bench->commands, "0", 1, 0) == 1;
}

static void freezer_end(struct bench *bench)
{
	close(bench->commands);
}

/* Sends a command and waits for its answer; events come between. */
static bool qmp_ask(struct bench *bench, const char *command)
{
	char line[4096];

	dprintf(bench->commands, "{\"execute\": \"%s\"}\n", command);
	while (fgets(line, sizeof(line), bench->answers))
		if (strstr(line, "\"return\"") || strstr(line, "\"error\""))
			return !strstr(line, "\"error\"");
	return false;
}

static bool qmp_begin(struct bench *bench)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", bench->qmp);
	bench->commands = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bench->commands < 0 ||
	    connect(bench->commands, (struct sockaddr *)&address, sizeof(address)))
		return false;
	bench->answers = fdopen(bench->commands, "r");
	return bench->answers && qmp_ask(bench, "qmp_capabilities");
}

static bool qmp_stop(struct bench *bench)
{
	return qmp_ask(bench, "stop");
}

static bool qmp_go(struct bench *bench)
{
	return qmp_ask(bench, "cont");
}

static void qmp_end(struct bench *bench)
{
	fclose(bench->answers);
}

static bool gate_says(bool done, const char *what)
{
	if (!done)
		fprintf(stderr, "gate: %s\n", what);
	return done;
}

static bool gate_begin(struct bench *bench)
{
	static struct nl_answer answer;
	int error;

	bench->session = control_open() ? live_session(1, 0, bench->window_ns, 0) : 0;
	if (!gate_says(bench->session, "no session could be made"))
		return false;
	error = live_attach_pid(bench->session, 0, bench->vmm, vmm_start_ticks(bench->vmm), 0,
				&answer);
	return gate_says(!error, answer.sentence ?: strerror(error)) &&
	       gate_says(live_stopped(bench->session, 0, 1), "its vCPU does not stop") &&
	       /* An emulated host is away for long at times, which is not what is measured. */
	       gate_says(!control_set(bench->session, LIVESTACK_A_SESSION_ON_OVERSHOOT,
				      LIVESTACK_ON_OVERSHOOT_COUNT) &&
				 !control_state(bench->session, LIVESTACK_STATE_RUNNING),
			 "the session does not run");
}

static void gate_end(struct bench *bench)
{
	live_over(bench->session, 1);
}

static const struct way ways[] = {
	{ "free", NULL, NULL, NULL, NULL },
	{ "gate", gate_begin, NULL, NULL, gate_end },
	{ "sigstop", NULL, sigstop_stop, sigstop_go, NULL },
	{ "freezer", freezer_begin, freezer_stop, freezer_go, freezer_end },
	{ "qmp", qmp_begin, qmp_stop, qmp_go, qmp_end },
};

const struct way *way_named(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(name, ways[i].name))
			return &ways[i];
	return NULL;
}

void ways_end(void)
{
	rmdir(CGROUP);
	umount(CGROUPS);
	rmdir(CGROUPS);
}
