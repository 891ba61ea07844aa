/* SPDX-License-Identifier: Apache-2.0 */
#include "judge.h"

#include "base/pattern.h"
#include "core/promql/histogram_sum.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

#define TOLERANCE 1e-6

static bool is_near(double a, double b)
{
	double sum = fabs(a) + fabs(b), difference = fabs(a - b);

	if (is_stale(a) || is_stale(b))
		return is_stale(a) && is_stale(b);
	if (a == b || (isnan(a) && isnan(b)))
		return true;
	if (a == 0 || b == 0 || sum < DBL_MIN)
		return difference < TOLERANCE * DBL_MIN;
	return difference / fmin(sum, DBL_MAX) < TOLERANCE;
}

bool judge_expects(const struct judge *j, enum script_expectation_kind kind)
{
	for (unsigned i = 0; i < j->command->n_expectations; i++)
		if (j->command->expectations[i].kind == kind)
			return true;
	return false;
}

static bool text_matches(const struct script_expectation *x, const char *text)
{
	scoped(pattern_free) struct pattern *p = NULL;
	bool matches = false;

	if (!x->text)
		return true;
	if (!x->is_pattern)
		return strcmp(x->text, text) == 0;
	return pattern_compile(&p, x->text, PATTERN_SEARCH, NULL) == RC_OK &&
	       pattern_match(p, text, strlen(text), &matches, NULL) == RC_OK && matches;
}

bool judge_failure(const struct judge *j, const struct err *e)
{
	const struct script_command *c = j->command;

	for (unsigned i = 0; i < c->n_expectations; i++) {
		if (c->expectations[i].kind != EXPECT_FAIL)
			continue;
		if (text_matches(&c->expectations[i], e->text))
			return true;
		str_addf(j->why, "expected the error \"%s\", ", c->expectations[i].text);
	}
	str_addf(j->why, "got the error \"%s\"", e->text);
	return false;
}

/* Without the position: scripts write " (1:5)" nowhere. */
static const char *without_place(const struct judge *j, const char *text)
{
	const char *place = strrchr(text, '(');

	if (!place || place == text || text[strlen(text) - 1] != ')')
		return text;
	return arena_strndup(j->arena, text, (size_t)(place - 1 - text));
}

static bool judge_notes(const struct judge *j, const char **texts, uint32_t n, bool is_info)
{
	enum script_expectation_kind some = is_info ? EXPECT_INFO : EXPECT_WARN;
	const struct script_command *c = j->command;

	if (n && judge_expects(j, is_info ? EXPECT_NO_INFO : EXPECT_NO_WARN)) {
		str_addf(j->why, "unexpected annotation \"%s\"", texts[0]);
		return false;
	}
	for (unsigned i = 0; i < c->n_expectations; i++) {
		bool found = false;

		if (c->expectations[i].kind != some)
			continue;
		for (uint32_t k = 0; k < n; k++)
			found = found ||
				text_matches(&c->expectations[i], without_place(j, texts[k]));
		if (found)
			continue;
		str_addf(j->why, "expected the annotation \"%s\", got %s%s",
			c->expectations[i].text ? c->expectations[i].text : "any", n ? "" : "none",
			n ? texts[0] : "");
		return false;
	}
	return true;
}

static bool same_cells(const struct cell_list *a, const struct cell_list *b)
{
	uint32_t i = 0, k = 0;

	for (;;) {
		while (i < a->n && a->v[i].count == 0)
			i++;
		while (k < b->n && b->v[k].count == 0)
			k++;
		if (i == a->n || k == b->n)
			return i == a->n && k == b->n;
		if (a->v[i].index != b->v[k].index || !is_near(a->v[i].count, b->v[k].count))
			return false;
		i++, k++;
	}
}

static void add_histogram(struct str *out, const struct histogram_sum *h)
{
	str_addf(out, "{schema:%d sum:%g count:%g zero:%g/%g hint:%d", h->schema, h->sum, h->count,
		h->zero_count, h->zero_threshold, h->reset);
	for (uint32_t i = 0; i < h->positive.n; i++)
		str_addf(out, " %d:%g", h->positive.v[i].index, h->positive.v[i].count);
	for (uint32_t i = 0; i < h->negative.n; i++)
		str_addf(out, " -%d:%g", h->negative.v[i].index, h->negative.v[i].count);
	str_add(out, "}");
}

static bool same_histogram(const struct judge *j, const struct histogram *wanted,
	const struct histogram *got)
{
	scoped(histogram_sum_fini) struct histogram_sum a = { 0 };
	scoped(histogram_sum_fini) struct histogram_sum b = { 0 };

	histogram_sum_load(&a, wanted);
	histogram_sum_load(&b, got);
	if (a.schema == b.schema && is_near(a.count, b.count) && is_near(a.sum, b.sum) &&
		a.zero_threshold == b.zero_threshold && is_near(a.zero_count, b.zero_count) &&
		histogram_same_bounds(wanted, got) && same_cells(&a.positive, &b.positive) &&
		same_cells(&a.negative, &b.negative))
		return true;
	str_add(j->why, "expected ");
	add_histogram(j->why, &a);
	str_add(j->why, ", got ");
	add_histogram(j->why, &b);
	return false;
}

