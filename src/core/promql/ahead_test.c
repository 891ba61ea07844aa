/* SPDX-License-Identifier: Apache-2.0 */
/* A query gives the same whoever helps: values to the last bit, labels, notes, mistakes, counts. */
#include "core/promql/engine.h"

#include "base/histogram.h"
#include "base/rng.h"
#include "core/promql/memory_source.h"
#include "core/promql/parse.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define SERIES  150
#define SAMPLES 3000
#define STEP_MS 60000

struct piece {
	void (*work)(void *of, unsigned i);
	void *of;
	unsigned i;
};

static void *do_piece(void *self)
{
	struct piece *p = self;

	p->work(p->of, p->i);
	return NULL;
}

static atomic_uint spreads;

/* A thread for each, the last one begun first. */
static void with_threads(void *ctx, unsigned n, void (*work)(void *of, unsigned i), void *of)
{
	struct piece pieces[16];
	pthread_t threads[16];

	(void)ctx;
	spreads++;
	assert_in_range(n, 1, 16);
	for (unsigned i = n; i-- > 0;) {
		pieces[i] = (struct piece){ work, of, i };
		assert_int_equal(pthread_create(&threads[i], NULL, do_piece, &pieces[i]), 0);
	}
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

/* Nobody has time for it: the caller does it all. */
static void alone(void *ctx, unsigned n, void (*work)(void *of, unsigned i), void *of)
{
	(void)ctx;
	spreads++;
	for (unsigned i = n; i-- > 0;)
		work(of, i);
}

static void add_sample(struct memory_source *m, series_ref ref, uint32_t i, struct rng *rng)
{
	struct series_sink sink = memory_source_sink(m);
	double sizes[] = { (double)(i + 1) };
	struct histogram_span span = { 0, 1 };
	struct histogram h = { .count = i + 1,
		.sum = i,
		.positive_spans = &span,
		.n_positive_spans = 1,
		.positive = sizes,
		.n_positive = 1 };
	double v = rng_chance(rng, 1, 100)    ? double_of_bits(STALE_NAN_BITS)
		   : rng_chance(rng, 1, 1000) ? 0
					      : (double)i * 7 + (double)rng_below(rng, 100) / 10;

	/* Some series are of histograms, and one of both. */
	if (ref % 40 == 5 || (ref == 77 && i > SAMPLES / 2))
		assert_int_equal(sink.append_histogram(sink.self, ref, (int64_t)i * STEP_MS, &h),
			SERIES_TAKEN);
	else if (!rng_chance(rng, 1, 50))
		assert_int_equal(sink.append(sink.self, ref, (int64_t)i * STEP_MS, v),
			SERIES_TAKEN);
}

static struct memory_source *make_source(void)
{
	struct memory_source *m = memory_source_new();
	struct series_sink sink = memory_source_sink(m);
	struct rng rng;

	rng_seed(&rng, 7);
	for (unsigned i = 0; i < SERIES; i++) {
		char name[32], host[32], group[32];
		struct label v[3];
		struct labels l;
		series_ref ref;

		snprintf(name, sizeof name, i % 2 ? "requests_total" : "load");
		snprintf(host, sizeof host, "host-%u", i / 2);
		snprintf(group, sizeof group, "%u", i % 7);
		v[0] = (struct label){ "__name__", name, 8, (uint32_t)strlen(name) };
		v[1] = (struct label){ "group", group, 5, (uint32_t)strlen(group) };
		v[2] = (struct label){ "host", host, 4, (uint32_t)strlen(host) };
		assert_int_equal(labels_sort(v, 3, &l, NULL), RC_OK);
		assert_int_equal(sink.series(sink.self, &l, &ref, NULL), RC_OK);
		for (uint32_t k = 0; k < SAMPLES; k++)
			add_sample(m, ref, k, &rng);
	}
	return m;
}

static void assert_same_texts(const char *const *a, uint32_t n, const char *const *b, uint32_t m)
{
	assert_int_equal(n, m);
	for (uint32_t i = 0; i < n; i++)
		assert_string_equal(a[i], b[i]);
}

static void assert_same_series(const struct promql_series *a, const struct promql_series *b)
{
	assert_true(labels_equal(&a->labels, &b->labels));
	assert_int_equal(a->n_points, b->n_points);
	for (uint32_t i = 0; i < a->n_points; i++) {
		const struct promql_point *p = &a->points[i], *q = &b->points[i];

		assert_int_equal(p->t_ms, q->t_ms);
		assert_int_equal(double_bits(p->v), double_bits(q->v));
		assert_int_equal(!p->h, !q->h);
		if (p->h)
			assert_true(histogram_equal(p->h, q->h));
	}
}

static void assert_same_result(const struct promql_result *a, const struct promql_result *b)
{
	assert_int_equal(a->n_series, b->n_series);
	for (uint32_t i = 0; i < a->n_series; i++)
		assert_same_series(&a->series[i], &b->series[i]);
	assert_same_texts(a->warnings, a->n_warnings, b->warnings, b->n_warnings);
	assert_same_texts(a->infos, a->n_infos, b->infos, b->n_infos);
	assert_int_equal(a->stats.samples_read, b->stats.samples_read);
	assert_int_equal(a->stats.series_read, b->stats.series_read);
}

static bool stop_never(void *ctx)
{
	(void)ctx;
	return false;
}

static void compare(const struct promql_query *q)
{
	void (*const ways[])(void *ctx, unsigned n, void (*work)(void *of, unsigned i),
		void *of) = { alone, with_threads };
	scoped(promql_result_fini) struct promql_result want = { 0 };
	struct err want_e = { 0 };
	enum rc want_rc = promql_run(q, &want, &want_e);

	for (size_t i = 0; i < COUNT(ways); i++) {
		scoped(promql_result_fini) struct promql_result got = { 0 };
		struct promql_query spread = *q;
		struct err e = { 0 };

		spread.spread = ways[i];
		spread.n_threads = 3;
		spread.should_stop = stop_never;
		assert_int_equal(promql_run(&spread, &got, &e), want_rc);
		if (want_rc == RC_OK)
			assert_same_result(&got, &want);
		else
			assert_string_equal(e.text, want_e.text);
	}
}

static void compare_text(struct memory_source *m, const char *text, uint64_t samples_max)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct series_source source = memory_source_source(m);
	struct promql_parse parse = { .text = text, .allow_experimental = true };
	struct promql_query q = { .text = text,
		.end_ms = (int64_t)SAMPLES * STEP_MS,
		.step_ms = 5 * STEP_MS,
		.source = &source,
		.samples_max = samples_max,
		.allow_experimental = true };
	struct promql_node *root;

	assert_int_equal(promql_parse(&parse, &a, &root, NULL), RC_OK);
	q.root = root;
	compare(&q);
	q.start_ms = q.end_ms;
	q.step_ms = 0;
	compare(&q);
}

