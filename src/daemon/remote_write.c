/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver is looked at twice a second, after each answer and when its queue says so: then what the log
 * has is made into requests on the pool, and those that are due are sent.
 */
#include "daemon/remote_write.h"

#include "base/log.h"
#include "base/seldom.h"
#include "core/metrics/follow.h"
#include "core/remote_write/request.h"
#include "daemon/common.h"
#include "node/remote_sender.h"
#include "port/discovery/request.h"
#include "port/os/os.h"

#define TICK_MS          500
#define ANSWER_BYTES_MAX 4096 /* of which the beginning is logged */

struct way { /* of one shard's request */
	struct receiver *receiver;
	uint32_t shard;
	struct http_call *call; /* NULL: none is under way */
};

struct receiver {
	struct remote_sending *of;
	const struct remote_write *config;
	struct remote_sender *sender;
	struct request_files files;
	struct way *ways;
	uint32_t n_ways;
	uv_timer_t timer;
	uv_work_t work;
	bool is_working, is_closing, is_timer_closed;
	bool is_failing; /* what was sent last was not taken */
	struct seldom said;
};

struct remote_sending {
	uv_loop_t *loop;
	struct store *store;
	struct http_client *http;              /* NULL: nothing was ever sent */
	struct remote_writes *writes, *next;   /* `next`: once the receivers have closed; NULL */
	struct labels external, next_external; /* in the arenas of these two */
	struct receiver **receivers;
	uint32_t n_receivers;
	bool is_closing;
	void (*closed)(void *ctx);
	void *ctx;
};

static void turn(struct receiver *p);

/* ---- the end of a receiver */

static void on_http_closed(void *ctx)
{
	struct remote_sending *s = ctx;
	void (*closed)(void *) = s->closed;
	void *closed_ctx = s->ctx;

	remote_sending_free(s);
	closed(closed_ctx);
}

static void open_receivers(struct remote_sending *s);

static void free_receiver(struct receiver *p)
{
	remote_sender_free(p->sender);
	request_files_fini(&p->files);
	free(p->ways);
	free(p);
}

static void forget_receiver(struct remote_sending *s, struct receiver *p)
{
	for (uint32_t i = 0; i < s->n_receivers; i++)
		if (s->receivers[i] == p)
			s->receivers[i--] = s->receivers[--s->n_receivers];
	free_receiver(p);
	if (s->n_receivers)
		return;
	if (s->is_closing)
		http_client_close(s->http, on_http_closed, s);
	else if (s->next)
		open_receivers(s);
}

static void end_if_done(struct receiver *p)
{
	struct remote_sending *s = p->of;

	if (!p->is_closing || p->is_working || !p->is_timer_closed)
		return;
	forget_receiver(s, p);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct receiver *p = h->data;

	p->is_timer_closed = true;
	end_if_done(p);
}

static void close_receiver(struct receiver *p)
{
	if (p->is_closing)
		return;
	p->is_closing = true;
	for (uint32_t i = 0; i < p->n_ways; i++)
		http_cancel(p->ways[i].call);
	uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}

/* ---- requests */

/* Once when it begins to fail, and again when it is well. */
static void tell(struct receiver *p, bool is_failing, const char *why)
{
	struct remote_sender_stats stats;

	if (is_failing == p->is_failing)
		return;
	p->is_failing = is_failing;
	remote_sender_stats(p->sender, &stats);
	if (is_failing)
		log_warning("remote write to %s: %s; samples wait on disk until it takes them",
			p->config->name, why);
	else
		log_info("remote write to %s: it takes samples again; %llu MB of logs wait",
			p->config->name, (unsigned long long)(stats.behind_bytes >> 20));
}

static void tell_drop(struct receiver *p, const struct http_response *r)
{
	uint32_t more;

	if (seldom_may_write(&p->said, daemon_now().mono, &more))
		log_warning("remote write to %s: samples were refused, and are dropped: status %d: "
			    "%.300s",
			p->config->name, r->status, r->body);
}

