// SPDX-License-Identifier: GPL-2.0-only

#include "live.h"

#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/workqueue.h>

#include "clocksource.h"
#include "link.h"
#include "object_nl.h"
#include "session.h"

#define LS_LIVE_STOPPED "the session has stopped for good: make another"

/* The one there is, under ls_table_lock. */
static const struct ls_mechanism *ls_mechanism;

u64 ls_start_ticks(const struct task_struct *leader)
{
	return div_u64(leader->start_boottime, NSEC_PER_SEC / USER_HZ);
}

static int ls_live_refuse(const char **sentence, int err, const char *what)
{
	*sentence = what;
	return err;
}

static int ls_find_process(u32 pid, u64 start_ticks, struct task_struct **leader,
			   const char **sentence)
{
	struct pid *number = find_get_pid(pid);

	*leader = get_pid_task(number, PIDTYPE_TGID);
	put_pid(number);
	if (!*leader)
		return ls_live_refuse(sentence, -ESRCH,
				      "there is no process of this number: say the VMM's, not one of its threads");
	if (ls_start_ticks(*leader) == start_ticks)
		return 0;
	put_task_struct(*leader);
	return ls_live_refuse(sentence, -ESRCH,
			      "the process of this number was started at another time: look the VMM up again");
}

/* Under the session's lock, the machine stands still. */
static void ls_live_join(struct ls_component *component, pid_t pid, void *own)
{
	struct ls_session *session = component->session;
	const u64 entry_ns = session->window.released ? session->window.start_ns :
							session->window.end_ns;

	component->pid = pid;
	component->own = own;
	component->parting = 0;
	list_add_tail(&component->joined, &session->joined);
	ls_mechanism->joined(own, entry_ns);
	ls_window_join(&session->window, &component->member);
	ls_session_settle(session);
}

static int ls_live_check(const struct ls_component *component, const char **sentence)
{
	if (component->kind != LIVESTACK_KIND_LIVE)
		return ls_live_refuse(sentence, -EINVAL,
				      "a machine is attached to a live component, and this is none: component-new with kind live makes one");
	if (component->pid)
		return ls_live_refuse(sentence, -EBUSY,
				      "a machine is attached to the component already: detach it first");
	if (!ls_mechanism)
		return ls_live_refuse(sentence, -EOPNOTSUPP,
				      "nothing is loaded that gates machines: modprobe livestack_vcpu");
	if (component->session->state == LIVESTACK_STATE_STOPPED)
		return ls_live_refuse(sentence, -ESHUTDOWN, LS_LIVE_STOPPED);
	return 0;
}

int ls_live_attach(struct ls_component *component, const struct ls_live_request *request,
		   const char **sentence)
{
	struct ls_session *session = component->session;
	struct ls_attachment attachment = {
		.session_id = session->id,
		.component_id = component->id,
		.nested = request->nested,
		.exact = request->exact,
		.helpers = request->helpers,
	};
	unsigned long flags;
	void *own;
	u32 pid;
	int err;

	might_sleep();
	lockdep_assert_held(&ls_table_lock);
	err = ls_live_check(component, sentence);
	if (err)
		return err;
	err = ls_find_process(request->pid, request->start_ticks, &attachment.leader, sentence);
	if (err)
		return err;
	/* From here on its end may be told. */
	WRITE_ONCE(component->gone, 0);
	own = ls_mechanism->attach(component, &attachment, sentence);
	pid = attachment.leader->tgid;
	put_task_struct(attachment.leader);
	if (IS_ERR(own))
		return PTR_ERR(own);

	raw_spin_lock_irqsave(&session->lock, flags);
	/* Its end may have come meanwhile. */
	if (session->state == LIVESTACK_STATE_STOPPED)
		err = -ESHUTDOWN;
	else
		ls_live_join(component, pid, own);
	raw_spin_unlock_irqrestore(&session->lock, flags);
	if (err) {
		*sentence = "the session has stopped for good: make another";
		ls_mechanism->detach(own);
		return err;
	}
	ls_nl_component_changed(component);
	return 0;
}

int ls_live_detach(struct ls_component *component, enum livestack_parting parting)
{
	struct ls_session *session = component->session;
	void *own = component->own;
	struct rb_root messages;
	unsigned long flags;

	might_sleep();
	lockdep_assert_held(&ls_table_lock);
	if (!own)
		return -ENOTCONN;
	raw_spin_lock_irqsave(&session->lock, flags);
	component->pid = 0;
	component->own = NULL;
	component->parting = parting;
	list_del_init(&component->joined);
	messages = component->messages.rb_root;
	component->messages = RB_ROOT_CACHED;
	component->queued = 0;
	/* One that was reset or has ended has not said that it leaves. */
	if (parting == LIVESTACK_PARTING_ASKED)
		ls_window_leave(&session->window, &component->member);
	else if (ls_window_die(&session->window, &component->member))
		ls_session_mourn(session, component->id);
	ls_session_settle(session);
	raw_spin_unlock_irqrestore(&session->lock, flags);
	ls_messages_drop(session, &messages);
	ls_mechanism->detach(own);
	ls_nl_component_changed(component);
	return 0;
}

struct ls_machine_view ls_live_machine(const struct ls_component *component)
{
	struct ls_machine_view view = { 0 };

