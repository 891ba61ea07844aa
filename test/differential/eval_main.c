/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eval_main: our parser and engine over series in memory, spoken to in lines of JSON.
 *
 * usage: eval_main SERIES [--experimental]
 *
 * SERIES has a line a series: {"labels": {"__name__": "up"}, "samples": [[1600000000000, "1.5"], ...]}.
 * A value is a number as a text, "stale", or a native histogram as an object (read_histogram).
 * Each line on stdin is a query: {"query": "up", "start": 1600000000000, "end": ..., "step": 0};
 * the answer is a line in the form of Prometheus' HTTP API.
 */
#include "base/json.h"
#include "base/str.h"
#include "core/promql/engine.h"
#include "core/promql/memory_source.h"
#include "core/promql/parse.h"
#include "test/differential/answer.h"

#include <stdio.h>
#include <stdlib.h>

#define QUERY_ARENA_BYTES ((size_t)64 << 20)
#define BUCKETS_MAX       256

static double number_of(const json_t *value)
{
	const char *text = json_string_value(value);

	if (!text)
		return json_number_value(value);
	if (str_eq(text, "stale"))
		return double_of_bits(STALE_NAN_BITS);
	if (str_eq(text, "NaN"))
		return double_of_bits(PLAIN_NAN_BITS);
	return strtod(text, NULL);
}

struct buckets {
	struct histogram_span spans[BUCKETS_MAX];
	double counts[BUCKETS_MAX];
	uint32_t n_spans, n_counts;
};

static uint32_t read_doubles(const json_t *list, double *ret_values)
{
	uint32_t n = (uint32_t)json_array_size(list);

	if (n > BUCKETS_MAX)
		n = BUCKETS_MAX;
	for (uint32_t i = 0; i < n; i++)
		ret_values[i] = number_of(json_array_get(list, i));
	return n;
}

static void read_buckets(const json_t *spans, const json_t *counts, struct buckets *ret)
{
	ret->n_counts = read_doubles(counts, ret->counts);
	ret->n_spans = (uint32_t)json_array_size(spans);
	if (ret->n_spans > BUCKETS_MAX)
		ret->n_spans = BUCKETS_MAX;
	for (uint32_t i = 0; i < ret->n_spans; i++) {
		const json_t *span = json_array_get(spans, i);

		ret->spans[i] = (struct histogram_span){
			.offset = (int32_t)json_integer_value(json_array_get(span, 0)),
			.length = (uint32_t)json_integer_value(json_array_get(span, 1)),
		};
	}
}

static enum series_verdict add_histogram(const struct series_sink *sink, series_ref ref,
	int64_t t_ms, const json_t *value)
{
	struct buckets positive, negative;
	double bounds[BUCKETS_MAX];

	read_buckets(json_object_get(value, "positive_spans"), json_object_get(value, "positive"),
		&positive);
	read_buckets(json_object_get(value, "negative_spans"), json_object_get(value, "negative"),
		&negative);
	struct histogram h = {
		.schema = (int8_t)json_get_int(value, "schema", 0),
		.reset = (uint8_t)json_get_int(value, "reset", 0),
		.is_float = true,
		.zero_threshold = number_of(json_object_get(value, "zero_threshold")),
		.zero_count = number_of(json_object_get(value, "zero_count")),
		.count = number_of(json_object_get(value, "count")),
		.sum = number_of(json_object_get(value, "sum")),
		.positive_spans = positive.spans,
		.n_positive_spans = positive.n_spans,
		.positive = positive.counts,
		.n_positive = positive.n_counts,
		.negative_spans = negative.spans,
		.n_negative_spans = negative.n_spans,
		.negative = negative.counts,
		.n_negative = negative.n_counts,
		.bounds = bounds,
		.n_bounds = read_doubles(json_object_get(value, "bounds"), bounds),
	};
	return sink->append_histogram(sink->self, ref, t_ms, &h);
}

static enum rc add_labels(const struct series_sink *sink, json_t *object, series_ref *ret,
	struct err *e)
{
	struct label v[64];
	struct labels labels;
	const char *name;
	json_t *value;
	uint32_t n = 0;

	json_object_foreach (object, name, value) {
		if (n == sizeof v / sizeof v[0])
			return err_set(e, RC_LIMIT, "more than %u labels", n);
		v[n++] = (struct label){ .name = name,
			.name_len = (uint32_t)strlen(name),
			.value = json_string_value(value),
			.value_len = (uint32_t)json_string_length(value) };
	}
	enum rc rc = labels_sort(v, n, &labels, e);
	if (rc != RC_OK)
		return rc;
	return sink->series(sink->self, &labels, ret, e);
}

