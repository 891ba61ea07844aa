/* SPDX-License-Identifier: Apache-2.0 */
/* text: what can be said of an expression without the samples. */
#include "api/prometheus/job.h"
#include "api/prometheus/result.h"
#include "core/promql/parse.h"
#include "core/promql/print.h"

#define TIMEOUT_MS (10 * SECOND_MS)

static enum rc parse(struct job *j, struct promql_node **ret, struct err *e)
{
	const char *text = uri_pair(&j->pairs, "query");

	return promql_parse(&(struct promql_parse){ .text = text ? text : "" }, &j->arena, ret, e);
}

static enum rc run_format(struct job *j, struct err *e)
{
	scoped(str_fini) struct str pretty = STR_EMPTY;
	struct promql_node *root;
	enum rc rc = parse(j, &root, e);

	if (rc != RC_OK)
		return request_blame(rc, "query", e);
	pretty.limit_bytes = QUERY_ANSWER_BYTES_MAX;
	promql_pretty(root, &pretty);
	if (pretty.is_cut)
		return err_set(e, RC_LIMIT, "the answer has more than %d bytes",
			QUERY_ANSWER_BYTES_MAX);
	str_add(&j->body, "{\"status\":\"success\",\"data\":");
	result_write_text(&j->body, str_c(&pretty), (uint32_t)pretty.len);
	str_addc(&j->body, '}');
	return RC_OK;
}

static enum rc run_parse(struct job *j, struct err *e)
{
	struct promql_node *root;
	enum rc rc = parse(j, &root, e);

	if (rc != RC_OK)
		return request_blame(rc, "query", e);
	j->body.limit_bytes = QUERY_ANSWER_BYTES_MAX;
	str_add(&j->body, "{\"status\":\"success\",\"data\":");
	promql_json(root, &j->body);
	str_addc(&j->body, '}');
	if (j->body.is_cut)
		return err_set(e, RC_LIMIT, "the answer has more than %d bytes",
			QUERY_ANSWER_BYTES_MAX);
	return RC_OK;
}

static enum rc start(struct call *c, struct answer *out,
	enum rc (*run)(struct job *j, struct err *e))
{
	scoped(job_free) struct job *j = NULL;
	struct err e = { 0 };
	enum rc rc = job_new(c, &j, &e);

	if (rc != RC_OK)
		return job_refuse(out, rc, &e);
	out->is_taken = true;
	job_start(TAKE(j), TIMEOUT_MS, run);
	return RC_OK;
}

enum rc prom_format_query(struct call *c, struct answer *out, struct err *e)
{
	(void)e;
	return start(c, out, run_format);
}

enum rc prom_parse_query(struct call *c, struct answer *out, struct err *e)
{
	(void)e;
	return start(c, out, run_parse);
}
