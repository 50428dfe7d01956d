// SPDX-License-Identifier: GPL-2.0-only
/* Attacks that follow from the spec alone. */
#include "attack_spec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define LENGTH "invalid attribute length"
#define LEFTOVER "bytes leftover after parsing attributes"
#define POLICY "Attribute failed policy validation"
#define RANGE "integer out of range"
#define SIZE "binary attribute size out of range"
#define NESTED "NLA_F_NESTED not expected"
#define FLAT "NLA_F_NESTED is missing"
#define RESERVED "genlmsghdr.reserved field is not 0"
#define FLAGS "ambiguous or reserved bits set in nlmsg_flags"
#define LONG 600

/* With one attribute of bytes of the caller's choice, after all that is needed beside it. */
static struct attack *with(const struct spec_op *op, bool dump,
			   const struct spec_attribute *attribute, const char *what,
			   const void *data, uint16_t length, int *offset)
{
	struct attack *attack = attack_new(op, dump, "%s %s", attribute->name, what);

	add_needed(&attack->message, op, dump, attribute);
	*offset = nl_add(&attack->message, attribute->number, data, length);
	return attack;
}

static void attack_integer(const struct spec_op *op, bool dump,
			   const struct spec_attribute *attribute)
{
	static const uint8_t lengths[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 16 };
	const uint8_t bytes[16] = { 1 };
	const unsigned int own = width(attribute);
	const uint64_t below = attribute->min - 1, above = attribute->max + 1, most = UINT64_MAX;
	const bool bounded = own < 8 ? above >> (8 * own) == 0 : above != 0;
	struct attack *attack;
	unsigned int i;
	int offset;

	for (i = 0; i < sizeof(lengths); i++) {
		char what[32];

		if (lengths[i] == own)
			continue;
		snprintf(what, sizeof(what), "of %u bytes", lengths[i]);
		attack = with(op, dump, attribute, what, bytes, lengths[i], &offset);
		attack_core(attack, EINVAL, LENGTH, offset);
	}
	if (attribute->min) {
		attack = with(op, dump, attribute, "below its range", &below, own, &offset);
		attack_core(attack, ERANGE, RANGE, offset);
	}
	if (bounded) {
		attack = with(op, dump, attribute, "above its range", &above, own, &offset);
		attack_core(attack, ERANGE, RANGE, offset);
		attack = with(op, dump, attribute, "of all ones", &most, own, &offset);
		attack_core(attack, ERANGE, RANGE, offset);
	}
}

static void attack_string(const struct spec_op *op, bool dump,
			  const struct spec_attribute *attribute)
{
	char text[LONG];
	struct attack *attack;
	int offset;

	memset(text, 'x', sizeof(text));
	attack = with(op, dump, attribute, "of 0 bytes", text, 0, &offset);
	attack_core(attack, EINVAL, POLICY, offset);
	attack = with(op, dump, attribute, "without NUL", text, 4, &offset);
	attack_core(attack, EINVAL, POLICY, offset);
	attack = with(op, dump, attribute, "of most bytes, without NUL", text, attribute->max,
		      &offset);
	attack_core(attack, EINVAL, POLICY, offset);
	attack = with(op, dump, attribute, "far too long", text, sizeof(text), &offset);
	attack_core(attack, EINVAL, POLICY, offset);

	text[attribute->max + 1] = 0;
	attack = with(op, dump, attribute, "a byte too long", text, attribute->max + 2, &offset);
	attack_core(attack, EINVAL, POLICY, offset);
	text[4] = 0;
	attack = with(op, dump, attribute, "with more than most behind its NUL", text, LONG,
		      &offset);
	attack_core(attack, ERANGE, POLICY, offset);
}

