// SPDX-License-Identifier: GPL-2.0-only

#include "ipc.h"

#include <linux/err.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/sched/task.h>

static int ls_descriptor_hold(const void *data, struct file *file, unsigned int fd)
{
	/* The first from where it was begun to look; its number is looked at by who asked. */
	struct { struct file *file; unsigned int fd; } *found = (void *)data;

	found->file = get_file(file);
	found->fd = fd;
	return 1;
}

struct file *ls_descriptor_get(u32 pid, s64 fd, const char **sentence)
{
	struct { struct file *file; unsigned int fd; } found = { 0 };
	struct pid *number = find_get_pid(pid);
	struct task_struct *leader = get_pid_task(number, PIDTYPE_TGID);

	put_pid(number);
	if (!leader)
		return ls_ipc_refuse(sentence, -ESRCH,
				     "there is no process of this number: say the pid of who has the descriptor, not one of its threads");
	task_lock(leader);
	if (leader->files)
		iterate_fd(leader->files, fd, ls_descriptor_hold, &found);
	task_unlock(leader);
	put_task_struct(leader);
	if (found.file && found.fd == fd)
		return found.file;
	if (found.file)
		fput(found.file);
	return ls_ipc_refuse(sentence, -EBADF,
			     "the process has no descriptor of this number: its /proc/PID/fd lists them");
}
