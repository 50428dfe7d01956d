// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session's clock: the page mapped from /dev/livestack, the PTP clock and session-get show the
 * same time, which no reader sees go back; the page is handed out for reading only, and stands
 * still when its session is gone.
 * Needs: livestack.ko loaded; root.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/livestack.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock_page.h"
#include "control.h"
#include "device.h"
#include "ktap.h"
#include "pace.h"

#define MS 1000000ULL
#define NOBODY 0x7fffff00

static uint32_t new_session(uint64_t quantum, uint64_t end)
{
	uint32_t session = control_session(quantum, end);

	return control_component(session, 0, LIVESTACK_KIND_MODEL) ? 0 : session;
}

static uint32_t running_session(uint64_t quantum, uint64_t end)
{
	uint32_t session = new_session(quantum, end);

	return control_state(session, LIVESTACK_STATE_RUNNING) ? 0 : session;
}

static bool wait_until(int fd, uint64_t next)
{
	struct livestack_wait wait = { .next_ns = next };

	return !ioctl(fd, LIVESTACK_IOC_WAIT, &wait) && wait.clock_ns == next;
}

static uint64_t told(uint32_t session)
{
	struct nl_answer answer;

	return control_get(session, &answer) ? 0 : nl_u64(&answer, LIVESTACK_A_SESSION_CLOCK_NS);
}

/* Every window's time goes to its end and stands there, on the page and in session-get. */
static bool stands_at_ends(void)
{
	uint32_t session = running_session(50000, 0);
	const unsigned int rounds = ktap_count(100, 5000);
	int fd = device_join(session, 0, 0);
	const struct livestack_clock *page = pace_map(fd);
	unsigned int i;
	bool ok = page && clock_page_read(page) <= 50000;

	for (i = 1; ok && i <= rounds; i++) {
		/* Far enough from the last, so that it is in a window of its own. */
		uint64_t next = i * MS + rand() % (MS / 2);

		ok = wait_until(fd, next) && clock_page_read(page) >= next;
		pace_spin(page, 60000);
		ok &= clock_page_read(page) == next + 50000 && told(session) == next + 50000;
	}
	close(fd);
	munmap((void *)page, 4096);
	return ok && !control_delete(session);
}

static uint64_t raw_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* Within a long window it goes as the processor's counter, and so as the kernel's own clocks. */
static bool goes_as_counter(void)
{
	uint32_t session = running_session(10000 * MS, 0);
	int fd = device_join(session, 0, 0);
	const struct livestack_clock *page = pace_map(fd);
	uint64_t begin[3], end[3], least, most, went;

	begin[0] = raw_ns();
	begin[1] = clock_page_read(page);
	begin[2] = raw_ns();
	pace_spin(page, 100 * MS);
	end[0] = raw_ns();
	end[1] = clock_page_read(page);
	end[2] = raw_ns();
	close(fd);
	munmap((void *)page, 4096);

	/* The kernel may have corrected the counter's rate since livestack.ko was told of it. */
	least = (end[0] - begin[2]) * 99 / 100;
	most = (end[2] - begin[0]) * 101 / 100;
	went = end[1] - begin[1];
	ktap_note("%llu ns went by, of the kernel's clock %llu to %llu", (unsigned long long)went,
		  (unsigned long long)least, (unsigned long long)most);
	return went >= least && went <= most && !control_delete(session);
}

/* All that looks on; @latest is the latest time that any of them has seen. */
struct watch {
	const struct livestack_clock *page;
	uint32_t session;
	clockid_t ptp;	   /* 0: none */
	uint64_t latest;   /* atomic, as all below */
	uint64_t readings;
	unsigned int back; /* so often a time was before it */
	bool stop;
};

