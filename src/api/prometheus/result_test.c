/* SPDX-License-Identifier: Apache-2.0 */
/* Large answers: written by one thread, by several, and point by point. */
#include "api/prometheus/result.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SERIES      60
#define POINTS      700
#define BEGIN_MS    INT64_C(1789999000000)
#define ANY_BYTES   ((size_t)100 << 20)
#define HISTOGRAM_S 13 /* series that have both kinds */

static struct promql_point points[SERIES][POINTS];
static struct label labels[SERIES];
static char values[SERIES][24];
static const struct histogram histogram = { .count = 3, .sum = 4.5 };

/* Times as steps give them, with gaps, with milliseconds, before 1970. */
static int64_t time_of(int s, int i)
{
	switch (s % 4) {
	case 0:
		return BEGIN_MS + i * 120000;
	case 1:
		return BEGIN_MS + i * 15000 * (1 + i / 300);
	case 2:
		return BEGIN_MS + i * 777;
	default:
		return (i - POINTS / 2) * INT64_C(120000);
	}
}

static double value_of(struct rng *rng, int s, int i)
{
	uint64_t bits = rng_next(rng);

	switch (s % 3) {
	case 0:
		return (double)(bits >> (bits % 60));
	case 1:
		return double_of_bits(bits);
	default:
		return -(double)(i * s) / 1000;
	}
}

static struct promql_result make_result(struct promql_series series[SERIES])
{
	struct rng rng;

	rng_seed(&rng, 3);
	for (int s = 0; s < SERIES; s++) {
		snprintf(values[s], sizeof values[s], "number \"%d\"", s);
		labels[s] = (struct label){ "name", values[s], 4, (uint32_t)strlen(values[s]) };
		for (int i = 0; i < POINTS; i++)
			points[s][i] = (struct promql_point){ time_of(s, i), value_of(&rng, s, i),
				s % HISTOGRAM_S == 0 && i % 50 < 2 ? &histogram : NULL };
		series[s] = (struct promql_series){ .labels = { &labels[s], 1 },
			.points = points[s],
			.n_points = s == 7 ? 0 : POINTS };
	}
	return (struct promql_result){ .type = PROMQL_MATRIX,
		.series = series,
		.n_series = SERIES };
}

/* What one with these options writes, whole. */
static bool text_of(struct str *out, const struct promql_result *r, struct result_options o,
	uint32_t *ret_pieces)
{
	scoped(str_pieces_fini) struct str_pieces more = { 0 };
	bool is_whole = result_write(out, &more, r, &o);

	out->limit_bytes = 0;
	for (uint32_t i = 0; i < more.n; i++)
		str_addn(out, str_c(&more.v[i]), more.v[i].len);
	*ret_pieces = more.n;
	return is_whole;
}

static void write_slowly(struct str *out, const struct promql_series *s, bool histograms)
{
	const char *before = histograms ? ",\"histograms\":[" : ",\"values\":[", *after = "";

	for (uint32_t i = 0; i < s->n_points; i++) {
		if (!s->points[i].h == histograms)
			continue;
		str_add(out, before);
		str_addc(out, '[');
		result_write_time(out, s->points[i].t_ms);
		str_addc(out, ',');
		if (histograms)
			str_add(out, "{\"count\":\"3\",\"sum\":\"4.5\"}");
		else
			result_write_number(out, s->points[i].v);
		str_addc(out, ']');
		before = ",";
		after = "]";
	}
	str_add(out, after);
}

static void every_point_is_written_as_it_is_alone(void **state)
{
	static struct promql_series series[SERIES];
	scoped(str_fini) struct str wanted = STR_EMPTY, got = STR_EMPTY;
	struct promql_result r = make_result(series);
	uint32_t pieces;

	(void)state;
	str_add(&wanted,
		"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[");
	for (int s = 0; s < SERIES; s++) {
		str_add(&wanted, s ? ",{\"metric\":" : "{\"metric\":");
		result_write_labels(&wanted, &series[s].labels);
		write_slowly(&wanted, &series[s], false);
		write_slowly(&wanted, &series[s], true);
		str_addc(&wanted, '}');
	}
	str_add(&wanted, "]}}");
	assert_true(text_of(&got, &r, (struct result_options){ .bytes_max = ANY_BYTES }, &pieces));
	assert_int_equal(pieces, 0);
	assert_string_equal(str_c(&got), str_c(&wanted));
}

static void several_threads_write_what_one_writes(void **state)
{
	static struct promql_series series[SERIES];
	const uint32_t sizes[] = { 0, 1, 11, 12, 59, SERIES };
	struct result_options o = { .bytes_max = ANY_BYTES };
	struct promql_result r = make_result(series);
	struct crowd *crowd = crowd_new(3);

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		scoped(str_fini) struct str one = STR_EMPTY, many = STR_EMPTY;
		uint32_t pieces;

		r.n_series = sizes[i];
		o.series_max = i == 3 ? sizes[i] - 1 : 0;
		o.crowd = NULL;
		assert_true(text_of(&one, &r, o, &pieces));
		o.crowd = crowd;
		assert_true(text_of(&many, &r, o, &pieces));
		assert_string_equal(str_c(&many), str_c(&one));
		assert_true(sizes[i] < 12 ? pieces == 0 : pieces > 1 || o.series_max);
	}
	crowd_free(crowd);
}

static void an_answer_of_more_bytes_is_refused_however_many_write_it(void **state)
{
	static struct promql_series series[SERIES];
	struct promql_result r = make_result(series);
	struct crowd *crowds[] = { NULL, crowd_new(3) };

	(void)state;
	for (size_t i = 0; i < COUNT(crowds); i++) {
		scoped(str_fini) struct str whole = STR_EMPTY;
		struct result_options o = { .crowd = crowds[i], .bytes_max = ANY_BYTES };
		uint32_t pieces;

		assert_true(text_of(&whole, &r, o, &pieces));
		o.bytes_max = whole.len;
		for (size_t less = 0; less < whole.len; less = 4 * less + 1) {
			scoped(str_fini) struct str text = STR_EMPTY;

			o.bytes_max = whole.len - less;
			assert_int_equal(text_of(&text, &r, o, &pieces), less == 0);
		}
		crowd_free(crowds[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_point_is_written_as_it_is_alone),
		cmocka_unit_test(several_threads_write_what_one_writes),
		cmocka_unit_test(an_answer_of_more_bytes_is_refused_however_many_write_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
