/* SPDX-License-Identifier: Apache-2.0 */
/* label_replace() and label_join(): a label made of others, the same for all steps of a series. */
#include "core/promql/naming.h"
#include "core/promql/parts.h"

#include "base/pattern.h"
#include "base/re2.h"

struct relabelling {
	struct stream stream;
	struct stream *inner;
	const struct promql_node *node;
	struct pattern *pattern; /* label_replace() */
	struct label_edit edit;
	struct once once;
	struct str value;
};

static void release(void *what)
{
	struct relabelling *r = what;

	pattern_free(r->pattern);
	str_fini(&r->value);
}

/* An argument's text. */
static const char *arg(const struct relabelling *r, uint32_t i)
{
	return eval_text(r->node->call.args[i]);
}

/* Fill `value`; *ret_has false: the label stays as it is. */
static enum rc replaced(struct relabelling *r, const struct labels *l, bool *ret_has, struct err *e)
{
	const char *source = labels_get(l, arg(r, 3));
	struct pattern_use use = { source, strlen(source), arg(r, 2) };

	return pattern_expand(r->pattern, &use, &r->value, ret_has, e);
}

static enum rc joined(struct relabelling *r, const struct labels *l, bool *ret_has, struct err *e)
{
	(void)e;
	for (uint32_t i = 3; i < r->node->call.n_args; i++) {
		if (i > 3)
			str_add(&r->value, arg(r, 2));
		str_add(&r->value, labels_get(l, arg(r, i)));
	}
	*ret_has = true;
	return RC_OK;
}

static enum rc set_label(struct relabelling *r, struct column *c, struct err *e)
{
	const char *name = arg(r, 1);
	enum rc rc = label_edit_begin(&r->edit, &c->labels, 1, e);

	if (rc != RC_OK)
		return rc;
	label_edit_set(&r->edit, &(struct label){ name, str_c(&r->value), (uint32_t)strlen(name),
					 (uint32_t)r->value.len });
	c->labels = label_edit_done(&r->edit);
	return RC_OK;
}

static enum rc next_relabelled(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct relabelling *r = (struct relabelling *)s;
	enum rc rc = stream_next(r->inner, ret, ret_has, e);
	uint64_t from;
	bool has = false;

	if (rc != RC_OK || !*ret_has)
		return rc;
	from = labels_hash(&ret->labels);
	str_clear(&r->value);
	rc = r->pattern ? replaced(r, &ret->labels, &has, e) : joined(r, &ret->labels, &has, e);
	if (rc == RC_OK && has)
		rc = set_label(r, ret, e);
	if (rc == RC_OK && column_has_point(ret, s->steps->n))
		rc = once_from(&r->once, labels_hash(&ret->labels), from, e);
	return eval_left_first(r->inner, rc, e);
}

/* Prometheus takes any UTF-8 for a label's name, but not nothing. */
static bool is_label_name(const char *name)
{
	return *name != '\0' && utf8_valid(name, strlen(name));
}

static enum rc check_names(const struct relabelling *r, struct err *e)
{
	const char *function = r->node->call.function->name;
	bool is_join = r->node->call.function->id == PROMQL_F_label_join;

	for (uint32_t i = 3; is_join && i < r->node->call.n_args; i++)
		if (!is_label_name(arg(r, i)))
			return err_set(e, RC_INPUT, "invalid source label name in %s(): %s",
				function, arg(r, i));
	if (!is_label_name(arg(r, 1)))
		return err_set(e, RC_INPUT, "invalid destination label name in %s(): %s", function,
			arg(r, 1));
	return RC_OK;
}

static enum rc make(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct relabelling **ret, struct err *e)
{
	struct relabelling *r = eval_alloc(ev, sizeof *r, e);
	enum rc rc = r ? eval_at_end(ev, release, r, e) : RC_LIMIT;

	if (rc != RC_OK)
		return rc;
	r->node = n;
	r->value.limit_bytes = ev->arena.budget_bytes;
	r->edit.eval = ev;
	once_init(&r->once, ev, steps);
	rc = check_names(r, e);
	if (rc == RC_OK)
		rc = eval_stream(ev, n->call.args[0], steps, &r->inner, e);
	if (rc != RC_OK)
		return rc;
	r->stream = (struct stream){ .next = next_relabelled,
		.eval = ev,
		.steps = steps,
		.has_one_name = r->inner->has_one_name && strcmp(arg(r, 1), METRIC_NAME) != 0,
		.is_whole = r->inner->is_whole };
	*ret = r;
	return RC_OK;
}

enum rc make_label_join(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct relabelling *r;
	enum rc rc = make(ev, n, steps, &r, e);

	if (rc == RC_OK)
		*ret = &r->stream;
	return rc;
}

/* What Go's regexp takes; named groups stay, which the replacement may ask for. */
static enum rc compile(const char *text, struct pattern **ret, struct err *e)
{
	scoped(str_fini) struct str checked = STR_EMPTY;
	scoped(str_fini) struct str anyline = STR_EMPTY;

	str_addf(&anyline, "(?s:%s)", text);
	if (re2_translate(str_c(&anyline), anyline.len, &checked, NULL) == RC_OK &&
		pattern_compile(ret, str_c(&anyline), PATTERN_WHOLE, NULL) == RC_OK)
		return RC_OK;
	return err_set(e, RC_INPUT, "invalid regular expression in label_replace(): %s", text);
}

enum rc make_label_replace(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct relabelling *r;
	struct pattern *pattern = NULL;
	enum rc rc = compile(eval_text(n->call.args[4]), &pattern, e);

	if (rc == RC_OK)
		rc = make(ev, n, steps, &r, e);
	if (rc != RC_OK) {
		pattern_free(pattern);
		return rc;
	}
	r->pattern = pattern;
	*ret = &r->stream;
	return RC_OK;
}
