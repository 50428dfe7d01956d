/* SPDX-License-Identifier: GPL-2.0-only */
/* For who wants to know why a session does not go on. */
#ifndef _LS_STANDSTILL_H
#define _LS_STANDSTILL_H

#include <stdint.h>
#include <sys/types.h>

/* Notes the session's state, and where in the kernel each of the @count processes is. */
void standstill_note(uint32_t session, const pid_t *processes, unsigned int count);

#endif /* _LS_STANDSTILL_H */
