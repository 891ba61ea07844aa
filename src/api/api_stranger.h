/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_stranger: a connection to a fixture's API, for fuzzers: says some bytes, and looks at all
 * that comes back.
 */
#ifndef API_API_STRANGER_H
#define API_API_STRANGER_H

#include "api/api_fixture.h"

/* Every answer has a status other than 500, and is JSON where it says so; else the program ends. */
void stranger_says(struct fixture *f, const void *bytes, size_t n);

#endif
