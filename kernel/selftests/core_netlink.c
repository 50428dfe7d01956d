// SPDX-License-Identifier: GPL-2.0-only
/*
 * livestack.ko has its netlink family, tells what it is, and refuses callers of another release.
 * What is wrong with other requests is in core_bad.c, who may send them in core_privilege.c.
 *
 * Needs: livestack.ko loaded.
 */
#include <errno.h>
#include <linux/livestack.h>
#include <string.h>

#include "attack.h"
#include "ktap.h"
#include "nl.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static int fd;
static uint16_t family;

static void start(struct nl_message *message)
{
	nl_start(message, family, LIVESTACK_CMD_VERSION_GET, LIVESTACK_FAMILY_VERSION);
}

static void start_abi(struct nl_message *message, uint32_t abi)
{
	start(message);
	nl_add(message, LIVESTACK_A_VERSION_ABI, &abi, sizeof(abi));
}

/* What was wanted is in the point's name, so the note says what came. */
static bool point(bool ok, const char *name, const struct nl_answer *answer)
{
	if (!ok)
		ktap_note("got %s, error %d (%s), sentence \"%s\", offset %d",
			  answer->silent ? "silence" : answer->replied ? "a reply" : "no reply",
			  answer->error, strerror(answer->error),
			  answer->sentence ? answer->sentence : "", answer->offset);
	return ktap_ok(ok, name);
}

static bool answered(int socket, const char *version, struct nl_answer *answer)
{
	struct nl_message message;

	start(&message);
	if (nl_ask(socket, &message, answer) < 0)
		return false;
	return !answer->silent && !answer->error && answer->replied &&
	       answer->genl.cmd == LIVESTACK_CMD_VERSION_GET &&
	       answer->genl.version == LIVESTACK_FAMILY_VERSION && answer->attributes == 2 &&
	       !strcmp(nl_string(answer, LIVESTACK_A_VERSION_VERSION), version) &&
	       nl_u32(answer, LIVESTACK_A_VERSION_ABI) == LIVESTACK_ABI;
}

/* A caller of another release: the sentence says what to do, word by word as here. */

#define VERSION "livestack.ko speaks version 1 of its netlink family, the caller another: install program and modules of the same release"
#define ABI "livestack.ko speaks ABI 1 and one step to either side, the caller's is further off: install program and modules of the same release"
#define AT_FIRST ((int)NLMSG_LENGTH(GENL_HDRLEN)) /* where a request's first attribute begins */

static const struct {
	const char *name;
	uint8_t version;
	uint32_t abi; /* 0: not said */
	const char *sentence;
} strangers[] = {
	{ "family version 0", 0, 0, VERSION },
	{ "a family version too new", LIVESTACK_FAMILY_VERSION + 1, 0, VERSION },
	{ "the largest family version", UINT8_MAX, LIVESTACK_ABI, VERSION },
	{ "an abi too new", LIVESTACK_FAMILY_VERSION, LIVESTACK_ABI + 2, ABI },
	{ "the largest abi", LIVESTACK_FAMILY_VERSION, UINT32_MAX, ABI },
};

static bool refused(unsigned int index, struct nl_answer *answer)
{
	const bool by_abi = strangers[index].version == LIVESTACK_FAMILY_VERSION;
	const char *sentence = strangers[index].sentence;
	struct nl_message message;

	nl_start(&message, family, LIVESTACK_CMD_VERSION_GET, strangers[index].version);
	if (strangers[index].abi)
		nl_add(&message, LIVESTACK_A_VERSION_ABI, &strangers[index].abi, sizeof(uint32_t));
	if (nl_ask(fd, &message, answer) < 0)
		return false;
	return answer->error == EPROTONOSUPPORT && answer->replied &&
	       answer->genl.cmd == LIVESTACK_CMD_ERROR &&
	       nl_u32(answer, LIVESTACK_A_ERROR_ERRNO) == EPROTONOSUPPORT &&
	       nl_u32(answer, LIVESTACK_A_ERROR_ATTRIBUTE) ==
	       (by_abi ? LIVESTACK_A_VERSION_ABI : 0) &&
	       !strcmp(nl_string(answer, LIVESTACK_A_ERROR_SENTENCE), sentence) &&
	       answer->sentence && !strcmp(answer->sentence, sentence) &&
	       answer->offset == (by_abi ? AT_FIRST : -1);
}

