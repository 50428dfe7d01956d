// SPDX-License-Identifier: GPL-2.0-only

#include "standstill.h"

#include <stdio.h>

#include "control.h"

static void note_stack(unsigned int number, pid_t process)
{
	char path[64], line[256];
	FILE *stack;

	snprintf(path, sizeof(path), "/proc/%d/stack", process);
	stack = fopen(path, "r");
	printf("# process of component %u%s\n", number, stack ? ":" : " is gone");
	while (stack && fgets(line, sizeof(line), stack))
		printf("#   %s", line);
	if (stack)
		fclose(stack);
}

void standstill_note(uint32_t session, const pid_t *processes, unsigned int count)
{
	struct nl_answer answer;
	unsigned int i;

	if (!control_get(session, &answer))
		printf("# session: state %u, reason %u, waits for %u components\n",
		       nl_u32(&answer, LIVESTACK_A_SESSION_STATE),
		       nl_u32(&answer, LIVESTACK_A_SESSION_REASON),
		       nl_u32(&answer, LIVESTACK_A_SESSION_AWAITED));
	for (i = 0; i < count; i++)
		note_stack(i, processes[i]);
}
