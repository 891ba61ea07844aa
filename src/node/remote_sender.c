/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shard's mark says how far its series were answered for.  After a start reading begins with the
 * mark that is furthest behind, and each shard leaves out what lies before its own.
 */
#include "node/remote_sender.h"

#include "base/limits.h"
#include "core/metrics/follow.h"
#include "core/metrics/metadata.h"
#include "core/remote_write/request.h"

#define RUN_SAMPLES_MAX 200000     /* read in one go, some 20 ms */
#define LABELS_ROOM     (4u << 20) /* bytes of one series' labels while they are rewritten */
#define KNOWN_LEAST     50000 /* series; beyond three times those that live all are forgotten */
#define METADATA_AGE_MS (5 * SECOND_MS) /* what is said of metrics in 2.0 may be as old */

struct lane { /* what a shard gathers for its next request */
	struct remote_batch batch;
	struct remote_place end;
	struct mono since; /* its first sample was read */
	struct log_mark skip;
	int64_t newest_ms;
	uint64_t waiting; /* samples in the queue when the run began, and made since */
};

struct made {
	uint32_t shard;
	struct remote_body *body;
};

struct remote_sender {
	struct store *store;
	const struct remote_write *config;
	const struct labels *external;
	struct follower *follower;
	struct remote_queue queue;
	struct remote_sender_stats stats; /* as of the last end */
	uint64_t n_live;                  /* series, as of the last look */
	struct mono looked;
	struct mono metadata_at;   /* when it was copied last, or in 1.0 sent */
	uint64_t metadata_changes; /* of the store, when it was copied */
	uint32_t n_metadata;       /* requests of it that aren't answered */

	bool is_running, is_reading, is_draining, is_describing;

	/* Of the run, from begin to end. */
	struct now now;
	struct remote_sender_stats seen;
	struct remote_names names;
	struct metadata metadata; /* a copy of the store's */
	struct lane *lanes;
	uint32_t n_lanes;
	bool is_skipping; /* some of what is read was answered before the start */
	struct made *made;
	uint32_t n_made, cap_made;
	struct str room; /* where bodies are written */
	struct arena arena;
	struct label_set labels;
	struct label found[SERIES_LABELS_MAX];
	enum rc rc;
	struct err e;
};

static void make_lanes(struct remote_sender *s, uint32_t n)
{
	const struct marks *marks = follower_marks(s->follower);

	for (uint32_t i = 0; i < s->n_lanes; i++)
		remote_batch_fini(&s->lanes[i].batch);
	free(s->lanes);
	s->lanes = must_alloc(n * sizeof *s->lanes);
	s->n_lanes = n;
	s->is_skipping = true;
	for (uint32_t i = 0; i < n; i++)
		s->lanes[i].skip = marks->v[i];
}

enum rc remote_sender_new(struct remote_sender **ret, const struct remote_sender_setup *setup,
	struct err *e)
{
	struct remote_sender *s = must_alloc(sizeof *s);
	enum rc rc = store_follow(setup->store, setup->config->key, &s->follower, e);

	if (rc != RC_OK) {
		free(s);
		return err_in(e, rc, "remote write to %s", setup->config->name);
	}
	s->store = setup->store;
	s->config = setup->config;
	s->external = setup->external;
	remote_queue_init(&s->queue, s->config, follower_marks(s->follower)->n, setup->seed);
	remote_names_init(&s->names, (enum remote_protocol)s->config->protocol);
	arena_init(&s->arena, LABELS_ROOM);
	label_set_init(&s->labels, &s->arena);
	make_lanes(s, s->queue.n_shards);
	*ret = s;
	return RC_OK;
}

void remote_sender_free(struct remote_sender *s)
{
	if (!s)
		return;
	must(!s->is_running);
	remote_queue_fini(&s->queue);
	follower_free(s->follower);
	for (uint32_t i = 0; i < s->n_lanes; i++)
		remote_batch_fini(&s->lanes[i].batch);
	free(s->lanes);
	free(s->made);
	remote_names_fini(&s->names);
	metadata_fini(&s->metadata);
	label_set_fini(&s->labels);
	arena_fini(&s->arena);
	str_fini(&s->room);
	free(s);
}

