/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that is written to, who sends it on, and a receiver that behaves in every way, through kills
 * at any write.  Each sample arrives, those of a series in order, and twice only where an answer was
 * lost.  SEED=N replays one run.
 */
#include "node/remote_sender.h"

#include "base/rng.h"
#include "core/metrics/memory_files.h"
#include "core/remote_write/request_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define SERIES  60
#define SAMPLES 600
#define WAYS    64 /* requests under way at most */

struct way { /* a request between here and there */
	bool is_under_way;
	uint32_t shard;
	struct str raw;
};

struct world {
	uint64_t seed;
	struct rng rng;
	struct memory_files *files;
	struct store *store;
	struct remote_sender *sender;
	struct remote_write config;
	struct labels external;
	struct now now;
	uint32_t n_series;
	uint32_t n[SERIES]; /* samples committed */
	uint32_t next[SERIES];
	bool may_repeat[SERIES][SAMPLES], is_dropped[SERIES][SAMPLES];
	uint64_t n_repeated, n_dropped;
	struct way ways[WAYS];
	bool is_well; /* the receiver takes everything at once */
};

static const struct label external_labels[] = { { "site", "dublin", 4, 6 } };

static void open_all(struct world *w)
{
	const struct store_settings settings = { .flush_ms = 20 * SECOND_MS };
	const struct remote_sender_setup setup = { .config = &w->config,
		.external = &w->external,
		.seed = rng_next(&w->rng) };
	struct remote_sender_setup with_store = setup;
	struct err e = { 0 };

	if (store_open(&w->store, memory_files_port(w->files), &settings, w->now, &e) != RC_OK)
		fail_msg("seed %lu: %s", w->seed, e.text);
	with_store.store = w->store;
	if (remote_sender_new(&w->sender, &with_store, &e) != RC_OK)
		fail_msg("seed %lu: %s", w->seed, e.text);
}

static void close_all(struct world *w)
{
	remote_sender_free(TAKE(w->sender));
	store_close(TAKE(w->store));
}

static void world_init(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof *w);
	w->seed = seed;
	w->n_series = 5;
	w->now = (struct now){ { 1000 }, { 1700000000000 } };
	rng_seed(&w->rng, seed);
	w->files = memory_files_new(seed);
	w->external = (struct labels){ external_labels, 1 };
	w->config = (struct remote_write){ .name = "test",
		.key = "test",
		.protocol = seed & 1 ? REMOTE_WRITE_1 : REMOTE_WRITE_2,
		.queue = { .capacity = 10 + rng_below(&w->rng, 300),
			.max_shards = 1 + rng_below(&w->rng, 5),
			.min_shards = 1,
			.max_samples_per_send = 1 + rng_below(&w->rng, 60),
			.batch_send_deadline_ms = 1 + (int64_t)rng_below(&w->rng, 3000),
			.min_backoff_ms = 30,
			.max_backoff_ms = 5000,
			.retry_on_http_429 = true } };
	w->config.queue.min_shards = 1 + rng_below(&w->rng, w->config.queue.max_shards);
	open_all(w);
}

static void world_fini(struct world *w)
{
	close_all(w);
	for (uint32_t i = 0; i < WAYS; i++)
		str_fini(&w->ways[i].raw);
	memory_files_free(w->files);
	free(w);
}

/* ---- the receiver */

static void series_and_sample(struct world *w, const struct request_sample *s, uint32_t *ret_i,
	uint32_t *ret_k)
{
	if (sscanf(s->text, "__name__=up,instance=%u,site=dublin,", ret_i) != 1)
		fail_msg("seed %lu: %s", w->seed, s->text);
	*ret_k = (uint32_t)s->v;
}

static void take(void *ctx, const struct request_sample *s)
{
	struct world *w = ctx;
	uint32_t i, k;

	series_and_sample(w, s, &i, &k);
	if (k < w->next[i]) {
		w->n_repeated++;
		if (!w->may_repeat[i][k])
			fail_msg("seed %lu: sample %u of series %u came again", w->seed, k, i);
		return;
	}
	for (; w->next[i] < k; w->next[i]++)
		if (!w->is_dropped[i][w->next[i]])
			fail_msg("seed %lu: of series %u %u came instead of %u", w->seed, i, k,
				w->next[i]);
	w->next[i] = k + 1;
}

static void note_repeat(void *ctx, const struct request_sample *s)
{
	struct world *w = ctx;
	uint32_t i, k;

	series_and_sample(w, s, &i, &k);
	w->may_repeat[i][k] = true;
}

static void note_drop(void *ctx, const struct request_sample *s)
{
	struct world *w = ctx;
	uint32_t i, k;

	series_and_sample(w, s, &i, &k);
	w->is_dropped[i][k] = true;
	w->n_dropped++;
}

static void each(struct world *w, struct way *way,
	void (*show)(void *ctx, const struct request_sample *))
{
	request_read(&way->raw, (enum remote_protocol)w->config.protocol, show, w);
}

