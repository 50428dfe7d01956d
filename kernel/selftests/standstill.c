// SPDX-License-Identifier: GPL-2.0-only

#include "standstill.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"

#define LOOK 1000	 /* a question is as good as a millisecond or two */
#define PATIENCE 20000
#define WINDOWS_MAX 1000

bool standstill_is(struct standstill *still)
{
	struct nl_answer answer;
	uint64_t windows;

	if (still->asked++ % LOOK || control_get(still->session, &answer))
		return false;
	windows = nl_u64(&answer, LIVESTACK_A_SESSION_WINDOWS);
	if (still->asked == 1)
		still->first = windows;
	if (windows > still->windows)
		still->asked = 1;
	still->windows = windows;
	return windows > still->first + WINDOWS_MAX || still->asked > PATIENCE;
}

/* Of the kernel's stack of a process, 0 if it cannot be read. */
static size_t read_stack(pid_t process, char *text, size_t room)
{
	char path[64];
	FILE *stack;
	size_t length = 0;

	snprintf(path, sizeof(path), "/proc/%d/stack", process);
	stack = fopen(path, "r");
	if (stack) {
		length = fread(text, 1, room - 1, stack);
		fclose(stack);
	}
	text[length] = '\0';
	return length;
}

static void note_lines(char *text)
{
	char *line;

	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		printf("#   %s\n", line);
}

static void note_component(uint32_t session, uint16_t id, pid_t process)
{
	static char stack[8192];
	struct nl_message message;
	struct nl_answer answer;

	control_start(&message, LIVESTACK_CMD_COMPONENT_GET);
	nl_add(&message, LIVESTACK_A_COMPONENT_SESSION, &session, 4);
	nl_add(&message, LIVESTACK_A_COMPONENT_ID, &id, 2);
	if (!control_ask(&message, &answer))
		printf("# component %u: place %u, clock %lu, next %lu, window %lu, %u queued\n", id,
		       nl_u32(&answer, LIVESTACK_A_COMPONENT_PLACE),
		       nl_u64(&answer, LIVESTACK_A_COMPONENT_CLOCK_NS),
		       nl_u64(&answer, LIVESTACK_A_COMPONENT_NEXT_NS),
		       nl_u64(&answer, LIVESTACK_A_COMPONENT_WINDOWS),
		       nl_u32(&answer, LIVESTACK_A_COMPONENT_QUEUED));
	if (read_stack(process, stack, sizeof(stack)))
		note_lines(stack);
	else
		printf("#   its process is gone\n");
}

static void note_way(const struct nl_answer *link, const char *name, int way)
{
	printf("# link %s: %lu sent, %lu received, %lu dropped, %lu queued, %lu bytes\n", name,
	       control_way(link, way, LIVESTACK_A_DIRECTION_SENT),
	       control_way(link, way, LIVESTACK_A_DIRECTION_RECEIVED),
	       control_way(link, way, LIVESTACK_A_DIRECTION_DROPPED),
	       control_way(link, way, LIVESTACK_A_DIRECTION_QUEUED),
	       control_way(link, way, LIVESTACK_A_DIRECTION_QUEUED_BYTES));
}

/* Workers, above all: what a port has to do is theirs. */
static void note_threads(void)
{
	static char stack[8192];
	struct dirent *entry;
	DIR *processes = opendir("/proc");

	while (processes && (entry = readdir(processes))) {
		const pid_t process = atoi(entry->d_name);

		if (process <= 0 || !read_stack(process, stack, sizeof(stack)) ||
		    !strstr(stack, "[livestack") || strstr(stack, "entry_SYSCALL"))
			continue;
		printf("# thread %d:\n", process);
		note_lines(stack);
	}
	if (processes)
		closedir(processes);
}

void standstill_note(const struct standstill *still, uint16_t link, const pid_t *processes,
		     unsigned int count)
{
	const uint32_t session = still->session;
	static struct nl_answer answer;
	unsigned int i;

	printf("# %lu windows in the meantime\n", still->windows - still->first);
	if (!control_get(session, &answer))
		printf("# session: state %u, reason %u, window %lu, at %lu, %u awaited, as %u\n",
		       nl_u32(&answer, LIVESTACK_A_SESSION_STATE),
		       nl_u32(&answer, LIVESTACK_A_SESSION_REASON),
		       nl_u64(&answer, LIVESTACK_A_SESSION_WINDOWS),
		       nl_u64(&answer, LIVESTACK_A_SESSION_CLOCK_NS),
		       nl_u32(&answer, LIVESTACK_A_SESSION_AWAITED),
		       nl_u32(&answer, LIVESTACK_A_SESSION_WAITS_FOR));
	if (!control_get_link(session, link, &answer)) {
		note_way(&answer, "to a", LIVESTACK_A_LINK_TO_A);
		note_way(&answer, "to b", LIVESTACK_A_LINK_TO_B);
	}
	for (i = 0; i < count; i++)
		note_component(session, i, processes[i]);
	note_threads();
}
