/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote/otlp.h"

#include "base/arena.h"
#include "base/hash.h"
#include "base/histogram_protobuf.h"
#include "base/limits.h"
#include "base/number_text.h"
#include "base/protobuf.h"
#include "base/series.h"
#include "base/unicode.h"
#include "core/remote/otlp_config.h"
#include "core/remote/otlp_value.h"

#include <math.h>
#include <stdio.h>

#define ATTRIBUTES_MAX      256
#define POINT_BYTES_MAX     (1u << 20)
#define NO_VALUE            1 /* flags of a point */
#define ZERO_THRESHOLD      1e-128
#define CUMULATIVE          2
#define TYPE_COUNTER        1
#define TYPE_GAUGE          2
#define TYPE_HISTOGRAM      3
#define TYPE_SUMMARY        5
#define NANOSECONDS_IN_A_MS 1000000
#define ID_BYTES_MAX        16 /* of a trace */
#define EXEMPLAR_CHARS_MAX  128

struct attributes {
	struct label v[ATTRIBUTES_MAX];
	uint32_t n;
};

struct translation {
	struct str *out;
	struct otlp_result *result;
	struct arena resource_arena, arena; /* of the resource; of a point */
	const struct otlp_config *config;   /* NULL: the defaults */
	enum otlp_strategy strategy;
	struct attributes resource; /* as labels, sanitized */
	struct attributes promoted; /* of these, what each series gets */
	struct attributes scope;    /* as labels, where that is wanted */
	const char *job, *instance;
	bool has_others;   /* attributes of the resource but service.* */
	int64_t latest_ms; /* of the resource's points */
	const char *name;  /* of the metric, translated */
	struct err *e;
	enum rc rc;
};

/* The first error stays. */
static void fail(struct translation *t, enum rc rc, const char *text)
{
	if (t->rc == RC_OK)
		t->rc = err_set(t->e, rc, "%s", text);
}

static void check(struct translation *t, const struct protobuf *p)
{
	if (p->is_bad)
		fail(t, RC_INPUT, "proto: the message is malformed");
}

/* ---- attributes */

static const char *text_of(struct translation *t, struct arena *a, const struct protobuf_field *f)
{
	const char *s = f->n ? arena_strndup(a, (const char *)f->s, f->n) : "";

	if (!s)
		fail(t, RC_LIMIT, "more text than is taken at once");
	else if (!utf8_valid(s, strlen(s)))
		fail(t, RC_INPUT, "a text that isn't UTF-8");
	return t->rc == RC_OK ? s : "";
}

static const char *value_of(struct translation *t, struct arena *a,
	const struct protobuf_field *any)
{
	const char *text = "";
	enum rc rc = t->rc == RC_OK ? otlp_value_text(any, a, &text, t->e) : RC_OK;

	if (rc != RC_OK)
		t->rc = rc;
	return text;
}

struct attribute {
	const char *key, *value;
};

static struct attribute read_attribute(struct translation *t, struct arena *a,
	const struct protobuf_field *message)
{
	struct protobuf p = protobuf_inside(message);
	struct attribute it = { "", "" };
	struct protobuf_field f;

	while (protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_BYTES(1))
			it.key = text_of(t, a, &f);
		else if (f.key == PROTOBUF_BYTES(2))
			it.value = value_of(t, a, &f);
	}
	check(t, &p);
	return it;
}

/* Two attributes that become one label have their values joined. */
static void add_label(struct translation *t, struct arena *a, struct attributes *to,
	const char *name, const char *value)
{
	struct label *l = to->v;

	while (l < to->v + to->n && !str_eq(l->name, name))
		l++;
	if (l == to->v + ATTRIBUTES_MAX) {
		fail(t, RC_LIMIT, "more attributes than are taken");
		return;
	}
	if (l < to->v + to->n)
		value = arena_printf(a, "%s;%s", l->value, value);
	else
		to->n++;
	*l = (struct label){ name, value ? value : "", (uint32_t)strlen(name),
		(uint32_t)strlen(value ? value : "") };
}

static void take_attribute(struct translation *t, struct arena *a, struct attributes *to,
	const struct attribute *it)
{
	scoped(str_fini) struct str name = STR_EMPTY;
	const char *kept;

	if (otlp_has_underscores(t->strategy))
		otlp_label_name(it->key, &name);
	else
		str_add(&name, it->key);
	kept = arena_strdup(a, str_c(&name));
	if (!kept)
		fail(t, RC_LIMIT, "more attributes than are taken");
	else if (*kept && *it->value)
		add_label(t, a, to, kept, it->value);
}

