/* SPDX-License-Identifier: Apache-2.0 */
/* The switch in a session: its links, its clock, and what it is told by signals. */
#ifndef SWITCH_RUN_H
#define SWITCH_RUN_H

#include "arguments.h"

/* Until the session's end or a signal. The program's exit status; it has said what went wrong. */
int run_switch(const struct arguments *arguments);

#endif /* SWITCH_RUN_H */
