// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions and components are made, told of, set and deleted by netlink, and what is wrong with a
 * request is refused with its sentence in both ways. Needs: livestack.ko loaded; root.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "ktap.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t session; /* with component 3; there is none of number NOBODY */
#define NOBODY 0x7fffff00

enum field { NONE, U16, U32, U64, TEXT };

struct argument {
	uint16_t type;
	enum field field;
	uint64_t number;
	const char *text;
};

#define UUID "00000000-0000-4000-8000-000000000001"
#define S(name) LIVESTACK_A_SESSION_##name
#define C(name) LIVESTACK_A_COMPONENT_##name
#define OWN 0 /* stands for the session's number */

static const struct refusal {
	const char *name;
	uint8_t command;
	struct argument arguments[5];
	int error;
	uint32_t attribute;
	const char *sentence; /* its beginning; NULL: the netlink core refuses */
} refusals[] = {
	{ "new without uuid", LIVESTACK_CMD_SESSION_NEW,
	  { { S(NAME), TEXT, 0, "a" }, { S(QUANTUM_NS), U64, 1000 } },
	  EINVAL, S(UUID), "a session needs a uuid" },
	{ "new with half a uuid", LIVESTACK_CMD_SESSION_NEW,
	  { { S(UUID), TEXT, 0, "00000000-0000" }, { S(NAME), TEXT, 0, "a" } },
	  EINVAL, S(UUID), "a session needs a uuid" },
	{ "new without name", LIVESTACK_CMD_SESSION_NEW,
	  { { S(UUID), TEXT, 0, UUID }, { S(QUANTUM_NS), U64, 1000 } },
	  EINVAL, S(NAME), "a session needs a name" },
	{ "new with an empty name", LIVESTACK_CMD_SESSION_NEW,
	  { { S(UUID), TEXT, 0, UUID }, { S(NAME), TEXT, 0, "" } },
	  EINVAL, S(NAME), "a session needs a name" },
	{ "new with a control character", LIVESTACK_CMD_SESSION_NEW,
	  { { S(UUID), TEXT, 0, UUID }, { S(NAME), TEXT, 0, "a\nb" } },
	  EINVAL, S(NAME), "a session needs a name" },
	{ "new with a name of 64 bytes", LIVESTACK_CMD_SESSION_NEW,
	  { { S(NAME), TEXT, 0,
	      "0123456789012345678901234567890123456789012345678901234567890123" } },
	  EINVAL, 0, NULL },
	{ "new without quantum", LIVESTACK_CMD_SESSION_NEW,
	  { { S(UUID), TEXT, 0, UUID }, { S(NAME), TEXT, 0, "a" } },
	  EINVAL, S(QUANTUM_NS), "a session needs quantum-ns" },
	{ "new with a quantum of 999 ns", LIVESTACK_CMD_SESSION_NEW,
	  { { S(QUANTUM_NS), U64, 999 } }, ERANGE, 0, NULL },
	{ "new with a quantum above 10 s", LIVESTACK_CMD_SESSION_NEW,
	  { { S(QUANTUM_NS), U64, 10000000001 } }, ERANGE, 0, NULL },
	{ "new with end 0", LIVESTACK_CMD_SESSION_NEW,
	  { { S(END_NS), U64, 0 } }, ERANGE, 0, NULL },
	{ "new with an end of 2^53", LIVESTACK_CMD_SESSION_NEW,
	  { { S(END_NS), U64, 1ULL << 53 } }, ERANGE, 0, NULL },
	{ "get without id", LIVESTACK_CMD_SESSION_GET, { { 0 } },
	  EINVAL, S(ID), "the session's id is missing" },
	{ "get of none", LIVESTACK_CMD_SESSION_GET, { { S(ID), U32, NOBODY } },
	  ENOENT, S(ID), "there is no session of this id" },
	{ "get of id 0", LIVESTACK_CMD_SESSION_GET, { { S(ID), U64, 0 } }, EINVAL, 0, NULL },
	{ "set of none", LIVESTACK_CMD_SESSION_SET, { { S(ID), U32, NOBODY } },
	  ENOENT, S(ID), "there is no session of this id" },
	{ "set of nothing", LIVESTACK_CMD_SESSION_SET, { { S(ID), U32, OWN } },
	  EINVAL, 0, "nothing to set" },
	{ "pause of a created one", LIVESTACK_CMD_SESSION_SET,
	  { { S(ID), U32, OWN }, { S(STATE), U32, LIVESTACK_STATE_PAUSED } },
	  EINVAL, S(STATE), "the session cannot go there" },
	{ "state created", LIVESTACK_CMD_SESSION_SET,
	  { { S(ID), U32, OWN }, { S(STATE), U32, LIVESTACK_STATE_CREATED } },
	  EINVAL, S(STATE), "the session cannot go there" },
	{ "state 5", LIVESTACK_CMD_SESSION_SET, { { S(STATE), U32, 5 } }, ERANGE, 0, NULL },
	{ "del of none", LIVESTACK_CMD_SESSION_DEL, { { S(ID), U32, NOBODY } },
	  ENOENT, S(ID), "there is no session of this id" },
	{ "component in no session", LIVESTACK_CMD_COMPONENT_NEW,
	  { { C(SESSION), U32, NOBODY }, { C(ID), U16, 4 }, { C(NAME), TEXT, 0, "a" },
	    { C(KIND), U32, 2 } }, ENOENT, C(SESSION), "there is no session of this id" },
	{ "component without id", LIVESTACK_CMD_COMPONENT_NEW,
	  { { C(SESSION), U32, OWN }, { C(NAME), TEXT, 0, "a" }, { C(KIND), U32, 2 } },
	  EINVAL, C(ID), "a component needs an id" },
	{ "component without name", LIVESTACK_CMD_COMPONENT_NEW,
	  { { C(SESSION), U32, OWN }, { C(ID), U16, 4 }, { C(KIND), U32, 2 } },
	  EINVAL, C(NAME), "a component needs a name" },
	{ "component without kind", LIVESTACK_CMD_COMPONENT_NEW,
	  { { C(SESSION), U32, OWN }, { C(ID), U16, 4 }, { C(NAME), TEXT, 0, "a" } },
	  EINVAL, C(KIND), "a component needs a kind" },
	{ "component of a taken id", LIVESTACK_CMD_COMPONENT_NEW,
	  { { C(SESSION), U32, OWN }, { C(ID), U16, 3 }, { C(NAME), TEXT, 0, "a" },
	    { C(KIND), U32, 2 } }, EEXIST, C(ID), "the session has a component of this id" },
	{ "component 1024", LIVESTACK_CMD_COMPONENT_NEW, { { C(ID), U16, 1024 } },
	  ERANGE, 0, NULL },
	{ "component get without id", LIVESTACK_CMD_COMPONENT_GET, { { C(SESSION), U32, OWN } },
	  EINVAL, C(ID), "the component's id is missing" },
	{ "component get of none", LIVESTACK_CMD_COMPONENT_GET,
	  { { C(SESSION), U32, OWN }, { C(ID), U16, 9 } },
	  ENOENT, C(ID), "the session has no component of this id" },
	{ "component del of none", LIVESTACK_CMD_COMPONENT_DEL,
	  { { C(SESSION), U32, OWN }, { C(ID), U16, 9 } },
	  ENOENT, C(ID), "the session has no component of this id" },
};

