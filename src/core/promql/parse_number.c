/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers are read as Go reads them: an integer of any base if it is one, else a float.  Durations
 * may be numbers of seconds, and arithmetic of them is parsed only to be refused in Prometheus'
 * words: it is an experiment there.
 */
#include "core/promql/parse_private.h"

#include "base/golang.h"
#include "base/limits.h"
#include "core/promql/operators.h"

#include <math.h>

#define DURATION_S_MAX 9223372036.854774 /* less than 2^63 ns, as a double */

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* ParseInt(s, 0, 64) of what the lexer lets through: 12, 1_000, 017, 0x1f. */
static bool read_integer(const char *s, size_t n, double *ret)
{
	bool is_hex = n > 1 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	int base = is_hex ? 16 : n > 1 && s[0] == '0' ? 8 : 10;
	bool was_digit = false;
	uint64_t value = 0;

	for (size_t i = is_hex ? 2 : 0; i < n; i++) {
		int digit = digit_value(s[i]);

		if (s[i] == '_') {
			was_digit = false;
			continue;
		}
		if (digit >= base ||
			value > ((uint64_t)INT64_MAX - (unsigned)digit) / (unsigned)base)
			return false;
		value = value * (unsigned)base + (unsigned)digit;
		was_digit = true;
	}
	if (was_digit)
		*ret = (double)value;
	return was_digit;
}

static bool read_number(struct parser *p, struct token t, double *ret)
{
	const char *s = p->lex.text + t.start;
	size_t n = t.end - t.start;
	scoped(str_fini) struct str digits = STR_EMPTY;
	struct err e = { 0 };

	if (read_integer(s, n, ret))
		return true;
	/* Elsewhere than at the end the lexer has seen to where they stand. */
	for (size_t i = 0; i < n; i++)
		if (s[i] != '_' || i + 1 == n)
			str_addc(&digits, s[i]);
	if (go_parse_float(str_c(&digits), digits.len, ret, &e) == RC_OK)
		return true;
	parse_fail(p, t.start, "error parsing number: %s", e.text);
	return false;
}

static const struct unit {
	char name[3];
	uint64_t ns;
} units[] = {
	{ "y", UINT64_C(365) * 86400 * 1000000000 },
	{ "w", UINT64_C(7) * 86400 * 1000000000 },
	{ "d", UINT64_C(86400) * 1000000000 },
	{ "h", UINT64_C(3600) * 1000000000 },
	{ "m", UINT64_C(60) * 1000000000 },
	{ "s", 1000000000 },
	{ "ms", 1000000 },
};

/* What is left of a duration, and the sum of what was read. */
struct duration {
	const char *s, *end;
	size_t least; /* units before this one came already, or should have */
	uint64_t ns;
};

static bool fail_malformed(struct parser *p, struct token t)
{
	scoped(str_fini) struct str quoted = STR_EMPTY;

	go_quote(&quoted, p->lex.text + t.start, t.end - t.start, GO_QUOTE);
	parse_fail(p, t.start, "not a valid duration string: %s", str_c(&quoted));
	return false;
}

static bool fail_unit(struct parser *p, struct token t, const char *unit, size_t n)
{
	scoped(str_fini) struct str quoted = STR_EMPTY;

	go_quote(&quoted, unit, n, GO_QUOTE);
	str_add(&quoted, " in duration ");
	go_quote(&quoted, p->lex.text + t.start, t.end - t.start, GO_QUOTE);
	parse_fail(p, t.start, "unknown unit %s", str_c(&quoted));
	return false;
}

/* The unit that is next; COUNT(units): there is none of that name. */
static size_t read_unit(struct duration *d)
{
	const char *unit = d->s;
	size_t i = 0;

	while (d->s < d->end && (*d->s < '0' || *d->s > '9'))
		d->s++;
	while (i < COUNT(units) && (strlen(units[i].name) != (size_t)(d->s - unit) ||
					   memcmp(units[i].name, unit, (size_t)(d->s - unit)) != 0))
		i++;
	return i;
}

static bool read_part(struct parser *p, struct token t, struct duration *d)
{
	const uint64_t most = UINT64_C(1) << 63;
	uint64_t value = 0;
	bool is_long = false;
	const char *start = d->s, *unit;
	size_t i;

	for (; d->s < d->end && *d->s >= '0' && *d->s <= '9'; d->s++)
		is_long |= __builtin_mul_overflow(value, 10, &value) ||
			   __builtin_add_overflow(value, (unsigned)(*d->s - '0'), &value);
	unit = d->s;
	i = read_unit(d);
	if (is_long || unit == start)
		return fail_malformed(p, t);
	if (i == COUNT(units))
		return fail_unit(p, t, unit, (size_t)(d->s - unit));
	if (i < d->least)
		return fail_malformed(p, t);
	d->least = i + 1;
	if (value > most / units[i].ns || d->ns + value * units[i].ns >= most) {
		parse_fail(p, t.start, "duration out of range");
		return false;
	}
	d->ns += value * units[i].ns;
	return true;
}

static bool read_duration(struct parser *p, struct token t, double *ret)
{
	struct duration d = { p->lex.text + t.start, p->lex.text + t.end, 0, 0 };

	while (d.s < d.end)
		if (!read_part(p, t, &d))
			return false;
	/* As Go's Duration.Seconds() has it. */
	*ret = (double)(d.ns / 1000000000) + (double)(d.ns % 1000000000) / 1e9;
	return true;
}

