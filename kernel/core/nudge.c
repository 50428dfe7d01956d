// SPDX-License-Identifier: GPL-2.0-only

#include "nudge.h"

#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/percpu.h>
#include <linux/smp.h>

struct ls_nudge {
	call_single_data_t call;
	struct hrtimer timer;
};

static DEFINE_PER_CPU(struct ls_nudge, ls_nudges);

static enum hrtimer_restart ls_nudge_expired(struct hrtimer *timer)
{
	return HRTIMER_NORESTART;
}

/* A timer that is due already is the CPU's first: its interrupt comes at once, and serves all. */
static void ls_nudge_here(void *unused)
{
	hrtimer_start(&this_cpu_ptr(&ls_nudges)->timer, 0, HRTIMER_MODE_ABS_PINNED_HARD);
}

/*
 * A call that is still under way is not made again. It need not be: it has yet to look, and will
 * see this jump too.
 */
static void ls_nudge_work(struct irq_work *work)
{
	int cpu;

	for_each_online_cpu(cpu) {
		if (cpu == smp_processor_id())
			ls_nudge_here(NULL);
		else
			smp_call_function_single_async(cpu, &per_cpu(ls_nudges, cpu).call);
	}
}

/* Time jumps under a raw lock, and there no other CPU may be called. */
static struct irq_work ls_nudge_irq_work = IRQ_WORK_INIT_HARD(ls_nudge_work);

void ls_nudge_all(void)
{
	irq_work_queue(&ls_nudge_irq_work);
}

void ls_nudge_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct ls_nudge *nudge = &per_cpu(ls_nudges, cpu);

		INIT_CSD(&nudge->call, ls_nudge_here, NULL);
		hrtimer_setup(&nudge->timer, ls_nudge_expired, CLOCK_MONOTONIC,
			      HRTIMER_MODE_ABS_PINNED_HARD);
	}
}

static void ls_nudge_nothing(void *unused)
{
}

void ls_nudge_exit(void)
{
	int cpu;

	irq_work_sync(&ls_nudge_irq_work);
	/* Calls to a CPU are served in turn, so ours are through when this one is. */
	on_each_cpu(ls_nudge_nothing, NULL, 1);
	for_each_possible_cpu(cpu)
		hrtimer_cancel(&per_cpu(ls_nudges, cpu).timer);
}