static bool is_value(const struct judge *j, const struct notation_value *wanted,
	const struct promql_point *p)
{
	if (!wanted->h != !p->h) {
		str_addf(j->why, "at %" PRId64 ": expected a %s, got a %s", p->t_ms,
			wanted->h ? "histogram" : "float", p->h ? "histogram" : "float");
		return false;
	}
	if (p->h)
		return same_histogram(j, wanted->h, p->h);
	if (is_near(wanted->v, p->v))
		return true;
	str_addf(j->why, "at %" PRId64 ": expected %.17g, got %.17g", p->t_ms, wanted->v, p->v);
	return false;
}

static const struct promql_series *find_series(const struct promql_result *r,
	const struct labels *l, uint32_t *ret_place)
{
	for (uint32_t i = 0; i < r->n_series; i++) {
		if (labels_equal(&r->series[i].labels, l)) {
			*ret_place = i;
			return &r->series[i];
		}
	}
	return NULL;
}

static bool judge_points(const struct judge *j, const struct notation *wanted,
	const struct promql_series *s)
{
	const struct script_command *c = j->command;
	uint32_t at = 0;

	for (uint32_t i = 0; i < wanted->n; i++) {
		int64_t t_ms = c->start_ms + (int64_t)i * c->step_ms;

		if (wanted->values[i].is_omitted)
			continue;
		if (at == s->n_points || (c->is_range && s->points[at].t_ms != t_ms)) {
			str_addf(j->why, "nothing at %" PRId64, t_ms);
			return false;
		}
		if (!is_value(j, &wanted->values[i], &s->points[at++]))
			return false;
	}
	if (at == s->n_points)
		return true;
	str_addf(j->why, "%u points more than expected", s->n_points - at);
	return false;
}

static bool judge_row(const struct judge *j, const struct promql_result *r, unsigned row)
{
	struct notation wanted;
	const struct promql_series *s;
	struct err e = { 0 };
	uint32_t place;

	str_addf(j->why, "%s: ", j->command->rows[row]);
	if (notation_parse(j->command->rows[row], j->arena, &wanted, &e) != RC_OK) {
		str_add(j->why, e.text);
		return false;
	}
	s = find_series(r, &wanted.labels, &place);
	if (!s) {
		str_add(j->why, "isn't there");
		return false;
	}
	if (judge_expects(j, EXPECT_ORDERED) && place != row) {
		str_addf(j->why, "is at place %u", place + 1);
		return false;
	}
	if (!judge_points(j, &wanted, s))
		return false;
	str_clear(j->why);
	return true;
}

static bool judge_series(const struct judge *j, const struct promql_result *r)
{
	const struct script_command *c = j->command;

	for (unsigned i = 0; i < c->n_rows; i++)
		if (!judge_row(j, r, i))
			return false;
	if (r->n_series == c->n_rows)
		return true;
	str_addf(j->why, "%u series, not %u; such as {", r->n_series, c->n_rows);
	for (uint32_t i = 0; r->n_series && i < r->series[0].labels.n; i++)
		str_addf(j->why, "%s=%s,", r->series[0].labels.v[i].name,
			r->series[0].labels.v[i].value);
	str_addf(j->why, "} %g", r->n_series ? r->series[0].points[0].v : 0);
	return false;
}

static bool judge_scalar(const struct judge *j, double v)
{
	if (j->command->is_scalar && is_near(v, j->command->scalar))
		return true;
	str_addf(j->why, "expected %.17g, got %.17g", j->command->scalar, v);
	return false;
}

bool judge_result(const struct judge *j, const struct promql_result *r)
{
	if (judge_expects(j, EXPECT_FAIL)) {
		str_add(j->why, "expected an error");
		return false;
	}
	if (!judge_notes(j, r->warnings, r->n_warnings, false) ||
		!judge_notes(j, r->infos, r->n_infos, true))
		return false;
	if (r->type == PROMQL_STRING)
		return true;
	return r->type == PROMQL_SCALAR ? judge_scalar(j, r->scalar.v) : judge_series(j, r);
}

bool judge_middle(const struct judge *j, const struct promql_result *r)
{
	struct promql_result middle = *r;

	middle.series = arena_alloc(j->arena, r->n_series * sizeof *r->series);
	middle.n_series = 0;
	for (uint32_t i = 0; i < r->n_series; i++) {
		const struct promql_series *s = &r->series[i];

		for (uint32_t k = 0; k < s->n_points; k++)
			if (s->points[k].t_ms == j->command->start_ms)
				middle.series[middle.n_series++] =
					(struct promql_series){ s->labels, &s->points[k], 1 };
	}
	if (j->command->is_scalar)
		return middle.n_series == 1 && judge_scalar(j, middle.series[0].points[0].v);
	return judge_series(j, &middle);
}
