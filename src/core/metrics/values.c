/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encoder tries the disguises in order of what they save.  Each trial runs over the vector
 * without a branch, so that the compiler makes vector instructions of it; those that fail are
 * given up at the first value.
 */
#include "core/metrics/values.h"

#include "core/metrics/bytes.h"
#include "core/metrics/decimal.h"

enum form { VALUES_INTEGER, VALUES_QUOTIENT, VALUES_PRODUCT, VALUES_NEAR, VALUES_BITS, FORMS };
#define VALUES_FORM    7
#define VALUES_SPECIAL 8

#define SPECIALS_MAX(n) ((n) / 8 + 1) /* of n values; with more, all are written as bits */
#define PRODUCT_EXP_MAX 12
#define NEAR_LIMIT      0x1p43 /* beyond, nearly any double is near some decimal */
#define NEAR_BYTES(n)   (((n) + 3) / 4)

static const double product[PRODUCT_EXP_MAX + 1] = { 1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7,
	1e-8, 1e-9, 1e-10, 1e-11, 1e-12 };

/* Values without specials, and what they are in disguise. */
struct vector {
	const double *v;
	unsigned n;
	enum form form;
	unsigned exp;
	int64_t digits[VALUES_MAX];
	uint8_t near[NEAR_BYTES(VALUES_MAX)];
};

/* Negative numbers turned round, so that integers are in the order of the doubles; and back. */
static int64_t in_order(uint64_t bits)
{
	return (int64_t)(bits ^ ((uint64_t)((int64_t)bits >> 63) >> 1));
}

static bool all_quotients(struct vector *t, unsigned exp)
{
	double power = decimal_power[exp];
	uint64_t differs = 0;

	for (unsigned i = 0; i < t->n; i++) {
		double scaled = t->v[i] * power, shifted = scaled + DECIMAL_MAGIC;
		double back = (shifted - DECIMAL_MAGIC) / power;

		t->digits[i] = (int64_t)(double_bits(shifted) - double_bits(DECIMAL_MAGIC));
		differs |= double_bits(back) ^ double_bits(t->v[i]);
		differs |= !(scaled < DECIMAL_LIMIT) | !(scaled > -DECIMAL_LIMIT);
	}
	t->exp = exp;
	t->form = exp ? VALUES_QUOTIENT : VALUES_INTEGER;
	return !differs;
}

/* The least exponent that suits all; they may still be too large for it. */
static bool find_exp(const double *v, unsigned n, unsigned *ret)
{
	unsigned exp = 0;
	struct decimal d;
	int64_t digits;

	for (unsigned i = 0; i < n; i++) {
		if (decimal_is(v[i], exp, &digits))
			continue;
		if (!decimal_find(v[i], &d) || d.exp <= exp)
			return false;
		exp = d.exp;
	}
	*ret = exp;
	return true;
}

static bool try_quotient(struct vector *t, struct values_hint *hint)
{
	unsigned exp;

	if (all_quotients(t, hint->exp))
		return true;
	if (!find_exp(t->v, t->n, &exp) || exp == hint->exp)
		return false;
	hint->exp = exp;
	return all_quotients(t, exp);
}

static bool all_products(struct vector *t, unsigned exp)
{
	uint64_t differs = 0;

	for (unsigned i = 0; i < t->n; i++) {
		double scaled = t->v[i] * decimal_power[exp], shifted = scaled + DECIMAL_MAGIC;
		double back = (shifted - DECIMAL_MAGIC) * product[exp];

		t->digits[i] = (int64_t)(double_bits(shifted) - double_bits(DECIMAL_MAGIC));
		differs |= double_bits(back) ^ double_bits(t->v[i]);
		differs |= !(scaled < DECIMAL_LIMIT) | !(scaled > -DECIMAL_LIMIT);
	}
	t->exp = exp;
	t->form = VALUES_PRODUCT;
	return !differs;
}

static bool is_product(double v, unsigned exp)
{
	double scaled = v * decimal_power[exp];

	return scaled < DECIMAL_LIMIT && scaled > -DECIMAL_LIMIT &&
	       decimal_of_digits(decimal_digits(v, exp)) * product[exp] == v;
}

static bool try_product(struct vector *t)
{
	for (unsigned exp = 1; exp <= PRODUCT_EXP_MAX; exp++)
		if (is_product(t->v[0], exp) && is_product(t->v[t->n - 1], exp) &&
			all_products(t, exp))
			return true;
	return false;
}

/* How many doubles further than the quotient v is; false: not -1, 0 or 1. */
static bool is_near(double v, unsigned exp, int64_t *ret_digits, int *ret_ulps)
{
	double scaled = v * decimal_power[exp];
	int64_t ulps;

	if (!(scaled < NEAR_LIMIT && scaled > -NEAR_LIMIT))
		return false;
	*ret_digits = decimal_digits(v, exp);
	ulps = (int64_t)(double_bits(v) - double_bits(decimal_value(*ret_digits, exp)));
	*ret_ulps = (int)ulps;
	return ulps >= -1 && ulps <= 1;
}

