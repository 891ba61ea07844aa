/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exposition: what exporters send, line by line: Prometheus' text format 0.0.4 and 1.0.0 (UTF-8
 * names in quotes), and OpenMetrics 1.0.
 *
 * Takes and refuses what Prometheus 3.5 takes and refuses, its generosities included: a text may
 * leave out commas between labels, and a quoted value may hold raw line breaks.  The one
 * difference: a NUL byte is refused where Prometheus reads over it, since texts here end in one.
 *
 * Bytes come in portions that end with a line's end.  An entry that goes on in the next portion (a
 * line break in quotes) is EXPOSITION_MORE: hand it in again with what follows.
 *
 * Nothing is copied, unescaped or allocated until somebody asks for labels.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/ , OpenMetrics 1.0.
 */
#ifndef CORE_SCRAPE_EXPOSITION_H
#define CORE_SCRAPE_EXPOSITION_H

#include "base/series.h"
#include "base/str.h"

enum exposition_format {
	EXPOSITION_TEXT,
	EXPOSITION_OPENMETRICS,
	EXPOSITION_PROTOBUF, /* told as a text by families.h */
};

enum metric_type {
	METRIC_UNKNOWN,
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM,
	METRIC_GAUGEHISTOGRAM,
	METRIC_SUMMARY,
	METRIC_INFO,
	METRIC_STATESET,
	METRIC_TYPES
};
const char *metric_type_name(enum metric_type t); /* "gaugehistogram" */

enum exposition_kind {
	EXPOSITION_SERIES,
	EXPOSITION_TYPE,
	EXPOSITION_HELP,
	EXPOSITION_UNIT,
	EXPOSITION_COMMENT,
	EXPOSITION_END,  /* of the last portion */
	EXPOSITION_MORE, /* the portion ends; so may an entry begin at `at` that isn't whole */
};

struct piece { /* of the bytes handed in */
	const char *s;
	uint32_t n;
};

struct exposition_entry {
	enum exposition_kind kind;
	struct piece text;  /* of a series: name and labels as written; else the whole line */
	struct piece name;  /* TYPE, HELP, UNIT: the metric's, without quotes, escaped */
	struct piece value; /* HELP, UNIT: what it says, escaped */
	double v;
	const struct histogram *h; /* a native one in place of `v`; NULL in texts */
	int64_t t_ms;
	bool has_time;
	struct piece exemplar; /* its labels with braces; n 0: none */
	double exemplar_v;
	int64_t exemplar_t_ms;
	bool exemplar_has_time;
};

struct exposition {
	enum exposition_format format;
	enum metric_type type; /* of the last TYPE line */
	bool is_ended;         /* "# EOF" was met: more would be an error */
	const char *at, *end;  /* the portion, set by the caller; end[-1] is '\n' */
	bool is_last;          /* nothing follows `end` */
	bool is_cut;           /* and the last '\n' was added: the body ended without */
};

/* The next entry.  RC_INPUT: malformed, with the words of Prometheus and the place. */
enum rc exposition_next(struct exposition *x, struct exposition_entry *ret, struct err *e) MUST_USE;

/* The value behind a series' labels, which end at `from`, when the line ends with it, which is the
 * usual one.  Otherwise as exposition_rest(). */
bool exposition_value(struct exposition *x, const char *from, double *ret);

/* The rest of a series' line behind its labels, which end at `from`, for who knows the series by
 * the bytes before.  Puts x->at behind the line.  False: ask exposition_next(), at the line's
 * start; x->at is unchanged. */
bool exposition_rest(struct exposition *x, const char *from, struct exposition_entry *ret);

/* The labels of a series' text, sorted, without those that are empty, in the arena.  `type` is that
 * of the last TYPE line: "le" of a histogram and "quantile" of a summary are written anew, as
 * OpenMetrics writes numbers.  RC_INPUT: a label stands there twice, or a name isn't UTF-8;
 * RC_LIMIT: the arena is full. */
enum rc exposition_labels(const struct exposition *x, struct piece text, struct arena *a,
	struct labels *ret, struct err *e) MUST_USE;
/* Whether a label of this name is written there, be it empty. */
bool exposition_has_label(const struct exposition *x, struct piece text, const char *name);
/* The same of an exemplar. */
enum rc exposition_exemplar_labels(const struct exposition *x, struct piece text, struct arena *a,
	struct labels *ret, struct err *e) MUST_USE;

/* Without backslashes, terminated, in the arena; NULL when it is full. */
char *exposition_unescape(struct piece p, struct arena *a);
/* The same for the value of HELP and UNIT, where a text knows no escaped quote. */
char *exposition_saying(const struct exposition *x, struct piece p, struct arena *a);

/* The other way: a label's value as it stands between the quotes. */
void exposition_escape(struct str *out, const char *text);

#endif
