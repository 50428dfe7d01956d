// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hosts that are cut off, pause, stop, lose a component or go: the others are told who and why, no
 * simulated time passes meanwhile, and what comes of it in the end is what would have.
 *
 * All hosts are this one, see cluster.h.
 * Needs: livestack.ko and livestack_sync.ko loaded; root.
 */
#include "cluster.h"
#include "control.h"
#include "crowd.h"
#include "device.h"
#include "ktap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS 1000000ULL
#define HOSTS 3
#define PARTS 3
#define QUANTUM (1 * MS)
#define SILENT (200 * MS)

static struct cluster cluster;

static uint64_t says(unsigned int host, unsigned int attribute)
{
	return cluster_says(&cluster, host, attribute);
}

static bool opens(uint64_t end_ns)
{
	const struct cluster_config config = {
		.hosts = HOSTS, .quantum_ns = QUANTUM, .end_ns = end_ns, .silent_ns = SILENT,
		.mode = LIVESTACK_MODE_STRICT,
	};

	return cluster_open(&cluster, &config);
}

/* All stand still: the count of windows stays. */
static bool stands(unsigned int ms)
{
	uint64_t windows[HOSTS];
	unsigned int host;
	bool ok = true;

	for (host = 0; host < HOSTS; host++)
		windows[host] = says(host, LIVESTACK_A_SESSION_WINDOWS);
	usleep(ms * 1000);
	for (host = 0; host < HOSTS; host++) {
		ok = ok && says(host, LIVESTACK_A_SESSION_WINDOWS) == windows[host];
		if (host && (windows[host] + 1 < windows[0] || windows[host] > windows[0] + 1))
			ok = false;
	}
	if (!ok)
		ktap_note("windows have opened, or hosts stand apart");
	return ok;
}

/* Some windows have opened since. */
static bool goes_on(void)
{
	const uint64_t before = says(0, LIVESTACK_A_SESSION_WINDOWS);
	unsigned int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (says(0, LIVESTACK_A_SESSION_WINDOWS) > before + 2 ||
		    says(0, LIVESTACK_A_SESSION_STATE) == LIVESTACK_STATE_STOPPED)
			return true;
		usleep(10000);
	}
	ktap_note("no window has opened");
	return false;
}

