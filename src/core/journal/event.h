/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event: one line of a site's journal.
 *
 * The hash covers this byte string (integers little-endian, texts with their terminating NUL):
 *
 *	"diarchy.event.1\0"  site\0  epoch u64  seq u64  hlc u64  wall i64  kind\0  subject\0  body\0
 *	previous [32]
 *
 * and the signature is Ed25519 over the 32 bytes of the hash.  In the first event of an epoch
 * `previous` is the head of the site's previous epoch if it was known, else zero.
 *
 * Since the hash covers the body's bytes, a body has one spelling only, that of
 * event_write_body(): what is read from JSON and written again is the same event.
 *
 * Between sites it travels as a record, those very bytes:
 *
 *	length u32 big-endian, of what follows │ what the hash covers │ hash [32] │ signature [64]
 */
#ifndef CORE_JOURNAL_EVENT_H
#define CORE_JOURNAL_EVENT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/time.h"

#include <stdbool.h>

enum event_kind {
#define EVENT_KIND(symbol, text, subject, what) EVENT_##symbol,
#include "core/journal/event_kinds.def"
#undef EVENT_KIND
	EVENT_UNKNOWN,
};

/* Clocks beyond this (in the year 4199) are taken for this; stamps stay within a signed 64-bit
 * number, as JSON and SQLite want them. */
#define EVENT_WALL_MAX_MS ((int64_t)1 << 46)

struct event {
	const char *site;
	uint64_t epoch, seq; /* both from 1 */
	uint64_t hlc;        /* grows along a chain */
	struct wall wall;    /* the writer's clock when it wrote */
	const char *kind;    /* text, so that unknown kinds survive relaying */
	const char *subject;
	const char *body; /* JSON object, at most EVENT_BODY_BYTES_MAX */
	struct sha256 previous, hash;
	uint8_t signature[SIGNATURE_BYTES];
};

/* Events in a row. */
struct event_batch {
	const struct event *v;
	size_t n;
};

enum event_kind event_kind_of(const char *text);
const char *event_kind_text(enum event_kind kind);

struct sha256 event_hash(const struct event *ev);

/* Everything but hash and signature is well-formed and within limits: RC_INPUT, RC_LIMIT. */
enum rc event_validate(const struct event *ev, struct err *e) MUST_USE;

/* A body's one spelling: no white space, members in the order given, texts and numbers as
 * base/json.h writes them.  RC_INPUT when it isn't an object, RC_LIMIT when it is too deep or too
 * long. */
enum rc event_write_body(const json_t *object, struct str *out, struct err *e) MUST_USE;
/* True: it certainly is a body in its one spelling.  False: it isn't, or event_write_body() must
 * tell.  Many times faster. */
bool event_body_is_spelt(const char *body, size_t n);

/* Append its record. */
void event_write_record(const struct event *ev, struct str *out);
/* Read the record at *at, and move *at behind it.  Its texts stay where they are.  RC_INPUT when it
 * is cut off, or none; what it says is for event_validate() and journal_accept() to judge. */
enum rc event_read_record(const char **at, const char *end, struct event *ret,
	struct err *e) MUST_USE;

/* As one JSON object on one line, for `diarchy log --json` and the API. */
void event_write_json(const struct event *ev, struct json_out *w, const char *key);
/* Its members alone, for who adds more to the object. */
void event_write_members(const struct event *ev, struct json_out *w);
/* The inverse; texts are copied into `a`.  Validates, but doesn't verify. */
enum rc event_read_json(const json_t *object, struct arena *a, struct event *ret,
	struct err *e) MUST_USE;

#endif
