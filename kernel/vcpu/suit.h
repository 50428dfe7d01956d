/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LS_SUIT_H
#define _LS_SUIT_H

#include <linux/types.h>

struct kvm;

/*
 * Whether the machine's clock can be kept exact; if not, @sentence says what to change. @nested: a
 * hypervisor in it is let pass, its guests will see the host's time. -EOPNOTSUPP, -EBUSY: it is
 * attached already, -EAGAIN: it has not begun to run.
 */
int ls_suit_check(struct kvm *kvm, bool nested, const char **sentence);

#endif /* _LS_SUIT_H */
