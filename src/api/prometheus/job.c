/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/job.h"

#include "api/prometheus/form.h"
#include "api/prometheus/prometheus.h"

#define JOB_BYTES_MAX (8 * HTTP_REQUEST_BYTES_MAX) /* of parameters and what is made of them */

/* Waiting and running ones, of one API. */
struct jobs {
	struct job *first, **last;
	uint32_t n_waiting, n_running;
	struct crowd *crowd; /* that helps those that run */
};

struct jobs *jobs_new(void)
{
	struct jobs *jobs = must_alloc(sizeof *jobs);

	jobs->last = &jobs->first;
	jobs->crowd = crowd_new(crowd_helpers());
	return jobs;
}

void jobs_free(struct jobs *jobs)
{
	must(!jobs || (!jobs->n_waiting && !jobs->n_running));
	if (jobs)
		crowd_free(jobs->crowd);
	free(jobs);
}

static enum rc use_sources(struct job *j, struct call *c, bool has_form, struct err *e)
{
	const char *label = c->found.args[0];
	enum rc rc = sites_new(&j->sites, c, store_view_source(j->held), &j->arena, e);

	if (rc != RC_OK)
		return rc;
	j->all_sites = sites_source(j->sites);
	j->source =
		has_form && !whose_may_name(&j->pairs) ? store_view_source(j->held) : &j->all_sites;
	j->what = c->found.route ? whose_what(c->found.route->handler) : ASKING_WHATS;
	j->label = arena_strdup(&j->arena, j->what == ASKING_LABEL_VALUES ? label : "");
	return j->label ? RC_OK : err_set(e, RC_LIMIT, "too many parameters");
}

static enum rc make_job(struct call *c, bool has_form, struct job **ret, struct err *e)
{
	scoped(job_free) struct job *j = NULL;
	struct store *store = c->api->setup.metrics;
	enum rc rc;

	if (!store)
		return err_set(e, RC_UNSUPPORTED,
			"this site keeps no metrics: lab.yaml has no 'metrics'");
	j = must_alloc(sizeof *j);
	arena_init(&j->arena, JOB_BYTES_MAX);
	j->api = c->api;
	j->crowd = c->api->jobs->crowd;
	j->exchange = c->exchange;
	j->site_answered = c->site_answered;
	j->site_ctx = c->site_ctx;
	j->now_ms = c->now.wall.ms;
	j->fault = REQUEST_BAD_DATA;
	rc = has_form ? request_pairs(c, &j->arena, &j->pairs, e) : RC_OK;
	if (rc != RC_OK)
		return rc;
	if (c->api->jobs->n_waiting >= QUERIES_WAITING_MAX)
		return err_set(e, RC_LIMIT, "%d queries wait already: ask again later",
			QUERIES_WAITING_MAX);
	j->held = store_view_new(store);
	j->view = j->held;
	rc = use_sources(j, c, has_form, e);
	if (rc == RC_OK)
		*ret = TAKE(j);
	return rc;
}

enum rc job_new(struct call *c, struct job **ret, struct err *e)
{
	return make_job(c, true, ret, e);
}

enum rc job_new_with_body(struct call *c, struct job **ret, struct err *e)
{
	return make_job(c, false, ret, e);
}

void job_free(struct job *j)
{
	if (!j)
		return;
	sites_free(j->sites);
	store_view_free(j->held);
	str_fini(&j->body);
	str_pieces_fini(&j->more);
	arena_fini(&j->arena);
	free(j);
}

bool job_should_stop(void *job)
{
	const struct job *j = job;

	return uv_hrtime() > j->deadline_ns;
}

static void run(uv_work_t *work)
{
	struct job *j = work->data;

	if (job_should_stop(j)) {
		j->rc = err_set(&j->e, RC_TIMEOUT, "query timed out in query queue");
		j->fault = REQUEST_TIMEOUT;
		return;
	}
	j->rc = sites_unpack(j->sites, &j->e);
	if (j->rc == RC_OK)
		j->rc = j->run(j, &j->e);
	if (j->rc == RC_OK && !sites_wants(j->sites))
		j->rc = sites_verdict(j->sites, &j->e);
}

static enum request_fault fault_of(const struct job *j)
{
	if (j->rc == RC_TIMEOUT)
		return REQUEST_TIMEOUT;
	if (j->rc == RC_INPUT || j->rc == RC_LIMIT)
		return j->fault;
	if (j->rc == RC_OFFLINE)
		return REQUEST_UNAVAILABLE;
	return REQUEST_INTERNAL;
}

void job_tell_site(api_site_answered *done, void *ctx, struct http_reply *r)
{
	struct api_site_answer a = { .status = r->status ? (uint16_t)r->status : 200,
		.body = r->body };

	for (uint32_t i = 0; i < r->more.n; i++)
		str_addn(&a.body, str_c(&r->more.v[i]), r->more.v[i].len);
	str_pieces_fini(&r->more);
	r->body = STR_EMPTY;
	done(ctx, &a);
}

