/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rules/test_run.h"

#include "base/histogram.h"
#include "cli/rules/test_show.h"
#include "core/promql/histogram_sum.h"
#include "core/promql/memory_source.h"
#include "core/promql/notation.h"
#include "core/promql/print.h"
#include "core/rules/rules.h"
#include "node/rules_world.h"

#define RUN_BYTES_MAX ((size_t)1024 * 1024 * 1024) /* of one group's input, and of its results */

struct input { /* a series, and how far it has been given */
	struct labels labels;
	const struct notation_value *values;
	uint32_t n, next;
};

struct run {
	const struct test_job *job;
	const struct test_group *g;
	struct page *page;
	struct memory_source *memory;
	struct series_sink sink;
	struct series_source source;
	struct rules_promql promql;
	struct rules_world world;
	struct rules *rules;
	struct rules_outside outside;
	uint32_t *order;    /* of groups */
	struct arena arena; /* of the inputs */
	struct input *inputs;
	uint32_t n_inputs;
	uint32_t n_failures;
	bool is_over; /* a rule failed: what follows would say little */
};

static void duration(int64_t ms, struct str *out)
{
	if (ms == 0)
		str_add(out, "0s");
	else
		promql_print_duration(out, ms);
}

/* "  FAILED rules_test.yaml:12: " */
static void begin_failure(struct run *r, uint32_t line)
{
	r->n_failures++;
	page_add(r->page, STYLE_BAD, "  FAILED ");
	page_addf(r->page, STYLE_PLAIN, "%s:%u: ", r->job->path, line);
	if (*r->g->name)
		page_addf(r->page, STYLE_PLAIN, "%s: ", r->g->name);
}

static void fail(struct run *r, uint32_t line, const char *fmt, ...) PRINTF(3, 4);
static void fail(struct run *r, uint32_t line, const char *fmt, ...)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	begin_failure(r, line);
	page_add(r->page, STYLE_PLAIN, str_c(&text));
	page_line(r->page);
}

/* Inputs */

/* A series that is given twice is what was given last. */
static struct input *input_of(struct run *r, const struct labels *labels)
{
	for (uint32_t i = 0; i < r->n_inputs; i++)
		if (labels_equal(&r->inputs[i].labels, labels))
			return &r->inputs[i];
	return &r->inputs[r->n_inputs++];
}

/* What Prometheus' store, in which promtool puts the inputs, says of a histogram after `before`: that
 * a counter went on, or nothing; of a reset it knows no more when it is read. */
static uint8_t reset_after(const struct histogram *h, const struct histogram *before)
{
	struct histogram unhinted = *h;

	if (h->reset == HISTOGRAM_GAUGE)
		return HISTOGRAM_GAUGE;
	if (h->reset == HISTOGRAM_RESET || !before || before->reset == HISTOGRAM_GAUGE)
		return HISTOGRAM_UNKNOWN;
	if (h->schema != before->schema || h->zero_threshold != before->zero_threshold)
		return HISTOGRAM_UNKNOWN;
	unhinted.reset = HISTOGRAM_UNKNOWN;
	return histogram_is_reset(&unhinted, before) ? HISTOGRAM_UNKNOWN : HISTOGRAM_NOT_RESET;
}

static bool hint_resets(struct run *r, const struct notation *n)
{
	const struct histogram *before = NULL;

	for (uint32_t i = 0; i < n->n; i++) {
		struct notation_value *v = &n->values[i];
		struct histogram *hinted;

		if (v->is_omitted)
			continue;
		if (v->h) {
			hinted = arena_alloc(&r->arena, sizeof *hinted);
			if (!hinted)
				return false;
			*hinted = *v->h;
			hinted->reset = reset_after(v->h, before);
			v->h = hinted;
		}
		before = v->h;
	}
	return true;
}

static bool read_input(struct run *r, const struct test_series *s)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct notation n;
	struct err e = { 0 };

	str_addf(&text, "%s %s", s->series, s->values);
	if (notation_parse(str_c(&text), &r->arena, &n, &e) != RC_OK) {
		fail(r, s->line, "%s", e.text);
		return false;
	}
	if (!hint_resets(r, &n)) {
		fail(r, s->line, "more histograms than are taken at once");
		return false;
	}
	*input_of(r, &n.labels) = (struct input){ n.labels, n.values, n.n, 0 };
	return true;
}

