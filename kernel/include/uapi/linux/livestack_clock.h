/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * The page mapped from /dev/livestack: a session's simulated time, read without a system call.
 *
 * The kernel keeps two snapshots and always writes the one that readers are not told to use, so a
 * reader never waits, and one that has been overtaken notices: take sequence, then the snapshot of
 * its lowest bit, then the processor's time-stamp counter, and begin again if sequence has changed
 * meanwhile. Then
 *
 *	now = min(base_ns + ((tsc - base_tsc) * mult >> shift), end_ns)
 *
 * with a product of 96 bits, and base_ns where the counter is not past base_tsc. mult is 0 while
 * the clock stands. end_ns is the end of the open window: no reader sees a time after it.
 */
#ifndef _UAPI_LINUX_LIVESTACK_CLOCK_H
#define _UAPI_LINUX_LIVESTACK_CLOCK_H

#include <linux/types.h>

/**
 * struct livestack_snapshot - from when on, how fast, and how far time goes
 * @base_ns: simulated time when the counter was at @base_tsc
 * @base_tsc: value of the time-stamp counter
 * @end_ns: it goes no further
 * @mult: nanoseconds a tick of the counter, times 2^@shift; 0: it stands
 * @shift: see @mult
 */
struct livestack_snapshot {
	__u64 base_ns;
	__u64 base_tsc;
	__u64 end_ns;
	__u32 mult;
	__u32 shift;
};

/**
 * struct livestack_clock - the page; all of it by the kernel
 * @sequence: its lowest bit tells which snapshot to use
 * @reserved: 0
 * @snapshot: two of them
 */
struct livestack_clock {
	__u32 sequence;
	__u32 reserved;
	struct livestack_snapshot snapshot[2];
};

#endif /* _UAPI_LINUX_LIVESTACK_CLOCK_H */
