/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/notation.h"

#include "core/promql/histogram_sum.h"
#include "core/promql/notation_private.h"
#include "core/promql/quoted.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#define METRIC_LABELS_MAX 64
#define REPEATS_MAX       1000000
#define NUMBER_BYTES_MAX  64

enum rc notation_unexpected(struct notation_reader *r, const char *what)
{
	return err_set(r->e, RC_INPUT, "1:%zu: expected %s at \"%.20s\"",
		(size_t)(r->at - r->text) + 1, what, r->at);
}

enum rc notation_full(struct notation_reader *r)
{
	return err_set(r->e, RC_LIMIT, "a series of more than %zu bytes", r->arena->budget_bytes);
}

static void skip_blanks(struct notation_reader *r)
{
	while (*r->at == ' ' || *r->at == '\t')
		r->at++;
}

static bool take(struct notation_reader *r, char c)
{
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

/* Inf or NaN, in any case, and not the beginning of another word. */
static bool take_word(struct notation_reader *r, const char *word)
{
	size_t n = strlen(word);

	if (strncasecmp(r->at, word, n) != 0 || isalpha((unsigned char)r->at[n]))
		return false;
	r->at += n;
	return true;
}

/* Bytes of the decimal number at `s`; 0: none. */
static size_t number_length(const char *s)
{
	size_t n = strspn(s, "0123456789"), digits = n;

	if (s[n] == '.') {
		digits += strspn(s + n + 1, "0123456789");
		n += 1 + strspn(s + n + 1, "0123456789");
	}
	if (digits && (s[n] == 'e' || s[n] == 'E')) {
		size_t sign = s[n + 1] == '+' || s[n + 1] == '-';
		size_t exponent = strspn(s + n + 1 + sign, "0123456789");

		n += exponent ? 1 + sign + exponent : 0;
	}
	return digits ? n : 0;
}

enum rc notation_number(struct notation_reader *r, double *ret)
{
	bool is_negative = *r->at == '-';
	char copy[NUMBER_BYTES_MAX];
	double v;
	size_t n;

	r->at += *r->at == '-' || *r->at == '+';
	n = number_length(r->at);
	if (take_word(r, "inf")) {
		v = INFINITY;
	} else if (take_word(r, "nan")) {
		v = double_of_bits(PLAIN_NAN_BITS);
	} else if (n && n < sizeof copy) {
		memcpy(copy, r->at, n);
		copy[n] = '\0';
		v = strtod(copy, NULL);
		r->at += n;
	} else {
		return notation_unexpected(r, "a number");
	}
	*ret = is_negative ? -v : v;
	return RC_OK;
}

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == ':';
}

/* A name without quotes, into the arena. */
static enum rc read_name(struct notation_reader *r, const char **ret, uint32_t *ret_n)
{
	const char *begin = r->at;

	if (isdigit((unsigned char)*r->at) || !is_name_byte(*r->at))
		return notation_unexpected(r, "a name");
	while (is_name_byte(*r->at))
		r->at++;
	*ret_n = (uint32_t)(r->at - begin);
	*ret = arena_strndup(r->arena, begin, *ret_n);
	return *ret ? RC_OK : notation_full(r);
}

static enum rc read_quoted(struct notation_reader *r, const char **ret, uint32_t *ret_n)
{
	struct quoted quoted;
	const char *wrong;

	if (*r->at != '"' && *r->at != '\'' && *r->at != '`')
		return notation_unexpected(r, "a quoted text");
	wrong = quoted_read(r->at, r->arena, &quoted);
	if (wrong)
		return err_set(r->e, RC_INPUT, "1:%zu: %s", (size_t)(r->at - r->text) + 1, wrong);
	r->at += quoted.used;
	*ret = quoted.s;
	*ret_n = quoted.n;
	return RC_OK;
}

