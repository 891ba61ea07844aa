/* SPDX-License-Identifier: Apache-2.0 */
/*
 * silence: what is not told, and until when: silences, maintenance windows and quiet hours.
 *
 * Matchers are Alertmanager's: {name="immich", site=~"dub.*", kind!="heartbeat"}; braces optional;
 * = != =~ !~; regular expressions are anchored; an absent label is "".  Labels of a check: name,
 * kind, site (its home), host, severity, probe.  A silence from the journal has an id; the newest
 * event by HLC of an id wins, so that both sites agree.
 *
 *	matchers = "{" [ list ] "}" | list        list = matcher { "," matcher } [ "," ]
 *	matcher  = text operator text             text = quoted | unquoted
 *
 * Unquoted text ends at a blank or one of {}!=~,\"'`.  Quoted text is Go's; where Go would refuse
 * an escape ("immich\..*"), only \n, \\ and \" are replaced, which is Alertmanager's fallback.  As
 * in Alertmanager, at least one matcher must refuse the empty text, else everything were silenced.
 */
#ifndef CORE_ALERT_SILENCE_H
#define CORE_ALERT_SILENCE_H

#include "base/cron.h"
#include "base/json_flat.h"
#include "base/pattern.h"
#include "base/str.h"

struct silence_label {
	const char *name, *value;
};

#define MATCHERS_TEXT_MAX    4096 /* bytes */
#define MATCHERS_MAX         32
#define ANNOTATIONS_TEXT_MAX 4096 /* bytes, as JSON */

struct matchers;
enum rc matchers_parse(struct matchers **ret, const char *text, struct err *e) MUST_USE;
/* A regular expression that needs too much work doesn't match, now and ever after: in doubt, people
 * are told. */
bool matchers_match(const struct matchers *m, const struct silence_label *labels, size_t n);
/* The first label asked for that is none of `known`: a silence that would cover nothing; NULL. */
/* A label's mark, and the marks of labels that must be there for all matchers to match: what lacks one of
 * them doesn't match, and most don't. */
struct label_marks {
	uint64_t bits[4];
};
void label_mark(struct label_marks *marks, const char *name, const char *value);
struct label_marks matchers_marks(const struct matchers *m);
const char *matchers_unknown(const struct matchers *m, const char *const *known, size_t n);
void matchers_free(struct matchers *m);
SCOPED_BY(matchers_free, struct matchers *)

struct silence {
	char *id, *matchers_text, *why, *by;
	char *annotations; /* a JSON object of texts; NULL: none.  They don't decide anything */
	struct matchers *matchers;
	struct wall from, until;
	uint64_t hlc;
	uint64_t number; /* never used again, also not for what the same id says anew */
	struct label_marks marks;
};

struct silence_window { /* a declared maintenance window */
	const char *name, *why;
	struct matchers *matchers; /* owned by the window */
	const struct cron *begins;
	const struct tz *zone;
	int64_t length_ms;
};

struct silences {
	struct silence *items;
	uint32_t n, cap;
	uint64_t last_number;
	uint32_t *by_number;            /* indices of items in order of numbers */
	struct silence_window *windows; /* owned by the caller until replaced */
	uint32_t n_windows;
};

/* An object of texts as JSON's text, released by free(); NULL when it is none, is empty, holds anything
 * else, or more than ANNOTATIONS_TEXT_MAX. */
char *silence_annotations(const struct json_node *object) MUST_USE;

void silences_init(struct silences *s);
void silences_fini(struct silences *s);
SCOPED_FINI(silences_fini, struct silences)
struct silence_word { /* what a `silence` event says; an earlier one of that id is overruled */
	const char *id, *matchers;
	const char *why, *by; /* NULL: not said */
	struct wall from, until;
	uint64_t hlc;
	const char *annotations; /* as silence_annotations() gives them; NULL: none */
};
/* Apply a `silence` event; older than what is known of this id: ignored.  RC_INPUT when the
 * matchers are malformed (the event is kept in the journal, but silences nothing).  Beyond
 * SILENCES_MAX those that end first give way. */
enum rc silences_apply(struct silences *s, const struct silence_word *word, struct err *e) MUST_USE;
/* Forget silences that ended more than a day ago. */
void silences_prune(struct silences *s, struct wall now);
bool silence_is_on(const struct silence *s, struct wall now);
/* The silence or window that covers these labels now: *ret_why says which; NULL allowed. */
bool silences_cover(const struct silences *s, struct wall now, const struct silence_label *labels,
	size_t n, const char **ret_why);
/* The declared windows alone. */
bool silences_window_covers(const struct silences *s, struct wall now,
	const struct silence_label *labels, size_t n, const char **ret_why);

/* Which silences match labels that don't change: each of them is looked at once. */
struct silence_verdict {   /* all zero: of nothing yet */
	uint64_t seen;     /* silences with numbers up to this have been looked at */
	uint64_t *matched; /* numbers of those that match, ascending; some may be gone */
	uint32_t n, cap;
};
void silence_verdict_fini(struct silence_verdict *v);
void silences_judge(const struct silences *s, struct silence_verdict *v,
	const struct silence_label *labels, size_t n);
/* NULL: it is gone, or says something else by now. */
const struct silence *silences_of_number(const struct silences *s, uint64_t number);

/* When the answer of silences_cover may change next; {NEVER_MS}. */
struct wall silences_change(const struct silences *s, struct wall now);

/* Quiet hours: minutes of the day in `zone`; may wrap midnight. */
bool quiet_at(uint16_t from_minute, uint16_t until_minute, const struct tz *zone, struct wall t);
struct wall quiet_ends(uint16_t from_minute, uint16_t until_minute, const struct tz *zone,
	struct wall t);

#endif
