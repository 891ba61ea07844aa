/* SPDX-License-Identifier: Apache-2.0 */
#include "api/receive/arrival.h"

#include "base/number_text.h"
#include "port/probe/inflate.h"

#include <inttypes.h>
#include <stdio.h>

#define AT_ONCE_BYTES   524288 /* bodies up to this size, unpacked, are decoded on the loop */
#define GZIP_RATIO_MAX  1032   /* deflate: two bits stand for 258 bytes at most */
#define LOOK_MS         20
#define GO_ON_MS        1 /* between slices */
#define PATIENCE_MS     60000
#define ARENA_BYTES_MAX (2u << 20)

struct receiver {
	struct api *api;
	struct series_known known;
	uint32_t forgotten; /* by the store, when `known` was begun */
	uint64_t seed;
	struct arena labels; /* of the series that is being asked for */
	uv_timer_t timer;
	struct arrival *waiting;
	uint32_t n_large; /* in memory */
	bool is_stopping, is_closed;
};

struct receiver *receiver_new(struct api *a)
{
	struct receiver *r = must_alloc(sizeof *r);

	r->api = a;
	series_known_init(&r->known, RECEIVED_SERIES_MAX);
	arena_init(&r->labels, ARENA_BYTES_MAX);
	a->setup.random(a->setup.ctx, &r->seed, sizeof r->seed);
	uv_timer_init(a->setup.loop, &r->timer);
	r->timer.data = r;
	a->holders++;
	return r;
}

void receiver_free(struct receiver *r)
{
	if (!r)
		return;
	series_known_fini(&r->known);
	arena_fini(&r->labels);
	free(r);
}

/* ---- life of a arrival */

static bool is_packed(const char *coding)
{
	return coding && *coding && !str_eq(coding, "identity");
}

/* Headers are gone as soon as the client is: what is asked of them later is kept. */
static enum rc keep_coding(struct arrival *d, struct err *e)
{
	const char *coding = http_ask_header(d->ask, "Content-Encoding");

	d->most_bytes = d->ask->body_bytes;
	if (!is_packed(coding))
		return RC_OK;
	d->most_bytes *= GZIP_RATIO_MAX;
	d->coding = arena_strdup(&d->arena, coding);
	return d->coding ? RC_OK : err_set(e, RC_LIMIT, "the name of the coding is too long");
}

static void take_wait(struct arrival *d)
{
	const char *wait = uri_pair(&d->pairs, "wait");

	if (!wait)
		return;
	d->is_impatient = str_eq(wait, "1");
	d->waits = !str_eq(wait, "0") && (d->waits || d->is_impatient);
}

enum rc arrival_new(struct call *c, const struct arrival_kind *kind, struct arrival **ret,
	struct err *e)
{
	const struct lab_metrics *m = &site_lab(c->api->setup.site)->metrics;
	scoped(arrival_free) struct arrival *d = NULL;
	struct uri uri;
	enum rc rc;

	if (!c->api->setup.metrics)
		return err_set(e, RC_UNSUPPORTED,
			"this site keeps no metrics: lab.yaml has no 'metrics'");
	if (!(m->receive & 1u << kind->what))
		return err_set(e, RC_REFUSED,
			"this isn't taken here: lab.yaml's 'metrics' would say 'receive: [%s]'",
			kind->name);
	d = must_alloc(sizeof *d);
	d->api = c->api;
	d->exchange = c->exchange;
	d->ask = c->ask;
	d->kind = kind;
	d->now_ms = c->now.wall.ms;
	d->waits = m->has_durable_answers;
	arena_init(&d->arena, ARENA_BYTES_MAX);
	series_batch_init(&d->batch, c->api->receiver->seed + kind->what, RECEIVED_BYTES_MAX);
	d->batch.samples_max = RECEIVED_SAMPLES_MAX;
	d->plain.limit_bytes = RECEIVED_BYTES_MAX;
	rc = uri_parse(c->ask->target, &d->arena, &uri, e);
	if (rc == RC_OK)
		rc = keep_coding(d, e);
	if (rc != RC_OK)
		return rc;
	d->pairs = uri.query;
	take_wait(d);
	*ret = TAKE(d);
	return RC_OK;
}

void arrival_free(struct arrival *d)
{
	if (!d)
		return;
	series_batch_fini(&d->batch);
	str_fini(&d->plain);
	arena_fini(&d->arena);
	free(d);
}

static void finish(struct arrival *d)
{
	struct api *a = d->api;

	a->receiver->n_large -= d->is_large;
	d->kind->answer(d, d->rc, &d->e);
	arrival_free(d);
	api_let_go(a);
}

static void on_look(uv_timer_t *t);