static void add(struct nl_message *message, const struct argument *argument, bool own)
{
	const uint64_t number = own ? session : argument->number;
	static const uint16_t width[] = { [U16] = 2, [U32] = 4, [U64] = 8 };

	if (argument->field == TEXT)
		nl_add(message, argument->type, argument->text, strlen(argument->text) + 1);
	else if (argument->field != NONE)
		nl_add(message, argument->type, &number, width[argument->field]);
}

/* Both answers say the same: the family's own message and the extended ACK. */
static bool said(const struct refusal *refusal, const struct nl_answer *answer)
{
	size_t length;

	if (!refusal->sentence)
		return !answer->replied;
	length = strlen(refusal->sentence);
	return answer->replied && answer->genl.cmd == LIVESTACK_CMD_ERROR && answer->sentence &&
	       !strncmp(answer->sentence, refusal->sentence, length) &&
	       !strcmp(answer->sentence, nl_string(answer, LIVESTACK_A_ERROR_SENTENCE)) &&
	       nl_u32(answer, LIVESTACK_A_ERROR_ERRNO) == (uint32_t)refusal->error &&
	       nl_u32(answer, LIVESTACK_A_ERROR_ATTRIBUTE) == refusal->attribute;
}

static bool refused(const struct refusal *refusal, bool aloud)
{
	struct nl_message message;
	struct nl_answer answer;
	unsigned int i;
	int error;

	control_start(&message, refusal->command);
	for (i = 0; i < ARRAY_SIZE(refusal->arguments); i++)
		add(&message, &refusal->arguments[i],
		    refusal->arguments[i].field == U32 && refusal->arguments[i].number == OWN);
	error = control_ask(&message, &answer);
	if (error == refusal->error && said(refusal, &answer))
		return true;
	if (aloud)
		ktap_note("%s: error %d, sentence \"%s\"", refusal->name, error,
			  answer.sentence ? answer.sentence : "");
	return false;
}