/* ---- series of the request */

static void put_label(struct str *out, const char *name, const char *value)
{
	size_t opened = protobuf_open(out, 1);

	protobuf_add_bytes(out, 1, name, strlen(name));
	protobuf_add_bytes(out, 2, value, strlen(value));
	protobuf_close(out, opened);
}

/* One more label than the point has. */
struct extra {
	const char *suffix;       /* of the metric's name */
	const char *name, *value; /* NULL: none */
};

static bool has_label(const struct attributes *labels, const char *name)
{
	for (uint32_t i = 0; i < labels->n; i++)
		if (str_eq(labels->v[i].name, name))
			return true;
	return false;
}

/* Whether a label of the series already says this by other means. */
static bool is_own(const struct translation *t, const char *name, const struct extra *x)
{
	return (*t->job && str_eq(name, "job")) || (*t->instance && str_eq(name, "instance")) ||
	       (x->name && str_eq(name, x->name)) || str_eq(name, METRIC_NAME) ||
	       has_label(&t->scope, name);
}

static void put_labels(struct translation *t, const struct attributes *labels,
	const struct attributes *but, const struct extra *x)
{
	for (uint32_t i = 0; i < labels->n; i++) {
		const struct label *l = &labels->v[i];

		if (!is_own(t, l->name, x) && !(but && has_label(but, l->name)))
			put_label(t->out, l->name, l->value);
	}
}

static size_t open_series(struct translation *t, const struct attributes *labels,
	const struct extra *x)
{
	scoped(str_fini) struct str name = STR_EMPTY;
	size_t opened = protobuf_open(t->out, 1);

	str_addf(&name, "%s%s", t->name, x->suffix);
	put_label(t->out, METRIC_NAME, str_c(&name));
	if (*t->job)
		put_label(t->out, "job", t->job);
	if (*t->instance)
		put_label(t->out, "instance", t->instance);
	if (x->name)
		put_label(t->out, x->name, x->value);
	for (uint32_t i = 0; i < t->scope.n; i++)
		put_label(t->out, t->scope.v[i].name, t->scope.v[i].value);
	put_labels(t, labels, NULL, x);
	if (labels != &t->resource)
		put_labels(t, &t->promoted, labels, x);
	return opened;
}

struct sample {
	int64_t t_ms;
	double v;
	const struct protobuf *message; /* of the point that it is of; NULL: it has no exemplars */
	uint32_t exemplars;             /* key of these in it */
	double above, most;             /* those that lie in between, the latter included */
};

/* The bytes of an id as digits.  Returns how many characters name and digits are. */
static size_t put_id(struct translation *t, const char *name, const struct protobuf_field *f)
{
	char digits[2 * ID_BYTES_MAX + 1] = "";

	if (!f->n || f->n > ID_BYTES_MAX)
		return 0;
	hex_encode(f->s, f->n, digits);
	put_label(t->out, name, digits);
	return strlen(name) + 2 * (size_t)f->n;
}

static bool is_of_trace(const char *name)
{
	return str_eq(name, "trace_id") || str_eq(name, "span_id");
}

/* Attributes that the series doesn't have; all of them, or none where that would be more than an
 * exemplar's labels may be. */
static void put_filtered(struct translation *t, const struct protobuf_field *message,
	size_t n_chars)
{
	struct protobuf p = protobuf_inside(message);
	struct protobuf_field f;
	struct attributes found;

	found.n = 0;
	while (t->rc == RC_OK && protobuf_next(&p, &f)) {
		struct attribute it;

		if (f.key != PROTOBUF_BYTES(7))
			continue;
		it = read_attribute(t, &t->arena, &f);
		n_chars +=
			utf8_count(it.key, strlen(it.key)) + utf8_count(it.value, strlen(it.value));
		if (n_chars > EXEMPLAR_CHARS_MAX)
			return;
		if (*it.key && !is_of_trace(it.key))
			add_label(t, &t->arena, &found, it.key, it.value);
	}
	for (uint32_t i = 0; t->rc == RC_OK && i < found.n; i++)
		put_label(t->out, found.v[i].name, found.v[i].value);
}