static struct remote_answer answer_of(const struct http_response *r)
{
	static const char *const written[] = {
		[REMOTE_SAMPLES] = "X-Prometheus-Remote-Write-Samples-Written",
		[REMOTE_HISTOGRAMS] = "X-Prometheus-Remote-Write-Histograms-Written",
		[REMOTE_EXEMPLARS] = "X-Prometheus-Remote-Write-Exemplars-Written",
	};
	struct remote_answer a = { .status = r->status };
	char text[64];

	a.is_answered = r->outcome == HTTP_ANSWERED || (r->outcome == HTTP_TOO_LARGE && r->status);
	if (http_header(r->headers, "Retry-After", text, sizeof text))
		a.retry_after_ms = remote_retry_after(text, daemon_now().wall);
	for (int i = 0; i < (int)COUNT(written); i++) {
		if (!http_header(r->headers, written[i], text, sizeof text))
			continue;
		a.has_written = true;
		a.written[i] = strtoull(text, NULL, 10);
	}
	return a;
}

static void on_answer(void *ctx, const struct http_response *r)
{
	struct way *w = ctx;
	struct receiver *p = w->receiver;
	struct remote_answer a = answer_of(r);
	enum remote_fate fate;
	struct err e = { 0 };
	char why[64];

	w->call = NULL;
	if (remote_sender_answered(p->sender, w->shard, &a, daemon_now(), &fate, &e) != RC_OK)
		log_warning("remote write to %s: %s", p->config->name, e.text);
	snprintf(why, sizeof why, "status %d", r->status);
	tell(p, fate == REMOTE_RETRIED, a.is_answered ? why : r->reason);
	if (fate == REMOTE_DROPPED)
		tell_drop(p, r);
	turn(p);
}

static void add_headers(const struct receiver *p, uint32_t shard, struct request *r)
{
	const struct remote_headers *h = &p->config->headers;
	enum remote_protocol protocol = (enum remote_protocol)p->config->protocol;
	uint32_t attempts = remote_sender_attempts(p->sender, shard);

	for (uint32_t i = 0; i < h->n; i++)
		request_add_header(r, "%s: %s", h->v[i].name, h->v[i].value);
	request_add_header(r, "Content-Encoding: snappy");
	request_add_header(r, "Content-Type: %s", remote_request_type(protocol));
	request_add_header(r, "X-Prometheus-Remote-Write-Version: %s",
		remote_request_version(protocol));
	if (attempts > 1)
		request_add_header(r, "Retry-Attempt: %u", attempts - 1);
}

static enum rc send_body(struct receiver *p, uint32_t shard, const struct remote_body *b,
	struct err *e)
{
	scoped(request_fini) struct request r;
	struct way *w = &p->ways[shard];
	enum rc rc = request_init(&r, &p->config->http, &p->files, e);

	if (rc != RC_OK)
		return rc;
	add_headers(p, shard, &r);
	r.http.method = "POST";
	r.http.url = p->config->url;
	r.http.body = b->bytes;
	r.http.body_bytes = b->n;
	r.http.timeout_ms = p->config->timeout_ms;
	r.http.answer_bytes_max = ANSWER_BYTES_MAX;
	r.http.done = on_answer;
	r.http.ctx = w;
	*w = (struct way){ p, shard, NULL };
	return http_start(p->of->http, &r.http, &w->call, e);
}

static void send_due(struct receiver *p, struct mono *wake)
{
	struct now now = daemon_now();
	const struct remote_body *b;
	uint32_t shard;

	while ((b = remote_sender_next(p->sender, now, &shard, wake))) {
		struct err e = { 0 };

		if (send_body(p, shard, b, &e) == RC_OK)
			continue;
		remote_sender_unsent(p->sender, shard, now);
		tell(p, true, e.text);
	}
}

/* ---- work on the pool */

static void run(uv_work_t *work)
{
	struct receiver *p = work->data;

	remote_sender_run(p->sender);
}

static void on_ran(uv_work_t *work, int status)
{
	struct receiver *p = work->data;
	struct err e = { 0 };
	uint32_t more;

	must(status == 0);
	p->is_working = false;
	if (remote_sender_end(p->sender, daemon_now(), &e) != RC_OK &&
		seldom_may_write(&p->said, daemon_now().mono, &more))
		log_warning("remote write to %s: %s", p->config->name, e.text);
	if (p->is_closing)
		end_if_done(p);
	else
		turn(p);
}

