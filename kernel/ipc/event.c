// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eventfd relays: a signal of one eventfd is a signal of another, later. It is taken in the context
 * of who signals, so that its send time is that one's.
 *
 * Who waits for an eventfd as KVM does swallows its signals: each side has one of its own.
 */

#include "ipc.h"

#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/irq_work.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct ls_event {
	struct ls_port port;
	struct file *file;	/* of the one that is read, NULL: none */
	struct eventfd_ctx *in, *out; /* NULL: none */
	wait_queue_head_t *head;
	wait_queue_entry_t wait;
	poll_table table;
	struct irq_work signal;	/* no eventfd may be signalled under the session's lock */
	struct work_struct read;
	bool blocked;		/* the queue is full */
};

static struct ls_event *ls_event_of(struct ls_port *port)
{
	return container_of(port, struct ls_event, port);
}

/* With the eventfd's lock held. What there is no room for stays in its counter. */
static void ls_event_take(struct ls_event *event)
{
	const u64 now_ns = ls_port_now(&event->port);
	struct ls_message *message;
	u64 count = 0;
	int err;

	WRITE_ONCE(event->blocked, !ls_port_room(&event->port));
	if (event->blocked)
		return;
	eventfd_ctx_do_read(event->in, &count);
	if (!count)
		return;
	message = ls_port_message(sizeof(count), NULL, GFP_ATOMIC);
	if (message)
		memcpy(ls_port_data(message), &count, sizeof(count));
	err = message ? ls_port_send(&event->port, message, now_ns) : -ENOMEM;
	if (!err)
		return;
	ls_port_drop(&event->port, sizeof(count), err == -ENOBUFS || err == -ENOMEM);
	if (message)
		ls_port_free(message);
}

static int ls_event_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct ls_event *event = container_of(wait, struct ls_event, wait);

	if (key_to_poll(key) & EPOLLIN)
		ls_event_take(event);
	return 0;
}

static void ls_event_queue(struct file *file, wait_queue_head_t *head, poll_table *table)
{
	struct ls_event *event = container_of(table, struct ls_event, table);

	event->head = head;
	add_wait_queue(head, &event->wait);
}

static void ls_event_read_on(struct work_struct *work)
{
	struct ls_event *event = container_of(work, struct ls_event, read);

	spin_lock_irq(&event->head->lock);
	ls_event_take(event);
	/* Who found the counter full waits for it to be read. */
	wake_up_locked_poll(event->head, EPOLLOUT);
	spin_unlock_irq(&event->head->lock);
	ls_port_resumed(&event->port);
}

static void ls_event_signal(struct irq_work *work)
{
	struct ls_event *event = container_of(work, struct ls_event, signal);
	struct ls_message *message;

	while ((message = ls_port_take(&event->port))) {
		if (event->out)
			ls_eventfd_signal(event->out);
		ls_port_free(message);
	}
}

static void ls_event_arrived(struct ls_port *port)
{
	irq_work_queue(&ls_event_of(port)->signal);
}

static void ls_event_resume(struct ls_port *port)
{
	queue_work(system_unbound_wq, &ls_event_of(port)->read);
}

static const struct ls_port_ops ls_event_port_ops = {
	.arrived = ls_event_arrived,
	.resume = ls_event_resume,
};

/* The eventfd of a descriptor; @file, which holds it, is the caller's. */
static struct eventfd_ctx *ls_event_get(u32 pid, s64 fd, struct file **file, const char **sentence)
{
	struct eventfd_ctx *context;

	*file = ls_descriptor_get(pid, fd, sentence);
	if (IS_ERR(*file))
		return ERR_CAST(*file);
	context = eventfd_ctx_fileget(*file);
	if (!IS_ERR(context))
		return context;
	fput(*file);
	return ls_ipc_refuse(sentence, -EINVAL,
			     "the descriptor is no eventfd: eventfd() makes one");
}

static int ls_event_find(struct ls_event *event, const struct ls_port_request *request,
			 const char **sentence)
{
	struct file *file;

	if (request->fd >= 0) {
		event->in = ls_event_get(request->pid, request->fd, &file, sentence);
		if (IS_ERR(event->in))
			return PTR_ERR(event->in);
		event->file = file;
	}
	if (request->out_fd < 0)
		return 0;
	event->out = ls_event_get(request->pid, request->out_fd, &file, sentence);
	if (IS_ERR(event->out))
		return PTR_ERR(event->out);
	fput(file);
	return 0;
}

#define LS_EVENT_SAME "what arrives would be sent at once: fd and out-fd must be two eventfds"
#define LS_EVENT_TWICE "both ends of the link would read this eventfd, each what the other is to send: give each an eventfd of its own"
#define LS_EVENT_LOOP "what arrives at one end of the link would be sent back by the other, for ever: give each end eventfds of its own"

static int ls_event_check(const struct ls_event *event, const char **sentence)
{
	struct ls_port *opposite = ls_port_opposite(&event->port);
	const struct ls_event *other;

	if (event->in == event->out) {
		*sentence = LS_EVENT_SAME;
		return -ELOOP;
	}
	if (!opposite || opposite->kind != LIVESTACK_PORT_KIND_EVENTFD)
		return 0;
	other = ls_event_of(opposite);
	if (event->in && event->in == other->in) {
		*sentence = LS_EVENT_TWICE;
		return -EBUSY;
	}
	if ((event->in && event->in == other->out) || (event->out && event->out == other->in)) {
		*sentence = LS_EVENT_LOOP;
		return -ELOOP;
	}
	return 0;
}

static void ls_event_free(struct ls_event *event)
{
	if (!IS_ERR_OR_NULL(event->in)) {
		eventfd_ctx_put(event->in);
		fput(event->file);
	}
	if (!IS_ERR_OR_NULL(event->out))
		eventfd_ctx_put(event->out);
	kfree(event);
}

static struct ls_port *ls_event_open(const struct ls_port *place,
				     const struct ls_port_request *request, const char **sentence)
{
	struct ls_event *event = kzalloc(sizeof(*event), GFP_KERNEL);
	int err;

	if (!event)
		return ERR_PTR(-ENOMEM);
	event->port = *place;
	event->port.ops = &ls_event_port_ops;
	init_irq_work(&event->signal, ls_event_signal);
	INIT_WORK(&event->read, ls_event_read_on);
	err = ls_event_find(event, request, sentence) ?: ls_event_check(event, sentence);
	if (err) {
		ls_event_free(event);
		return ERR_PTR(err);
	}
	ls_port_open(&event->port);
	if (!event->in)
		return &event->port;
	init_waitqueue_func_entry(&event->wait, ls_event_wake);
	init_poll_funcptr(&event->table, ls_event_queue);
	/* What was in it before counts as signalled now. */
	if (vfs_poll(event->file, &event->table) & EPOLLIN)
		queue_work(system_unbound_wq, &event->read);
	return &event->port;
}

static void ls_event_close(struct ls_port *port)
{
	struct ls_event *event = ls_event_of(port);

	if (event->in)
		remove_wait_queue(event->head, &event->wait);
	ls_port_shut(port);
	cancel_work_sync(&event->read);
	irq_work_sync(&event->signal);
	ls_event_free(event);
}

static void ls_event_view(struct ls_port *port, struct ls_port_view *view)
{
	view->blocked = READ_ONCE(ls_event_of(port)->blocked);
}

const struct ls_ipc_kind ls_event_kind = {
	.open = ls_event_open,
	.close = ls_event_close,
	.view = ls_event_view,
};
