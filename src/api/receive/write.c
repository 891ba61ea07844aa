/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write: Prometheus' remote write, 1.0 and 2.0.
 *
 * What can't be stored (out of order, another value at that time, labels that are none) is left out,
 * and the rest is stored, in both versions; the answer is then 400 and names the first, so that nobody
 * sends it again.  Prometheus itself gives up on all of a request of 1.0.
 *
 * https://prometheus.io/docs/specs/prw/remote_write_spec/ , remote_write_spec_2_0/ ; texts of errors:
 * storage/interface.go and storage/remote/write_handler.go of Prometheus 3.5.
 */
#include "api/receive/write.h"

#include "port/snappy/snappy.h"

#include <stdio.h>
#include <strings.h>

#define AHEAD_MS       (10 * MINUTE_MS)
#define BAD_SERIES_MAX 10000 /* of one request; with the slice that finds so many it is given up */

static enum rc decode(struct arrival *d, struct err *e)
{
	const struct write *w = d->of;
	enum rc rc =
		snappy_unpack(d->ask->body, d->ask->body_bytes, RECEIVED_BYTES_MAX, &d->plain, e);

	if (rc == RC_OK)
		rc = remote_write_read(w->version, str_c(&d->plain), d->plain.len, &d->batch, e);
	return rc;
}

static enum rc live_series(struct store *s, const struct labels *l, series_ref *ret, struct err *e)
{
	const struct series_sink *sink = store_sink(s);

	return sink->series(sink->self, l, ret, e);
}

static const char *const verdict_texts[SERIES_VERDICTS] = {
	[SERIES_DUPLICATE] = "duplicate sample for timestamp",
	[SERIES_OUT_OF_ORDER] = "out of order sample",
	[SERIES_TOO_OLD] = "too old sample",
	[SERIES_GONE] = "the series could not be kept",
	[SERIES_UNSUPPORTED] = "the native histogram contradicts itself",
};

static void leave_out(struct arrival *d, const struct series_sample *s, enum series_verdict verdict,
	const char *why)
{
	struct write *w = d->of;

	arrival_leave_out(d, s, &d->n_left_out[verdict]);
	if (!w->first.rc)
		err_set(&w->first, RC_INPUT, "%s for series %s", why, d->offender);
}

/* Its ref, or 0: its labels can't be, or there is no room for it. */
static series_ref find(struct arrival *d, uint32_t series)
{
	struct batch_series *s = &d->batch.series[series];
	struct write *w = d->of;
	struct err why = { 0 };
	enum rc rc;

	if (!s->ref)
		s->ref = arrival_known(d, s->hash);
	if (s->ref)
		return s->ref == ARRIVAL_REF_BAD ? 0 : s->ref;
	rc = arrival_find(d, series, live_series, &why);
	if (rc == RC_OK)
		return s->ref;
	s->ref = ARRIVAL_REF_BAD;
	if (rc != RC_INPUT && !w->failed.rc)
		w->failed = why;
	if (rc == RC_INPUT && ++w->n_bad == BAD_SERIES_MAX)
		err_set(&w->failed, RC_INPUT, "%d series, and more: %s", BAD_SERIES_MAX, why.text);
	if (rc == RC_INPUT && !w->first.rc && w->version == REMOTE_VERSION_2)
		w->first = why;
	return 0;
}

/* The store had forgotten it. */
static enum series_verdict append_again(struct arrival *d, const struct series_sample *s)
{
	const struct series_sink *sink = store_sink(d->api->setup.metrics);

	if (arrival_find(d, s->series, live_series, NULL) != RC_OK)
		return SERIES_GONE;
	return sink->append(sink->self, d->batch.series[s->series].ref, s->t_ms, s->v);
}

static void append_sample(struct arrival *d, const struct series_sink *sink,
	const struct series_sample *s)
{
	series_ref ref = find(d, s->series);
	enum series_verdict verdict;

	if (!ref)
		return;
	if (s->t_ms > d->now_ms + AHEAD_MS) {
		leave_out(d, s, SERIES_TOO_OLD,
			"out of bounds: timestamp is too far in the future");
		return;
	}
	verdict = sink->append(sink->self, ref, s->t_ms, s->v);
	if (verdict == SERIES_GONE)
		verdict = append_again(d, s);
	if (verdict <= SERIES_SAME)
		d->n_taken++;
	else
		leave_out(d, s, verdict, verdict_texts[verdict]);
}

static void append_histogram(struct arrival *d, const struct series_sink *sink,
	const struct batch_histogram *x)
{
	const struct series_sample s = { .t_ms = x->t_ms, .series = x->series };
	series_ref ref = find(d, x->series);
	enum series_verdict verdict = SERIES_TOO_OLD;
	struct write *w = d->of;

	if (!ref)
		return;
	if (x->t_ms <= d->now_ms + AHEAD_MS)
		verdict = sink->append_histogram(sink->self, ref, x->t_ms, x->h);
	if (verdict <= SERIES_SAME)
		w->n_histograms++;
	else
		leave_out(d, &s, verdict, verdict_texts[verdict]);
}

