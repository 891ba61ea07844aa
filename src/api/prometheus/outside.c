/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters are taken apart and put together again, so that what goes out is what we understood; of
 * the answer, status and body come back.
 */
#include "api/prometheus/outside.h"

#include "api/prometheus/form.h"
#include "api/prometheus/job.h"
#include "port/outside/outside.h"

/* What is about samples; what is scraped, judged and configured here is answered here. */
static const struct {
	route_handler *handler;
	bool is_post;
} passed[] = {
	{ prom_query, true },
	{ prom_query_range, true },
	{ prom_series, true },
	{ prom_labels, true },
	{ prom_label_values, false },
	{ prom_query_exemplars, true },
	{ prom_metadata, false },
	{ prom_tsdb, false },
	{ prom_federate, false },
};

static size_t row_of(const struct call *c)
{
	size_t i = 0;

	while (i < COUNT(passed) && passed[i].handler != c->found.route->handler)
		i++;
	return i;
}

bool outside_answers(const struct call *c)
{
	return outside_is_used(c->api->setup.outside) && row_of(c) < COUNT(passed);
}

/* In a path these lead elsewhere, however they are encoded. */
static bool is_step(const char *name)
{
	return name && (str_eq(name, ".") || str_eq(name, ".."));
}

/* The pattern, with the name of a label in its place. */
static void write_path(const struct call *c, struct str *out)
{
	const char *pattern = c->found.route->pattern, *hole = strchr(pattern, '{');

	if (!hole) {
		str_add(out, pattern);
		return;
	}
	str_addn(out, pattern, (size_t)(hole - pattern));
	str_add_percent(out, c->found.args[0]);
	str_add(out, strchr(hole, '}') + 1);
}

struct passing {
	struct api *api;
	struct http_exchange *exchange;
};

/* Its logins and redirections are none of ours. */
static bool is_answer(const struct outside_answer *a)
{
	return a->status >= 200 && a->status / 100 != 3 && a->status != 401 && a->status != 403 &&
	       a->status != 407;
}

static void write_failure(const struct outside_answer *a, struct str *body)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	if (a->status)
		str_addf(&text, "the outside server answers with status %d", a->status);
	else
		str_addf(&text, "the outside server doesn't answer: %s", a->why);
	request_write_error(body, REQUEST_UNAVAILABLE, str_c(&text));
}

static void on_answer(void *ctx, const struct outside_answer *a)
{
	static const struct http_header headers[] = { { "Cache-Control", "no-store" } };
	struct passing *p = ctx;
	struct http_reply r = { .status = a->status,
		.type = a->is_json ? "application/json" : "text/plain; charset=utf-8",
		.headers = headers,
		.n_headers = COUNT(headers) };

	if (is_answer(a)) {
		str_addn(&r.body, a->body, a->n);
	} else {
		r.status = rc_http(RC_OFFLINE);
		r.type = "application/json";
		write_failure(a, &r.body);
	}
	http_reply(p->exchange, &r);
	api_let_go(p->api);
	free(p);
}

enum rc outside_pass(struct call *c, struct answer *out, struct err *e)
{
	scoped(str_fini) struct str path = STR_EMPTY, form = STR_EMPTY;
	struct outside_question q = { .is_post = passed[row_of(c)].is_post };
	struct uri_pairs pairs;
	struct passing *p;
	enum rc rc = request_pairs(c, &c->arena, &pairs, e);

	if (rc == RC_OK && is_step(c->found.args[0]))
		rc = err_set(e, RC_INPUT, "invalid label name: \"%s\"", c->found.args[0]);
	if (rc != RC_OK)
		return job_refuse(out, rc, e);
	form_write(&pairs, &form);
	write_path(c, &path);
	q.path = str_c(&path);
	q.form = str_c(&form);
	p = must_alloc(sizeof *p);
	*p = (struct passing){ c->api, c->exchange };
	rc = outside_ask(c->api->setup.outside, &q, on_answer, p, e);
	if (rc != RC_OK) {
		free(p);
		return job_refuse(out, rc, e);
	}
	c->api->holders++;
	out->is_taken = true;
	return RC_OK;
}
