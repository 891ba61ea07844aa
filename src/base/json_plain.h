/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_plain: a fast way to read what programs write to each other.
 *
 * jansson takes some sixty instructions a byte.  Plain JSON (no real numbers, no \u, no escapes in
 * keys) is read here in a tenth of that, to the same tree.  Only json_read() asks, and jansson
 * decides about everything else, and words every error.
 */
#ifndef BASE_JSON_PLAIN_H
#define BASE_JSON_PLAIN_H

#include <jansson.h>

/* The value that jansson would read, or NULL: not plain, malformed, or too deep. */
json_t *json_read_plain(const char *text, size_t n);

#endif
