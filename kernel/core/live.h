/* SPDX-License-Identifier: GPL-2.0-only */
/* Live components: how a machine is attached to one, and leaves it. */
#ifndef _LS_LIVE_H
#define _LS_LIVE_H

#include "mechanism.h"

struct ls_session;

/* As proc_pid_stat(5) field 22 counts. */
u64 ls_start_ticks(const struct task_struct *leader);

/* These want ls_table_lock held. */

/* The machine whose VMM is process @pid, started at @start_ticks; @nested, @exact: mechanism.h. */
struct ls_live_request {
	u32 pid;
	u64 start_ticks;
	bool nested, exact;
	const struct ls_helpers *helpers;
};

/*
 * Attaches it. Negative error number and a sentence: -EINVAL: not a live one, -EBUSY: it or the
 * machine is attached already, -EOPNOTSUPP: no mechanism is loaded, or the machine cannot be kept
 * exact, -ESRCH: no such process, -ENXIO: it runs no machine, -ESHUTDOWN: the session has stopped.
 */
int ls_live_attach(struct ls_component *component, const struct ls_live_request *request,
		   const char **sentence);

/* -ENOTCONN: nothing is attached. */
int ls_live_detach(struct ls_component *component, enum livestack_parting parting);

/* What is attached: without virtual CPUs, nothing. */
struct ls_machine_view ls_live_machine(const struct ls_component *component);

/* One of them, taken at one moment. */
void ls_live_look(struct ls_component *component, u32 index, struct ls_vcpu_view *view);

/* Under the session's lock: how far its machine has come, and whether that goes on by itself. */
u64 ls_live_clock(const struct ls_component *component);
bool ls_live_advances(const struct ls_component *component);

/* Under the session's lock: it may run in the open window. */
void ls_live_run(struct ls_component *component);

/* For the module's end, without ls_table_lock: no machine is attached any more. */
void ls_live_exit(void);

#endif /* _LS_LIVE_H */
