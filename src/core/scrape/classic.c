/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels of each line are taken apart, which costs more than knowing a line by its hash: jobs that don't ask
 * for this don't come here.
 *
 * One thing isn't as in Prometheus 3.5: there a histogram whose lines have times gets that of the line behind
 * it.
 */
#include "core/scrape/classic.h"

#include "base/golang.h"
#include "base/histogram.h"
#include "base/limits.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

#define GATHERED_BYTES_MAX ((size_t)2 * SCRAPE_LABELLING_BYTES_MAX)

/* Which part of a histogram a line is. */
enum part { PART_NONE, PART_BUCKET, PART_COUNT, PART_SUM, PART_CREATED };
static const struct {
	const char *suffix;
	enum part part;
} parts[] = {
	{ "_bucket", PART_BUCKET },
	{ "_count", PART_COUNT },
	{ "_sum", PART_SUM },
};

void classic_init(struct classic *c)
{
	*c = (struct classic){ 0 };
	arena_init(&c->arena, GATHERED_BYTES_MAX);
	arena_init(&c->scratch, GATHERED_BYTES_MAX);
}

void classic_fini(struct classic *c)
{
	str_fini(&c->metric);
	arena_fini(&c->arena);
	arena_fini(&c->scratch);
	free(c->buckets);
	free(c->exemplars);
}

static enum rc no_room(struct err *e)
{
	return err_set(e, RC_LIMIT,
		"the labels of a classic histogram take more than memory allows");
}

enum rc classic_type(struct classic *c, struct piece name, struct err *e)
{
	const char *metric;

	arena_reset(&c->scratch);
	metric = exposition_unescape(name, &c->scratch);
	if (!metric)
		return no_room(e);
	str_clear(&c->metric);
	str_add(&c->metric, metric);
	return RC_OK;
}

/* How much of a name is the histogram's. */
static enum part part_of(const struct label *name, uint32_t *ret_n)
{
	*ret_n = name->value_len;
	for (size_t i = 0; i < COUNT(parts); i++) {
		uint32_t n = (uint32_t)strlen(parts[i].suffix);

		if (name->value_len < n ||
			memcmp(name->value + name->value_len - n, parts[i].suffix, n) != 0)
			continue;
		*ret_n = name->value_len - n;
		return parts[i].part;
	}
	return PART_NONE;
}

static bool is_same_text(const char *a, uint32_t n_a, const char *b, uint32_t n_b)
{
	return n_a == n_b && memcmp(a, b, n_a) == 0;
}

/* Whether the line is about what is gathered: the same but for the suffix and "le". */
static bool is_of_gathered(const struct classic *c, const struct labels *line)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < line->n; i++) {
		const struct label *l = &line->v[i], *own = &c->labels.v[at];
		uint32_t n = l->value_len;

		if (str_eq(l->name, "le"))
			continue;
		if (at == c->labels.n ||
			!is_same_text(l->name, l->name_len, own->name, own->name_len))
			return false;
		if (str_eq(l->name, METRIC_NAME))
			(void)part_of(l, &n);
		if (!is_same_text(l->value, n, own->value, own->value_len))
			return false;
		at++;
	}
	return at == c->labels.n;
}

/* ---- gathering */

/* Prometheus doesn't leave it out before it has met the first bucket, and in texts that aren't OpenMetrics. */
static bool is_created(const struct classic *c, const struct label *name)
{
	static const char suffix[] = "_created";
	uint32_t n = sizeof suffix - 1;

	return c->is_openmetrics && c->has_gathered && name->value_len > n &&
	       is_same_text(name->value + name->value_len - n, n, suffix, n);
}

/* Which part of the histogram of the last TYPE line it is; *ret_bound of a bucket. */
static enum part part_of_line(const struct classic *c, const struct labels *line, double *ret_bound)
{
	const struct label *name = labels_find(line, METRIC_NAME), *le = labels_find(line, "le");
	enum part part;
	uint32_t n;

	if (!name)
		return PART_NONE;
	part = part_of(name, &n);
	if (part == PART_NONE && is_created(c, name))
		return PART_CREATED;
	if (!is_same_text(name->value, n, str_c(&c->metric), (uint32_t)c->metric.len))
		return PART_NONE;
	if (part != PART_BUCKET)
		return part;
	if (!le || go_parse_float(le->value, le->value_len, ret_bound, NULL) != RC_OK ||
		isnan(*ret_bound))
		return PART_NONE;
	return part;
}

/* Labels of the histogram that a line is about, kept. */
static enum rc keep_labels(struct classic *c, const struct labels *line, struct err *e)
{
	struct label *own;
	struct labels kept;
	uint32_t n = 0;

