/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a node takes several lines is found out by printing it into very little room: that ends
 * once the room is used up, so that the cost doesn't multiply with the depth.
 */
#include "core/promql/print.h"

#include "base/golang.h"
#include "base/series.h"
#include "core/promql/functions.h"
#include "core/promql/operators.h"
#include "core/promql/quoted.h"

#include <inttypes.h>

#define LINE_BYTES_MAX 100

struct printer {
	struct str *out;
	bool is_measuring; /* only the length counts */
};

static void print(struct printer *p, const struct promql_node *n);

void promql_print_duration(struct str *out, int64_t ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
		bool is_whole; /* used only when nothing is left over: 90d rather than 12w6d */
	} units[] = {
		{ "y", INT64_C(365) * 86400000, true },
		{ "w", INT64_C(7) * 86400000, true },
		{ "d", 86400000, false },
		{ "h", 3600000, false },
		{ "m", 60000, false },
		{ "s", 1000, false },
		{ "ms", 1, false },
	};

	if (ms == 0)
		str_add(out, "0s");
	for (size_t i = 0; i < COUNT(units); i++) {
		int64_t n = ms / units[i].ms;

		if (n == 0 || (units[i].is_whole && ms % units[i].ms != 0))
			continue;
		str_addf(out, "%" PRId64 "%s", n, units[i].unit);
		ms -= n * units[i].ms;
	}
}

/* Quoting never makes a text shorter. */
static void print_quoted(struct printer *p, const char *s, size_t n)
{
	if (p->is_measuring && n > LINE_BYTES_MAX)
		p->out->is_cut = true;
	else
		go_quote(p->out, s, n, GO_QUOTE);
}

static void print_name(struct printer *p, const char *s, const char *more)
{
	if (quoted_is_plain(s, more))
		str_add(p->out, s);
	else
		print_quoted(p, s, strlen(s));
}

static void print_names(struct printer *p, const struct promql_names *names)
{
	str_addc(p->out, '(');
	for (uint32_t i = 0; i < names->n && !p->out->is_cut; i++) {
		if (i > 0)
			str_add(p->out, ", ");
		print_name(p, names->v[i], ":");
	}
	str_addc(p->out, ')');
}

static void print_shift(struct printer *p, const struct promql_shift *s)
{
	if (s->at == PROMQL_AT_TIME) {
		str_add(p->out, " @ ");
		go_float(p->out, (double)s->at_ms / 1000, 'f', 3);
	} else if (s->at != PROMQL_AT_NONE) {
		str_add(p->out, s->at == PROMQL_AT_START ? " @ start()" : " @ end()");
	}
	if (s->offset_ms == 0)
		return;
	str_add(p->out, s->offset_ms > 0 ? " offset " : " offset -");
	promql_print_duration(p->out, s->offset_ms > 0 ? s->offset_ms : -s->offset_ms);
}

static void print_matcher(struct printer *p, const struct matcher *m)
{
	print_name(p, matcher_name(m), "");
	str_add(p->out, matcher_op_text(matcher_op(m)));
	print_quoted(p, matcher_value(m), strlen(matcher_value(m)));
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The matcher that the metric's name stands for isn't shown. */
static uint32_t shown_matchers(const struct promql_selector *s)
{
	return s->n_matchers - (s->metric != NULL);
}

static void print_sorted(struct printer *p, const struct promql_selector *s)
{
	uint32_t n = shown_matchers(s);
	char **texts = must_alloc(n * sizeof *texts);

	for (uint32_t i = 0; i < n; i++) {
		struct str text = STR_EMPTY;
		struct printer one = { .out = &text };

		print_matcher(&one, s->matchers[i]);
		texts[i] = str_take(&text);
	}
	qsort(texts, n, sizeof *texts, compare_texts);
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0)
			str_addc(p->out, ',');
		str_add(p->out, texts[i]);
		free(texts[i]);
	}
	free(texts);
}

static void print_matchers(struct printer *p, const struct promql_selector *s)
{
	if (!p->is_measuring) {
		print_sorted(p, s);
		return;
	}
	for (uint32_t i = 0; i < shown_matchers(s) && !p->out->is_cut; i++) {
		if (i > 0)
			str_addc(p->out, ',');
		print_matcher(p, s->matchers[i]);
	}
}

/* Without offset and @. */
static void print_selected(struct printer *p, const struct promql_selector *s)
{
	if (s->metric)
		str_add(p->out, s->metric);
	if (shown_matchers(s) == 0)
		return;
	str_addc(p->out, '{');
	print_matchers(p, s);
	str_addc(p->out, '}');
}

