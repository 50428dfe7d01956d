// SPDX-License-Identifier: Apache-2.0

#include "arguments.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "links.h"
#include "quantity.h"

/* No session has a component with a higher number. */
#define COMPONENT_MAX 1023

const char arguments_help[] =
	"usage: " PROGRAM " [OPTION...] [SESSION COMPONENT LINK LINK...]\n"
	"\n"
	"A store-and-forward Ethernet switch: modelled component COMPONENT of session SESSION, with a\n"
	"port for each LINK, from 0 on. Without these three, as `livestack run` tells it in\n"
	"LIVESTACK_SESSION, LIVESTACK_COMPONENT and LIVESTACK_LINKS.\n"
	"\n"
	"  --rate RATE    bits a second that each port sends, 1kbit to 1Tbit, default 1Gbit\n"
	"  --buffer SIZE  room for frames, which all ports share, 1B to 16GiB, default 1MiB\n"
	"  --age TIME     an address that was not seen for so long is forgotten, default 300s;\n"
	"                 0s: none is ever learned\n"
	"  --help\n"
	"\n"
	"Statistics are printed as a line of JSON at the end, and whenever SIGUSR1 comes.\n"
	"SIGTERM, SIGINT and SIGHUP make it leave the session.\n";

#define SEE_HELP PROGRAM " --help lists what there is"

static bool take_quantity(const struct quantity *quantity, const char *option, uint64_t *value)
{
	char sentence[160];

	if (quantity_parse(quantity, optarg, value, sentence, sizeof(sentence)))
		return true;
	return complain(NULL, "%s: \"%s\" %s", option, optarg, sentence);
}

/* A letter that is none, or a whole word: --help=3 is one too. */
static bool refuse_option(const char *word)
{
	if (optopt && optopt != 'h')
		return complain(SEE_HELP, "-%c: there is no such option", optopt);
	return complain(SEE_HELP, "%s: there is no such option", word);
}

static bool take_options(struct arguments *arguments, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "rate", required_argument, NULL, 'r' },
		{ "buffer", required_argument, NULL, 'b' },
		{ "age", required_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct switch_config *config = &arguments->config;
	bool ok = true;
	int option;

	opterr = 0;
	while (ok && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 'r':
			ok = take_quantity(&quantity_rate, "--rate", &config->rate_bps);
			break;
		case 'b':
			ok = take_quantity(&quantity_size, "--buffer", &config->buffer_bytes);
			break;
		case 'a':
			ok = take_quantity(&quantity_time, "--age", &config->age_ns);
			break;
		case 'h':
			arguments->help = true;
			return true;
		case ':':
			return complain(SEE_HELP, "%s wants a value", argv[optind - 1]);
		default:
			return refuse_option(argv[optind - 1]);
		}
	}
	return ok;
}

static bool take_number(const char *what, const char *text, uint64_t min, uint64_t max,
			uint64_t *value)
{
	if (quantity_number(text, min, max, value))
		return true;
	return complain("`livestack status SESSION` lists a session's components and links",
			"%s: \"%s\" is no number from %llu to %llu", what, text,
			(unsigned long long)min, (unsigned long long)max);
}

static bool take_place(struct arguments *arguments, const char *session_name, const char *session,
		       const char *component_name, const char *component)
{
	uint64_t session_id, component_id;

	if (!take_number(session_name, session, 1, UINT32_MAX, &session_id) ||
	    !take_number(component_name, component, 0, COMPONENT_MAX, &component_id))
		return false;
	arguments->session = session_id;
	arguments->component = component_id;
	return true;
}

static bool take_words(struct arguments *arguments, int count, char *words[])
{
	uint64_t link;
	int i;

	if (count < 2)
		return complain(SEE_HELP, "SESSION %s is there, COMPONENT and LINKs are missing",
				words[0]);
	if (!take_place(arguments, "SESSION", words[0], "COMPONENT", words[1]))
		return false;
	if (count - 2 > SWITCH_PORTS_MAX)
		return complain(NULL, "%d LINKs are too many: a switch has at most %d ports",
				count - 2, SWITCH_PORTS_MAX);
	for (i = 2; i < count; i++) {
		if (!take_number("LINK", words[i], 0, UINT16_MAX, &link))
			return false;
		arguments->links[i - 2] = link;
	}
	arguments->config.ports = count - 2;
	return true;
}

static bool take_environment(struct arguments *arguments)
{
	const char *session = getenv("LIVESTACK_SESSION");
	const char *component = getenv("LIVESTACK_COMPONENT");
	const char *links = getenv("LIVESTACK_LINKS");
	size_t at;
	int count;

	if (!session || !component || !links)
		return complain("say SESSION COMPONENT LINK LINK..., or let livestack run start it",
				"%s is not set, and there are no arguments",
				!session   ? "LIVESTACK_SESSION" :
				!component ? "LIVESTACK_COMPONENT" :
					     "LIVESTACK_LINKS");
	if (!take_place(arguments, "LIVESTACK_SESSION", session, "LIVESTACK_COMPONENT", component))
		return false;
	count = links_parse(links, arguments->links, SWITCH_PORTS_MAX, &at);
	if (count < 0)
		return complain("write it as `livestack run` does: [{\"id\": 0}, {\"id\": 1}]",
				"LIVESTACK_LINKS, character %zu: this is no list of at most %d links",
				at + 1, SWITCH_PORTS_MAX);
	arguments->config.ports = count;
	return true;
}

static bool check_links(const struct arguments *arguments)
{
	const uint16_t *links = arguments->links;
	uint32_t i, j;

	if (arguments->config.ports < SWITCH_PORTS_MIN)
		return complain("give it a link for each of its ports, two at least",
				"too few LINKs: %u", arguments->config.ports);
	for (i = 1; i < arguments->config.ports; i++)
		for (j = 0; j < i; j++)
			if (links[i] == links[j])
				return complain("each port has a link of its own",
						"link %u is there twice", links[i]);
	return true;
}

bool arguments_parse(struct arguments *arguments, int argc, char *argv[])
{
	*arguments = (struct arguments){
		.config = {
			.rate_bps = 1000000000,
			.buffer_bytes = 1 << 20,
			.age_ns = 300000000000ULL,
		},
	};
	if (!take_options(arguments, argc, argv))
		return false;
	if (arguments->help)
		return true;
	if (argc > optind ? !take_words(arguments, argc - optind, argv + optind) :
			    !take_environment(arguments))
		return false;
	return check_links(arguments);
}