const struct remote_write *remote_sender_config(const struct remote_sender *s)
{
	return s->config;
}

/* ---- begin */

static void look(struct remote_sender *s, struct now now)
{
	uint64_t bytes = follower_behind_bytes(s->follower);
	struct store_stats stats;

	if (s->looked.ms && now.mono.ms - s->looked.ms < REMOTE_RESHARD_MS)
		return;
	s->looked = now.mono;
	store_stats(s->store, &stats);
	s->n_live = stats.series;
	/* A sample takes some 2 bytes in the log. */
	remote_queue_look(&s->queue, (double)bytes / 2, now.mono);
}

static bool is_empty(const struct remote_sender *s)
{
	for (uint32_t i = 0; i < s->n_lanes; i++)
		if (s->lanes[i].batch.n)
			return false;
	return remote_queue_is_empty(&s->queue);
}

/* Series go to other shards only when all that was read has been answered. */
static void reshard(struct remote_sender *s)
{
	s->is_draining = s->queue.wanted_shards != s->queue.n_shards;
	if (!s->is_draining || !is_empty(s))
		return;
	/* Without marks on disk a kill has more sent again; they are tried again with the next. */
	(void)!follower_set_lanes(s->follower, s->queue.wanted_shards, NULL);
	remote_queue_reshard(&s->queue);
	make_lanes(s, s->queue.n_shards);
	s->is_draining = false;
}

static bool is_due(const struct remote_sender *s, const struct lane *l)
{
	return l->batch.n && (s->is_draining || s->now.mono.ms - l->since.ms >=
							s->config->queue.batch_send_deadline_ms);
}

static bool has_due(const struct remote_sender *s, struct mono *ret_wake)
{
	for (uint32_t i = 0; i < s->n_lanes; i++) {
		const struct lane *l = &s->lanes[i];
		int64_t at_ms = l->since.ms + s->config->queue.batch_send_deadline_ms;

		if (is_due(s, l))
			return true;
		if (l->batch.n && at_ms < ret_wake->ms)
			ret_wake->ms = at_ms;
	}
	return false;
}

/* Series that are gone needn't be known for ever; but those in open batches must be. */
static void forget_names(struct remote_sender *s)
{
	if (s->names.n_known <= KNOWN_LEAST + 3 * s->n_live)
		return;
	for (uint32_t i = 0; i < s->n_lanes; i++)
		if (s->lanes[i].batch.n)
			return;
	remote_names_clear(&s->names);
}

static void copy_one(void *ctx, const char *metric, const struct metric_metadata *m)
{
	(void)metadata_put(ctx, metric, m);
}

static void copy_metadata(struct remote_sender *s)
{
	metadata_fini(&s->metadata);
	s->metadata = (struct metadata){ 0 };
	store_each_metadata(s->store, copy_one, &s->metadata);
	s->metadata_changes = store_metadata_changes(s->store);
	s->metadata_at = s->now.mono;
}

/* In 2.0 each series says what its metric is. */
static void refresh_metadata(struct remote_sender *s)
{
	if (!s->config->metadata.send || s->config->protocol != REMOTE_WRITE_2 ||
		s->metadata_changes == store_metadata_changes(s->store) ||
		(s->metadata_at.ms && s->now.mono.ms - s->metadata_at.ms < METADATA_AGE_MS))
		return;
	copy_metadata(s);
	remote_names_set_metadata(&s->names, &s->metadata.metrics);
}

/* In 1.0 all of it is sent at intervals; not again before it was answered. */
static bool is_metadata_due(struct remote_sender *s, struct mono *ret_wake)
{
	int64_t at_ms = s->metadata_at.ms + s->config->metadata.interval_ms;

	if (!s->config->metadata.send || s->config->protocol != REMOTE_WRITE_1 || s->n_metadata ||
		!store_metadata_changes(s->store))
		return false;
	if (s->metadata_at.ms && s->now.mono.ms < at_ms) {
		if (at_ms < ret_wake->ms)
			ret_wake->ms = at_ms;
		return false;
	}
	copy_metadata(s);
	return true;
}

