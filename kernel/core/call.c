// SPDX-License-Identifier: GPL-2.0-only

#include "call.h"

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "capture.h"
#include "link.h"
#include "observe.h"
#include "session.h"
#include "transport.h"

bool ls_call_known(unsigned int number)
{
	switch (number) {
	case LIVESTACK_IOC_JOIN:
	case LIVESTACK_IOC_WAIT:
	case LIVESTACK_IOC_NOW:
	case LIVESTACK_IOC_SEND:
	case LIVESTACK_IOC_RECV:
	case LIVESTACK_IOC_OBSERVE:
	case LIVESTACK_IOC_CAPTURE:
		return true;
	default:
		return false;
	}
}

/* It is something already. */
static bool ls_file_taken(const struct ls_file *file)
{
	return file->page || file->capture;
}

static int ls_call_join(struct ls_file *file, const struct livestack_join *join)
{
	struct ls_component *component;

	if (join->reserved)
		return -EINVAL;
	if (ls_file_taken(file))
		return -EISCONN;
	component = ls_component_join(join->session, join->component);
	if (IS_ERR(component))
		return PTR_ERR(component);
	get_page(component->session->clock.page);
	WRITE_ONCE(file->page, component->session->clock.page);
	/* Pairs with ls_file_poll(), which does not take the lock. */
	smp_store_release(&file->component, component);
	return 0;
}

static int ls_call_observe(struct ls_file *file, const struct livestack_observe *observe)
{
	struct page *page;
	int err;

	if (observe->reserved)
		return -EINVAL;
	if (ls_file_taken(file))
		return -EISCONN;
	err = ls_observe(observe->session, &page);
	if (!err)
		WRITE_ONCE(file->page, page);
	return err;
}

/* The right of who opened the file is not enough, nor that of who has it now: as in netlink. */
static int ls_call_capture(struct ls_file *file, const struct livestack_capture *request)
{
	struct ls_capture *capture;

	if (!capable(CAP_NET_ADMIN) || !file_ns_capable(file->file, &init_user_ns, CAP_NET_ADMIN))
		return -EPERM;
	if (ls_file_taken(file))
		return -EISCONN;
	capture = ls_capture_open(request);
	if (IS_ERR(capture))
		return PTR_ERR(capture);
	/* Pairs with ls_file_poll(). */
	smp_store_release(&file->capture, capture);
	return 0;
}

static int ls_call_wait(struct ls_file *file, struct livestack_wait *wait)
{
	int err;

	if (wait->end_ns || wait->clock_ns > LS_TIME_LIMIT)
		return -EINVAL;
	err = ls_component_wait(file->component, wait->clock_ns, wait->next_ns, file->nonblock);
	if (!err)
		ls_component_now(file->component, &wait->clock_ns, &wait->end_ns);
	return err;
}

static int ls_call_send(struct ls_file *file, struct livestack_send *send)
{
	struct ls_message *message;
	int err;

	if (send->arrival_ns || send->reserved || send->send_ns > LS_TIME_LIMIT)
		return -EINVAL;
	if (send->length > LIVESTACK_MESSAGE_MAX)
		return -EMSGSIZE;
	message = ls_message_new(send->length);
	if (!message)
		return -ENOMEM;
	if (copy_from_user(message->data, u64_to_user_ptr(send->data), send->length))
		err = -EFAULT;
	else
		err = ls_message_send(file->component, send->link, message, &send->send_ns,
				      &send->arrival_ns);
	if (err)
		ls_message_free(message);
	return err;
}

/* The message that RECV is to give, which is held on to and told of in @recv, or an error. */
static struct ls_message *ls_call_next(struct ls_file *file, struct livestack_recv *recv)
{
	const u32 room = recv->length;
	struct ls_message *message;

	if (recv->arrival_ns || recv->send_ns || recv->sequence || recv->link || recv->source)
		return ERR_PTR(-EINVAL);
	message = ls_message_hold(file->component);
	if (!message)
		return ERR_PTR(-EAGAIN);
	*recv = (struct livestack_recv){
		.arrival_ns = message->arrival_ns,
		.send_ns = message->send_ns,
		.sequence = message->sequence,
		.data = recv->data,
		.length = message->length,
		.link = message->link,
		.source = message->source,
	};
	if (room >= message->length)
		return message;
	ls_message_let_go(file->component);
	return ERR_PTR(-EMSGSIZE);
}

int ls_call_expect(struct ls_file *file, struct livestack_recv *recv)
{
	struct ls_message *message;

	if (!file->component)
		return -ENOTCONN;
	message = ls_call_next(file, recv);
	if (IS_ERR(message))
		return PTR_ERR(message);
	ls_message_let_go(file->component);
	return 0;
}

/* What a port has sent is where the port has put it. */
static int ls_call_give_cargo(const struct ls_message *message, void __user *to)
{
	void *bytes = kvmalloc(message->length, GFP_KERNEL_ACCOUNT);
	int err = 0;

	if (!bytes)
		return -ENOMEM;
	message->holds->copy(message, bytes, message->length);
	if (copy_to_user(to, bytes, message->length))
		err = -EFAULT;
	kvfree(bytes);
	return err;
}

static int ls_call_give(const struct ls_message *message, void __user *to)
{
	if (!message->length)
		return 0;
	if (message->holds)
		return ls_call_give_cargo(message, to);
	return copy_to_user(to, message->data, message->length) ? -EFAULT : 0;
}

static int ls_call_recv(struct ls_file *file, struct livestack_recv *recv)
{
	struct ls_message *message = ls_call_next(file, recv);
	int err;

	if (IS_ERR(message))
		return PTR_ERR(message);
	/* Taken only when the caller has it: nothing is lost by a bad address. */
	err = ls_call_give(message, u64_to_user_ptr(recv->data));
	if (err)
		ls_message_let_go(file->component);
	else
		ls_message_take(file->component, message);
	return err;
}

int ls_call(struct ls_file *file, unsigned int number, union ls_argument *argument)
{
	if (number == LIVESTACK_IOC_JOIN)
		return ls_call_join(file, &argument->join);
	if (number == LIVESTACK_IOC_OBSERVE)
		return ls_call_observe(file, &argument->observe);
	if (number == LIVESTACK_IOC_CAPTURE)
		return ls_call_capture(file, &argument->capture);
	if (!file->component)
		return -ENOTCONN;

	switch (number) {
	case LIVESTACK_IOC_WAIT:
		return ls_call_wait(file, &argument->wait);
	case LIVESTACK_IOC_NOW:
		ls_component_now(file->component, &argument->now.clock_ns, &argument->now.end_ns);
		return 0;
	case LIVESTACK_IOC_SEND:
		return ls_call_send(file, &argument->send);
	case LIVESTACK_IOC_RECV:
		return ls_call_recv(file, &argument->recv);
	default:
		return -ENOTTY;
	}
}
