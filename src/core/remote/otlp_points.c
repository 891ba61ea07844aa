/* SPDX-License-Identifier: Apache-2.0 */
/* Points of each kind, read and written as series. */
#include "base/histogram_protobuf.h"
#include "base/limits.h"
#include "base/number_text.h"
#include "core/remote/otlp_private.h"

#include <math.h>

#define NO_VALUE       1 /* flags of a point */
#define ZERO_THRESHOLD 1e-128

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

struct point_form {
	uint32_t attributes, flags; /* keys */
	void (*take)(struct point *p, const struct protobuf_field *f);
	void (*put)(struct translation *t, const struct point *p,
		const struct protobuf_field *message);
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
	otlp_put_series(t, &p->labels, x, &(struct sample){ .t_ms = p->t_ms, .v = or_stale(p, v) });
}

static void put_number(struct translation *t, const struct point *p,
	const struct protobuf_field *message)
{
	static const struct extra none = { "", NULL, NULL };
	const struct protobuf inside = protobuf_inside(message);
	const struct sample s = { p->t_ms, or_stale(p, p->v), &inside, PROTOBUF_BYTES(5), -INFINITY,
		INFINITY };

	otlp_put_series(t, &p->labels, &none, &s);
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
	otlp_put_series(t, &p->labels, &(struct extra){ "_bucket", "le", le }, s);
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
	otlp_check(t, &bounds);
	otlp_check(t, &counts);
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
		otlp_check(t, &inner);
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
	otlp_check(t, &p);
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
	otlp_check(t, &packed);
	ret->span.length = ret->n;
	return true;
}

/* `h` with its spans, counts and exemplars as one sample. */
static void put_native(struct translation *t, const struct point *p, const struct histogram *h,
	const struct sample *exemplars)
{
	static const struct extra none = { "", NULL, NULL };
	size_t opened = otlp_open_series(t, &p->labels, &none), inner = protobuf_open(t->out, 4);

	histogram_protobuf_write(h, p->t_ms, t->out);
	protobuf_close(t->out, inner);
	otlp_put_exemplars(t, exemplars);
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
		otlp_reject(t, "its buckets are too coarse, or too many");
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
	otlp_check(t, &bounds);
	otlp_check(t, &counts);
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
		otlp_reject(t, "its counts don't fit its bounds, or are too many");
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

const struct point_form otlp_numbers = { PROTOBUF_BYTES(7), PROTOBUF_VARINT(8), take_number,
	put_number };
const struct point_form otlp_histograms = { PROTOBUF_BYTES(9), PROTOBUF_VARINT(10), take_histogram,
	put_explicit };
const struct point_form otlp_exponentials = { PROTOBUF_BYTES(1), PROTOBUF_VARINT(10),
	take_exponential, put_exponential };
const struct point_form otlp_summaries = { PROTOBUF_BYTES(7), PROTOBUF_VARINT(8), take_common,
	put_summary };

void otlp_take_point(struct translation *t, const struct point_form *form,
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
			struct attribute it = otlp_read_attribute(t, &t->arena, &f);

			otlp_take_attribute(t, &t->arena, &p->labels, &it);
		} else if (f.key == form->flags) {
			p->has_no_value = f.v & NO_VALUE;
		} else {
			form->take(p, &f);
		}
	}
	otlp_check(t, &all);
	if (t->rc != RC_OK)
		return;
	t->result->n_points++;
	form->put(t, p, message);
	if (t->out->is_cut)
		otlp_fail(t, RC_LIMIT, "more samples than are taken at once");
}
