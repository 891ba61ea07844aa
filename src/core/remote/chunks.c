/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote/chunks.h"

#include "base/histogram.h"
#include "base/protobuf.h"

/* ---- bits, the highest of a byte first */

struct bits {
	struct str *out;
	unsigned left; /* bits of the last byte that aren't used */
};

static void put_bits(struct bits *b, uint64_t v, unsigned n)
{
	while (n) {
		unsigned take;

		if (!b->left) {
			str_addc(b->out, 0);
			if (b->out->is_cut)
				return;
			b->left = 8;
		}
		take = n < b->left ? n : b->left;
		n -= take;
		b->left -= take;
		b->out->s[b->out->len - 1] |= (char)((v >> n & ((1u << take) - 1)) << b->left);
	}
}

static void put_bytes(struct bits *b, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_bits(b, bytes[i], 8);
}

static void put_varint(struct bits *b, uint64_t v)
{
	uint8_t bytes[PROTOBUF_VARINT_MAX];

	put_bytes(b, bytes, (size_t)(protobuf_write_varint(bytes, v) - bytes));
}

static uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

/* From -(2^(n - 1) - 1) to 2^(n - 1). */
static bool fits(int64_t v, unsigned n)
{
	int64_t most = (int64_t)1 << (n - 1);

	return v > -most && v <= most;
}

/* ---- floats */

struct xor {
	struct bits bits;
	uint64_t before;         /* the last value's bits */
	unsigned leading, width; /* of the last that were written; width 0: none were */
};

static void put_value(struct xor *x, double v)
{
	uint64_t change = x->before ^ double_bits(v);
	unsigned leading, trailing;

	x->before = double_bits(v);
	if (!change) {
		put_bits(&x->bits, 0, 1);
		return;
	}
	leading = (unsigned)__builtin_clzll(change);
	trailing = (unsigned)__builtin_ctzll(change);
	if (leading > 31)
		leading = 31;
	if (x->width && leading >= x->leading && trailing >= 64 - x->leading - x->width) {
		put_bits(&x->bits, 2, 2);
		put_bits(&x->bits, change >> (64 - x->leading - x->width), x->width);
		return;
	}
	x->leading = leading;
	x->width = 64 - leading - trailing;
	put_bits(&x->bits, 3, 2);
	put_bits(&x->bits, leading, 5);
	put_bits(&x->bits, x->width & 63, 6); /* 0 stands for 64 */
	put_bits(&x->bits, change >> trailing, x->width);
}

/* By how much the distance to the sample before has changed. */
static void put_change(struct bits *b, int64_t change)
{
	static const struct {
		unsigned head, n_head, n;
	} forms[] = { { 2, 2, 14 }, { 6, 3, 17 }, { 14, 4, 20 } };

	if (!change) {
		put_bits(b, 0, 1);
		return;
	}
	for (size_t i = 0; i < COUNT(forms); i++) {
		if (!fits(change, forms[i].n))
			continue;
		put_bits(b, forms[i].head, forms[i].n_head);
		put_bits(b, (uint64_t)change, forms[i].n);
		return;
	}
	put_bits(b, 15, 4);
	put_bits(b, (uint64_t)change, 64);
}

static void put_count(struct str *out, uint32_t n)
{
	str_addc(out, (char)(n >> 8));
	str_addc(out, (char)n);
}

static bool is_float(const struct series_column *c, uint32_t i)
{
	return !c->h || !c->h[i];
}

static uint32_t floats_end(const struct series_column *c, uint32_t at)
{
	uint32_t end = at;

	while (end < c->n && end - at < REMOTE_CHUNK_SAMPLES && is_float(c, end))
		end++;
	return end;
}

static void make_xor(const struct series_column *c, uint32_t at, uint32_t end, struct str *out)
{
	struct xor x = { .bits = { .out = out }, .before = double_bits(c->v[at]) };
	uint64_t step = 0, last;

	put_count(out, end - at);
	put_varint(&x.bits, zigzag(c->t_ms[at]));
	put_bits(&x.bits, x.before, 64);
	for (uint32_t i = at + 1; i < end; i++) {
		last = step;
		step = (uint64_t)c->t_ms[i] - (uint64_t)c->t_ms[i - 1];
		if (i == at + 1)
			put_varint(&x.bits, step);
		else
			put_change(&x.bits, (int64_t)(step - last));
		put_value(&x, c->v[i]);
	}
}

/* ---- histograms */

static const unsigned widths[] = { 3, 6, 9, 12, 18, 25, 56 };

