// SPDX-License-Identifier: GPL-2.0-only

#include "pace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/livestack.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock_page.h"

const struct livestack_clock *pace_map(int fd)
{
	void *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	return page == MAP_FAILED ? NULL : page;
}

int pace_observe(uint32_t session)
{
	struct livestack_observe observe = { .session = session };
	int fd = open("/dev/livestack", O_RDWR | O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, LIVESTACK_IOC_OBSERVE, &observe)) {
		close(fd);
		return -1;
	}
	return fd;
}

void pace_spin(const struct livestack_clock *page, uint64_t ns)
{
	/* mult is 0 in a snapshot of a clock that stands; any that goes tells the same rate. */
	static uint32_t mult, shift;
	uint64_t start = clock_page_tsc();
	unsigned int i;

	for (i = 0; !mult && i < 2; i++) {
		shift = page->snapshot[i].shift;
		mult = page->snapshot[i].mult;
	}
	while (mult && clock_page_ns(clock_page_tsc() - start, mult, shift) < ns)
		sched_yield();
}

static void nothing(int signal)
{
	(void)signal;
}

static void *run(void *data)
{
	struct pace *pace = data;
	struct livestack_wait wait = { 0 };
	uint64_t clock = 0;

	while (!__atomic_load_n(&pace->stop, __ATOMIC_RELAXED)) {
		wait = (struct livestack_wait){
			.next_ns = clock + __atomic_load_n(&pace->step_ns, __ATOMIC_RELAXED) +
				   __atomic_exchange_n(&pace->jump_ns, 0, __ATOMIC_RELAXED),
		};
		if (ioctl(pace->fd, LIVESTACK_IOC_WAIT, &wait)) {
			if (errno == EINTR)
				continue;
			__atomic_store_n(&pace->error, errno, __ATOMIC_RELAXED);
			break;
		}
		clock = wait.clock_ns;
		__atomic_add_fetch(&pace->steps, 1, __ATOMIC_RELAXED);
		pace_spin(pace->page, __atomic_load_n(&pace->hold_ns, __ATOMIC_RELAXED));
	}
	return NULL;
}

bool pace_start(struct pace *pace, uint32_t session, uint16_t component, uint64_t step_ns,
		uint64_t hold_ns)
{
	struct livestack_join join = { .session = session, .component = component };
	struct sigaction action = { .sa_handler = nothing };

	*pace = (struct pace){ .step_ns = step_ns, .hold_ns = hold_ns };
	/* Without SA_RESTART: it takes the thread out of its wait. */
	sigaction(SIGUSR1, &action, NULL);
	pace->fd = open("/dev/livestack", O_RDWR | O_CLOEXEC);
	if (pace->fd < 0)
		return false;
	if (ioctl(pace->fd, LIVESTACK_IOC_JOIN, &join))
		goto fail;
	pace->page = pace_map(pace->fd);
	if (!pace->page)
		goto fail;
	if (!pthread_create(&pace->thread, NULL, run, pace))
		return true;
	munmap((void *)pace->page, 4096);
fail:
	close(pace->fd);
	return false;
}

void pace_stop(struct pace *pace)
{
	__atomic_store_n(&pace->stop, true, __ATOMIC_RELAXED);
	/* It may be about to wait: again until it has gone. */
	while (pthread_tryjoin_np(pace->thread, NULL)) {
		pthread_kill(pace->thread, SIGUSR1);
		sched_yield();
	}
	munmap((void *)pace->page, 4096);
	close(pace->fd);
}
