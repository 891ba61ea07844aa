/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life cycle, and a request's way: route, gate, body, handler, answer.
 *
 * Route and gate are asked twice, before the body is taken and again when it is there: the first
 * keeps strangers from sending anything at all, the second because a session may end in between.
 */
#include "api/api_private.h"
#include "api/prometheus/elsewhere.h"
#include "api/prometheus/job.h"
#include "api/prometheus/outside.h"
#include "api/prometheus/prometheus.h"
#include "api/prometheus/request.h"
#include "api/prometheus/whose.h"
#include "api/receive/receive.h"

#include "base/endpoint.h"
#include "base/log.h"
#include "port/password/password.h"

#include <inttypes.h>
#include <stdio.h>

#define CALL_BYTES_MAX (4 * HTTP_REQUEST_BYTES_MAX) /* all that one request makes us allocate */
#define FORM_BYTES_MAX 4096

/* On every answer (doc/api.md). */
static const struct http_header security_headers[] = {
	{ "Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Referrer-Policy", "no-referrer" },
	{ "X-Content-Type-Options", "nosniff" },
};

static const struct {
	size_t keep, most;
} bodies[] = {
	[ROUTE_NONE] = { 0, 0 },
	[ROUTE_FORM] = { FORM_BYTES_MAX, FORM_BYTES_MAX },
	[ROUTE_JSON] = { HTTP_REQUEST_BYTES_MAX, HTTP_REQUEST_BYTES_MAX },
	[ROUTE_QUERY] = { HTTP_REQUEST_BYTES_MAX, HTTP_REQUEST_BYTES_MAX },
	[ROUTE_ALERTS] = { ALERTS_POST_BYTES_MAX, ALERTS_POST_BYTES_MAX },
	[ROUTE_SAMPLES] = { RECEIVED_BODY_BYTES_MAX, RECEIVED_BODY_BYTES_MAX },
	[ROUTE_LOG] = { HEARTBEAT_LOG_BYTES_MAX, HTTP_REQUEST_BYTES_MAX },
};

/* ---- answers */

void answer_header(struct answer *a, const char *name, const char *value)
{
	must(a->n_headers < ANSWER_HEADERS_MAX);
	a->headers[a->n_headers++] = (struct http_header){ name, value };
}

static void answer_fini(struct answer *a)
{
	str_fini(&a->body);
}
SCOPED_FINI(answer_fini, struct answer)

static void reply(struct call *c, struct answer *out)
{
	struct http_reply r = { .status = out->status ? out->status : 200,
		.type = out->type ? out->type : "application/json",
		.body = out->body,
		.bytes = out->bytes,
		.n_bytes = out->n_bytes };

	out->body = STR_EMPTY;
	if (!out->type)
		answer_header(out, "Cache-Control", "no-store");
	r.headers = out->headers;
	r.n_headers = out->n_headers;
	http_reply(c->exchange, &r);
}

/* Parameters that can't be read, of a path that is Prometheus': its clients show what they find in its envelope. */
static void reply_bad_data(struct http_exchange *x, const struct err *e)
{
	struct http_reply r = { .status = request_status(REQUEST_BAD_DATA),
		.type = "application/json" };

	request_write_error(&r.body, REQUEST_BAD_DATA, e->text);
	http_reply(x, &r);
}

static void reply_error(struct call *c, struct answer *out, enum rc rc, const struct err *e)
{
	if (!c->found.route && (rc == RC_INPUT || rc == RC_LIMIT) &&
		str_starts(c->ask->target, PROM "/")) {
		reply_bad_data(c->exchange, e);
		return;
	}
	if (rc == RC_AUTH)
		answer_header(out, "WWW-Authenticate", "Bearer realm=\"diarchy\"");
	if (rc_http(rc) >= 500)
		log_warning("%s %s: %s", c->ask->method, c->uri.path ? c->uri.path : "", e->text);
	http_reply_error(c->exchange, rc, e->text, out->headers, out->n_headers);
}