/* name="value", "name"="value", or "metric" */
static enum rc read_label(struct notation_reader *r, struct label *ret)
{
	bool is_quoted = *r->at == '"' || *r->at == '\'' || *r->at == '`';
	enum rc rc = is_quoted ? read_quoted(r, &ret->name, &ret->name_len)
			       : read_name(r, &ret->name, &ret->name_len);

	if (rc != RC_OK)
		return rc;
	skip_blanks(r);
	if (is_quoted && *r->at != '=') {
		ret->value = ret->name;
		ret->value_len = ret->name_len;
		ret->name = METRIC_NAME;
		ret->name_len = sizeof METRIC_NAME - 1;
		return RC_OK;
	}
	if (!take(r, '='))
		return notation_unexpected(r, "=");
	skip_blanks(r);
	return read_quoted(r, &ret->value, &ret->value_len);
}

/* Behind the opening brace. */
static enum rc read_label_set(struct notation_reader *r, struct label *v, uint32_t *n)
{
	skip_blanks(r);
	while (!take(r, '}')) {
		enum rc rc;

		if (*n == METRIC_LABELS_MAX)
			return notation_unexpected(r, "no more labels");
		rc = read_label(r, &v[(*n)++]);
		if (rc != RC_OK)
			return rc;
		skip_blanks(r);
		if (!take(r, ',') && *r->at != '}')
			return notation_unexpected(r, ", or }");
		skip_blanks(r);
	}
	return RC_OK;
}

static enum rc read_metric(struct notation_reader *r, struct labels *ret)
{
	struct label *v = arena_alloc(r->arena, METRIC_LABELS_MAX * sizeof *v);
	uint32_t n = 0;
	enum rc rc = RC_OK;

	if (!v)
		return notation_full(r);
	skip_blanks(r);
	if (*r->at != '{') {
		v[0] = (struct label){ .name = METRIC_NAME, .name_len = sizeof METRIC_NAME - 1 };
		n = 1;
		rc = read_name(r, &v[0].value, &v[0].value_len);
	}
	if (rc == RC_OK && take(r, '{'))
		rc = read_label_set(r, v, &n);
	return rc == RC_OK ? labels_sort(v, n, ret, r->e) : rc;
}

/* xN: how often, else once. */
static enum rc read_times(struct notation_reader *r, uint32_t *ret)
{
	uint32_t n = 0;

	*ret = 1;
	if (!take(r, 'x'))
		return RC_OK;
	if (!isdigit((unsigned char)*r->at))
		return notation_unexpected(r, "how often");
	for (; isdigit((unsigned char)*r->at) && n <= REPEATS_MAX; r->at++)
		n = 10 * n + (uint32_t)(*r->at - '0');
	if (n > REPEATS_MAX)
		return notation_unexpected(r, "fewer repetitions");
	*ret = n;
	return RC_OK;
}

struct value_list {
	struct notation_value *v;
	uint32_t n, cap;
};

static enum rc add_value(struct notation_reader *r, struct value_list *list,
	struct notation_value value)
{
	if (list->n == list->cap) {
		uint32_t cap = list->cap ? 2 * list->cap : 64;
		struct notation_value *v = arena_alloc(r->arena, cap * sizeof *v);

		if (!v)
			return notation_full(r);
		if (list->n)
			memcpy(v, list->v, list->n * sizeof *v);
		list->v = v;
		list->cap = cap;
	}
	list->v[list->n++] = value;
	return RC_OK;
}

/* 1, 1x3, 1+2x3, stale */
static enum rc read_floats(struct notation_reader *r, struct value_list *list)
{
	struct notation_value value = { .v = double_of_bits(STALE_NAN_BITS) };
	double growth = 0;
	bool is_repeated, is_growing = false;
	uint32_t times;
	enum rc rc = take_word(r, "stale") ? RC_OK : notation_number(r, &value.v);

