// SPDX-License-Identifier: GPL-2.0-only

#include "observe.h"

#include <linux/mm.h>

#include "session.h"

int ls_observe(u32 session_id, struct page **page)
{
	struct ls_session *session;
	int err = -ENOENT;

	might_sleep();
	mutex_lock(&ls_table_lock);
	session = xa_load(&ls_sessions, session_id);
	if (session) {
		*page = session->clock.page;
		get_page(*page);
		err = 0;
	}
	mutex_unlock(&ls_table_lock);
	return err;
}

int ls_clock_mmap(struct page *page, struct vm_area_struct *vma)
{
	if (!page)
		return -ENOTCONN;
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;

	/* mprotect() shall not get any further either, nor mremap(). */
	vm_flags_clear(vma, VM_MAYWRITE | VM_MAYEXEC);
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	return vm_insert_page(vma, vma->vm_start, page);
}