static bool all_near(struct vector *t, unsigned exp)
{
	memset(t->near, 0, sizeof t->near);
	for (unsigned i = 0; i < t->n; i++) {
		int ulps;

		if (!is_near(t->v[i], exp, &t->digits[i], &ulps))
			return false;
		t->near[i / 4] |= (uint8_t)((unsigned)(ulps + 1) << i % 4 * 2);
	}
	t->exp = exp;
	t->form = VALUES_NEAR;
	return true;
}

static bool try_near(struct vector *t)
{
	for (unsigned exp = 0; exp <= PRODUCT_EXP_MAX; exp++)
		if (all_near(t, exp))
			return true;
	return false;
}

static void use_bits(struct vector *t)
{
	for (unsigned i = 0; i < t->n; i++)
		t->digits[i] = in_order(double_bits(t->v[i]));
	t->form = VALUES_BITS;
}

static bool is_special(double v)
{
	uint64_t bits = double_bits(v), infinite = UINT64_C(0x7ff) << 52;

	return (bits & infinite) == infinite || bits == UINT64_C(1) << 63;
}

static unsigned count_specials(const double *v, unsigned n)
{
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++)
		count += is_special(v[i]);
	return count;
}

/* The values with each special replaced by the number before it, or the first one. */
static void replace_specials(const double *v, unsigned n, double *ret)
{
	double last = 0;

	for (unsigned i = n; i-- > 0;)
		last = is_special(v[i]) ? last : v[i];
	for (unsigned i = 0; i < n; i++)
		ret[i] = last = is_special(v[i]) ? last : v[i];
}

static uint8_t *put_specials(uint8_t *p, const double *v, unsigned n, unsigned specials)
{
	uint8_t *places = p + 1, *bits = places + specials;

	*p = (uint8_t)(specials - 1);
	for (unsigned i = 0; i < n; i++) {
		if (!is_special(v[i]))
			continue;
		*places++ = (uint8_t)i;
		memcpy(bits, &v[i], 8);
		bits += 8;
	}
	return bits;
}

unsigned values_encode(const double *v, unsigned n, struct values_hint *hint, uint8_t *out)
{
	unsigned specials = count_specials(v, n);
	struct vector t = { .v = v, .n = n };
	double replaced[VALUES_MAX];
	uint8_t *p;

	if (specials > SPECIALS_MAX(n))
		specials = 0;
	else if (specials) {
		replace_specials(v, n, replaced);
		t.v = replaced;
	}
	if (!try_quotient(&t, hint) && !try_product(&t) && !try_near(&t))
		use_bits(&t);
	p = out + ints_encode(t.digits, n, t.form | (specials ? VALUES_SPECIAL : 0), out);
	if (t.form >= VALUES_QUOTIENT && t.form <= VALUES_NEAR)
		*p++ = (uint8_t)t.exp;
	if (t.form == VALUES_NEAR) {
		memcpy(p, t.near, NEAR_BYTES(n));
		p += NEAR_BYTES(n);
	}
	if (specials)
		p = put_specials(p, v, n, specials);
	return (unsigned)(p - out);
}

static void set_integers(const int64_t *digits, unsigned n, double *ret)
{
	for (unsigned i = 0; i < n; i++)
		ret[i] = decimal_of_digits(digits[i]);
}

static void set_quotients(const int64_t *digits, unsigned n, unsigned exp, double *ret)
{
	double power = decimal_power[exp];

	for (unsigned i = 0; i < n; i++)
		ret[i] = decimal_of_digits(digits[i]) / power;
}

static void set_products(const int64_t *digits, unsigned n, unsigned exp, double *ret)
{
	double factor = product[exp];

	for (unsigned i = 0; i < n; i++)
		ret[i] = decimal_of_digits(digits[i]) * factor;
}

static void set_bits(const int64_t *digits, unsigned n, double *ret)
{
	for (unsigned i = 0; i < n; i++)
		ret[i] = double_of_bits((uint64_t)in_order((uint64_t)digits[i]));
}

static void add_ulps(const uint8_t *near, unsigned n, double *v)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned ulps = near[i / 4] >> i % 4 * 2 & 3;

		v[i] = double_of_bits(double_bits(v[i]) + ulps - 1);
	}
}

