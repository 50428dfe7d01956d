// SPDX-License-Identifier: GPL-2.0-only
/*
 * livestack.ko answers its netlink family as the uapi header says, and refuses every bad message
 * with the right error number, sentence and attribute.
 *
 * Needs: livestack.ko loaded; root for the points about other users and namespaces.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <linux/livestack.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "nl.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define NOBODY 65534

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

/* Bad messages that the netlink core refuses by the generated policy, and those that we refuse. */

static void unknown_command(struct nl_message *message)
{
	nl_start(message, family, LIVESTACK_CMD_MAX + 1, LIVESTACK_FAMILY_VERSION);
}

static void error_command(struct nl_message *message)
{
	nl_start(message, family, LIVESTACK_CMD_ERROR, LIVESTACK_FAMILY_VERSION);
}

static void dump(struct nl_message *message)
{
	start(message);
	message->header.nlmsg_flags |= NLM_F_DUMP;
}

static void unknown_attribute(struct nl_message *message)
{
	start(message);
	nl_add(message, LIVESTACK_A_VERSION_MAX + 1, NULL, 0);
}

static void reply_attribute(struct nl_message *message)
{
	start(message);
	nl_add(message, LIVESTACK_A_VERSION_VERSION, "1", 2);
}

static void short_attribute(struct nl_message *message)
{
	start(message);
	nl_add(message, LIVESTACK_A_VERSION_ABI, "\1\0", 2);
}

static void long_attribute(struct nl_message *message)
{
	start(message);
	nl_add(message, LIVESTACK_A_VERSION_ABI, "\1\0\0\0\0\0\0\0", 8);
}

static void empty_attribute(struct nl_message *message)
{
	start(message);
	nl_add(message, LIVESTACK_A_VERSION_ABI, NULL, 0);
}

static void nested_attribute(struct nl_message *message)
{
	const uint32_t abi = LIVESTACK_ABI;

	start(message);
	nl_add(message, LIVESTACK_A_VERSION_ABI | NLA_F_NESTED, &abi, sizeof(abi));
}

static void zero_abi(struct nl_message *message)
{
	start_abi(message, 0);
}

static void cut_attribute(struct nl_message *message)
{
	start_abi(message, LIVESTACK_ABI);
	message->header.nlmsg_len -= 2;
}

static void trailing_bytes(struct nl_message *message)
{
	start(message);
	message->header.nlmsg_len += 3;
}

static void no_genl_header(struct nl_message *message)
{
	start(message);
	message->header.nlmsg_len = NLMSG_HDRLEN + 2;
}

static void reserved_bits(struct nl_message *message)
{
	start(message);
	message->genl.reserved = 1;
}

static void other_version(struct nl_message *message)
{
	nl_start(message, family, LIVESTACK_CMD_VERSION_GET, LIVESTACK_FAMILY_VERSION + 1);
}

static void no_version(struct nl_message *message)
{
	nl_start(message, family, LIVESTACK_CMD_VERSION_GET, 0);
}

static void newer_abi(struct nl_message *message)
{
	start_abi(message, LIVESTACK_ABI + 2);
}

static void largest_abi(struct nl_message *message)
{
	start_abi(message, UINT32_MAX);
}

#define AT_FIRST ((int)NLMSG_LENGTH(GENL_HDRLEN)) /* where a request's first attribute begins */
#define LENGTH "invalid attribute length"
#define LEFTOVER "bytes leftover after parsing attributes"
#define RESERVED "genlmsghdr.reserved field is not 0"
#define VERSION "livestack.ko speaks version 1 of its netlink family, the caller another: install program and modules of the same release"
#define ABI "livestack.ko speaks ABI 1 and one step to either side, the caller's is further off: install program and modules of the same release"
#define ABI_ATTRIBUTE LIVESTACK_A_VERSION_ABI

/* An empty sentence: the core has none for this. Ours come with a LIVESTACK_CMD_ERROR as well. */
static const struct {
	const char *name;
	void (*build)(struct nl_message *message);
	int error;
	const char *sentence;
	int offset;
	unsigned int attribute;
	bool ours;
} refusals[] = {
	{ "unknown command", unknown_command, EOPNOTSUPP, "", -1 },
	{ "the error message as a command", error_command, EOPNOTSUPP, "", -1 },
	{ "dump of what has none", dump, EOPNOTSUPP, "", -1 },
	{ "unknown attribute", unknown_attribute, EINVAL, "Unknown attribute type", AT_FIRST },
	{ "attribute of replies", reply_attribute, EINVAL, "Unsupported attribute", AT_FIRST },
	{ "u32 of 2 bytes", short_attribute, EINVAL, LENGTH, AT_FIRST },
	{ "u32 of 8 bytes", long_attribute, EINVAL, LENGTH, AT_FIRST },
	{ "u32 of 0 bytes", empty_attribute, EINVAL, LENGTH, AT_FIRST },
	{ "u32 marked as nest", nested_attribute, EINVAL, "NLA_F_NESTED not expected", AT_FIRST },
	{ "abi 0", zero_abi, ERANGE, "integer out of range", AT_FIRST },
	{ "attribute cut off", cut_attribute, EINVAL, LEFTOVER, -1 },
	{ "bytes after the last attribute", trailing_bytes, EINVAL, LEFTOVER, -1 },
	{ "half a generic netlink header", no_genl_header, EINVAL, "", -1 },
	{ "reserved header bits", reserved_bits, EINVAL, RESERVED, -1 },
	{ "family version too new", other_version, EPROTONOSUPPORT, VERSION, -1, 0, true },
	{ "family version 0", no_version, EPROTONOSUPPORT, VERSION, -1, 0, true },
	{ "abi too new", newer_abi, EPROTONOSUPPORT, ABI, AT_FIRST, ABI_ATTRIBUTE, true },
	{ "largest abi", largest_abi, EPROTONOSUPPORT, ABI, AT_FIRST, ABI_ATTRIBUTE, true },
};

