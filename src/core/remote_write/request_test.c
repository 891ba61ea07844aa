/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote_write/request.h"

#include "base/rng.h"
#include "core/remote_write/request_fixture.h"
#include "core/remote_write/snappy_out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct labels labels_of(struct label v[4], char text[4][40], uint32_t i)
{
	const uint32_t metric = i % 97;

	snprintf(text[0], 40, "metric_of_number_%u", metric);
	snprintf(text[1], 40, "host%u.example.net:9100", i / 97);
	snprintf(text[2], 40, i % 5 ? "node" : "a longer name of a job");
	v[0] = (struct label){ METRIC_NAME, text[0], 8, (uint32_t)strlen(text[0]) };
	v[1] = (struct label){ "instance", text[1], 8, (uint32_t)strlen(text[1]) };
	v[2] = (struct label){ "job", text[2], 3, (uint32_t)strlen(text[2]) };
	return (struct labels){ v, 3 };
}

struct expected {
	const struct remote_batch *b;
	uint32_t at;
};

static void expect(void *ctx, const struct request_sample *r)
{
	struct expected *x = ctx;
	uint32_t at = x->at++;
	char want[200], text[4][40];
	struct label v[4];

	labels_of(v, text, x->b->ids[at] - 1);
	snprintf(want, sizeof want, "__name__=%s,instance=%s,job=%s,", text[0], text[1], text[2]);
	assert_string_equal(r->text, want);
	assert_int_equal(r->t_ms, x->b->t_ms[at]);
	assert_int_equal(double_bits(r->v), double_bits(x->b->v[at]));
}

static void fill(struct remote_batch *b, struct rng *rng, uint32_t n, uint32_t n_series)
{
	for (uint32_t i = 0; i < n; i++) {
		static const double odd[] = { 0, -0.0, 1e308, __builtin_nan(""), __builtin_inf() };
		uint32_t id = 1 + (uint32_t)rng_below(rng, n_series);
		int64_t t = rng_chance(rng, 1, 9) ? rng_between(rng, -5, 5000000000000)
						  : 1700000000000 + i / 100;

		remote_batch_add(b, id, t, rng_chance(rng, 1, 9) ? odd[rng_below(rng, 5)] : i);
	}
	b->v[n / 2] = double_of_bits(STALE_NAN_BITS);
}

static void what_a_request_says_is_what_was_told(void **unused)
{
	(void)unused;
	for (uint32_t seed = 0; seed < 60; seed++) {
		enum remote_protocol p = seed & 1 ? REMOTE_WRITE_2 : REMOTE_WRITE_1;
		scoped(str_fini) struct str body = STR_EMPTY;
		struct remote_batch b = { 0 };
		struct remote_names names;
		struct rng rng;

		rng_seed(&rng, seed);
		remote_names_init(&names, p);
		for (uint32_t i = 0; i < 500; i++) {
			char text[4][40];
			struct label v[4];
			struct labels l = labels_of(v, text, i);

			assert_int_equal(remote_names_find(&names, i + 1), REMOTE_SERIES_UNKNOWN);
			assert_int_equal(remote_names_put(&names, i + 1, &l), i);
			assert_int_equal(remote_names_find(&names, i + 1), i);
		}
		fill(&b, &rng, 1 + (uint32_t)rng_below(&rng, 3000), 500);
		for (uint32_t n = b.n; n; n /= 7) { /* the same names again and again */
			scoped(str_fini) struct str raw = STR_EMPTY;
			size_t at;

			remote_request_write(&names, &b, n, &body, &at);
			request_unpack(body.s + at, body.len - at, &raw);
			assert_int_equal(request_read(&raw, p, expect, &(struct expected){ &b, 0 }),
				n);
			if (n > 2000) /* what repeats takes next to no room */
				assert_true(body.len - at < 40ull * n);
		}
		remote_batch_fini(&b);
		remote_names_fini(&names);
	}
}