bool remote_sender_begin(struct remote_sender *s, struct now now, struct mono *ret_wake)
{
	if (s->is_running)
		return false;
	s->now = now;
	look(s, now);
	reshard(s);
	forget_names(s);
	s->is_reading =
		!s->is_draining && remote_queue_has_room(&s->queue) && follower_begin(s->follower);
	s->is_describing = is_metadata_due(s, ret_wake);
	if (!has_due(s, ret_wake) && !s->is_reading && !s->is_describing)
		return false;
	refresh_metadata(s);
	for (uint32_t i = 0; i < s->n_lanes; i++)
		s->lanes[i].waiting = s->queue.shards[i].n_samples;
	s->rc = RC_OK;
	s->is_running = true;
	return true;
}

/* ---- run */

/* Of what stands in the room from `at` on; it goes to the shard when the run has ended. */
static struct remote_body *add_body(struct remote_sender *s, uint32_t shard, size_t at)
{
	size_t n = s->room.len - at;
	struct remote_body *b = must_alloc(sizeof *b + n);

	memcpy(b->bytes, s->room.s + at, n);
	b->n = (uint32_t)n;
	must_grow(s->made, s->n_made, s->cap_made);
	s->made[s->n_made++] = (struct made){ shard, b };
	return b;
}

static void make_body(struct remote_sender *s, uint32_t shard)
{
	struct lane *l = &s->lanes[shard];
	const struct remote_batch *batch = &l->batch;
	struct remote_body *b;
	size_t at;

	remote_request_write(&s->names, batch, batch->n, &s->room, &at);
	b = add_body(s, shard, at);
	b->n_samples = batch->n;
	b->has[REMOTE_SAMPLES] = batch->n - batch->n_extras;
	b->has[REMOTE_HISTOGRAMS] = batch->n_extras - batch->n_exemplars;
	b->has[REMOTE_EXEMPLARS] = batch->n_exemplars;
	b->newest_ms = l->newest_ms;
	b->end = l->end;
	l->waiting += batch->n;
	remote_batch_clear(&l->batch);
}

/* Not more metrics in one request than are allowed; in order, as one shard sends them. */
static void describe(struct remote_sender *s)
{
	uint32_t most = (uint32_t)s->config->metadata.max_samples_per_send, n = 0;
	uint32_t left = map_count(&s->metadata.metrics);
	struct remote_metric *v = must_alloc((most < left ? most : left) * sizeof *v);

	map_each (&s->metadata.metrics, it) {
		const struct metric_metadata *m = it->value;
		size_t at;

		v[n++] = (struct remote_metric){ it->key, *m };
		if (--left && n < most)
			continue;
		remote_request_write_metadata(v, n, &s->room, &at);
		add_body(s, 0, at)->has[REMOTE_METADATA] = n;
		n = 0;
	}
	free(v);
}

static void add_external(struct remote_sender *s)
{
	for (uint32_t i = 0; i < s->external->n; i++) {
		const struct label *l = &s->external->v[i];

		if (!*label_set_get(&s->labels, l->name))
			label_set_put(&s->labels, l->name, l->value);
	}
}

/* The labels that a series is sent with. */
static uint32_t learn(struct remote_sender *s, uint32_t id)
{
	struct labels l;

	if (!follower_labels(s->follower, id, s->found, &l)) {
		s->seen.unknown++;
		return remote_names_put(&s->names, id, NULL);
	}
	arena_reset(&s->arena);
	label_set_load(&s->labels, &l);
	add_external(s);
	if (relabel_apply(&s->config->relabel, &s->labels, NULL) != RELABEL_KEPT)
		return remote_names_put(&s->names, id, NULL);
	l = label_set_labels(&s->labels);
	if (s->labels.is_full || !l.n || l.n > SERIES_LABELS_MAX)
		return remote_names_put(&s->names, id, NULL);
	return remote_names_put(&s->names, id, &l);
}

static bool was_answered(const struct lane *l, const struct log_mark *at)
{
	return log_mark_compare(at, &l->skip) < 0;
}

/* Something of a series that stands in the log at `at`. */
struct item {
	uint32_t id;
	int64_t t_ms;
	struct log_mark at;
};

