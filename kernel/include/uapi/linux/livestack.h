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
 * LIVESTACK_CMD_COMPONENT_NEW and links between them by LIVESTACK_CMD_LINK_NEW, and runs when
 * LIVESTACK_CMD_SESSION_SET says so. Its simulated time, in nanoseconds, goes on in windows
 * [start, end): the next one opens when every component has arrived at the end of the last, and
 * begins at the earliest thing that any of them has to do.
 *
 * A process takes part as a modelled component: it opens /dev/livestack and says by
 * LIVESTACK_IOC_JOIN as which one. It enters with the next window, at that window's start. Then,
 * for ever: LIVESTACK_IOC_WAIT says how far it has run and when its next event is, and returns
 * when its clock has reached that event or the arrival of a message to it, whichever is earlier;
 * what happens at that time is the process's to simulate. It may run on by itself until end_ns
 * before it waits again; if it runs past that, the excess is taken off its next windows, and in a
 * strict session more of it than the lookahead allows for pauses the session (see
 * LIVESTACK_ON_OVERSHOOT_PAUSE). LIVESTACK_IOC_NOW asks where it is. WAIT can be interrupted by
 * signals and called again, then also with another event.
 *
 * LIVESTACK_IOC_SEND hands a message to the component at the other end of a link. It arrives there
 * when the link's latency has passed since send_ns, and no WAIT of the receiver runs past that
 * time: WAIT returns with its clock at the arrival, and LIVESTACK_IOC_RECV takes the message. As
 * long as one has arrived WAIT returns at once. Messages come in the order of (arrival, number of
 * the source component, the source's own count of messages sent), whatever links they took. A
 * message that arrives before the receiver's clock, as can be when a window is longer than the
 * latency, is late: it is handed over all the same, and counted. SEND never waits: when the link's
 * queue is full it fails with ENOBUFS, and there is room again when the receiver has taken
 * messages.
 *
 * With O_NONBLOCK a WAIT that is not through at once fails with EAGAIN. The component has arrived
 * nonetheless; poll(2) tells by POLLIN when WAIT, called again with the same event, returns at
 * once.
 *
 * Closing the file is leaving, once no page of it is mapped any more, which keeps it open;
 * messages on their way to who leaves are dropped and counted. A process that ends without closing
 * while the window waits for it has died: the session pauses (or gives gating up, see
 * LIVESTACK_ON_LOSS_RELEASE), and LIVESTACK_CMD_SESSION_NTF names the component. Another process
 * may join as it, and LIVESTACK_CMD_SESSION_SET lets the session go on.
 *
 * Programs that cannot call ioctl(2) say the same by write(2) and read(2): one write is a struct
 * livestack_call with the number of the ioctl, followed by its structure and, for SEND, the
 * message. It does what the ioctl does, waits as that, and fails as that; one read then takes the
 * structure as the ioctl would leave it, followed, for RECV, by the message. In these, data is 0.
 *
 * A file that has joined, or that says by LIVESTACK_IOC_OBSERVE which session it wants to look at,
 * maps by mmap(2) one page, at offset 0 and for reading only, that tells the session's time without
 * a call: see livestack_clock.h. It stays as it is when the session is gone. As long as it is
 * mapped the file is open, also when its last descriptor is closed.
 *
 * A file captures a link when LIVESTACK_IOC_CAPTURE says which; CAP_NET_ADMIN in the initial
 * namespace is needed for that, by who opened it, too. Whatever is at the link's ends, a copy of
 * each message is made when it is handed over to its receiver; one that is dropped is not. read(2)
 * takes copies, oldest first: struct livestack_captured and the message's bytes, one behind the
 * other, as many whole ones as there is room for. What has not been read waits in a ring of the
 * size that the caller said. No message ever waits for a reader: a copy that finds no room there is
 * lost, and counted in the records that follow; where none follows, a record without a message
 * tells the count. read waits until there is something, fails with EAGAIN under O_NONBLOCK, and
 * gives 0 once the link is gone and all is read. poll(2) tells by POLLIN when it does not wait. A
 * link is captured by one file at a time, from the call until that is closed.
 *
 * The calls answer with ENOTTY to an unknown number, EFAULT, EINVAL for fields that must be 0,
 * times above LIVESTACK_TIME_MAX_NS and joining as what is no model, ENOENT for a session,
 * component or link that is not there, EBUSY for a component that is taken, EISCONN and ENOTCONN
 * for a file that has joined, observes or captures and for one that does not, and ESHUTDOWN once
 * the session has stopped. SEND also with EBUSY while the component waits or has not entered yet,
 * EINVAL for a send_ns before the component's clock or not before the window's end, EMSGSIZE for
 * more than LIVESTACK_MESSAGE_MAX bytes, ENOTCONN for a link that does not end at the component,
 * EHOSTUNREACH when nobody has joined as the other end, ENETDOWN when the link is newer than the
 * open window, and ENOBUFS. RECV with EAGAIN when no message has arrived, and EMSGSIZE, with its
 * length, when the next one is longer than the room for it. CAPTURE with EPERM, EINVAL for a size
 * out of range, and EBUSY for a link that is captured. write with EINVAL for a wrong size, and read
 * with ENODATA when there is no answer to take and EMSGSIZE when the room is too short for it, or
 * for the next record of a capture.
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
 * @clock_ns: its clock, as of the last WAIT or SEND
 * @end_ns: the end of the session's window
 */
struct livestack_now {
	__u64 clock_ns;
	__u64 end_ns;
};

/**
 * struct livestack_send - a message to the other end of a link
 * @send_ns: by the caller when it is sent, or 0 for its clock as of the last call
 * @arrival_ns: 0 by the caller; by the kernel when it arrives, or LIVESTACK_TIME_NONE: the link
 *	loses it, as it was set to
 * @data: by the caller where the message is
 * @length: its bytes, at most LIVESTACK_MESSAGE_MAX; by the caller
 * @link: id of the link; by the caller
 * @reserved: 0
 */
struct livestack_send {
	__u64 send_ns;
	__u64 arrival_ns;
	__u64 data;
	__u32 length;
	__u16 link;
	__u16 reserved;
};

/**
 * struct livestack_recv - the next message
 * @arrival_ns: 0 by the caller; by the kernel when it arrived
 * @send_ns: 0 by the caller; by the kernel when it was sent
 * @sequence: 0 by the caller; by the kernel the source's count of messages before it
 * @data: by the caller where the message shall go
 * @length: by the caller the room there; by the kernel the message's bytes
 * @link: 0 by the caller; by the kernel the link that it came by
 * @source: 0 by the caller; by the kernel the component that sent it
 */
struct livestack_recv {
	__u64 arrival_ns;
	__u64 send_ns;
	__u64 sequence;
	__u64 data;
	__u32 length;
	__u16 link;
	__u16 source;
};

/**
 * struct livestack_observe - which session to look at
 * @session: id of the session on this host; by the caller
 * @reserved: 0
 */
struct livestack_observe {
	__u32 session;
	__u32 reserved;
};

/* Room for what a capture's reader has not read yet, in bytes. */
#define LIVESTACK_CAPTURE_RING_MIN	(256 * 1024)
#define LIVESTACK_CAPTURE_RING_MAX	(64 * 1024 * 1024)

/**
 * struct livestack_capture - which link to capture
 * @session: id of the session on this host; by the caller
 * @link: id of the link in it; by the caller
 * @reserved: 0
 * @snap_bytes: so many bytes of each message at most, up to LIVESTACK_MESSAGE_MAX; by the caller
 * @ring_bytes: LIVESTACK_CAPTURE_RING_MIN to _MAX; a power of two, or the next one is taken; by
 *	the caller
 */
struct livestack_capture {
	__u32 session;
	__u16 link;
	__u16 reserved;
	__u32 snap_bytes;
	__u32 ring_bytes;
};

/**
 * struct livestack_captured - a message that a captured link has handed over; its bytes follow
 * @size: of this record with what follows, a multiple of 8
 * @link: id of the link
 * @end: the enum livestack_end that it arrived at
 * @arrival_ns: when it arrived, or LIVESTACK_TIME_NONE: this is no message, and only @lost counts
 * @send_ns: when it was sent
 * @lost: so many to this end were lost to this reader before it
 * @length: the message's bytes
 * @captured: of them here
 */
struct livestack_captured {
	__u32 size;
	__u16 link;
	__u16 end;
	__u64 arrival_ns;
	__u64 send_ns;
	__u64 lost;
	__u32 length;
	__u32 captured;
};

/**
 * struct livestack_call - a call made by write(2); its structure follows
 * @number: of the ioctl
 * @reserved: 0
 */
struct livestack_call {
	__u32 number;
	__u32 reserved;
};

#define LIVESTACK_IOC_JOIN	_IOW(0xb7, 0xc0, struct livestack_join)
#define LIVESTACK_IOC_WAIT	_IOWR(0xb7, 0xc1, struct livestack_wait)
#define LIVESTACK_IOC_NOW	_IOR(0xb7, 0xc2, struct livestack_now)
#define LIVESTACK_IOC_SEND	_IOWR(0xb7, 0xc3, struct livestack_send)
#define LIVESTACK_IOC_RECV	_IOWR(0xb7, 0xc4, struct livestack_recv)
#define LIVESTACK_IOC_OBSERVE	_IOW(0xb7, 0xc5, struct livestack_observe)
#define LIVESTACK_IOC_CAPTURE	_IOW(0xb7, 0xc6, struct livestack_capture)

#endif /* _UAPI_LINUX_LIVESTACK_H */
