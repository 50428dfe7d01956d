// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "port.h"

static bool has_name(const char *device, const char *name)
{
	char path[300], text[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", device);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (fgets(text, sizeof(text), f))
		text[strcspn(text, "\n")] = '\0';
	fclose(f);
	return !strcmp(text, name);
}

int open_port(const char *name, int flags)
{
	char path[300] = "";
	DIR *ports = opendir("/sys/class/virtio-ports");
	struct dirent *entry;

	while (ports && !*path && (entry = readdir(ports)))
		if (has_name(entry->d_name, name))
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
	if (ports)
		closedir(ports);
	if (!*path) {
		errno = ENOENT;
		return -1;
	}
	return open(path, flags | O_CLOEXEC);
}