static bool read_inputs(struct run *r)
{
	bool is_good = true;

	r->inputs = must_alloc((r->g->n_series + 1) * sizeof *r->inputs);
	for (uint32_t i = 0; i < r->g->n_series; i++)
		is_good = read_input(r, &r->g->series[i]) && is_good;
	return is_good;
}

static enum series_verdict append(struct run *r, series_ref ref, int64_t t_ms,
	const struct notation_value *v)
{
	if (v->h)
		return r->sink.append_histogram(r->sink.self, ref, t_ms, v->h);
	return r->sink.append(r->sink.self, ref, t_ms, v->v);
}

/* The next of its values up to that time. */
static void give(struct run *r, struct input *in, int64_t until_ms)
{
	series_ref ref = 0;

	for (; in->next < in->n && in->next * r->g->interval_ms <= until_ms; in->next++) {
		const struct notation_value *v = &in->values[in->next];

		if (v->is_omitted)
			continue;
		if (!ref && r->sink.series(r->sink.self, &in->labels, &ref, NULL) != RC_OK)
			return;
		if (append(r, ref, r->g->start_ms + in->next * r->g->interval_ms, v) >
			SERIES_SAME) {
			scoped(str_fini) struct str shown = STR_EMPTY;

			show_labels(&in->labels, &shown);
			fail(r, r->g->line,
				"%s: the value at %lld s doesn't fit after what a rule wrote",
				str_c(&shown), (long long)(in->next * r->g->interval_ms / 1000));
			in->next = in->n;
			return;
		}
	}
}

static void give_until(struct run *r, int64_t until_ms)
{
	for (uint32_t i = 0; i < r->n_inputs; i++)
		give(r, &r->inputs[i], until_ms);
	if (r->sink.commit(r->sink.self, NULL) != RC_OK)
		fail(r, r->g->line, "the values could not be kept");
}

/* Evaluations */

static void evaluate(struct run *r, uint32_t group, uint32_t index, int64_t at_ms)
{
	const struct wall now = { r->g->start_ms + at_ms };
	struct rules_job job = rules_job(r->rules, group, index, now.ms);
	scoped(rule_outcome_fini) struct rule_outcome o;
	uint32_t n;

	rule_evaluate(&job, &r->world, &r->outside, &o);
	rules_end(r->rules, now, &job, &o, &n);
}

static void report_rule(struct run *r, uint32_t group, uint32_t index, int64_t at_ms)
{
	struct rule_view v = rules_rule(r->rules, group, index);
	scoped(str_fini) struct str at = STR_EMPTY;

	if (v.health != RULE_BAD)
		return;
	duration(at_ms, &at);
	fail(r, r->g->line, "rule %s, at %s: %s", v.rule->name, str_c(&at), v.error);
	r->is_over = true;
}

static void evaluate_all(struct run *r, int64_t at_ms)
{
	for (uint32_t i = 0; i < rules_group_count(r->rules); i++) {
		uint32_t group = r->order[i], n = rules_group(r->rules, group).n_rules;

		for (uint32_t k = 0; k < n; k++)
			evaluate(r, group, k, at_ms);
		for (uint32_t k = 0; k < n; k++)
			report_rule(r, group, k, at_ms);
	}
}

/* Alerts */

static int by_labels(const void *left, const void *right)
{
	const struct test_alert *a = left, *b = right;
	int order = labels_compare(&a->labels, &b->labels);

	return order ? order : labels_compare(&a->annotations, &b->annotations);
}

static uint32_t firing_of(const struct run *r, const char *name, struct test_alert *ret)
{
	uint32_t n = 0;

	for (uint32_t g = 0; g < rules_group_count(r->rules); g++)
		for (uint32_t i = 0; i < rules_group(r->rules, g).n_rules; i++) {
			struct rule_view v = rules_rule(r->rules, g, i);

			for (uint32_t k = 0;
				k < v.n_alerts && v.rule->is_alert && str_eq(v.rule->name, name);
				k++) {
				if (v.alerts[k].state != RULE_FIRING)
					continue;
				if (ret)
					ret[n] = (struct test_alert){ v.alerts[k].labels,
						v.alerts[k].annotations };
				n++;
			}
		}
	return n;
}