static void wait_for_store(struct arrival *d)
{
	struct receiver *r = d->api->receiver;
	uint64_t wait_ms = d->is_decoded && !d->is_stored ? GO_ON_MS : LOOK_MS;

	d->next_waiting = r->waiting;
	r->waiting = d;
	if (!uv_is_active((uv_handle_t *)&r->timer) || uv_timer_get_due_in(&r->timer) > wait_ms)
		uv_timer_start(&r->timer, on_look, wait_ms, 0);
}

static void tell_store_has_work(struct api *a)
{
	if (a->setup.store_has_work)
		a->setup.store_has_work(a->setup.ctx);
}

/* Refs of series that the store has forgotten may be anything. */
static void forget(struct arrival *d)
{
	struct receiver *r = d->api->receiver;
	uint32_t forgotten = store_forgotten(d->api->setup.metrics);

	if (r->forgotten != forgotten)
		series_known_forget(&r->known);
	r->forgotten = forgotten;
	if (d->forgotten == forgotten)
		return;
	for (uint32_t i = 0; d->next && i < d->batch.n_series; i++)
		if (d->batch.series[i].ref != ARRIVAL_REF_BAD)
			d->batch.series[i].ref = 0;
	d->forgotten = forgotten;
}

static bool is_kept(const struct arrival *d)
{
	const struct store *s = d->api->setup.metrics;

	return (!d->has_past || store_past_kept(s) >= d->ticket) &&
	       store_durable(s) >= d->committed;
}

/* What was brought isn't needed for the answer. */
static void drop_batch(struct arrival *d)
{
	series_batch_fini(&d->batch);
	str_fini(&d->plain);
	d->api->receiver->n_large -= d->is_large;
	d->is_large = false;
}

static void note_stored(struct arrival *d)
{
	struct store *s = d->api->setup.metrics;
	bool is_wanted = d->is_impatient || !store_past_has_room(s);

	drop_batch(d);
	d->committed = store_committed(s);
	if (d->has_past && is_wanted)
		store_past_soon(s);
	if (d->waits)
		store_sync_soon(s);
	if (d->waits || (d->has_past && is_wanted))
		tell_store_has_work(d->api);
}

/* Goes on as far as it can.  False: it waits. */
static bool advance(struct arrival *d)
{
	struct store *s = d->api->setup.metrics;

	if (d->rc == RC_OK && !d->is_stored) {
		if (d->kind->is_past && !store_past_has_room(s))
			return false;
		forget(d);
		d->rc = d->kind->commit(d, &d->e);
		if (d->rc == RC_OK && !d->is_stored)
			return false;
		note_stored(d);
	}
	/* What of it was taken is kept, too, when the rest is refused. */
	return !d->is_stored || !d->waits || is_kept(d);
}

static void go_on(struct arrival *d)
{
	if (advance(d))
		finish(d);
	else
		wait_for_store(d);
}

static void run(uv_work_t *work)
{
	struct arrival *d = work->data;

	d->rc = d->kind->decode(d, &d->e);
}

static void on_done(uv_work_t *work, int status)
{
	struct arrival *d = work->data;

	must(status == 0);
	if (d->api->receiver->is_stopping && d->rc == RC_OK)
		d->rc = err_set(&d->e, RC_TIMEOUT, "this site is stopping");
	d->is_decoded = true;
	go_on(d);
}

/* False: too many large ones are in memory. */
static bool begin(struct arrival *d)
{
	struct receiver *r = d->api->receiver;
	bool is_large = d->most_bytes > AT_ONCE_BYTES;

	if (is_large && r->n_large >= RECEIVED_LARGE_MAX)
		return false;
	d->is_begun = true;
	d->is_large = is_large;
	r->n_large += is_large;
	if (!is_large) {
		d->rc = d->kind->decode(d, &d->e);
		d->is_decoded = true;
		go_on(d);
		return true;
	}
	d->work.data = d;
	must(uv_queue_work(d->api->setup.loop, &d->work, run, on_done) == 0);
	return true;
}

static bool is_given_up(struct receiver *r, struct arrival *d)
{
	if (!r->is_stopping && uv_now(r->api->setup.loop) < d->deadline_ms)
		return false;
	d->rc = err_set(&d->e, RC_TIMEOUT, "%s",
		r->is_stopping ? "this site is stopping"
			       : "the store can't write what waits: ask again later");
	return true;
}

static void look_at(struct receiver *r, struct arrival *d)
{
	if (is_given_up(r, d))
		finish(d);
	else if (d->is_begun)
		go_on(d);
	else if (!begin(d))
		wait_for_store(d);
}