static void a_dropped_series_is_known_as_such(void **unused)
{
	struct remote_names names;

	(void)unused;
	remote_names_init(&names, REMOTE_WRITE_1);
	assert_int_equal(remote_names_put(&names, 7, NULL), REMOTE_SERIES_DROPPED);
	assert_int_equal(remote_names_find(&names, 7), REMOTE_SERIES_DROPPED);
	assert_int_equal(remote_names_find(&names, 8), REMOTE_SERIES_UNKNOWN);
	assert_int_equal(remote_names_find(&names, UINT32_MAX), REMOTE_SERIES_UNKNOWN);
	remote_names_clear(&names);
	assert_int_equal(remote_names_find(&names, 7), REMOTE_SERIES_UNKNOWN);
	remote_names_fini(&names);
}

static void any_pieces_and_copies_unpack_to_what_they_stand_for(void **unused)
{
	(void)unused;
	for (uint64_t seed = 1; seed < 200; seed++) {
		scoped(str_fini) struct str want = STR_EMPTY, got = STR_EMPTY, block = STR_EMPTY;
		uint8_t *room = must_alloc(4 << 20);
		struct snappy_out o;
		struct rng rng;
		uint32_t n;
		uint8_t *p;

		rng_seed(&rng, seed);
		snappy_begin(&o, room);
		while (want.len < 200000 && !rng_chance(&rng, 1, 2000)) {
			uint32_t len =
				1 + (uint32_t)rng_below(&rng, rng_chance(&rng, 1, 50) ? 3000 : 70);

			if (want.len < 100 || rng_chance(&rng, 1, 2)) {
				size_t from = want.len;

				while (len--)
					str_addc(&want, (char)rng_next(&rng));
				snappy_bytes(&o, want.s + from, (uint32_t)(want.len - from));
			} else {
				uint32_t at = (uint32_t)rng_below(&rng, want.len);

				snappy_again(&o, at, len);
				for (uint32_t i = 0; i < len; i++)
					str_addc(&want, want.s[at + i]);
			}
		}
		p = snappy_finish(&o, &n);
		str_addn(&block, p, n);
		request_unpack(block.s, block.len, &got);
		assert_int_equal(got.len, want.len);
		assert_memory_equal(got.s, want.s, got.len);
		free(room);
	}
}

/* A histogram and an exemplar between samples of a series, as a request has them. */
struct mixed {
	struct remote_names names;
	struct remote_batch batch;
	struct map metadata;
	struct metric_metadata about;
};

static const struct histogram_span span = { 1, 2 };
static const double counts[] = { 2, 3 };
static const struct histogram some_histogram = { .schema = 1,
	.count = 6,
	.zero_count = 1,
	.sum = 12.5,
	.positive_spans = &span,
	.n_positive_spans = 1,
	.positive = counts,
	.n_positive = 2 };

static void mixed_init(struct mixed *m, enum remote_protocol p)
{
	static const struct label series[] = { { METRIC_NAME, "lasted_bucket", 8, 13 },
		{ "job", "api", 3, 3 } };
	static const struct label trace[] = { { "trace_id", "KOO5S4vxi0o", 8, 11 },
		{ "user", "me", 4, 2 } };
	const struct exemplar x = { { trace, 2 }, 0.67, 1700000000123, true };

	*m = (struct mixed){ .about = { "histogram", "how long it lasted", "" } };
	map_put(&m->metadata, "lasted", &m->about);
	remote_names_init(&m->names, p);
	remote_names_put(&m->names, 1, &(struct labels){ series, 2 });
	remote_names_set_metadata(&m->names, p == REMOTE_WRITE_2 ? &m->metadata : NULL);
	remote_batch_add(&m->batch, 1, 1700000000000, 1);
	remote_batch_add_histogram(&m->batch, 1, 1700000001000, &some_histogram);
	remote_batch_add(&m->batch, 1, 1700000002000, 2);
	remote_batch_add_exemplar(&m->batch, &m->names, 1, &x);
	remote_batch_add(&m->batch, 1, 1700000003000, 3);
}

