/* SPDX-License-Identifier: Apache-2.0 */
/*
 * series: what everybody who handles metrics means by labels, samples and histograms, and the two
 * seams between them: where samples go (series_sink) and where they come from (series_source).
 *
 * The cores that scrape, store, query and judge don't know each other; they know these structs.
 * Definitions are Prometheus' own: https://prometheus.io/docs/concepts/data_model/
 *
 *	scraper, rules, remote write ──► series_sink   ┐
 *	                                               ├ core/metrics
 *	PromQL, remote read, export  ◄── series_source ┘
 */
#ifndef BASE_SERIES_H
#define BASE_SERIES_H

#include "base/arena.h"
#include "base/err.h"
#include "base/matcher.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define METRIC_NAME "__name__"

struct label {
	const char *name, *value; /* UTF-8 and terminated; never both empty */
	uint32_t name_len, value_len;
};

/* In order of names (bytes), each once, no value empty: so equal sets are equal arrays. */
struct labels {
	const struct label *v;
	uint32_t n;
};

const struct label *labels_find(const struct labels *l, const char *name); /* NULL */
const char *labels_get(const struct labels *l, const char *name);          /* "" when absent */
/* As Prometheus orders series: name, value, name, value ..., the shorter set first. */
int labels_compare(const struct labels *a, const struct labels *b);
bool labels_equal(const struct labels *a, const struct labels *b);
uint64_t labels_hash(const struct labels *l); /* XXH3 of names and values; the same everywhere */
/* Put `v` in order, drop empty values.  RC_INPUT naming the label that stands there twice. */
enum rc labels_sort(struct label *v, uint32_t n, struct labels *ret, struct err *e) MUST_USE;
/* A copy whose texts live in the arena too.  False: the arena is full. */
bool labels_copy(const struct labels *l, struct arena *a, struct labels *ret);

/* The mark that a series ended: a NaN of exactly these bits, never the result of a computation. */
#define STALE_NAN_BITS UINT64_C(0x7ff0000000000002)
#define PLAIN_NAN_BITS UINT64_C(0x7ff8000000000001)

static inline uint64_t double_bits(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	return bits;
}
static inline double double_of_bits(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof v);
	return v;
}
static inline bool is_stale(double v)
{
	return double_bits(v) == STALE_NAN_BITS;
}

/* Native histograms, in the form with absolute float counts.
 * https://prometheus.io/docs/specs/native_histograms/ */
struct histogram_span {
	int32_t offset; /* to the previous span's end; of the first: its bucket's index */
	uint32_t length;
};
enum histogram_reset { HISTOGRAM_UNKNOWN, HISTOGRAM_RESET, HISTOGRAM_NOT_RESET, HISTOGRAM_GAUGE };
#define HISTOGRAM_CUSTOM (-53) /* the schema of histograms with bounds of their own */

struct histogram {
	int8_t schema; /* -4 ... 8, or HISTOGRAM_CUSTOM */
	uint8_t reset; /* enum histogram_reset */
	bool is_float; /* counts were floats where they came from */
	double zero_threshold, zero_count, count, sum;
	const struct histogram_span *positive_spans, *negative_spans;
	uint32_t n_positive_spans, n_negative_spans;
	const double *positive, *negative; /* absolute counts, one for each bucket of the spans */
	uint32_t n_positive, n_negative;
	const double *bounds; /* HISTOGRAM_CUSTOM only: upper bounds without +Inf */
	uint32_t n_bounds;
};

/* Samples of one series in order of time; it grows, and is used again for the next series. */
struct series_column {
	int64_t *t_ms;              /* since 1970 */
	double *v;                  /* STALE_NAN where the series ended */
	const struct histogram **h; /* NULL while no sample was a histogram; then NULL for floats */
	uint32_t n, cap;
	struct arena *histograms; /* where `h` lives; NULL: histograms are left out */
	/* Whether samples were left out, as the query's need allowed; then `nth` counts: sample i is
	 * the nth[i]-th of those that there are. */
	bool has_gaps;
	uint32_t *nth;
};

void series_column_fini(struct series_column *c);
SCOPED_FINI(series_column_fini, struct series_column)
void series_column_reserve(struct series_column *c, uint32_t cap);
/* Samples are left out from here on, or have been: those from `from` on are the next after the one before. */
void series_column_number(struct series_column *c, uint32_t from);
/* How many there are among these, both included. */
static inline uint32_t series_column_count(const uint32_t *nth, uint32_t first, uint32_t last)
{
	return nth ? nth[last] - nth[first] + 1 : last - first + 1;
}
static inline void series_column_add(struct series_column *c, int64_t t_ms, double v)
{
	if (c->n == c->cap)
		series_column_reserve(c, c->n + 1);
	c->t_ms[c->n] = t_ms;
	c->v[c->n] = v;
	if (c->h)
		c->h[c->n] = NULL;
	c->n++;
}
/* The same of a histogram, which lives at least as long as `histograms`. */
void series_column_add_histogram(struct series_column *c, int64_t t_ms, const struct histogram *h);

