/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What arithmetic says of frames through a switch, for hosts that are known to it: a frame comes to
 * the switch, waits until the line of its one destination is free, and takes its time on it. What
 * finds less room in the buffer than its length is dropped.
 */
#ifndef _LS_LAN_WANTED_H
#define _LS_LAN_WANTED_H

#include "control.h"
#include "lan.h"

struct lan_config {
	uint64_t rate_bps;	/* of the switch's ports */
	uint64_t host_bps;	/* of the way from host 0 to the switch, 0: any */
	uint64_t buffer_bytes;
	uint64_t end_ns;
};

struct lan_wanted {
	unsigned int delivered, dropped, queued;
	unsigned int dropped_of[LAN_HOSTS], queued_at[LAN_HOSTS];
	unsigned int noted[LAN_HOSTS];
	struct lan_arrival notes[LAN_HOSTS][LAN_NOTED];
};

/* Sets the links as @config says. */
bool lan_wire(const struct lan *lan, const struct lan_config *config);

void lan_calculate(struct lan_wanted *wanted, const struct lan *lan,
		   const struct lan_config *config);

/* Whether the hosts have noted, and the switch counted, what is wanted. */
bool lan_is_wanted(const struct lan *lan, const struct lan_wanted *wanted);

#endif /* _LS_LAN_WANTED_H */