static uint64_t look(const struct watch *watch, unsigned int way)
{
	struct timespec now;

	if (!way || !watch->ptp)
		return clock_page_read(watch->page);
	clock_gettime(watch->ptp, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void *watcher(void *data)
{
	struct watch *watch = data;
	uint64_t before, now, count;

	for (count = 0; !__atomic_load_n(&watch->stop, __ATOMIC_RELAXED); count++) {
		before = __atomic_load_n(&watch->latest, __ATOMIC_SEQ_CST);
		now = look(watch, count & 1);
		if (now < before && !__atomic_fetch_add(&watch->back, 1, __ATOMIC_RELAXED))
			ktap_note("%llu ns after %llu", (unsigned long long)now,
				  (unsigned long long)before);
		while (now > before &&
		       !__atomic_compare_exchange_n(&watch->latest, &before, now, false,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
	}
	__atomic_fetch_add(&watch->readings, count, __ATOMIC_RELAXED);
	return NULL;
}

static uint64_t any(uint64_t most)
{
	return 1000 + (uint64_t)rand() * rand() % most;
}

#define LEAST_STEPS 100

/*
 * Windows short and long, held and not, skips, and pauses in the middle of them; at least @rounds
 * of these, and as many as it takes until the component, which has to share the processors with
 * those who read, has come through some windows.
 */
static bool stir(struct watch *watch, struct pace *pace, unsigned int rounds)
{
	unsigned int round;
	bool ok = true;

	for (round = 0; ok && round < 100 * rounds; round++) {
		if (round >= rounds &&
		    __atomic_load_n(&pace->steps, __ATOMIC_RELAXED) > LEAST_STEPS)
			break;
		__atomic_store_n(&pace->step_ns, any(round % 3 ? 5 * MS : 200000),
				 __ATOMIC_RELAXED);
		__atomic_store_n(&pace->hold_ns, any(round % 2 ? 20000 : MS), __ATOMIC_RELAXED);
		ok = !control_quantum(watch->session, any(round % 5 ? 30 * MS : 100000)) &&
		     ktap_is(control_state(watch->session, LIVESTACK_STATE_PAUSED), 0) &&
		     ktap_is(control_state(watch->session, LIVESTACK_STATE_RUNNING), 0);
	}
	return ok;
}

static bool never_back(void)
{
	struct watch watch = { .session = new_session(MS, 0) };
	struct nl_answer answer;
	pthread_t threads[3];
	struct pace pace;
	char path[32];
	unsigned int i;
	int ptp = -1;
	bool ok;

	if (!control_get(watch.session, &answer) &&
	    answer.attribute[LIVESTACK_A_SESSION_PTP].data) {
		snprintf(path, sizeof(path), "/dev/ptp%u",
			 nl_u32(&answer, LIVESTACK_A_SESSION_PTP));
		ptp = open(path, O_RDONLY);
		watch.ptp = ptp < 0 ? 0 : (~(clockid_t)ptp << 3) | 3;
	}
	if (!pace_start(&pace, watch.session, 0, MS, 10000))
		return false;
	watch.page = pace.page;
	for (i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, watcher, &watch);
	ok = !control_state(watch.session, LIVESTACK_STATE_RUNNING) &&
	     stir(&watch, &pace, ktap_count(300, 20000));
	__atomic_store_n(&watch.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	ktap_note("%llu readings%s, %llu windows, to %llu ns, %u back",
		  (unsigned long long)watch.readings, watch.ptp ? ", half of them by PTP" : "",
		  (unsigned long long)pace.steps, (unsigned long long)watch.latest, watch.back);
	ok = ok && !pace.error && !watch.back && watch.readings > 1000 &&
	     pace.steps > LEAST_STEPS;
	pace_stop(&pace);
	close(ptp);
	return ok && !control_delete(watch.session);
}

/* In the middle of a long window: stands while paused, and goes on from there. */
static bool pause_stands(void)
{
	uint32_t session = running_session(10000 * MS, 0);
	int fd = device_join(session, 0, 0);
	const struct livestack_clock *page = pace_map(fd);
	uint64_t before, paused;
	unsigned int i;
	bool ok = true;

	for (i = 0; ok && i < 20; i++) {
		before = clock_page_read(page);
		pace_spin(page, 100000);
		ok = !control_state(session, LIVESTACK_STATE_PAUSED);
		paused = clock_page_read(page);
		pace_spin(page, 3 * MS);
		ok = ok && paused > before && clock_page_read(page) == paused &&
		     told(session) == paused &&
		     !control_state(session, LIVESTACK_STATE_RUNNING);
		pace_spin(page, 10000);
		ok = ok && clock_page_read(page) > paused;
	}
	close(fd);
	munmap((void *)page, 4096);
	return ok && !control_delete(session);
}

/* The end is reached in the middle of a quantum, and nothing shows a time past it. */
static bool ends_at_end(void)
{
	const uint64_t end = 12345678;
	uint32_t session = running_session(MS, end);
	struct nl_answer answer;
	struct pace pace;
	bool ok = pace_start(&pace, session, 0, 777777, 0);
	unsigned int left = 1000;

	while (ok && !__atomic_load_n(&pace.error, __ATOMIC_RELAXED) && left--)
		usleep(10000);
	ok = ok && pace.error == ESHUTDOWN && !control_get(session, &answer) &&
	     nl_u32(&answer, LIVESTACK_A_SESSION_REASON) == LIVESTACK_REASON_ENDED &&
	     nl_u64(&answer, LIVESTACK_A_SESSION_CLOCK_NS) == end &&
	     clock_page_read(pace.page) == end;
	pace_stop(&pace);
	return ok && !control_delete(session);
}

/* The page outlives its session, stands, and is nobody else's. */
static bool outlives(void)
{
	const unsigned int rounds = ktap_count(5, 200);
	uint64_t stands;
	unsigned int i, j;
	bool ok = true;

	for (i = 0; ok && i < rounds; i++) {
		uint32_t session = running_session(10000 * MS, 0), others[20];
		int fd = device_join(session, 0, 0), observer = pace_observe(session);
		const struct livestack_clock *page = pace_map(observer);

		pace_spin(page, 20000);
		close(fd);
		close(observer);
		ok = page && !control_delete(session);
		stands = page ? clock_page_read(page) : 0;
		for (j = 0; j < 20; j++)
			others[j] = running_session(MS, 0);
		pace_spin(page, MS);
		ok = ok && stands > 0 && clock_page_read(page) == stands;
		for (j = 0; j < 20; j++)
			ok &= !control_delete(others[j]);
		munmap((void *)page, 4096);
	}
	return ok;
}

static bool refused(long result, int error)
{
	if (result == -1 && errno == error)
		return true;
	ktap_note("result %ld, %s, wanted %s", result, strerror(errno), strerror(error));
	return false;
}

static bool no_map(int fd, size_t length, int prot, int flags, off_t offset, int error)
{
	return refused((long)mmap(NULL, length, prot, flags, fd, offset), error);
}

static bool bad_maps(uint32_t session)
{
	int fd = open("/dev/livestack", O_RDWR), observer = pace_observe(session), status = 0;
	struct livestack_clock *page = (void *)pace_map(observer);
	bool ok = no_map(fd, 4096, PROT_READ, MAP_SHARED, 0, ENOTCONN) &&
		  no_map(observer, 8192, PROT_READ, MAP_SHARED, 0, EINVAL) &&
		  no_map(observer, 4096, PROT_READ, MAP_SHARED, 4096, EINVAL) &&
		  no_map(observer, 4096, PROT_READ, MAP_SHARED, 1L << 43, EINVAL) &&
		  no_map(observer, 4096, PROT_WRITE, MAP_SHARED, 0, EPERM) &&
		  no_map(observer, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0, EPERM) &&
		  page && refused(mprotect(page, 4096, PROT_READ | PROT_WRITE), EACCES) &&
		  refused(mprotect(page, 4096, PROT_READ | PROT_EXEC), EACCES) &&
		  refused((long)mremap(page, 4096, 8192, MREMAP_MAYMOVE), EFAULT);
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		page->sequence = 1;
		_exit(0);
	}
	ok &= waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
	      WTERMSIG(status) == SIGSEGV;
	munmap(page, 4096);
	close(observer);
	close(fd);
	return ok;
}

static bool bad_observers(uint32_t session)
{
	struct livestack_observe good = { .session = session }, nobody = { .session = NOBODY },
				 reserved = { .session = session, .reserved = 1 };
	struct livestack_join as = { .session = session };
	struct livestack_now now;
	int fd = open("/dev/livestack", O_RDWR), joined = device_join(session, 0, 0);
	bool ok = refused(ioctl(fd, LIVESTACK_IOC_OBSERVE, &nobody), ENOENT) &&
		  refused(ioctl(fd, LIVESTACK_IOC_OBSERVE, &reserved), EINVAL) &&
		  refused(ioctl(fd, LIVESTACK_IOC_OBSERVE, (void *)8), EFAULT) &&
		  !ioctl(fd, LIVESTACK_IOC_OBSERVE, &good) &&
		  refused(ioctl(fd, LIVESTACK_IOC_OBSERVE, &good), EISCONN) &&
		  refused(ioctl(fd, LIVESTACK_IOC_JOIN, &as), EISCONN) &&
		  refused(ioctl(fd, LIVESTACK_IOC_NOW, &now), ENOTCONN) &&
		  refused(ioctl(joined, LIVESTACK_IOC_OBSERVE, &good), EISCONN);

	close(joined);
	close(fd);
	return ok;
}

static bool all_bad(void)
{
	uint32_t session = new_session(MS, 0);
	unsigned int round, rounds = ktap_count(50, 5000);
	bool ok = true;

	for (round = 0; ok && round < rounds; round++)
		ok = bad_maps(session) && bad_observers(session);
	return ok && !control_delete(session);
}

int main(void)
{
	if (control_missing())
		return ktap_skip_all(control_missing());

	ktap_plan(7);
	ktap_ok(stands_at_ends(), "time stands at a window's end, on the page and in session-get");
	ktap_ok(goes_as_counter(), "within a window it goes at the rate of the kernel's clocks");
	ktap_ok(never_back(), "no reader on any processor sees it go back");
	ktap_ok(pause_stands(), "it stands while the session is paused, and goes on from there");
	ktap_ok(ends_at_end(), "at the session's end it reads exactly the end");
	ktap_ok(outlives(), "the page outlives its session and stands still");
	ktap_ok(all_bad(), "maps and observers that are wrong are refused");
	return ktap_end();
}
