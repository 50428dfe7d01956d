/* SPDX-License-Identifier: Apache-2.0 */
/* The unit tests, one function for each point: whether what its name promises holds. */
#ifndef SWITCH_TESTS_H
#define SWITCH_TESTS_H

#include <stdbool.h>

bool test_fdb_learns(void);
bool test_fdb_ages(void);
bool test_fdb_full(void);
bool test_fdb_random(void);

bool test_switch_floods(void);
bool test_switch_learns(void);
bool test_switch_times(void);
bool test_switch_rounds(void);
bool test_switch_buffer(void);
bool test_switch_refuses(void);
bool test_switch_loses(void);
bool test_switch_random(void);

bool test_report(void);
bool test_quantities(void);
bool test_links(void);

#endif /* SWITCH_TESTS_H */