	arena_reset(&c->arena);
	own = arena_alloc(&c->arena, line->n * sizeof *own);
	if (!own)
		return no_room(e);
	for (uint32_t i = 0; i < line->n; i++) {
		if (str_eq(line->v[i].name, "le"))
			continue;
		own[n] = line->v[i];
		if (str_eq(own[n].name, METRIC_NAME)) {
			own[n].value = str_c(&c->metric);
			own[n].value_len = (uint32_t)c->metric.len;
		}
		n++;
	}
	kept = (struct labels){ own, n };
	return labels_copy(&kept, &c->arena, &c->labels) ? RC_OK : no_room(e);
}

static enum rc begin(struct classic *c, const struct labels *line, struct err *e)
{
	enum rc rc = keep_labels(c, line, e);

	if (rc != RC_OK)
		return rc;
	c->is_gathering = c->has_gathered = true;
	c->is_native = false;
	c->n_buckets = c->n_exemplars = 0;
	c->count = c->sum = 0;
	c->has_count = c->is_impossible = false;
	return RC_OK;
}

/* The first bucket whose bound isn't below; most often behind the last. */
static uint32_t place_of(const struct classic *c, double bound)
{
	uint32_t from = 0, to = c->n_buckets;

	if (to == 0 || c->buckets[to - 1].bound < bound)
		return to;
	while (from < to) {
		uint32_t middle = (from + to) / 2;

		if (c->buckets[middle].bound < bound)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static enum rc take_bucket(struct classic *c, struct classic_bucket b, struct err *e)
{
	uint32_t at;

	if (c->is_impossible)
		return RC_OK;
	at = place_of(c, b.bound);
	if (b.count < 0) {
		c->is_impossible = true;
		return RC_OK;
	}
	if (at < c->n_buckets && c->buckets[at].bound == b.bound)
		return RC_OK; /* twice: the first is meant */
	if ((at > 0 && b.count < c->buckets[at - 1].count) ||
		(at < c->n_buckets && b.count > c->buckets[at].count)) {
		c->is_impossible = true;
		return RC_OK;
	}
	if (c->n_buckets == HISTOGRAM_BUCKETS_MAX - 1) /* one more may be added for +Inf */
		return err_set(e, RC_LIMIT, "a classic histogram has more than %d buckets",
			HISTOGRAM_BUCKETS_MAX - 1);
	must_grow(c->buckets, c->n_buckets, c->cap_buckets);
	memmove(&c->buckets[at + 1], &c->buckets[at], (c->n_buckets - at) * sizeof b);
	c->buckets[at] = b;
	c->n_buckets++;
	return RC_OK;
}

static enum rc take_part(struct classic *c, enum part part, struct classic_bucket b, struct err *e)
{
	if (part == PART_BUCKET)
		return take_bucket(c, b, e);
	if (part == PART_SUM) {
		c->sum = b.count;
		return RC_OK;
	}
	c->is_impossible |= b.count < 0;
	c->count = b.count;
	c->has_count = true;
	return RC_OK;
}

/* One that finds no room is left out. */
static void take_exemplar(struct classic *c, const struct exposition_entry *entry)
{
	struct classic_exemplar x = { .v = entry->exemplar_v, .t_ms = entry->exemplar_t_ms };

	if (!entry->exemplar.n || !entry->exemplar_has_time)
		return;
	x.labels.s = arena_strndup(&c->arena, entry->exemplar.s, entry->exemplar.n);
	x.labels.n = entry->exemplar.n;
	if (!x.labels.s)
		return;
	must_grow(c->exemplars, c->n_exemplars, c->cap_exemplars);
	c->exemplars[c->n_exemplars++] = x;
}

static enum rc take_line(struct classic *c, const struct exposition_entry *entry,
	const struct labels *line, enum classic_answer *ret, struct err *e)
{
	struct classic_bucket b = { .count = entry->v };
	enum part part = part_of_line(c, line, &b.bound);
	enum rc rc = RC_OK;

	if (part == PART_NONE)
		return RC_OK;
	if (part == PART_CREATED) {
		*ret = CLASSIC_LEFT_OUT;
		return RC_OK;
	}
	if (!c->is_gathering)
		rc = begin(c, line, e);
	if (rc == RC_OK)
		rc = take_part(c, part, b, e);
	if (rc != RC_OK)
		return rc;
	c->t_ms = entry->t_ms;
	c->has_time = entry->has_time;
	take_exemplar(c, entry);
	*ret = CLASSIC_GATHERED;
	return RC_OK;
}

enum rc classic_take(struct classic *c, const struct exposition *x,
	const struct exposition_entry *entry, enum classic_answer *ret, struct err *e)
{
	struct labels line;
	enum rc rc;

	*ret = c->is_gathering ? CLASSIC_ENDS : CLASSIC_NO;
	if (entry->kind != EXPOSITION_SERIES || x->type != METRIC_HISTOGRAM ||
		(entry->h && c->is_gathering))
		return RC_OK;
	arena_reset(&c->scratch);
	rc = exposition_labels(x, entry->text, &c->scratch, &line, e);
	if (rc != RC_OK || (c->is_gathering && !is_of_gathered(c, &line)))
		return rc;
	*ret = CLASSIC_NO;
	c->is_openmetrics = x->format == EXPOSITION_OPENMETRICS;
	if (entry->h) {
		c->is_native = true;
		return keep_labels(c, &line, e);
	}
	if (c->is_native && is_of_gathered(c, &line))
		return RC_OK;
	return take_line(c, entry, &line, ret, e);
}

/* ---- what became of it */

/* Prometheus tells whole numbers from others, and how many empty buckets are kept depends on it. */
static bool is_whole(double v)
{
	return v == round(v) && v < 0x1p63;
}

static bool is_float(const struct classic *c)
{
	for (uint32_t i = 0; i < c->n_buckets; i++)
		if (!is_whole(c->buckets[i].count))
			return true;
	return !is_whole(c->count);
}

/* The last bucket is that of everything. */
static bool complete(struct classic *c)
{
	if (c->is_impossible)
		return false;
	if (!c->has_count && c->n_buckets)
		c->count = c->buckets[c->n_buckets - 1].count;
	if (c->n_buckets == 0 || c->buckets[c->n_buckets - 1].bound != INFINITY) {
		must_grow(c->buckets, c->n_buckets, c->cap_buckets);
		c->buckets[c->n_buckets++] = (struct classic_bucket){ INFINITY, c->count };
	}
	return c->buckets[c->n_buckets - 1].count == c->count;
}

struct layout { /* while buckets are laid out; room for all of them */
	struct histogram_span *spans;
	double *counts;
	uint32_t n_spans, n_counts;
	uint32_t end; /* behind the last span, in buckets */
};

static void add_count(struct layout *l, uint32_t index, double count, uint32_t gap_most)
{
	uint32_t gap = index - l->end;

	if (l->n_spans == 0 || gap > gap_most) {
		l->spans[l->n_spans++] = (struct histogram_span){ .offset = (int32_t)gap };
	} else {
		for (uint32_t i = 0; i < gap; i++)
			l->counts[l->n_counts++] = 0;
		l->spans[l->n_spans - 1].length += gap;
	}
	l->counts[l->n_counts++] = count;
	l->spans[l->n_spans - 1].length++;
	l->end = index + 1;
}

/* Buckets of one each, without those that are empty, but for gaps that cost less than a span. */
static bool lay_out(struct classic *c, struct histogram *h)
{
	uint32_t n = c->n_buckets, gap_most = h->is_float ? 0 : 2;
	struct layout l = { .spans = arena_alloc(&c->arena, n * sizeof *l.spans),
		.counts = arena_alloc(&c->arena, n * sizeof *l.counts) };
	double *bounds = arena_alloc(&c->arena, n * sizeof *bounds), before = 0;

	if (!l.spans || !l.counts || !bounds)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		double own = c->buckets[i].count - before;

		bounds[i] = c->buckets[i].bound;
		before = c->buckets[i].count;
		if (own != 0)
			add_count(&l, i, own, gap_most);
	}
	h->positive_spans = l.spans;
	h->n_positive_spans = l.n_spans;
	h->positive = l.counts;
	h->n_positive = l.n_counts;
	h->bounds = bounds;
	h->n_bounds = n - 1;
	return true;
}

static void write_text(const struct classic *c, struct str *out)
{
	str_clear(out);
	str_add(out, "{\"");
	exposition_escape(out, labels_get(&c->labels, METRIC_NAME));
	str_addc(out, '"');
	for (uint32_t i = 0; i < c->labels.n; i++) {
		if (str_eq(c->labels.v[i].name, METRIC_NAME))
			continue;
		str_add(out, ",\"");
		exposition_escape(out, c->labels.v[i].name);
		str_add(out, "\"=\"");
		exposition_escape(out, c->labels.v[i].value);
		str_addc(out, '"');
	}
	str_addc(out, '}');
}

static int by_time(const void *a, const void *b)
{
	const struct classic_exemplar *x = a, *y = b;

	if (x->t_ms != y->t_ms)
		return x->t_ms < y->t_ms ? -1 : 1;
	return (x->v > y->v) - (x->v < y->v);
}

enum rc classic_end(struct classic *c, struct str *text, struct histogram *h,
	struct exposition_entry *ret, bool *ret_has, struct err *e)
{
	*ret_has = c->is_gathering && complete(c);
	c->is_gathering = false;
	if (!*ret_has)
		return RC_OK;
	*h = (struct histogram){ .schema = HISTOGRAM_CUSTOM,
		.is_float = is_float(c),
		.count = c->count,
		.sum = c->sum };
	if (!lay_out(c, h))
		return no_room(e);
	*ret_has = histogram_check(h, NULL) == RC_OK;
	if (c->n_exemplars)
		qsort(c->exemplars, c->n_exemplars, sizeof *c->exemplars, by_time);
	write_text(c, text);
	*ret = (struct exposition_entry){ .kind = EXPOSITION_SERIES,
		.text = { text->s, (uint32_t)text->len },
		.h = h,
		.t_ms = c->t_ms,
		.has_time = c->has_time };
	return RC_OK;
}
