/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DISK_COMPLAIN_H
#define DISK_COMPLAIN_H

#include <stdbool.h>

/* Says on standard error what is wrong. Returns false. */
__attribute__((format(printf, 1, 2)))
bool complain(const char *format, ...);

#endif /* DISK_COMPLAIN_H */