static void print_selector(struct printer *p, const struct promql_node *n)
{
	print_selected(p, &n->selector);
	print_shift(p, &n->selector.shift);
}

static void print_range(struct printer *p, const struct promql_node *n)
{
	const struct promql_selector *s = &n->range.selector->selector;

	print_selected(p, s);
	str_addc(p->out, '[');
	promql_print_duration(p->out, n->range.range_ms);
	str_addc(p->out, ']');
	print_shift(p, &s->shift);
}

/* What stands behind the inner expression. */
static void print_window(struct printer *p, const struct promql_node *n)
{
	str_addc(p->out, '[');
	promql_print_duration(p->out, n->subquery.range_ms);
	str_addc(p->out, ':');
	if (n->subquery.step_ms != 0)
		promql_print_duration(p->out, n->subquery.step_ms);
	str_addc(p->out, ']');
	print_shift(p, &n->subquery.shift);
}

static void print_subquery(struct printer *p, const struct promql_node *n)
{
	print(p, n->subquery.inner);
	print_window(p, n);
}

static void print_number(struct printer *p, const struct promql_node *n)
{
	if (!n->is_duration) {
		go_float(p->out, n->number, 'f', GO_SHORTEST);
		return;
	}
	if (n->number < 0)
		str_addc(p->out, '-');
	promql_print_duration(p->out,
		(int64_t)((n->number < 0 ? -n->number : n->number) * 1e9) / 1000000);
}

static void print_text(struct printer *p, const struct promql_node *n)
{
	print_quoted(p, n->text.s, n->text.n);
}

static void print_call(struct printer *p, const struct promql_node *n)
{
	str_add(p->out, n->call.function->name);
	str_addc(p->out, '(');
	for (uint32_t i = 0; i < n->call.n_args; i++) {
		if (i > 0)
			str_add(p->out, ", ");
		print(p, n->call.args[i]);
	}
	str_addc(p->out, ')');
}

/* sum by (a) */
static void print_aggregator(struct printer *p, const struct promql_node *n)
{
	str_add(p->out, promql_aggregators[n->aggregate.op].text);
	if (!n->aggregate.is_without && n->aggregate.grouping.n == 0)
		return;
	str_add(p->out, n->aggregate.is_without ? " without " : " by ");
	print_names(p, &n->aggregate.grouping);
	str_addc(p->out, ' ');
}

static void print_aggregate(struct printer *p, const struct promql_node *n)
{
	print_aggregator(p, n);
	str_addc(p->out, '(');
	if (n->aggregate.param) {
		print(p, n->aggregate.param);
		str_add(p->out, ", ");
	}
	print(p, n->aggregate.inner);
	str_addc(p->out, ')');
}

static void print_matching(struct printer *p, const struct promql_matching *m)
{
	bool is_grouped = m->card == PROMQL_MANY_TO_ONE || m->card == PROMQL_ONE_TO_MANY;

	if (m->names.n == 0 && !m->is_on && !is_grouped)
		return;
	str_add(p->out, m->is_on ? " on " : " ignoring ");
	print_names(p, &m->names);
	if (!is_grouped)
		return;
	str_add(p->out, m->card == PROMQL_MANY_TO_ONE ? " group_left " : " group_right ");
	print_names(p, &m->include);
}

/* == bool on (a) */
static void print_operator(struct printer *p, const struct promql_node *n)
{
	str_add(p->out, promql_operators[n->binary.op].text);
	if (n->binary.is_bool)
		str_add(p->out, " bool");
	if (n->binary.matching)
		print_matching(p, n->binary.matching);
}

static void print_binary(struct printer *p, const struct promql_node *n)
{
	print(p, n->binary.left);
	str_addc(p->out, ' ');
	print_operator(p, n);
	str_addc(p->out, ' ');
	print(p, n->binary.right);
}

static void print_unary(struct printer *p, const struct promql_node *n)
{
	str_addc(p->out, n->kind == PROMQL_NEGATE ? '-' : '+');
	print(p, n->inner);
}

static void print_paren(struct printer *p, const struct promql_node *n)
{
	str_addc(p->out, '(');
	print(p, n->inner);
	str_addc(p->out, ')');
}

