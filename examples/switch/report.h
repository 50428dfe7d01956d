/* SPDX-License-Identifier: Apache-2.0 */
/* What the switch has counted, as one line of JSON; README.md says what each of it is. */
#ifndef SWITCH_REPORT_H
#define SWITCH_REPORT_H

#include <stdio.h>

#include "switch.h"

/* What a report tells beside the switch itself. */
struct report_place {
	const uint16_t *links; /* of the ports */
	uint64_t clock_ns;
	uint64_t stray; /* messages that came over a link of no port */
	bool final;
};

/* False: it could not be written, errno says why. */
bool report_write(FILE *file, const struct ethernet_switch *self, const struct report_place *place);

#endif /* SWITCH_REPORT_H */
