/* SPDX-License-Identifier: Apache-2.0 */
/* The unit tests, one function for each point: whether what its name promises holds. */
#ifndef DISK_TESTS_H
#define DISK_TESTS_H

#include <stdbool.h>

bool test_ring_hostile(void);
bool test_ring_zero_lengths(void);
bool test_ring_wraps(void);
bool test_ring_random(void);

bool test_request_data(void);
bool test_request_bounds(void);
bool test_request_unknown(void);
bool test_request_split(void);
bool test_request_headless(void);

bool test_protocol_answers(void);
bool test_protocol_malformed(void);
bool test_protocol_memory(void);
bool test_protocol_stop(void);

bool test_device_holds(void);
bool test_device_sizes(void);
bool test_device_gone(void);

#endif /* DISK_TESTS_H */