static void print(struct printer *p, const struct promql_node *n)
{
	static void (*const prints[])(struct printer *, const struct promql_node *) = {
		[PROMQL_NUMBER] = print_number,
		[PROMQL_TEXT] = print_text,
		[PROMQL_SELECTOR] = print_selector,
		[PROMQL_RANGE] = print_range,
		[PROMQL_SUBQUERY] = print_subquery,
		[PROMQL_CALL] = print_call,
		[PROMQL_AGGREGATE] = print_aggregate,
		[PROMQL_BINARY] = print_binary,
		[PROMQL_NEGATE] = print_unary,
		[PROMQL_PLUS] = print_unary,
		[PROMQL_PAREN] = print_paren,
	};

	if (!p->out->is_cut)
		prints[n->kind](p, n);
}

void promql_print(const struct promql_node *n, struct str *out)
{
	struct printer p = { .out = out };

	print(&p, n);
}

static void pretty(struct printer *p, const struct promql_node *n, unsigned level);

static void indent(struct printer *p, unsigned level)
{
	while (level--)
		str_add(p->out, "  ");
}

static bool fits_line(const struct promql_node *n)
{
	scoped(str_fini) struct str text = { .limit_bytes = LINE_BYTES_MAX };
	struct printer p = { .out = &text, .is_measuring = true };

	print(&p, n);
	return !text.is_cut;
}

/* A new line for the parenthesis that closes. */
static void close_paren(struct printer *p, unsigned level)
{
	str_addc(p->out, '\n');
	indent(p, level);
	str_addc(p->out, ')');
}

static void pretty_aggregate(struct printer *p, const struct promql_node *n, unsigned level)
{
	indent(p, level);
	print_aggregator(p, n);
	str_add(p->out, "(\n");
	if (n->aggregate.param) {
		pretty(p, n->aggregate.param, level + 1);
		str_add(p->out, ",\n");
	}
	pretty(p, n->aggregate.inner, level + 1);
	close_paren(p, level);
}

static void pretty_binary(struct printer *p, const struct promql_node *n, unsigned level)
{
	pretty(p, n->binary.left, level + 1);
	str_addc(p->out, '\n');
	indent(p, level);
	print_operator(p, n);
	str_addc(p->out, '\n');
	pretty(p, n->binary.right, level + 1);
}

static void pretty_call(struct printer *p, const struct promql_node *n, unsigned level)
{
	indent(p, level);
	str_addf(p->out, "%s(\n", n->call.function->name);
	for (uint32_t i = 0; i < n->call.n_args; i++) {
		if (i > 0)
			str_add(p->out, ",\n");
		pretty(p, n->call.args[i], level + 1);
	}
	close_paren(p, level);
}

static void pretty_paren(struct printer *p, const struct promql_node *n, unsigned level)
{
	indent(p, level);
	str_add(p->out, "(\n");
	pretty(p, n->inner, level + 1);
	close_paren(p, level);
}

static void pretty_subquery(struct printer *p, const struct promql_node *n, unsigned level)
{
	pretty(p, n->subquery.inner, level);
	print_window(p, n);
}

/* The sign stands where the expression would have been indented. */
static void pretty_unary(struct printer *p, const struct promql_node *n, unsigned level)
{
	scoped(str_fini) struct str inner = STR_EMPTY;
	struct printer below = { .out = &inner };

	indent(p, level);
	str_addc(p->out, n->kind == PROMQL_NEGATE ? '-' : '+');
	pretty(&below, n->inner, level);
	str_add(p->out, str_c(&inner) + strspn(str_c(&inner), " "));
}

static void pretty(struct printer *p, const struct promql_node *n, unsigned level)
{
	/* What has none stays on its line whatever its length. */
	static void (*const pretties[])(struct printer *, const struct promql_node *, unsigned) = {
		[PROMQL_SUBQUERY] = pretty_subquery,
		[PROMQL_CALL] = pretty_call,
		[PROMQL_AGGREGATE] = pretty_aggregate,
		[PROMQL_BINARY] = pretty_binary,
		[PROMQL_NEGATE] = pretty_unary,
		[PROMQL_PLUS] = pretty_unary,
		[PROMQL_PAREN] = pretty_paren,
	};

	if (pretties[n->kind] && !fits_line(n)) {
		pretties[n->kind](p, n, level);
		return;
	}
	/* Prometheus forgets to indent a subquery that fits. */
	if (n->kind != PROMQL_SUBQUERY)
		indent(p, level);
	print(p, n);
}

void promql_pretty(const struct promql_node *n, struct str *out)
{
	struct printer p = { .out = out };

	pretty(&p, n, 0);
}
