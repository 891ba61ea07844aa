/* SPDX-License-Identifier: Apache-2.0 */
/* {{schema:1 sum:-0.3 count:32 z_bucket:2 z_bucket_w:0.001 buckets:[5 10 7] offset:-3 n_buckets:[4]
 *   n_offset:1 custom_values:[1 5] counter_reset_hint:gauge}}: keys in any order, any left out. */
#include "core/promql/notation_private.h"

#include <ctype.h>
#include <string.h>

#define NUMBERS_MAX 512 /* of one list */

struct number_list {
	double v[NUMBERS_MAX];
	uint32_t n;
};

/* What the keys said. */
struct description {
	double schema, sum, count, z_bucket, z_bucket_w, offset, n_offset;
	const double *buckets, *n_buckets, *custom_values;
	uint32_t n_of_buckets, n_of_n_buckets, n_of_custom_values;
	uint8_t reset;
};

#define NUMBER(key)                                                  \
	{                                                            \
#key, read_one, offsetof(struct description, key), 0 \
	}
#define NUMBERS(key)                                                \
	{                                                           \
#key, read_many, offsetof(struct description, key), \
			offsetof(struct description, n_of_##key)    \
	}

struct key {
	const char *name;
	enum rc (*read)(struct notation_reader *r, const struct key *k, struct description *d);
	size_t place, place_of_count;
};

static enum rc read_one(struct notation_reader *r, const struct key *k, struct description *d)
{
	return notation_number(r, (double *)((char *)d + k->place));
}

static enum rc read_many(struct notation_reader *r, const struct key *k, struct description *d)
{
	struct number_list list = { .n = 0 };
	double *copy;

	if (*r->at++ != '[')
		return r->at--, notation_unexpected(r, "[");
	while (*r->at != ']') {
		enum rc rc;

		if (list.n == NUMBERS_MAX)
			return notation_unexpected(r, "no more numbers");
		rc = notation_number(r, &list.v[list.n++]);
		if (rc != RC_OK)
			return rc;
		while (*r->at == ' ')
			r->at++;
	}
	r->at++;
	copy = arena_alloc(r->arena, list.n * sizeof *copy);
	if (!copy)
		return notation_full(r);
	memcpy(copy, list.v, list.n * sizeof *copy);
	*(const double **)((char *)d + k->place) = copy;
	*(uint32_t *)((char *)d + k->place_of_count) = list.n;
	return RC_OK;
}

static enum rc read_hint(struct notation_reader *r, const struct key *k, struct description *d)
{
	static const char *const names[] = { [HISTOGRAM_UNKNOWN] = "unknown",
		[HISTOGRAM_RESET] = "reset",
		[HISTOGRAM_NOT_RESET] = "not_reset",
		[HISTOGRAM_GAUGE] = "gauge" };

	(void)k;
	for (uint8_t i = 0; i < COUNT(names); i++) {
		size_t n = strlen(names[i]);

		if (strncmp(r->at, names[i], n) == 0 && !isalpha((unsigned char)r->at[n])) {
			d->reset = i;
			r->at += n;
			return RC_OK;
		}
	}
	return notation_unexpected(r, "unknown, reset, not_reset or gauge");
}

static const struct key keys[] = { NUMBER(schema), NUMBER(sum), NUMBER(count), NUMBER(z_bucket),
	NUMBER(z_bucket_w), NUMBER(offset), NUMBER(n_offset), NUMBERS(buckets), NUMBERS(n_buckets),
	NUMBERS(custom_values), { "counter_reset_hint", read_hint, 0, 0 } };

static enum rc read_item(struct notation_reader *r, struct description *d)
{
	for (size_t i = 0; i < COUNT(keys); i++) {
		size_t n = strlen(keys[i].name);

		if (strncmp(r->at, keys[i].name, n) == 0 && r->at[n] == ':') {
			r->at += n + 1;
			return keys[i].read(r, &keys[i], d);
		}
	}
	return notation_unexpected(r, "a histogram's key, such as buckets:[5 10 7]");
}

/* All buckets of one sign are one span. */
static bool make_span(struct arena *a, double offset, uint32_t length,
	const struct histogram_span **ret)
{
	struct histogram_span *span = length ? arena_alloc(a, sizeof *span) : NULL;

	if (span)
		*span = (struct histogram_span){ (int32_t)offset, length };
	*ret = span;
	return span || length == 0;
}

static enum rc make_histogram(struct notation_reader *r, const struct description *d,
	const struct histogram **ret)
{
	struct histogram *h = arena_alloc(r->arena, sizeof *h);

	if (!h)
		return notation_full(r);
	*h = (struct histogram){ .schema = (int8_t)d->schema,
		.reset = d->reset,
		.is_float = true,
		.zero_threshold = d->z_bucket_w,
		.zero_count = d->z_bucket,
		.count = d->count,
		.sum = d->sum,
		.positive = d->buckets,
		.n_positive = d->n_of_buckets,
		.negative = d->n_buckets,
		.n_negative = d->n_of_n_buckets,
		.bounds = d->custom_values,
		.n_bounds = d->n_of_custom_values,
		.n_positive_spans = d->n_of_buckets > 0,
		.n_negative_spans = d->n_of_n_buckets > 0 };
	if (!make_span(r->arena, d->offset, h->n_positive, &h->positive_spans) ||
		!make_span(r->arena, d->n_offset, h->n_negative, &h->negative_spans))
		return notation_full(r);
	*ret = h;
	return RC_OK;
}

static bool is_within(double v, double low, double high)
{
	return v >= low && v <= high && v == (int32_t)v;
}

enum rc notation_histogram(struct notation_reader *r, const struct histogram **ret)
{
	struct description d = { 0 };
	enum rc rc = RC_OK;

	r->at += 2;
	for (;;) {
		while (*r->at == ' ')
			r->at++;
		if (r->at[0] == '}' && r->at[1] == '}')
			break;
		rc = read_item(r, &d);
		if (rc != RC_OK)
			return rc;
	}
	if (!is_within(d.schema, HISTOGRAM_CUSTOM, 8) || !is_within(d.offset, -1e6, 1e6) ||
		!is_within(d.n_offset, -1e6, 1e6))
		return notation_unexpected(r, "a schema and offsets that are small integers");
	r->at += 2;
	return make_histogram(r, &d, ret);
}
