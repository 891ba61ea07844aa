/* SPDX-License-Identifier: Apache-2.0 */
#include "node/rules_world.h"

#include "base/histogram.h"
#include "core/promql/engine.h"
#include "core/promql/functions.h"
#include "core/promql/parse.h"
#include "core/promql/print.h"
#include "core/template/template.h"

struct parsed {
	const char *text;
	const struct promql_node *root;
};

static enum rc parse(void *ctx, const char *expression, struct arena *a, const void **ret,
	struct err *e)
{
	const struct rules_promql *p = ctx;
	struct promql_parse how = { .allow_experimental = p->allow_experimental };
	struct parsed *parsed = arena_alloc(a, sizeof *parsed);
	struct promql_node *root;
	enum rc rc;

	if (!parsed || !(parsed->text = arena_strdup(a, expression)))
		return err_set(e, RC_LIMIT, "no room for the expression");
	how.text = parsed->text;
	rc = promql_parse(&how, a, &root, e);
	if (rc != RC_OK)
		return rc;
	parsed->root = root;
	*ret = parsed;
	return RC_OK;
}

/* ---- what an expression reads */

struct seeking {
	struct arena *arena;
	const char **v;
	uint32_t n, cap; /* counted beyond what fits */
	bool is_ready_for_none;
};

static const char *metric_of(const struct promql_selector *s)
{
	for (uint32_t i = 0; !s->metric && i < s->n_matchers; i++)
		if (matcher_op(s->matchers[i]) == MATCHER_EQUAL &&
			str_eq(matcher_name(s->matchers[i]), METRIC_NAME))
			return matcher_value(s->matchers[i]);
	return s->metric ? s->metric : "";
}

static void seek(struct seeking *to, const struct promql_node *node);

static void seek_selector(struct seeking *to, const struct promql_selector *s)
{
	if (to->n < to->cap)
		to->v[to->n] = arena_strdup(to->arena, metric_of(s));
	to->n++;
}

static void seek_call(struct seeking *to, const struct promql_node *node)
{
	to->is_ready_for_none |= str_starts(node->call.function->name, "absent");
	for (uint32_t i = 0; i < node->call.n_args; i++)
		seek(to, node->call.args[i]);
}

/* What stands for the other side where that one has nothing reads no series itself. */
static void seek_binary(struct seeking *to, const struct promql_node *node)
{
	uint32_t before = to->n, between;

	seek(to, node->binary.left);
	between = to->n;
	seek(to, node->binary.right);
	if (node->binary.op == PROMQL_OR && to->n > before)
		to->is_ready_for_none |= between == before || to->n == between;
}

static void seek(struct seeking *to, const struct promql_node *node)
{
	switch (node->kind) {
	case PROMQL_SELECTOR:
		seek_selector(to, &node->selector);
		break;
	case PROMQL_RANGE:
		seek(to, node->range.selector);
		break;
	case PROMQL_SUBQUERY:
		seek(to, node->subquery.inner);
		break;
	case PROMQL_CALL:
		seek_call(to, node);
		break;
	case PROMQL_AGGREGATE:
		seek(to, node->aggregate.inner);
		if (node->aggregate.param)
			seek(to, node->aggregate.param);
		break;
	case PROMQL_BINARY:
		seek_binary(to, node);
		break;
	case PROMQL_NEGATE:
	case PROMQL_PLUS:
	case PROMQL_PAREN:
		seek(to, node->inner);
		break;
	case PROMQL_NUMBER:
	case PROMQL_TEXT:
		break;
	}
}

static enum rc reads(void *ctx, const void *expression, struct arena *a, struct rules_reads *ret)
{
	const struct parsed *parsed = expression;
	struct seeking counting = { 0 }, to = { .arena = a };

	(void)ctx;
	seek(&counting, parsed->root);
	to.cap = counting.n;
	to.v = arena_alloc(a, (to.cap + 1) * sizeof *to.v);
	if (!to.v)
		return RC_LIMIT;
	seek(&to, parsed->root);
	for (uint32_t i = 0; i < to.n; i++)
		if (!to.v[i])
			return RC_LIMIT;
	*ret = (struct rules_reads){ to.v, to.n, to.is_ready_for_none };
	return RC_OK;
}

/* The text as it is behind the prologue that Prometheus puts before each. */
static enum rc parse_template(void *ctx, const char *name, const char *text, struct arena *a,
	const void **ret, struct str *why)
{
	scoped(str_fini) struct str whole = STR_EMPTY;
	struct template *t;
	enum rc rc;

	(void)ctx;
	str_add(&whole, TEMPLATE_ALERT_PROLOGUE);
	str_add(&whole, text);
	rc = template_new(&t, name, str_c(&whole), a, why);
	if (rc == RC_OK)
		*ret = t;
	return rc;
}

