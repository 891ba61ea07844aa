/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rules/test_show.h"

#include "base/golang.h"

#include <math.h>

#define INDENT "      "

void show_labels(const struct labels *l, struct str *out)
{
	const char *between = "";

	str_add(out, labels_get(l, METRIC_NAME));
	str_addc(out, '{');
	for (uint32_t i = 0; i < l->n; i++) {
		if (str_eq(l->v[i].name, METRIC_NAME))
			continue;
		str_addf(out, "%s%s=", between, l->v[i].name);
		go_quote(out, l->v[i].value, l->v[i].value_len, GO_QUOTE);
		between = ", ";
	}
	str_addc(out, '}');
}

/* One line: what it is about, the series, and more. */
static void line(struct page *p, enum style style, const char *word, const struct labels *l,
	const char *more)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	show_labels(l, &text);
	page_addf(p, style, INDENT "%-10s ", word);
	page_addf(p, STYLE_PLAIN, "%s%s", str_c(&text), more);
	page_line(p);
}

static void pair(struct page *p, const char *name, const char *expected, const char *got)
{
	page_addf(p, STYLE_PLAIN, INDENT "           %s", name);
	page_line(p);
	page_addf(p, STYLE_FAINT, INDENT "             expected ");
	page_add(p, STYLE_PLAIN, expected);
	page_line(p);
	page_addf(p, STYLE_FAINT, INDENT "             got      ");
	page_add(p, STYLE_PLAIN, got);
	page_line(p);
}

/* Alerts */

static bool alert_equal(const struct test_alert *a, const struct test_alert *b)
{
	return labels_equal(&a->labels, &b->labels) &&
	       labels_equal(&a->annotations, &b->annotations);
}

bool alerts_equal(const struct shown_alerts *a, const struct shown_alerts *b)
{
	for (uint32_t i = 0; i < a->n && i < b->n; i++)
		if (!alert_equal(&a->v[i], &b->v[i]))
			return false;
	return a->n == b->n;
}

static void quoted(const struct label *l, struct str *out)
{
	if (l)
		go_quote(out, l->value, l->value_len, GO_QUOTE);
	else
		str_add(out, "none");
}

static void show_annotation(struct page *p, const char *name, const struct label *expected,
	const struct label *got)
{
	scoped(str_fini) struct str left = STR_EMPTY, right = STR_EMPTY;

	if (expected && got && str_eq(expected->value, got->value))
		return;
	quoted(expected, &left);
	quoted(got, &right);
	pair(p, name, str_c(&left), str_c(&right));
}

static void show_annotations(struct page *p, const struct test_alert *expected,
	const struct test_alert *got)
{
	const struct labels *left = &expected->annotations, *right = &got->annotations;

	for (uint32_t i = 0; i < left->n; i++)
		show_annotation(p, left->v[i].name, &left->v[i],
			labels_find(right, left->v[i].name));
	for (uint32_t i = 0; i < right->n; i++)
		if (!labels_find(left, right->v[i].name))
			show_annotation(p, right->v[i].name, NULL, &right->v[i]);
}

void show_alerts(struct page *p, const struct shown_alerts *expected,
	const struct shown_alerts *got)
{
	uint32_t i = 0, k = 0;

	while (i < expected->n || k < got->n) {
		const struct test_alert *left = &expected->v[i], *right = &got->v[k];
		int order = i == expected->n ? 1
			    : k == got->n    ? -1
					     : labels_compare(&left->labels, &right->labels);

		if (order < 0)
			line(p, STYLE_BAD, "missing", &left->labels, "");
		else if (order > 0)
			line(p, STYLE_BAD, "unexpected", &right->labels, "");
		else if (!alert_equal(left, right))
			line(p, STYLE_BAD, "differs", &left->labels, "");
		if (order == 0 && !alert_equal(left, right))
			show_annotations(p, left, right);
		i += order <= 0;
		k += order >= 0;
	}
}

/* Samples */

static bool number_equal(double a, double b, bool is_fuzzy)
{
	return a == b ||
	       (is_fuzzy && (nextafter(a, -INFINITY) == b || nextafter(a, INFINITY) == b));
}

static bool sample_equal(const struct shown_sample *a, const struct shown_sample *b, bool is_fuzzy)
{
	if (!labels_equal(&a->labels, &b->labels) || !a->histogram != !b->histogram)
		return false;
	if (a->histogram)
		return str_eq(a->histogram, b->histogram);
	return number_equal(a->v, b->v, is_fuzzy);
}

bool samples_equal(const struct shown_samples *a, const struct shown_samples *b, bool is_fuzzy)
{
	for (uint32_t i = 0; i < a->n && i < b->n; i++)
		if (!sample_equal(&a->v[i], &b->v[i], is_fuzzy))
			return false;
	return a->n == b->n;
}

static void value(const struct shown_sample *s, struct str *out)
{
	if (s->histogram)
		str_add(out, s->histogram);
	else
		go_float(out, s->v, 'g', GO_SHORTEST);
}

static void show_sample(struct page *p, const char *word, const struct shown_sample *s)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	str_addc(&text, ' ');
	value(s, &text);
	line(p, STYLE_BAD, word, &s->labels, str_c(&text));
}

static void show_difference(struct page *p, const struct shown_sample *expected,
	const struct shown_sample *got)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	str_add(&text, ": expected ");
	value(expected, &text);
	str_add(&text, ", got ");
	value(got, &text);
	if (isnan(expected->v) && isnan(got->v))
		str_add(&text, " (NaN is equal to nothing)");
	line(p, STYLE_BAD, "differs", &got->labels, str_c(&text));
}

void show_samples(struct page *p, const struct shown_samples *expected,
	const struct shown_samples *got, bool is_fuzzy)
{
	uint32_t i = 0, k = 0;

	while (i < expected->n || k < got->n) {
		const struct shown_sample *left = &expected->v[i], *right = &got->v[k];
		int order = i == expected->n ? 1
			    : k == got->n    ? -1
					     : labels_compare(&left->labels, &right->labels);

		if (order < 0)
			show_sample(p, "missing", left);
		else if (order > 0)
			show_sample(p, "unexpected", right);
		else if (!sample_equal(left, right, is_fuzzy))
			show_difference(p, left, right);
		i += order <= 0;
		k += order >= 0;
	}
}