/* A length that does not even cover the header cannot be answered; the next request is. */
static void unanswerable(const char *version)
{
	struct nl_message message;
	struct nl_answer answer;

	start(&message);
	message.header.nlmsg_len = NLMSG_HDRLEN - 1;
	nl_ask_raw(fd, &message, NLMSG_LENGTH(GENL_HDRLEN), 200, &answer);
	point(answer.silent, "message shorter than its header: no answer", &answer);

	start(&message);
	message.header.nlmsg_len = 4096;
	nl_ask_raw(fd, &message, NLMSG_LENGTH(GENL_HDRLEN), 200, &answer);
	point(answer.silent, "message longer than what was sent: no answer", &answer);
	point(answered(fd, version, &answer), "a good request after those is answered", &answer);
}

/* Looked up among the operations: what they are and may is in their flags. */
static bool open_to_all(const struct nl_answer *answer)
{
	const struct nl_attribute *ops = &answer->attribute[CTRL_ATTR_OPS];
	const uint8_t *at = ops->data, *end = at + ops->length;
	unsigned int type, open = 0, closed = 0;
	struct nl_attribute op, field;

	while (at && nl_next(&at, end, &type, &op)) {
		const uint8_t *inner = op.data;
		uint32_t id = 0, flags = 0;

		while (nl_next(&inner, (const uint8_t *)op.data + op.length, &type, &field)) {
			if (type == CTRL_ATTR_OP_ID)
				memcpy(&id, field.data, sizeof(id));
			else if (type == CTRL_ATTR_OP_FLAGS)
				memcpy(&flags, field.data, sizeof(flags));
		}
		if (id == LIVESTACK_CMD_VERSION_GET)
			open += flags == (GENL_CMD_CAP_DO | GENL_CMD_CAP_HASPOL);
		else
			closed += (flags & GENL_ADMIN_PERM) != 0;
	}
	return open == 1 && closed == request_count - 1;
}

/* By name in nlctrl; who may join it is core_privilege's to say. */
static bool has_group(const struct nl_answer *answer)
{
	return nl_group(LIVESTACK_MCGRP_EVENTS, answer) != 0 && !nl_group("event", answer) &&
	       !nl_group("", answer);
}

static void good_requests(const char *version)
{
	struct nl_message message;
	struct nl_answer answer;

	point(answered(fd, version, &answer), "version-get replies with version and abi", &answer);

	start_abi(&message, LIVESTACK_ABI);
	nl_ask(fd, &message, &answer);
	point(answer.replied && !answer.error, "a caller of the same abi is answered", &answer);

	start_abi(&message, LIVESTACK_ABI + 1);
	nl_ask(fd, &message, &answer);
	point(answer.replied && !answer.error, "a caller one step newer is answered", &answer);
}

/* What modinfo says, from the place where the kernel keeps it. */
static bool loaded_version(char *version, size_t size)
{
	FILE *file = fopen("/sys/module/livestack/version", "r");
	bool ok = file && fgets(version, size, file);

	if (file)
		fclose(file);
	version[strcspn(version, "\n")] = 0;
	return ok;
}

int main(void)
{
	struct nl_answer answer;
	char version[64] = "";
	unsigned int index;
	int id;

	if (!loaded_version(version, sizeof(version)))
		return ktap_skip_all("livestack.ko is not loaded: insmod core/livestack.ko");

	ktap_plan(3 + 3 + ARRAY_SIZE(strangers) + 3);

	fd = nl_open();
	id = nl_family(fd, LIVESTACK_FAMILY_NAME, &answer);
	family = id > 0 ? id : 0;
	point(id > 0 && nl_u32(&answer, CTRL_ATTR_VERSION) == LIVESTACK_FAMILY_VERSION,
	      "nlctrl knows the family, with the header's version", &answer);
	point(open_to_all(&answer), "version-get asks for no privilege, all else does",
	      &answer);

	point(has_group(&answer), "there is the group of events", &answer);

	good_requests(version);
	for (index = 0; index < ARRAY_SIZE(strangers); index++) {
		bool ok = refused(index, &answer);
		char name[128];

		snprintf(name, sizeof(name), "%s is refused", strangers[index].name);
		point(ok, name, &answer);
	}
	unanswerable(version);
	return ktap_end();
}
