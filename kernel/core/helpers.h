/* SPDX-License-Identifier: GPL-2.0-only */
/* Which processes work for a VMM, as component-attach names them. */
#ifndef _LS_HELPERS_H
#define _LS_HELPERS_H

#include "mechanism.h"

struct nlattr;

/*
 * Takes hold of those that @named says, NULL for none, for the VMM of number @vmm. A negative error
 * number and a sentence: then none is held.
 */
int ls_helpers_find(const struct nlattr *named, u32 vmm, struct ls_helpers *helpers,
		    const char **sentence);
void ls_helpers_put(struct ls_helpers *helpers);

#endif /* _LS_HELPERS_H */