struct exemplar_of { /* a point's */
	double v;
	int64_t t_ms;
	struct protobuf_field trace, span;
};

static struct exemplar_of read_exemplar(struct translation *t, const struct protobuf_field *message)
{
	struct protobuf p = protobuf_inside(message);
	struct exemplar_of x = { 0 };
	struct protobuf_field f;

	while (protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_FIXED64(2))
			x.t_ms = (int64_t)(f.v / NANOSECONDS_IN_A_MS);
		else if (f.key == PROTOBUF_FIXED64(3))
			x.v = protobuf_double(&f);
		else if (f.key == PROTOBUF_FIXED64(6))
			x.v = (double)(int64_t)f.v;
		else if (f.key == PROTOBUF_BYTES(4))
			x.span = f;
		else if (f.key == PROTOBUF_BYTES(5))
			x.trace = f;
	}
	check(t, &p);
	return x;
}

static void put_exemplars(struct translation *t, const struct sample *s)
{
	struct protobuf p = *s->message;
	struct protobuf_field f;

	while (t->rc == RC_OK && protobuf_next(&p, &f)) {
		struct exemplar_of x;
		size_t opened, n_chars;

		if (f.key != s->exemplars)
			continue;
		x = read_exemplar(t, &f);
		if (!(x.v > s->above && x.v <= s->most))
			continue;
		opened = protobuf_open(t->out, 3);
		n_chars = put_id(t, "trace_id", &x.trace);
		n_chars += put_id(t, "span_id", &x.span);
		put_filtered(t, &f, n_chars);
		protobuf_add_double(t->out, 2, x.v);
		protobuf_add_int(t->out, 3, x.t_ms);
		protobuf_close(t->out, opened);
	}
}

static void put_series(struct translation *t, const struct attributes *labels,
	const struct extra *x, const struct sample *s)
{
	size_t opened = open_series(t, labels, x), inner = protobuf_open(t->out, 2);

	protobuf_add_double(t->out, 1, s->v);
	protobuf_add_int(t->out, 2, s->t_ms);
	protobuf_close(t->out, inner);
	if (s->message)
		put_exemplars(t, s);
	protobuf_close(t->out, opened);
	if (s->t_ms > t->latest_ms)
		t->latest_ms = s->t_ms;
}

/* ---- points */

struct point {
	struct attributes labels;
	int64_t t_ms;
	double v, sum;
	bool has_sum, has_no_value;
	uint64_t count;
	struct protobuf counts, bounds; /* of a histogram */
	int64_t scale;
	uint64_t zero_count;
	double zero_threshold;
	struct protobuf positive, negative;
};

/* What all kinds of points have in the same place; attributes and flags don't. */
static void take_common(struct point *p, const struct protobuf_field *f)
{
	if (f->key == PROTOBUF_FIXED64(3))
		p->t_ms = (int64_t)(f->v / NANOSECONDS_IN_A_MS);
	else if (f->key == PROTOBUF_FIXED64(4))
		p->count = f->v;
	else if (f->key == PROTOBUF_FIXED64(5)) {
		p->sum = protobuf_double(f);
		p->has_sum = true;
	}
}

struct point_form {
	uint32_t attributes, flags; /* keys */
	void (*take)(struct point *p, const struct protobuf_field *f);
	void (*put)(struct translation *t, const struct point *p,
		const struct protobuf_field *message);
};

static void take_number(struct point *p, const struct protobuf_field *f)
{
	if (f->key == PROTOBUF_FIXED64(3))
		p->t_ms = (int64_t)(f->v / NANOSECONDS_IN_A_MS);
	else if (f->key == PROTOBUF_FIXED64(4))
		p->v = protobuf_double(f);
	else if (f->key == PROTOBUF_FIXED64(6))
		p->v = (double)(int64_t)f->v;
}

static void take_histogram(struct point *p, const struct protobuf_field *f)
{
	take_common(p, f);
	if (f->key == PROTOBUF_BYTES(6))
		p->counts = protobuf_inside(f);
	else if (f->key == PROTOBUF_BYTES(7))
		p->bounds = protobuf_inside(f);
}