static void mixed_fini(struct mixed *m)
{
	remote_batch_fini(&m->batch);
	remote_names_fini(&m->names);
	map_fini(&m->metadata);
}

static void note(void *ctx, const struct request_sample *r)
{
	struct str *out = ctx;

	assert_string_equal(r->text, "__name__=lasted_bucket,job=api,");
	str_addf(out, "%d %g %s%s@%lld %s\n", r->kind, r->v, r->histogram, r->exemplar,
		(long long)r->t_ms - 1700000000000, r->about);
}

static void check_mixed(struct mixed *m, const char *about)
{
	scoped(str_fini) struct str body = STR_EMPTY, raw = STR_EMPTY, got = STR_EMPTY,
				    want = STR_EMPTY;
	size_t at;

	str_addf(&want, "0 1 @0 %s\n", about);
	str_addf(&want, "1 0 {count:6, sum:12.5, [-0,0]:1, (1,1.414213562373095]:2, "
			"(1.414213562373095,2]:3}@1000 %s\n", about);
	str_addf(&want, "0 2 @2000 %s\n", about);
	str_addf(&want, "2 0.67 trace_id=KOO5S4vxi0o,user=me,@123 %s\n", about);
	str_addf(&want, "0 3 @3000 %s\n", about);
	remote_request_write(&m->names, &m->batch, m->batch.n, &body, &at);
	request_unpack(body.s + at, body.len - at, &raw);
	assert_int_equal(request_read(&raw, m->names.protocol, note, &got), 5);
	assert_string_equal(str_c(&got), str_c(&want));
}

static void histograms_and_exemplars_go_in_order_with_samples(void **unused)
{
	struct mixed m;

	(void)unused;
	mixed_init(&m, REMOTE_WRITE_1);
	check_mixed(&m, "");
	assert_int_equal(m.batch.n_extras, 2);
	assert_int_equal(m.batch.n_exemplars, 1);
	mixed_fini(&m);
	mixed_init(&m, REMOTE_WRITE_2);
	check_mixed(&m, "3|how long it lasted|");
	remote_names_set_metadata(&m.names, NULL); /* and again, when nobody knows the metric */
	check_mixed(&m, "");
	m.about = (struct metric_metadata){ "histogram", "", "seconds" };
	remote_names_set_metadata(&m.names, &m.metadata);
	check_mixed(&m, "3||seconds");
	m.about.type = "gauge"; /* then what ends in _bucket is another metric */
	remote_names_set_metadata(&m.names, &m.metadata);
	check_mixed(&m, "");
	mixed_fini(&m);
}

static void metadata_names_its_metric_type_help_and_unit(void **unused)
{
	const struct remote_metric v[] = {
		{ "up", { "gauge", "whether it is up", "" } },
		{ "b_total", { "counter", "", "bytes" } },
	};
	scoped(str_fini) struct str body = STR_EMPTY, raw = STR_EMPTY;
	static const char want[] = "\x1a\x18\x08\x02\x12\x02up\x22\x10whether it is up"
				   "\x1a\x12\x08\x01\x12\x07"
				   "b_total\x2a\x05"
				   "bytes";
	size_t at;

	(void)unused;
	remote_request_write_metadata(v, 2, &body, &at);
	request_unpack(body.s + at, body.len - at, &raw);
	assert_int_equal(raw.len, sizeof want - 1);
	assert_memory_equal(raw.s, want, raw.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_request_says_is_what_was_told),
		cmocka_unit_test(a_dropped_series_is_known_as_such),
		cmocka_unit_test(any_pieces_and_copies_unpack_to_what_they_stand_for),
		cmocka_unit_test(histograms_and_exemplars_go_in_order_with_samples),
		cmocka_unit_test(metadata_names_its_metric_type_help_and_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
