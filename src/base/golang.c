/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shortest digits are looked for: 15 decimal digits always survive a double, so whatever fits in
 * fewer is the 15 without its zeros; else 16, else 17.  Only subnormal numbers hold less than that
 * and are tried from one digit on.  snprintf rounds exactly, as Go does.
 */
#include "base/golang.h"

#include "base/time.h"
#include "base/unicode.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <strings.h>

#define DIGITS_MAX    17
#define SHORTEST_E    6    /* %g: from this exponent on with an e */
#define PRECISION_MAX 1100 /* no double has more */
#define MANTISSA_BITS 52

struct decimal { /* 0.d1d2d3... * 10^point */
	char digits[DIGITS_MAX + 1];
	int n, point;
};

/* A library may have called setlocale(). */
static void use_point(char *text)
{
	char *comma = strchr(text, ',');

	if (comma)
		*comma = '.';
}

static struct decimal decimal_of(double v, int n)
{
	struct decimal d = { .n = 0 };
	char text[40], *at = text;

	snprintf(text, sizeof text, "%.*e", n - 1, v);
	for (; *at && *at != 'e'; at++)
		if (*at >= '0' && *at <= '9')
			d.digits[d.n++] = *at;
	d.point = atoi(at + 1) + 1;
	while (d.n > 1 && d.digits[d.n - 1] == '0')
		d.n--;
	d.digits[d.n] = '\0';
	return d;
}

static bool gives_again(double v, int n)
{
	char text[40];

	snprintf(text, sizeof text, "%.*e", n - 1, v);
	return strtod(text, NULL) == v;
}

static struct decimal shortest(double v)
{
	int n = v < DBL_MIN ? 1 : 15;

	while (n < DIGITS_MAX && !gives_again(v, n))
		n++;
	return decimal_of(v, n);
}

static void add_exponent_form(struct str *out, const struct decimal *d, char e)
{
	int exponent = d->digits[0] == '0' ? 0 : d->point - 1;

	str_addc(out, d->digits[0]);
	if (d->n > 1)
		str_addf(out, ".%s", d->digits + 1);
	str_addf(out, "%c%c%02d", e, exponent < 0 ? '-' : '+', abs(exponent));
}

static void add_plain_form(struct str *out, const struct decimal *d)
{
	if (d->digits[0] == '0') {
		str_addc(out, '0');
		return;
	}
	if (d->point <= 0)
		str_add(out, "0");
	for (int i = 0; i < d->point; i++)
		str_addc(out, i < d->n ? d->digits[i] : '0');
	if (d->n > d->point)
		str_addc(out, '.');
	for (int i = d->point; i < 0; i++)
		str_addc(out, '0');
	if (d->n > d->point)
		str_add(out, d->digits + (d->point > 0 ? d->point : 0));
}

static void add_shortest(struct str *out, double v, char verb)
{
	struct decimal d = shortest(v);
	int exponent = d.digits[0] == '0' ? 0 : d.point - 1;

	if (verb == 'f')
		add_plain_form(out, &d);
	else if (verb == 'e' || verb == 'E')
		add_exponent_form(out, &d, verb);
	else if (exponent < -4 || exponent >= SHORTEST_E)
		add_exponent_form(out, &d, verb == 'G' ? 'E' : 'e');
	else
		add_plain_form(out, &d);
}

static void add_rounded(struct str *out, double v, char verb, int precision)
{
	const char format[] = { '%', '.', '*', verb, '\0' };
	char text[DBL_MAX_10_EXP + PRECISION_MAX + 8];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof text, format, precision < PRECISION_MAX ? precision : PRECISION_MAX,
		v);
#pragma GCC diagnostic pop
	use_point(text);
	str_add(out, text);
	for (int i = PRECISION_MAX; i < precision && strchr("feE", verb) && !strpbrk(text, "eE");
		i++)
		str_addc(out, '0');
}

/* 1.mantissa * 2^exponent, the mantissa at the top of 60 bits; 0 is all 0. */
static uint64_t binary_of(double v, int *ret_exponent)
{
	uint64_t bits, mantissa;
	int exponent;

	memcpy(&bits, &v, sizeof bits);
	mantissa = bits & ((UINT64_C(1) << MANTISSA_BITS) - 1);
	exponent = (int)(bits >> MANTISSA_BITS & 0x7ff);
	if (exponent > 0)
		mantissa |= UINT64_C(1) << MANTISSA_BITS;
	else
		exponent = 1;
	*ret_exponent = exponent - 1023;
	return mantissa;
}

