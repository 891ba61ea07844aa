/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/packed.h"

#include <math.h>

/* Of the largest layout a number takes 10 bytes and a bit, a span 7, a bound 8 or a span more. */
_Static_assert(PACKED_NUMBERS_MAX * 10 + PACKED_NUMBERS_MAX / 8 + HISTOGRAM_BUCKETS_MAX * (7 + 8) +
			       64 <=
		       PACKED_BYTES_MAX,
	"");

struct flat {
	double v[PACKED_NUMBERS_MAX];
	uint32_t n;
};

static void flatten(const struct histogram *h, struct flat *ret)
{
	ret->v[0] = h->count;
	ret->v[1] = h->zero_count;
	if (h->n_positive)
		memcpy(ret->v + 2, h->positive, h->n_positive * sizeof *ret->v);
	if (h->n_negative)
		memcpy(ret->v + 2 + h->n_positive, h->negative, h->n_negative * sizeof *ret->v);
	ret->n = 2 + h->n_positive + h->n_negative;
}

/* The numbers before: zeros where the layout is new. */
static void flatten_before(const struct histogram *before, uint32_t n, struct flat *ret)
{
	if (before) {
		flatten(before, ret);
		return;
	}
	memset(ret->v, 0, n * sizeof *ret->v);
	ret->n = n;
}

static bool is_integer(double v)
{
	return v >= -0x1p53 && v <= 0x1p53 && v == (double)(int64_t)v &&
	       double_bits(v) != double_bits(-0.0);
}

static uint64_t integer_of(double v)
{
	return is_integer(v) ? (uint64_t)(int64_t)v : 0;
}

static bool all_integers(const struct flat *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (!is_integer(f->v[i]))
			return false;
	return true;
}

static bool same_bytes(const void *a, const void *b, size_t n)
{
	return n == 0 || memcmp(a, b, n) == 0;
}

static bool same_layout(const struct histogram *a, const struct histogram *b)
{
	return a->schema == b->schema &&
	       double_bits(a->zero_threshold) == double_bits(b->zero_threshold) &&
	       a->n_positive_spans == b->n_positive_spans &&
	       a->n_negative_spans == b->n_negative_spans && a->n_bounds == b->n_bounds &&
	       same_bytes(a->positive_spans, b->positive_spans,
		       a->n_positive_spans * sizeof *a->positive_spans) &&
	       same_bytes(a->negative_spans, b->negative_spans,
		       a->n_negative_spans * sizeof *a->negative_spans) &&
	       same_bytes(a->bounds, b->bounds, a->n_bounds * sizeof *a->bounds);
}

static void add_spans(struct str *out, const struct histogram_span *v, uint32_t n)
{
	varint_add(out, n);
	for (uint32_t i = 0; i < n; i++) {
		varint_add(out, zigzag((uint64_t)v[i].offset));
		varint_add(out, v[i].length);
	}
}

static void add_layout(struct str *out, const struct histogram *h)
{
	str_addc(out, (char)h->schema);
	str_addn(out, &h->zero_threshold, 8);
	add_spans(out, h->positive_spans, h->n_positive_spans);
	add_spans(out, h->negative_spans, h->n_negative_spans);
	if (h->schema != HISTOGRAM_CUSTOM)
		return;
	varint_add(out, h->n_bounds);
	for (uint32_t i = 0; i < h->n_bounds; i++)
		str_addn(out, &h->bounds[i], 8);
}

static void add_xor(struct str *out, uint64_t xor)
{
	unsigned below = xor? (unsigned)__builtin_ctzll(xor) / 8 : 0;
	unsigned n = xor? bytes_of(xor >> 8 * below) : 0;

	xor >>= 8 * below;
	str_addc(out, (char)(below << 4 | n));
	str_addn(out, &xor, n);
}

/* Of each number what to add to, or to XOR with, the one before; the first one also tells the sum of
 * the others, which it mostly is. */
static void find_changes(const struct flat *now, const struct flat *before, bool are_doubles,
	uint64_t *ret)
{
	uint64_t others = 0;

	for (uint32_t i = 0; i < now->n; i++) {
		ret[i] = are_doubles ? double_bits(now->v[i]) ^ double_bits(before->v[i])
				     : integer_of(now->v[i]) - integer_of(before->v[i]);
		others += i > 0 ? ret[i] : 0;
	}
	if (!are_doubles)
		ret[0] -= others;
}

