// SPDX-License-Identifier: GPL-2.0-only

#include "nl.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Generous: an emulated debug kernel answers slowly, and only failures wait this long. */
#define WAIT_MS 10000

static uint32_t sequence;

int nl_open(void)
{
	const int on = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on))) {
		close(fd);
		return -1;
	}
	return fd;
}

void nl_start(struct nl_message *message, uint16_t type, uint8_t command, uint8_t version)
{
	memset(message, 0, sizeof(*message));
	message->header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	message->header.nlmsg_type = type;
	message->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	message->header.nlmsg_seq = ++sequence;
	message->genl.cmd = command;
	message->genl.version = version;
}

int nl_add(struct nl_message *message, uint16_t type, const void *data, uint16_t length)
{
	int offset = message->header.nlmsg_len;
	struct nlattr *attribute = (struct nlattr *)((uint8_t *)message + offset);

	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + length;
	if (length)
		memcpy((uint8_t *)attribute + NLA_HDRLEN, data, length);
	message->header.nlmsg_len += NLA_ALIGN(attribute->nla_len);
	return offset;
}

bool nl_next(const uint8_t **at, const uint8_t *end, unsigned int *type,
	     struct nl_attribute *attribute)
{
	struct nlattr head;

	if (end - *at < NLA_HDRLEN)
		return false;
	memcpy(&head, *at, sizeof(head));
	if (head.nla_len < NLA_HDRLEN || head.nla_len > end - *at)
		return false;
	*type = head.nla_type & NLA_TYPE_MASK;
	attribute->data = *at + NLA_HDRLEN;
	attribute->length = head.nla_len - NLA_HDRLEN;
	*at += NLA_ALIGN(head.nla_len);
	return true;
}

static void take_reply(struct nl_answer *answer, const struct nlmsghdr *header)
{
	const uint8_t *at = (const uint8_t *)header + NLMSG_LENGTH(GENL_HDRLEN);
	const uint8_t *end = (const uint8_t *)header + header->nlmsg_len;
	struct nl_attribute attribute;
	unsigned int type;

	answer->replied = true;
	answer->replies++;
	memcpy(&answer->genl, NLMSG_DATA(header), sizeof(answer->genl));
	while (nl_next(&at, end, &type, &attribute)) {
		if (type >= NL_ATTRIBUTES)
			continue;
		if (!answer->attribute[type].data)
			answer->attributes++;
		answer->attribute[type] = attribute;
	}
}

static void take_extack(struct nl_answer *answer, const uint8_t *at, const uint8_t *end)
{
	struct nl_attribute attribute;
	unsigned int type;

	while (nl_next(&at, end, &type, &attribute)) {
		if (type == NLMSGERR_ATTR_MSG)
			answer->sentence = attribute.data;
		else if (type == NLMSGERR_ATTR_OFFS)
			memcpy(&answer->offset, attribute.data, sizeof(answer->offset));
	}
}

static void take_error(struct nl_answer *answer, const struct nlmsghdr *header)
{
	const struct nlmsgerr *error = NLMSG_DATA(header);
	const uint8_t *end = (const uint8_t *)header + header->nlmsg_len;
	size_t skip;

	answer->error = -error->error;
	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return;

	/* The request follows, whole unless capped, and then the extended ACK. */
	skip = header->nlmsg_flags & NLM_F_CAPPED ? NLMSG_HDRLEN : error->msg.nlmsg_len;
	take_extack(answer, (const uint8_t *)&error->msg + NLMSG_ALIGN(skip), end);
}

/* A dump that fails once it has begun says so in what ends it. */
static void take_done(struct nl_answer *answer, const struct nlmsghdr *header)
{
	const uint8_t *data = NLMSG_DATA(header);
	int error = 0;

	if (header->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
		memcpy(&error, data, sizeof(error));
	if (error >= 0)
		return;
	answer->error = -error;
	if (header->nlmsg_flags & NLM_F_ACK_TLVS)
		take_extack(answer, data + NLMSG_ALIGN(sizeof(error)),
			    (const uint8_t *)header + header->nlmsg_len);
}

/* Takes in the messages of one datagram for @seq; true when the last of them was there. */
static bool take_all(struct nl_answer *answer, uint8_t *bytes, size_t length, uint32_t seq)
{
	struct nlmsghdr *header = (struct nlmsghdr *)bytes;
	int left = (int)length;

	for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
		if (header->nlmsg_seq != seq)
			continue;
		if (header->nlmsg_type == NLMSG_ERROR) {
			take_error(answer, header);
			return true;
		}
		if (header->nlmsg_type == NLMSG_DONE) {
			take_done(answer, header);
			return true;
		}
		if (header->nlmsg_type >= NLMSG_MIN_TYPE)
			take_reply(answer, header);
	}
	return false;
}