static uint64_t round_hex(uint64_t mantissa, int precision, int *exponent)
{
	unsigned shift = (unsigned)precision * 4;
	uint64_t rest = mantissa << shift & ((UINT64_C(1) << 60) - 1);

	mantissa >>= 60 - shift;
	if ((rest | (mantissa & 1)) > UINT64_C(1) << 59)
		mantissa++;
	mantissa <<= 60 - shift;
	if (mantissa & UINT64_C(1) << 61) {
		mantissa >>= 1;
		++*exponent;
	}
	return mantissa;
}

static void add_hexadecimal(struct str *out, double v, char verb, int precision)
{
	const char *hex = verb == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
	int exponent;
	uint64_t mantissa = binary_of(v, &exponent) << (60 - MANTISSA_BITS);

	if (mantissa == 0)
		exponent = 0;
	for (; mantissa && !(mantissa & UINT64_C(1) << 60); mantissa <<= 1)
		exponent--;
	if (precision >= 0 && precision < 15)
		mantissa = round_hex(mantissa, precision, &exponent);
	str_addf(out, "0%c%c", verb, '0' + (int)(mantissa >> 60 & 1));
	mantissa <<= 4;
	if (precision < 0 ? mantissa != 0 : precision > 0)
		str_addc(out, '.');
	for (int i = 0; precision < 0 ? mantissa != 0 : i < precision; i++, mantissa <<= 4)
		str_addc(out, hex[mantissa >> 60 & 15]);
	str_addf(out, "%c%c%02d", verb == 'x' ? 'p' : 'P', exponent < 0 ? '-' : '+', abs(exponent));
}

static void add_binary(struct str *out, double v)
{
	int exponent;
	uint64_t mantissa = binary_of(v, &exponent);

	str_addf(out, "%llup%+d", (unsigned long long)mantissa, exponent - MANTISSA_BITS);
}

void go_float(struct str *out, double v, char verb, int precision)
{
	if (isnan(v)) {
		str_add(out, "NaN");
		return;
	}
	if (isinf(v)) {
		str_add(out, v < 0 ? "-Inf" : "+Inf");
		return;
	}
	if (signbit(v))
		str_addc(out, '-');
	v = fabs(v);
	if (verb == 'x' || verb == 'X')
		add_hexadecimal(out, v, verb, precision);
	else if (verb == 'b')
		add_binary(out, v);
	else if (precision < 0)
		add_shortest(out, v, verb);
	else
		add_rounded(out, v, verb, precision);
}

/* Underscores may stand between digits, and between 0x and a digit. */
static bool without_underscores(const char *s, size_t n, char *ret)
{
	size_t length = 0;

	for (size_t i = 0; i < n; i++) {
		bool is_between = i > 0 && i + 1 < n && isxdigit((unsigned char)s[i + 1]) &&
				  (isxdigit((unsigned char)s[i - 1]) || (s[i - 1] | 0x20) == 'x');

		if (s[i] != '_')
			ret[length++] = s[i];
		else if (!is_between)
			return false;
	}
	ret[length] = '\0';
	return strlen(ret) == length;
}

static bool float_is_formed(const char *s)
{
	bool is_hex;
	const char *digits;
	size_t n;

	s += *s == '+' || *s == '-';
	is_hex = s[0] == '0' && (s[1] | 0x20) == 'x';
	digits = is_hex ? "0123456789abcdefABCDEF" : "0123456789";
	s += is_hex ? 2 : 0;
	n = strspn(s, digits);
	s += n;
	if (*s == '.') {
		n += strspn(s + 1, digits);
		s += 1 + strspn(s + 1, digits);
	}
	if (n == 0 || (is_hex && (*s | 0x20) != 'p'))
		return false;
	if ((*s | 0x20) == (is_hex ? 'p' : 'e')) {
		s += s[1] == '+' || s[1] == '-' ? 2 : 1;
		n = strspn(s, "0123456789");
		s += n;
	}
	return n > 0 && *s == '\0';
}