/* What becomes of a request; the answer as the sender gets it. */
static struct remote_answer receive(struct world *w, struct way *way)
{
	uint64_t dice = w->is_well ? 0 : rng_below(&w->rng, 100);
	struct remote_answer a = { .is_answered = true,
		.status = 200,
		.has_written = true,
		.written = { UINT64_MAX, UINT64_MAX, UINT64_MAX } };

	if (dice < 60) {
		each(w, way, take);
	} else if (dice < 70) {
		a.status = 503;
	} else if (dice < 75) {
		a.status = 429;
		a.retry_after_ms = (int64_t)rng_below(&w->rng, 20000);
	} else if (dice < 85) {
		a.is_answered = false; /* it didn't arrive */
	} else if (dice < 97) {
		a.is_answered = false; /* the answer didn't */
		each(w, way, take);
		each(w, way, note_repeat);
	} else {
		a.status = 400;
		each(w, way, note_drop);
	}
	return a;
}

/* ---- the site */

static void scrape(struct world *w)
{
	const struct series_sink *sink = store_sink(w->store);

	w->now.mono.ms += 1000;
	w->now.wall.ms += 1000;
	if (rng_chance(&w->rng, 1, 8) && w->n_series < SERIES)
		w->n_series++;
	for (uint32_t i = 0; i < w->n_series; i++) {
		char text[16];
		struct label v[2] = { { METRIC_NAME, "up", 8, 2 }, { "instance", text, 8, 0 } };
		series_ref ref;

		if (w->n[i] == SAMPLES || rng_chance(&w->rng, 1, 5))
			continue;
		v[1].value_len = (uint32_t)snprintf(text, sizeof text, "%u", i);
		assert_int_equal(sink->series(sink->self, &(struct labels){ v, 2 }, &ref, NULL),
			RC_OK);
		assert_int_equal(sink->append(sink->self, ref, w->now.wall.ms, (double)w->n[i]),
			SERIES_TAKEN);
		w->n[i]++;
	}
	/* What isn't in the log yet when it is killed was not committed. */
	if (sink->commit(sink->self, NULL) != RC_OK)
		return;
}

static void work(struct world *w)
{
	struct store_work *one;
	struct mono wake;

	while ((one = store_due(w->store, w->now, &wake))) {
		store_work_run(one);
		(void)!store_work_done(w->store, one, NULL);
	}
}

static void pump(struct world *w)
{
	struct mono wake = { INT64_MAX };
	struct err e = { 0 };

	if (!remote_sender_begin(w->sender, w->now, &wake))
		return;
	remote_sender_run(w->sender);
	if (remote_sender_end(w->sender, w->now, &e) != RC_OK)
		fail_msg("seed %lu: %s", w->seed, e.text);
}

static void send_some(struct world *w)
{
	struct mono wake = { INT64_MAX };

	for (uint32_t i = 0; i < WAYS; i++) {
		struct way *way = &w->ways[i];
		const struct remote_body *b;

		if (way->is_under_way)
			continue;
		b = remote_sender_next(w->sender, w->now, &way->shard, &wake);
		if (!b)
			return;
		assert_true(
			b->n_samples > 0 && b->n_samples <= w->config.queue.max_samples_per_send);
		way->is_under_way = true;
		str_clear(&way->raw);
		request_unpack(b->bytes, b->n, &way->raw);
	}
}

static void answer_some(struct world *w)
{
	for (uint32_t i = 0; i < WAYS; i++) {
		struct way *way = &w->ways[i];
		struct remote_answer a;
		enum remote_fate fate;

		if (!way->is_under_way || (!w->is_well && rng_chance(&w->rng, 1, 2)))
			continue;
		way->is_under_way = false;
		a = receive(w, way);
		if (remote_sender_answered(w->sender, way->shard, &a, w->now, &fate, NULL) != RC_OK)
			each(w, way, note_repeat); /* it is killed while it writes the mark */
	}
}

/* The commit that it died in was written, or wasn't. */
static void count_again(struct world *w, const uint32_t committed[SERIES])
{
	struct store_view *view = store_view_new(w->store);
	const struct series_source *source = store_view_source(view);
	struct series_query q = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
	scoped(series_column_fini) struct series_column column = { 0 };
	struct series_cursor *cursor;
	struct labels l;
	bool has;

	memcpy(w->n, committed, sizeof w->n);
	assert_int_equal(source->open(source->self, &q, &cursor, NULL), RC_OK);
	while (source->next(cursor, &l, &has, NULL) == RC_OK && has) {
		uint32_t i = (uint32_t)atoi(labels_get(&l, "instance"));

		assert_int_equal(source->read(cursor, &column, NULL), RC_OK);
		assert_in_range(column.n, committed[i], committed[i] + 1);
		w->n[i] = column.n;
	}
	source->close(cursor);
	store_view_free(view);
}

