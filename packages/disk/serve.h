/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DISK_SERVE_H
#define DISK_SERVE_H

#include "device.h"

/* Waits at the Unix socket @path for a front end, then serves it until it goes. */
bool serve(struct device *device, const char *path);

#endif /* DISK_SERVE_H */
