/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Captures: a copy of each message that a link hands over, for one reader.
 *
 * A capture holds no message up. What arrives is copied into a ring under the session's lock, and
 * where the ring has no room the copy is lost, which is counted.
 *
 * Lifetime: a capture is its file's, from LIVESTACK_IOC_CAPTURE until that is closed. Its link only
 * points to it, until the file is closed or the link goes; both happen under ls_table_lock.
 */
#ifndef _LS_CAPTURE_H
#define _LS_CAPTURE_H

#include <linux/livestack.h>
#include <linux/poll.h>
#include <linux/types.h>

struct ls_capture;
struct ls_link;
struct ls_message;

/* What the calling file does; these may sleep. */

/*
 * Begins to capture the link. -EINVAL: a size is out of range, -ENOENT: there is no such session or
 * link, -EBUSY: another file captures it, -ENOMEM.
 */
struct ls_capture *ls_capture_open(const struct livestack_capture *request);
void ls_capture_close(struct ls_capture *capture);

/* Copies out whole records. As read(2) of the uapi header says; one call at a time. */
ssize_t ls_capture_read(struct ls_capture *capture, char __user *user, size_t count, bool nonblock);
__poll_t ls_capture_poll(struct ls_capture *capture, struct file *file, poll_table *table);

/* Under the session's lock: @message is handed over to its receiver. */
void ls_capture_message(struct ls_capture *capture, const struct ls_message *message);

/* With ls_table_lock held: the link goes, and nothing is on it any more. */
void ls_capture_end(struct ls_link *link);

#endif /* _LS_CAPTURE_H */