void rules_expression(const void *parsed, struct str *out)
{
	promql_print(((const struct parsed *)parsed)->root, out);
}

/* Results */

static enum rc keep_sample(const struct labels *labels, const struct promql_point *point,
	struct arena *a, struct rules_sample *ret)
{
	ret->v = point->v;
	ret->h = NULL;
	if (!labels_copy(labels, a, &ret->labels))
		return RC_LIMIT;
	if (point->h) {
		ret->h = histogram_copy(point->h, a);
		if (!ret->h)
			return RC_LIMIT;
	}
	return RC_OK;
}

static enum rc keep_vector(const struct promql_result *result, struct arena *a,
	struct rules_vector *ret, struct err *e)
{
	bool is_scalar = result->type == PROMQL_SCALAR;
	uint32_t n = is_scalar ? 1 : result->n_series;
	struct rules_sample *v;

	if (!is_scalar && result->type != PROMQL_VECTOR)
		return err_set(e, RC_INPUT, "rule result is not a vector or scalar");
	v = arena_alloc(a, (n + 1) * sizeof *v);
	for (uint32_t i = 0; v && i < n; i++) {
		const struct promql_series *s = is_scalar ? NULL : &result->series[i];

		if (keep_sample(s ? &s->labels : &(struct labels){ 0 },
			    s ? &s->points[0] : &result->scalar, a, &v[i]) != RC_OK)
			v = NULL;
	}
	if (!v)
		return err_set(e, RC_LIMIT, "no room for the %u series of the result", n);
	*ret = (struct rules_vector){ v, n, result->stats.series_read };
	return RC_OK;
}

static enum rc run(const struct rules_promql *p, const struct parsed *parsed, int64_t at_ms,
	struct promql_result *ret, struct err *e)
{
	const struct promql_query q = {
		.root = parsed->root,
		.text = parsed->text,
		.start_ms = at_ms,
		.end_ms = at_ms,
		.default_step_ms = p->default_step_ms,
		.source = p->source,
		.allow_experimental = p->allow_experimental,
		.should_stop = p->should_stop,
		.ctx = p->ctx,
	};

	return promql_run(&q, ret, e);
}

static enum rc query(void *ctx, const void *expression, int64_t at_ms, struct arena *a,
	struct rules_vector *ret, struct err *e)
{
	const struct rules_promql *p = ctx;
	const struct parsed *parsed = expression;
	struct promql_result result;
	enum rc rc;

	if (p->ask)
		return p->ask(p->ctx, parsed->text, at_ms, a, ret, e);
	rc = run(p, parsed, at_ms, &result, e);
	if (rc != RC_OK)
		return rc;
	rc = keep_vector(&result, a, ret, e);
	promql_result_fini(&result);
	return rc;
}

enum rc rules_promql_query(const struct rules_promql *p, const char *text, int64_t at_ms,
	struct arena *a, struct rules_vector *ret, struct err *e)
{
	const void *parsed;
	enum rc rc = parse((void *)p, text, a, &parsed, e);

	return rc == RC_OK ? query((void *)p, parsed, at_ms, a, ret, e) : rc;
}

/* Templates */

struct asking {
	const struct rules_promql *p;
	int64_t at_ms;
};

static enum rc template_query(void *ctx, const char *expression, struct arena *a,
	const struct template_sample **ret, uint32_t *ret_n, struct err *e)
{
	const struct asking *asking = ctx;
	struct rules_vector vector;
	struct template_sample *samples;
	enum rc rc = rules_promql_query(asking->p, expression, asking->at_ms, a, &vector, e);

	if (rc != RC_OK)
		return rc;
	samples = arena_alloc(a, (vector.n + 1) * sizeof *samples);
	if (!samples)
		return err_set(e, RC_LIMIT, "no room for the result");
	for (uint32_t i = 0; i < vector.n; i++)
		samples[i] = (struct template_sample){ vector.v[i].labels, vector.v[i].v,
			vector.v[i].h };
	*ret = samples;
	*ret_n = vector.n;
	return RC_OK;
}

static enum rc expand(void *ctx, const void *template, const struct rules_template_data *d,
	struct str *out, struct str *why)
{
	struct asking asking = { ctx, d->at_ms };
	const struct template_world world = { &asking, template_query, histogram_text };
	const struct template_data data = {
		.labels = d->labels,
		.external_labels = d->external_labels,
		.external_url = d->external_url,
		.value = { .v = d->v, .h = d->h },
		.world = &world,
	};

	return template_expand(template, &data, out, why);
}

struct rules_world rules_world_over(struct rules_promql *p)
{
	return (struct rules_world){ p, parse, reads, parse_template, query, expand };
}