static void on_timer(uv_timer_t *t)
{
	turn(t->data);
}

static void turn(struct receiver *p)
{
	struct now now = daemon_now();
	struct mono wake = { now.mono.ms + TICK_MS };

	if (p->is_closing)
		return;
	if (!p->is_working && remote_sender_begin(p->sender, now, &wake)) {
		p->is_working = true;
		must(uv_queue_work(p->of->loop, &p->work, run, on_ran) == 0);
	}
	send_due(p, &wake);
	uv_timer_start(&p->timer, on_timer,
		wake.ms > now.mono.ms ? (uint64_t)(wake.ms - now.mono.ms) : 1, 0);
}

/* ---- what is declared */

static enum rc open_receiver(struct remote_sending *s, const struct remote_write *config,
	struct err *e)
{
	struct remote_sender_setup setup = { .store = s->store,
		.config = config,
		.external = &s->external };
	struct receiver *p = must_alloc(sizeof *p);
	enum rc rc;

	p->of = s;
	p->config = config;
	os_random(NULL, &setup.seed, sizeof setup.seed);
	request_files_init(&p->files);
	rc = request_files_open(&p->files, &config->http.tls, e);
	if (rc == RC_OK)
		rc = remote_sender_new(&p->sender, &setup, e);
	if (rc != RC_OK) {
		request_files_fini(&p->files);
		free(p);
		return rc;
	}
	p->n_ways = REMOTE_SHARDS_MAX;
	p->ways = must_alloc(p->n_ways * sizeof *p->ways);
	uv_timer_init(s->loop, &p->timer);
	p->timer.data = p->work.data = p;
	s->receivers[s->n_receivers++] = p;
	turn(p);
	return RC_OK;
}

/* `next` takes the place of what is declared; nobody sends at the moment. */
static void open_receivers(struct remote_sending *s)
{
	remote_writes_free(s->writes);
	s->writes = TAKE(s->next);
	s->external = s->next_external;
	free(s->receivers);
	s->receivers = must_alloc((s->writes->n + 1) * sizeof *s->receivers);
	for (uint32_t i = 0; i < s->writes->n; i++) {
		struct err e = { 0 };

		if (open_receiver(s, &s->writes->v[i], &e) != RC_OK)
			log_error("remote write to %s: nothing is sent: %s", s->writes->v[i].name,
				e.text);
	}
	/* Where one that couldn't be opened has come to isn't forgotten. */
	if (s->n_receivers == s->writes->n)
		store_follow_no_others(s->store);
}

static bool is_same(const struct remote_sending *s, const struct remote_writes *writes,
	const struct labels *external)
{
	return s->writes && !s->next && s->writes->hash == writes->hash &&
	       labels_equal(&s->external, external);
}

enum rc remote_sending_declare(struct remote_sending *s, const struct lab_metrics *declared,
	const struct labels *external, struct err *e)
{
	scoped(remote_writes_free) struct remote_writes *writes = NULL;
	scoped(findings_fini) struct findings findings = { 0 };
	enum rc rc = metrics_remote_writes(declared, &writes, &findings, e);

	if (rc != RC_OK || is_same(s, writes, external))
		return rc;
	if (!labels_copy(external, &writes->arena, &s->next_external))
		return err_set(e, RC_LIMIT, "the external labels are too long");
	remote_writes_free(s->next);
	s->next = TAKE(writes);
	for (uint32_t i = 0; i < s->n_receivers; i++)
		close_receiver(s->receivers[i]);
	if (!s->n_receivers)
		open_receivers(s);
	return RC_OK;
}

struct remote_sending *remote_sending_new(uv_loop_t *loop, struct store *store)
{
	struct remote_sending *s = must_alloc(sizeof *s);

	s->loop = loop;
	s->store = store;
	s->http = http_client_new(loop);
	return s;
}

