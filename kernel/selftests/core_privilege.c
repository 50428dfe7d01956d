// SPDX-License-Identifier: GPL-2.0-only
/*
 * Only who has CAP_NET_ADMIN in the initial namespaces may do more than ask for the version: not
 * another user, not root without that capability, and not a container's root, whose capabilities
 * hold in its own namespaces alone. A socket that somebody else has opened makes no difference.
 *
 * Needs: livestack.ko loaded; root. User namespaces for the points about containers.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"
#include "control.h"
#include "ktap.h"
#include "privilege.h"

#define CONTAINER_USER 100000 /* who a container's root is outside */

static uint16_t family;
static uint32_t group;
static uint32_t session; /* there, so that a refusal is not for want of it */

/* Error number of a request with no attributes; 0 also when a reply came. */
static int ask(int fd, uint8_t command, bool dump, struct nl_answer *answer)
{
	struct nl_message message;

	nl_start(&message, family, command, LIVESTACK_FAMILY_VERSION);
	if (dump)
		message.header.nlmsg_flags |= NLM_F_DUMP;
	if (nl_ask(fd, &message, answer) < 0)
		return errno;
	return answer->silent ? ETIMEDOUT : answer->error;
}

static bool answered(int fd)
{
	struct nl_answer answer;

	return !ask(fd, LIVESTACK_CMD_VERSION_GET, false, &answer) && answer.replied &&
	       nl_u32(&answer, LIVESTACK_A_VERSION_ABI) == LIVESTACK_ABI;
}

/* Every form of every request that wants the privilege, without a word about what it asked for. */
static bool all_fail(int fd, int wanted)
{
	struct nl_answer answer;
	unsigned int i, form, asked = 0;
	bool ok = true;

	for (i = 0; i < request_count; i++) {
		const struct spec_op *op = &requests[i];

		if (!(op->flags & SPEC_ADMIN))
			continue;
		for (form = SPEC_DO; form <= SPEC_DUMP; form++) {
			int error;

			if (!(op->flags & form))
				continue;
			error = ask(fd, op->command, form == SPEC_DUMP, &answer);
			asked++;
			if (error == wanted && !answer.replied)
				continue;
			ktap_note("%s: error %d, wanted %d", op->name, error, wanted);
			ok = false;
		}
	}
	return ok && asked > 0;
}

static int join_group(int fd)
{
	return setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) ?
	       errno : 0;
}

/* By bind(2), as older programs do it, to the port it has; groups above 32 have no bit there. */
static bool bind_refused(int fd)
{
	struct sockaddr_nl own;
	socklen_t length = sizeof(own);

	if (group > 32)
		return true;
	if (getsockname(fd, (struct sockaddr *)&own, &length))
		return false;
	own.nl_groups = 1U << (group - 1);
	return bind(fd, (struct sockaddr *)&own, sizeof(own)) && errno == EPERM;
}

static bool device_shut(void)
{
	int fd = open("/dev/livestack", O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == EACCES)
		return true;
	ktap_note("/dev/livestack: %s, wanted EACCES", fd < 0 ? strerror(errno) : "opened");
	return false;
}

static bool powerless(int fd)
{
	int joined = join_group(fd);

	if (joined != EPERM)
		ktap_note("joining the group: error %d, wanted EPERM", joined);
	return joined == EPERM && bind_refused(fd) && all_fail(fd, EPERM);
}

/* The bodies below run in a child each, which gives up what it has. @fd: opened by root before. */

static bool as_nobody(int fd)
{
	int own;

	(void)fd;
	if (!privilege_become_nobody())
		return false;
	own = nl_open();
	return answered(own) && powerless(own) && device_shut();
}

static bool nobody_with_roots_socket(int fd)
{
	return privilege_become_nobody() && answered(fd) && powerless(fd);
}

static bool root_without_net_admin(int fd)
{
	int own;

	if (!privilege_drop_net_admin())
		return false;
	own = nl_open();
	return answered(own) && powerless(own) && powerless(fd);
}

static bool has_net_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return !syscall(SYS_capget, &header, data) && (data[0].effective & (1U << CAP_NET_ADMIN));
}

static bool write_map(pid_t child, const char *file)
{
	char path[64], map[64];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", child, file);
	snprintf(map, sizeof(map), "0 %d 65536", CONTAINER_USER);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, map, strlen(map)) == (ssize_t)strlen(map);
	close(fd);
	return ok;
}