/* What is under way when it is killed may arrive, but no answer does. */
static void kill_it(struct world *w)
{
	for (uint32_t i = 0; i < WAYS; i++) {
		if (!w->ways[i].is_under_way)
			continue;
		w->ways[i].is_under_way = false;
		if (rng_chance(&w->rng, 1, 2)) {
			each(w, &w->ways[i], take);
			each(w, &w->ways[i], note_repeat);
		}
	}
	memory_files_kill(w->files);
	memory_files_set_fault(w->files, (struct memory_files_fault){ 0 });
	close_all(w);
	open_all(w);
}

static void step(struct world *w)
{
	uint64_t dice = rng_below(&w->rng, 100);

	if (dice < 30)
		scrape(w);
	else if (dice < 50)
		pump(w);
	else if (dice < 70)
		send_some(w);
	else if (dice < 90)
		answer_some(w);
	else if (dice < 97)
		work(w);
	else
		w->now.mono.ms += (int64_t)rng_below(&w->rng, 8000);
}

/* It dies in the middle of what it does: nothing is written from some write on. */
static void live_and_die(struct world *w)
{
	uint64_t dies = memory_files_changes(w->files) + rng_below(&w->rng, 200);
	uint32_t before[SERIES] = { 0 };

	memory_files_set_fault(w->files,
		(struct memory_files_fault){ .after = dies - memory_files_changes(w->files),
			.count = UINT64_MAX,
			.rc = RC_IO });
	for (int i = 0; i < 300; i++) {
		memcpy(before, w->n, sizeof before);
		step(w);
		if (memory_files_changes(w->files) > dies)
			break;
	}
	kill_it(w);
	count_again(w, before);
}

static void heal(struct world *w)
{
	w->is_well = true;
	for (int i = 0; i < 20000; i++) {
		struct remote_sender_stats stats;

		w->now.mono.ms += 1000;
		w->now.wall.ms += 1000;
		pump(w);
		send_some(w);
		answer_some(w);
		work(w);
		remote_sender_stats(w->sender, &stats);
		if (!stats.pending && !stats.behind_bytes && i > 100)
			break;
	}
	for (uint32_t i = 0; i < w->n_series; i++) {
		uint32_t k = w->next[i];

		while (k < w->n[i] && w->is_dropped[i][k])
			k++;
		if (k != w->n[i])
			fail_msg("seed %lu: of series %u %u samples of %u arrived", w->seed, i, k,
				w->n[i]);
	}
}

static void run(uint64_t seed)
{
	struct world *w = must_alloc(sizeof *w);

	world_init(w, seed);
	for (int i = 0; i < 6; i++)
		live_and_die(w);
	heal(w);
	world_fini(w);
}

static void each_sample_arrives_in_order_and_twice_only_where_an_answer_was_lost(void **unused)
{
	const char *seed = getenv("SEED");

	(void)unused;
	if (seed)
		return run(strtoull(seed, NULL, 0));
	for (uint64_t i = 1; i <= 150; i++)
		run(i);
}

static struct world *well(void)
{
	struct world *w = must_alloc(sizeof *w);

	world_init(w, 1);
	w->is_well = true;
	return w;
}

static void a_day_without_a_receiver_is_sent_when_it_is_back(void **unused)
{
	struct world *w = well();
	struct store_stats stats;
	uint64_t kept;

	(void)unused;
	for (int i = 0; i < 400; i++) {
		struct mono wake = { INT64_MAX };
		uint32_t shard;

		scrape(w);
		work(w);
		pump(w);
		while (remote_sender_next(w->sender, w->now, &shard, &wake)) {
			const struct remote_answer none = { 0 };
			enum remote_fate fate;

			assert_int_equal(remote_sender_answered(w->sender, shard, &none, w->now,
						 &fate, NULL),
				RC_OK);
			assert_int_equal(fate, REMOTE_RETRIED);
		}
	}
	store_stats(w->store, &stats);
	kept = stats.kept_bytes;
	assert_true(stats.parts > 0);
	heal(w);
	work(w);
	store_stats(w->store, &stats);
	assert_true(stats.kept_bytes < kept / 4); /* of the newest log only */
	assert_int_equal(w->n_repeated, 0);
	world_fini(w);
}

static void what_is_too_old_when_it_is_read_is_not_sent_and_counted(void **unused)
{
	struct world *w = well();
	struct remote_sender_stats stats;

	(void)unused;
	w->config.queue.sample_age_limit_ms = 5 * SECOND_MS;
	scrape(w);
	w->now.mono.ms += MINUTE_MS;
	w->now.wall.ms += MINUTE_MS;
	pump(w);
	remote_sender_stats(w->sender, &stats);
	assert_true(stats.too_old > 0);
	assert_int_equal(stats.pending, 0);
	world_fini(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			each_sample_arrives_in_order_and_twice_only_where_an_answer_was_lost),
		cmocka_unit_test(a_day_without_a_receiver_is_sent_when_it_is_back),
		cmocka_unit_test(what_is_too_old_when_it_is_read_is_not_sent_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
