/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * LiveStack: what a program says to livestack.ko.
 *
 * The module registers a generic netlink family named LIVESTACK_FAMILY_NAME in the initial network
 * namespace. A message carries LIVESTACK_FAMILY_VERSION in its generic netlink header; a request
 * with another one is refused with EPROTONOSUPPORT. Messages, attributes and their limits are in
 * livestack_netlink.h.
 *
 * LIVESTACK_CMD_VERSION_GET asks what is loaded: the reply holds the module's version, as text, and
 * LIVESTACK_ABI as the module knows it. Any user may ask.
 *
 * Errors: what the kernel's netlink code finds wrong with a message is answered by NLMSG_ERROR
 * alone, with extended ACK. What the module refuses is answered by LIVESTACK_CMD_ERROR, which holds
 * errno, a sentence and the number of the attribute at fault, and then by NLMSG_ERROR, whose
 * extended ACK holds the same. Both carry the request's sequence number.
 */
#ifndef _UAPI_LINUX_LIVESTACK_H
#define _UAPI_LINUX_LIVESTACK_H

#include <linux/livestack_netlink.h>

#endif /* _UAPI_LINUX_LIVESTACK_H */
