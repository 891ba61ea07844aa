/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rules/test_file.h"

#include "base/golang.h"
#include "base/limits.h"
#include "base/time.h"

#include <math.h>
#include <strings.h>

#define MOMENT_S_MAX 1e12 /* some 30,000 years */

/* Lists of structs are read as they lie in these. */
struct alert_written {
	struct labels labels, annotations;
};
struct group_written {
	struct test_group group;
	struct doc_list series, alerts, expressions;
};
struct alerts_written {
	struct test_alerts alerts;
	struct doc_list expected;
};
struct expression_written {
	struct test_expression expression;
	struct doc_list expected;
};
struct file_written {
	struct test_file file;
	struct doc_list groups;
};

static void take_duration(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	struct err e = { 0 };

	if (node->kind != DOC_SCALAR)
		doc_expected(r, key, node, "a duration such as 15s or 1h30m");
	else if (go_parse_duration(node->text, to, &e) != RC_OK)
		doc_error(r, node, "%s: %s", key->name, e.text);
}

/* YAML's .nan and .inf are numbers, too. */
static bool special(const char *text, double *ret)
{
	bool is_signed = *text == '-' || *text == '+';

	if (strcasecmp(text, ".nan") == 0)
		*ret = NAN;
	else if (strcasecmp(text + is_signed, ".inf") == 0)
		*ret = *text == '-' ? -INFINITY : INFINITY;
	else
		return false;
	return true;
}

static void take_number(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	double v;

	if (node->kind == DOC_SCALAR && !node->is_quoted &&
		(special(node->text, &v) ||
			(go_parse_float(node->text, node->text_len, &v, NULL) == RC_OK &&
				isfinite(v))))
		*(double *)to = v;
	else
		doc_expected(r, key, node, "a number");
}