static void add_changes(struct str *out, const uint64_t *change, uint32_t n, bool are_doubles)
{
	uint8_t mask[(PACKED_NUMBERS_MAX + 7) / 8] = { 0 };

	for (uint32_t i = 0; i < n; i++)
		mask[i / 8] |= (uint8_t)((change[i] != 0) << i % 8);
	str_addn(out, mask, (n + 7) / 8);
	for (uint32_t i = 0; i < n; i++) {
		if (!change[i])
			continue;
		if (are_doubles)
			add_xor(out, change[i]);
		else
			varint_add(out, zigzag(change[i]));
	}
}

void packed_add(struct str *out, const struct histogram *before, const struct histogram *h)
{
	uint64_t change[PACKED_NUMBERS_MAX];
	struct flat now, old;
	bool are_doubles;

	if (before && (before == h || histogram_equal(before, h))) {
		str_addc(out, PACKED_SAME);
		return;
	}
	if (before && !same_layout(before, h))
		before = NULL;
	flatten(h, &now);
	flatten_before(before, now.n, &old);
	are_doubles = !all_integers(&now);
	str_addc(out, (char)(h->reset | (h->is_float ? PACKED_FLOAT : 0) |
			      (before ? 0 : PACKED_LAYOUT) | (are_doubles ? PACKED_DOUBLES : 0)));
	if (!before)
		add_layout(out, h);
	add_xor(out, double_bits(h->sum) ^ (before ? double_bits(before->sum) : 0));
	find_changes(&now, &old, are_doubles, change);
	add_changes(out, change, now.n, are_doubles);
}

/* A histogram on its way out of the bytes. */
struct taking {
	struct varint_bytes in;
	struct arena *arena;
	bool is_full;
};

static bool take_bytes(struct taking *t, void *ret, size_t n)
{
	if (n > (size_t)(t->in.end - t->in.p))
		return false;
	memcpy(ret, t->in.p, n);
	t->in.p += n;
	return true;
}

static void *room(struct taking *t, size_t n)
{
	void *p = arena_alloc(t->arena, n);

	t->is_full |= !p;
	return p;
}

static bool take_count(struct taking *t, uint32_t *ret)
{
	uint64_t n;

	if (!varint_get(&t->in, HISTOGRAM_BUCKETS_MAX, &n))
		return false;
	*ret = (uint32_t)n;
	return true;
}

static bool take_spans(struct taking *t, const struct histogram_span **ret, uint32_t *ret_n,
	uint32_t *ret_buckets)
{
	struct histogram_span *v;
	uint64_t buckets = 0, offset;

	if (!take_count(t, ret_n) || !(v = room(t, (*ret_n + 1) * sizeof *v)))
		return false;
	for (uint32_t i = 0; i < *ret_n; i++) {
		if (!varint_get(&t->in, UINT32_MAX, &offset) || !take_count(t, &v[i].length))
			return false;
		v[i].offset = (int32_t)unzigzag(offset);
		buckets += v[i].length;
	}
	*ret = v;
	*ret_buckets = (uint32_t)buckets;
	return buckets <= HISTOGRAM_BUCKETS_MAX;
}

static bool take_bounds(struct taking *t, struct histogram *h)
{
	double *v;

	if (!take_count(t, &h->n_bounds) || !(v = room(t, (h->n_bounds + 1) * sizeof *v)) ||
		!take_bytes(t, v, h->n_bounds * sizeof *v))
		return false;
	h->bounds = v;
	return true;
}

static bool take_layout(struct taking *t, struct histogram *h)
{
	if (!take_bytes(t, &h->schema, 1) || !take_bytes(t, &h->zero_threshold, 8) ||
		!take_spans(t, &h->positive_spans, &h->n_positive_spans, &h->n_positive) ||
		!take_spans(t, &h->negative_spans, &h->n_negative_spans, &h->n_negative))
		return false;
	if (h->schema == HISTOGRAM_CUSTOM && !take_bounds(t, h))
		return false;
	return h->n_positive + h->n_negative <= HISTOGRAM_BUCKETS_MAX;
}

