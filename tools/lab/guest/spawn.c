// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "protocol.h"
#include "spawn.h"
#include "start.h"

struct request {
	struct lab_open open;
	const char *directory;
	char **argv, **env;
};

/* What the child's ends are; all are close-on-exec, so what is dup2'ed survives and nothing else. */
struct ends {
	int in, out, err;
};

static char *next_string(char **data, size_t *len)
{
	char *s = *data, *end = memchr(s, '\0', *len);

	if (!end)
		return NULL;
	*len -= end + 1 - s;
	*data = end + 1;
	return s;
}

static int parse(char *data, size_t len, struct request *r)
{
	if (len < sizeof(r->open))
		goto bad;
	memcpy(&r->open, data, sizeof(r->open));
	data += sizeof(r->open);
	len -= sizeof(r->open);
	if (!r->open.argc || r->open.argc > len || r->open.envc > len)
		goto bad;
	r->argv = calloc(r->open.argc + 1, sizeof(char *));
	r->env = calloc(r->open.envc + 1, sizeof(char *));
	if (!r->argv || !r->env)
		return -1;
	r->directory = next_string(&data, &len);
	if (!r->directory)
		goto bad;
	for (uint32_t i = 0; i < r->open.argc; i++)
		if (!(r->argv[i] = next_string(&data, &len)))
			goto bad;
	for (uint32_t i = 0; i < r->open.envc; i++)
		if (!(r->env[i] = next_string(&data, &len)))
			goto bad;
	return 0;
bad:
	errno = EPROTO;
	return -1;
}

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int open_pipes(struct command *cmd, struct ends *child)
{
	int fds[6] = { -1, -1, -1, -1, -1, -1 };

	if (pipe2(fds, O_CLOEXEC) || pipe2(fds + 2, O_CLOEXEC) || pipe2(fds + 4, O_CLOEXEC)) {
		close_all(fds, 6);
		return -1;
	}
	*child = (struct ends){ .in = fds[0], .out = fds[3], .err = fds[5] };
	cmd->in = fds[1];
	cmd->out = fds[2];
	cmd->err = fds[4];
	return 0;
}

static int open_terminal(struct command *cmd, struct ends *child, const struct lab_open *open_)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave = -1, zero = 0;

	if (master < 0)
		return -1;
	if (ioctl(master, TIOCSPTLCK, &zero) == 0)
		slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0) {
		close(master);
		return -1;
	}
	*child = (struct ends){ slave, slave, slave };
	cmd->in = cmd->out = master;
	cmd->err = -1;
	resize_command(cmd, open_->rows, open_->columns);
	return 0;
}

static void close_ends(const struct ends *e)
{
	close(e->in);
	if (e->out != e->in) {
		close(e->out);
		close(e->err);
	}
}

int spawn_command(char *data, size_t len, struct command *cmd, const char **what)
{
	struct request r = { 0 };
	struct ends child;
	int error = 0;

	*what = "read the request";
	if (parse(data, len, &r)) {
		error = errno;
		goto out;
	}
	*what = "make its descriptors";
	if (r.open.flags & LAB_OPEN_TERMINAL ? open_terminal(cmd, &child, &r.open) :
					       open_pipes(cmd, &child)) {
		error = errno;
		goto out;
	}
	cmd->pid = start_command(&(struct start){ .argv = r.argv, .env = r.env,
						  .directory = r.directory, .in = child.in,
						  .out = child.out, .err = child.err,
						  .terminal = r.open.flags & LAB_OPEN_TERMINAL },
				 what);
	if (cmd->pid < 0) {
		error = errno;
		close_all((int[]){ cmd->in, cmd->out == cmd->in ? -1 : cmd->out, cmd->err }, 3);
	} else {
		fcntl(cmd->in, F_SETFL, O_NONBLOCK);
		fcntl(cmd->out, F_SETFL, O_NONBLOCK);
		if (cmd->err >= 0)
			fcntl(cmd->err, F_SETFL, O_NONBLOCK);
	}
	close_ends(&child);
out:
	free(r.argv);
	free(r.env);
	errno = error;
	return error ? -1 : 0;
}

void resize_command(const struct command *cmd, uint32_t rows, uint32_t columns)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	if (cmd->in == cmd->out && cmd->out >= 0)
		ioctl(cmd->out, TIOCSWINSZ, &size);
}
