/* SPDX-License-Identifier: GPL-2.0-only */
/* What a self-test should not leave behind, counted. */
#ifndef _LS_LEFTOVER_H
#define _LS_LEFTOVER_H

#include <stdbool.h>

/* Sockets of all protocols that there are, whoever's; -1: cannot be told. */
long leftover_sockets(void);

/* Whether there is a network device whose name begins so. */
bool leftover_device(const char *prefix);

#endif /* _LS_LEFTOVER_H */