static void check_alerts(struct run *r, const struct test_alerts *t)
{
	uint32_t n = firing_of(r, t->alertname, NULL);
	struct test_alert *got = must_alloc((n + 1) * sizeof *got);
	struct shown_alerts left = { t->expected, t->n_expected }, right = { got, n };
	scoped(str_fini) struct str at = STR_EMPTY;

	firing_of(r, t->alertname, got);
	qsort(got, n, sizeof *got, by_labels);
	if (t->n_expected > 1)
		qsort(t->expected, t->n_expected, sizeof *t->expected, by_labels);
	if (!alerts_equal(&left, &right)) {
		duration(t->eval_time_ms, &at);
		begin_failure(r, t->line);
		page_addf(r->page, STYLE_PLAIN, "alert %s at %s: expected %u, got %u", t->alertname,
			str_c(&at), t->n_expected, n);
		page_line(r->page);
		show_alerts(r->page, &left, &right);
	}
	free(got);
}

static bool names_alerts(struct run *r)
{
	scoped(str_fini) struct str at = STR_EMPTY;

	for (uint32_t i = 0; i < r->g->n_alerts; i++)
		if (!*r->g->alerts[i].alertname) {
			duration(r->g->alerts[i].eval_time_ms, &at);
			fail(r, r->g->alerts[i].line,
				"an item under alert_rule_test misses required attribute alertname "
				"at eval_time %s",
				str_c(&at));
			return false;
		}
	return true;
}

/* Expressions */

static int by_series(const void *left, const void *right)
{
	return labels_compare(&((const struct shown_sample *)left)->labels,
		&((const struct shown_sample *)right)->labels);
}

static const char *notation_of(const struct histogram *h, struct arena *a)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	histogram_notation(h, &text);
	return arena_strdup(a, str_c(&text));
}

static enum rc read_histogram(const char *text, struct arena *a, const char **ret, struct err *e)
{
	scoped(str_fini) struct str line = STR_EMPTY;
	struct notation n;
	enum rc rc;

	str_addf(&line, "{} %s", text);
	rc = notation_parse(str_c(&line), a, &n, e);
	if (rc != RC_OK)
		return rc;
	if (n.n != 1 || n.values[0].is_omitted || !n.values[0].h)
		return err_set(e, RC_INPUT, "expected one histogram, got %s", text);
	*ret = notation_of(n.values[0].h, a);
	return RC_OK;
}

static bool read_expected(struct run *r, const struct test_expression *t, struct arena *a,
	struct shown_samples *ret)
{
	struct shown_sample *v = arena_alloc(a, (t->n_expected + 1) * sizeof *v);
	struct err e = { 0 };

	for (uint32_t i = 0; v && i < t->n_expected; i++) {
		const struct test_sample *s = &t->expected[i];
		enum rc rc = RC_OK;

		if (s->labels[strspn(s->labels, " \t\n")]) /* else: none */
			rc = notation_parse_labels(s->labels, a, &v[i].labels, &e);
		v[i].v = s->v;
		if (rc == RC_OK && *s->histogram)
			rc = read_histogram(s->histogram, a, &v[i].histogram, &e);
		if (rc != RC_OK) {
			fail(r, t->line, "labels '%s': %s", s->labels, e.text);
			return false;
		}
	}
	if (v)
		qsort(v, t->n_expected, sizeof *v, by_series);
	*ret = (struct shown_samples){ v, v ? t->n_expected : 0 };
	return true;
}

static bool read_got(struct run *r, const struct test_expression *t, struct arena *a,
	struct shown_samples *ret)
{
	scoped(str_fini) struct str at = STR_EMPTY;
	struct rules_vector vector;
	struct shown_sample *v;
	struct err e = { 0 };

	duration(t->eval_time_ms, &at);
	if (rules_promql_query(&r->promql, t->expr, r->g->start_ms + t->eval_time_ms, a, &vector,
		    &e) != RC_OK) {
		fail(r, t->line, "%s at %s: %s", t->expr, str_c(&at), e.text);
		return false;
	}
	v = arena_alloc(a, (vector.n + 1) * sizeof *v);
	for (uint32_t i = 0; v && i < vector.n; i++) {
		v[i] = (struct shown_sample){ vector.v[i].labels, vector.v[i].v, NULL };
		if (vector.v[i].h)
			v[i].histogram = notation_of(vector.v[i].h, a);
	}
	if (v)
		qsort(v, vector.n, sizeof *v, by_series);
	*ret = (struct shown_samples){ v, v ? vector.n : 0 };
	return true;
}

