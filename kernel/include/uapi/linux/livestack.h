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
 * A session is made by LIVESTACK_CMD_SESSION_NEW, gets its components by
 * LIVESTACK_CMD_COMPONENT_NEW and runs when LIVESTACK_CMD_SESSION_SET says so. Its simulated
 * time, in nanoseconds, goes on in windows [start, end): the next one opens when every component
 * has arrived at the end of the last, and begins at the earliest thing that any of them has to
 * do.
 *
 * A process takes part as a modelled component: it opens /dev/livestack and says by
 * LIVESTACK_IOC_JOIN as which one. It enters with the next window, at that window's start. Then,
 * for ever: LIVESTACK_IOC_WAIT says how far it has run and when its next event is, and returns
 * when its clock has reached that event; what happens at that time is the process's to simulate.
 * It may run on by itself until end_ns before it waits again; if it runs past that, the excess is
 * taken off its next windows. LIVESTACK_IOC_NOW asks where it is. WAIT can be interrupted by
 * signals and called again, then also with another event.
 *
 * Closing the file is leaving. A process that ends without closing while the window waits for it
 * has died: the session pauses, and LIVESTACK_CMD_SESSION_NTF names the component. Another
 * process may join as it, and LIVESTACK_CMD_SESSION_SET lets the session go on.
 *
 * The calls answer with ENOTTY to an unknown number, EFAULT, EINVAL for fields that must be 0,
 * times above LIVESTACK_TIME_MAX_NS and joining as what is no model, ENOENT for a component that
 * is not there, EBUSY for one that is taken, EISCONN and ENOTCONN for a file that has and has not
 * joined, and ESHUTDOWN once the session has stopped.
 *
 * Errors: what the kernel's netlink code finds wrong with a message is answered by NLMSG_ERROR
 * alone, with extended ACK. What the module refuses is answered by LIVESTACK_CMD_ERROR, which holds
 * errno, a sentence and the number of the attribute at fault, and then by NLMSG_ERROR, whose
 * extended ACK holds the same. Both carry the request's sequence number.
 */
#ifndef _UAPI_LINUX_LIVESTACK_H
#define _UAPI_LINUX_LIVESTACK_H

#include <linux/ioctl.h>
#include <linux/livestack_netlink.h>
#include <linux/types.h>

/* No event: wait for messages, or for what may come. */
#define LIVESTACK_TIME_NONE	(~(__u64)0)

/**
 * struct livestack_join - as which component
 * @session: id of the session on this host; by the caller
 * @component: id of the component in it; by the caller
 * @reserved: 0
 */
struct livestack_join {
	__u32 session;
	__u16 component;
	__u16 reserved;
};

/**
 * struct livestack_wait - what for, and how far it came
 * @clock_ns: by the caller how far it has run, or 0 where it was; by the kernel where it is now
 * @next_ns: its next event, or LIVESTACK_TIME_NONE; by the caller
 * @end_ns: 0 by the caller; by the kernel the time until which it is free to run
 */
struct livestack_wait {
	__u64 clock_ns;
	__u64 next_ns;
	__u64 end_ns;
};

/**
 * struct livestack_now - where it is
 * @clock_ns: its clock, as of the last WAIT
 * @end_ns: the end of the session's window
 */
struct livestack_now {
	__u64 clock_ns;
	__u64 end_ns;
};

#define LIVESTACK_IOC_JOIN	_IOW(0xb7, 0xc0, struct livestack_join)
#define LIVESTACK_IOC_WAIT	_IOWR(0xb7, 0xc1, struct livestack_wait)
#define LIVESTACK_IOC_NOW	_IOR(0xb7, 0xc2, struct livestack_now)

#endif /* _UAPI_LINUX_LIVESTACK_H */
