// SPDX-License-Identifier: Apache-2.0

#include "tests.h"

#include <string.h>

#include "frame.h"
#include "report.h"
#include "tap.h"

static const char *const wanted[] = {
	"{\"schema\":\"livestack.example-switch/1\",\"final\":true,",
	"\"clock_ns\":1000,\"rate_bps\":1000000000,\"stray\":5,",
	"\"buffer\":{\"size_bytes\":350,\"used_bytes\":250,\"most_bytes\":350,\"frames\":1},",
	"\"addresses\":{\"age_ns\":9000,\"known\":1,\"moved\":0,\"refused\":0},",
	"\"ports\":[",
	"{\"port\":0,\"link\":7,",
	"\"received\":4,\"received_bytes\":613,\"forwarded\":0,\"flooded\":2,",
	"\"dropped_in\":{\"runt\":1,\"bad_source\":0,\"reserved\":0,\"same_port\":0,",
	"\"buffer_full\":1},",
	"\"given\":0,\"sent\":0,\"sent_bytes\":0,",
	"\"dropped_out\":{\"link_full\":0,\"no_peer\":0,\"no_link\":0},",
	"\"queued\":0,\"queued_bytes\":0,\"most_queued_bytes\":0},",
	"{\"port\":1,\"link\":65535,",
	"\"received\":0,\"received_bytes\":0,\"forwarded\":0,\"flooded\":0,",
	"\"dropped_in\":{\"runt\":0,\"bad_source\":0,\"reserved\":0,\"same_port\":0,",
	"\"buffer_full\":0},",
	"\"given\":2,\"sent\":1,\"sent_bytes\":100,",
	"\"dropped_out\":{\"link_full\":0,\"no_peer\":0,\"no_link\":0},",
	"\"queued\":1,\"queued_bytes\":250,\"most_queued_bytes\":350}",
	"]}\n",
};

static bool is_as_wanted(const char *text)
{
	const char *at = text;
	unsigned int i;

	for (i = 0; i < sizeof(wanted) / sizeof(*wanted); at += strlen(wanted[i++]))
		if (strncmp(at, wanted[i], strlen(wanted[i]))) {
			printf("# it has no %s at %zu in %s", wanted[i], at - text, text);
			return false;
		}
	return !*at;
}

bool test_report(void)
{
	static const uint16_t links[] = { 7, 65535 };
	const struct report_place place = { links, 1000, 5, true };
	struct ethernet_switch *self = frame_switch(2, 350, 9000);
	char text[4096] = "";
	FILE *file = fmemopen(text, sizeof(text), "w");
	bool ok = file && frame_put(self, 0, 0, 100, EVERYBODY, STATION(0), 0) &&
		  frame_put(self, 0, 0, 250, EVERYBODY, STATION(0), 1) &&
		  frame_put(self, 0, 0, 250, EVERYBODY, STATION(0), 2) &&
		  switch_receive(self, 0, 0, "thirteen byte", 13) && FRAME_GET(self, 1, 800, 0) &&
		  report_write(file, self, &place);

	fclose(file);
	switch_free(self);
	return ok && is_as_wanted(text);
}
