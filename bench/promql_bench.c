/* SPDX-License-Identifier: Apache-2.0 */
/* What a PromQL query costs in the engine alone: samples come out of memory as fast as they can be
 * copied.  Prints CPU nanoseconds a sample read and a value computed.
 *
 *	promql_bench [SERIES [SAMPLES [REPEATS]]]
 */
#include "base/rng.h"
#include "core/promql/engine.h"
#include "core/promql/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INTERVAL_MS    15000
#define NAME_MAX_BYTES 32

/* All series have the times of `t_ms`, and the values of one of a few shapes. */
struct shape {
	const char *metric;
	double *v;
};

struct bench_source {
	uint32_t n_series, n_samples;
	int64_t *t_ms;
	struct shape counter, gauge;
};

struct series_cursor {
	const struct bench_source *source;
	struct series_query query;
	const struct shape *shape;
	uint32_t next, first, n;
	struct label labels[3];
	char instance[NAME_MAX_BYTES], job[NAME_MAX_BYTES];
};

static enum rc open_cursor(void *self, const struct series_query *q, struct series_cursor **ret,
	struct err *e)
{
	const struct bench_source *s = self;
	struct series_cursor *c = must_alloc(sizeof *c);

	(void)e;
	*c = (struct series_cursor){ .source = s, .query = *q, .shape = &s->gauge };
	for (uint32_t i = 0; i < q->n_matchers; i++)
		if (strcmp(matcher_value(q->matchers[i]), s->counter.metric) == 0)
			c->shape = &s->counter;
	while (c->first < s->n_samples && s->t_ms[c->first] < q->min_ms)
		c->first++;
	while (c->first + c->n < s->n_samples && s->t_ms[c->first + c->n] <= q->max_ms)
		c->n++;
	*ret = c;
	return RC_OK;
}

static void set_label(struct label *l, const char *name, const char *value)
{
	*l = (struct label){ name, value, (uint32_t)strlen(name), (uint32_t)strlen(value) };
}

static enum rc next_series(struct series_cursor *c, struct labels *ret, bool *ret_has,
	struct err *e)
{
	(void)e;
	*ret_has = c->next < c->source->n_series;
	snprintf(c->instance, sizeof c->instance, "host-%u", c->next);
	snprintf(c->job, sizeof c->job, "job-%u", c->next % 10);
	c->next++;
	set_label(&c->labels[0], METRIC_NAME, c->shape->metric);
	set_label(&c->labels[1], "instance", c->instance);
	set_label(&c->labels[2], "job", c->job);
	*ret = (struct labels){ c->labels, 3 };
	return RC_OK;
}

static enum rc read_samples(struct series_cursor *c, struct series_column *column, struct err *e)
{
	(void)e;
	series_column_reserve(column, c->n);
	memcpy(column->t_ms, c->source->t_ms + c->first, c->n * sizeof *column->t_ms);
	memcpy(column->v, c->shape->v + c->first, c->n * sizeof *column->v);
	column->n = c->n;
	return RC_OK;
}

static void close_cursor(struct series_cursor *c)
{
	free(c);
}

static struct bench_source make_source(uint32_t n_series, uint32_t n_samples)
{
	struct bench_source s = { .n_series = n_series,
		.n_samples = n_samples,
		.t_ms = must_alloc(n_samples * sizeof *s.t_ms),
		.counter = { "requests_total", must_alloc(n_samples * sizeof(double)) },
		.gauge = { "memory_bytes", must_alloc(n_samples * sizeof(double)) } };
	struct rng rng;
	double counter = 0;

	rng_seed(&rng, 1);
	for (uint32_t i = 0; i < n_samples; i++) {
		counter = rng_chance(&rng, 1, 2000) ? 0 : counter + (double)rng_below(&rng, 500);
		s.t_ms[i] = (int64_t)i * INTERVAL_MS + (int64_t)rng_below(&rng, 20);
		s.counter.v[i] = counter;
		s.gauge.v[i] = (double)rng_below(&rng, 1000000) / 7;
	}
	return s;
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void measure(const struct bench_source *s, const char *text, unsigned repeats)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct series_source source = { .self = (void *)(uintptr_t)s,
		.open = open_cursor,
		.next = next_series,
		.read = read_samples,
		.close = close_cursor };
	struct promql_node *root;
	int64_t end_ms = (int64_t)s->n_samples * INTERVAL_MS;
	struct promql_query q = { .text = text,
		.start_ms = 0,
		.end_ms = end_ms,
		.step_ms = end_ms / 300,
		.source = &source,
		.samples_max = UINT64_MAX };
	double best_s = 1e9, samples = (double)s->n_series * s->n_samples;

	must(promql_parse(&(struct promql_parse){ .text = text }, &a, &root, NULL) == RC_OK);
	q.root = root;
	for (unsigned i = 0; i < repeats; i++) {
		scoped(promql_result_fini) struct promql_result r = { 0 };
		struct err e = { 0 };
		double begin_s = cpu_s(), took_s;

		if (promql_run(&q, &r, &e) != RC_OK) {
			printf("%s: %s\n", text, e.text);
			return;
		}
		took_s = cpu_s() - begin_s;
		best_s = took_s < best_s ? took_s : best_s;
	}
	printf("%-60s %8.2f ms %7.2f ns a sample %8.1f ns a value\n", text, best_s * 1e3,
		best_s * 1e9 / samples, best_s * 1e9 / (s->n_series * 301.0));
}

int main(int argc, char **argv)
{
	static const char *const texts[] = {
		"memory_bytes",
		"rate(requests_total[5m])",
		"sum by (job) (memory_bytes)",
		"sum by (job) (rate(requests_total[5m]))",
		"avg by (job) (memory_bytes)",
		"max by (job) (memory_bytes)",
		"sum(rate(requests_total[1h]))",
		"sum(increase(requests_total[1d]))",
		"sum(max_over_time(memory_bytes[1h]))",
		"sum(avg_over_time(memory_bytes[1h]))",
		"sum(avg_over_time(memory_bytes[1d]))",
		"sum(quantile_over_time(0.9, memory_bytes[1h]))",
		"sum(stddev_over_time(memory_bytes[1h]))",
		"sum(deriv(memory_bytes[1h]))",
		"topk(5, rate(requests_total[5m]))",
		"quantile(0.9, memory_bytes)",
		"sum(memory_bytes / memory_bytes > 0)",
		"sum(memory_bytes * 8 / 1024 > 1000)",
		"count(memory_bytes and on (instance) requests_total)",
		"histogram_quantile(0.9, label_replace(requests_total, \"le\", \"+Inf\", \"\", "
		"\"\"))",
	};
	uint32_t n_series = argc > 1 ? (uint32_t)atoi(argv[1]) : 1000;
	uint32_t n_samples = argc > 2 ? (uint32_t)atoi(argv[2]) : 10000;
	unsigned repeats = argc > 3 ? (unsigned)atoi(argv[3]) : 3;
	const char *only = argc > 4 ? argv[4] : "";
	struct bench_source s = make_source(n_series, n_samples);

	for (size_t i = 0; i < COUNT(texts); i++)
		if (strstr(texts[i], only))
			measure(&s, texts[i], repeats);
	free(s.t_ms);
	free(s.counter.v);
	free(s.gauge.v);
	return 0;
}
