// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "start.h"

/* What the child could not do before it became the command. */
struct failure {
	int error;
	bool in_directory;
};

/* In the child. Writes to `report` only if the command cannot be started. */
static void __attribute__((noreturn)) become(const struct start *s, int report)
{
	struct failure f = { 0 };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	if (s->terminal)
		ioctl(s->in, TIOCSCTTY, 0);
	if (*s->directory && chdir(s->directory)) {
		f.in_directory = true;
	} else if (dup2(s->in, 0) >= 0 && dup2(s->out, 1) >= 0 && dup2(s->err, 2) >= 0) {
		environ = s->env;
		execvp(s->argv[0], s->argv);
	}
	f.error = errno;
	_exit(write(report, &f, sizeof(f)) == sizeof(f) ? 127 : 126);
}

pid_t start_command(const struct start *s, const char **what)
{
	struct failure f = { 0 };
	int report[2];
	pid_t pid;

	*what = s->argv[0];
	if (pipe2(report, O_CLOEXEC))
		return -1;
	pid = fork();
	if (pid == 0)
		become(s, report[1]);
	close(report[1]);
	/* The pipe closes by itself when the command has been started. */
	if (pid < 0)
		f.error = errno;
	else if (read(report[0], &f, sizeof(f)) > 0)
		waitpid(pid, NULL, 0);
	close(report[0]);
	if (f.in_directory)
		*what = s->directory;
	errno = f.error;
	return f.error ? -1 : pid;
}
