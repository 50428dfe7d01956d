/* SPDX-License-Identifier: GPL-2.0-only */
/* For who wants to know why a session does not go on. */
#ifndef _LS_STANDSTILL_H
#define _LS_STANDSTILL_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Notes how the session is, its link @link, its components 0 to @count - 1 and where in the kernel
 * the process of each is, and which threads of the kernel's own are in livestack.
 */
void standstill_note(uint32_t session, uint16_t link, const pid_t *processes, unsigned int count);

#endif /* _LS_STANDSTILL_H */