static void reply_other_method(struct http_exchange *x, unsigned allowed)
{
	scoped(str_fini) struct str list = STR_EMPTY;
	struct http_header header = { "Allow", NULL };
	struct http_reply r = { .status = 405,
		.type = "application/json",
		.headers = &header,
		.n_headers = 1 };

	for (enum route_method m = 0; m < ROUTE_METHODS; m++) {
		if (allowed & 1u << m)
			str_addf(&list, "%s%s", list.len ? ", " : "", route_method_name(m));
	}
	header.value = str_c(&list);
	str_addf(&r.body, "{\"error\":\"USAGE\",\"text\":\"this path answers %s only\"}",
		str_c(&list));
	http_reply(x, &r);
}

/* ---- requests */

static bool is_for_machines(const char *path)
{
	return str_starts(path, "/api/") || str_starts(path, "/heartbeat/") ||
	       str_starts(path, "/-/");
}

static bool is_get(const struct http_ask *ask)
{
	return str_eq(ask->method, "GET") || str_eq(ask->method, "HEAD");
}

/* What is asked, and may it be? */
static enum rc admit(struct call *c, struct err *e)
{
	struct api *a = c->api;
	struct gate_visit visit = { .ask = c->ask, .now = c->now.mono };
	enum rc rc = uri_parse(c->ask->target, &c->arena, &c->uri, e);

	if (rc == RC_OK)
		rc = route_find(c->ask->method, c->uri.path, &c->arena, &c->found, e);
	if (rc != RC_OK)
		return rc;
	a->gate.url = site_lab(a->setup.site)->sites[site_self_index(a->setup.site)].url;
	visit.needs = c->found.route ? c->found.route->needs : ROUTE_OPEN;
	rc = gate_pass(&a->gate, &visit, &c->session, e);
	if (rc != RC_OK || c->found.route || c->found.allowed)
		return rc;
	if (!is_get(c->ask) || is_for_machines(c->uri.path))
		return err_set(e, RC_NOT_FOUND, "no such path; doc/api.md lists them");
	return RC_OK;
}

struct view api_view(const struct api *a, struct now now)
{
	return (struct view){ .site = a->setup.site,
		.facts = &a->facts,
		.now = now,
		.started = a->setup.started,
		.has_login = auth_is_needed(a->gate.auth) };
}

static void call_init(struct call *c, struct api *a, struct http_exchange *x,
	const struct http_ask *ask)
{
	*c = (struct call){ .api = a,
		.exchange = x,
		.ask = ask,
		.now = a->setup.now(a->setup.ctx) };
	arena_init(&c->arena, CALL_BYTES_MAX);
	c->view = api_view(a, c->now);
}

static void call_fini(struct call *c)
{
	arena_fini(&c->arena);
}
SCOPED_FINI(call_fini, struct call)

static void on_begin(void *ctx, struct http_exchange *x, const struct http_ask *ask)
{
	scoped(call_fini) struct call c;
	struct answer out = { 0 };
	struct err e = { 0 };
	enum route_takes takes;
	enum rc rc;

	call_init(&c, ctx, x, ask);
	c.api->requests++;
	rc = admit(&c, &e);
	if (rc != RC_OK) {
		reply_error(&c, &out, rc, &e);
	} else if (!c.found.route && c.found.allowed) {
		reply_other_method(x, c.found.allowed);
	} else {
		takes = c.found.route ? c.found.route->takes : ROUTE_NONE;
		http_take_body(x, bodies[takes].keep, bodies[takes].most);
	}
}

static enum rc run_route(struct call *c, struct answer *out, struct err *e)
{
	if (!c->found.route)
		return files_show(c, out, e);
	if (elsewhere_is_named(c))
		return elsewhere_pass(c, out, e);
	if (outside_answers(c))
		return outside_pass(c, out, e);
	return c->found.route->handler(c, out, e);
}

