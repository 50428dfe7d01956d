// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests of the right form with values that mean nothing or what cannot be: names and uuids that
 * are none, ids of nothing and ids that are taken, verbs in the wrong state. Each is refused with
 * its error, its attribute and a sentence, and nothing has changed.
 *
 * Needs: livestack.ko loaded; root.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "attack_spec.h"
#include "control.h"
#include "ktap.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define STATE_MAX 65536

static uint32_t session; /* in state created, as make_session() has it */

/* A request that is good but for one attribute; the caller says how it is refused. */
static struct attack *wrong_bytes(uint8_t command, uint16_t number, const char *what,
				  const void *data, uint16_t length)
{
	const struct spec_op *op = request_of(command);
	const struct spec_attribute *attribute = attribute_of(op, number);
	struct attack *attack = attack_new(op, false, "%s %s", attribute->name, what);

	add_needed(&attack->message, op, false, attribute);
	nl_add(&attack->message, number, data, length);
	return attack;
}

static struct attack *wrong(uint8_t command, uint16_t number, uint64_t value, int error)
{
	const struct spec_attribute *attribute = attribute_of(request_of(command), number);
	struct attack *attack;
	char what[24];

	snprintf(what, sizeof(what), "%llu", (unsigned long long)value);
	attack = wrong_bytes(command, number, what, &value, width(attribute));
	attack_own(attack, error, attribute);
	return attack;
}

static void wrong_names(void)
{
	static const struct {
		const char *what, *bytes;
		uint16_t length;
	} names[] = {
		{ "empty", "", 1 },
		{ "with a newline", "a\nb", 4 },
		{ "with a tab", "a\tb", 4 },
		{ "with an escape", "a\33[1mb", 7 },
		{ "of \\x01", "\1", 2 },
		{ "of \\x1f", "\37", 2 },
		{ "of \\x7f", "\177", 2 },
		{ "of \\x80", "\200", 2 },
		{ "of \\xff", "\377", 2 },
		{ "in UTF-8", "caf\303\251", 6 },
		{ "with text behind its NUL", "a\0b", 4 },
		{ "with two NULs", "a\0", 3 },
	};
	unsigned int i, j, k;

	for (i = 0; i < request_count; i++) {
		const struct spec_op *op = &requests[i];

		for (j = 0; j < op->count; j++) {
			const struct spec_attribute *attribute = &op->attributes[j];

			if (strcmp(attribute->name, "name"))
				continue;
			for (k = 0; k < ARRAY_SIZE(names); k++)
				attack_own(wrong_bytes(op->command, attribute->number,
						       names[k].what, names[k].bytes,
						       names[k].length),
					   EINVAL, attribute);
		}
	}
}

static void wrong_uuids(void)
{
	static const char * const uuids[] = {
		"", "6ba7b810", "6ba7b810-9dad-41d1-80b4-00c04fd430c",
		"6ba7b8109dad41d180b400c04fd430c86ba7", "6ba7b810-9dad-41d1-80b4-00c04fd430cg",
		"6ba7b81-09dad-41d1-80b4-00c04fd430c8", "{6ba7b810-9dad-41d1-80b4-00c04fd430}",
		" 6ba7b810-9dad-41d1-80b4-00c04fd430c", "6ba7b810-9dad-41d1-80b4-00c04fd430c ",
		"6ba7b810_9dad_41d1_80b4_00c04fd430c8", "\377\377\377\377",
	};
	const struct spec_attribute *uuid =
		attribute_of(request_of(LIVESTACK_CMD_SESSION_NEW), LIVESTACK_A_SESSION_UUID);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(uuids); i++)
		attack_own(wrong_bytes(LIVESTACK_CMD_SESSION_NEW, LIVESTACK_A_SESSION_UUID,
				       uuids[i], uuids[i], strlen(uuids[i]) + 1), EINVAL, uuid);
}

