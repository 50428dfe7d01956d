/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's clocksource, for self-tests that let it be a session. */
#ifndef _LS_HOST_CLOCK_H
#define _LS_HOST_CLOCK_H

#include <time.h>

#include "control.h"

/* False when it is not tsc. Sees to it that it is again when the program ends. */
bool host_clock_open(void);

/* Whether the host has it then: the kernel takes the write in any case. */
bool choose(const char *name);
void choose_ours(void);
bool ours_is_current(void);

/* Whether livestack can be chosen. */
bool available(void);

/* In ns. */
uint64_t time_of(clockid_t id);

/* An attribute of the session. */
uint32_t state_of(uint32_t session, unsigned int attribute);

#define SHOWN(session) state_of(session, LIVESTACK_A_SESSION_CLOCKSOURCE)

/* Has a component 0 that nobody has joined as, and is not running. */
uint32_t offering_session(uint64_t quantum, uint64_t end);

/* Takes the host's own clock back, and deletes the session. */
bool give_up(uint32_t session);

#endif /* _LS_HOST_CLOCK_H */
