/* SPDX-License-Identifier: Apache-2.0 */
/* The links that `livestack run` tells a model of, in LIVESTACK_LINKS: docs/run.md#models. */
#ifndef SWITCH_LINKS_H
#define SWITCH_LINKS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Takes the ids out of @text, a list of objects as JSON, each with an "id", at most @room of them.
 * How many there are, or -1 and in *@at where @text is something else.
 */
int links_parse(const char *text, uint16_t *ids, unsigned int room, size_t *at);

#endif /* SWITCH_LINKS_H */
