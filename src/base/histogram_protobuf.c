/* SPDX-License-Identifier: Apache-2.0 */
#include "base/histogram_protobuf.h"

#include "base/histogram.h"
#include "base/limits.h"

/* What is gathered while the fields come, in any order. */
struct reading {
	struct arena *a;
	struct histogram h;
	int64_t t_ms;
	struct lists {
		struct histogram_span *spans;
		double *counts;
		uint32_t n_spans, cap_spans, n_counts, cap_counts;
		int64_t last; /* of deltas: the count so far */
		bool has_deltas, has_floats;
	} sides[2]; /* negative, positive */
	double *bounds;
	uint32_t n_bounds, cap_bounds;
};

static void reading_fini(struct reading *r)
{
	for (int i = 0; i < 2; i++) {
		free(r->sides[i].spans);
		free(r->sides[i].counts);
	}
	free(r->bounds);
}
SCOPED_FINI(reading_fini, struct reading)

static bool add_span(struct lists *side, struct protobuf p)
{
	struct protobuf_field f;
	struct histogram_span span = { 0 };

	while (protobuf_next(&p, &f))
		if (f.key == PROTOBUF_VARINT(1))
			span.offset = (int32_t)protobuf_zigzag(f.v);
		else if (f.key == PROTOBUF_VARINT(2))
			span.length = (uint32_t)f.v;
	must_grow(side->spans, side->n_spans, side->cap_spans);
	side->spans[side->n_spans++] = span;
	return !p.is_bad;
}

static void add_delta(struct lists *side, uint64_t v)
{
	side->has_deltas = true;
	side->last = (int64_t)((uint64_t)side->last + (uint64_t)protobuf_zigzag(v));
	must_grow(side->counts, side->n_counts, side->cap_counts);
	side->counts[side->n_counts++] = (double)side->last;
}

static void add_count(struct lists *side, double v)
{
	side->has_floats = true;
	must_grow(side->counts, side->n_counts, side->cap_counts);
	side->counts[side->n_counts++] = v;
}

static bool add_deltas(struct lists *side, const struct protobuf_field *f)
{
	struct protobuf p = protobuf_inside(f);
	uint64_t v;

	while (p.at < p.end && protobuf_take_varint(&p, &v))
		add_delta(side, v);
	return !p.is_bad;
}

static bool add_counts(struct lists *side, const struct protobuf_field *f)
{
	for (uint32_t i = 0; i + 8 <= f->n; i += 8) {
		double v;

		memcpy(&v, f->s + i, sizeof v);
		add_count(side, v);
	}
	return f->n % 8 == 0;
}

static void add_bound(struct reading *r, double v)
{
	must_grow(r->bounds, r->n_bounds, r->cap_bounds);
	r->bounds[r->n_bounds++] = v;
}

static bool add_bounds(struct reading *r, const struct protobuf_field *f)
{
	for (uint32_t i = 0; i + 8 <= f->n; i += 8) {
		double v;

		memcpy(&v, f->s + i, sizeof v);
		add_bound(r, v);
	}
	return f->n % 8 == 0;
}

/* Fields 8 to 10 are those of the negative side, 11 to 13 the same of the positive. */
static bool take_side(struct lists *side, uint32_t which, const struct protobuf_field *f)
{
	unsigned type = f->key & 7;

	if (which == 0)
		return type != 2 || add_span(side, protobuf_inside(f));
	if (which == 1 && type == 2)
		return add_deltas(side, f);
	if (which == 1 && type == 0)
		add_delta(side, f->v);
	if (which == 2 && type == 2)
		return add_counts(side, f);
	if (which == 2 && type == 1)
		add_count(side, protobuf_double(f));
	return true;
}