static bool special_number(const char *s, size_t n, double *ret)
{
	size_t sign = n > 0 && (*s == '+' || *s == '-');

	if (n == 3 && strncasecmp(s, "nan", 3) == 0) {
		*ret = NAN;
		return true;
	}
	s += sign;
	if (!(n - sign == 3 && strncasecmp(s, "inf", 3) == 0) &&
		!(n - sign == 8 && strncasecmp(s, "infinity", 8) == 0))
		return false;
	*ret = sign && s[-1] == '-' ? -INFINITY : INFINITY;
	return true;
}

static enum rc refuse_float(const char *s, size_t n, const char *why, struct err *e)
{
	scoped(str_fini) struct str quoted = STR_EMPTY;

	go_quote(&quoted, s, n, GO_QUOTE);
	return err_set(e, RC_INPUT, "strconv.ParseFloat: parsing %s: %s", str_c(&quoted), why);
}

enum rc go_parse_float(const char *text, size_t n, double *ret, struct err *e)
{
	scoped(mem_free) char *digits = NULL;
	double v;

	if (special_number(text, n, ret))
		return RC_OK;
	digits = must_alloc(n + 1);
	if (!without_underscores(text, n, digits) || !float_is_formed(digits))
		return refuse_float(text, n, "invalid syntax", e);
	v = strtod(digits, NULL);
	if (isinf(v))
		return refuse_float(text, n, "value out of range", e);
	*ret = v;
	return RC_OK;
}

/* Why duration_parse() refused it. */
static enum rc refuse_duration(const char *text, struct err *e)
{
	scoped(str_fini) struct str quoted = STR_EMPTY, unit = STR_EMPTY;
	static const char digits[] = "0123456789", *const units[] = { "y", "w", "d", "h", "m", "s",
		"ms" };
	size_t last = 0, i;

	go_quote(&quoted, text, strlen(text), GO_QUOTE);
	for (const char *at = text; *at;) {
		size_t number = strspn(at, digits), letters = strcspn(at + number, digits);

		if (number == 0 || letters == 0)
			return err_set(e, RC_INPUT, "not a valid duration string: %s",
				str_c(&quoted));
		for (i = 0; i < COUNT(units); i++)
			if (strlen(units[i]) == letters &&
				memcmp(units[i], at + number, letters) == 0)
				break;
		if (i == COUNT(units)) {
			go_quote(&unit, at + number, letters, GO_QUOTE);
			return err_set(e, RC_INPUT, "unknown unit %s in duration %s", str_c(&unit),
				str_c(&quoted));
		}
		if (i + 1 <= last || number > 19) /* more digits than 64 bits hold */
			return err_set(e, RC_INPUT, "not a valid duration string: %s",
				str_c(&quoted));
		last = i + 1;
		at += number + letters;
	}
	return err_set(e, RC_INPUT, "duration out of range");
}

enum rc go_parse_duration(const char *text, int64_t *ret_ms, struct err *e)
{
	if (!*text)
		return err_set(e, RC_INPUT, "empty duration string");
	if (duration_parse(text, ret_ms, NULL) == RC_OK)
		return RC_OK;
	return refuse_duration(text, e);
}

static void add_hex_escape(struct str *out, uint32_t c)
{
	if (c < ' ' || c == 0x7f)
		str_addf(out, "\\x%02x", (unsigned)c);
	else if (c < 0x10000)
		str_addf(out, "\\u%04x", (unsigned)c);
	else
		str_addf(out, "\\U%08x", (unsigned)c);
}

static void add_character(struct str *out, uint32_t c, char quote, enum go_quoting how)
{
	static const char escaped[] = "\a\b\f\n\r\t\v", letters[] = "abfnrtv";
	const char *at = c && c < 0x80 ? strchr(escaped, (int)c) : NULL;
	char bytes[UTF8_BYTES_MAX];

	if (c == (unsigned char)quote || c == '\\')
		str_addf(out, "\\%c", (int)c);
	else if (unicode_is_printable(c) && (how == GO_QUOTE || c < 0x80))
		str_addn(out, bytes, utf8_encode(c, bytes));
	else if (at)
		str_addf(out, "\\%c", letters[at - escaped]);
	else
		add_hex_escape(out, c);
}