static void check_expression(struct run *r, const struct test_expression *t)
{
	bool is_fuzzy = r->job->tests->is_fuzzy;
	scoped(arena_fini) struct arena a;
	scoped(str_fini) struct str at = STR_EMPTY;
	struct shown_samples expected, got;

	arena_init(&a, RUN_BYTES_MAX);
	if (!read_got(r, t, &a, &got) || !read_expected(r, t, &a, &expected))
		return;
	if (samples_equal(&expected, &got, is_fuzzy))
		return;
	duration(t->eval_time_ms, &at);
	begin_failure(r, t->line);
	page_addf(r->page, STYLE_PLAIN, "%s at %s: expected %u, got %u", t->expr, str_c(&at),
		expected.n, got.n);
	page_line(r->page);
	show_samples(r->page, &expected, &got, is_fuzzy);
}

/* The whole */

static int64_t last_time(const struct test_group *g)
{
	int64_t last_ms = 0;

	for (uint32_t i = 0; i < g->n_alerts; i++)
		if (g->alerts[i].eval_time_ms > last_ms)
			last_ms = g->alerts[i].eval_time_ms;
	for (uint32_t i = 0; i < g->n_expressions; i++)
		if (g->expressions[i].eval_time_ms > last_ms)
			last_ms = g->expressions[i].eval_time_ms;
	return last_ms;
}

static uint32_t rank_of(const struct run *r, uint32_t group)
{
	const struct doc_texts *order = &r->job->tests->group_eval_order;
	const char *name = rules_group(r->rules, group).group->name;

	for (uint32_t i = 0; i < order->n; i++)
		if (str_eq(order->v[i], name))
			return i;
	return 0;
}

/* As the test file says; else as the files have them. */
static void order_groups(struct run *r)
{
	uint32_t n = rules_group_count(r->rules);

	r->order = must_alloc((n + 1) * sizeof *r->order);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = i;

		for (; at > 0 && rank_of(r, r->order[at - 1]) > rank_of(r, i); at--)
			r->order[at] = r->order[at - 1];
		r->order[at] = i;
	}
}

static void init(struct run *r)
{
	struct rules_config c = { .files = (const struct rule_file *const *)r->job->files->v,
		.n_files = r->job->files->n,
		.interval_ms = r->g->interval_ms };

	arena_init(&r->arena, RUN_BYTES_MAX);
	r->memory = memory_source_new();
	r->sink = memory_source_sink(r->memory);
	r->source = memory_source_source(r->memory);
	r->promql = (struct rules_promql){ .source = &r->source,
		.default_step_ms = r->job->tests->evaluation_interval_ms };
	r->world = rules_world_over(&r->promql);
	r->outside = (struct rules_outside){ r->g->external_labels, r->g->external_url };
	c.sink = r->sink;
	c.outside = r->outside;
	r->rules = rules_new(&c, (struct wall){ r->g->start_ms });
	order_groups(r);
}

static void fini(struct run *r)
{
	rules_free(r->rules);
	memory_source_free(r->memory);
	arena_fini(&r->arena);
	free(r->inputs);
	free(r->order);
}

static void run_times(struct run *r)
{
	int64_t step_ms = r->job->tests->evaluation_interval_ms, last_ms = last_time(r->g);

	for (int64_t t = 0; t <= last_ms && !r->is_over; t += step_ms) {
		give_until(r, t);
		evaluate_all(r, t);
		for (uint32_t i = 0; i < r->g->n_alerts && !r->is_over; i++)
			if (r->g->alerts[i].eval_time_ms >= t &&
				r->g->alerts[i].eval_time_ms < t + step_ms)
				check_alerts(r, &r->g->alerts[i]);
	}
	for (uint32_t i = 0; i < r->g->n_expressions && !r->is_over; i++)
		check_expression(r, &r->g->expressions[i]);
}

uint32_t test_group_run(const struct test_job *job, uint32_t group, struct page *page)
{
	struct run r = { .job = job, .g = &job->tests->groups[group], .page = page };

	init(&r);
	if (read_inputs(&r) && names_alerts(&r))
		run_times(&r);
	fini(&r);
	return r.n_failures;
}
