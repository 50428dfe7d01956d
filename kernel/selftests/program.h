/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that a self-test runs beside itself. */
#ifndef _LS_PROGRAM_H
#define _LS_PROGRAM_H

#include <sys/types.h>

/*
 * Starts the program @name of the folder that this one is in; @arguments are words with blanks
 * between. What it prints goes to @output, what it complains of to @errors, or -1: where ours goes.
 * 0: failure.
 */
pid_t program_start(const char *name, const char *arguments, int output, int errors);

#endif /* _LS_PROGRAM_H */
