// SPDX-License-Identifier: GPL-2.0-only

#include "stage.h"

#include <unistd.h>

uint32_t stage_session(unsigned int count, uint64_t quantum_ns, uint64_t end_ns)
{
	uint32_t session = control_session(quantum_ns, end_ns);
	unsigned int i;

	for (i = 0; session && i < count; i++)
		if (control_component(session, i, LIVESTACK_KIND_MODEL))
			return 0;
	return session;
}

bool stage_begin(uint32_t session, unsigned int count)
{
	struct nl_answer answer;
	unsigned int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (control_get(session, &answer))
			return false;
		if (nl_u32(&answer, LIVESTACK_A_SESSION_JOINED) == count)
			return !control_state(session, LIVESTACK_STATE_RUNNING);
		usleep(10000);
	}
	return false;
}
