/* SPDX-License-Identifier: Apache-2.0 */
/* exemplars: those of all series that an expression selects. */
#include "api/prometheus/job.h"
#include "api/prometheus/result.h"
#include "core/promql/parse.h"

#define TIMEOUT_MS (30 * SECOND_MS)

struct asked {
	int64_t start_ms, end_ms;
	struct str copied; /* all exemplars that the store has */
};

/* The selectors of an expression. */
struct selectors {
	struct store_selection *v;
	uint32_t n, cap;
	const struct asked *asked;
	struct job *job;
	enum rc rc; /* the first that can't be answered here */
	struct err *e;
};

static void selectors_fini(struct selectors *s)
{
	free(s->v);
}
SCOPED_FINI(selectors_fini, struct selectors)

static void collect(struct selectors *s, const struct promql_node *node);

/* Those of other sites, asked for alone, are answered by them. */
static enum rc own_matchers(const struct selectors *s, struct own_matchers *matchers)
{
	const struct site_names *names = sites_names(s->job->sites);
	struct selector_sites named = whose_selector(names, matchers->v, matchers->n);

	if (named.sites != 1u << names->self)
		return err_set(s->e, RC_INPUT,
			"exemplars are kept by each site for itself: ask for those of one site, "
			"while it can be reached");
	if (!named.is_named)
		return RC_OK;
	return whose_own(matchers, &s->job->arena, matchers, s->e);
}

static void collect_selector(struct selectors *s, const struct promql_selector *selector)
{
	struct own_matchers m = { selector->matchers, selector->n_matchers };

	if (s->rc == RC_OK)
		s->rc = own_matchers(s, &m);
	must_grow(s->v, s->n, s->cap);
	s->v[s->n++] = (struct store_selection){ m.v, m.n, s->asked->start_ms, s->asked->end_ms };
}

static void collect_args(struct selectors *s, const struct promql_node *node)
{
	for (uint32_t i = 0; i < node->call.n_args; i++)
		collect(s, node->call.args[i]);
}

static void collect(struct selectors *s, const struct promql_node *node)
{
	switch (node->kind) {
	case PROMQL_NUMBER:
	case PROMQL_TEXT:
		return;
	case PROMQL_SELECTOR:
		collect_selector(s, &node->selector);
		return;
	case PROMQL_RANGE:
		collect(s, node->range.selector);
		return;
	case PROMQL_SUBQUERY:
		collect(s, node->subquery.inner);
		return;
	case PROMQL_CALL:
		collect_args(s, node);
		return;
	case PROMQL_AGGREGATE:
		if (node->aggregate.param)
			collect(s, node->aggregate.param);
		collect(s, node->aggregate.inner);
		return;
	case PROMQL_BINARY:
		collect(s, node->binary.left);
		collect(s, node->binary.right);
		return;
	case PROMQL_NEGATE:
	case PROMQL_PLUS:
	case PROMQL_PAREN:
		collect(s, node->inner);
	}
}

static void write_exemplar(struct str *out, const struct exemplar *x)
{
	str_add(out, "{\"labels\":");
	result_write_labels(out, &x->labels);
	str_add(out, ",\"value\":");
	result_write_number(out, x->v);
	str_add(out, ",\"timestamp\":");
	result_write_time(out, x->t_ms);
	str_addc(out, '}');
}

static void write_series(struct str *out, const struct store_exemplars *s)
{
	str_add(out, "{\"seriesLabels\":");
	result_write_labels(out, &s->series);
	str_add(out, ",\"exemplars\":[");
	for (uint32_t i = 0; i < s->n; i++) {
		if (i)
			str_addc(out, ',');
		write_exemplar(out, &s->v[i]);
	}
	str_add(out, "]}");
}

static enum rc write_list(struct job *j, const struct store_exemplar_list *list, struct err *e)
{
	j->body.limit_bytes = QUERY_ANSWER_BYTES_MAX;
	str_add(&j->body, "{\"status\":\"success\",\"data\":[");
	for (uint32_t i = 0; i < list->n; i++) {
		if (i)
			str_addc(&j->body, ',');
		write_series(&j->body, &list->v[i]);
	}
	str_add(&j->body, "]}");
	if (j->body.is_cut)
		return err_set(e, RC_LIMIT, "the answer has more than %d bytes",
			QUERY_ANSWER_BYTES_MAX);
	return RC_OK;
}

static enum rc run(struct job *j, struct err *e)
{
	const struct asked *asked = j->of;
	const char *text = uri_pair(&j->pairs, "query");
	struct promql_parse how = { .text = text ? text : "" };
	scoped(selectors_fini) struct selectors selectors = { .asked = asked, .job = j, .e = e };
	struct store_exemplar_list list;
	struct promql_node *root;
	enum rc rc = promql_parse(&how, &j->arena, &root, e);

	if (rc != RC_OK)
		return rc;
	collect(&selectors, root);
	if (selectors.rc != RC_OK)
		return selectors.rc;
	rc = store_find_exemplars(j->view, &asked->copied, selectors.v, selectors.n, &j->arena,
		&list, e);
	if (rc != RC_OK)
		return rc;
	j->has_no_answer = !selectors.n;
	if (j->has_no_answer)
		return RC_OK;
	return write_list(j, &list, e);
}

static void release(void *asked)
{
	struct asked *a = asked;

	str_fini(&a->copied);
}

static enum rc read_question(struct job *j, const struct store *s, struct err *e)
{
	struct asked *asked = arena_alloc(&j->arena, sizeof *asked);
	enum rc rc;

	if (!asked || !arena_own(&j->arena, asked, release))
		return err_set(e, RC_LIMIT, "the request is too long");
	rc = request_time(&j->pairs, "start", INT64_MIN, &asked->start_ms, e);
	if (rc == RC_OK)
		rc = request_time(&j->pairs, "end", INT64_MAX, &asked->end_ms, e);
	if (rc == RC_OK && asked->end_ms < asked->start_ms)
		rc = err_set(e, RC_INPUT, "end timestamp must not be before start timestamp");
	if (rc != RC_OK)
		return rc;
	store_copy_exemplars(s, &asked->copied);
	j->of = asked;
	return RC_OK;
}

enum rc prom_query_exemplars(struct call *c, struct answer *out, struct err *e)
{
	scoped(job_free) struct job *j = NULL;
	struct err why = { 0 };
	enum rc rc = job_new(c, &j, &why);

	(void)e;
	if (rc == RC_OK)
		rc = read_question(j, c->api->setup.metrics, &why);
	if (rc != RC_OK)
		return job_refuse(out, rc, &why);
	out->is_taken = true;
	job_start(TAKE(j), TIMEOUT_MS, run);
	return RC_OK;
}