static void take_exponential(struct point *p, const struct protobuf_field *f)
{
	take_common(p, f);
	if (f->key == PROTOBUF_VARINT(6))
		p->scale = protobuf_zigzag(f->v);
	else if (f->key == PROTOBUF_FIXED64(7))
		p->zero_count = f->v;
	else if (f->key == PROTOBUF_BYTES(8))
		p->positive = protobuf_inside(f);
	else if (f->key == PROTOBUF_BYTES(9))
		p->negative = protobuf_inside(f);
	else if (f->key == PROTOBUF_FIXED64(14))
		p->zero_threshold = protobuf_double(f);
}

static double or_stale(const struct point *p, double v)
{
	return p->has_no_value ? double_of_bits(STALE_NAN_BITS) : v;
}

static void put_value(struct translation *t, const struct point *p, const struct extra *x, double v)
{
	put_series(t, &p->labels, x, &(struct sample){ .t_ms = p->t_ms, .v = or_stale(p, v) });
}

static void put_number(struct translation *t, const struct point *p,
	const struct protobuf_field *message)
{
	static const struct extra none = { "", NULL, NULL };
	const struct protobuf inside = protobuf_inside(message);
	const struct sample s = { p->t_ms, or_stale(p, p->v), &inside, PROTOBUF_BYTES(5), -INFINITY,
		INFINITY };

	put_series(t, &p->labels, &none, &s);
}

static void put_sum_and_count(struct translation *t, const struct point *p)
{
	if (p->has_sum || p->has_no_value)
		put_value(t, p, &(struct extra){ "_sum", NULL, NULL }, p->sum);
	put_value(t, p, &(struct extra){ "_count", NULL, NULL }, (double)p->count);
}

static void put_bucket(struct translation *t, const struct point *p, const struct sample *s)
{
	char le[NUMBER_TEXT_MAX];

	number_text(s->most, NUMBER_PLAIN, le);
	put_series(t, &p->labels, &(struct extra){ "_bucket", "le", le }, s);
}

static void put_histogram(struct translation *t, const struct point *p,
	const struct protobuf_field *message)
{
	const struct protobuf inside = protobuf_inside(message);
	struct protobuf counts = p->counts, bounds = p->bounds;
	struct sample s = { p->t_ms, 0, &inside, PROTOBUF_BYTES(8), -INFINITY, -INFINITY };
	uint64_t bits, n, sum = 0;

	put_sum_and_count(t, p);
	while (!t->out->is_cut && bounds.at < bounds.end &&
		protobuf_take_fixed(&bounds, 8, &bits)) {
		if (counts.at < counts.end && protobuf_take_fixed(&counts, 8, &n))
			sum += n;
		s.above = s.most;
		s.most = double_of_bits(bits);
		s.v = or_stale(p, (double)sum);
		put_bucket(t, p, &s);
	}
	check(t, &bounds);
	check(t, &counts);
	s.above = s.most;
	s.most = INFINITY;
	s.v = or_stale(p, (double)p->count);
	put_bucket(t, p, &s);
}

static void put_summary(struct translation *t, const struct point *p,
	const struct protobuf_field *message)
{
	struct protobuf all = protobuf_inside(message);
	struct protobuf_field f, g;
	char q[NUMBER_TEXT_MAX];

	put_sum_and_count(t, p);
	while (!t->out->is_cut && protobuf_next(&all, &f)) {
		struct protobuf inner = protobuf_inside(&f);
		double quantile = 0, v = 0;

		if (f.key != PROTOBUF_BYTES(6))
			continue;
		while (protobuf_next(&inner, &g)) {
			if (g.key == PROTOBUF_FIXED64(1))
				quantile = protobuf_double(&g);
			else if (g.key == PROTOBUF_FIXED64(2))
				v = protobuf_double(&g);
		}
		check(t, &inner);
		number_text(quantile, NUMBER_PLAIN, q);
		put_value(t, p, &(struct extra){ "", "quantile", q }, v);
	}
}

/* One side of an exponential histogram as one span; every `merge` buckets become one. */
struct side {
	struct histogram_span span;
	double counts[HISTOGRAM_BUCKETS_MAX];
	uint32_t n;
};