static void borrow_layout(const struct histogram *before, struct histogram *h)
{
	h->schema = before->schema;
	h->zero_threshold = before->zero_threshold;
	h->positive_spans = before->positive_spans;
	h->n_positive_spans = before->n_positive_spans;
	h->negative_spans = before->negative_spans;
	h->n_negative_spans = before->n_negative_spans;
	h->n_positive = before->n_positive;
	h->n_negative = before->n_negative;
	h->bounds = before->bounds;
	h->n_bounds = before->n_bounds;
}

static bool take_xor(struct taking *t, double before, double *ret)
{
	uint64_t xor = 0;
	uint8_t head;
	unsigned n, below;

	if (!take_bytes(t, &head, 1))
		return false;
	n = head & 15;
	below = head >> 4;
	if (n + below > 8 || !take_bytes(t, &xor, n))
		return false;
	*ret = double_of_bits(double_bits(before) ^ (n ? xor << 8 * below : 0));
	return true;
}

static bool take_integers(struct taking *t, const uint8_t *mask, struct flat *numbers)
{
	uint64_t sum = 0, change, first = integer_of(numbers->v[0]);

	for (uint32_t i = 0; i < numbers->n; i++) {
		change = 0;
		if (mask[i / 8] >> i % 8 & 1 && !varint_get(&t->in, UINT64_MAX, &change))
			return false;
		sum += unzigzag(change);
		numbers->v[i] = (double)(int64_t)(integer_of(numbers->v[i]) + unzigzag(change));
	}
	numbers->v[0] = (double)(int64_t)(first + sum);
	return true;
}

static bool take_doubles(struct taking *t, const uint8_t *mask, struct flat *numbers)
{
	for (uint32_t i = 0; i < numbers->n; i++)
		if (mask[i / 8] >> i % 8 & 1 && !take_xor(t, numbers->v[i], &numbers->v[i]))
			return false;
	return true;
}

static bool take_numbers(struct taking *t, const struct histogram *before, bool are_doubles,
	struct histogram *h)
{
	uint8_t mask[(PACKED_NUMBERS_MAX + 7) / 8];
	struct flat numbers;
	double *v;

	flatten_before(before, 2 + h->n_positive + h->n_negative, &numbers);
	if (!take_bytes(t, mask, (numbers.n + 7) / 8) ||
		!(are_doubles ? take_doubles(t, mask, &numbers) : take_integers(t, mask, &numbers)))
		return false;
	v = room(t, numbers.n * sizeof *v);
	if (!v)
		return false;
	memcpy(v, numbers.v + 2, (numbers.n - 2) * sizeof *v);
	h->count = numbers.v[0];
	h->zero_count = numbers.v[1];
	h->positive = v;
	h->negative = v + h->n_positive;
	return true;
}

static bool take(struct taking *t, const struct histogram *before, unsigned flags,
	struct histogram *h)
{
	h->reset = flags & PACKED_RESET;
	h->is_float = flags & PACKED_FLOAT;
	if (flags & PACKED_LAYOUT) {
		before = NULL;
		if (!take_layout(t, h) || histogram_check_layout(h, NULL) != RC_OK)
			return false;
	} else {
		borrow_layout(before, h);
	}
	return take_xor(t, before ? before->sum : 0, &h->sum) &&
	       take_numbers(t, before, flags & PACKED_DOUBLES, h);
}

enum rc packed_take(struct varint_bytes *in, const struct histogram *before, struct arena *a,
	const struct histogram **ret, struct err *e)
{
	struct taking t = { .in = *in, .arena = a };
	struct histogram *h;
	uint8_t flags;

	if (!take_bytes(&t, &flags, 1) || (!before && !(flags & PACKED_LAYOUT)) ||
		flags > PACKED_SAME)
		return err_set(e, RC_CORRUPT, "a histogram is malformed");
	if (flags == PACKED_SAME) {
		in->p = t.in.p;
		*ret = before;
		return RC_OK;
	}
	h = room(&t, sizeof *h);
	if (h && take(&t, before, flags, h)) {
		in->p = t.in.p;
		*ret = h;
		return RC_OK;
	}
	if (t.is_full)
		return err_set(e, RC_LIMIT, "histograms of more than %zu bytes", a->budget_bytes);
	return err_set(e, RC_CORRUPT, "a histogram is malformed");
}
