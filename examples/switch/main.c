// SPDX-License-Identifier: Apache-2.0
/*
 * livestack-switch: a modelled Ethernet switch. Exit status: 0 at the session's end or when a
 * signal told it to leave, 1 when something failed, 2 when the command line makes no sense.
 */
#include <stdio.h>

#include "arguments.h"
#include "run.h"

int main(int argc, char *argv[])
{
	static struct arguments arguments;

	if (!arguments_parse(&arguments, argc, argv))
		return 2;
	if (arguments.help)
		return fputs(arguments_help, stdout) < 0 || fflush(stdout);
	return run_switch(&arguments);
}