static bool read_side(struct translation *t, struct protobuf p, unsigned shift, struct side *ret)
{
	struct protobuf packed = { 0 };
	struct protobuf_field f;
	int64_t offset = 0, at;
	uint64_t n;

	while (protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_VARINT(1))
			offset = (int32_t)protobuf_zigzag(f.v);
		else if (f.key == PROTOBUF_BYTES(2))
			packed = protobuf_inside(&f);
	}
	check(t, &p);
	/* Bucket i of OpenTelemetry ends where bucket i + 1 of Prometheus does. */
	ret->span.offset = (int32_t)((offset >> shift) + 1);
	for (at = offset; packed.at < packed.end && protobuf_take_varint(&packed, &n); at++) {
		uint32_t i = (uint32_t)((at >> shift) - (offset >> shift));

		if (i >= HISTOGRAM_BUCKETS_MAX)
			return false;
		while (ret->n <= i)
			ret->counts[ret->n++] = 0;
		ret->counts[i] += (double)n;
	}
	check(t, &packed);
	ret->span.length = ret->n;
	return true;
}

static void reject(struct translation *t, const char *why)
{
	t->result->n_rejected++;
	if (!*t->result->why)
		snprintf(t->result->why, sizeof t->result->why, "%.100s: %s", t->name, why);
}

/* `h` with its spans, counts and exemplars as one sample. */
static void put_native(struct translation *t, const struct point *p, const struct histogram *h,
	const struct sample *exemplars)
{
	static const struct extra none = { "", NULL, NULL };
	size_t opened = open_series(t, &p->labels, &none), inner = protobuf_open(t->out, 4);

	histogram_protobuf_write(h, p->t_ms, t->out);
	protobuf_close(t->out, inner);
	put_exemplars(t, exemplars);
	protobuf_close(t->out, opened);
	if (p->t_ms > t->latest_ms)
		t->latest_ms = p->t_ms;
}

static void put_exponential(struct translation *t, const struct point *p,
	const struct protobuf_field *message)
{
	unsigned shift = p->scale > 8 ? (unsigned)(p->scale - 8) : 0;
	struct side *sides = must_alloc(2 * sizeof *sides);
	const struct protobuf inside = protobuf_inside(message);
	const struct sample s = { p->t_ms, 0, &inside, PROTOBUF_BYTES(11), -INFINITY, INFINITY };
	struct histogram h = { .schema = (int8_t)(p->scale - (int64_t)shift),
		.zero_threshold = p->zero_threshold > 0 ? p->zero_threshold : ZERO_THRESHOLD,
		.zero_count = (double)p->zero_count,
		.count = (double)p->count,
		.sum = or_stale(p, p->sum) };

	if (p->scale < -4 || p->scale > 40 || !read_side(t, p->positive, shift, &sides[0]) ||
		!read_side(t, p->negative, shift, &sides[1])) {
		reject(t, "its buckets are too coarse, or too many");
	} else {
		h.positive_spans = &sides[0].span;
		h.negative_spans = &sides[1].span;
		h.n_positive_spans = sides[0].n > 0;
		h.n_negative_spans = sides[1].n > 0;
		h.positive = sides[0].counts;
		h.negative = sides[1].counts;
		h.n_positive = sides[0].n;
		h.n_negative = sides[1].n;
		put_native(t, p, &h, &s);
	}
	free(sides);
}

/* A histogram's bounds and counts; of the latter the empty ones in front are left out. */
struct layout {
	double bounds[HISTOGRAM_BUCKETS_MAX], counts[HISTOGRAM_BUCKETS_MAX];
	uint32_t n_bounds, n_counts;
	struct histogram_span span;
};

/* False: they don't fit together, or are too many. */
static bool read_layout(struct translation *t, const struct point *p, struct layout *ret)
{
	struct protobuf counts = p->counts, bounds = p->bounds;
	uint64_t v;

	while (bounds.at < bounds.end && protobuf_take_fixed(&bounds, 8, &v)) {
		if (ret->n_bounds == HISTOGRAM_BUCKETS_MAX)
			return false;
		ret->bounds[ret->n_bounds++] = double_of_bits(v);
	}
	while (counts.at < counts.end && protobuf_take_fixed(&counts, 8, &v)) {
		if (ret->n_counts == HISTOGRAM_BUCKETS_MAX)
			return false;
		if (ret->n_counts || v)
			ret->counts[ret->n_counts++] = (double)v;
		else
			ret->span.offset++;
	}
	check(t, &bounds);
	check(t, &counts);
	ret->span.length = ret->n_counts;
	return (uint64_t)ret->span.offset + ret->n_counts <= ret->n_bounds + (uint64_t)1;
}