static bool is_silent(unsigned int host, unsigned int about)
{
	return says(host, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_SILENT &&
	       says(host, LIVESTACK_A_SESSION_HOST) == about &&
	       says(host, LIVESTACK_A_SESSION_AWAITS) &&
	       cluster_peer(&cluster, host, about, LIVESTACK_A_PEER_AWAITS);
}

/* What comes of an undisturbed run comes of one, too, in which @disturb does something. */
static bool as_if(bool (*disturb)(void))
{
	const uint64_t end_ns = ktap_count(400, 2000) * MS;
	struct crowd undisturbed = { .count = PARTS, .seed = 5 };
	struct crowd crowd = { .count = PARTS, .seed = 5 };
	unsigned int i;
	bool ok;

	ok = opens(end_ns) && crowd_settle(&undisturbed, &cluster) && crowd_end(&undisturbed);
	ok = cluster_close(&cluster) && ok;
	ok = ok && opens(end_ns) && crowd_settle(&crowd, &cluster);
	ok = ok && disturb();
	ok = crowd_end(&crowd) && ok;
	for (i = 0; i < PARTS; i++)
		ok = ok && crowd.member[i].log == undisturbed.member[i].log &&
		     crowd.member[i].received;
	return cluster_close(&cluster) && ok;
}

/* Host 1 is cut off from the two others. */
static bool cut(void)
{
	bool ok;

	usleep(30000);
	cluster.weather->cut = 1 << 1;
	ok = cluster_reaches(&cluster, LIVESTACK_STATE_PAUSED, 0) && is_silent(0, 1) &&
	     is_silent(2, 1);
	ok = ok && says(1, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_SILENT;
	ok = stands(ktap_count(500, 60000)) && ok;
	cluster.weather->cut = 0;
	return goes_on() && ok && says(0, LIVESTACK_A_SESSION_REASON) != LIVESTACK_REASON_SILENT;
}

/* Host 2 wishes that all pause, and after that no more. */
static bool pauses(void)
{
	bool ok;

	usleep(30000);
	ok = !control_state(cluster.session[2], LIVESTACK_STATE_PAUSED) &&
	     cluster_reaches(&cluster, LIVESTACK_STATE_PAUSED, 0) &&
	     says(2, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_ASKED &&
	     says(0, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_PEER &&
	     says(0, LIVESTACK_A_SESSION_HOST) == 2 && stands(300);
	/* It is not this one's wish. */
	ok = ok && !control_state(cluster.session[0], LIVESTACK_STATE_RUNNING) && stands(200);
	return !control_state(cluster.session[2], LIVESTACK_STATE_RUNNING) && goes_on() && ok;
}

/* The quantum of one host is that of all, if it is the shortest. */
static bool shortens(void)
{
	struct nl_answer answer;
	uint64_t length;

	if (control_quantum(cluster.session[1], QUANTUM / 4) || !goes_on() ||
	    control_get(cluster.session[0], &answer))
		return false;
	length = nl_u64(&answer, LIVESTACK_A_SESSION_WINDOW_END_NS) -
		 nl_u64(&answer, LIVESTACK_A_SESSION_START_NS);
	/* The last one may be shorter. */
	return length <= QUANTUM / 4;
}

static void test_stop(void)
{
	struct crowd crowd = { .count = PARTS, .seed = 5 };
	bool ok = opens(0) && crowd_settle(&crowd, &cluster);

	usleep(30000);
	ok = ok && !control_state(cluster.session[1], LIVESTACK_STATE_STOPPED) &&
	     cluster_reaches(&cluster, LIVESTACK_STATE_STOPPED, 0) &&
	     says(1, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_ASKED &&
	     says(0, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_PEER &&
	     says(0, LIVESTACK_A_SESSION_HOST) == 1;
	ok = crowd_end(&crowd) && ok;
	ktap_ok(cluster_close(&cluster) && ok, "one host stops, and all stop");
}

/* Cut off from all others, a host can still be stopped, and its session deleted; so can theirs. */
static void test_stop_alone(void)
{
	struct crowd crowd = { .count = PARTS, .seed = 5 };
	bool ok = opens(0) && crowd_settle(&crowd, &cluster);

	usleep(30000);
	cluster.weather->cut = 1 << 1;
	ok = ok && cluster_reaches(&cluster, LIVESTACK_STATE_PAUSED, 0) &&
	     cluster_state(&cluster, LIVESTACK_STATE_STOPPED) &&
	     cluster_reaches(&cluster, LIVESTACK_STATE_STOPPED, 0);
	ok = crowd_end(&crowd) && ok;
	ktap_ok(cluster_close(&cluster) && ok,
		"hosts that do not hear of each other can be stopped");
}

/* A process that joins component 0 of host 0, and never comes to its window's end. */
static pid_t join_and_run(void)
{
	pid_t pid = fork();
	uint64_t clock = 0;
	int fd;

	if (pid)
		return pid;
	fd = device_join(cluster.session[0], 0, 0);
	if (fd < 0 || device_wait(fd, &clock, 10 * MS, NULL))
		_exit(1);
	pause();
	_exit(0);
}

static void test_death(void)
{
	uint64_t clock = 0;
	int other = -1;
	pid_t pid = 0;
	bool ok = opens(0) && cluster_component(&cluster, 0, 0) &&
		  cluster_component(&cluster, 1, 1);

	if (ok) {
		pid = join_and_run();
		usleep(100000);
		other = device_join(cluster.session[1], 1, O_NONBLOCK);
		ok = other >= 0 && cluster_state(&cluster, LIVESTACK_STATE_RUNNING);
		device_wait(other, &clock, LIVESTACK_TIME_NONE, NULL);
		usleep(200000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	ok = ok && cluster_reaches(&cluster, LIVESTACK_STATE_PAUSED, 0) &&
	     says(0, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_DIED &&
	     says(1, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_PEER &&
	     says(1, LIVESTACK_A_SESSION_HOST) == 0 && stands(200);
	close(other);
	ktap_ok(cluster_close(&cluster) && ok, "a component dies on one host, and all pause");
}

/* A session is deleted on one host: the others stop, and say who. */
static void test_deleted(void)
{
	struct crowd crowd = { .count = 2, .seed = 5, .quiet = true };
	bool ok = opens(0) && cluster_component(&cluster, 0, 0) &&
		  cluster_component(&cluster, 1, 1) && crowd_begin(&crowd, cluster.session) &&
		  cluster_state(&cluster, LIVESTACK_STATE_RUNNING);

	usleep(30000);
	ok = ok && !control_delete(cluster.session[2]);
	cluster.session[2] = 0;
	ok = ok && cluster_reaches(&cluster, LIVESTACK_STATE_STOPPED, 1 << 2) &&
	     says(0, LIVESTACK_A_SESSION_HOST) == 2;
	ok = crowd_end(&crowd) && ok;
	ktap_ok(cluster_close(&cluster) && ok, "a session is deleted on one host, and all stop");
}

static void test_unload(void)
{
	struct crowd crowd = { .count = PARTS, .seed = 5 };
	bool ok = opens(0) && crowd_settle(&crowd, &cluster), gone;
	char command[512];

	usleep(30000);
	gone = !syscall(SYS_delete_module, "livestack_sync", O_NONBLOCK);
	ok = ok && gone && cluster_reaches(&cluster, LIVESTACK_STATE_STOPPED, 0);
	ok = crowd_end(&crowd) && ok;
	ok = cluster_close(&cluster) && ok;
	snprintf(command, sizeof(command), "insmod %s/sync/livestack_sync.ko",
		 getenv("LS_MODULES"));
	ktap_ok((!gone || !system(command)) && ok, "the module goes, and all stop");
}

int main(void)
{
	const char *missing = cluster_missing();

	if (missing)
		return ktap_skip_all(missing);
	ktap_plan(8);
	ktap_ok(as_if(cut),
		"a host is cut off: the others name it and stand still, and go on after");
	ktap_ok(as_if(pauses), "one host pauses all, and nobody else has them go on");
	ktap_ok(as_if(shortens), "the shortest quantum is that of all");
	test_stop();
	test_stop_alone();
	test_death();
	test_deleted();
	test_unload();
	return ktap_end();
}
