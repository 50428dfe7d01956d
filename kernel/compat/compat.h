/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All knowledge of kernel versions, put before every file of every module: code outside this folder
 * is written as for the newest kernel and holds no #if about versions.
 *
 * What a kernel has is found by compiling, not by its number: stable and distribution kernels take
 * newer interfaces back. Each probes/NAME.c that compiles gives LS_HAVE_NAME in have.h.
 */
#ifndef _LS_COMPAT_H
#define _LS_COMPAT_H

#include <linux/version.h>

#if KERNEL_VERSION(6, 1, 0) > LINUX_VERSION_CODE
#error "LiveStack needs Linux 6.1 or newer: point KDIR at the headers of such a kernel"
#endif

#include "have.h"

/* Before 6.6 a family's pre_doit was handed the whole genl_ops, since then a genl_split_ops. */
#ifdef LS_HAVE_GENL_PRE_DOIT_SPLIT
#define ls_genl_pre_doit_ops genl_split_ops
#else
#define ls_genl_pre_doit_ops genl_ops
#endif

/*
 * Since 6.7 a dump has a genl_info of its own, before it had the attributes only. A macro, as not
 * every file includes what it needs.
 */
#ifdef LS_HAVE_GENL_DUMPIT_INFO_FULL
#define ls_genl_dump_attrs(cb) (genl_dumpit_info(cb)->info.attrs)
#else
#define ls_genl_dump_attrs(cb) (genl_dumpit_info(cb)->attrs)
#endif

/* Since 6.3 a mapping's flags are changed by these, which take the locks that are wanted then. */
#ifndef LS_HAVE_VM_FLAGS_SET
#define vm_flags_set(vma, flags) ((void)((vma)->vm_flags |= (flags)))
#define vm_flags_clear(vma, flags) ((void)((vma)->vm_flags &= ~(flags)))
#endif

/* Since 6.13; 6.15 has no hrtimer_init() any more. */
#ifndef LS_HAVE_HRTIMER_SETUP
#define hrtimer_setup(timer, callback, clock, mode) do {	\
	struct hrtimer *ls_timer = (timer);			\
								\
	hrtimer_init(ls_timer, clock, mode);			\
	ls_timer->function = (callback);			\
} while (0)
#endif

/* Since 6.12 one that has gone to sleep may be left on its run queue. */
#ifndef LS_HAVE_TASK_IS_RUNNABLE
#define task_is_runnable(task) (READ_ONCE((task)->on_rq))
#endif

/* Since 6.8 a signal counts one, before it was told how many. */
#ifdef LS_HAVE_EVENTFD_SIGNAL_ONE
#define ls_eventfd_signal(context) eventfd_signal(context)
#else
#define ls_eventfd_signal(context) eventfd_signal(context, 1)
#endif

#endif /* _LS_COMPAT_H */
