/* SPDX-License-Identifier: GPL-2.0-only */
/* For who wants to know why a session does not go on. */
#ifndef _LS_STANDSTILL_H
#define _LS_STANDSTILL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What is awaited of a session does not come; all but @session is 0 at first. */
struct standstill {
	uint32_t session;
	unsigned int asked;	  /* so often since a window was seen to open */
	uint64_t first, windows; /* when it was asked first, and last; 0: never */
};

/*
 * Asked about every millisecond: whether no window has opened for 20 seconds, or 1,000 have, in
 * which all that is on its way comes many times over.
 */
bool standstill_is(struct standstill *still);

/*
 * Notes how the session is, its link @link, its components 0 to @count - 1 and where in the kernel
 * the process of each is, and which threads of the kernel's own are in livestack.
 */
void standstill_note(const struct standstill *still, uint16_t link, const pid_t *processes,
		     unsigned int count);

#endif /* _LS_STANDSTILL_H */
