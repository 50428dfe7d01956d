/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_PORT_H
#define LS_PORT_H

/*
 * Opens the virtio-serial port `name` with `flags`, close-on-exec. It is found by its name in sysfs,
 * for there need not be a udev that makes /dev/virtio-ports. Returns -1 with errno set, ENOENT while there is none.
 */
int open_port(const char *name, int flags);

#endif