/* What JSON has among its warnings; NULL: nothing. */
static const char *warning_of(struct job *j)
{
	struct sites_warnings w = { NULL, 0 };
	char *text;

	if (j->type && j->rc == RC_OK && !j->site_answered)
		w = sites_warnings(j->sites);
	if (!w.n)
		return NULL;
	text = arena_strdup(&j->arena, w.v[0]);
	for (char *at = text; at && *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	return text;
}

static void answer(struct job *j)
{
	const char *warning = warning_of(j);
	struct http_header headers[3] = { { "Cache-Control", "no-store" } };
	struct http_reply r = { .type = j->type ? j->type : "application/json",
		.headers = headers,
		.n_headers = 1 };

	if (j->has_no_answer && j->rc == RC_OK) {
		r.status = 204;
		r.type = NULL;
	}
	if (j->coding && j->rc == RC_OK)
		headers[r.n_headers++] = (struct http_header){ "Content-Encoding", j->coding };
	if (warning)
		headers[r.n_headers++] = (struct http_header){ "X-Diarchy-Warning", warning };
	if (j->rc != RC_OK) {
		r.status = j->rc == RC_OFFLINE ? rc_http(j->rc) : request_status(fault_of(j));
		str_clear(&j->body);
		str_pieces_fini(&j->more);
		r.type = "application/json";
		request_write_error(&j->body, fault_of(j), j->e.text);
	}
	r.body = j->body;
	r.more = j->more;
	j->body = STR_EMPTY;
	j->more = (struct str_pieces){ 0 };
	if (j->site_answered)
		job_tell_site(j->site_answered, j->site_ctx, &r);
	else
		http_reply(j->exchange, &r);
}

static void begin(struct job *j);

static void end(struct job *j)
{
	struct api *a = j->api;

	answer(j);
	job_free(j);
	api_let_go(a);
}

static void queue(struct job *j)
{
	struct jobs *jobs = j->api->jobs;

	if (jobs->n_running < QUERIES_AT_ONCE) {
		begin(j);
		return;
	}
	j->next = NULL;
	*jobs->last = j;
	jobs->last = &j->next;
	jobs->n_waiting++;
}

static void on_fetched(void *ctx, enum rc rc, const struct err *e)
{
	struct job *j = ctx;

	if (rc == RC_OK) {
		queue(j);
		return;
	}
	j->rc = err_set(&j->e, rc, "%s", e->text);
	j->fault = REQUEST_EXECUTION;
	end(j);
}

/* Its error, if there is one, may be for lack of what it wants. */
static void fetch(struct job *j)
{
	str_clear(&j->body);
	str_pieces_fini(&j->more);
	j->e = (struct err){ 0 };
	sites_fetch(j->sites, on_fetched, j);
}

static void on_done(uv_work_t *work, int status)
{
	struct job *j = work->data, *next;
	struct jobs *jobs = j->api->jobs;

	must(status == 0);
	jobs->n_running--;
	next = jobs->first;
	if (next) {
		jobs->first = next->next;
		if (!jobs->first)
			jobs->last = &jobs->first;
		jobs->n_waiting--;
		begin(next);
	}
	if (sites_wants(j->sites) && j->rc != RC_TIMEOUT)
		fetch(j);
	else
		end(j);
}

static void begin(struct job *j)
{
	j->api->jobs->n_running++;
	must(uv_queue_work(j->api->setup.loop, &j->work, run, on_done) == 0);
}

/* ---- another site answers in its place */

struct passed_on {
	struct job *job;
	uint8_t site;
};

static void on_passed(void *ctx, struct api_site_answer *a)
{
	struct passed_on *p = ctx;
	struct job *j = p->job;
	struct api *api = j->api;
	const struct http_header headers[] = { { "Cache-Control", "no-store" },
		{ "X-Diarchy-Site", sites_names(j->sites)->v[p->site] } };
	struct http_reply r = { .status = a->status,
		.type = "application/json",
		.headers = headers,
		.n_headers = COUNT(headers),
		.body = a->body };

	if (!a->status) {
		sites_go_without(j->sites, p->site, a->why);
		free(p);
		queue(j);
		return;
	}
	a->body = STR_EMPTY;
	http_reply(j->exchange, &r);
	free(p);
	job_free(j);
	api_let_go(api);
}

static bool pass_on(struct job *j)
{
	scoped(str_fini) struct str form = STR_EMPTY;
	struct api_question q = { j->what, j->label, NULL, j->timeout_ms };
	bool is_query = j->what == ASKING_QUERY || j->what == ASKING_QUERY_RANGE ||
			j->what == ASKING_EXEMPLARS;
	struct passed_on *p;
	struct err e = { 0 };
	enum rc rc;
	uint8_t site =
		sites_alone(j->sites, whose_question(sites_names(j->sites), &j->pairs, is_query));

	if (site == NO_SITE || j->what == ASKING_WHATS)
		return false;
	p = must_alloc(sizeof *p);
	*p = (struct passed_on){ j, site };
	form_write(&j->pairs, &form);
	q.form = str_c(&form);
	rc = j->api->setup.ask_site(j->api->setup.ctx, site, &q, on_passed, p, &e);
	if (rc == RC_OK)
		return true;
	free(p);
	j->fault = REQUEST_UNAVAILABLE;
	if (rc == RC_OFFLINE)
		sites_go_without(j->sites, site, e.text);
	else
		sites_fail(j->sites, rc, e.text);
	return false;
}

void job_start(struct job *j, int64_t timeout_ms, enum rc (*run_it)(struct job *j, struct err *e))
{
	j->work.data = j;
	j->run = run_it;
	j->timeout_ms = timeout_ms;
	j->deadline_ns = uv_hrtime() + (uint64_t)timeout_ms * 1000000;
	j->api->holders++;
	if (j->site_answered || !j->api->setup.ask_site || !pass_on(j))
		queue(j);
}

enum rc job_refuse(struct answer *out, enum rc rc, const struct err *e)
{
	enum request_fault f = rc == RC_INPUT         ? REQUEST_BAD_DATA
			       : rc == RC_LIMIT       ? REQUEST_UNAVAILABLE
			       : rc == RC_UNSUPPORTED ? REQUEST_UNAVAILABLE
			       : rc == RC_NOT_FOUND   ? REQUEST_NOT_FOUND
						      : REQUEST_INTERNAL;

	out->status = request_status(f);
	request_write_error(&out->body, f, e->text);
	return RC_OK;
}
