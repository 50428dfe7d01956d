// SPDX-License-Identifier: Apache-2.0
/* As much of JSON as it takes to find one number in each object of a list. */

#include "links.h"

#include <stdbool.h>
#include <string.h>

#define DEEP 8 /* as nested as any LIVESTACK_LINKS will ever be */

static void skip_blanks(const char **at)
{
	*at += strspn(*at, " \t\r\n");
}

static bool take(const char **at, char sign)
{
	skip_blanks(at);
	if (**at != sign)
		return false;
	++*at;
	return true;
}

static bool skip_text(const char **at)
{
	if (!take(at, '"'))
		return false;
	for (; **at && **at != '"'; ++*at)
		if (**at == '\\' && !*++*at)
			return false;
	return take(at, '"');
}

static bool skip_value(const char **at, unsigned int deep);

/* Behind its opening sign; names too are skipped as values. */
static bool skip_members(const char **at, char end, unsigned int deep)
{
	if (take(at, end))
		return true;
	do {
		if (!skip_value(at, deep))
			return false;
		if (end == '}' && !(take(at, ':') && skip_value(at, deep)))
			return false;
	} while (take(at, ','));
	return take(at, end);
}

static bool skip_value(const char **at, unsigned int deep)
{
	size_t plain;

	skip_blanks(at);
	if (**at == '"')
		return skip_text(at);
	if (**at == '{' || **at == '[')
		return deep && take(at, **at) &&
		       skip_members(at, (*at)[-1] == '{' ? '}' : ']', deep - 1);
	/* A number, true, false or null. */
	plain = strspn(*at, "+-.0123456789abcdefghijklmnopqrstuvwxyzE");
	*at += plain;
	return plain;
}

static bool take_id(const char **at, uint16_t *id)
{
	const char *start;
	uint32_t value = 0;

	skip_blanks(at);
	for (start = *at; **at >= '0' && **at <= '9' && value <= UINT16_MAX; ++*at)
		value = value * 10 + (**at - '0');
	*id = value;
	return *at > start && value <= UINT16_MAX && !strchr(".eE", **at ? **at : ' ');
}

static bool take_link(const char **at, uint16_t *id)
{
	bool found = false, is_id;
	const char *name;

	if (!take(at, '{'))
		return false;
	do {
		skip_blanks(at);
		name = *at;
		if (!skip_text(at))
			return false;
		is_id = *at - name == 4 && !memcmp(name, "\"id\"", 4);
		if (!take(at, ':') || !(is_id ? take_id(at, id) : skip_value(at, DEEP)))
			return false;
		found |= is_id;
	} while (take(at, ','));
	return found && take(at, '}');
}

int links_parse(const char *text, uint16_t *ids, unsigned int room, size_t *at)
{
	const char *here = text;
	unsigned int count = 0;
	bool ok = take(&here, '[');

	if (ok && !take(&here, ']')) {
		do
			ok = count < room && take_link(&here, &ids[count++]);
		while (ok && take(&here, ','));
		ok = ok && take(&here, ']');
	}
	skip_blanks(&here);
	*at = here - text;
	return ok && !*here ? (int)count : -1;
}