void remote_sending_close(struct remote_sending *s, void (*closed)(void *ctx), void *ctx)
{
	s->is_closing = true;
	s->closed = closed;
	s->ctx = ctx;
	remote_writes_free(TAKE(s->next));
	for (uint32_t i = 0; i < s->n_receivers; i++)
		close_receiver(s->receivers[i]);
	if (!s->n_receivers)
		http_client_close(s->http, on_http_closed, s);
}

void remote_sending_free(struct remote_sending *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->n_receivers; i++)
		free_receiver(s->receivers[i]);
	remote_writes_free(s->writes);
	remote_writes_free(s->next);
	free(s->receivers);
	free(s);
}

/* ---- figures */

enum figure_kind { COUNTER, GAUGE };

struct figure {
	const char *name, *help;
	enum figure_kind kind;
	double (*of)(const struct remote_sender_stats *s);
};

#define FIGURE(function, expression)                                \
	static double function(const struct remote_sender_stats *s) \
	{                                                           \
		return (double)(expression);                        \
	}
FIGURE(samples, s->queue.sent[REMOTE_SAMPLES])
FIGURE(samples_failed, s->queue.failed[REMOTE_SAMPLES])
FIGURE(samples_retried, s->queue.retried[REMOTE_SAMPLES])
FIGURE(histograms, s->queue.sent[REMOTE_HISTOGRAMS])
FIGURE(histograms_failed, s->queue.failed[REMOTE_HISTOGRAMS])
FIGURE(histograms_retried, s->queue.retried[REMOTE_HISTOGRAMS])
FIGURE(histograms_dropped, s->unsendable)
FIGURE(exemplars, s->queue.sent[REMOTE_EXEMPLARS])
FIGURE(exemplars_failed, s->queue.failed[REMOTE_EXEMPLARS])
FIGURE(exemplars_retried, s->queue.retried[REMOTE_EXEMPLARS])
FIGURE(metadata, s->queue.sent[REMOTE_METADATA])
FIGURE(metadata_failed, s->queue.failed[REMOTE_METADATA])
FIGURE(metadata_retried, s->queue.retried[REMOTE_METADATA])
FIGURE(dropped, s->dropped)
FIGURE(too_old, s->queue.too_old)
FIGURE(pending, s->pending)
FIGURE(bytes, s->queue.bytes)
FIGURE(requests, s->queue.requests)
FIGURE(failed_requests, s->queue.failed_requests)
FIGURE(shards, s->shards)
FIGURE(shards_max, s->shards_max)
FIGURE(shards_min, s->shards_min)
FIGURE(shards_desired, s->shards_wanted)
FIGURE(capacity, s->capacity)
FIGURE(batch, s->batch)
FIGURE(highest_sent, (double)s->queue.highest_sent_ms / 1000)
FIGURE(highest_read, (double)s->highest_read_ms / 1000)
FIGURE(behind, s->behind_bytes)
FIGURE(damaged, s->damaged)
#undef FIGURE

