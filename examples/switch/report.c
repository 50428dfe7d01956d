// SPDX-License-Identifier: Apache-2.0

#include "report.h"

static const char *const refusals[SWITCH_REFUSALS] = {
	[SWITCH_RUNT] = "runt",
	[SWITCH_BAD_SOURCE] = "bad_source",
	[SWITCH_RESERVED] = "reserved",
	[SWITCH_SAME_PORT] = "same_port",
	[SWITCH_BUFFER_FULL] = "buffer_full",
};

static const char *const losses[SWITCH_LOSSES] = {
	[SWITCH_LINK_FULL] = "link_full",
	[SWITCH_NO_PEER] = "no_peer",
	[SWITCH_NO_LINK] = "no_link",
};

/* A name, its value, and a comma behind it. */
static void put(FILE *file, const char *name, uint64_t value)
{
	fprintf(file, "\"%s\":%llu,", name, (unsigned long long)value);
}

static void put_last(FILE *file, const char *name, uint64_t value)
{
	fprintf(file, "\"%s\":%llu}", name, (unsigned long long)value);
}

static void put_reasons(FILE *file, const char *name, const char *const *reasons,
			const uint64_t *counts, unsigned int count)
{
	unsigned int i;

	fprintf(file, "\"%s\":{", name);
	for (i = 0; i + 1 < count; i++)
		put(file, reasons[i], counts[i]);
	put_last(file, reasons[i], counts[i]);
	fputc(',', file);
}

static void put_port(FILE *file, const struct switch_port *port, uint32_t number, uint16_t link)
{
	const struct switch_counts *counts = &port->counts;

	fputc('{', file);
	put(file, "port", number);
	put(file, "link", link);
	put(file, "received", counts->received);
	put(file, "received_bytes", counts->received_bytes);
	put(file, "forwarded", counts->forwarded);
	put(file, "flooded", counts->flooded);
	put_reasons(file, "dropped_in", refusals, counts->refused, SWITCH_REFUSALS);
	put(file, "given", counts->given);
	put(file, "sent", counts->sent);
	put(file, "sent_bytes", counts->sent_bytes);
	put_reasons(file, "dropped_out", losses, counts->lost, SWITCH_LOSSES);
	put(file, "queued", port->output.waiting);
	put(file, "queued_bytes", port->output.waiting_bytes);
	put_last(file, "most_queued_bytes", port->output.most_bytes);
}

bool report_write(FILE *file, const struct ethernet_switch *self, const struct report_place *place)
{
	uint32_t i;

	fprintf(file, "{\"schema\":\"livestack.example-switch/1\",\"final\":%s,",
		place->final ? "true" : "false");
	put(file, "clock_ns", place->clock_ns);
	put(file, "rate_bps", self->config.rate_bps);
	put(file, "stray", place->stray);
	fputs("\"buffer\":{", file);
	put(file, "size_bytes", self->buffer.size_bytes);
	put(file, "used_bytes", self->buffer.used_bytes);
	put(file, "most_bytes", self->buffer.most_bytes);
	put_last(file, "frames", self->buffer.frames);
	fputs(",\"addresses\":{", file);
	put(file, "age_ns", self->config.age_ns);
	put(file, "known", fdb_count(&self->fdb, place->clock_ns));
	put(file, "moved", self->fdb.moved);
	put_last(file, "refused", self->fdb.refused);
	fputs(",\"ports\":[", file);
	for (i = 0; i < self->config.ports; i++) {
		if (i)
			fputc(',', file);
		put_port(file, &self->ports[i], i, place->links[i]);
	}
	fputs("]}\n", file);
	return !fflush(file) && !ferror(file);
}