/* All that are in requests are arrays of pairs of u64, an address, or of one length only. */
static void attack_binary(const struct spec_op *op, bool dump,
			  const struct spec_attribute *attribute)
{
	static const uint8_t bytes[LONG];
	struct attack *attack;
	int offset;

	if (attribute->min == attribute->max) {
		attack = with(op, dump, attribute, "too long", bytes, attribute->max + 1, &offset);
		attack_core(attack, ERANGE, SIZE, offset);
		attack = with(op, dump, attribute, "too short", bytes, attribute->min - 1, &offset);
		attack_core(attack, ERANGE, SIZE, offset);
		return;
	}
	attack = with(op, dump, attribute, "too long", bytes, attribute->max + 16, &offset);
	attack_core(attack, ERANGE, POLICY, offset);
	attack = with(op, dump, attribute, "with half a pair", bytes, 8, &offset);
	attack_own(attack, EINVAL, attribute);
	attack = with(op, dump, attribute, "with half a number", bytes, 12, &offset);
	attack_own(attack, EINVAL, attribute);
}

static void attack_flag(const struct spec_op *op, bool dump,
			const struct spec_attribute *attribute)
{
	static const uint8_t bytes[4];
	struct attack *attack;
	int offset;

	attack = with(op, dump, attribute, "with a value", bytes, sizeof(bytes), &offset);
	attack_core(attack, ERANGE, POLICY, offset);
}

static void attack_nest(const struct spec_op *op, bool dump,
			const struct spec_attribute *attribute)
{
	struct attack *attack;
	int offset;

	attack = attack_new(op, dump, "%s not marked as a nest", attribute->name);
	add_needed(&attack->message, op, dump, attribute);
	offset = add_way(&attack->message, attribute->number, LIVESTACK_A_DIRECTION_DOWN);
	attack_core(attack, EINVAL, FLAT, offset);

	attack = attack_new(op, dump, "%s with an attribute that there is not", attribute->name);
	add_needed(&attack->message, op, dump, attribute);
	offset = add_way(&attack->message, attribute->number | NLA_F_NESTED, 999);
	attack_core(attack, EINVAL, "Unknown attribute type", offset + NLA_HDRLEN);

	attack = attack_new(op, dump, "%s with what is counted, not set", attribute->name);
	add_needed(&attack->message, op, dump, attribute);
	add_way(&attack->message, attribute->number | NLA_F_NESTED,
		LIVESTACK_A_DIRECTION_QUEUED);
	attack_own(attack, EINVAL, attribute);
	attack->word = "counted";
}

/* Wrong whatever its type is. */
static void attack_frame(const struct spec_op *op, bool dump,
			 const struct spec_attribute *attribute)
{
	static const uint16_t lengths[] = { 0, NLA_HDRLEN - 1, UINT16_MAX };
	struct attack *attack;
	struct nlattr *header;
	unsigned int i;
	int offset;

	if (attribute->type != SPEC_NEST) {
		attack = attack_new(op, dump, "%s marked as a nest", attribute->name);
		add_needed(&attack->message, op, dump, attribute);
		offset = add_good(&attack->message, op, attribute);
		header = (struct nlattr *)((uint8_t *)&attack->message + offset);
		header->nla_type |= NLA_F_NESTED;
		attack_core(attack, EINVAL, NESTED, offset);
	}

	attack = attack_new(op, dump, "%s cut off", attribute->name);
	add_needed(&attack->message, op, dump, attribute);
	offset = add_good(&attack->message, op, attribute);
	header = (struct nlattr *)((uint8_t *)&attack->message + offset);
	attack->message.header.nlmsg_len = offset + header->nla_len - 1;
	attack_core(attack, EINVAL, LEFTOVER, NO_OFFSET);

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		attack = attack_new(op, dump, "%s that says it has %u bytes", attribute->name,
				    lengths[i]);
		add_needed(&attack->message, op, dump, attribute);
		offset = add_good(&attack->message, op, attribute);
		header = (struct nlattr *)((uint8_t *)&attack->message + offset);
		header->nla_len = lengths[i];
		attack_core(attack, EINVAL, LEFTOVER, NO_OFFSET);
	}

	attack = attack_new(op, dump, "%s twice", attribute->name);
	add_needed(&attack->message, op, dump, attribute);
	add_good(&attack->message, op, attribute);
	add_good(&attack->message, op, attribute);
	attack_own(attack, EINVAL, attribute);
	attack->word = "twice";
}

