// SPDX-License-Identifier: GPL-2.0-only

#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int fd;
static uint16_t family;

bool control_open(void)
{
	struct nl_answer answer;
	int id;

	fd = nl_open();
	id = nl_family(fd, LIVESTACK_FAMILY_NAME, &answer);
	family = id > 0 ? id : 0;
	if (!family)
		close(fd);
	return family;
}

const char *control_missing(void)
{
	if (!family && !control_open())
		return "livestack.ko is not loaded: insmod core/livestack.ko";
	return geteuid() ? "needs root to make sessions" : NULL;
}

int control_listen(void)
{
	struct nl_answer answer;
	int listener = nl_open();

	if (nl_family(listener, LIVESTACK_FAMILY_NAME, &answer) < 0 ||
	    nl_subscribe(listener, LIVESTACK_MCGRP_EVENTS, &answer)) {
		close(listener);
		return -1;
	}
	return listener;
}

void control_start(struct nl_message *message, uint8_t command)
{
	nl_start(message, family, command, LIVESTACK_FAMILY_VERSION);
}

int control_ask(struct nl_message *message, struct nl_answer *answer)
{
	if (nl_ask(fd, message, answer) < 0)
		return errno;
	return answer->silent ? ETIMEDOUT : answer->error;
}

uint32_t control_session(uint64_t quantum_ns, uint64_t end_ns)
{
	return control_session_of_mode(quantum_ns, end_ns, LIVESTACK_MODE_STRICT);
}

uint32_t control_session_of_mode(uint64_t quantum_ns, uint64_t end_ns, uint32_t mode)
{
	static unsigned int count;
	struct nl_message message;
	struct nl_answer answer;
	char uuid[37];

	snprintf(uuid, sizeof(uuid), "%08x-0000-4000-8000-%012x", getpid(), ++count);
	control_start(&message, LIVESTACK_CMD_SESSION_NEW);
	nl_add(&message, LIVESTACK_A_SESSION_UUID, uuid, sizeof(uuid));
	nl_add(&message, LIVESTACK_A_SESSION_NAME, "self-test", 10);
	nl_add(&message, LIVESTACK_A_SESSION_QUANTUM_NS, &quantum_ns, sizeof(quantum_ns));
	nl_add(&message, LIVESTACK_A_SESSION_MODE, &mode, sizeof(mode));
	if (end_ns)
		nl_add(&message, LIVESTACK_A_SESSION_END_NS, &end_ns, sizeof(end_ns));
	if (control_ask(&message, &answer))
		return 0;
	return nl_u32(&answer, LIVESTACK_A_SESSION_ID);
}

int control_component(uint32_t session, uint16_t id, uint32_t kind)
{
	struct nl_message message;
	struct nl_answer answer;

	control_start(&message, LIVESTACK_CMD_COMPONENT_NEW);
	nl_add(&message, LIVESTACK_A_COMPONENT_SESSION, &session, sizeof(session));
	nl_add(&message, LIVESTACK_A_COMPONENT_ID, &id, sizeof(id));
	nl_add(&message, LIVESTACK_A_COMPONENT_NAME, "part", 5);
	nl_add(&message, LIVESTACK_A_COMPONENT_KIND, &kind, sizeof(kind));
	return control_ask(&message, &answer);
}

int control_link_ways(uint32_t session, uint16_t id, uint16_t a, uint16_t b, uint64_t to_ns,
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

int control_link(uint32_t session, uint16_t id, uint16_t a, uint16_t b, uint64_t latency_ns)
{
	return control_link_ways(session, id, a, b, latency_ns, latency_ns);
}

int control_get_link(uint32_t session, uint16_t id, struct nl_answer *answer)
{
	struct nl_message message;

	control_start(&message, LIVESTACK_CMD_LINK_GET);
	nl_add(&message, LIVESTACK_A_LINK_SESSION, &session, sizeof(session));
	nl_add(&message, LIVESTACK_A_LINK_ID, &id, sizeof(id));
	return control_ask(&message, answer);
}

uint64_t control_way(const struct nl_answer *link, int way, int count)
{
	const struct nl_attribute *nest = &link->attribute[way];
	const uint8_t *at = nest->data, *end = at + nest->length;
	struct nl_attribute attribute;
	uint64_t value = 0;
	unsigned int type;

	while (at && nl_next(&at, end, &type, &attribute))
		if ((int)type == count && attribute.length <= sizeof(value))
			memcpy(&value, attribute.data, attribute.length);
	return value;
}

int control_quantum(uint32_t session, uint64_t quantum_ns)
{
	struct nl_message message;
	struct nl_answer answer;

	control_start(&message, LIVESTACK_CMD_SESSION_SET);
	nl_add(&message, LIVESTACK_A_SESSION_ID, &session, sizeof(session));
	nl_add(&message, LIVESTACK_A_SESSION_QUANTUM_NS, &quantum_ns, sizeof(quantum_ns));
	return control_ask(&message, &answer);
}

int control_set(uint32_t session, uint16_t attribute, uint32_t value)
{
	struct nl_message message;
	struct nl_answer answer;

	control_start(&message, LIVESTACK_CMD_SESSION_SET);
	nl_add(&message, LIVESTACK_A_SESSION_ID, &session, sizeof(session));
	nl_add(&message, attribute, &value, sizeof(value));
	return control_ask(&message, &answer);
}

int control_state(uint32_t session, uint32_t state)
{
	return control_set(session, LIVESTACK_A_SESSION_STATE, state);
}

int control_clocksource(uint32_t session, uint32_t clocksource)
{
	return control_set(session, LIVESTACK_A_SESSION_CLOCKSOURCE, clocksource);
}

static int about(uint32_t session, uint8_t command, struct nl_answer *answer)
{
	struct nl_message message;

	control_start(&message, command);
	nl_add(&message, LIVESTACK_A_SESSION_ID, &session, sizeof(session));
	return control_ask(&message, answer);
}

int control_delete(uint32_t session)
{
	struct nl_answer answer;

	return about(session, LIVESTACK_CMD_SESSION_DEL, &answer);
}

int control_get(uint32_t session, struct nl_answer *answer)
{
	return about(session, LIVESTACK_CMD_SESSION_GET, answer);
}