static void take_number(struct reading *r, const struct protobuf_field *f)
{
	static const uint8_t resets[] = { HISTOGRAM_UNKNOWN, HISTOGRAM_RESET, HISTOGRAM_NOT_RESET,
		HISTOGRAM_GAUGE };
	struct histogram *h = &r->h;

	switch (f->key) {
	case PROTOBUF_VARINT(1):
		h->count = (double)f->v;
		break;
	case PROTOBUF_FIXED64(2):
		h->count = protobuf_double(f);
		h->is_float = true;
		break;
	case PROTOBUF_FIXED64(3):
		h->sum = protobuf_double(f);
		break;
	case PROTOBUF_VARINT(4):
		h->schema = protobuf_zigzag(f->v) < INT8_MIN || protobuf_zigzag(f->v) > INT8_MAX
				    ? INT8_MAX
				    : (int8_t)protobuf_zigzag(f->v);
		break;
	case PROTOBUF_FIXED64(5):
		h->zero_threshold = protobuf_double(f);
		break;
	case PROTOBUF_VARINT(6):
		h->zero_count = (double)f->v;
		break;
	case PROTOBUF_FIXED64(7):
		h->zero_count = protobuf_double(f);
		break;
	case PROTOBUF_VARINT(14):
		h->reset = f->v < COUNT(resets) ? resets[f->v] : HISTOGRAM_UNKNOWN;
		break;
	case PROTOBUF_VARINT(15):
		r->t_ms = (int64_t)f->v;
		break;
	case PROTOBUF_FIXED64(16):
		add_bound(r, protobuf_double(f));
		break;
	}
}

static bool take_field(struct reading *r, const struct protobuf_field *f)
{
	uint32_t number = f->key >> 3;

	if (number >= 8 && number <= 13)
		return take_side(&r->sides[number >= 11], (number - 8) % 3, f);
	if (f->key == PROTOBUF_BYTES(16))
		return add_bounds(r, f);
	take_number(r, f);
	return true;
}

/* The spans speak of as many buckets as there are counts. */
static bool fits(const struct lists *side)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < side->n_spans; i++)
		n += side->spans[i].length;
	return n == side->n_counts && n <= HISTOGRAM_BUCKETS_MAX;
}

static enum rc check(const struct reading *r, struct err *e)
{
	const struct histogram *h = &r->h;

	if (h->schema != HISTOGRAM_CUSTOM && (h->schema < -4 || h->schema > 8))
		return err_set(e, RC_INPUT,
			"histogram has an invalid schema, which must be between "
			"-4 and 8 for exponential buckets, or -53 for custom "
			"buckets, got schema %d",
			h->schema);
	for (int i = 0; i < 2; i++)
		if (!fits(&r->sides[i]))
			return err_set(e, RC_INPUT,
				"%s side: spans need another number of buckets than the %u there "
				"are, or more than %d",
				i ? "positive" : "negative", r->sides[i].n_counts,
				HISTOGRAM_BUCKETS_MAX);
	return RC_OK;
}

static void *copy(struct arena *a, const void *from, size_t n)
{
	void *to = arena_alloc(a, n + 1);

	if (to && n)
		memcpy(to, from, n);
	return to;
}

static enum rc keep(struct reading *r, const struct histogram **ret, struct err *e)
{
	struct histogram *h = copy(r->a, &r->h, sizeof *h);
	const struct lists *n = &r->sides[0], *p = &r->sides[1];

	if (h) {
		h->negative_spans = copy(r->a, n->spans, n->n_spans * sizeof *n->spans);
		h->positive_spans = copy(r->a, p->spans, p->n_spans * sizeof *p->spans);
		h->negative = copy(r->a, n->counts, n->n_counts * sizeof *n->counts);
		h->positive = copy(r->a, p->counts, p->n_counts * sizeof *p->counts);
		h->bounds = copy(r->a, r->bounds, r->n_bounds * sizeof *r->bounds);
		h->n_negative_spans = n->n_spans;
		h->n_positive_spans = p->n_spans;
		h->n_negative = n->n_counts;
		h->n_positive = p->n_counts;
		h->n_bounds = r->n_bounds;
	}
	if (!h || !h->negative_spans || !h->positive_spans || !h->negative || !h->positive ||
		!h->bounds)
		return err_set(e, RC_LIMIT, "more histograms than are taken at once");
	*ret = h;
	return RC_OK;
}

