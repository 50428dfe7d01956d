// SPDX-License-Identifier: GPL-2.0-only

#include "program.h"

#include <libgen.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

pid_t program_start(const char *name, const char *arguments, int output, int errors)
{
	posix_spawn_file_actions_t actions;
	char here[4096] = "", path[8192], text[256], *argv[16] = { path };
	unsigned int count = 1;
	pid_t child = 0;
	char *word;

	if (readlink("/proc/self/exe", here, sizeof(here) - 1) < 0)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", dirname(here), name);
	snprintf(text, sizeof(text), "%s", arguments);
	for (word = strtok(text, " "); word && count < 15; word = strtok(NULL, " "))
		argv[count++] = word;

	fflush(stdout);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (errors >= 0)
		posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
	if (posix_spawn(&child, path, &actions, NULL, argv, NULL))
		child = 0;
	posix_spawn_file_actions_destroy(&actions);
	return child;
}