static enum rc add_series(const struct series_sink *sink, const json_t *line, struct err *e)
{
	series_ref ref;
	const json_t *sample;
	size_t i;

	enum rc rc = add_labels(sink, json_object_get(line, "labels"), &ref, e);
	if (rc != RC_OK)
		return rc;
	json_array_foreach (json_object_get(line, "samples"), i, sample) {
		int64_t t_ms = json_integer_value(json_array_get(sample, 0));
		const json_t *value = json_array_get(sample, 1);
		enum series_verdict verdict =
			json_is_object(value)
				? add_histogram(sink, ref, t_ms, value)
				: sink->append(sink->self, ref, t_ms, number_of(value));

		if (verdict != SERIES_TAKEN)
			return err_set(e, RC_INPUT, "sample %zu is refused (%d)", i, (int)verdict);
	}
	return RC_OK;
}

static enum rc load(struct memory_source *store, const char *path, struct err *e)
{
	struct series_sink sink = memory_source_sink(store);
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	enum rc rc = f ? RC_OK : err_set(e, RC_NOT_FOUND, "%s: %m", path);

	while (rc == RC_OK && (n = getline(&line, &cap, f)) > 0) {
		scoped(json_decref) json_t *series = NULL;

		rc = json_read(&series, line, (size_t)n, e);
		if (rc == RC_OK)
			rc = add_series(&sink, series, e);
	}
	free(line);
	if (f)
		fclose(f);
	return rc == RC_OK ? sink.commit(sink.self, e) : rc;
}

struct asked {
	const struct memory_source *store;
	bool allow_experimental;
};

/* Prometheus' errorType of what promql_run says.  Its API refuses a range query for a matrix
 * before it is run. */
static const char *kind_of(enum rc rc, const char *text)
{
	if (str_starts(text, "invalid expression type"))
		return "bad_data";
	return rc == RC_TIMEOUT ? "timeout" : "execution";
}

static void answer(const struct asked *a, const json_t *line, struct str *out)
{
	scoped(arena_fini) struct arena arena;
	scoped(promql_result_fini) struct promql_result result = { 0 };
	struct promql_node *root;
	struct err e = { 0 };

	arena_init(&arena, QUERY_ARENA_BYTES);
	struct promql_query q = {
		.text = json_get_text(line, "query", ""),
		.start_ms = json_get_int(line, "start", 0),
		.end_ms = json_get_int(line, "end", 0),
		.step_ms = json_get_int(line, "step", 0),
		.allow_experimental = a->allow_experimental,
	};
	struct series_source source = memory_source_source(a->store);
	struct promql_parse p = { .text = q.text, .allow_experimental = a->allow_experimental };
	enum rc rc = promql_parse(&p, &arena, &root, &e);
	if (rc != RC_OK) {
		answer_error(out, "bad_data", e.text);
		return;
	}
	q.root = root;
	q.source = &source;
	rc = promql_run(&q, &result, &e);
	if (rc != RC_OK)
		answer_error(out, kind_of(rc, e.text), e.text);
	else
		answer_result(out, &result);
}

static int serve(const struct asked *a)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		scoped(json_decref) json_t *query = NULL;
		scoped(str_fini) struct str out = STR_EMPTY;
		struct err e = { 0 };

		if (json_read(&query, line, (size_t)n, &e) == RC_OK)
			answer(a, query, &out);
		else
			answer_error(&out, "line", e.text);
		puts(str_c(&out));
		fflush(stdout);
	}
	free(line);
	return 0;
}

int main(int argc, char **argv)
{
	scoped(memory_source_free) struct memory_source *store = memory_source_new();
	struct asked a = { .store = store };
	struct err e = { 0 };

	if (argc < 2) {
		fprintf(stderr, "usage: %s SERIES [--experimental]\n", argv[0]);
		return rc_exit(RC_USAGE);
	}
	a.allow_experimental = argc > 2 && str_eq(argv[2], "--experimental");
	enum rc rc = load(store, argv[1], &e);
	if (rc != RC_OK) {
		fprintf(stderr, "%s: %s\n", argv[1], e.text);
		return rc_exit(rc);
	}
	return serve(&a);
}