/* False for a type that came into requests after this was written. */
static bool attack_attribute(const struct spec_op *op, bool dump,
			     const struct spec_attribute *attribute)
{
	struct attack *attack;

	if (width(attribute))
		attack_integer(op, dump, attribute);
	else if (attribute->type == SPEC_STRING && attribute->max)
		attack_string(op, dump, attribute);
	else if (attribute->type == SPEC_BINARY && attribute->max)
		attack_binary(op, dump, attribute);
	else if (attribute->type == SPEC_FLAG)
		attack_flag(op, dump, attribute);
	else if (attribute->type == SPEC_NEST)
		attack_nest(op, dump, attribute);
	else
		return false;
	attack_frame(op, dump, attribute);

	if (!dump && (attribute->flags & SPEC_NEEDED)) {
		attack = attack_new(op, dump, "%s missing", attribute->name);
		add_needed(&attack->message, op, dump, attribute);
		attack_own(attack, EINVAL, attribute);
	}
	return true;
}

static const struct spec_attribute *by_number(const struct spec_op *op, uint16_t number)
{
	unsigned int i;

	for (i = 0; i < op->count; i++)
		if (op->attributes[i].number == number)
			return &op->attributes[i];
	return NULL;
}

/* Of what it does not take, the policy knows what its do or dump takes: that the module refuses. */
static void attack_foreign(const struct spec_op *op, bool dump, uint16_t number)
{
	const struct spec_attribute *attribute = by_number(op, number);
	const uint16_t last = op->count ? op->attributes[op->count - 1].number : 0;
	struct attack *attack;
	int offset;

	if (attribute && (attribute->flags & (dump ? SPEC_DUMP : SPEC_DO)))
		return;
	if (attribute) {
		attack = attack_new(op, dump, "%s, which only the other takes", attribute->name);
		add_needed(&attack->message, op, dump, NULL);
		add_good(&attack->message, op, attribute);
		attack_own(attack, EINVAL, attribute);
		return;
	}
	attack = attack_new(op, dump, "attribute %u", number);
	add_needed(&attack->message, op, dump, NULL);
	offset = nl_add(&attack->message, number, NULL, 0);
	attack_core(attack, EINVAL, number == 0 || number > last ?
		    "Unknown attribute type" : "Unsupported attribute", offset);
}

static void attack_header(const struct spec_op *op, bool dump)
{
	static const uint16_t flags[] = { NLM_F_CREATE, NLM_F_APPEND, 0x10, 0x8000 };
	static const uint8_t versions[] = { 0, LIVESTACK_FAMILY_VERSION + 1, 255 };
	struct attack *attack;
	unsigned int i;

	attack = attack_new(op, dump, "reserved bits in its header");
	attack->message.genl.reserved = 1;
	attack_core(attack, EINVAL, RESERVED, NO_OFFSET);
	attack = attack_new(op, dump, "half a header");
	attack->message.header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) - 2;
	attack_core(attack, EINVAL, "", NO_OFFSET);
	attack = attack_new(op, dump, "bytes that are no attribute");
	attack->message.header.nlmsg_len += 3;
	attack_core(attack, EINVAL, LEFTOVER, NO_OFFSET);

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		attack = attack_new(op, dump, "flags %#x", flags[i]);
		attack->message.header.nlmsg_flags |= flags[i];
		attack_core(attack, EINVAL, FLAGS, NO_OFFSET);
	}
	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		attack = attack_new(op, dump, "family version %u", versions[i]);
		attack->message.genl.version = versions[i];
		attack_own(attack, EPROTONOSUPPORT, NULL);
		attack->word = "version";
	}
}

bool attack_op(const struct spec_op *op, bool dump)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; i < op->count; i++)
		if (op->attributes[i].flags & (dump ? SPEC_DUMP : SPEC_DO))
			ok &= attack_attribute(op, dump, &op->attributes[i]);
	for (i = 0; i <= op->most + 2U; i++)
		attack_foreign(op, dump, i);
	attack_foreign(op, dump, 0x3fff);
	attack_header(op, dump);
	return ok;
}