static void put_custom(struct translation *t, const struct point *p,
	const struct protobuf_field *message)
{
	struct layout *l = must_alloc(sizeof *l);
	const struct protobuf inside = protobuf_inside(message);
	const struct sample s = { p->t_ms, 0, &inside, PROTOBUF_BYTES(8), -INFINITY, INFINITY };
	struct histogram h = { .schema = HISTOGRAM_CUSTOM,
		.count = (double)p->count,
		.sum = or_stale(p, p->sum) };

	if (!read_layout(t, p, l)) {
		reject(t, "its counts don't fit its bounds, or are too many");
	} else {
		h.bounds = l->bounds;
		h.n_bounds = l->n_bounds;
		h.positive_spans = &l->span;
		h.n_positive_spans = l->n_counts > 0;
		h.positive = l->counts;
		h.n_positive = l->n_counts;
		put_native(t, p, &h, &s);
	}
	free(l);
}

/* As a classic one, or as one with custom buckets. */
static void put_explicit(struct translation *t, const struct point *p,
	const struct protobuf_field *message)
{
	(t->config && t->config->makes_custom_buckets ? put_custom : put_histogram)(t, p, message);
}

static void take_point(struct translation *t, const struct point_form *form,
	const struct protobuf_field *message)
{
	struct protobuf all = protobuf_inside(message);
	struct point *p;
	struct protobuf_field f;

	arena_reset(&t->arena);
	p = arena_alloc(&t->arena, sizeof *p);
	must(p);
	while (t->rc == RC_OK && protobuf_next(&all, &f)) {
		if (f.key == form->attributes) {
			struct attribute it = read_attribute(t, &t->arena, &f);

			take_attribute(t, &t->arena, &p->labels, &it);
		} else if (f.key == form->flags) {
			p->has_no_value = f.v & NO_VALUE;
		} else {
			form->take(p, &f);
		}
	}
	check(t, &all);
	if (t->rc != RC_OK)
		return;
	t->result->n_points++;
	form->put(t, p, message);
	if (t->out->is_cut)
		fail(t, RC_LIMIT, "more samples than are taken at once");
}

/* ---- metrics */

static const struct metric_form {
	uint32_t key;  /* of the data in a Metric */
	uint64_t type; /* of a gauge, or of what isn't monotonic */
	bool has_temporality;
	struct point_form point;
} forms[] = {
	{ PROTOBUF_BYTES(5), TYPE_GAUGE, false,
		{ PROTOBUF_BYTES(7), PROTOBUF_VARINT(8), take_number, put_number } },
	{ PROTOBUF_BYTES(7), TYPE_GAUGE, true,
		{ PROTOBUF_BYTES(7), PROTOBUF_VARINT(8), take_number, put_number } },
	{ PROTOBUF_BYTES(9), TYPE_HISTOGRAM, true,
		{ PROTOBUF_BYTES(9), PROTOBUF_VARINT(10), take_histogram, put_explicit } },
	{ PROTOBUF_BYTES(10), TYPE_HISTOGRAM, true,
		{ PROTOBUF_BYTES(1), PROTOBUF_VARINT(10), take_exponential, put_exponential } },
	{ PROTOBUF_BYTES(11), TYPE_SUMMARY, false,
		{ PROTOBUF_BYTES(7), PROTOBUF_VARINT(8), take_common, put_summary } },
};

struct metric {
	const char *name, *help, *unit;
	const struct metric_form *form;
	struct protobuf data;
};

static void put_metadata(struct translation *t, const struct metric *m, uint64_t type)
{
	size_t opened = protobuf_open(t->out, 3);

	protobuf_add_uint(t->out, 1, type);
	protobuf_add_bytes(t->out, 2, t->name, strlen(t->name));
	protobuf_add_bytes(t->out, 4, m->help, strlen(m->help));
	protobuf_add_bytes(t->out, 5, m->unit, strlen(m->unit));
	protobuf_close(t->out, opened);
}

