// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users of netlink that are killed in the midst of requests and dumps, that never take an answer or
 * never read the events they have joined: nobody waits for them and nothing is left of them.
 *
 * Needs: livestack.ko loaded; root.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "death.h"
#include "ktap.h"

#define ASKED 20
#define KILLS 40
#define USERS 6

/* Takes the ids of sessions out of one part of a dump; false when that was the last. */
static bool take_ids(const void *bytes, int left, uint32_t ids[], unsigned int *count)
{
	const struct nlmsghdr *header = bytes;
	struct nl_attribute attribute;
	unsigned int type;

	for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
		const uint8_t *at = (const uint8_t *)header + NLMSG_LENGTH(GENL_HDRLEN);
		const uint8_t *end = (const uint8_t *)header + header->nlmsg_len;

		if (header->nlmsg_type < NLMSG_MIN_TYPE)
			return false;
		while (*count < LIVESTACK_SESSIONS_MAX && nl_next(&at, end, &type, &attribute))
			if (type == LIVESTACK_A_SESSION_ID)
				memcpy(&ids[(*count)++], attribute.data, sizeof(*ids));
	}
	return true;
}

/* How many sessions there are, and their ids. */
static unsigned int sessions(uint32_t ids[LIVESTACK_SESSIONS_MAX])
{
	static uint8_t bytes[65536];
	struct nl_message message;
	unsigned int count = 0;
	int fd = nl_open(), got;

	control_start(&message, LIVESTACK_CMD_SESSION_GET);
	message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	send(fd, &message, message.header.nlmsg_len, 0);
	do
		got = recv(fd, bytes, sizeof(bytes), 0);
	while (got > 0 && take_ids(bytes, got, ids, &count));
	close(fd);
	return count;
}

/* Also those whose maker was killed before it had their number. */
static bool delete_all(void)
{
	uint32_t ids[LIVESTACK_SESSIONS_MAX];
	unsigned int count = sessions(ids), i;
	bool ok = true;

	for (i = 0; ok && i < count; i++)
		ok = !control_delete(ids[i]);
	return ok && sessions(ids) == 0;
}

/* For ever: everything that a user of netlink does. It ends by itself when something fails. */
static void use_netlink(void)
{
	struct nl_answer answer;

	if (!control_open())
		return;
	for (;;) {
		uint32_t session = control_session(10000, 0);
		unsigned int i;

		if (!session)
			return;
		for (i = 0; i < 4; i++)
			if (control_component(session, i, LIVESTACK_KIND_MODEL))
				return;
		if (control_get(session, &answer) ||
		    control_state(session, LIVESTACK_STATE_RUNNING) ||
		    control_state(session, LIVESTACK_STATE_PAUSED))
			return;
		dump_some(LIVESTACK_CMD_SESSION_GET);
		dump_some(LIVESTACK_CMD_COMPONENT_GET);
		if (control_delete(session))
			return;
	}
}

static pid_t netlink_user(void)
{
	pid_t child = spawn();

	if (child)
		return child;
	use_netlink();
	_exit(1);
}

/* Each killed one may leave a session, so no more are killed at once than there may be. */
static bool some_users_killed(void)
{
	pid_t child[USERS];
	unsigned int i;
	bool ok = true;

	for (i = 0; i < USERS; i++)
		child[i] = netlink_user();
	for (i = 0; ok && i < KILLS; i++) {
		const unsigned int victim = rand() % USERS;

		usleep(rand() % 20000);
		ok = slay(child[victim]);
		child[victim] = netlink_user();
	}
	for (i = 0; i < USERS; i++)
		ok &= slay(child[i]);
	return delete_all() && ok;
}

static bool users_killed(void)
{
	const unsigned int rounds = ktap_count(2, 60);
	unsigned int round;
	bool ok = true;

	for (round = 0; ok && round < rounds; round++)
		ok = some_users_killed();
	ktap_note("%u of %u times %u users of netlink killed", round, rounds, KILLS + USERS);
	return ok;
}

/* Sends requests and never takes an answer, until its socket holds no more, and then still. */
static bool asks_only(void)
{
	pid_t child = spawn();
	struct nl_message message;
	struct nl_answer answer;
	uint32_t session;
	unsigned int i;
	bool ok;

	if (child == 0) {
		int fd = nl_open();

		for (;;) {
			control_start(&message, LIVESTACK_CMD_SESSION_DEL);
			send(fd, &message, message.header.nlmsg_len, 0);
		}
	}
	for (i = 0, ok = true; ok && i < 50; i++) {
		session = control_session(10000, 0);
		ok = session && !control_get(session, &answer) && !control_delete(session);
	}
	return slay(child) && ok;
}

/* The number in a reply to session-new among what one recv() took, 0: there is none. */
static uint32_t number_told(const void *bytes, int left)
{
	const struct nlmsghdr *header = bytes;
	struct nl_attribute attribute;
	unsigned int type;
	uint32_t id = 0;

	for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
		const uint8_t *at = (const uint8_t *)header + NLMSG_LENGTH(GENL_HDRLEN);
		const uint8_t *end = (const uint8_t *)header + header->nlmsg_len;

		const struct genlmsghdr *genl = NLMSG_DATA(header);

		if (header->nlmsg_type < NLMSG_MIN_TYPE || genl->cmd != LIVESTACK_CMD_SESSION_NEW)
			continue;
		while (nl_next(&at, end, &type, &attribute))
			if (type == LIVESTACK_A_SESSION_ID)
				memcpy(&id, attribute.data, sizeof(id));
	}
	return id;
}