static void on_look(uv_timer_t *t)
{
	struct receiver *r = t->data;
	struct arrival *all = NULL, *next;

	uv_timer_stop(t);
	for (struct arrival *d = TAKE(r->waiting); d; d = next) { /* the oldest first */
		next = d->next_waiting;
		d->next_waiting = all;
		all = d;
	}
	for (; all; all = next) {
		next = all->next_waiting;
		look_at(r, all);
	}
}

void receiver_look(struct receiver *r)
{
	if (r->waiting && !r->is_stopping)
		on_look(&r->timer);
}

static void on_closed(uv_handle_t *h)
{
	struct receiver *r = h->data;

	r->is_closed = true;
	api_let_go(r->api);
}

void receiver_stop(struct receiver *r)
{
	r->is_stopping = true;
	on_look(&r->timer);
	uv_close((uv_handle_t *)&r->timer, on_closed);
}

void arrival_start(struct arrival *d)
{
	d->api->holders++;
	d->deadline_ms = uv_now(d->api->setup.loop) + PATIENCE_MS;
	if (!begin(d))
		wait_for_store(d);
}

/* ---- what kinds share */

static bool take_plain(void *ctx, const char *bytes, size_t n)
{
	struct str *s = ctx;

	str_addn(s, bytes, n);
	return !s->is_cut;
}

static void drop_inflater(struct inflater **f)
{
	inflater_free(*f);
}

enum rc arrival_unzip(struct arrival *d, const char **ret, size_t *ret_n, struct err *e)
{
	__attribute__((cleanup(drop_inflater))) struct inflater *f = NULL;
	enum rc rc;

	*ret = d->ask->body;
	*ret_n = d->ask->body_bytes;
	if (!d->coding)
		return RC_OK;
	f = inflater_new(d->coding, take_plain, &d->plain);
	if (!f)
		return err_set(e, RC_UNSUPPORTED, "Content-Encoding %.40s isn't taken here",
			d->coding);
	rc = inflater_feed(f, d->ask->body, d->ask->body_bytes, e);
	if (rc != RC_OK)
		return rc;
	if (d->plain.is_cut)
		return err_set(e, RC_LIMIT, "more than %d bytes, unpacked: send it in pieces",
			RECEIVED_BYTES_MAX);
	if (!inflater_is_complete(f))
		return err_set(e, RC_INPUT, "the body ends in the middle of its %.40s", d->coding);
	*ret = str_c(&d->plain);
	*ret_n = d->plain.len;
	return RC_OK;
}

static enum rc read_labels(struct arrival *d, uint32_t series, struct labels *ret, struct err *e)
{
	struct receiver *r = d->api->receiver;

	arena_reset(&r->labels);
	return d->batch.labels(&d->batch, series, &r->labels, ret, e);
}

series_ref arrival_known(const struct arrival *d, uint64_t hash)
{
	return series_known_get(&d->api->receiver->known, hash);
}

/* Said with each series; while it is the same, the series is known by it. */
static void take_metadata(struct arrival *d, uint32_t series, const struct labels *l)
{
	const struct series_sink *sink = store_sink(d->api->setup.metrics);
	const struct series_batch *b = &d->batch;
	struct batch_metadata m;

	if (b->series_metadata && b->series_metadata(b, series, l, &d->api->receiver->labels, &m))
		sink->metadata(sink->self, m.metric, &m.m);
}

enum rc arrival_find(struct arrival *d, uint32_t series, arrival_find_series *find, struct err *e)
{
	struct batch_series *s = &d->batch.series[series];
	struct labels l;
	enum rc rc = read_labels(d, series, &l, e);

	if (rc == RC_OK)
		rc = find(d->api->setup.metrics, &l, &s->ref, e);
	if (rc != RC_OK)
		return rc;
	series_known_put(&d->api->receiver->known, s->hash, s->ref);
	take_metadata(d, series, &l);
	return RC_OK;
}

void arrival_leave_out(struct arrival *d, const struct series_sample *s, uint64_t *counter)
{
	scoped(str_fini) struct str text = { .limit_bytes = sizeof d->offender - 1 };
	const char *comma = "{";
	struct labels l;

	++*counter;
	if (*d->offender || read_labels(d, s->series, &l, NULL) != RC_OK)
		return;
	str_add(&text, labels_get(&l, METRIC_NAME));
	for (uint32_t i = 0; i < l.n; i++) {
		if (str_eq(l.v[i].name, METRIC_NAME))
			continue;
		str_addf(&text, "%s%s=\"%s\"", comma, l.v[i].name, l.v[i].value);
		comma = ", ";
	}
	str_addf(&text, "%s at %" PRId64, *comma == ',' ? "}" : "", s->t_ms);
	str_copy(d->offender, sizeof d->offender, str_c(&text));
}