	if (component->own)
		ls_mechanism->count(component->own, &view);
	return view;
}

void ls_live_look(struct ls_component *component, u32 index, struct ls_vcpu_view *view)
{
	unsigned long flags = ls_live_lock(component);

	ls_mechanism->look(component->own, index, view);
	ls_live_unlock(component, flags);
}

/* Each component with a machine, of all sessions. */
static void ls_live_each(void (*each)(struct ls_component *component))
{
	struct ls_component *component;
	struct ls_session *session;
	unsigned long id, number;

	lockdep_assert_held(&ls_table_lock);
	xa_for_each(&ls_sessions, id, session)
		xa_for_each(&session->components, number, component)
			if (component->own)
				each(component);
}

void ls_live_run(struct ls_component *component)
{
	ls_mechanism->run(component->own);
}

u64 ls_live_clock(const struct ls_component *component)
{
	return ls_mechanism->clock(component->own);
}

bool ls_live_advances(const struct ls_component *component)
{
	return ls_mechanism->advances(component->own);
}

static void ls_live_bury(struct ls_component *component)
{
	const enum livestack_parting parting = READ_ONCE(component->gone);

	if (parting)
		ls_live_detach(component, parting);
}

static void ls_live_undertake(struct work_struct *work)
{
	mutex_lock(&ls_table_lock);
	ls_live_each(ls_live_bury);
	mutex_unlock(&ls_table_lock);
}

/* One for all: a component's own could not be waited for under ls_table_lock, which it takes. */
static DECLARE_WORK(ls_live_undertaker, ls_live_undertake);

/* Its caller may hold a scheduler's lock, with which nobody can be woken. */
static void ls_live_tell(struct irq_work *work)
{
	schedule_work(&ls_live_undertaker);
}

static DEFINE_IRQ_WORK(ls_live_teller, ls_live_tell);

void ls_live_gone(struct ls_component *component, enum livestack_parting parting)
{
	WRITE_ONCE(component->gone, parting);
	irq_work_queue(&ls_live_teller);
}
EXPORT_SYMBOL_GPL(ls_live_gone);

void ls_live_exit(void)
{
	irq_work_sync(&ls_live_teller);
	cancel_work_sync(&ls_live_undertaker);
}

static void ls_live_let_go(struct ls_component *component)
{
	ls_live_detach(component, LIVESTACK_PARTING_ASKED);
}

int ls_mechanism_register(const struct ls_mechanism *mechanism)
{
	int err = 0;

	mutex_lock(&ls_table_lock);
	if (ls_mechanism)
		err = -EBUSY;
	else
		ls_mechanism = mechanism;
	mutex_unlock(&ls_table_lock);
	return err;
}
EXPORT_SYMBOL_GPL(ls_mechanism_register);

void ls_mechanism_unregister(const struct ls_mechanism *mechanism)
{
	might_sleep();
	mutex_lock(&ls_table_lock);
	ls_live_each(ls_live_let_go);
	ls_mechanism = NULL;
	mutex_unlock(&ls_table_lock);
}
EXPORT_SYMBOL_GPL(ls_mechanism_unregister);

unsigned long ls_live_lock(struct ls_component *component)
	__acquires(component->session->lock)
{
	return ls_session_lock(component->session);
}
EXPORT_SYMBOL_GPL(ls_live_lock);

void ls_live_unlock(struct ls_component *component, unsigned long flags)
	__releases(component->session->lock)
{
	ls_session_unlock(component->session, flags);
}
EXPORT_SYMBOL_GPL(ls_live_unlock);

struct ls_live_window ls_live_window(const struct ls_component *component)
{
	const struct ls_window *window = &component->session->window;

	return (struct ls_live_window){
		.start_ns = window->start_ns,
		.end_ns = window->end_ns,
		.runs = component->own && component->member.state == LS_MEMBER_RUNNING,
		.strict = component->session->mode == LIVESTACK_MODE_STRICT,
		.free = window->released,
		.clock_ns = component->member.clock_ns,
		.busy = component->busy_ports,
	};
}
EXPORT_SYMBOL_GPL(ls_live_window);

bool ls_live_arrive(struct ls_component *component, u64 clock_ns, u64 next_ns)
{
	const u64 windows = component->windows;

	if (component->session->state == LIVESTACK_STATE_STOPPED)
		return false;
	if (!ls_window_arrive(&component->session->window, &component->member, clock_ns, next_ns))
		return false;
	/* Still in the same window, at what comes next in it. */
	if (component->windows == windows)
		ls_messages_deliver(component);
	return true;
}
EXPORT_SYMBOL_GPL(ls_live_arrive);

void ls_live_advancing(struct ls_component *component)
{
	ls_messages_deliver(component);
}
EXPORT_SYMBOL_GPL(ls_live_advancing);

bool ls_live_wake(struct ls_component *component, u64 at_ns)
{
	if (component->session->state == LIVESTACK_STATE_STOPPED)
		return false;
	return ls_window_wake(&component->session->window, &component->member, at_ns);
}
EXPORT_SYMBOL_GPL(ls_live_wake);

void ls_live_overshot(struct ls_component *component, u64 overshoot_ns)
{
	ls_component_overshot(component, overshoot_ns);
}
EXPORT_SYMBOL_GPL(ls_live_overshot);
