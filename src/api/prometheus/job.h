/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job: a request that is computed on the pool, over a view of the samples that nothing changes.
 *
 *	handler, on the loop's thread       pool                      loop
 *	job_new ── reads parameters ──►  run(job): writes answer ──► job answers, is freed
 *
 * At most QUERIES_AT_ONCE run at a time; QUERIES_WAITING_MAX wait, more are refused.  A job that
 * takes longer than its timeout is told so by job_should_stop() and answers that.
 *
 * What a job reads is of this site or of others (sites.h): so it may run more than once, or not at all,
 * when another site answers in its place.
 */
#ifndef API_PROMETHEUS_JOB_H
#define API_PROMETHEUS_JOB_H

#include "api/prometheus/request.h"
#include "api/prometheus/sites.h"
#include "core/metrics/store.h"
#include "port/crowd/crowd.h"

struct job;

struct job {
	struct arena arena; /* of the parameters, and for `run` */
	struct uri_pairs pairs;
	const struct series_source *source;
	const struct store_view *view; /* of this site's own */
	struct sites *sites;
	struct crowd *crowd; /* that `run` may spread its work over */
	int64_t now_ms;
	/* What `run` makes: a whole answer, or rc and e with the class of what went wrong. */
	struct str body;
	struct str_pieces more; /* of the body, behind it */
	bool has_no_answer;     /* 204: no body, either */
	const char *type;       /* NULL: JSON */
	const char *coding;     /* NULL: none */
	enum request_fault fault;
	struct err e;
	void *of; /* the handler's own, in the arena */

	/* Private. */
	uv_work_t work;
	struct api *api;
	struct http_exchange *exchange;
	api_site_answered *site_answered; /* instead */
	void *site_ctx;
	struct series_source all_sites;
	enum asking_what
		what; /* that another site may be asked in our place; ASKING_WHATS: nothing */
	const char *label;
	int64_t timeout_ms;
	struct store_view *held;
	enum rc (*run)(struct job *j, struct err *e);
	enum rc rc;
	uint64_t deadline_ns;
	struct job *next;
};

/* RC_UNSUPPORTED when this site keeps no metrics; RC_INPUT, RC_LIMIT for parameters.  What fails
 * before job_start() is answered by job_refuse(). */
enum rc job_new(struct call *c, struct job **ret, struct err *e) MUST_USE;
/* The same of a request whose body is no form. */
enum rc job_new_with_body(struct call *c, struct job **ret, struct err *e) MUST_USE;
void job_free(struct job *j);
SCOPED_BY(job_free, struct job *)

/* Takes `j` over.  `run` answers RC_OK with `body` written, or fails with `fault` set; it may be called
 * again. */
void job_start(struct job *j, int64_t timeout_ms, enum rc (*run)(struct job *j, struct err *e));

/* An answer that goes to another site. */
void job_tell_site(api_site_answered *done, void *ctx, struct http_reply *r);

/* Of a handler that couldn't start one: the envelope of an error. */
enum rc job_refuse(struct answer *out, enum rc rc, const struct err *e);

bool job_should_stop(void *job); /* on the pool */

#endif