/*
 * Becomes root of a container: all capabilities in a user namespace of its own, and a user outside
 * who owns nothing. Its map is written from outside, by a child that stays there.
 */
static bool become_container(int namespaces)
{
	int ready[2], status;
	pid_t writer, self = getpid();
	char go;

	if (pipe(ready))
		return false;
	writer = fork();
	if (writer == 0) {
		if (read(ready[0], &go, 1) != 1)
			_exit(1);
		_exit(!write_map(self, "uid_map") || !write_map(self, "gid_map"));
	}
	if (unshare(CLONE_NEWUSER | namespaces) || write(ready[1], "x", 1) != 1)
		return false;
	if (waitpid(writer, &status, 0) != writer || status)
		return false;
	return !setresgid(0, 0, 0) && !setresuid(0, 0, 0) && has_net_admin();
}

static bool in_container(int fd)
{
	int own;

	if (!become_container(0))
		return false;
	own = nl_open();
	return answered(own) && powerless(own) && powerless(fd) && device_shut();
}

/* Whoever is there joins a number that means nothing there: nothing may come. */
static bool hears_nothing(int fd)
{
	struct nl_answer answer;

	join_group(fd);
	/* Root outside makes news in the meantime. */
	return !nl_hear(fd, 1000, &answer);
}

static bool in_own_network(int fd)
{
	struct nl_answer answer;
	int own;

	if (!become_container(CLONE_NEWNET))
		return false;
	own = nl_open();
	return nl_family(own, LIVESTACK_FAMILY_NAME, &answer) == -ENOENT &&
	       ask(own, LIVESTACK_CMD_VERSION_GET, false, &answer) == ENOENT &&
	       all_fail(own, ENOENT) && hears_nothing(own) && powerless(fd) && device_shut();
}

static bool root_in_other_network(int fd)
{
	struct nl_answer answer;
	int own;

	(void)fd;
	if (unshare(CLONE_NEWNET))
		return false;
	own = nl_open();
	return nl_family(own, LIVESTACK_FAMILY_NAME, &answer) == -ENOENT &&
	       all_fail(own, ENOENT) && hears_nothing(own);
}

/* Makes news until the child has ended: a state that changes is told of. */
static int wait_with_news(pid_t child)
{
	bool running = false;
	int status;

	while (waitpid(child, &status, WNOHANG) == 0) {
		running = !running;
		control_state(session, running ? LIVESTACK_STATE_RUNNING : LIVESTACK_STATE_PAUSED);
		usleep(20000);
	}
	return status;
}

static void point(bool (*body)(int fd), const char *name)
{
	int fd = nl_open(), status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(body(fd) ? 0 : 1);
	close(fd);
	status = wait_with_news(child);
	ktap_ok(child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0, name);
}

static void container_point(bool (*body)(int fd), const char *name)
{
	if (access("/proc/self/ns/user", F_OK))
		ktap_skip(name, "needs a kernel with user namespaces");
	else
		point(body, name);
}

static bool find_group(const struct nl_answer *answer)
{
	group = nl_group(LIVESTACK_MCGRP_EVENTS, answer);
	return group != 0;
}

int main(void)
{
	struct nl_answer answer;
	int id, fd;

	if (!control_open())
		return ktap_skip_all("livestack.ko is not loaded: insmod core/livestack.ko");
	if (geteuid())
		return ktap_skip_all("needs root, to become others");

	ktap_plan(8);
	fd = nl_open();
	id = nl_family(fd, LIVESTACK_FAMILY_NAME, &answer);
	family = id > 0 ? id : 0;
	session = control_session(1000000, 0);
	ktap_ok(id > 0 && find_group(&answer) && session && !join_group(fd) &&
		!control_state(session, LIVESTACK_STATE_RUNNING) && nl_hear(fd, 10000, &answer),
		"root joins the group and hears events");
	point(as_nobody, "a user without privilege: version-get, and EPERM for all else");
	point(nobody_with_roots_socket, "the same on a socket that root has opened");
	point(root_without_net_admin, "root without CAP_NET_ADMIN");
	container_point(in_container, "a container's root in the initial network namespace");
	container_point(in_own_network, "a container's root in a network of its own: no family");
	point(root_in_other_network, "root in another network namespace: no family");
	ktap_ok(!control_delete(session), "the session is as root left it, and goes");
	return ktap_end();
}
