/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SWITCH_COMPLAIN_H
#define SWITCH_COMPLAIN_H

#include <stdbool.h>

#define PROGRAM "livestack-switch"

/* Says on standard error what is wrong and, unless @hint is NULL, how to mend it. Returns false. */
__attribute__((format(printf, 2, 3)))
bool complain(const char *hint, const char *format, ...);

#endif /* SWITCH_COMPLAIN_H */