/* The session's own, as it was given and in capitals, which are the same number. */
static void taken_uuids(void)
{
	const struct spec_attribute *uuid =
		attribute_of(request_of(LIVESTACK_CMD_SESSION_NEW), LIVESTACK_A_SESSION_UUID);
	struct nl_answer answer;
	char text[40] = "";
	unsigned int i;

	control_get(session, &answer);
	snprintf(text, sizeof(text), "%s", nl_string(&answer, LIVESTACK_A_SESSION_UUID));
	attack_own(wrong_bytes(LIVESTACK_CMD_SESSION_NEW, LIVESTACK_A_SESSION_UUID, "that is taken",
			       text, strlen(text) + 1), EEXIST, uuid);
	for (i = 0; text[i]; i++)
		if (text[i] >= 'a' && text[i] <= 'f')
			text[i] -= 'a' - 'A';
	attack_own(wrong_bytes(LIVESTACK_CMD_SESSION_NEW, LIVESTACK_A_SESSION_UUID,
			       "that is taken, in capitals", text, strlen(text) + 1), EEXIST, uuid);
}

/* Of every request that names a session, by whichever attribute. */
static void no_such_session(void)
{
	static const uint32_t ids[] = { NOBODY, INT32_MAX, (uint32_t)INT32_MAX + 1, UINT32_MAX };
	unsigned int i, j, k;

	for (i = 0; i < request_count; i++) {
		const struct spec_op *op = &requests[i];

		for (j = 0; j < op->count; j++) {
			const struct spec_attribute *attribute = &op->attributes[j];

			if (attribute->type != SPEC_U32 || !(attribute->flags & SPEC_NEEDED) ||
			    (strcmp(attribute->name, "session") && strcmp(attribute->name, "id")))
				continue;
			for (k = 0; k < ARRAY_SIZE(ids); k++)
				wrong(op->command, attribute->number, ids[k], ENOENT);
		}
	}
}

static void dumps_of_no_session(void)
{
	static const uint32_t nobody = NOBODY;
	unsigned int i;

	for (i = 0; i < request_count; i++) {
		const struct spec_op *op = &requests[i];
		struct attack *attack;

		if (!op->count || !(op->attributes[0].flags & SPEC_DUMP))
			continue;
		attack = attack_new(op, true, "of no session");
		nl_add(&attack->message, op->attributes[0].number, &nobody, sizeof(nobody));
		attack_own(attack, ENOENT, &op->attributes[0]);
	}
}

static void no_such_part(void)
{
	wrong(LIVESTACK_CMD_COMPONENT_GET, LIVESTACK_A_COMPONENT_ID, 3, ENOENT);
	wrong(LIVESTACK_CMD_COMPONENT_GET, LIVESTACK_A_COMPONENT_ID, 1023, ENOENT);
	wrong(LIVESTACK_CMD_COMPONENT_DEL, LIVESTACK_A_COMPONENT_ID, 3, ENOENT);
	wrong(LIVESTACK_CMD_COMPONENT_DEL, LIVESTACK_A_COMPONENT_ID, 1023, ENOENT);
	wrong(LIVESTACK_CMD_LINK_GET, LIVESTACK_A_LINK_ID, 1, ENOENT);
	wrong(LIVESTACK_CMD_LINK_SET, LIVESTACK_A_LINK_ID, 4095, ENOENT);
	wrong(LIVESTACK_CMD_LINK_DEL, LIVESTACK_A_LINK_ID, 4095, ENOENT);
	wrong(LIVESTACK_CMD_LINK_NEW, LIVESTACK_A_LINK_A, 3, ENOENT)->word = "component";
	wrong(LIVESTACK_CMD_LINK_NEW, LIVESTACK_A_LINK_B, 1023, ENOENT)->word = "component";
}

static void taken_ids(void)
{
	wrong(LIVESTACK_CMD_COMPONENT_NEW, LIVESTACK_A_COMPONENT_ID, 0, EEXIST);
	wrong(LIVESTACK_CMD_COMPONENT_NEW, LIVESTACK_A_COMPONENT_ID, 1, EEXIST);
	wrong(LIVESTACK_CMD_LINK_NEW, LIVESTACK_A_LINK_ID, 0, EEXIST);
}

static uint32_t session_in(uint32_t state)
{
	uint32_t id = make_session();

	if (id && state == LIVESTACK_STATE_PAUSED)
		control_state(id, LIVESTACK_STATE_RUNNING);
	return !id || (state != LIVESTACK_STATE_CREATED && control_state(id, state)) ? 0 : id;
}