bool parse_number(struct parser *p, struct token t, double *ret)
{
	return t.type == TOKEN_DURATION ? read_duration(p, t, ret) : read_number(p, t, ret);
}

/* A duration while it is put together. */
struct span {
	uint32_t start;
	double s;
};

/* Where it stands, as errors say it. */
struct place {
	const char *context, *expected;
};

static bool read_span(struct parser *p, const struct place *at, unsigned least, struct span *ret);

static bool is_literal_next(struct parser *p)
{
	enum token_type t = parse_peek(p);

	return t == TOKEN_NUMBER || t == TOKEN_DURATION;
}

static bool is_sign_next(struct parser *p)
{
	enum token_type t = parse_peek(p);

	return t == TOKEN_ADD || t == TOKEN_SUB;
}

static bool fail_experimental(struct parser *p, const struct span *left)
{
	parse_fail(p, left->start, "experimental duration expression is not enabled");
	return false;
}

/* `start` is where it begins for whoever is told that it is too long. */
static bool read_literal(struct parser *p, uint32_t start, struct span *ret)
{
	struct token t = parse_take(p);

	ret->start = start;
	if (!parse_number(p, t, &ret->s))
		return false;
	if (ret->s > DURATION_S_MAX)
		parse_fail(p, start, "duration out of range");
	return ret->s <= DURATION_S_MAX || isnan(ret->s);
}

static bool read_signed(struct parser *p, const struct place *at, struct span *ret)
{
	struct token sign = parse_take(p);

	if (!read_span(p, at, PROMQL_BINDS_POW, ret))
		return false;
	if (sign.type == TOKEN_SUB)
		ret->s = -ret->s;
	ret->start = sign.start;
	return true;
}

/* Never true: it is an error even when it is complete. */
static bool read_in_parens(struct parser *p, const struct place *at)
{
	struct span inner;

	parse_take(p);
	if (!read_span(p, at, 0, &inner))
		return false;
	if (parse_accept(p, TOKEN_RIGHT_PAREN))
		return fail_experimental(p, &inner);
	parse_unexpected(p, at->context, at->expected);
	return false;
}

static bool read_operand(struct parser *p, const struct place *at, struct span *ret)
{
	if (is_literal_next(p))
		return read_literal(p, p->next.start, ret);
	if (is_sign_next(p))
		return read_signed(p, at, ret);
	if (parse_peek(p) == TOKEN_LEFT_PAREN)
		return read_in_parens(p, at);
	parse_unexpected(p, at->context, at->expected);
	return false;
}

/* -1: it is none that durations have. */
static int operator_of(enum token_type t)
{
	if (t == TOKEN_ADD || t == TOKEN_SUB || t == TOKEN_MUL || t == TOKEN_DIV ||
		t == TOKEN_MOD || t == TOKEN_POW)
		return token_rows[t].value;
	return -1;
}

/* True when no operator that binds so tightly follows; one that does is an error once what stands
 * to its right was read. */
static bool read_operator(struct parser *p, const struct place *at, unsigned least,
	const struct span *left)
{
	int op = operator_of(parse_peek(p));
	struct span right;

	if (op < 0 || promql_operators[op].binds < least)
		return true;
	parse_take(p);
	if (read_span(p, at, promql_operators[op].binds + (op != PROMQL_POW), &right))
		fail_experimental(p, left);
	return false;
}

static bool read_span(struct parser *p, const struct place *at, unsigned least, struct span *ret)
{
	bool is_ok;

	if (!parse_enter(p))
		return false;
	is_ok = read_operand(p, at, ret) && read_operator(p, at, least, ret);
	parse_leave(p);
	return is_ok;
}

/* Rounded to nanoseconds and then cut, as Prometheus does it; what it makes of NaN included. */
static int64_t span_ms(const struct span *s)
{
	int64_t ns = isnan(s->s) ? INT64_MIN : (int64_t)round(s->s * 1e9);

	return ns / 1000000;
}

bool parse_range(struct parser *p, const char *expected, int64_t *ret_ms)
{
	struct place at = { "subquery selector", expected };
	struct span s;

	if (!read_span(p, &at, 0, &s))
		return false;
	if (s.s <= 0) {
		parse_fail(p, s.start, "duration must be greater than 0");
		return false;
	}
	*ret_ms = span_ms(&s);
	return true;
}

/* `up offset -2 ^ 2` is (up offset -2) ^ 2: a number, signed or not, ends it. */
bool parse_offset(struct parser *p, int64_t *ret_ms)
{
	static const struct place at = { "offset", "number or duration" };
	struct token sign = { TOKEN_ADD, 0, 0 };
	struct span s;

	if (is_sign_next(p)) {
		sign = parse_take(p);
		if (is_literal_next(p)) {
			if (!read_literal(p, sign.start, &s))
				return false;
		} else if (!read_span(p, &at, PROMQL_BINDS_POW, &s) ||
			   !read_operator(p, &at, 0, &s)) {
			return false;
		}
	} else if (is_literal_next(p)) {
		if (!read_literal(p, p->next.start, &s))
			return false;
	} else if (!read_span(p, &at, 0, &s)) {
		return false;
	}
	if (sign.type == TOKEN_SUB)
		s.s = -s.s;
	*ret_ms = span_ms(&s);
	return true;
}