static void append_exemplar(struct arrival *d, const struct series_sink *sink,
	const struct batch_exemplar *x)
{
	series_ref ref = find(d, x->series);
	struct write *w = d->of;

	if (!ref)
		return;
	sink->exemplar(sink->self, ref, &x->x);
	w->n_exemplars++;
}

/* What stands at this place of all that the batch has, one kind behind the other. */
static void append_other(struct arrival *d, const struct series_sink *sink, uint32_t i)
{
	const struct series_batch *b = &d->batch;

	if (i < b->n_histograms) {
		append_histogram(d, sink, &b->histograms[i]);
		return;
	}
	i -= b->n_histograms;
	if (i < b->n_exemplars) {
		append_exemplar(d, sink, &b->exemplars[i]);
		return;
	}
	i -= b->n_exemplars;
	if (i < b->n_metadata)
		sink->metadata(sink->self, b->metadata[i].metric, &b->metadata[i].m);
	else /* also of series that have nothing but their labels */
		(void)find(d, i - b->n_metadata);
}

/* Returns whether that was all. */
static bool append_slice(struct arrival *d, const struct series_sink *sink)
{
	const struct series_batch *b = &d->batch;
	uint64_t others = (uint64_t)b->n_histograms + b->n_exemplars + b->n_metadata + b->n_series;
	uint64_t all = b->n_samples + others, end = d->next + (uint64_t)ARRIVAL_SLICE;
	const struct write *w = d->of;

	if (end > all)
		end = all;
	for (; d->next < end && d->next < b->n_samples; d->next++)
		append_sample(d, sink, &b->samples[d->next]);
	for (; d->next < end; d->next++)
		append_other(d, sink, d->next - b->n_samples);
	return end == all || w->n_bad >= BAD_SERIES_MAX;
}

enum rc write_commit(struct arrival *d, struct err *e)
{
	const struct series_sink *sink = store_sink(d->api->setup.metrics);
	const struct write *w = d->of;
	bool is_all = append_slice(d, sink);
	enum rc rc = sink->commit(sink->self, e);

	d->is_stored = is_all && rc == RC_OK;
	if (rc != RC_OK || !is_all)
		return rc;
	if (w->failed.rc)
		return err_set(e, w->failed.rc, "%s", w->failed.text);
	return w->first.rc ? err_set(e, RC_INPUT, "%s", w->first.text) : RC_OK;
}

/* In Prometheus' classes: 400 and 415 are not sent again, 429 maybe, others are. */
static int status_of(enum rc rc)
{
	switch (rc) {
	case RC_OK:
		return 204;
	case RC_UNSUPPORTED:
		return 415;
	case RC_TIMEOUT:
		return 503;
	default:
		return rc_http(rc);
	}
}

static void answer(struct arrival *d, enum rc rc, const struct err *e)
{
	const struct write *w = d->of;
	char samples[24], histograms[24], exemplars[24];
	const struct http_header headers[] = {
		{ "X-Prometheus-Remote-Write-Samples-Written", samples },
		{ "X-Prometheus-Remote-Write-Histograms-Written", histograms },
		{ "X-Prometheus-Remote-Write-Exemplars-Written", exemplars },
	};
	struct http_reply r = { .status = status_of(rc), .headers = headers };

	snprintf(samples, sizeof samples, "%llu", (unsigned long long)d->n_taken);
	snprintf(histograms, sizeof histograms, "%llu", (unsigned long long)w->n_histograms);
	snprintf(exemplars, sizeof exemplars, "%llu", (unsigned long long)w->n_exemplars);
	r.n_headers = w->version == REMOTE_VERSION_2 ? COUNT(headers) : 0;
	if (rc != RC_OK) {
		r.type = "text/plain; charset=utf-8";
		str_addf(&r.body, "%s\n", e->text);
	}
	http_reply(d->exchange, &r);
}

static const struct arrival_kind write_kind = { RECEIVE_REMOTE_WRITE, "remote_write", false, decode,
	write_commit, answer };

static enum rc take_headers(struct arrival *d, struct err *e)
{
	const char *type = http_ask_header(d->ask, "Content-Type");
	const char *coding = http_ask_header(d->ask, "Content-Encoding");
	struct write *w = arena_alloc(&d->arena, sizeof *w);

	if (!w)
		return err_set(e, RC_LIMIT, "no memory");
	d->of = w;
	d->most_bytes = snappy_unpacked_bytes(d->ask->body, d->ask->body_bytes);
	if (coding && *coding && strcasecmp(coding, "snappy") != 0)
		return err_set(e, RC_UNSUPPORTED,
			"%.40s encoding (compression) is not accepted by this server; only snappy "
			"is "
			"acceptable",
			coding);
	return remote_write_version(type ? type : "", &w->version, e);
}

enum rc receive_write(struct call *c, struct answer *out, struct err *e)
{
	scoped(arrival_free) struct arrival *d = NULL;
	struct err why = { 0 };
	enum rc rc = arrival_new(c, &write_kind, &d, e);

	if (rc != RC_OK)
		return rc;
	rc = take_headers(d, &why);
	if (rc != RC_OK) {
		out->status = status_of(rc);
		out->type = "text/plain; charset=utf-8";
		str_addf(&out->body, "%s\n", why.text);
		return RC_OK;
	}
	out->is_taken = true;
	arrival_start(TAKE(d));
	return RC_OK;
}
