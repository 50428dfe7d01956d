// SPDX-License-Identifier: Apache-2.0

#include "complain.h"

#include <stdarg.h>
#include <stdio.h>

bool complain(const char *hint, const char *format, ...)
{
	va_list args;

	fputs(PROGRAM ": ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	if (hint)
		fprintf(stderr, "hint: %s\n", hint);
	return false;
}