/* As many ones as there are shorter forms, and a zero, stand before a number. */
static void put_form(struct bits *b, uint64_t v, size_t form)
{
	unsigned ones = (unsigned)form + 1;

	if (form == COUNT(widths)) {
		put_bits(b, 0xff, 8);
		put_bits(b, v, 64);
		return;
	}
	put_bits(b, (1u << (ones + 1)) - 2, ones + 1);
	put_bits(b, v, widths[form]);
}

static void put_signed(struct bits *b, int64_t v)
{
	size_t form = 0;

	while (form < COUNT(widths) && !fits(v, widths[form]))
		form++;
	if (v)
		put_form(b, (uint64_t)v, form);
	else
		put_bits(b, 0, 1);
}

static void put_unsigned(struct bits *b, uint64_t v)
{
	size_t form = 0;

	while (form < COUNT(widths) && v >> widths[form])
		form++;
	if (v)
		put_form(b, v, form);
	else
		put_bits(b, 0, 1);
}

static void put_double(struct bits *b, double v)
{
	put_bits(b, double_bits(v), 64);
}

static void put_spans(struct bits *b, const struct histogram_span *v, uint32_t n)
{
	put_unsigned(b, n);
	for (uint32_t i = 0; i < n; i++) {
		put_unsigned(b, v[i].length);
		put_signed(b, v[i].offset);
	}
}

/* Thresholds and bounds have short forms, too, which readers don't ask for. */
static void put_layout(struct bits *b, const struct histogram *h)
{
	put_bits(b, h->zero_threshold == 0 ? 0 : 255, 8);
	if (h->zero_threshold != 0)
		put_double(b, h->zero_threshold);
	put_signed(b, h->schema);
	put_spans(b, h->positive_spans, h->n_positive_spans);
	put_spans(b, h->negative_spans, h->n_negative_spans);
	if (h->schema != HISTOGRAM_CUSTOM)
		return;
	put_unsigned(b, h->n_bounds);
	for (uint32_t i = 0; i < h->n_bounds; i++) {
		put_bits(b, 0, 1);
		put_double(b, h->bounds[i]);
	}
}

static void put_deltas(struct bits *b, const double *v, uint32_t n)
{
	int64_t last = 0;

	for (uint32_t i = 0; i < n; i++) {
		put_signed(b, (int64_t)v[i] - last);
		last = (int64_t)v[i];
	}
}

static void put_doubles(struct bits *b, const double *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		put_double(b, v[i]);
}

static void put_integers(struct bits *b, const struct histogram *h)
{
	put_unsigned(b, (uint64_t)h->count);
	put_unsigned(b, (uint64_t)h->zero_count);
	put_double(b, h->sum);
	put_deltas(b, h->positive, h->n_positive);
	put_deltas(b, h->negative, h->n_negative);
}

static void put_floats(struct bits *b, const struct histogram *h)
{
	put_double(b, h->count);
	put_double(b, h->zero_count);
	put_double(b, h->sum);
	put_doubles(b, h->positive, h->n_positive);
	put_doubles(b, h->negative, h->n_negative);
}

static enum remote_encoding make_histogram(const struct histogram *h, int64_t t_ms, struct str *out)
{
	static const uint8_t hints[] = { [HISTOGRAM_UNKNOWN] = 0,
		[HISTOGRAM_RESET] = 2 << 6,
		[HISTOGRAM_NOT_RESET] = 1 << 6,
		[HISTOGRAM_GAUGE] = 3 << 6 };
	struct bits b = { .out = out };
	bool is_integer = histogram_is_integer(h);

	put_count(out, 1);
	str_addc(out, (char)hints[h->reset]);
	put_layout(&b, h);
	put_signed(&b, t_ms);
	(is_integer ? put_integers : put_floats)(&b, h);
	return is_integer ? REMOTE_HISTOGRAM : REMOTE_FLOAT_HISTOGRAM;
}

uint32_t remote_chunk_make(const struct series_column *c, uint32_t at, struct remote_chunk *ret)
{
	uint32_t end = at + 1;

	str_clear(&ret->bytes);
	ret->encoding = REMOTE_XOR;
	if (is_float(c, at)) {
		end = floats_end(c, at);
		make_xor(c, at, end, &ret->bytes);
	} else {
		ret->encoding = make_histogram(c->h[at], c->t_ms[at], &ret->bytes);
	}
	ret->min_ms = c->t_ms[at];
	ret->max_ms = c->t_ms[end - 1];
	return end;
}
