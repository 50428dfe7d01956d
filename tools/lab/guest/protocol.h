/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the machine and the agent in a lab host say to each other over one virtio-serial port.
 *
 * Everything is a frame: this header, little-endian, then `length` bytes. Each command that runs is
 * one stream; its number is chosen by the machine. The same frames travel between the lab's
 * supervisor and the `lab exec` that speaks to it (src/protocol.ts), there with one stream a
 * connection.
 *
 * Output and standard input are flow-controlled per stream, so that a reader who stops stops only
 * its own command, and nobody buffers more than LAB_WINDOW bytes for it: each side starts with
 * LAB_WINDOW bytes of credit and gets back, by LAB_CREDIT, what the other has passed on.
 */
#ifndef LAB_PROTOCOL_H
#define LAB_PROTOCOL_H

#include <stdint.h>

#define LAB_PORT	"livestack.lab.agent"	/* the virtio-serial port's name */
#define LAB_VERSION	1
#define LAB_WINDOW	262144			/* bytes in flight a stream and direction */
#define LAB_MAX_FRAME	1048576			/* longest payload taken */

struct lab_frame {
	uint32_t stream;
	uint32_t type;
	uint32_t length;
};

enum lab_type {
	LAB_HELLO = 1,	/* agent: u32 version; stream 0; sent once, when commands can be taken */
	LAB_OPEN = 2,	/* machine: struct lab_open, then NUL-ended strings: directory, argv, env */
	LAB_INPUT = 3,	/* machine: standard input; an empty frame is its end */
	LAB_SIGNAL = 4,	/* machine: u32 number, for the command's whole process group */
	LAB_RESIZE = 5,	/* machine: u32 rows, u32 columns of the terminal */
	LAB_CREDIT = 6,	/* both: u32 bytes that may be sent again */
	LAB_HANGUP = 7,	/* machine: nobody waits any more: kill the command */
	LAB_OUTPUT = 8,	/* agent: standard output, or what a terminal shows */
	LAB_ERROUT = 9,	/* agent: standard error */
	LAB_EXIT = 10,	/* agent: u32 exit status, u32 signal (0: none); last frame of a stream */
	LAB_FAIL = 11,	/* agent: u32 errno, then what failed; last frame of a stream */
};

#define LAB_OPEN_TERMINAL 1u	/* give the command a terminal of rows x columns */

struct lab_open {
	uint32_t flags;
	uint32_t rows;
	uint32_t columns;
	uint32_t argc;
	uint32_t envc;
};

#endif
