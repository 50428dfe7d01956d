/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LS_CHARDEV_H
#define _LS_CHARDEV_H

int ls_chardev_init(void);
void ls_chardev_exit(void);

#endif /* _LS_CHARDEV_H */