	if (rc == RC_OK && (*r->at == '+' || *r->at == '-')) {
		is_growing = true;
		rc = notation_number(r, &growth);
	}
	is_repeated = *r->at == 'x';
	if (rc == RC_OK && is_growing && !is_repeated)
		return notation_unexpected(r, "x");
	if (rc == RC_OK)
		rc = read_times(r, &times);
	/* The first stands for the time 0, before the repetitions. */
	for (uint32_t i = 0; rc == RC_OK && i < times + is_repeated; i++) {
		rc = add_value(r, list, value);
		if (is_growing)
			value.v += growth;
	}
	return rc;
}

static enum rc read_omitted(struct notation_reader *r, struct value_list *list)
{
	uint32_t times;
	enum rc rc;

	r->at++;
	rc = read_times(r, &times);
	for (uint32_t i = 0; rc == RC_OK && i < times; i++)
		rc = add_value(r, list, (struct notation_value){ .is_omitted = true });
	return rc;
}

static bool begins_histogram(const char *at)
{
	return at[0] == '{' && at[1] == '{';
}

/* The next of a sequence: `value` and `growth` added up. */
static enum rc grow_histogram(struct notation_reader *r, struct notation_value *value,
	const struct histogram *growth, double sign)
{
	scoped(histogram_sum_fini) struct histogram_sum sum = { 0 };
	scoped(histogram_sum_fini) struct histogram_sum more = { 0 };

	histogram_sum_load(&sum, value->h);
	histogram_sum_load(&more, growth);
	if (histogram_sum_add(&sum, &more, sign) != HISTOGRAM_DONE)
		return notation_unexpected(r, "histograms that can be added");
	value->h = histogram_sum_store(&sum, r->arena);
	return value->h ? RC_OK : notation_full(r);
}

/* {{...}}, {{...}}x3, {{...}}+{{...}}x3 */
static enum rc read_histograms(struct notation_reader *r, struct value_list *list)
{
	struct notation_value value = { 0 };
	const struct histogram *growth = NULL;
	bool is_repeated;
	double sign = 1;
	uint32_t times;
	enum rc rc = notation_histogram(r, &value.h);

	if (rc == RC_OK && (*r->at == '+' || *r->at == '-') && begins_histogram(r->at + 1)) {
		sign = *r->at++ == '-' ? -1 : 1;
		rc = notation_histogram(r, &growth);
	}
	is_repeated = *r->at == 'x';
	if (rc == RC_OK && growth && !is_repeated)
		return notation_unexpected(r, "x");
	if (rc == RC_OK)
		rc = read_times(r, &times);
	for (uint32_t i = 0; rc == RC_OK && i < times + is_repeated; i++) {
		rc = add_value(r, list, value);
		if (rc == RC_OK && growth)
			rc = grow_histogram(r, &value, growth, sign);
	}
	return rc;
}

static enum rc read_item(struct notation_reader *r, struct value_list *list)
{
	if (*r->at == '_')
		return read_omitted(r, list);
	if (begins_histogram(r->at))
		return read_histograms(r, list);
	return read_floats(r, list);
}

enum rc notation_parse(const char *text, struct arena *a, struct notation *ret, struct err *e)
{
	struct notation_reader r = { .text = text, .at = text, .arena = a, .e = e };
	struct value_list list = { 0 };
	struct labels labels;
	enum rc rc = read_metric(&r, &labels);

	while (rc == RC_OK && *r.at) {
		if (*r.at != ' ' && *r.at != '\t')
			return notation_unexpected(&r, "a blank");
		skip_blanks(&r);
		if (*r.at)
			rc = read_item(&r, &list);
	}
	if (rc == RC_OK)
		*ret = (struct notation){ labels, list.v, list.n };
	return rc;
}

enum rc notation_parse_labels(const char *text, struct arena *a, struct labels *ret, struct err *e)
{
	struct notation_reader r = { .text = text, .at = text, .arena = a, .e = e };
	struct labels labels;
	enum rc rc = read_metric(&r, &labels);

	if (rc != RC_OK)
		return rc;
	skip_blanks(&r);
	if (*r.at)
		return notation_unexpected(&r, "nothing more");
	*ret = labels;
	return RC_OK;
}
