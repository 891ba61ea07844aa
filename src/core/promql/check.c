/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a tree that reads well, in the order in which Prometheus looks: below first,
 * then the node itself.
 */
#include "base/golang.h"
#include "base/series.h"
#include "core/promql/functions.h"
#include "core/promql/operators.h"
#include "core/promql/parse_private.h"

#include <stdio.h>

static bool check(struct parser *p, struct promql_node *n);

static bool check_type(struct parser *p, struct promql_node *n, enum promql_type wanted,
	const char *where)
{
	if (!check(p, n))
		return false;
	if (n->type == wanted)
		return true;
	parse_fail(p, n->start, "expected type %s in %s, got %s", promql_type_title(wanted), where,
		promql_type_title(n->type));
	return false;
}

static void check_aggregate(struct parser *p, struct promql_node *n)
{
	enum promql_type param = promql_aggregators[n->aggregate.op].param;

	if (check_type(p, n->aggregate.inner, PROMQL_VECTOR, "aggregation expression") &&
		param != PROMQL_NONE)
		check_type(p, n->aggregate.param, param, "aggregation parameter");
}

/* Where the operator stands, but for comments before it. */
static uint32_t operator_at(const struct parser *p, const struct promql_node *n)
{
	uint32_t at = n->binary.left->end;

	while (at < p->lex.n && strchr(" \t\r\n", p->lex.text[at]))
		at++;
	return at;
}

static void check_names(struct parser *p, const struct promql_node *n,
	const struct promql_matching *m)
{
	for (uint32_t i = 0; m->is_on && i < m->names.n; i++) {
		for (uint32_t j = 0; j < m->include.n; j++) {
			scoped(str_fini) struct str quoted = STR_EMPTY;

			if (!str_eq(m->names.v[i], m->include.v[j]))
				continue;
			go_quote(&quoted, m->names.v[i], strlen(m->names.v[i]), GO_QUOTE);
			parse_fail(p, operator_at(p, n),
				"label %s must not occur in ON and GROUP clause at once",
				str_c(&quoted));
			return;
		}
	}
}

static void check_operand(struct parser *p, const struct promql_node *n)
{
	if (n->type != PROMQL_SCALAR && n->type != PROMQL_VECTOR)
		parse_fail(p, n->start,
			"binary expression must contain only scalar and instant vector types");
}

static void check_operator(struct parser *p, const struct promql_node *n)
{
	const struct promql_operator *op = &promql_operators[n->binary.op];

	if (n->binary.is_bool && !op->is_comparison)
		parse_fail(p, operator_at(p, n),
			"bool modifier can only be used on comparison operators");
	if (op->is_comparison && !n->binary.is_bool && n->type == PROMQL_SCALAR)
		parse_fail(p, operator_at(p, n),
			"comparisons between scalars must use BOOL modifier");
}

/* Only two vectors are matched. */
static void check_matching(struct parser *p, struct promql_node *n)
{
	const struct promql_operator *op = &promql_operators[n->binary.op];
	const struct promql_matching *m = n->binary.matching;
	bool is_scalar =
		n->binary.left->type == PROMQL_SCALAR || n->binary.right->type == PROMQL_SCALAR;

	if (is_scalar && m->names.n > 0)
		parse_fail(p, n->start, "vector matching only allowed between instant vectors");
	if (!is_scalar && op->is_set && m->card != PROMQL_MANY_TO_MANY)
		parse_fail(p, n->start, "no grouping allowed for \"%s\" operation", op->text);
	if (is_scalar && op->is_set)
		parse_fail(p, n->start,
			"set operator \"%s\" not allowed in binary scalar expression", op->text);
	if (is_scalar)
		n->binary.matching = NULL;
}

static void check_binary(struct parser *p, struct promql_node *n)
{
	if (!check(p, n->binary.left) || !check(p, n->binary.right))
		return;
	check_operator(p, n);
	check_names(p, n, n->binary.matching);
	check_operand(p, n->binary.left);
	check_operand(p, n->binary.right);
	check_matching(p, n);
}

static void check_count(struct parser *p, const struct promql_node *n)
{
	const struct promql_function *f = n->call.function;
	unsigned least = f->variadic == 0 ? f->n_args : f->n_args - 1u;
	const char *bound = NULL;
	unsigned wanted = least;

	if (f->variadic == 0 && n->call.n_args != least) {
		bound = "";
	} else if (n->call.n_args < least) {
		bound = "at least ";
	} else if (f->variadic > 0 && n->call.n_args > least + (unsigned)f->variadic) {
		bound = "at most ";
		wanted = least + (unsigned)f->variadic;
	}
	if (bound)
		parse_fail(p, n->start, "expected %s%u argument(s) in call to \"%s\", got %u",
			bound, wanted, f->name, n->call.n_args);
}