static bool get_specials(struct ints_span *in, unsigned n, double *v)
{
	const uint8_t *places, *bits;
	unsigned specials;

	if (in->p == in->end)
		return false;
	specials = *in->p++ + 1u;
	if (specials * 9 > (size_t)(in->end - in->p))
		return false;
	places = in->p;
	bits = places + specials;
	for (unsigned i = 0; i < specials; i++) {
		if (places[i] >= n)
			return false;
		memcpy(&v[places[i]], bits + 8 * i, 8);
	}
	in->p = bits + 8 * specials;
	return true;
}

/* The digits in their disguise again. */
static bool disguise(struct ints_span *in, enum form form, const int64_t *digits, unsigned n,
	double *ret)
{
	unsigned exp;

	if (form == VALUES_INTEGER || form == VALUES_BITS) {
		(form == VALUES_INTEGER ? set_integers : set_bits)(digits, n, ret);
		return true;
	}
	if (form >= FORMS || in->p == in->end)
		return false;
	exp = *in->p++;
	if (exp > (form == VALUES_PRODUCT ? PRODUCT_EXP_MAX : DECIMAL_EXP_MAX))
		return false;
	(form == VALUES_PRODUCT ? set_products : set_quotients)(digits, n, exp, ret);
	if (form != VALUES_NEAR)
		return true;
	if (NEAR_BYTES(n) > (size_t)(in->end - in->p))
		return false;
	add_ulps(in->p, n, ret);
	in->p += NEAR_BYTES(n);
	return true;
}

bool values_decode(struct ints_span *in, unsigned n, double *ret)
{
	int64_t digits[VALUES_MAX];
	unsigned tag;

	if (in->p == in->end)
		return false;
	tag = ints_tag(*in->p);
	return ints_decode(in, n, digits) && disguise(in, tag & VALUES_FORM, digits, n, ret) &&
	       (!(tag & VALUES_SPECIAL) || get_specials(in, n, ret));
}

/* ---- some of them */

struct some {
	const struct ints_places *at;
	const int64_t *digits; /* one a place */
	enum form form;
	unsigned exp;
	const uint8_t *near; /* of all of the vector, NULL: it isn't VALUES_NEAR */
};

/* What stands behind the digits, when there are no specials, stands at the end. */
static bool get_tail(const struct ints_span *in, unsigned n, struct some *some)
{
	const uint8_t *p = in->end;

	if (some->form == VALUES_INTEGER || some->form == VALUES_BITS)
		return true;
	if (some->form >= FORMS || (size_t)(in->end - in->p) < 1 + NEAR_BYTES(n))
		return false;
	if (some->form == VALUES_NEAR)
		some->near = p -= NEAR_BYTES(n);
	some->exp = p[-1];
	return some->exp <= (some->form == VALUES_PRODUCT ? PRODUCT_EXP_MAX : DECIMAL_EXP_MAX);
}

static void disguise_some(const struct some *some, double *ret)
{
	unsigned n = some->at->n;

	if (some->form == VALUES_INTEGER)
		set_integers(some->digits, n, ret);
	else if (some->form == VALUES_BITS)
		set_bits(some->digits, n, ret);
	else if (some->form == VALUES_PRODUCT)
		set_products(some->digits, n, some->exp, ret);
	else
		set_quotients(some->digits, n, some->exp, ret);
	for (unsigned i = 0; some->near && i < n; i++) {
		unsigned at = some->at->v[i], ulps = some->near[at / 4] >> at % 4 * 2 & 3;

		ret[i] = double_of_bits(double_bits(ret[i]) + ulps - 1);
	}
}

bool values_may_be_special(uint8_t first)
{
	unsigned tag = ints_tag(first);

	return tag & VALUES_SPECIAL || (tag & VALUES_FORM) == VALUES_BITS;
}

bool values_pick(struct ints_span in, unsigned n, const struct ints_places *at, double *ret)
{
	struct some some = { .at = at };
	unsigned few = at->v[at->n - 1] + 1u;
	int64_t digits[VALUES_MAX];

	if (in.p == in.end || values_may_be_special(*in.p))
		return false;
	some.form = ints_tag(*in.p) & VALUES_FORM;
	if (!get_tail(&in, n, &some) || !ints_decode_first(in, n, few, digits))
		return false;
	for (unsigned i = 0; i < at->n; i++)
		digits[i] = digits[at->v[i]];
	some.digits = digits;
	disguise_some(&some, ret);
	return true;
}

bool values_pick_rising(struct ints_span in, unsigned n, const struct ints_places *at, double *ret)
{
	struct some some = { .at = at };
	struct ints_picked digits;

	if (in.p == in.end || values_may_be_special(*in.p))
		return false;
	some.form = ints_tag(*in.p) & VALUES_FORM;
	/* Steps to the neighbour may fall where digits stay. */
	if (!get_tail(&in, n, &some) || !ints_pick_rising(in, n, at, &digits) ||
		(some.near && !digits.is_strict))
		return false;
	some.digits = digits.v;
	disguise_some(&some, ret);
	return true;
}