void go_quote(struct str *out, const char *s, size_t n, enum go_quoting how)
{
	size_t bytes;

	str_addc(out, '"');
	for (size_t i = 0; i < n; i += bytes) {
		uint32_t c = utf8_decode(s + i, n - i, &bytes);

		if (c == UNICODE_REPLACEMENT && bytes == 1)
			str_addf(out, "\\x%02x", (unsigned)(unsigned char)s[i]);
		else
			add_character(out, c, '"', how);
	}
	str_addc(out, '"');
}

void go_quote_rune(struct str *out, uint32_t c, enum go_quoting how)
{
	char bytes[UTF8_BYTES_MAX];
	size_t n = utf8_encode(c, bytes);

	str_addc(out, '\'');
	add_character(out, utf8_decode(bytes, n, &n), '\'', how);
	str_addc(out, '\'');
}

bool go_can_backquote(const char *s, size_t n)
{
	size_t bytes;

	for (size_t i = 0; i < n; i += bytes) {
		uint32_t c = utf8_decode(s + i, n - i, &bytes);

		if (c == 0xfeff || (c == UNICODE_REPLACEMENT && bytes == 1))
			return false;
		if ((c < ' ' && c != '\t') || c == '`' || c == 0x7f)
			return false;
	}
	return true;
}

static bool read_digits(const char *s, size_t n, unsigned base, uint32_t *ret)
{
	uint32_t value = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned digit =
			(unsigned)(isdigit((unsigned char)s[i]) ? s[i] - '0'
								: (s[i] | 0x20) - 'a' + 10);

		if (!isxdigit((unsigned char)s[i]) || digit >= base)
			return false;
		value = value * base + digit;
	}
	*ret = value;
	return true;
}

static size_t unquote_number(const char *s, size_t n, uint32_t *ret, bool *ret_is_byte)
{
	bool is_octal = isdigit((unsigned char)s[1]);
	size_t digits = is_octal ? 3 : s[1] == 'x' ? 2 : s[1] == 'u' ? 4 : 8;
	size_t from = is_octal ? 1 : 2;
	uint32_t c;

	if (n < from + digits || !read_digits(s + from, digits, is_octal ? 8 : 16, &c))
		return 0;
	*ret_is_byte = is_octal || s[1] == 'x';
	if (*ret_is_byte ? c > 0xff : c > UNICODE_MAX || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return from + digits;
}

size_t go_unquote_char(const char *s, size_t n, char quote, uint32_t *ret, bool *ret_is_byte)
{
	static const char letters[] = "abfnrtv\\", meant[] = "\a\b\f\n\r\t\v\\";
	const char *at;
	size_t bytes;

	*ret_is_byte = false;
	if (n == 0 || *s == quote)
		return 0;
	if (*s != '\\') {
		*ret = utf8_decode(s, n, &bytes);
		return bytes;
	}
	if (n < 2 || s[1] == '\0')
		return 0;
	if (strchr("xuU01234567", s[1]))
		return unquote_number(s, n, ret, ret_is_byte);
	at = strchr(letters, s[1]);
	if (!at && ((s[1] != '\'' && s[1] != '"') || s[1] != quote))
		return 0;
	*ret = at ? (unsigned char)meant[at - letters] : (unsigned char)s[1];
	return 2;
}

static bool unquote_raw(struct str *out, const char *s, size_t n)
{
	if (memchr(s, '`', n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (s[i] != '\r')
			str_addc(out, s[i]);
	return true;
}

bool go_unquote(struct str *out, const char *s, size_t n)
{
	char quote = n >= 2 ? s[0] : '\0', bytes[UTF8_BYTES_MAX];
	size_t i = 1, count = 0;

	if (!quote || !strchr("\"'`", quote) || s[n - 1] != quote)
		return false;
	if (quote == '`')
		return unquote_raw(out, s + 1, n - 2);
	for (; i < n - 1; count++) {
		bool is_byte;
		uint32_t c;
		size_t length = go_unquote_char(s + i, n - i, quote, &c, &is_byte);

		if (length == 0 || s[i] == '\n' || i + length > n - 1)
			return false;
		if (is_byte)
			str_addc(out, (char)c);
		else
			str_addn(out, bytes, utf8_encode(c, bytes));
		i += length;
	}
	return quote == '"' || count == 1;
}