static void put_points(struct translation *t, const struct metric *m)
{
	struct protobuf data = m->data;
	uint64_t temporality = 0;
	bool is_monotonic = false;
	struct protobuf_field f;
	scoped(str_fini) struct str name = STR_EMPTY;
	enum otlp_kind kind;

	while (protobuf_next(&data, &f)) {
		if (f.key == PROTOBUF_VARINT(2))
			temporality = f.v;
		else if (f.key == PROTOBUF_VARINT(3))
			is_monotonic = f.v;
	}
	check(t, &data);
	kind = is_monotonic ? OTLP_COUNTER : m->form->key == forms[0].key ? OTLP_GAUGE : OTLP_OTHER;
	otlp_metric_name_by(t->strategy, m->name, m->unit, kind, &name);
	t->name = str_c(&name);
	if (t->rc == RC_OK && *t->name)
		put_metadata(t, m, is_monotonic ? TYPE_COUNTER : m->form->type);
	for (data = m->data; t->rc == RC_OK && protobuf_next(&data, &f);) {
		if (f.key != PROTOBUF_BYTES(1))
			continue;
		if (m->form->has_temporality && temporality != CUMULATIVE)
			reject(t, "only cumulative temporality is taken");
		else if (!*t->name)
			reject(t, "a metric without a name");
		else
			take_point(t, &m->form->point, &f);
	}
	t->name = "";
}

static void take_metric(struct translation *t, const struct protobuf_field *message)
{
	struct protobuf p = protobuf_inside(message);
	struct metric m = { .name = "", .help = "", .unit = "" };
	scoped(arena_fini) struct arena texts;
	struct protobuf_field f;

	arena_init(&texts, POINT_BYTES_MAX);
	while (t->rc == RC_OK && protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_BYTES(1))
			m.name = text_of(t, &texts, &f);
		else if (f.key == PROTOBUF_BYTES(2))
			m.help = text_of(t, &texts, &f);
		else if (f.key == PROTOBUF_BYTES(3))
			m.unit = text_of(t, &texts, &f);
		for (size_t i = 0; i < COUNT(forms); i++)
			if (f.key == forms[i].key) {
				m.form = &forms[i];
				m.data = protobuf_inside(&f);
			}
	}
	check(t, &p);
	if (t->rc == RC_OK && m.form)
		put_points(t, &m);
}

/* ---- resources */

/* service.name and .namespace become the job, service.instance.id the instance. */
struct identity {
	const char *name, *space, *instance;
};

static const char **part_of(struct identity *id, const char *key)
{
	if (str_eq(key, "service.name"))
		return &id->name;
	if (str_eq(key, "service.namespace"))
		return &id->space;
	return str_eq(key, "service.instance.id") ? &id->instance : NULL;
}

static void take_resource_attribute(struct translation *t, struct identity *id,
	const struct attribute *it)
{
	const char **part = part_of(id, it->key);

	if (part)
		*part = it->value;
	t->has_others |= !part;
	if (!part || (t->config && t->config->keeps_identifying))
		take_attribute(t, &t->resource_arena, &t->resource, it);
	if (otlp_config_promotes(t->config, it->key))
		take_attribute(t, &t->resource_arena, &t->promoted, it);
}

static void take_resource(struct translation *t, const struct protobuf_field *message)
{
	struct protobuf p = protobuf_inside(message);
	struct identity id = { "", "", t->instance };
	struct protobuf_field f;

	while (t->rc == RC_OK && protobuf_next(&p, &f)) {
		struct attribute it;

		if (f.key != PROTOBUF_BYTES(1))
			continue;
		it = read_attribute(t, &t->resource_arena, &f);
		take_resource_attribute(t, &id, &it);
	}
	check(t, &p);
	t->instance = id.instance;
	t->job = *id.space ? arena_printf(&t->resource_arena, "%s/%s", id.space, id.name) : id.name;
	if (!t->job)
		fail(t, RC_LIMIT, "more attributes than are taken");
}

/* What else is known of the resource, as a series of its own. */
static void put_target_info(struct translation *t)
{
	static const struct extra none = { "", NULL, NULL };

	if (t->rc != RC_OK || !t->has_others || !t->resource.n || !t->latest_ms ||
		(!*t->job && !*t->instance))
		return;
	t->name = "target_info";
	put_metadata(t, &(struct metric){ .help = "Target metadata", .unit = "" }, TYPE_GAUGE);
	put_series(t, &t->resource, &none, &(struct sample){ .t_ms = t->latest_ms, .v = 1 });
	t->name = "";
}