/* What of each window is looked at.  A source may leave out the others, but
 *	- never of a series that has histograms;
 *	- no mark of an end, nor what is needed once marks are gone (SERIES_LAST aside: the last
 *	  sample is, even if it is a mark);
 *	- with SERIES_TURNS no sample that, or whose neighbour, is less than the one before it. */
enum series_need {
	SERIES_ALL = 0,
	SERIES_LAST = 1,  /* the last sample */
	SERIES_FIRST = 2, /* the first; and that they are numbered, as with the following */
	SERIES_LAST_TWO = 4,
	SERIES_TURNS = 8, /* where values fall */
	SERIES_ENDS = SERIES_FIRST | SERIES_LAST,
	SERIES_GROWTH = SERIES_ENDS | SERIES_TURNS,
};

/* Which samples are wanted. */
struct series_query {
	const struct matcher *const
		*matchers; /* all must match; an absent label has the value "" */
	uint32_t n_matchers;
	int64_t min_ms, max_ms; /* both included */
	/* What will be looked at: for k = 0, 1, ... the samples in (end - range_ms, end] where
	 * end = first_ms + k * step_ms.  A source may leave out what lies in none of these windows.
	 * step_ms 0: everything between min_ms and max_ms. */
	int64_t first_ms, step_ms, range_ms;
	uint8_t need; /* of SERIES_... */
	/* The function that will read them ("rate", "max_over_time", "" for an instant), so that a
	 * source of downsampled data may choose; a hint only. */
	const char *function;
};

/* Where samples come from.  One cursor is used by one thread; what it shows doesn't change while
 * it is open. */
struct series_cursor;
struct series_source {
	void *self;
	/* RC_LIMIT when more series match than the source gives. */
	enum rc (*open)(void *self, const struct series_query *q, struct series_cursor **ret,
		struct err *e);
	/* The next series that matches, in no special order, each once, maybe without samples.
	 * `ret` lives until the following call.  *ret_has false: there are no more. */
	enum rc (*next)(struct series_cursor *c, struct labels *ret, bool *ret_has, struct err *e);
	/* Put its samples of the query's time in place of what `column` held. */
	enum rc (*read)(struct series_cursor *c, struct series_column *column, struct err *e);
	void (*close)(struct series_cursor *c);
	const struct series_twins *twins; /* NULL: one thread only */
};

/* How several threads read what one cursor finds. */
struct series_twins {
	/* A cursor for one more thread, to be closed before `c`.  It has no next(). */
	enum rc (*open)(struct series_cursor *c, struct series_cursor **ret, struct err *e);
	/* The series that next() has shown. */
	uint64_t (*place)(const struct series_cursor *c);
	/* Stand there.  Fastest when places come in the order in which next() had them. */
	void (*go)(struct series_cursor *twin, uint64_t place);
	/* From now on read what lies in this part of the query's time. */
	void (*narrow)(struct series_cursor *twin, int64_t min_ms, int64_t max_ms);
};

/* What became of one sample. */
enum series_verdict {
	SERIES_TAKEN,
	SERIES_SAME,         /* that very sample is there already: fine */
	SERIES_DUPLICATE,    /* another value stands at that time */
	SERIES_OUT_OF_ORDER, /* older than the newest, and beyond the out-of-order window */
	SERIES_TOO_OLD,      /* older than what may still be written */
	SERIES_GONE,         /* the series was dropped since: ask for its reference again */
	SERIES_UNSUPPORTED,  /* this sink doesn't keep such samples */
	SERIES_VERDICTS
};

typedef uint32_t series_ref; /* 0: none */

struct exemplar {
	struct labels labels;
	double v;
	int64_t t_ms;
	bool has_time;
};
struct metric_metadata {
	const char *type, *help, *unit; /* as written; "" when not said */
};

/* Where samples go.  Refs stay good until an append says SERIES_GONE.  Everything appended since
 * the last commit is kept, or lost, together.  A stale mark is never taken out of order: a series
 * that has a newer sample goes on. */
struct series_sink {
	void *self;
	/* Found, or made.  RC_LIMIT: too many series. */
	enum rc (*series)(void *self, const struct labels *l, series_ref *ret, struct err *e);
	enum series_verdict (*append)(void *self, series_ref ref, int64_t t_ms, double v);
	enum series_verdict (*append_histogram)(void *self, series_ref ref, int64_t t_ms,
		const struct histogram *h);
	void (*exemplar)(void *self, series_ref ref, const struct exemplar *x);
	void (*metadata)(void *self, const char *metric, const struct metric_metadata *m);
	enum rc (*commit)(void *self, struct err *e);
};

#endif