static void ask_for_session(int fd, unsigned int number)
{
	const uint64_t quantum = 1000;
	struct nl_message message;
	char uuid[37];

	snprintf(uuid, sizeof(uuid), "%08x-0000-4000-8000-%012x", getpid(), 0xa0000 + number);
	control_start(&message, LIVESTACK_CMD_SESSION_NEW);
	nl_add(&message, LIVESTACK_A_SESSION_UUID, uuid, sizeof(uuid));
	nl_add(&message, LIVESTACK_A_SESSION_NAME, "untold", 7);
	nl_add(&message, LIVESTACK_A_SESSION_QUANTUM_NS, &quantum, sizeof(quantum));
	send(fd, &message, message.header.nlmsg_len, 0);
}

/* A session is there only if its number could be told: its maker has no room for all of them. */
static bool none_untold(void)
{
	uint32_t ids[LIVESTACK_SESSIONS_MAX], told;
	static uint8_t bytes[65536];
	unsigned int i, made, lost = 0, heard = 0;
	const int least = 1;
	int fd = nl_open(), got;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	for (i = 0; i < ASKED; i++)
		ask_for_session(fd, i);
	made = sessions(ids);
	while ((got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0 || errno == ENOBUFS) {
		told = got > 0 ? number_told(bytes, got) : 0;
		heard += told != 0;
		for (i = 0; told && i < made; i++)
			if (ids[i] == told)
				ids[i] = 0;
	}
	close(fd);
	for (i = 0; i < made; i++)
		lost += ids[i] != 0;
	ktap_note("%u asked for, %u made, %u told", ASKED, made, heard);
	return delete_all() && lost == 0 && heard > 0 && heard < ASKED;
}

/* Joins the group with room for next to nothing, says so, and does not read until it is told to. */
static pid_t deaf_listener(int said, int told)
{
	pid_t child = spawn();
	const int least = 1;
	char byte = 0;
	int fd;

	if (child)
		return child;
	fd = control_listen();
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)) ||
	    write(said, &byte, 1) != 1 || read(told, &byte, 1) != 1)
		_exit(1);
	/* That it has missed something is the first thing it hears. */
	_exit(recv(fd, &byte, 1, MSG_DONTWAIT) == -1 && errno == ENOBUFS ? 0 : 1);
}

/* How many of @changes of its state the listener has heard of; each is told before the next. */
static unsigned int change_states(int listener, uint32_t session, unsigned int changes)
{
	struct nl_answer event;
	unsigned int i, heard = 0;

	for (i = 0; i < changes; i++) {
		const uint32_t state = i % 2 ? LIVESTACK_STATE_PAUSED : LIVESTACK_STATE_RUNNING;

		if (control_state(session, state))
			break;
		while (nl_hear(listener, 10000, &event))
			if (event.genl.cmd == LIVESTACK_CMD_SESSION_NTF &&
			    nl_u32(&event, LIVESTACK_A_SESSION_ID) == session &&
			    nl_u32(&event, LIVESTACK_A_SESSION_STATE) == state) {
				heard++;
				break;
			}
	}
	return heard;
}

static bool deaf_listeners(void)
{
	const unsigned int changes = ktap_count(200, 2000);
	uint32_t session = control_session(10000, 0);
	int said[2], told[2], listener = control_listen(), status;
	pid_t overrun, killed;
	unsigned int heard;
	char byte;
	bool ok;

	if (pipe(said) || pipe(told))
		return false;
	overrun = deaf_listener(said[1], told[0]);
	killed = deaf_listener(said[1], told[0]);
	ok = read(said[0], &byte, 1) == 1 && read(said[0], &byte, 1) == 1;
	heard = change_states(listener, session, changes / 2);
	ok &= slay(killed);
	heard += change_states(listener, session, changes / 2);
	ok &= write(told[1], "x", 1) == 1 && waitpid(overrun, &status, 0) == overrun &&
	      WIFEXITED(status) && WEXITSTATUS(status) == 0;
	ktap_note("%u of %u changes heard by one that reads", heard, changes);
	close(listener);
	close(said[0]);
	close(said[1]);
	close(told[0]);
	close(told[1]);
	return ok && heard == changes && !control_delete(session);
}

int main(void)
{
	if (control_missing())
		return ktap_skip_all(control_missing());

	ktap_plan(5);
	srand(SEED);
	ktap_ok(users_killed(), "killed at any moment: what they left can be deleted");
	ktap_ok(asks_only(), "one that never takes its answers keeps nobody waiting");
	ktap_ok(none_untold(), "no session is made for one who has no room for its number");
	ktap_ok(deaf_listeners(), "listeners that never read are told; others hear every change");
	ktap_ok(delete_all(), "nothing is left");
	return ktap_end();
}
