// SPDX-License-Identifier: GPL-2.0-only

#include "leftover.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

long leftover_sockets(void)
{
	FILE *file = fopen("/proc/net/sockstat", "r");
	long used = -1;

	if (!file)
		return -1;
	if (fscanf(file, "sockets: used %ld", &used) != 1)
		used = -1;
	fclose(file);
	return used;
}

bool leftover_device(const char *prefix)
{
	struct if_nameindex *all = if_nameindex(), *each;
	bool found = false;

	for (each = all; each && each->if_name; each++)
		found |= !strncmp(each->if_name, prefix, strlen(prefix));
	if (all)
		if_freenameindex(all);
	return found;
}
