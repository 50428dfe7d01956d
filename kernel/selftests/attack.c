// SPDX-License-Identifier: GPL-2.0-only

#include "attack.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "spec_gen.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

const struct spec_op *const requests = spec_ops;
const unsigned int request_count = ARRAY_SIZE(spec_ops);

static struct attack attacks[ATTACKS];
static unsigned int attacks_made;

const struct spec_op *request_of(uint8_t command)
{
	unsigned int i;

	for (i = 0; i < request_count; i++)
		if (requests[i].command == command)
			return &requests[i];
	return NULL;
}

const struct spec_attribute *attribute_of(const struct spec_op *op, uint16_t number)
{
	unsigned int i;

	for (i = 0; i < op->count; i++)
		if (op->attributes[i].number == number)
			return &op->attributes[i];
	fprintf(stderr, "%s takes no attribute %u: correct the self-test\n", op->name, number);
	exit(1);
}

struct attack *attack_new(const struct spec_op *op, bool dump, const char *format, ...)
{
	struct attack *attack = &attacks[attacks_made++];
	va_list args;
	int length;

	if (attacks_made == ATTACKS) {
		fprintf(stderr, "more attacks than ATTACKS: raise it in attack.h\n");
		exit(1);
	}
	length = snprintf(attack->name, sizeof(attack->name), "%s%s: ", op->name,
			  dump ? " (dump)" : "");
	va_start(args, format);
	vsnprintf(attack->name + length, sizeof(attack->name) - length, format, args);
	va_end(args);
	control_start(&attack->message, op->command);
	if (dump)
		attack->message.header.nlmsg_flags |= NLM_F_DUMP;
	return attack;
}

void attack_core(struct attack *attack, int error, const char *sentence, int offset)
{
	attack->error = error;
	attack->sentence = sentence;
	attack->offset = offset;
}

/* Where an attribute begins in a request, the last when it is there twice. */
static int offset_of(const struct nl_message *message, uint16_t number)
{
	const uint8_t *base = (const uint8_t *)message;
	const uint8_t *at = base + NLMSG_LENGTH(GENL_HDRLEN);
	const uint8_t *end = base + message->header.nlmsg_len;
	struct nl_attribute attribute;
	int offset = NO_OFFSET;
	unsigned int type;

	while (nl_next(&at, end, &type, &attribute))
		if (type == number)
			offset = (const uint8_t *)attribute.data - NLA_HDRLEN - base;
	return offset;
}

void attack_own(struct attack *attack, int error, const struct spec_attribute *attribute)
{
	const bool dump = (attack->message.header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;

	attack->error = error;
	attack->attribute = attribute ? attribute->number : 0;
	attack->word = attribute ? attribute->name : NULL;
	/* What ends a dump holds no offset. */
	attack->offset = dump ? ANY_OFFSET :
			 attribute ? offset_of(&attack->message, attribute->number) : NO_OFFSET;
}

/* The family's own message says what the extended ACK says; what the core refuses has none. */
static bool both_say(const struct attack *attack, const struct nl_answer *answer)
{
	const char *sentence = answer->sentence ? answer->sentence : "";

	if (attack->sentence)
		return !answer->replied && !strcmp(sentence, attack->sentence);
	return answer->replies == 1 && answer->genl.cmd == LIVESTACK_CMD_ERROR &&
	       strlen(sentence) >= 20 && (!attack->word || strstr(sentence, attack->word)) &&
	       !strcmp(sentence, nl_string(answer, LIVESTACK_A_ERROR_SENTENCE)) &&
	       nl_u32(answer, LIVESTACK_A_ERROR_ERRNO) == (uint32_t)attack->error &&
	       nl_u32(answer, LIVESTACK_A_ERROR_ATTRIBUTE) == attack->attribute;
}

bool attack_refused(struct attack *attack, bool aloud)
{
	struct nl_answer answer;
	int error = control_ask(&attack->message, &answer);
	bool at = attack->offset == ANY_OFFSET || answer.offset == attack->offset;

	if (error == attack->error && at && both_say(attack, &answer))
		return true;
	if (aloud)
		printf("# %s: error %d (not %d), \"%s\", offset %d (%d), attribute %u (%u), %s\n",
		       attack->name, error, attack->error, answer.sentence ? answer.sentence : "",
		       answer.offset, attack->offset, nl_u32(&answer, LIVESTACK_A_ERROR_ATTRIBUTE),
		       attack->attribute, answer.replied ? "a reply" : "no reply");
	return false;
}

unsigned int attack_count(void)
{
	return attacks_made;
}

bool attack_once(unsigned int first)
{
	unsigned int bad = 0;

	for (; first < attacks_made; first++)
		bad += !attack_refused(&attacks[first], bad < 10);
	return bad == 0;
}

unsigned int attack_all(unsigned int rounds, bool own)
{
	unsigned int round, i, bad = 0;

	for (round = 0; round < rounds; round++)
		for (i = 0; i < attacks_made; i++)
			if (!own || !attacks[i].sentence)
				bad += !attack_refused(&attacks[i], bad < 3);
	return bad;
}

/* One dump without what differs from dump to dump: its messages begin with numbers of its own. */
static size_t dump_into(int fd, uint8_t command, uint8_t *into, size_t size)
{
	static uint8_t bytes[65536];
	struct nl_message message;
	struct nlmsghdr *header;
	size_t used = 0;
	int left;

	control_start(&message, command);
	message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (send(fd, &message, message.header.nlmsg_len, 0) < 0)
		return SIZE_MAX;
	for (;;) {
		left = recv(fd, bytes, sizeof(bytes), 0);
		if (left <= 0)
			return SIZE_MAX;
		for (header = (void *)bytes; NLMSG_OK(header, left);
		     header = NLMSG_NEXT(header, left)) {
			size_t length = header->nlmsg_len - NLMSG_HDRLEN;

			if (header->nlmsg_type == NLMSG_DONE)
				return *(int *)NLMSG_DATA(header) ? SIZE_MAX : used;
			if (header->nlmsg_type == NLMSG_ERROR || used + length > size)
				return SIZE_MAX;
			memcpy(into + used, NLMSG_DATA(header), length);
			used += length;
		}
	}
}

size_t state_dump(uint8_t *into, size_t size)
{
	unsigned int i;
	size_t used = 0;
	int fd = nl_open();

	for (i = 0; i < request_count && used <= size; i++) {
		size_t more;

		if (!(requests[i].flags & SPEC_DUMP))
			continue;
		more = dump_into(fd, requests[i].command, into + used, size - used);
		if (more == SIZE_MAX) {
			printf("# %s: the dump failed, or is longer than the room for it\n",
			       requests[i].name);
			used = 0;
			break;
		}
		used += more;
	}
	close(fd);
	return used;
}

void attack_commands(void)
{
	struct attack *attack;
	unsigned int i;

	for (i = 0; i <= UINT8_MAX; i++) {
		const struct spec_op *known_op = request_of(i);
		const struct spec_op op = { .name = "request", .command = i };

		if (!known_op || !(known_op->flags & SPEC_DO)) {
			attack = attack_new(&op, false, "of number %u", i);
			attack_core(attack, EOPNOTSUPP, "", NO_OFFSET);
		}
		if (!known_op || !(known_op->flags & SPEC_DUMP)) {
			attack = attack_new(&op, true, "of number %u", i);
			attack_core(attack, EOPNOTSUPP, "", NO_OFFSET);
		}
	}
}
