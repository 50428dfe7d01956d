// SPDX-License-Identifier: Apache-2.0
/* Answers that many requests have in common. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"

void send_ok(const char *id)
{
	begin_line(id, "ok");
	send_line();
}

void send_error(const char *id, const char *code, const char *fmt, ...)
{
	struct buffer *line = begin_line(id, "error");
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buffer_print(line, " code=%s", code);
	buffer_add_bytes(line, "text", text, strlen(text));
	send_line();
}

void send_errno(const char *id, int error, const char *what)
{
	const char *name = strerrorname_np(error);

	send_error(id, name ? name : "EIO", "%s: %s", what, strerror(error));
}

void send_bad_field(const char *id, const char *verb, const char *field)
{
	send_error(id, "BAD_REQUEST", "%s: %s= is missing or wrong", verb, field);
}
