/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes to be killed. */
#ifndef _LS_DEATH_H
#define _LS_DEATH_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"

#define SEED 20260101

/* Forks a child that dies with this program; the child returns 0. */
static pid_t spawn(void)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return child;
}

/* True when it was alive to be killed: one that had ended by itself has found something wrong. */
static inline bool slay(pid_t child)
{
	int status;

	kill(child, SIGKILL);
	return waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGKILL;
}

/* Begins a dump and goes away: the kernel still holds its state. */
static inline void dump_some(uint8_t command)
{
	struct nl_message message;
	int fd = nl_open();

	control_start(&message, command);
	message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	send(fd, &message, message.header.nlmsg_len, 0);
	close(fd);
}

#endif /* _LS_DEATH_H */