int nl_ask_raw(int fd, struct nl_message *message, size_t length, int wait_ms,
	       struct nl_answer *answer)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	size_t used = 0;
	ssize_t got;
	int ready;

	memset(answer, 0, offsetof(struct nl_answer, bytes));
	answer->offset = -1;
	if (sendto(fd, message, length, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -1;

	for (;;) {
		/* The kernel has mostly answered before sendto() has returned. */
		got = recv(fd, answer->bytes + used, sizeof(answer->bytes) - used, MSG_DONTWAIT);
		if (got < 0 && errno == EAGAIN) {
			ready = poll(&readable, 1, wait_ms);
			if (ready < 0 && errno != EINTR)
				return -1;
			if (ready == 0) {
				answer->silent = true;
				return 0;
			}
			continue;
		}
		if (got < 0)
			return -1;
		if (take_all(answer, answer->bytes + used, got, message->header.nlmsg_seq))
			return 0;
		used += NLMSG_ALIGN(got);
	}
}

int nl_ask(int fd, struct nl_message *message, struct nl_answer *answer)
{
	return nl_ask_raw(fd, message, message->header.nlmsg_len, WAIT_MS, answer);
}

uint32_t nl_group(const char *group, const struct nl_answer *answer)
{
	const struct nl_attribute *groups = &answer->attribute[CTRL_ATTR_MCAST_GROUPS];
	const uint8_t *at = groups->data, *end = at + groups->length, *inner;
	struct nl_attribute entry, field;
	unsigned int type;

	while (at && nl_next(&at, end, &type, &entry)) {
		bool named = false;
		uint32_t id = 0;

		inner = entry.data;
		while (nl_next(&inner, (const uint8_t *)entry.data + entry.length, &type, &field)) {
			if (type == CTRL_ATTR_MCAST_GRP_ID)
				memcpy(&id, field.data, sizeof(id));
			else if (type == CTRL_ATTR_MCAST_GRP_NAME)
				named = !strcmp(field.data, group);
		}
		if (named)
			return id;
	}
	return 0;
}

int nl_subscribe(int fd, const char *group, const struct nl_answer *answer)
{
	const uint32_t id = nl_group(group, answer);

	if (id)
		return setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &id, sizeof(id));
	errno = ENOENT;
	return -1;
}

bool nl_hear(int fd, int wait_ms, struct nl_answer *answer)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };

	memset(answer, 0, offsetof(struct nl_answer, bytes));
	if (poll(&readable, 1, wait_ms) <= 0)
		return false;
	if (recv(fd, answer->bytes, sizeof(answer->bytes), 0) < (ssize_t)NLMSG_LENGTH(GENL_HDRLEN))
		return false;
	take_reply(answer, (const struct nlmsghdr *)answer->bytes);
	return true;
}

uint64_t nl_u64(const struct nl_answer *answer, unsigned int type)
{
	uint64_t value = 0;

	if (answer->attribute[type].length <= sizeof(value) && answer->attribute[type].data)
		memcpy(&value, answer->attribute[type].data, answer->attribute[type].length);
	return value;
}

uint32_t nl_u32(const struct nl_answer *answer, unsigned int type)
{
	uint32_t value = 0;

	if (answer->attribute[type].length == sizeof(value))
		memcpy(&value, answer->attribute[type].data, sizeof(value));
	return value;
}

const char *nl_string(const struct nl_answer *answer, unsigned int type)
{
	const struct nl_attribute *found = &answer->attribute[type];

	return found->data && memchr(found->data, 0, found->length) ? found->data : "";
}

int nl_family(int fd, const char *name, struct nl_answer *answer)
{
	struct nl_message message;
	uint16_t id;

	nl_start(&message, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 2);
	nl_add(&message, CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	if (nl_ask(fd, &message, answer) < 0)
		return -errno;
	if (answer->silent)
		return -ETIMEDOUT;
	if (answer->error)
		return -answer->error;
	if (answer->attribute[CTRL_ATTR_FAMILY_ID].length != sizeof(id))
		return -EPROTO;
	memcpy(&id, answer->attribute[CTRL_ATTR_FAMILY_ID].data, sizeof(id));
	return id;
}