/* Prometheus' names where it has them. */
static const struct figure figures[] = {
	{ "prometheus_remote_storage_samples_total", "Samples that were sent and taken.", COUNTER,
		samples },
	{ "prometheus_remote_storage_samples_failed_total",
		"Samples that were refused for good, and dropped.", COUNTER, samples_failed },
	{ "prometheus_remote_storage_samples_retried_total",
		"Samples that were sent again, each time.", COUNTER, samples_retried },
	{ "prometheus_remote_storage_histograms_total",
		"Native histograms that were sent and taken.", COUNTER, histograms },
	{ "prometheus_remote_storage_histograms_failed_total",
		"Native histograms that were refused for good, and dropped.", COUNTER,
		histograms_failed },
	{ "prometheus_remote_storage_histograms_retried_total",
		"Native histograms that were sent again, each time.", COUNTER, histograms_retried },
	{ "prometheus_remote_storage_histograms_dropped_total",
		"Native histograms with bounds of their own, which 1.0 hasn't.", COUNTER,
		histograms_dropped },
	{ "prometheus_remote_storage_exemplars_total", "Exemplars that were sent and taken.",
		COUNTER, exemplars },
	{ "prometheus_remote_storage_exemplars_failed_total",
		"Exemplars that were refused for good, and dropped.", COUNTER, exemplars_failed },
	{ "prometheus_remote_storage_exemplars_retried_total",
		"Exemplars that were sent again, each time.", COUNTER, exemplars_retried },
	{ "prometheus_remote_storage_metadata_total",
		"Metadata of metrics that was sent and taken, each time.", COUNTER, metadata },
	{ "prometheus_remote_storage_metadata_failed_total",
		"Metadata of metrics that was refused for good, each time.", COUNTER,
		metadata_failed },
	{ "prometheus_remote_storage_metadata_retried_total",
		"Metadata of metrics that was sent again, each time.", COUNTER, metadata_retried },
	{ "prometheus_remote_storage_samples_dropped_total",
		"Samples that write_relabel_configs drop.", COUNTER, dropped },
	{ "diarchy_remote_write_samples_too_old_total",
		"Samples beyond sample_age_limit, not sent.", COUNTER, too_old },
	{ "prometheus_remote_storage_samples_pending", "Samples in memory, waiting to be taken.",
		GAUGE, pending },
	{ "prometheus_remote_storage_bytes_total", "Bytes of bodies that were taken.", COUNTER,
		bytes },
	{ "diarchy_remote_write_requests_total", "Requests.", COUNTER, requests },
	{ "diarchy_remote_write_requests_failed_total", "Requests that were not taken.", COUNTER,
		failed_requests },
	{ "prometheus_remote_storage_shards", "Requests that may be under way at once.", GAUGE,
		shards },
	{ "prometheus_remote_storage_shards_max", "The most that are allowed.", GAUGE, shards_max },
	{ "prometheus_remote_storage_shards_min", "The fewest.", GAUGE, shards_min },
	{ "prometheus_remote_storage_shards_desired", "How many the load asks for.", GAUGE,
		shards_desired },
	{ "prometheus_remote_storage_shard_capacity", "Samples that wait in each.", GAUGE,
		capacity },
	{ "prometheus_remote_storage_max_samples_per_send", "Samples in a request.", GAUGE, batch },
	{ "prometheus_remote_storage_queue_highest_sent_timestamp_seconds",
		"Time of the newest sample that was taken.", GAUGE, highest_sent },
	{ "prometheus_remote_storage_queue_highest_timestamp_seconds",
		"Time of the newest sample that was read from the log.", GAUGE, highest_read },
	{ "diarchy_remote_write_log_bytes_behind", "Bytes of the log that wait to be read.", GAUGE,
		behind },
	{ "diarchy_remote_write_logs_damaged_total", "Logs of which something can't be read.",
		COUNTER, damaged },
};

static void write_label(struct str *out, const char *name, const char *value)
{
	str_addf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			str_addc(out, '\\');
		if (*value == '\n')
			str_add(out, "\\n");
		else
			str_addc(out, *value);
	}
	str_addc(out, '"');
}

/* A URL's user and password are nobody's business. */
static void write_url(struct str *out, const char *url)
{
	scoped(str_fini) struct str shown = STR_EMPTY;
	const char *host = strstr(url, "://");
	size_t authority = host ? strcspn(host + 3, "/?#") : 0;
	const char *at = host ? memrchr(host + 3, '@', authority) : NULL;

	if (at)
		str_addf(&shown, "%.*sxxxxx%s", (int)(host + 3 - url), url, at);
	else
		str_add(&shown, url);
	write_label(out, "url", str_c(&shown));
}

void remote_sending_write_metrics(const struct remote_sending *s, struct str *out)
{
	for (size_t f = 0; s->n_receivers && f < COUNT(figures); f++) {
		str_addf(out, "# HELP %s %s\n# TYPE %s %s\n", figures[f].name, figures[f].help,
			figures[f].name, figures[f].kind == COUNTER ? "counter" : "gauge");
		for (uint32_t i = 0; i < s->n_receivers; i++) {
			const struct receiver *p = s->receivers[i];
			struct remote_sender_stats stats;

			remote_sender_stats(p->sender, &stats);
			str_addf(out, "%s{", figures[f].name);
			write_label(out, "remote_name", p->config->name);
			str_addc(out, ',');
			write_url(out, p->config->url);
			str_addf(out, "} %.17g\n", figures[f].of(&stats));
		}
	}
}
