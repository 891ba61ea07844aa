/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object for each node.  Each is begun by a writer of its own, so that a tree may be deeper than
 * JSON_DEPTH_MAX.
 */
#include "base/golang.h"
#include "base/json.h"
#include "core/promql/functions.h"
#include "core/promql/operators.h"
#include "core/promql/print.h"

/* A member that is a node, or null. */
static void write_node(struct json_out *w, const char *key, const struct promql_node *n)
{
	json_raw(w, key, n ? "" : "null");
	if (n)
		promql_json(n, w->out);
}

static void write_names(struct json_out *w, const char *key, const struct promql_names *names)
{
	json_array_open(w, key);
	for (uint32_t i = 0; i < names->n; i++)
		json_text(w, NULL, names->v[i]);
	json_close(w);
}

static void write_number(struct json_out *w, const struct promql_node *n)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	go_float(&text, n->number, 'f', GO_SHORTEST);
	json_text(w, "type", "numberLiteral");
	json_text(w, "val", str_c(&text));
}

static void write_text(struct json_out *w, const struct promql_node *n)
{
	json_text(w, "type", "stringLiteral");
	json_textn(w, "val", n->text.s, n->text.n);
}

static void write_matchers(struct json_out *w, const struct promql_selector *s)
{
	json_array_open(w, "matchers");
	for (uint32_t i = 0; i < s->n_matchers; i++) {
		json_object_open(w, NULL);
		json_text(w, "name", matcher_name(s->matchers[i]));
		json_text(w, "type", matcher_op_text(matcher_op(s->matchers[i])));
		json_text(w, "value", matcher_value(s->matchers[i]));
		json_close(w);
	}
	json_close(w);
	json_text(w, "name", s->metric ? s->metric : "");
	json_int(w, "offset", s->shift.offset_ms);
}

static void write_at_word(struct json_out *w, const struct promql_shift *s)
{
	static const char *const words[] = { [PROMQL_AT_START] = "start", [PROMQL_AT_END] = "end" };

	json_text(w, "startOrEnd", s->at >= PROMQL_AT_START ? words[s->at] : NULL);
}

static void write_at_time(struct json_out *w, const struct promql_shift *s)
{
	if (s->at == PROMQL_AT_TIME)
		json_int(w, "timestamp", s->at_ms);
	else
		json_text(w, "timestamp", NULL);
}

static void write_selector(struct json_out *w, const struct promql_node *n)
{
	write_matchers(w, &n->selector);
	write_at_word(w, &n->selector.shift);
	write_at_time(w, &n->selector.shift);
	json_text(w, "type", "vectorSelector");
}

static void write_range(struct json_out *w, const struct promql_node *n)
{
	const struct promql_selector *s = &n->range.selector->selector;

	write_matchers(w, s);
	json_int(w, "range", n->range.range_ms);
	write_at_word(w, &s->shift);
	write_at_time(w, &s->shift);
	json_text(w, "type", "matrixSelector");
}

static void write_subquery(struct json_out *w, const struct promql_node *n)
{
	write_node(w, "expr", n->subquery.inner);
	json_int(w, "offset", n->subquery.shift.offset_ms);
	json_int(w, "range", n->subquery.range_ms);
	write_at_word(w, &n->subquery.shift);
	json_int(w, "step", n->subquery.step_ms);
	write_at_time(w, &n->subquery.shift);
	json_text(w, "type", "subquery");
}

static void write_function(struct json_out *w, const struct promql_function *f)
{
	json_object_open(w, "func");
	json_array_open(w, "argTypes");
	for (unsigned i = 0; i < f->n_args; i++)
		json_text(w, NULL, promql_type_text(f->args[i]));
	json_close(w);
	json_text(w, "name", f->name);
	json_text(w, "returnType", promql_type_text(f->returns));
	json_int(w, "variadic", f->variadic);
	json_close(w);
}

static void write_call(struct json_out *w, const struct promql_node *n)
{
	json_array_open(w, "args");
	for (uint32_t i = 0; i < n->call.n_args; i++)
		write_node(w, NULL, n->call.args[i]);
	json_close(w);
	write_function(w, n->call.function);
	json_text(w, "type", "call");
}

static void write_aggregate(struct json_out *w, const struct promql_node *n)
{
	write_node(w, "expr", n->aggregate.inner);
	write_names(w, "grouping", &n->aggregate.grouping);
	json_text(w, "op", promql_aggregators[n->aggregate.op].text);
	write_node(w, "param", n->aggregate.param);
	json_text(w, "type", "aggregation");
	json_bool(w, "without", n->aggregate.is_without);
}

static void write_matching(struct json_out *w, const struct promql_matching *m)
{
	json_object_open(w, "matching");
	json_text(w, "card", promql_card_text(m->card));
	write_names(w, "include", &m->include);
	write_names(w, "labels", &m->names);
	json_bool(w, "on", m->is_on);
	json_close(w);
}

static void write_binary(struct json_out *w, const struct promql_node *n)
{
	json_bool(w, "bool", n->binary.is_bool);
	write_node(w, "lhs", n->binary.left);
	if (n->binary.matching)
		write_matching(w, n->binary.matching);
	else
		json_text(w, "matching", NULL);
	json_text(w, "op", promql_operators[n->binary.op].text);
	write_node(w, "rhs", n->binary.right);
	json_text(w, "type", "binaryExpr");
}

static void write_unary(struct json_out *w, const struct promql_node *n)
{
	write_node(w, "expr", n->inner);
	json_text(w, "op", n->kind == PROMQL_NEGATE ? "-" : "+");
	json_text(w, "type", "unaryExpr");
}

static void write_paren(struct json_out *w, const struct promql_node *n)
{
	write_node(w, "expr", n->inner);
	json_text(w, "type", "parenExpr");
}

void promql_json(const struct promql_node *n, struct str *out)
{
	static void (*const writes[])(struct json_out *, const struct promql_node *) = {
		[PROMQL_NUMBER] = write_number,
		[PROMQL_TEXT] = write_text,
		[PROMQL_SELECTOR] = write_selector,
		[PROMQL_RANGE] = write_range,
		[PROMQL_SUBQUERY] = write_subquery,
		[PROMQL_CALL] = write_call,
		[PROMQL_AGGREGATE] = write_aggregate,
		[PROMQL_BINARY] = write_binary,
		[PROMQL_NEGATE] = write_unary,
		[PROMQL_PLUS] = write_unary,
		[PROMQL_PAREN] = write_paren,
	};
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	writes[n->kind](&w, n);
	json_close(&w);
}