/* The second argument of info() only selects labels: it needs no metric, and may match all. */
static void check_info(struct parser *p, const struct promql_node *n)
{
	const struct promql_node *arg = n->call.args[1];

	if (arg->type != PROMQL_VECTOR)
		parse_fail(p, n->start,
			"expected type instant vector in call to function \"info\", got %s",
			promql_type_title(arg->type));
	else if (arg->kind != PROMQL_SELECTOR)
		parse_fail(p, arg->start, "expected label selectors only");
	else if (arg->selector.metric)
		parse_fail(p, arg->start,
			"expected label selectors only, got vector selector instead");
}

static void check_call(struct parser *p, struct promql_node *n)
{
	const struct promql_function *f = n->call.function;
	bool is_info = f->id == PROMQL_F_info;
	char where[64];

	snprintf(where, sizeof where, "call to function \"%s\"", f->name);
	check_count(p, n);
	if (is_info && n->call.n_args > 1)
		check_info(p, n);
	for (uint32_t i = 0; p->rc == RC_OK && i < n->call.n_args; i++) {
		uint32_t type = i < f->n_args ? i : f->n_args - 1u;

		if (!is_info || i == 0)
			check_type(p, n->call.args[i], f->args[type], where);
	}
}

static void check_unary(struct parser *p, struct promql_node *n)
{
	if (!check(p, n->inner))
		return;
	if (n->type != PROMQL_SCALAR && n->type != PROMQL_VECTOR)
		parse_fail(p, n->start,
			"unary expression only allowed on expressions of type scalar or instant "
			"vector, got \"%s\"",
			promql_type_title(n->type));
}

static void check_subquery(struct parser *p, struct promql_node *n)
{
	const struct promql_node *inner = n->subquery.inner;

	if (check(p, n->subquery.inner) && inner->type != PROMQL_VECTOR)
		parse_fail(p, n->start,
			"subquery is only allowed on instant vector, got %s instead",
			promql_type_text(inner->type));
}

/* A metric that is named before the braces has its matcher last. */
static void check_named(struct parser *p, const struct promql_node *n)
{
	for (uint32_t i = 0; i + 1 < n->selector.n_matchers; i++) {
		const struct matcher *m = n->selector.matchers[i];
		scoped(str_fini) struct str quoted = STR_EMPTY;

		if (!str_eq(matcher_name(m), METRIC_NAME))
			continue;
		go_quote(&quoted, matcher_value(m), strlen(matcher_value(m)), GO_QUOTE);
		parse_fail(p, n->start, "metric name must not be set twice: \"%s\" or %s",
			n->selector.metric, str_c(&quoted));
		return;
	}
}

/* Something must keep it from selecting everything. */
static void check_selector(struct parser *p, struct promql_node *n)
{
	if (n->selector.metric) {
		check_named(p, n);
		return;
	}
	for (uint32_t i = 0; i < n->selector.n_matchers; i++)
		if (!matcher_matches(n->selector.matchers[i], "", 0))
			return;
	parse_fail(p, n->start, "vector selector must contain at least one non-empty matcher");
}

static void check_range(struct parser *p, struct promql_node *n)
{
	check(p, n->range.selector);
}

static void check_paren(struct parser *p, struct promql_node *n)
{
	check(p, n->inner);
}

static bool check(struct parser *p, struct promql_node *n)
{
	static void (*const checks[])(struct parser *, struct promql_node *) = {
		[PROMQL_NUMBER] = NULL,
		[PROMQL_TEXT] = NULL,
		[PROMQL_SELECTOR] = check_selector,
		[PROMQL_RANGE] = check_range,
		[PROMQL_SUBQUERY] = check_subquery,
		[PROMQL_CALL] = check_call,
		[PROMQL_AGGREGATE] = check_aggregate,
		[PROMQL_BINARY] = check_binary,
		[PROMQL_NEGATE] = check_unary,
		[PROMQL_PLUS] = check_unary,
		[PROMQL_PAREN] = check_paren,
	};

	if (checks[n->kind])
		checks[n->kind](p, n);
	return p->rc == RC_OK;
}

void check_tree(struct parser *p, struct promql_node *root)
{
	check(p, root);
}
