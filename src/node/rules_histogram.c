/* SPDX-License-Identifier: Apache-2.0 */
#include "node/rules_histogram.h"

#include "base/histogram.h"
#include "base/limits.h"
#include "base/number.h"

#include <math.h>

#define ZERO_WIDTH   0x1p-128 /* of client libraries */
#define SCHEMA_LEAST (-4)
#define SCHEMA_MOST  8

enum { OPEN_LEFT, OPEN_RIGHT, OPEN_BOTH, CLOSED }; /* a bucket's first number */

struct bucket {
	int64_t kind;
	double lower, upper, count;
};

struct side { /* of the positive or the negative buckets, as they are found */
	struct histogram_span *spans;
	double *counts;
	uint32_t n_spans, n;
	int32_t next; /* the index behind the last */
};

struct reading {
	const json_t *buckets;
	uint32_t n;
	struct arena *arena;
	struct histogram *h;
	struct err *e;
};

static enum rc odd(struct reading *in, const char *what)
{
	return err_set(in->e, RC_INPUT,
		"the outside server's answer is not as Prometheus': a histogram %s", what);
}

static bool read_number(const json_t *text, double *ret)
{
	const char *s = json_string_value(text);

	return s && number_parse(s, strlen(s), ret) == NUMBER_OK;
}

static bool read_bucket(const json_t *b, struct bucket *ret)
{
	ret->kind = json_integer_value(json_array_get(b, 0));
	return json_array_size(b) == 4 && ret->kind >= OPEN_LEFT && ret->kind <= CLOSED &&
	       read_number(json_array_get(b, 1), &ret->lower) &&
	       read_number(json_array_get(b, 2), &ret->upper) &&
	       read_number(json_array_get(b, 3), &ret->count) && ret->count >= 0;
}

/* As if it were positive. */
static struct bucket mirrored(const struct bucket *b)
{
	return (struct bucket){ OPEN_LEFT, -b->upper, -b->lower, b->count };
}

static bool is_negative(const struct bucket *b)
{
	return b->kind == OPEN_RIGHT;
}

static bool has_index(const struct bucket *b, int schema, int32_t *ret)
{
	double index;

	if (b->kind != OPEN_LEFT || !(b->lower > 0) || !isfinite(b->lower))
		return false;
	index = nearbyint(ldexp(log2(b->lower), schema));
	*ret = (int32_t)index + 1;
	return histogram_bound(schema, *ret - 1) == b->lower &&
	       histogram_bound(schema, *ret) == b->upper;
}

static bool find_schema(const struct bucket *b, int8_t *ret)
{
	int32_t index;

	for (int schema = SCHEMA_LEAST; schema <= SCHEMA_MOST; schema++)
		if (has_index(b, schema, &index)) {
			*ret = (int8_t)schema;
			return true;
		}
	return false;
}

/* Indices ascend, or it is no histogram. */
static bool put(struct side *to, int32_t index, double count)
{
	if (to->n_spans && index < to->next)
		return false;
	if (!to->n_spans || index > to->next)
		to->spans[to->n_spans++] =
			(struct histogram_span){ index - (to->n_spans ? to->next : 0), 0 };
	to->spans[to->n_spans - 1].length++;
	to->counts[to->n++] = count;
	to->next = index + 1;
	return true;
}

static bool make_side(struct reading *in, struct side *to)
{
	to->spans = arena_alloc(in->arena, (in->n + 1) * sizeof *to->spans);
	to->counts = arena_alloc(in->arena, (in->n + 1) * sizeof *to->counts);
	return to->spans && to->counts;
}

static enum rc take(struct reading *in, const struct bucket *b, bool *has_schema, struct side *to)
{
	int32_t index;

	if (!*has_schema && !find_schema(b, &in->h->schema))
		return err_set(in->e, RC_UNSUPPORTED,
			"the result is a native histogram with custom buckets, of which an outside "
			"server's answer leaves out the empty ones");
	*has_schema = true;
	if (!has_index(b, in->h->schema, &index) || !put(to, index, b->count))
		return odd(in, "has buckets that don't fit each other");
	return RC_OK;
}

/* The negative ones come from the lowest, which has the highest index. */
static enum rc read_buckets(struct reading *in, struct side *positive, struct side *negative)
{
	bool has_schema = false;
	enum rc rc = RC_OK;
	struct bucket b, m;

	for (uint32_t i = 0; i < in->n && rc == RC_OK; i++) {
		if (!read_bucket(json_array_get(in->buckets, i), &b))
			return odd(in, "has a bucket that is none");
		if (b.kind == CLOSED && !(b.upper >= 0 && isfinite(b.upper)))
			return odd(in, "has a zero bucket that isn't about zero");
		if (b.kind == CLOSED) {
			in->h->zero_threshold = b.upper;
			in->h->zero_count = b.count;
		} else if (!is_negative(&b)) {
			rc = take(in, &b, &has_schema, positive);
		}
	}
	for (uint32_t i = in->n; i-- > 0 && rc == RC_OK;) {
		if (!read_bucket(json_array_get(in->buckets, i), &b) || !is_negative(&b))
			continue;
		m = mirrored(&b);
		rc = take(in, &m, &has_schema, negative);
	}
	return rc;
}

enum rc rules_histogram_read(const json_t *object, struct arena *a, const struct histogram **ret,
	struct err *e)
{
	const json_t *buckets = json_object_get(object, "buckets");
	struct reading in = { buckets, (uint32_t)json_array_size(buckets), a,
		arena_alloc(a, sizeof *in.h), e };
	struct side positive = { 0 }, negative = { 0 };
	enum rc rc;

	if (json_array_size(buckets) > HISTOGRAM_BUCKETS_MAX)
		return err_set(e, RC_LIMIT, "a histogram has more than %d buckets",
			HISTOGRAM_BUCKETS_MAX);
	if (!in.h || !make_side(&in, &positive) || !make_side(&in, &negative))
		return err_set(e, RC_LIMIT, "no room for a histogram");
	*in.h = (struct histogram){ .is_float = true, .zero_threshold = ZERO_WIDTH };
	if (!read_number(json_object_get(object, "count"), &in.h->count) ||
		!read_number(json_object_get(object, "sum"), &in.h->sum))
		return odd(&in, "lacks its count or sum");
	rc = read_buckets(&in, &positive, &negative);
	if (rc != RC_OK)
		return rc;
	in.h->positive_spans = positive.spans;
	in.h->n_positive_spans = positive.n_spans;
	in.h->positive = positive.counts;
	in.h->n_positive = positive.n;
	in.h->negative_spans = negative.spans;
	in.h->n_negative_spans = negative.n_spans;
	in.h->negative = negative.counts;
	in.h->n_negative = negative.n;
	*ret = in.h;
	return histogram_check_layout(in.h, e);
}
