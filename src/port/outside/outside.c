/* SPDX-License-Identifier: Apache-2.0 */
#include "port/outside/outside.h"

#include "base/limits.h"
#include "port/discovery/request.h"

#include <strings.h>

struct ask {
	struct outside *of;
	struct ask *next, **link;
	struct http_call *call;
	void (*done)(void *ctx, const struct outside_answer *a);
	void *ctx;
};

struct outside {
	struct http_client *http;
	struct outside_config *config; /* NULL: none */
	struct request_files files;
	struct ask *asks;
	uint32_t n_asks;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

struct outside *outside_new(uv_loop_t *loop)
{
	struct outside *o = must_alloc(sizeof *o);

	o->http = http_client_new(loop);
	request_files_init(&o->files);
	return o;
}

void outside_use(struct outside *o, struct outside_config *config)
{
	request_files_fini(&o->files);
	outside_config_free(o->config);
	o->config = config;
}

bool outside_is_used(const struct outside *o)
{
	return o && o->config;
}

static void unlink_ask(struct ask *a)
{
	*a->link = a->next;
	if (a->next)
		a->next->link = a->link;
	a->of->n_asks--;
}

static void on_answer(void *ctx, const struct http_response *r)
{
	struct ask *a = ctx;
	struct outside_answer answer = { .status = r->status, .body = r->body, .n = r->body_bytes };
	char type[64];

	if (r->outcome != HTTP_ANSWERED)
		answer = (struct outside_answer){ .why = r->reason };
	answer.is_json = http_header(r->headers, "Content-Type", type, sizeof type) &&
			 strncasecmp(type, "application/json", 16) == 0;
	unlink_ask(a);
	a->done(a->ctx, &answer);
	free(a);
}

static enum rc start(struct outside *o, const struct outside_question *q, struct ask *a,
	struct err *e)
{
	scoped(request_fini) struct request r = { 0 };
	scoped(str_fini) struct str url = STR_EMPTY;
	const struct remote_headers *h = &o->config->headers;
	enum rc rc = request_files_open(&o->files, &o->config->http.tls, e);

	if (rc == RC_OK)
		rc = request_init(&r, &o->config->http, &o->files, e);
	if (rc != RC_OK)
		return rc;
	for (uint32_t i = 0; i < h->n; i++)
		request_add_header(&r, "%s: %s", h->v[i].name, h->v[i].value);
	str_addf(&url, "%s%s", o->config->url, q->path);
	if (q->is_post)
		request_add_header(&r, "Content-Type: application/x-www-form-urlencoded");
	else if (*q->form)
		str_addf(&url, "?%s", q->form);
	r.http.method = q->is_post ? "POST" : "GET";
	r.http.url = str_c(&url);
	r.http.body = q->is_post ? q->form : NULL;
	r.http.body_bytes = q->is_post ? strlen(q->form) : 0;
	r.http.timeout_ms = o->config->timeout_ms;
	r.http.answer_bytes_max = OUTSIDE_ANSWER_BYTES_MAX;
	r.http.accept_encoding = "gzip";
	r.http.done = on_answer;
	r.http.ctx = a;
	return http_start(o->http, &r.http, &a->call, e);
}

enum rc outside_ask(struct outside *o, const struct outside_question *q,
	void (*done)(void *ctx, const struct outside_answer *a), void *ctx, struct err *e)
{
	struct ask *a;
	enum rc rc;

	if (o->n_asks >= OUTSIDE_ASKS_MAX)
		return err_set(e, RC_LIMIT, "%d questions to the outside server are under way",
			OUTSIDE_ASKS_MAX);
	a = must_alloc(sizeof *a);
	*a = (struct ask){ .of = o, .done = done, .ctx = ctx };
	rc = start(o, q, a, e);
	if (rc != RC_OK) {
		free(a);
		return rc;
	}
	a->next = o->asks;
	a->link = &o->asks;
	if (o->asks)
		o->asks->link = &a->next;
	o->asks = a;
	o->n_asks++;
	return RC_OK;
}

static void give_up(struct outside *o)
{
	static const struct outside_answer none = { .why = "this site is stopping" };

	while (o->asks) {
		struct ask *a = o->asks;

		http_cancel(a->call);
		unlink_ask(a);
		a->done(a->ctx, &none);
		free(a);
	}
}

void outside_free(struct outside *o)
{
	if (!o)
		return;
	outside_use(o, NULL);
	free(o);
}

static void on_closed(void *ctx)
{
	struct outside *o = ctx;
	void (*closed)(void *) = o->closed;
	void *closed_ctx = o->closed_ctx;

	outside_free(o);
	closed(closed_ctx);
}

void outside_close(struct outside *o, void (*closed)(void *ctx), void *ctx)
{
	give_up(o);
	o->closed = closed;
	o->closed_ctx = ctx;
	http_client_close(o->http, on_closed, o);
}