static void on_handle(void *ctx, struct http_exchange *x, const struct http_ask *ask)
{
	scoped(call_fini) struct call c;
	scoped(answer_fini) struct answer out = { 0 };
	struct err e = { 0 };
	enum rc rc;

	call_init(&c, ctx, x, ask);
	rc = admit(&c, &e);
	c.view.csrf = c.session ? c.session->csrf : "none";
	json_begin(&out.json, &out.body);
	if (rc == RC_OK)
		rc = run_route(&c, &out, &e);
	if (rc != RC_OK)
		reply_error(&c, &out, rc, &e);
	else if (!out.is_taken)
		reply(&c, &out);
}

/* ---- other sites */

void api_answer_site(struct api *a, const struct api_question *q, api_site_answered *done,
	void *ctx)
{
	const struct http_ask ask = { .method = "POST",
		.target = "/",
		.address = "",
		.body = q->form,
		.body_bytes = strlen(q->form) };
	scoped(call_fini) struct call c;
	scoped(answer_fini) struct answer out = { 0 };
	struct http_reply r = { 0 };
	struct err e = { 0 };
	enum rc rc;

	call_init(&c, a, NULL, &ask);
	c.found.args[0] = q->label;
	c.site_answered = done;
	c.site_ctx = ctx;
	json_begin(&out.json, &out.body);
	rc = whose_handler(q->what)(&c, &out, &e);
	if (rc != RC_OK)
		rc = job_refuse(&out, rc, &e);
	must(rc == RC_OK);
	if (out.is_taken)
		return;
	r.status = out.status;
	r.body = out.body;
	out.body = STR_EMPTY;
	job_tell_site(done, ctx, &r);
}

/* ---- what handlers share */

enum rc call_number(const struct call *c, const char *name, struct call_range range, int64_t *ret,
	struct err *e)
{
	const char *text = uri_pair(&c->uri.query, name);
	char *end;
	long long value;

	if (!text || !*text) {
		*ret = range.usual;
		return RC_OK;
	}
	value = strtoll(text, &end, 10);
	if (*end || strlen(text) > 18 || value < range.least || value > range.most)
		return err_set(e, RC_INPUT, "%s is a number from %" PRId64 " to %" PRId64, name,
			range.least, range.most);
	*ret = value;
	return RC_OK;
}

enum rc call_time(const struct call *c, const char *name, struct wall *ret, struct err *e)
{
	const char *text = uri_pair(&c->uri.query, name);
	int64_t ago_ms;

	if (!text || !*text) {
		*ret = (struct wall){ 0 };
		return RC_OK;
	}
	if (wall_parse(text, ret, NULL) == RC_OK)
		return RC_OK;
	if (duration_parse(text, &ago_ms, NULL) != RC_OK)
		return err_set(e, RC_INPUT, "%s is a time (2026-11-22T18:10:00Z) or an age (2h30m)",
			name);
	ret->ms = c->now.wall.ms - ago_ms > 0 ? c->now.wall.ms - ago_ms : 1;
	return RC_OK;
}

const struct journal_store *call_store(const struct call *c)
{
	return journal_store(site_journal(c->api->setup.site));
}

/* ---- life cycle */

static enum rc set_login(struct api *a, const struct api_login *login, struct err *e)
{
	enum rc rc = RC_OK;

	if (login->password_hash)
		rc = password_check_hash(login->password_hash, e);
	if (rc == RC_OK)
		rc = auth_set(a->gate.auth, login->password_hash, login->token, e);
	return rc == RC_OK ? RC_OK : err_in(e, rc, "the site's login");
}

static void api_free(struct api *a)
{
	if (!a)
		return;
	auth_free(a->gate.auth);
	facts_fini(&a->facts);
	files_free(a->files);
	buckets_free(a->buckets);
	stream_free(a->stream);
	jobs_free(a->jobs);
	receiver_free(a->receiver);
	free((char *)a->setup.listen);
	free(a);
}
SCOPED_BY(api_free, struct api *)

void api_let_go(struct api *a)
{
	if (--a->holders > 0)
		return;
	if (a->stopped)
		a->stopped(a->stopped_ctx);
	api_free(a);
}

