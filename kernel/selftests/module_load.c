// SPDX-License-Identifier: GPL-2.0-only
/*
 * module_load FILE.ko [COUNT]: livestack.ko comes and goes cleanly, also while it is being asked.
 *
 * Needs: root, a kernel that lets this module in, livestack.ko not loaded. COUNT defaults to
 * LS_LOADS in the environment, else 20, and 200 with LS_FULL=1.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/livestack.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "nl.h"

static const char *file;

static int load(void)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return errno;
	if (syscall(SYS_finit_module, fd, "", 0))
		err = errno;
	close(fd);
	return err;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "livestack", O_NONBLOCK) ? errno : 0;
}

static int find_family(void)
{
	struct nl_answer answer;
	int fd = nl_open();
	int id = nl_family(fd, LIVESTACK_FAMILY_NAME, &answer);

	close(fd);
	return id;
}

static bool in_sysfs(void)
{
	return access("/sys/module/livestack", F_OK) == 0;
}

/* One coming and going; says what was wrong. */
static bool once(unsigned int round)
{
	int err = load();

	if (err) {
		ktap_note("round %u: load: %s", round, strerror(err));
		return false;
	}
	if (!in_sysfs() || find_family() < 0) {
		ktap_note("round %u: loaded, but not in sysfs or no family", round);
		return false;
	}
	err = unload();
	if (err) {
		ktap_note("round %u: unload: %s", round, strerror(err));
		return false;
	}
	if (in_sysfs() || find_family() != -ENOENT) {
		ktap_note("round %u: unloaded, but still in sysfs or as family", round);
		return false;
	}
	return true;
}

/* Asks for ever, whether or not there is anybody to answer. */
static void ask_for_ever(void)
{
	struct nl_message message;
	struct nl_answer answer;
	int fd = nl_open(), id;

	for (;;) {
		id = nl_family(fd, LIVESTACK_FAMILY_NAME, &answer);
		if (id < 0)
			continue;
		nl_start(&message, id, LIVESTACK_CMD_VERSION_GET, LIVESTACK_FAMILY_VERSION);
		nl_ask(fd, &message, &answer);
	}
}

static unsigned int rounds_passed(unsigned int rounds)
{
	unsigned int round = 0;

	while (round < rounds && once(round))
		round++;
	return round;
}

/* A request under way holds the module for a moment: EAGAIN then is right, and passes. */
static unsigned int rounds_passed_while_asked(unsigned int rounds)
{
	unsigned int round, tries;
	pid_t child;
	int err;

	fflush(stdout);
	child = fork();
	if (child == 0)
		ask_for_ever();

	for (round = 0; child > 0 && round < rounds; round++) {
		err = load();
		for (tries = 0; !err && tries < 1000; tries++) {
			err = unload();
			if (err != EAGAIN)
				break;
			err = 0;
			usleep(1000);
		}
		if (err || in_sysfs()) {
			ktap_note("round %u: %s", round, err ? strerror(err) : "does not go");
			break;
		}
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return round;
}

static unsigned int wanted(int argc, char **argv)
{
	const char *set = argc > 2 ? argv[2] : getenv("LS_LOADS");

	return set ? (unsigned int)strtoul(set, NULL, 10) : ktap_count(20, 200);
}

int main(int argc, char **argv)
{
	unsigned int rounds = wanted(argc, argv), passed;
	int err;

	if (argc < 2) {
		fprintf(stderr, "usage: module_load FILE.ko [COUNT]\n");
		return 2;
	}
	file = argv[1];
	if (geteuid())
		return ktap_skip_all("needs root to load modules");
	if (in_sysfs())
		return ktap_skip_all("livestack is loaded already: rmmod livestack");

	ktap_plan(4);
	passed = rounds_passed(rounds);
	ktap_note("%u of %u rounds", passed, rounds);
	ktap_ok(rounds && passed == rounds, "loads and unloads, family and sysfs following");

	passed = rounds_passed_while_asked(rounds);
	ktap_note("%u of %u rounds", passed, rounds);
	ktap_ok(rounds && passed == rounds, "loads and unloads while another process asks it");

	load();
	err = load();
	ktap_ok(err == EEXIST, "a second load is refused: EEXIST");
	err = unload();
	ktap_ok(!err && !in_sysfs(), "unloads after that");
	return ktap_end();
}