enum rc histogram_protobuf_read(struct protobuf p, struct arena *a, const struct histogram **ret,
	int64_t *ret_t_ms, struct err *e)
{
	scoped(reading_fini) struct reading r = { .a = a };
	struct protobuf_field f;
	enum rc rc;

	while (protobuf_next(&p, &f))
		if (!take_field(&r, &f))
			p.is_bad = true;
	if (p.is_bad)
		return err_set(e, RC_INPUT, "a malformed histogram");
	rc = check(&r, e);
	if (rc == RC_OK)
		rc = keep(&r, ret, e);
	if (rc == RC_OK)
		*ret_t_ms = r.t_ms;
	return rc;
}

/* ---- writing */

static void write_spans(struct str *out, uint32_t number, const struct histogram_span *v,
	uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		size_t opened = protobuf_open(out, number);

		protobuf_add_sint(out, 1, v[i].offset);
		protobuf_add_uint(out, 2, v[i].length);
		protobuf_close(out, opened);
	}
}

static void write_counts(struct str *out, uint32_t number, const double *v, uint32_t n)
{
	protobuf_add_bytes(out, number, v, n * sizeof *v);
}

static void write_deltas(struct str *out, uint32_t number, const double *v, uint32_t n)
{
	int64_t last = 0;
	size_t opened;

	if (!n)
		return;
	opened = protobuf_open(out, number);
	for (uint32_t i = 0; i < n; i++) {
		int64_t d = (int64_t)v[i] - last;

		protobuf_put_varint(out, (uint64_t)d << 1 ^ (uint64_t)(d >> 63));
		last = (int64_t)v[i];
	}
	protobuf_close(out, opened);
}

static void write_side(struct str *out, const struct histogram *h, bool is_positive, bool is_float)
{
	uint32_t number = is_positive ? 11 : 8;
	const double *v = is_positive ? h->positive : h->negative;
	uint32_t n = is_positive ? h->n_positive : h->n_negative;

	if (is_positive)
		write_spans(out, number, h->positive_spans, h->n_positive_spans);
	else
		write_spans(out, number, h->negative_spans, h->n_negative_spans);
	if (is_float)
		write_counts(out, number + 2, v, n);
	else
		write_deltas(out, number + 1, v, n);
}

/* Which of the two stands there says what kind it is: zero is written, too. */
static void write_count(struct str *out, uint32_t number, double v, bool is_float)
{
	if (!is_float) {
		protobuf_put_varint(out, PROTOBUF_VARINT(number));
		protobuf_put_varint(out, (uint64_t)v);
		return;
	}
	protobuf_put_varint(out, PROTOBUF_FIXED64(number + 1));
	str_addn(out, &v, sizeof v);
}

void histogram_protobuf_write(const struct histogram *h, int64_t t_ms, struct str *out)
{
	static const uint8_t resets[] = { [HISTOGRAM_UNKNOWN] = 0,
		[HISTOGRAM_RESET] = 1,
		[HISTOGRAM_NOT_RESET] = 2,
		[HISTOGRAM_GAUGE] = 3 };
	bool is_float = !histogram_is_integer(h);

	write_count(out, 1, h->count, is_float);
	protobuf_add_double(out, 3, h->sum);
	protobuf_add_sint(out, 4, h->schema);
	protobuf_add_double(out, 5, h->zero_threshold);
	write_count(out, 6, h->zero_count, is_float);
	write_side(out, h, false, is_float);
	write_side(out, h, true, is_float);
	protobuf_add_uint(out, 14, resets[h->reset]);
	protobuf_add_int(out, 15, t_ms);
	write_counts(out, 16, h->bounds, h->n_bounds);
}
