/* SPDX-License-Identifier: GPL-2.0-only */
/* What a file of /dev/livestack can be asked, whether by ioctl(2) or by write(2) and read(2). */
#ifndef _LS_CALL_H
#define _LS_CALL_H

#include <linux/livestack.h>
#include <linux/mutex.h>

struct ls_capture;
struct ls_component;
struct file;
struct page;

/* The structure that goes with a call, as the caller gives it and gets it back. */
union ls_argument {
	struct livestack_join join;
	struct livestack_wait wait;
	struct livestack_now now;
	struct livestack_send send;
	struct livestack_recv recv;
	struct livestack_observe observe;
	struct livestack_capture capture;
};

/*
 * What an open file is: one modelled component from its JOIN until it is closed, an observer, or a
 * reader of what a link hands over.
 */
struct ls_file {
	struct file *file;
	struct mutex lock; /* one call at a time; held while waiting. Before ls_table_lock. */
	struct ls_component *component; /* NULL: has not joined; never changes once set */
	struct ls_capture *capture; /* NULL: captures nothing; never changes once set */
	struct page *page; /* of the clock; set once, as mmap(2) comes without the lock */
	bool nonblock;
	unsigned int answer_number; /* of the call whose answer read(2) takes, 0: there is none */
	union ls_argument answer;
};

/* Whether there is such a call. Its structure has _IOC_SIZE(number) bytes. */
bool ls_call_known(unsigned int number);

/*
 * As the call RECV, but the message stays: whether there is one, and how long. What it answers is
 * the same.
 */
int ls_call_expect(struct ls_file *file, struct livestack_recv *recv);

/* Does the call, with the file's lock held. What it answers is for the uapi header to say. */
int ls_call(struct ls_file *file, unsigned int number, union ls_argument *argument);

#endif /* _LS_CALL_H */
