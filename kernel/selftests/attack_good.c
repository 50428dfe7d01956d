// SPDX-License-Identifier: GPL-2.0-only
/* What a request is accepted with, of which attacks then make something else. */
#include "attack_spec.h"

#include <string.h>

#include "control.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t session;

/* Values that a request is accepted with, where the smallest there may be is not one. */
static const struct {
	const char *op, *attribute; /* op NULL: any */
	uint64_t number;
} known[] = {
	{ "component-new", "id", 9 },
	{ "component-del", "id", 2 },
	{ "link-new", "id", 9 },
	{ NULL, "b", 1 },
	{ NULL, "latency-ns", 1000000 },
	{ NULL, "back-latency-ns", 1000000 },
	{ NULL, "state", LIVESTACK_STATE_RUNNING },
	{ "session-set", "mode", LIVESTACK_MODE_FREE },
};

void attack_session(uint32_t id)
{
	session = id;
}

static uint64_t good_number(const struct spec_op *op, const struct spec_attribute *attribute)
{
	unsigned int i;

	if (!strcmp(attribute->name, "session") ||
	    (!strncmp(op->name, "session-", 8) && !strcmp(attribute->name, "id")))
		return session;
	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].attribute, attribute->name) &&
		    (!known[i].op || !strcmp(known[i].op, op->name)))
			return known[i].number;
	return attribute->min;
}

unsigned int width(const struct spec_attribute *attribute)
{
	static const unsigned int widths[] = {
		[SPEC_U8] = 1, [SPEC_U16] = 2, [SPEC_U32] = 4, [SPEC_U64] = 8,
	};

	return attribute->type <= SPEC_U64 ? widths[attribute->type] : 0;
}

int add_way(struct nl_message *message, uint16_t number, uint16_t inside)
{
	const struct {
		uint16_t length, type;
		uint32_t value;
	} way = { sizeof(way), inside, 0 };

	return nl_add(message, number, &way, sizeof(way));
}

/* An array may be empty; an address is one of IPv4. */
static uint16_t good_length(const struct spec_attribute *attribute)
{
	return strcmp(attribute->name, "address") ? attribute->min : 4;
}

int add_good(struct nl_message *message, const struct spec_op *op,
	     const struct spec_attribute *attribute)
{
	const uint64_t number = good_number(op, attribute);
	static const uint8_t bytes[64];
	const char *text = strcmp(attribute->name, "uuid") ? "part" :
			   "6ba7b810-9dad-41d1-80b4-00c04fd430c8";

	if (width(attribute))
		return nl_add(message, attribute->number, &number, width(attribute));
	if (attribute->type == SPEC_BINARY)
		return nl_add(message, attribute->number, bytes, good_length(attribute));
	if (attribute->type == SPEC_FLAG)
		return nl_add(message, attribute->number, NULL, 0);
	if (attribute->type == SPEC_NEST)
		return add_way(message, attribute->number | NLA_F_NESTED,
			       LIVESTACK_A_DIRECTION_DOWN);
	return nl_add(message, attribute->number, text, strlen(text) + 1);
}

void add_needed(struct nl_message *message, const struct spec_op *op, bool dump,
		const struct spec_attribute *without)
{
	unsigned int i;

	for (i = 0; !dump && i < op->count; i++)
		if ((op->attributes[i].flags & SPEC_NEEDED) && &op->attributes[i] != without)
			add_good(message, op, &op->attributes[i]);
}

uint32_t make_session(void)
{
	const struct spec_op *link = request_of(LIVESTACK_CMD_LINK_NEW);
	uint32_t session = control_session(5000, 0);
	struct nl_message message;
	struct nl_answer answer;
	const uint16_t id = 0;
	uint16_t part;

	for (part = 0; part < 3; part++)
		if (!session || control_component(session, part, LIVESTACK_KIND_MODEL))
			return 0;
	attack_session(session);
	control_start(&message, link->command);
	add_needed(&message, link, false, attribute_of(link, LIVESTACK_A_LINK_ID));
	nl_add(&message, LIVESTACK_A_LINK_ID, &id, sizeof(id));
	return control_ask(&message, &answer) ? 0 : session;
}
