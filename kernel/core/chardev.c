// SPDX-License-Identifier: GPL-2.0-only
/* /dev/livestack: how calls come in and their answers go out. */

#include "chardev.h"

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "call.h"
#include "capture.h"
#include "observe.h"
#include "session.h"

static int ls_file_open(struct inode *inode, struct file *file)
{
	struct ls_file *own = kzalloc(sizeof(*own), GFP_KERNEL);

	if (!own)
		return -ENOMEM;
	mutex_init(&own->lock);
	own->file = file;
	file->private_data = own;
	return nonseekable_open(inode, file);
}

static int ls_file_release(struct inode *inode, struct file *file)
{
	struct ls_file *own = file->private_data;

	/* Whoever closes while it exits has not said that it leaves. */
	if (own->component)
		ls_component_leave(own->component, current->flags & PF_EXITING);
	if (own->capture)
		ls_capture_close(own->capture);
	if (own->page)
		put_page(own->page);
	kfree(own);
	return 0;
}

/* A message that is too long is not taken, but its length is told. */
static bool ls_call_answers(unsigned int number, int err)
{
	return _IOC_DIR(number) & _IOC_READ &&
	       (!err || (err == -EMSGSIZE && number == LIVESTACK_IOC_RECV));
}

static int ls_file_ioctl_locked(struct ls_file *own, unsigned int number, void __user *user)
{
	const size_t size = _IOC_SIZE(number);
	union ls_argument argument = { };
	int err;

	if (_IOC_DIR(number) & _IOC_WRITE && copy_from_user(&argument, user, size))
		return -EFAULT;
	/* These cannot be done again, so where the answer goes is tried before. */
	if ((number == LIVESTACK_IOC_SEND || number == LIVESTACK_IOC_RECV) &&
	    copy_to_user(user, &argument, size))
		return -EFAULT;
	err = ls_call(own, number, &argument);
	if (ls_call_answers(number, err) && copy_to_user(user, &argument, size))
		return -EFAULT;
	return err;
}

static long ls_file_ioctl(struct file *file, unsigned int number, unsigned long argument)
{
	struct ls_file *own = file->private_data;
	int err;

	if (!ls_call_known(number))
		return -ENOTTY;
	if (mutex_lock_interruptible(&own->lock))
		return -ERESTARTSYS;
	own->nonblock = file->f_flags & O_NONBLOCK;
	err = ls_file_ioctl_locked(own, number, (void __user *)argument);
	mutex_unlock(&own->lock);
	return err;
}

/* @user holds the structure, and behind it @more bytes: the message, for SEND. */
static int ls_file_write_locked(struct ls_file *own, unsigned int number, char __user *user,
				size_t more)
{
	union ls_argument argument = { };
	int err;

	if (copy_from_user(&argument, user, _IOC_SIZE(number)))
		return -EFAULT;
	if (number == LIVESTACK_IOC_SEND) {
		if (argument.send.data || argument.send.length != more)
			return -EINVAL;
		argument.send.data = (u64)(uintptr_t)(user + _IOC_SIZE(number));
	} else if (more) {
		return -EINVAL;
	}

	own->answer_number = 0;
	if (number != LIVESTACK_IOC_RECV)
		err = ls_call(own, number, &argument);
	else if (argument.recv.data)
		err = -EINVAL;
	else
		err = ls_call_expect(own, &argument.recv);
	if (!err && _IOC_DIR(number) & _IOC_READ) {
		if (number == LIVESTACK_IOC_SEND)
			argument.send.data = 0;
		own->answer_number = number;
		own->answer = argument;
	}
	return err;
}

