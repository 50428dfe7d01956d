/* SPDX-License-Identifier: GPL-2.0-only */
/* Sessions whose components are there before time begins, so that all see it from 0 on. */
#ifndef _LS_STAGE_H
#define _LS_STAGE_H

#include "control.h"

/*
 * A session of @count modelled components, 0 to @count - 1, that ends at @end_ns, 0: without an
 * end. Its number, 0 for failure.
 */
uint32_t stage_session(unsigned int count, uint64_t quantum_ns, uint64_t end_ns);

/* Lets time begin when @count have joined, for which it waits 10 s at most. */
bool stage_begin(uint32_t session, unsigned int count);

#endif /* _LS_STAGE_H */
