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

int stage_link(uint32_t session, uint16_t id, uint16_t a, uint16_t b, uint64_t to_ns,
	       uint64_t back_ns)
{
	struct nl_message message;
	struct nl_answer answer;

	control_start(&message, LIVESTACK_CMD_LINK_NEW);
	nl_add(&message, LIVESTACK_A_LINK_SESSION, &session, sizeof(session));
	nl_add(&message, LIVESTACK_A_LINK_ID, &id, sizeof(id));
	nl_add(&message, LIVESTACK_A_LINK_A, &a, sizeof(a));
	nl_add(&message, LIVESTACK_A_LINK_B, &b, sizeof(b));
	nl_add(&message, LIVESTACK_A_LINK_LATENCY_NS, &to_ns, sizeof(to_ns));
	nl_add(&message, LIVESTACK_A_LINK_BACK_LATENCY_NS, &back_ns, sizeof(back_ns));
	return control_ask(&message, &answer);
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