static ssize_t ls_file_write(struct file *file, const char __user *user, size_t count, loff_t *at)
{
	struct ls_file *own = file->private_data;
	struct livestack_call call;
	int err;

	if (count < sizeof(call))
		return -EINVAL;
	if (copy_from_user(&call, user, sizeof(call)))
		return -EFAULT;
	if (!ls_call_known(call.number))
		return -ENOTTY;
	if (call.reserved || count < sizeof(call) + _IOC_SIZE(call.number))
		return -EINVAL;
	if (mutex_lock_interruptible(&own->lock))
		return -ERESTARTSYS;
	own->nonblock = file->f_flags & O_NONBLOCK;
	err = ls_file_write_locked(own, call.number, (char __user *)user + sizeof(call),
				   count - sizeof(call) - _IOC_SIZE(call.number));
	mutex_unlock(&own->lock);
	return err ?: count;
}

/* The message is taken now that there is a place for it. */
static ssize_t ls_file_read_message(struct ls_file *own, char __user *user, size_t count)
{
	union ls_argument argument = {
		.recv = {
			.data = (u64)(uintptr_t)(user + sizeof(argument.recv)),
			.length = min_t(size_t, count - sizeof(argument.recv),
					LIVESTACK_MESSAGE_MAX),
		},
	};
	int err;

	/* Once taken it cannot be taken again, so the place is tried before. */
	if (copy_to_user(user, &argument.recv, sizeof(argument.recv)))
		return -EFAULT;
	err = ls_call(own, LIVESTACK_IOC_RECV, &argument);
	if (err)
		return err;
	argument.recv.data = 0;
	if (copy_to_user(user, &argument.recv, sizeof(argument.recv)))
		return -EFAULT;
	return sizeof(argument.recv) + argument.recv.length;
}

static ssize_t ls_file_read_locked(struct ls_file *own, char __user *user, size_t count)
{
	const size_t size = _IOC_SIZE(own->answer_number);
	ssize_t done = size;

	if (!own->answer_number)
		return -ENODATA;
	if (count < size)
		return -EMSGSIZE;
	if (own->answer_number == LIVESTACK_IOC_RECV)
		done = ls_file_read_message(own, user, count);
	else if (copy_to_user(user, &own->answer, size))
		done = -EFAULT;
	if (done > 0)
		own->answer_number = 0;
	return done;
}

static ssize_t ls_file_read(struct file *file, char __user *user, size_t count, loff_t *at)
{
	struct ls_file *own = file->private_data;
	ssize_t done;

	if (mutex_lock_interruptible(&own->lock))
		return -ERESTARTSYS;
	if (own->capture)
		done = ls_capture_read(own->capture, user, count, file->f_flags & O_NONBLOCK);
	else
		done = ls_file_read_locked(own, user, count);
	mutex_unlock(&own->lock);
	return done;
}

/* Without the file's lock, which a WAIT holds for as long as it waits. */
static __poll_t ls_file_poll(struct file *file, poll_table *table)
{
	struct ls_file *own = file->private_data;
	struct ls_component *component;
	struct ls_capture *capture;

	/* Pairs with ls_call_capture(). */
	capture = smp_load_acquire(&own->capture);
	if (capture)
		return ls_capture_poll(capture, file, table);
	/* Pairs with ls_call_join(). */
	component = smp_load_acquire(&own->component);
	if (!component)
		return EPOLLERR;
	poll_wait(file, &component->pollers, table);
	return ls_component_ready(component) ? EPOLLIN | EPOLLRDNORM : 0;
}

/* Without the lock: it is held where user memory is touched, which mmap() holds up. */
static int ls_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ls_file *own = file->private_data;

	return ls_clock_mmap(READ_ONCE(own->page), vma);
}

static const struct file_operations ls_file_operations = {
	.owner = THIS_MODULE,
	.open = ls_file_open,
	.release = ls_file_release,
	.read = ls_file_read,
	.write = ls_file_write,
	.poll = ls_file_poll,
	.unlocked_ioctl = ls_file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = ls_file_mmap,
};

static struct miscdevice ls_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "livestack",
	.mode = 0660,
	.fops = &ls_file_operations,
};

int __init ls_chardev_init(void)
{
	return misc_register(&ls_device);
}

void ls_chardev_exit(void)
{
	misc_deregister(&ls_device);
}