/* A scope's own attributes are named like what is said of it, which they don't replace. */
static void take_scope_attribute(struct translation *t, const struct protobuf_field *message)
{
	struct attribute it = read_attribute(t, &t->resource_arena, message);
	const char *key = arena_printf(&t->resource_arena, "otel_scope_%s", it.key);

	if (!key)
		fail(t, RC_LIMIT, "more attributes than are taken");
	else
		take_attribute(t, &t->resource_arena, &t->scope,
			&(struct attribute){ key, it.value });
}

static void set_label(struct translation *t, struct attributes *to, const char *name,
	const char *value)
{
	for (uint32_t i = 0; i < to->n; i++)
		if (str_eq(to->v[i].name, name))
			to->v[i--] = to->v[--to->n];
	if (*value)
		add_label(t, &t->resource_arena, to, name, value);
}

/* Of a scope that has a name: who measured, as labels of each series. */
static void read_scope(struct translation *t, const struct protobuf_field *scope,
	const char *schema_url)
{
	const char *name = "", *version = "";
	struct protobuf p = protobuf_inside(scope);
	struct protobuf_field f;

	while (t->rc == RC_OK && protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_BYTES(1))
			name = text_of(t, &t->resource_arena, &f);
		else if (f.key == PROTOBUF_BYTES(2))
			version = text_of(t, &t->resource_arena, &f);
		else if (f.key == PROTOBUF_BYTES(3))
			take_scope_attribute(t, &f);
	}
	check(t, &p);
	if (!*name)
		t->scope.n = 0;
	if (t->rc != RC_OK || !*name)
		return;
	set_label(t, &t->scope, "otel_scope_name", name);
	set_label(t, &t->scope, "otel_scope_version", version);
	set_label(t, &t->scope, "otel_scope_schema_url", schema_url);
}

static void find_scope(struct translation *t, const struct protobuf_field *message)
{
	struct protobuf p = protobuf_inside(message);
	struct protobuf_field f, scope = { 0 };
	const char *schema_url = "";

	while (t->rc == RC_OK && protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_BYTES(1))
			scope = f;
		else if (f.key == PROTOBUF_BYTES(3))
			schema_url = text_of(t, &t->resource_arena, &f);
	}
	read_scope(t, &scope, schema_url);
}

static void take_scope(struct translation *t, const struct protobuf_field *message)
{
	struct protobuf p = protobuf_inside(message);
	struct protobuf_field f;

	if (t->config && t->config->promotes_scope)
		find_scope(t, message);
	while (t->rc == RC_OK && protobuf_next(&p, &f))
		if (f.key == PROTOBUF_BYTES(2))
			take_metric(t, &f);
	check(t, &p);
	t->scope.n = 0;
}

static void take_resource_metrics(struct translation *t, const struct protobuf_field *message)
{
	struct protobuf p = protobuf_inside(message);
	struct protobuf_field f;

	arena_reset(&t->resource_arena);
	t->resource.n = t->promoted.n = 0;
	t->has_others = false;
	t->job = t->instance = t->name = "";
	t->latest_ms = 0;
	while (t->rc == RC_OK && protobuf_next(&p, &f))
		if (f.key == PROTOBUF_BYTES(1))
			take_resource(t, &f);
	check(t, &p);
	for (p = protobuf_inside(message); t->rc == RC_OK && protobuf_next(&p, &f);)
		if (f.key == PROTOBUF_BYTES(2))
			take_scope(t, &f);
	put_target_info(t);
}

enum rc otlp_translate(const struct otlp_message *m, struct str *out, struct otlp_result *ret,
	struct err *e)
{
	struct translation *t = must_alloc(sizeof *t);
	struct protobuf p = protobuf_over(m->bytes, m->n);
	struct protobuf_field f;
	enum rc rc;

	t->config = m->config;
	t->strategy =
		m->config ? (enum otlp_strategy)m->config->strategy : OTLP_UNDERSCORES_AND_SUFFIXES;
	t->out = out;
	t->result = ret;
	t->e = e;
	arena_init(&t->resource_arena, POINT_BYTES_MAX);
	arena_init(&t->arena, POINT_BYTES_MAX);
	while (t->rc == RC_OK && protobuf_next(&p, &f))
		if (f.key == PROTOBUF_BYTES(1))
			take_resource_metrics(t, &f);
	check(t, &p);
	rc = t->rc;
	arena_fini(&t->resource_arena);
	arena_fini(&t->arena);
	free(t);
	return rc;
}
