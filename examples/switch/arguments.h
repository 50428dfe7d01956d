/* SPDX-License-Identifier: Apache-2.0 */
/* What the switch is told on its command line, and by `livestack run` in its environment. */
#ifndef SWITCH_ARGUMENTS_H
#define SWITCH_ARGUMENTS_H

#include <stdbool.h>

#include "switch.h"

struct arguments {
	uint32_t session;
	uint16_t component;
	uint16_t links[SWITCH_PORTS_MAX]; /* of the ports */
	struct switch_config config;
	bool help; /* it was asked for: all else is not said */
};

extern const char arguments_help[];

/* False: it has said on standard error what is wrong, where, and how to mend it. */
bool arguments_parse(struct arguments *arguments, int argc, char *argv[]);

#endif /* SWITCH_ARGUMENTS_H */