static const char *const texts[] = {
	"load",
	"rate(load[10m])",
	"sum by (group) (rate(requests_total[10m]))",
	"avg by (group) (load)",
	"topk(3, increase(requests_total[1h]))",
	"timestamp(load)",
	"sum(timestamp({__name__=~\".+\"}))",
	"max_over_time(load[1h]) - min_over_time(load[1h])",
	"avg_over_time(load[10h] offset 10m)",
	"sum(quantile_over_time(0.9, load[30m]))",
	"quantile_over_time(2, load[30m])",
	"double_exponential_smoothing(load[30m], 0.5, 3)",
	"predict_linear(load[1h], 3600)",
	"max_over_time(sum by (group) (rate(requests_total[10m]))[1h:5m])",
	"load @ 60000",
	"rate({__name__=~\"load|requests_total\"}[10m])",
	"histogram_count(requests_total)",
	"requests_total / on (host) group_left load",
	"sum(requests_total) + sum(load{host=\"none\"})",
	"count_values(\"v\", round(load, 1000))",
};

static void a_query_gives_the_same_whoever_helps(void **state)
{
	struct memory_source *m = make_source();

	(void)state;
	spreads = 0;
	for (size_t i = 0; i < COUNT(texts); i++)
		compare_text(m, texts[i], 0);
	assert_in_range(spreads, 20, 2000);
	memory_source_free(m);
}

static void too_many_samples_are_too_many_whoever_helps(void **state)
{
	struct memory_source *m = make_source();

	(void)state;
	spreads = 0;
	for (size_t i = 0; i < COUNT(texts); i++)
		compare_text(m, texts[i], 120000);
	assert_in_range(spreads, 10, 2000);
	memory_source_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_gives_the_same_whoever_helps),
		cmocka_unit_test(too_many_samples_are_too_many_whoever_helps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