static enum rc start_server(struct api *a, struct err *e)
{
	const struct http_server_setup setup = { .loop = a->setup.loop,
		.listen = a->setup.listen,
		.cert_file = a->setup.cert_file,
		.key_file = a->setup.key_file,
		.headers = security_headers,
		.n_headers = COUNT(security_headers),
		.begin = on_begin,
		.handle = on_handle,
		.ctx = a };
	struct endpoint p;
	enum rc rc = endpoint_parse(a->setup.listen, &p, e);

	if (rc != RC_OK)
		return rc;
	a->gate.is_loopback = host_is_loopback(p.host);
	if (!a->gate.is_loopback && !a->setup.cert_file)
		log_warning(
			"%s speaks plain HTTP: passwords can be read on the way, unless a proxy "
			"of yours or a VPN encrypts it",
			a->setup.listen);
	return http_server_start(&a->server, &setup, e);
}

enum rc api_start(struct api **ret, const struct api_setup *setup, struct err *e)
{
	bool has_login = setup->login.password_hash || setup->login.token;
	scoped(api_free) struct api *a = must_alloc(sizeof *a);
	enum rc rc = api_check_exposure(setup->listen, has_login, e);

	a->setup = *setup;
	a->setup.listen = must_strdup(setup->listen); /* outlives the lab that it stood in */
	a->setup.login = (struct api_login){ 0 };
	a->gate.auth = auth_new(setup->random, setup->ctx);
	a->files = files_new(setup->files);
	a->buckets = buckets_new(site_lab(setup->site)->n_checks);
	a->jobs = jobs_new();
	if (rc == RC_OK)
		rc = set_login(a, &setup->login, e);
	if (rc == RC_OK)
		rc = facts_load(&a->facts, setup->site, e);
	if (rc == RC_OK)
		rc = start_server(a, e);
	if (rc != RC_OK)
		return rc;
	a->stream = stream_new(a);
	a->holders = 2;
	a->receiver = receiver_new(a);
	*ret = TAKE(a);
	return RC_OK;
}

void api_store_worked(const struct api *a)
{
	receiver_look(a->receiver);
}

static void on_server_stopped(void *ctx)
{
	api_let_go(ctx);
}

void api_stop(struct api *a, void (*stopped)(void *ctx), void *ctx)
{
	a->stopped = stopped;
	a->stopped_ctx = ctx;
	stream_stop(a->stream);
	receiver_stop(a->receiver);
	http_server_stop(a->server, on_server_stopped, a);
}

const char *api_address(const struct api *a)
{
	return http_server_address(a->server);
}

enum rc api_refresh_certificate(struct api *a, bool *ret_is_new, struct err *e)
{
	return http_server_refresh(a->server, ret_is_new, e);
}

enum rc api_take_login(struct api *a, const struct api_login *login, struct err *e)
{
	enum rc rc = api_check_exposure(a->setup.listen, login->password_hash || login->token, e);

	return rc == RC_OK ? set_login(a, login, e) : rc;
}

enum rc api_reloaded(struct api *a, const struct api_login *login, struct err *e)
{
	const struct lab_site *self =
		&site_lab(a->setup.site)->sites[site_self_index(a->setup.site)];
	enum rc rc = api_take_login(a, login, e);

	if (rc == RC_OK)
		rc = http_server_use(a->server, self->cert_file, self->key_file, e);
	if (rc == RC_OK)
		rc = facts_load(&a->facts, a->setup.site, e);
	buckets_free(a->buckets);
	a->buckets = buckets_new(site_lab(a->setup.site)->n_checks);
	stream_reloaded(a->stream);
	return rc;
}

/* ---- what changed */

void api_changed(struct api *a, enum api_kind kind, uint16_t index, const char *id)
{
	if (kind == API_CHECK)
		stream_check_changed(a->stream, index);
	else if (kind == API_INCIDENT)
		stream_incident_changed(a->stream, id);
	else
		stream_link_changed(a->stream);
}

void api_event(struct api *a, const struct event *ev)
{
	facts_event(&a->facts, a->setup.site, ev);
	stream_event(a->stream, ev);
}

void api_count(struct api *a, enum api_counter which)
{
	a->counters[which]++;
}