/* The batch that it is to be added to.  NULL: it isn't sent. */
static struct remote_batch *batch_for(struct remote_sender *s, const struct item *x)
{
	struct lane *l = &s->lanes[remote_queue_shard(&s->queue, x->id)];
	int64_t limit_ms = s->config->queue.sample_age_limit_ms;
	uint32_t place;

	if (s->is_skipping && was_answered(l, &x->at))
		return NULL;
	place = remote_names_find(&s->names, x->id);
	if (place == REMOTE_SERIES_UNKNOWN)
		place = learn(s, x->id);
	if (place == REMOTE_SERIES_DROPPED) {
		s->seen.dropped++;
		return NULL;
	}
	if (limit_ms && x->t_ms < s->now.wall.ms - limit_ms) {
		s->seen.too_old++;
		return NULL;
	}
	if (!l->batch.n) {
		l->since = s->now.mono;
		l->newest_ms = x->t_ms;
	}
	if (x->t_ms > l->newest_ms)
		l->newest_ms = x->t_ms;
	return &l->batch;
}

static void added(struct remote_sender *s, const struct item *x)
{
	uint32_t shard = remote_queue_shard(&s->queue, x->id);
	struct lane *l = &s->lanes[shard];

	l->end = (struct remote_place){ x->at.generation, x->at.index + 1, x->at.offset };
	if (l->batch.n >= s->config->queue.max_samples_per_send || remote_batch_is_long(&l->batch))
		make_body(s, shard);
}

static struct item item_of(const struct followed *r, uint32_t i, uint32_t id, int64_t t_ms)
{
	return (struct item){ id, t_ms,
		{ r->at.generation, r->at.index + i, r->at.offset } };
}

static void take_sample(struct remote_sender *s, const struct followed *r, uint32_t i)
{
	struct item x = item_of(r, i, r->ids[i], r->t_ms[i]);
	struct remote_batch *b = batch_for(s, &x);

	if (!b)
		return;
	remote_batch_add(b, x.id, x.t_ms, r->v[i]);
	added(s, &x);
}

/* 1.0 has no bounds of their own, in Prometheus' reading of it. */
static bool is_sendable(const struct remote_sender *s, const struct histogram *h)
{
	return s->config->protocol == REMOTE_WRITE_2 || h->schema != HISTOGRAM_CUSTOM;
}

static void take_histogram(struct remote_sender *s, const struct followed *r, uint32_t i)
{
	struct item x = item_of(r, i, r->ids[i], r->t_ms[i]);
	struct remote_batch *b;

	if (!s->config->send_native_histograms)
		return;
	if (!is_sendable(s, r->h[i])) {
		s->seen.unsendable++;
		return;
	}
	b = batch_for(s, &x);
	if (!b)
		return;
	remote_batch_add_histogram(b, x.id, x.t_ms, r->h[i]);
	added(s, &x);
}

static void take_exemplar(struct remote_sender *s, const struct followed *r, uint32_t i)
{
	const struct followed_exemplar *e = &r->exemplars[i];
	struct item x = item_of(r, r->n + i, e->id, e->x.t_ms);
	struct remote_batch *b = batch_for(s, &x);

	if (!b)
		return;
	remote_batch_add_exemplar(b, &s->names, x.id, &e->x);
	added(s, &x);
}

static void take_commit(struct remote_sender *s, const struct followed *r)
{
	for (uint32_t i = 0; i < r->n; i++) {
		if (r->h && r->h[i])
			take_histogram(s, r, i);
		else
			take_sample(s, r, i);
		if (r->t_ms[i] > s->seen.highest_read_ms)
			s->seen.highest_read_ms = r->t_ms[i];
	}
	for (uint32_t i = 0; s->config->send_exemplars && i < r->n_exemplars; i++)
		take_exemplar(s, r, i);
}

static bool has_room(const struct remote_sender *s)
{
	for (uint32_t i = 0; i < s->n_lanes; i++)
		if (s->lanes[i].waiting >= s->config->queue.capacity)
			return false;
	return true;
}

/* Beyond all marks nothing needs to be compared any more. */
static void end_skipping(struct remote_sender *s, const struct log_mark *at)
{
	if (!s->is_skipping)
		return;
	s->is_skipping = false;
	for (uint32_t i = 0; i < s->n_lanes; i++)
		s->is_skipping |= log_mark_compare(at, &s->lanes[i].skip) < 0;
}

