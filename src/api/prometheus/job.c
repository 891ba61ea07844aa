/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/job.h"

#include "api/prometheus/prometheus.h"

#define JOB_BYTES_MAX (8 * HTTP_REQUEST_BYTES_MAX) /* of parameters and what is made of them */

/* Waiting and running ones, of one API. */
struct jobs {
	struct job *first, **last;
	uint32_t n_waiting, n_running;
};

struct jobs *jobs_new(void)
{
	struct jobs *jobs = must_alloc(sizeof *jobs);

	jobs->last = &jobs->first;
	return jobs;
}

void jobs_free(struct jobs *jobs)
{
	must(!jobs || (!jobs->n_waiting && !jobs->n_running));
	free(jobs);
}

enum rc job_new(struct call *c, struct job **ret, struct err *e)
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
	j->exchange = c->exchange;
	j->now_ms = c->now.wall.ms;
	j->fault = REQUEST_BAD_DATA;
	rc = request_pairs(c, &j->arena, &j->pairs, e);
	if (rc != RC_OK)
		return rc;
	if (c->api->jobs->n_waiting >= QUERIES_WAITING_MAX)
		return err_set(e, RC_LIMIT, "%d queries wait already: ask again later",
			QUERIES_WAITING_MAX);
	j->held = store_view_new(store);
	j->view = j->held;
	j->source = store_view_source(j->held);
	*ret = TAKE(j);
	return RC_OK;
}

void job_free(struct job *j)
{
	if (!j)
		return;
	store_view_free(j->held);
	str_fini(&j->body);
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
	j->rc = j->run(j, &j->e);
}

static enum request_fault fault_of(const struct job *j)
{
	if (j->rc == RC_TIMEOUT)
		return REQUEST_TIMEOUT;
	if (j->rc == RC_INPUT || j->rc == RC_LIMIT)
		return j->fault;
	return REQUEST_INTERNAL;
}

static void answer(struct job *j)
{
	static const struct http_header headers[] = { { "Cache-Control", "no-store" } };
	struct http_reply r = { .type = j->type ? j->type : "application/json",
		.headers = headers,
		.n_headers = COUNT(headers) };

	if (j->rc != RC_OK) {
		r.status = request_status(fault_of(j));
		r.type = "application/json";
		request_write_error(&j->body, fault_of(j), j->e.text);
	}
	r.body = j->body;
	j->body = STR_EMPTY;
	http_reply(j->exchange, &r);
}

static void begin(struct job *j);

static void on_done(uv_work_t *work, int status)
{
	struct job *j = work->data, *next;
	struct api *a = j->api;
	struct jobs *jobs = a->jobs;

	must(status == 0);
	answer(j);
	job_free(j);
	jobs->n_running--;
	next = jobs->first;
	if (next) {
		jobs->first = next->next;
		if (!jobs->first)
			jobs->last = &jobs->first;
		jobs->n_waiting--;
		begin(next);
	}
	api_let_go(a);
}

static void begin(struct job *j)
{
	j->api->jobs->n_running++;
	must(uv_queue_work(j->api->setup.loop, &j->work, run, on_done) == 0);
}

void job_start(struct job *j, int64_t timeout_ms, enum rc (*run_it)(struct job *j, struct err *e))
{
	struct jobs *jobs = j->api->jobs;

	j->work.data = j;
	j->run = run_it;
	j->deadline_ns = uv_hrtime() + (uint64_t)timeout_ms * 1000000;
	j->api->holders++;
	if (jobs->n_running < QUERIES_AT_ONCE) {
		begin(j);
		return;
	}
	*jobs->last = j;
	jobs->last = &j->next;
	jobs->n_waiting++;
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
