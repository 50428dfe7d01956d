/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Three hosts on a switch: modelled components of this process, which send frames as planned and
 * note what comes, and the program livestack-switch, each host's link ending at a port of its own.
 */
#ifndef _LS_LAN_H
#define _LS_LAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LAN_HOSTS 3
#define LAN_SWITCH LAN_HOSTS /* the component */
#define LAN_PLANNED 10000
#define LAN_NOTED (2 * LAN_PLANNED)
#define LAN_QUANTUM 10000
#define LAN_TO_NS 25000	  /* latency from a host to the switch */
#define LAN_BACK_NS 31000 /* and back */
#define LAN_FRAME_MAX 1600

/* Addresses, as the last byte of one says; the highest are no station's. */
#define LAN_GROUP 254
#define LAN_EVERYBODY 255

struct lan;

/* What a host does at a time: sends a frame, or something else if @action is there. */
struct lan_event {
	uint64_t at_ns;
	uint32_t number; /* of the frame, which it carries */
	uint16_t length;
	uint8_t host, to;
	void (*action)(struct lan *lan);
};

struct lan_arrival {
	uint64_t at_ns;
	uint32_t number;
	uint16_t length;
};

struct lan {
	uint32_t session;
	pid_t program;
	int status; /* of it, once it has ended: waitpid(2)'s */
	int output; /* what it says, -1: closed */
	int fd[LAN_HOSTS]; /* -1: it has left */
	uint64_t clock[LAN_HOSTS];
	unsigned int planned, next[LAN_HOSTS]; /* of the plan */
	struct lan_event plan[LAN_PLANNED];
	unsigned int noted[LAN_HOSTS];
	struct lan_arrival notes[LAN_HOSTS][LAN_NOTED];
	char said[16384];
};

/* Link of a host. */
#define LAN_LINK(host) (10 + (host))

/* A session that ends at @end_ns, and in it a switch with these options; all have joined. */
bool lan_begin(struct lan *lan, uint64_t end_ns, const char *options);

/* Each host's events are to be in the order of their times. */
void lan_plan(struct lan *lan, const struct lan_event *event);

/* Lets time begin, until the session's end, then waits for the program. */
bool lan_run(struct lan *lan);

/* Deletes the session. */
bool lan_end(struct lan *lan);

/* Starts the program with @arguments, its output to @output. 0: that failed. */
pid_t lan_start(const char *arguments, int output);

/* What it has said so far goes to said; how many lines these are. */
unsigned int lan_listen(struct lan *lan);

/* A count of the last report, of a port; @port -1: of the switch, whose name is the first. */
uint64_t lan_count(const struct lan *lan, int port, const char *name);

/*
 * Whether the switch's counts, those of links, and what hosts have noted agree: all that was sent
 * is delivered, dropped or queued.
 */
bool lan_adds_up(const struct lan *lan);

#endif /* _LS_LAN_H */