/* RFC 3339, or seconds since 1970. */
static void take_moment(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	struct wall t;
	double seconds;

	if (node->kind == DOC_SCALAR && wall_parse(node->text, &t, NULL) == RC_OK)
		*(int64_t *)to = t.ms;
	else if (node->kind == DOC_SCALAR &&
		 go_parse_float(node->text, node->text_len, &seconds, NULL) == RC_OK &&
		 fabs(seconds) < MOMENT_S_MAX)
		*(int64_t *)to = (int64_t)round(seconds * 1000);
	else
		doc_expected(r, key, node, "a time such as 2024-01-01T00:00:00Z, or seconds");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

/* Labels that may be empty: such a one is expected as it is written. */
static void take_labels(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	struct label *v;

	if (node->kind != DOC_MAPPING) {
		doc_expected(r, key, node, "a mapping of labels");
		return;
	}
	v = doc_alloc(r, (node->n + 1) * sizeof *v); /* one more, for alertname */
	for (uint32_t i = 0; v && i < node->n; i++) {
		const struct doc_node *value = node->values[i];
		const char *name = doc_copy(r, key, node->keys[i]);
		const char *text = value->kind == DOC_NULL ? "" : doc_copy(r, key, value);

		if (!name || !text)
			return;
		v[i] = (struct label){ name, text, (uint32_t)strlen(name), (uint32_t)strlen(text) };
	}
	if (!v)
		return;
	if (node->n > 1)
		qsort(v, node->n, sizeof *v, by_name);
	*(struct labels *)to = (struct labels){ v, node->n };
}

/* Shapes, from the inside out */

static const struct doc_key series_keys[] = {
	{ "series", doc_text, offsetof(struct test_series, series) },
	{ "values", doc_text, offsetof(struct test_series, values) },
	{ 0 },
};

static void init_series(struct doc_reader *r, void *to)
{
	(void)r;
	*(struct test_series *)to = (struct test_series){ .series = "", .values = "" };
}

static void place_series(struct doc_reader *r, const struct doc_node *node, void *to)
{
	struct test_series *s = to;

	(void)r;
	s->line = node->line;
	s->column = node->column;
}

static const struct doc_shape series_shape = { "input series", sizeof(struct test_series),
	series_keys, init_series, place_series };

static const struct doc_key alert_keys[] = {
	{ "exp_labels", take_labels, offsetof(struct alert_written, labels) },
	{ "exp_annotations", take_labels, offsetof(struct alert_written, annotations) },
	{ 0 },
};
static const struct doc_shape alert_shape = { "expected alert", sizeof(struct alert_written),
	alert_keys, NULL, NULL };

static void init_alerts(struct doc_reader *r, void *to)
{
	(void)r;
	*(struct alerts_written *)to = (struct alerts_written){ .alerts = { .alertname = "" } };
}

/* `alertname` is added to what is expected, in its place. */
static void finish_alert(struct doc_reader *r, const struct test_alerts *of,
	const struct alert_written *written, struct test_alert *ret)
{
	struct label name = { "alertname", of->alertname, 9, (uint32_t)strlen(of->alertname) };
	struct label *v = doc_alloc(r, (written->labels.n + 1) * sizeof *v);
	uint32_t n = 0;

	if (!v)
		return;
	for (uint32_t i = 0; i < written->labels.n; i++)
		if (!str_eq(written->labels.v[i].name, name.name))
			v[n++] = written->labels.v[i];
	v[n++] = name;
	qsort(v, n, sizeof *v, by_name);
	ret->labels = (struct labels){ v, n };
	ret->annotations = written->annotations;
}

static void finish_alerts(struct doc_reader *r, const struct doc_node *node, void *to)
{
	struct alerts_written *w = to;
	const struct alert_written *written = w->expected.v;

	w->alerts.line = node->line;
	w->alerts.column = node->column;
	w->alerts.expected = doc_alloc(r, w->expected.n * sizeof *w->alerts.expected);
	w->alerts.n_expected = w->alerts.expected ? w->expected.n : 0;
	for (uint32_t i = 0; i < w->alerts.n_expected; i++)
		finish_alert(r, &w->alerts, &written[i], &w->alerts.expected[i]);
}

#define ALERTS(member) offsetof(struct alerts_written, member)
static const struct doc_key alerts_keys[] = {
	{ "eval_time", take_duration, ALERTS(alerts.eval_time_ms) },
	{ "alertname", doc_text, ALERTS(alerts.alertname) },
	{ "exp_alerts", doc_list, ALERTS(expected), .shape = &alert_shape },
	{ 0 },
};
static const struct doc_shape alerts_shape = { "alert_rule_test", sizeof(struct alerts_written),
	alerts_keys, init_alerts, finish_alerts };

static void init_sample(struct doc_reader *r, void *to)
{
	(void)r;
	*(struct test_sample *)to = (struct test_sample){ .labels = "", .histogram = "" };
}

static const struct doc_key sample_keys[] = {
	{ "labels", doc_text, offsetof(struct test_sample, labels) },
	{ "value", take_number, offsetof(struct test_sample, v) },
	{ "histogram", doc_text, offsetof(struct test_sample, histogram) },
	{ 0 },
};
static const struct doc_shape sample_shape = { "expected sample", sizeof(struct test_sample),
	sample_keys, init_sample, NULL };

static void init_expression(struct doc_reader *r, void *to)
{
	(void)r;
	*(struct expression_written *)to =
		(struct expression_written){ .expression = { .expr = "" } };
}

static void finish_expression(struct doc_reader *r, const struct doc_node *node, void *to)
{
	struct expression_written *w = to;

	(void)r;
	w->expression.line = node->line;
	w->expression.column = node->column;
	w->expression.expected = w->expected.v;
	w->expression.n_expected = w->expected.n;
}

#define EXPRESSION(member) offsetof(struct expression_written, member)
static const struct doc_key expression_keys[] = {
	{ "expr", doc_text, EXPRESSION(expression.expr) },
	{ "eval_time", take_duration, EXPRESSION(expression.eval_time_ms) },
	{ "exp_samples", doc_list, EXPRESSION(expected), .shape = &sample_shape },
	{ 0 },
};
static const struct doc_shape expression_shape = { "promql_expr_test",
	sizeof(struct expression_written), expression_keys, init_expression, finish_expression };

static void init_group(struct doc_reader *r, void *to)
{
	(void)r;
	*(struct group_written *)to =
		(struct group_written){ .group = { .name = "", .external_url = "" } };
}

static void finish_group(struct doc_reader *r, const struct doc_node *node, void *to)
{
	struct group_written *w = to;
	struct test_group *g = &w->group;
	const struct alerts_written *alerts = w->alerts.v;
	const struct expression_written *expressions = w->expressions.v;

	g->line = node->line;
	g->column = node->column;
	g->series = w->series.v;
	g->n_series = w->series.n;
	g->alerts = doc_alloc(r, w->alerts.n * sizeof *g->alerts);
	g->expressions = doc_alloc(r, w->expressions.n * sizeof *g->expressions);
	if (!g->alerts || !g->expressions)
		return;
	for (uint32_t i = 0; i < w->alerts.n; i++)
		g->alerts[g->n_alerts++] = alerts[i].alerts;
	for (uint32_t i = 0; i < w->expressions.n; i++)
		g->expressions[g->n_expressions++] = expressions[i].expression;
}

#define GROUP(member) offsetof(struct group_written, member)
static const struct doc_key group_keys[] = {
	{ "interval", take_duration, GROUP(group.interval_ms) },
	{ "start_timestamp", take_moment, GROUP(group.start_ms) },
	{ "input_series", doc_list, GROUP(series), .shape = &series_shape },
	{ "alert_rule_test", doc_list, GROUP(alerts), .shape = &alerts_shape },
	{ "promql_expr_test", doc_list, GROUP(expressions), .shape = &expression_shape },
	{ "external_labels", doc_labels, GROUP(group.external_labels) },
	{ "external_url", doc_text, GROUP(group.external_url) },
	{ "name", doc_text, GROUP(group.name) },
	{ 0 },
};
static const struct doc_shape group_shape = { "test", sizeof(struct group_written), group_keys,
	init_group, finish_group };

#define FILE_(member) offsetof(struct file_written, member)
static const struct doc_key file_keys[] = {
	{ "rule_files", doc_text_list, FILE_(file.rule_files) },
	{ "evaluation_interval", take_duration, FILE_(file.evaluation_interval_ms) },
	{ "group_eval_order", doc_text_list, FILE_(file.group_eval_order) },
	{ "tests", doc_list, FILE_(groups), .shape = &group_shape },
	{ "fuzzy_compare", doc_flag, FILE_(file.is_fuzzy) },
	{ 0 },
};
static const struct doc_shape file_shape = { "test file", sizeof(struct file_written), file_keys,
	NULL, NULL };

static void check_order(struct doc_reader *r, const struct doc_node *root,
	const struct doc_texts *order)
{
	for (uint32_t i = 0; i < order->n; i++)
		for (uint32_t k = 0; k < i; k++)
			if (str_eq(order->v[i], order->v[k]))
				doc_error(r, doc_at(root, "group_eval_order"),
					"group name repeated in evaluation order: %s", order->v[i]);
}

static void finish_file(struct doc_reader *r, const struct file_written *w, struct test_file *f)
{
	const struct group_written *groups = w->groups.v;
	struct arena arena = f->arena;

	*f = w->file;
	f->arena = arena;
	if (f->evaluation_interval_ms == 0)
		f->evaluation_interval_ms = MINUTE_MS;
	f->groups = doc_alloc(r, w->groups.n * sizeof *f->groups);
	for (uint32_t i = 0; f->groups && i < w->groups.n; i++) {
		f->groups[f->n_groups] = groups[i].group;
		if (f->groups[f->n_groups].interval_ms == 0)
			f->groups[f->n_groups].interval_ms = f->evaluation_interval_ms;
		f->n_groups++;
	}
}

enum rc test_file_read(struct test_file **ret, const struct doc *doc, struct findings *findings,
	struct err *e)
{
	scoped(test_file_free) struct test_file *f = must_alloc(sizeof *f);
	struct file_written written = { 0 };
	struct doc_reader r = { .findings = findings, .within = "", .file = doc->file };
	uint32_t before = findings->n_errors;

	arena_init(&f->arena, RULE_FILE_BYTES_MAX);
	r.arena = &f->arena;
	if (doc->root && doc->root->kind != DOC_NULL) {
		doc_read(&r, &file_shape, doc->root, &written);
		check_order(&r, doc->root, &written.file.group_eval_order);
	}
	if (findings->n_errors == before) {
		r.arena = &f->arena;
		finish_file(&r, &written, f);
	}
	if (findings->n_errors > before)
		return err_set(e, RC_INPUT, "%s: %u errors", doc->file,
			findings->n_errors - before);
	*ret = TAKE(f);
	return RC_OK;
}

void test_file_free(struct test_file *f)
{
	if (!f)
		return;
	arena_fini(&f->arena);
	free(f);
}
