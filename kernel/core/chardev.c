// SPDX-License-Identifier: GPL-2.0-only
/* /dev/livestack: an open file is one modelled component, from its JOIN until it is closed. */

#include "chardev.h"

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "session.h"

struct ls_file {
	struct mutex lock; /* one call at a time; held while waiting. Before ls_table_lock. */
	struct ls_component *component; /* NULL: has not joined */
};

static int ls_file_open(struct inode *inode, struct file *file)
{
	struct ls_file *own = kzalloc(sizeof(*own), GFP_KERNEL);

	if (!own)
		return -ENOMEM;
	mutex_init(&own->lock);
	file->private_data = own;
	return nonseekable_open(inode, file);
}

static int ls_file_release(struct inode *inode, struct file *file)
{
	struct ls_file *own = file->private_data;

	/* Whoever closes while it exits has not said that it leaves. */
	if (own->component)
		ls_component_leave(own->component, current->flags & PF_EXITING);
	kfree(own);
	return 0;
}

static int ls_file_join(struct ls_file *own, void __user *user)
{
	struct livestack_join join;
	struct ls_component *component;

	if (copy_from_user(&join, user, sizeof(join)))
		return -EFAULT;
	if (join.reserved)
		return -EINVAL;
	if (own->component)
		return -EISCONN;

	component = ls_component_join(join.session, join.component);
	if (IS_ERR(component))
		return PTR_ERR(component);
	own->component = component;
	return 0;
}

static int ls_file_wait(struct ls_file *own, void __user *user)
{
	struct livestack_wait wait;
	int err;

	if (copy_from_user(&wait, user, sizeof(wait)))
		return -EFAULT;
	if (wait.end_ns || wait.clock_ns > LS_TIME_LIMIT)
		return -EINVAL;
	if (!own->component)
		return -ENOTCONN;

	err = ls_component_wait(own->component, wait.clock_ns, wait.next_ns);
	if (err)
		return err;
	ls_component_now(own->component, &wait.clock_ns, &wait.end_ns);
	return copy_to_user(user, &wait, sizeof(wait)) ? -EFAULT : 0;
}

static int ls_file_now(struct ls_file *own, void __user *user)
{
	struct livestack_now now = { 0 };

	if (!own->component)
		return -ENOTCONN;
	ls_component_now(own->component, &now.clock_ns, &now.end_ns);
	return copy_to_user(user, &now, sizeof(now)) ? -EFAULT : 0;
}

static long ls_file_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct ls_file *own = file->private_data;
	void __user *user = (void __user *)argument;
	long err;

	if (mutex_lock_interruptible(&own->lock))
		return -ERESTARTSYS;
	switch (command) {
	case LIVESTACK_IOC_JOIN:
		err = ls_file_join(own, user);
		break;
	case LIVESTACK_IOC_WAIT:
		err = ls_file_wait(own, user);
		break;
	case LIVESTACK_IOC_NOW:
		err = ls_file_now(own, user);
		break;
	default:
		err = -ENOTTY;
	}
	mutex_unlock(&own->lock);
	return err;
}

static const struct file_operations ls_file_operations = {
	.owner = THIS_MODULE,
	.open = ls_file_open,
	.release = ls_file_release,
	.unlocked_ioctl = ls_file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
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
