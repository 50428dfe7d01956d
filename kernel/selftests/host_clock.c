// SPDX-License-Identifier: GPL-2.0-only

#include "host_clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CURRENT "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define AVAILABLE "/sys/devices/system/clocksource/clocksource0/available_clocksource"

static char ours[64];

static bool file_says(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);

	close(fd);
	text[got < 0 ? 0 : got] = 0;
	text[strcspn(text, "\n")] = 0;
	return got > 0;
}

static bool current_is(const char *name)
{
	char text[64];

	return file_says(CURRENT, text, sizeof(text)) && !strcmp(text, name);
}

bool available(void)
{
	char text[256];

	return file_says(AVAILABLE, text, sizeof(text)) && strstr(text, "livestack");
}

bool choose(const char *name)
{
	int fd = open(CURRENT, O_WRONLY);
	bool written = write(fd, name, strlen(name)) == (ssize_t)strlen(name);

	close(fd);
	return written && current_is(name);
}

void choose_ours(void)
{
	choose(ours);
}

bool host_clock_open(void)
{
	if (!file_says(CURRENT, ours, sizeof(ours)) || strcmp(ours, "tsc"))
		return false;
	/* Whatever goes wrong: a host must not be left without time. */
	atexit(choose_ours);
	return true;
}

bool ours_is_current(void)
{
	return current_is(ours);
}

uint64_t time_of(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

uint32_t state_of(uint32_t session, unsigned int attribute)
{
	struct nl_answer answer;

	return control_get(session, &answer) ? 0 : nl_u32(&answer, attribute);
}

uint32_t offering_session(uint64_t quantum, uint64_t end)
{
	uint32_t session = control_session(quantum, end);

	return control_component(session, 0, LIVESTACK_KIND_MODEL) ||
	       control_clocksource(session, LIVESTACK_CLOCKSOURCE_OFFERED) ? 0 : session;
}

bool give_up(uint32_t session)
{
	return choose(ours) && !control_clocksource(session, LIVESTACK_CLOCKSOURCE_NONE) &&
	       !available() && !control_delete(session);
}