/* The family's own message says what NLMSG_ERROR says; what the core refuses has none. */
static bool error_message_agrees(unsigned int index, const struct nl_answer *answer)
{
	if (!refusals[index].ours)
		return !answer->replied;
	return answer->replied && answer->genl.cmd == LIVESTACK_CMD_ERROR &&
	       nl_u32(answer, LIVESTACK_A_ERROR_ERRNO) == (uint32_t)refusals[index].error &&
	       !strcmp(nl_string(answer, LIVESTACK_A_ERROR_SENTENCE), refusals[index].sentence) &&
	       nl_u32(answer, LIVESTACK_A_ERROR_ATTRIBUTE) == refusals[index].attribute;
}

static bool refused(unsigned int index, struct nl_answer *answer)
{
	struct nl_message message;
	const char *sentence;

	refusals[index].build(&message);
	if (nl_ask(fd, &message, answer) < 0)
		return false;
	sentence = answer->sentence ? answer->sentence : "";
	return !answer->silent && answer->error == refusals[index].error &&
	       !strcmp(sentence, refusals[index].sentence) &&
	       answer->offset == refusals[index].offset && error_message_agrees(index, answer);
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

static void all_again(const char *version)
{
	const unsigned int rounds = ktap_count(200, 10000);
	unsigned int bad = 0, index, round;
	struct nl_answer answer;

	for (round = 0; round < rounds; round++)
		for (index = 0; index < ARRAY_SIZE(refusals); index++)
			bad += !refused(index, &answer);
	ktap_note("%u rounds, %u other answers", rounds, bad);
	ktap_ok(bad == 0, "every refusal is the same each time");
	point(answered(fd, version, &answer), "after all of them a good one is answered", &answer);
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
	/* The error message and the notification are no operations. */
	return open == 1 && closed == LIVESTACK_CMD_MAX - 3;
}

/* Runs @body in a child, where it may give up what it likes. */
static bool in_child(bool (*body)(const char *version), const char *version)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(body(version) ? 0 : 1);
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

static bool as_nobody(const char *version)
{
	struct nl_answer answer;

	/* The socket must be the unprivileged user's own: rights are looked at on both. */
	if (setgid(NOBODY) || setuid(NOBODY))
		return false;
	return answered(nl_open(), version, &answer);
}

static bool in_other_namespace(const char *version)
{
	struct nl_answer answer;

	(void)version;
	if (unshare(CLONE_NEWNET))
		return false;
	return nl_family(nl_open(), LIVESTACK_FAMILY_NAME, &answer) == -ENOENT;
}

static void other_users(const char *version)
{
	const char *nobody = "a user without privilege is answered";
	const char *namespace = "another network namespace does not see the family";

	if (geteuid()) {
		ktap_skip(nobody, "needs root to become nobody");
		ktap_skip(namespace, "needs root to make a namespace");
		return;
	}
	ktap_ok(in_child(as_nobody, version), nobody);
	ktap_ok(in_child(in_other_namespace, version), namespace);
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

	ktap_plan(2 + 3 + ARRAY_SIZE(refusals) + 3 + 2 + 2);

	fd = nl_open();
	id = nl_family(fd, LIVESTACK_FAMILY_NAME, &answer);
	family = id > 0 ? id : 0;
	point(id > 0 && nl_u32(&answer, CTRL_ATTR_VERSION) == LIVESTACK_FAMILY_VERSION,
	      "nlctrl knows the family, with the header's version", &answer);
	point(open_to_all(&answer), "version-get asks for no privilege, all else does",
	      &answer);

	good_requests(version);
	for (index = 0; index < ARRAY_SIZE(refusals); index++) {
		bool ok = refused(index, &answer);
		char name[128];

		snprintf(name, sizeof(name), "%s: refused, %s", refusals[index].name,
			 strerrorname_np(refusals[index].error));
		point(ok, name, &answer);
	}
	unanswerable(version);
	all_again(version);
	other_users(version);
	return ktap_end();
}
