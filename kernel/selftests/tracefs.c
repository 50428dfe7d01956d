// SPDX-License-Identifier: GPL-2.0-only

#include "tracefs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACING "/sys/kernel/tracing"
#define OURS TRACING "/instances/livestack_selftest"

/* For each processor; an event takes about 60 bytes. */
#define BUFFER_KB "4096"

static bool put(const char *file, const char *what)
{
	char path[128];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), OURS "/%s", file);
	fd = open(path, O_WRONLY | O_TRUNC);
	ok = fd >= 0 && write(fd, what, strlen(what)) == (ssize_t)strlen(what);
	if (!ok)
		printf("# %s cannot be written\n", path);
	close(fd);
	return ok;
}

const char *tracefs_missing(const char *group)
{
	char path[128];

	mount("tracefs", TRACING, "tracefs", 0, NULL);
	snprintf(path, sizeof(path), TRACING "/events/%s/enable", group);
	return access(path, W_OK) ? "needs root and a kernel with CONFIG_EVENT_TRACING" : NULL;
}

bool tracefs_begin(const char *group)
{
	char path[128];

	/* One may be left of a run that died. */
	rmdir(OURS);
	if (mkdir(OURS, 0700)) {
		printf("# " OURS " cannot be made\n");
		return false;
	}
	snprintf(path, sizeof(path), "events/%s/enable", group);
	/* Any other clock may differ from one processor to the next. */
	return put("trace_clock", "x86-tsc") && put("buffer_size_kb", BUFFER_KB) && put(path, "1");
}

/* Of one processor. */
static bool lost(FILE *stats)
{
	unsigned long count;
	char line[128];
	bool any = false;

	while (fgets(line, sizeof(line), stats))
		if ((sscanf(line, "overrun: %lu", &count) == 1 ||
		     sscanf(line, "commit overrun: %lu", &count) == 1 ||
		     sscanf(line, "dropped events: %lu", &count) == 1) && count) {
			printf("# the trace is not whole: %s", line);
			any = true;
		}
	return any;
}

static bool any_lost(void)
{
	char path[128];
	unsigned int cpu;
	bool any = false;
	FILE *stats;

	for (cpu = 0;; cpu++) {
		snprintf(path, sizeof(path), OURS "/per_cpu/cpu%u/stats", cpu);
		stats = fopen(path, "r");
		if (!stats)
			break;
		any |= lost(stats);
		fclose(stats);
	}
	if (!cpu)
		printf("# nobody tells whether events were lost\n");
	return any || !cpu;
}

static char *read_all(const char *path)
{
	size_t length = 0, room = 1 << 20;
	char *text = malloc(room);
	int fd = open(path, O_RDONLY);
	ssize_t got = 1;

	while (text && fd >= 0 && (got = read(fd, text + length, room - 1 - length)) > 0) {
		length += got;
		if (room - 1 - length < 4096)
			text = realloc(text, room *= 2);
	}
	close(fd);
	if (text && !got) {
		text[length] = 0;
		return text;
	}
	free(text);
	return NULL;
}

char *tracefs_end(void)
{
	char *text = NULL;

	if (put("events/enable", "0") && !any_lost())
		text = read_all(OURS "/trace");
	rmdir(OURS);
	return text;
}
