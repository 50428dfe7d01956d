/* SPDX-License-Identifier: GPL-2.0-only */
/* The page with a session's time, for those who look on. */
#ifndef _LS_OBSERVE_H
#define _LS_OBSERVE_H

#include <linux/types.h>

struct page;
struct vm_area_struct;

/* Hands out a reference to the page of the session's clock. -ENOENT: there is no such session. */
int ls_observe(u32 session_id, struct page **page);

/*
 * Maps the page, for reading only, for as long as user space wants: the mapping has a reference of
 * its own. @page NULL: -ENOTCONN. -EINVAL: not one page at offset 0, -EPERM: for writing.
 */
int ls_clock_mmap(struct page *page, struct vm_area_struct *vma);

#endif /* _LS_OBSERVE_H */