static void all_refused(void)
{
	const unsigned int rounds = ktap_count(50, 10000);
	unsigned int i, round, bad = 0;

	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		char name[128];

		snprintf(name, sizeof(name), "%s: refused, %s", refusals[i].name,
			 strerrorname_np(refusals[i].error));
		ktap_ok(refused(&refusals[i], true), name);
	}
	for (round = 0; round < rounds; round++)
		for (i = 0; i < ARRAY_SIZE(refusals); i++)
			bad += !refused(&refusals[i], bad < 3);
	ktap_ok(bad == 0, "every refusal is the same each time");
}

static bool told(void)
{
	struct nl_answer answer;

	return !control_get(session, &answer) &&
	       nl_u32(&answer, S(ID)) == session && nl_u64(&answer, S(QUANTUM_NS)) == 5000 &&
	       nl_u64(&answer, S(END_NS)) == 70000 &&
	       nl_u32(&answer, S(STATE)) == LIVESTACK_STATE_CREATED &&
	       nl_u32(&answer, S(COMPONENTS)) == 1 &&
	       !strcmp(nl_string(&answer, S(NAME)), "self-test");
}

static unsigned int dumped(uint8_t command)
{
	struct nl_message message;
	struct nl_answer answer;

	control_start(&message, command);
	message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	return control_ask(&message, &answer) ? 0 : answer.replies;
}

/* As many as there may be, and no more; all go again. */
static bool sessions_limited(void)
{
	uint32_t id[LIVESTACK_SESSIONS_MAX];
	unsigned int count = 0, i;
	bool ok;

	while (count < LIVESTACK_SESSIONS_MAX && (id[count] = control_session(1000, 0)))
		count++;
	/* One was there before. */
	ok = count == LIVESTACK_SESSIONS_MAX - 1;
	for (i = 0; i < count; i++)
		ok &= !control_delete(id[i]);
	return ok;
}

int main(void)
{
	if (control_missing())
		return ktap_skip_all(control_missing());

	ktap_plan(3 + ARRAY_SIZE(refusals) + 1 + 4);
	session = control_session(5000, 70000);
	ktap_ok(session && !control_component(session, 3, LIVESTACK_KIND_MODEL),
		"a session and a component are made");
	ktap_ok(told(), "session-get tells of it");
	ktap_ok(dumped(LIVESTACK_CMD_SESSION_GET) == 1 && dumped(LIVESTACK_CMD_COMPONENT_GET) == 1,
		"dumps tell of both");
	all_refused();
	ktap_ok(sessions_limited(), "64 sessions and no more");
	ktap_ok(!control_state(session, LIVESTACK_STATE_STOPPED) &&
		control_state(session, LIVESTACK_STATE_RUNNING) == EINVAL, "stopped is for good");
	ktap_ok(!control_delete(session) && control_delete(session) == ENOENT, "deleted once");
	ktap_ok(dumped(LIVESTACK_CMD_SESSION_GET) == 0, "nothing is left");
	return ktap_end();
}
