/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tz_bytes: for tests and fuzzers, the smallest TZif file that follows a POSIX TZ rule.
 *
 *	tz_of("Test/Dublin", "IST-1GMT0,M10.5.0,M3.5.0/1")
 */
#ifndef BASE_TZ_BYTES_H
#define BASE_TZ_BYTES_H

#include "base/tz.h"

#include <stdint.h>
#include <string.h>

/* A header of version `version`; `counts` as in the file: ut, std, leap, times, types, chars. */
static inline uint8_t *tz_put_header(uint8_t *at, char version, const uint8_t counts[6])
{
	memset(at, 0, 44);
	memcpy(at, "TZif", 4);
	at[4] = (uint8_t)version;
	for (int i = 0; i < 6; i++)
		at[20 + 4 * i + 3] = counts[i];
	return at + 44;
}

/* An empty first block, one type "LMT" at UTC in the second, and the rule.  Returns the size. */
static inline size_t tz_put(uint8_t *bytes, const char *rule)
{
	uint8_t *at = tz_put_header(bytes, '2', (const uint8_t[6]){ 0 });

	at = tz_put_header(at, '2', (const uint8_t[6]){ 0, 0, 0, 0, 1, 4 });
	memset(at, 0, 6);
	memcpy(at + 6, "LMT\0\n", 5);
	memcpy(at + 11, rule, strlen(rule));
	at[11 + strlen(rule)] = '\n';
	return (size_t)(at - bytes) + 12 + strlen(rule);
}

static inline __attribute__((unused)) struct tz *tz_of(const char *name, const char *rule)
{
	uint8_t bytes[256];
	struct tz *z = NULL;
	struct err e = { 0 };

	must(strlen(rule) < 128);
	must(tz_parse(&z, name, bytes, tz_put(bytes, rule), &e) == RC_OK);
	return z;
}

#endif