static void read_log(struct remote_sender *s)
{
	uint64_t n = 0;
	bool has = true;

	while (n < RUN_SAMPLES_MAX && has_room(s)) {
		struct followed r;

		s->rc = follower_next(s->follower, &r, &has, &s->e);
		if (s->rc != RC_OK || !has)
			return;
		end_skipping(s, &r.at);
		take_commit(s, &r);
		n += r.n;
	}
}

void remote_sender_run(struct remote_sender *s)
{
	must(s->is_running);
	if (s->is_describing)
		describe(s);
	if (s->is_reading)
		read_log(s);
	for (uint32_t i = 0; i < s->n_lanes; i++)
		if (is_due(s, &s->lanes[i]))
			make_body(s, i);
}

/* ---- end */

/* A shard of which nothing waits doesn't keep logs from going. */
static void move_idle(struct remote_sender *s)
{
	struct log_mark at = follower_at(s->follower);
	const struct marks *marks = follower_marks(s->follower);

	for (uint32_t i = 0; i < s->n_lanes; i++)
		if (!s->lanes[i].batch.n && !s->queue.shards[i].first &&
			marks->v[i].generation < at.generation)
			(void)!follower_move(s->follower, i, &at, NULL); /* the next one will do */
}

enum rc remote_sender_end(struct remote_sender *s, struct now now, struct err *e)
{
	must(s->is_running);
	(void)now;
	s->is_running = false;
	if (s->is_reading)
		follower_end(s->follower);
	for (uint32_t i = 0; i < s->n_made; i++) {
		s->n_metadata += s->made[i].body->has[REMOTE_METADATA] > 0;
		remote_queue_put(&s->queue, s->made[i].shard, s->made[i].body);
	}
	s->n_made = 0;
	s->seen.damaged = follower_damaged(s->follower);
	s->seen.memory_bytes = remote_names_bytes(&s->names);
	s->seen.behind_bytes = follower_behind_bytes(s->follower);
	s->seen.pending = 0;
	for (uint32_t i = 0; i < s->n_lanes; i++)
		s->seen.pending += s->lanes[i].batch.n;
	s->stats = s->seen;
	move_idle(s);
	return s->rc == RC_OK ? RC_OK : err_set(e, s->rc, "%s", s->e.text);
}

/* ---- requests */

const struct remote_body *remote_sender_next(struct remote_sender *s, struct now now,
	uint32_t *ret_shard, struct mono *ret_wake)
{
	return remote_queue_next(&s->queue, now, ret_shard, ret_wake);
}

uint32_t remote_sender_attempts(const struct remote_sender *s, uint32_t shard)
{
	return s->queue.shards[shard].attempts;
}

enum rc remote_sender_answered(struct remote_sender *s, uint32_t shard,
	const struct remote_answer *a, struct now now, enum remote_fate *ret_fate, struct err *e)
{
	struct remote_body *done = NULL;
	struct log_mark mark;
	enum rc rc = RC_OK;

	*ret_fate = remote_queue_answer(&s->queue, shard, a, now, &done);
	if (!done)
		return RC_OK;
	mark = (struct log_mark){ done->end.generation, done->end.index, done->end.offset };
	if (done->has[REMOTE_METADATA])
		s->n_metadata--;
	else
		rc = follower_move(s->follower, shard, &mark, e);
	free(done);
	return rc;
}

void remote_sender_unsent(struct remote_sender *s, uint32_t shard, struct now now)
{
	remote_queue_unsent(&s->queue, shard, now);
}

void remote_sender_stats(const struct remote_sender *s, struct remote_sender_stats *ret)
{
	*ret = s->stats;
	ret->queue = s->queue.stats;
	ret->pending += s->queue.pending;
	ret->shards = s->queue.n_shards;
	ret->shards_wanted = s->queue.wanted_shards;
	ret->shards_max = (uint32_t)s->config->queue.max_shards;
	ret->shards_min = (uint32_t)s->config->queue.min_shards;
	ret->capacity = s->config->queue.capacity;
	ret->batch = s->config->queue.max_samples_per_send;
	ret->queue.too_old += s->stats.too_old;
}
