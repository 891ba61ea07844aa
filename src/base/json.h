/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: read with jansson (plain texts faster, json_flat.h), write with a streaming writer of our
 * own.
 *
 * The writer appends to a struct str; commas are its business; strings are escaped; invalid UTF-8
 * and NUL become U+FFFD, so that json_read() accepts whatever was written.  The same calls always
 * give the same bytes: journal hashes rely on it.
 *
 *	json_begin(&w, &out);  json_object_open(&w, NULL);  json_text(&w, "name", n);  json_close(&w);
 *
 * `key` is NULL inside an array and at the top.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/err.h"
#include "base/str.h"
#include "base/time.h"

#include <jansson.h>

#define JSON_DEPTH_MAX 32

struct json_out {
	struct str *out;
	uint32_t depth;
	bool needs_comma;
	char closers[JSON_DEPTH_MAX];
};

void json_begin(struct json_out *w, struct str *out);
void json_object_open(struct json_out *w, const char *key);
void json_array_open(struct json_out *w, const char *key);
void json_close(struct json_out *w); /* the innermost object or array */
void json_text(struct json_out *w, const char *key, const char *value); /* NULL writes null */
void json_textn(struct json_out *w, const char *key, const char *value, size_t n);
void json_int(struct json_out *w, const char *key, int64_t value);
void json_bool(struct json_out *w, const char *key, bool value);
void json_double(struct json_out *w, const char *key,
	double value); /* shortest that round-trips; NaN, Inf: null */
void json_time(struct json_out *w, const char *key,
	struct wall value);                                           /* RFC 3339; ms == 0: null */
void json_raw(struct json_out *w, const char *key, const char *json); /* already JSON; trusted */

/* Parse bounded text.  Rejects duplicate keys, depth over JSON_DEPTH_MAX and trailing bytes; the
 * error names line and column.  *ret is released with json_decref. */
enum rc json_read(json_t **ret, const char *text, size_t n, struct err *e) MUST_USE;
SCOPED_BY(json_decref, json_t *)

/* Members of an object, with a default for what is absent or of another type. */
const char *json_get_text(const json_t *object, const char *key, const char *otherwise);
int64_t json_get_int(const json_t *object, const char *key, int64_t otherwise);
bool json_get_bool(const json_t *object, const char *key, bool otherwise);
struct wall json_get_time(const json_t *object, const char *key); /* {0} when absent or malformed */

#endif
