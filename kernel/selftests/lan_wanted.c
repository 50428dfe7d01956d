// SPDX-License-Identifier: GPL-2.0-only

#include "lan_wanted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"

/* A frame as it comes to the switch. */
struct coming {
	const struct lan_event *event;
	uint64_t at_ns;
	uint64_t until_ns; /* it is in the buffer; 0: it never was */
};

static struct coming comings[LAN_PLANNED];

bool lan_wire(const struct lan *lan, const struct lan_config *config)
{
	return !config->host_bps ||
	       !port_wire(lan->session, LAN_LINK(0), LIVESTACK_A_LINK_TO_B,
			  LIVESTACK_A_DIRECTION_RATE_BPS, config->host_bps, 8);
}

static uint64_t takes_ns(uint64_t rate_bps, uint64_t length)
{
	return (length * 8 * 1000000000 + rate_bps - 1) / rate_bps;
}

/* The order in which the switch is given them; the plan's order is that of each host. */
static int by_arrival(const void *left, const void *right)
{
	const struct coming *a = left, *b = right;

	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	if (a->event->host != b->event->host)
		return a->event->host < b->event->host ? -1 : 1;
	return a->event < b->event ? -1 : 1;
}

static void come(const struct lan *lan, const struct lan_config *config)
{
	uint64_t free_ns = 0, sent_ns;
	unsigned int i;

	for (i = 0; i < lan->planned; i++) {
		const struct lan_event *event = &lan->plan[i];

		sent_ns = event->at_ns;
		if (config->host_bps && event->host == 0) {
			sent_ns = (sent_ns > free_ns ? sent_ns : free_ns) +
				  takes_ns(config->host_bps, event->length);
			free_ns = sent_ns;
		}
		comings[i] = (struct coming){ event, sent_ns + LAN_TO_NS, 0 };
	}
	qsort(comings, lan->planned, sizeof(*comings), by_arrival);
}

static bool fits(unsigned int before, const struct coming *coming, uint64_t buffer_bytes)
{
	uint64_t used = coming->event->length;
	unsigned int i;

	for (i = 0; i < before; i++)
		if (comings[i].until_ns > coming->at_ns)
			used += comings[i].event->length;
	return used <= buffer_bytes;
}

/* @coming goes out of the port of @to. */
static void go_out(struct lan_wanted *wanted, const struct lan_config *config,
		   struct coming *coming, unsigned int to, uint64_t *free_ns)
{
	const uint64_t start_ns = coming->at_ns > *free_ns ? coming->at_ns : *free_ns;

	*free_ns = start_ns + takes_ns(config->rate_bps, coming->event->length);
	if (coming->until_ns < *free_ns)
		coming->until_ns = *free_ns;
	if (*free_ns >= config->end_ns) {
		wanted->queued_at[to]++;
		wanted->queued++;
	} else if (*free_ns + LAN_BACK_NS < config->end_ns) {
		wanted->notes[to][wanted->noted[to]++] = (struct lan_arrival){
			*free_ns + LAN_BACK_NS, coming->event->number, coming->event->length,
		};
		wanted->delivered++;
	}
}

void lan_calculate(struct lan_wanted *wanted, const struct lan *lan,
		   const struct lan_config *config)
{
	uint64_t free_ns[LAN_HOSTS] = { 0 };
	unsigned int i, to;

	memset(wanted, 0, sizeof(*wanted));
	come(lan, config);
	for (i = 0; i < lan->planned && comings[i].at_ns < config->end_ns; i++) {
		const struct lan_event *event = comings[i].event;

		if (!fits(i, &comings[i], config->buffer_bytes)) {
			wanted->dropped_of[event->host]++;
			wanted->dropped++;
			continue;
		}
		for (to = 0; to < LAN_HOSTS; to++)
			if (event->to == to || (event->to == LAN_EVERYBODY && event->host != to))
				go_out(wanted, config, &comings[i], to, &free_ns[to]);
	}
}

static bool same_notes(const struct lan *lan, const struct lan_wanted *wanted, unsigned int host)
{
	const unsigned int is = lan->noted[host], was = wanted->noted[host];
	unsigned int i;

	for (i = 0; i < is && i < was; i++) {
		const struct lan_arrival *a = &lan->notes[host][i], *b = &wanted->notes[host][i];

		if (a->number == b->number && a->at_ns == b->at_ns && a->length == b->length)
			continue;
		printf("# host %u, %u: frame %u at %lu, calculated frame %u at %lu\n", host, i,
		       a->number, a->at_ns, b->number, b->at_ns);
		return false;
	}
	if (is != was)
		printf("# host %u: %u frames, calculated %u\n", host, is, was);
	return is == was;
}

bool lan_is_wanted(const struct lan *lan, const struct lan_wanted *wanted)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; i < LAN_HOSTS; i++) {
		const uint64_t dropped = lan_count(lan, i, "buffer_full"),
			       queued = lan_count(lan, i, "queued");

		ok &= same_notes(lan, wanted, i);
		if (dropped == wanted->dropped_of[i] && queued == wanted->queued_at[i])
			continue;
		printf("# port %u: %lu dropped, %lu queued; calculated %u and %u\n", i, dropped,
		       queued, wanted->dropped_of[i], wanted->queued_at[i]);
		ok = false;
	}
	return ok;
}
