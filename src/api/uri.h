/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uri: what browsers and scripts pack into a request: targets, forms, cookies.
 *
 *	target    path ["?" pairs]            RFC 3986; only the origin form (RFC 9112, 3.2.1)
 *	pairs     name "=" value ("&" ...)    application/x-www-form-urlencoded (WHATWG URL, 5)
 *	cookies   name "=" value ("; " ...)   RFC 6265, 4.2
 *
 * Decoded text is UTF-8 without NUL, or refused: RC_INPUT says what and where.  Results live in
 * the arena that was handed in.
 */
#ifndef API_URI_H
#define API_URI_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define URI_PAIRS_MAX 256 /* federations name dozens of selectors */

struct uri_pair {
	const char *name, *value;
};
struct uri_pairs {
	struct uri_pair items[URI_PAIRS_MAX];
	uint32_t n;
};
struct uri {
	const char *path; /* as sent, "/..." : to be decoded segment by segment */
	struct uri_pairs query;
};

enum rc uri_parse(const char *target, struct arena *a, struct uri *ret, struct err *e) MUST_USE;
enum rc uri_pairs_parse(const char *text, size_t n, struct arena *a, struct uri_pairs *ret,
	struct err *e) MUST_USE;
/* The first of that name; NULL when absent. */
const char *uri_pair(const struct uri_pairs *pairs, const char *name);

/* One path segment, without its slashes. */
enum rc uri_segment(const char *text, size_t n, struct arena *a, const char **ret,
	struct err *e) MUST_USE;

/* Value of the first cookie of that name in a Cookie header (NULL allowed); false when there is
 * none, or it doesn't fit. */
bool cookie_value(const char *header, const char *name, char *ret, size_t size);

#endif
