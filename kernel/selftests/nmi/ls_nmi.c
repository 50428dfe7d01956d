// SPDX-License-Identifier: GPL-2.0-only
/*
 * A source of NMIs for the self-tests, where a machine has no PMU to raise them: as long as it is
 * loaded each CPU is sent one every 100 us, and reads the time in it as perf does, which asks the
 * host's clocksource. The parameter count tells how many have read it so far.
 */

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include <asm/apic.h>
#include <asm/nmi.h>

#define LS_NMI_PERIOD_US 100

static DEFINE_PER_CPU(atomic_t, ls_nmi_sent);
static DEFINE_PER_CPU(u64, ls_nmi_time);
static atomic_long_t ls_nmi_count = ATOMIC_LONG_INIT(0);
static struct task_struct *ls_nmi_sender;

/* One that we have not sent is somebody else's. */
static int ls_nmi_handle(unsigned int type, struct pt_regs *regs)
{
	if (!atomic_xchg(this_cpu_ptr(&ls_nmi_sent), 0))
		return NMI_DONE;
	__this_cpu_write(ls_nmi_time, ktime_get_mono_fast_ns());
	atomic_long_inc(&ls_nmi_count);
	return NMI_HANDLED;
}

/* By the counter and not by a timer: the time that timers go by may stand. */
static int ls_nmi_send(void *unused)
{
	int cpu;

	while (!kthread_should_stop()) {
		cpus_read_lock();
		for_each_online_cpu(cpu) {
			atomic_set(per_cpu_ptr(&ls_nmi_sent, cpu), 1);
			apic->send_IPI_mask(cpumask_of(cpu), NMI_VECTOR);
		}
		cpus_read_unlock();
		udelay(LS_NMI_PERIOD_US);
		schedule();
	}
	return 0;
}

static int ls_nmi_get_count(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%ld\n", atomic_long_read(&ls_nmi_count));
}

static const struct kernel_param_ops ls_nmi_count_ops = { .get = ls_nmi_get_count };
module_param_cb(count, &ls_nmi_count_ops, NULL, 0444);
MODULE_PARM_DESC(count, "how many NMIs have read the time");

static int __init ls_nmi_init(void)
{
	int err = register_nmi_handler(NMI_LOCAL, ls_nmi_handle, 0, "ls_nmi");

	if (err)
		return err;
	ls_nmi_sender = kthread_run(ls_nmi_send, NULL, "ls_nmi");
	if (IS_ERR(ls_nmi_sender)) {
		unregister_nmi_handler(NMI_LOCAL, "ls_nmi");
		return PTR_ERR(ls_nmi_sender);
	}
	return 0;
}

static void __exit ls_nmi_exit(void)
{
	int cpu;

	kthread_stop(ls_nmi_sender);
	/* The last ones may be on their way still, and nobody else would know whose they are. */
	for_each_online_cpu(cpu)
		while (atomic_read(per_cpu_ptr(&ls_nmi_sent, cpu)))
			cpu_relax();
	unregister_nmi_handler(NMI_LOCAL, "ls_nmi");
}

module_init(ls_nmi_init);
module_exit(ls_nmi_exit);

MODULE_DESCRIPTION("LiveStack self-tests: a source of NMIs");
MODULE_AUTHOR("The LiveStack authors");
MODULE_LICENSE("GPL");
