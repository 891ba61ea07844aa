/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_read: samples as they are stored, for another Prometheus.
 * https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/
 *
 * Who asks says which of the two types of answers it likes best.  Both are made whole, within
 * QUERY_ANSWER_BYTES_MAX, before they are sent.
 */
#include "api/prometheus/job.h"
#include "core/remote/read.h"
#include "port/snappy/snappy.h"

#define TIMEOUT_MS (2 * MINUTE_MS)

struct answering {
	struct remote_frames *frames; /* NULL: samples */
	uint64_t samples;
};

static enum rc add_series(struct job *j, struct answering *a, const struct labels *l,
	const struct series_column *c, struct err *e)
{
	enum rc rc = RC_OK;

	a->samples += c->n;
	if (a->frames)
		rc = remote_frames_add(a->frames, l, c, e);
	else if (c->n)
		remote_read_add(&j->body, l, c);
	if (rc == RC_OK && (a->samples > QUERY_SAMPLES_MAX || j->body.is_cut))
		return err_set(e, RC_LIMIT, "exceeded sample limit (%d)", QUERY_SAMPLES_MAX);
	return rc;
}

static enum rc answer_series(struct job *j, struct series_cursor *cursor, struct answering *a,
	struct err *e)
{
	scoped(series_column_fini) struct series_column column = { 0 };
	scoped(arena_fini) struct arena histograms;
	struct labels labels;
	bool has = true;
	enum rc rc;

	arena_init(&histograms, QUERY_BYTES_MAX);
	column.histograms = &histograms;
	for (;;) {
		rc = j->source->next(cursor, &labels, &has, e);
		if (rc != RC_OK || !has)
			return rc;
		if (job_should_stop(j))
			return err_set(e, RC_TIMEOUT, "it took too long");
		arena_reset(&histograms);
		rc = j->source->read(cursor, &column, e);
		if (rc == RC_OK)
			rc = add_series(j, a, &labels, &column, e);
		if (rc != RC_OK)
			return rc;
	}
}

static enum rc answer_query(struct job *j, const struct remote_query *asked, struct answering *a,
	struct err *e)
{
	const struct series_query q = { .matchers = asked->matchers,
		.n_matchers = asked->n_matchers,
		.min_ms = asked->start_ms,
		.max_ms = asked->end_ms,
		.function = "" };
	struct series_cursor *cursor;
	enum rc rc = j->source->open(j->source->self, &q, &cursor, e);

	if (rc != RC_OK)
		return rc;
	rc = answer_series(j, cursor, a, e);
	j->source->close(cursor);
	return rc;
}

static enum rc answer_samples(struct job *j, const struct remote_read *asked, struct err *e)
{
	scoped(str_fini) struct str packed = STR_EMPTY;
	struct answering a = { 0 };
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < asked->n; i++) {
		size_t opened = remote_read_begin(&j->body);

		rc = answer_query(j, &asked->v[i], &a, e);
		remote_read_end(&j->body, opened);
	}
	if (rc == RC_OK)
		rc = snappy_pack(str_c(&j->body), j->body.len, &packed, e);
	if (rc != RC_OK)
		return rc;
	str_fini(&j->body);
	j->body = packed;
	packed = STR_EMPTY;
	j->type = "application/x-protobuf";
	j->coding = "snappy";
	return RC_OK;
}

static enum rc answer_chunks(struct job *j, const struct remote_read *asked, struct err *e)
{
	scoped(remote_frames_free) struct remote_frames *frames =
		remote_frames_new(QUERY_ANSWER_BYTES_MAX);
	struct answering a = { .frames = frames };
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < asked->n; i++) {
		rc = answer_query(j, &asked->v[i], &a, e);
		remote_frames_write(frames, i, &j->body);
	}
	if (rc == RC_OK && j->body.is_cut)
		return err_set(e, RC_LIMIT, "an answer of too many bytes");
	j->type = REMOTE_STREAMED_TYPE;
	return rc;
}

static enum rc run(struct job *j, struct err *e)
{
	const struct remote_read *asked = j->of;

	j->fault = REQUEST_BAD_DATA;
	j->body.limit_bytes = QUERY_ANSWER_BYTES_MAX;
	return asked->is_streamed ? answer_chunks(j, asked, e) : answer_samples(j, asked, e);
}

static enum rc read_question(struct job *j, const struct http_ask *ask, struct err *e)
{
	scoped(str_fini) struct str plain = STR_EMPTY;
	struct remote_read *asked = arena_alloc(&j->arena, sizeof *asked);
	enum rc rc =
		asked ? snappy_unpack(ask->body, ask->body_bytes, HTTP_REQUEST_BYTES_MAX, &plain, e)
		      : err_set(e, RC_LIMIT, "the question is too large");

	j->of = asked;
	return rc == RC_OK ? remote_read_parse(str_c(&plain), plain.len, &j->arena, asked, e) : rc;
}

enum rc prom_remote_read(struct call *c, struct answer *out, struct err *e)
{
	scoped(job_free) struct job *j = NULL;
	struct err why = { 0 };
	enum rc rc = job_new_with_body(c, &j, &why);

	(void)e;
	if (rc == RC_OK)
		rc = read_question(j, c->ask, &why);
	if (rc != RC_OK) {
		out->status = rc == RC_UNSUPPORTED ? 400 : 0;
		return job_refuse(out, rc == RC_UNSUPPORTED ? RC_INPUT : rc, &why);
	}
	out->is_taken = true;
	job_start(TAKE(j), TIMEOUT_MS, run);
	return RC_OK;
}
