/* SPDX-License-Identifier: Apache-2.0 */
/*
 * looks: how what the API says looks: words, styles and signs for states, and small sentences that
 * several commands share.
 */
#ifndef CLI_LOOKS_H
#define CLI_LOOKS_H

#include "base/json.h"
#include "cli/term/table.h"

/* A state of a check, incident, site, link or word of a vantage, by its name in the API. */
struct look {
	const char *name;
	enum style style;
	enum glyph glyph;
	int badness; /* for sorting: worst first; 0: well */
};
const struct look *look_of(const char *state); /* of what isn't known: doubtful */

/* A check is not well: failing or silent. */
bool look_is_bad(const json_t *check);

/* "HTTP 502, wanted 200"; of a path problem who sees it: "from dublin only: timeout"; of what is
 * silent what is missing. */
void look_reason(const json_t *check, const struct term *t, struct str *out);

/* "1 check", "2 checks". */
const char *look_count(int64_t n, const char *noun, char buf[32]);

/* How many checks are in which state. */
#define TALLY_STATES 5
struct state_tally {
	int64_t n[TALLY_STATES];
};
void state_tally_add(struct state_tally *t, const char *state);
int64_t state_tally_sum(const struct state_tally *t);
int64_t state_tally_bad(const struct state_tally *t); /* failing or silent */
enum style state_tally_style(const struct state_tally *t);
void state_tally_text(const struct state_tally *t,
	struct str *out); /* "1 failing, 12 ok", worst first */
void state_tally_brief(const struct state_tally *t,
	struct str *out); /* "1 failing of 13", where that is too long */

/* "discord, mail": where an incident has been told; "nobody yet"; "nobody" where it is not to be told. */
enum style look_told(const json_t *told, struct str *out);

/* Lists of what happened are shown oldest first, whichever end the API began with: is this one the
 * other way round, by the time in `key`?  And its i-th item in order. */
bool look_is_reversed(const json_t *list, const char *key);
const json_t *look_in_time(const json_t *list, size_t i, bool is_reversed);

/* A page is in time with the site that it shows: relative times count from its clock. */
void look_now(struct page *p, const json_t *answer);

#endif