/* What is set beside a state that cannot be stays as it was: dumps show it when all is over. */
static void set_beside(const struct spec_attribute *other, uint32_t state)
{
	const struct spec_op *op = request_of(LIVESTACK_CMD_SESSION_SET);
	const struct spec_attribute *attribute = attribute_of(op, LIVESTACK_A_SESSION_STATE);
	struct attack *attack = attack_new(op, false, "%s beside state %u", other->name, state);

	add_needed(&attack->message, op, false, NULL);
	add_good(&attack->message, op, other);
	nl_add(&attack->message, attribute->number, &state, sizeof(state));
	attack_own(attack, EINVAL, attribute);
}

static void wrong_states(const uint32_t id[])
{
	static const uint32_t to[][5] = {
		[LIVESTACK_STATE_CREATED] = { LIVESTACK_STATE_CREATED, LIVESTACK_STATE_PAUSED },
		[LIVESTACK_STATE_RUNNING] = { LIVESTACK_STATE_CREATED, LIVESTACK_STATE_RUNNING },
		[LIVESTACK_STATE_PAUSED] = { LIVESTACK_STATE_CREATED, LIVESTACK_STATE_PAUSED },
		[LIVESTACK_STATE_STOPPED] = { LIVESTACK_STATE_CREATED, LIVESTACK_STATE_RUNNING,
					      LIVESTACK_STATE_PAUSED, LIVESTACK_STATE_STOPPED },
	};
	const struct spec_op *op = request_of(LIVESTACK_CMD_SESSION_SET);
	uint32_t from;
	unsigned int i;

	for (from = LIVESTACK_STATE_CREATED; from <= LIVESTACK_STATE_STOPPED; from++) {
		attack_session(id[from]);
		for (i = 0; to[from][i]; i++)
			wrong(LIVESTACK_CMD_SESSION_SET, LIVESTACK_A_SESSION_STATE, to[from][i],
			      EINVAL);
		for (i = 0; i < op->count; i++)
			if (!(op->attributes[i].flags & SPEC_NEEDED) &&
			    op->attributes[i].number != LIVESTACK_A_SESSION_STATE &&
			    op->attributes[i].number != LIVESTACK_A_SESSION_MODE)
				set_beside(&op->attributes[i], LIVESTACK_STATE_CREATED);
	}
	attack_session(session);
}

/* Nothing to set, and values that are only ever told. */
static void wrong_sets(void)
{
	static const uint8_t sets[] = { LIVESTACK_CMD_SESSION_SET, LIVESTACK_CMD_LINK_SET };
	struct attack *attack;
	unsigned int i;

	for (i = 0; i < sizeof(sets); i++) {
		attack = attack_new(request_of(sets[i]), false, "of nothing");
		add_needed(&attack->message, request_of(sets[i]), false, NULL);
		attack_own(attack, EINVAL, NULL);
		attack->word = "nothing to set";
	}
	wrong(LIVESTACK_CMD_SESSION_SET, LIVESTACK_A_SESSION_MODE, LIVESTACK_MODE_STRICT,
	      EPERM)->word = "free";
	wrong(LIVESTACK_CMD_SESSION_SET, LIVESTACK_A_SESSION_MODE, LIVESTACK_MODE_RELAXED,
	      EPERM)->word = "free";
	wrong(LIVESTACK_CMD_SESSION_SET, LIVESTACK_A_SESSION_CLOCKSOURCE,
	      LIVESTACK_CLOCKSOURCE_SELECTED, EINVAL);
}

/* In a strict session no window may be longer than a latency, and a link has two ends. */
static void wrong_links(void)
{
	wrong(LIVESTACK_CMD_LINK_NEW, LIVESTACK_A_LINK_B, 0, EINVAL)->word = "link";
	wrong(LIVESTACK_CMD_LINK_NEW, LIVESTACK_A_LINK_LATENCY_NS, 4999, ERANGE)->word = "latency";
	wrong(LIVESTACK_CMD_LINK_SET, LIVESTACK_A_LINK_LATENCY_NS, 4999, ERANGE)->word = "latency";
	wrong(LIVESTACK_CMD_SESSION_SET, LIVESTACK_A_SESSION_QUANTUM_NS, 1000001,
	      ERANGE)->word = "quantum";
}

/* What a process has joined stays, and what a link ends at. */
static void joined(uint32_t id)
{
	attack_session(id);
	wrong(LIVESTACK_CMD_SESSION_DEL, LIVESTACK_A_SESSION_ID, id, EBUSY)->word = "joined";
	wrong(LIVESTACK_CMD_COMPONENT_DEL, LIVESTACK_A_COMPONENT_ID, 0, EBUSY)->word = "joined";
	attack_session(session);
	wrong(LIVESTACK_CMD_COMPONENT_DEL, LIVESTACK_A_COMPONENT_ID, 1, EBUSY)->word = "link";
}

static void refused_since(unsigned int first, const char *what)
{
	char name[128];

	snprintf(name, sizeof(name), "%s: %u refused", what, attack_count() - first);
	ktap_ok(attack_once(first), name);
}

static void each_once(const uint32_t id[], uint32_t with_joined)
{
	unsigned int first = attack_count();

	wrong_names();
	refused_since(first, "names that are none, wherever a name is given");
	first = attack_count();
	wrong_uuids();
	refused_since(first, "uuids that are none");
	first = attack_count();
	taken_uuids();
	taken_ids();
	refused_since(first, "uuids and ids that are taken");
	first = attack_count();
	no_such_session();
	refused_since(first, "sessions that are not there, wherever one is named");
	first = attack_count();
	dumps_of_no_session();
	refused_since(first, "dumps of a session that is not there");
	first = attack_count();
	no_such_part();
	refused_since(first, "components and links that are not there");
	first = attack_count();
	wrong_states(id);
	refused_since(first, "states that cannot follow, alone and beside all else");
	first = attack_count();
	wrong_sets();
	refused_since(first, "nothing to set, and what cannot be set");
	first = attack_count();
	wrong_links();
	refused_since(first, "links that lead nowhere, or are shorter than a window");
	first = attack_count();
	joined(with_joined);
	refused_since(first, "deleting what a process has joined, or a link ends at");
}

static void all_again(void)
{
	const unsigned int rounds = ktap_count(100, 10000);
	unsigned int bad = attack_all(rounds, false);

	ktap_note("%u attacks, %u rounds, %u other answers", attack_count(), rounds, bad);
	ktap_ok(bad == 0, "each is refused in the same way each time");
}

static bool deleted(const uint32_t id[], uint32_t with_joined)
{
	bool ok = !control_delete(with_joined);
	uint32_t state;

	for (state = LIVESTACK_STATE_CREATED; state <= LIVESTACK_STATE_STOPPED; state++)
		ok &= !control_delete(id[state]);
	return ok;
}

int main(void)
{
	static uint8_t before[STATE_MAX], after[STATE_MAX];
	uint32_t id[LIVESTACK_STATE_STOPPED + 1], state;
	struct livestack_join join = { 0 };
	size_t empty, had, has;
	bool made = true;
	int device;

	if (control_missing())
		return ktap_skip_all(control_missing());

	ktap_plan(14);
	empty = state_dump(before, sizeof(before));
	for (state = LIVESTACK_STATE_CREATED; state <= LIVESTACK_STATE_STOPPED; state++)
		made &= (id[state] = session_in(state)) != 0;
	join.session = make_session();
	device = open("/dev/livestack", O_RDWR | O_CLOEXEC);
	ktap_ok(made && !ioctl(device, LIVESTACK_IOC_JOIN, &join),
		"a session in each state, and one that is joined");
	session = id[LIVESTACK_STATE_CREATED];
	attack_session(session);

	had = state_dump(before, sizeof(before));
	each_once(id, join.session);
	all_again();
	has = state_dump(after, sizeof(after));
	ktap_ok(had > empty && has == had && !memcmp(before, after, had),
		"dumps tell what they told before");
	close(device);
	ktap_ok(deleted(id, join.session) && state_dump(after, sizeof(after)) == empty,
		"nothing is left");
	return ktap_end();
}
