/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote/write.h"

#include "base/protobuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

struct request {
	struct str s;
	struct series_batch batch;
};

static void request_init(struct request *r)
{
	*r = (struct request){ 0 };
	series_batch_init(&r->batch, 7, 1 << 20);
}

static void request_fini(struct request *r)
{
	str_fini(&r->s);
	series_batch_fini(&r->batch);
}
SCOPED_FINI(request_fini, struct request)

static void add_label(struct str *s, uint32_t number, const char *name, const char *value)
{
	size_t opened = protobuf_open(s, number);

	protobuf_add_bytes(s, 1, name, strlen(name));
	protobuf_add_bytes(s, 2, value, strlen(value));
	protobuf_close(s, opened);
}

static void add_sample(struct str *s, double v, int64_t t_ms)
{
	size_t opened = protobuf_open(s, 2);

	protobuf_add_double(s, 1, v);
	protobuf_add_int(s, 2, t_ms);
	protobuf_close(s, opened);
}

static enum rc read_request(struct request *r, enum remote_version version, struct err *e)
{
	return remote_write_read(version, r->s.s, r->s.len, &r->batch, e);
}

static void assert_series(const struct series_batch *b, uint32_t i, const char *want)
{
	scoped(arena_fini) struct arena a;
	scoped(str_fini) struct str got = STR_EMPTY;
	struct labels l;
	struct err e = { 0 };

	arena_init(&a, 65536);
	if (b->labels(b, i, &a, &l, &e) != RC_OK)
		fail_msg("%s", e.text);
	for (uint32_t k = 0; k < l.n; k++)
		str_addf(&got, "%s=%s ", l.v[k].name, l.v[k].value);
	assert_string_equal(str_c(&got), want);
}

/* a{x="1"} with two samples, an exemplar and a field of tomorrow. */
static void add_series_1(struct str *s, const char *x)
{
	size_t opened = protobuf_open(s, 1), exemplar;

	add_label(s, 1, METRIC_NAME, "a");
	add_label(s, 1, "x", x);
	add_sample(s, 1.5, 1000);
	add_sample(s, -2, 2000);
	exemplar = protobuf_open(s, 3);
	add_label(s, 1, "trace_id", "t1");
	protobuf_add_double(s, 2, 9);
	protobuf_add_int(s, 3, 1500);
	protobuf_close(s, exemplar);
	protobuf_add_bytes(s, 99, "new", 3);
	protobuf_close(s, opened);
}

static void version_1_is_read(void **state)
{
	scoped(request_fini) struct request r;
	size_t opened;

	(void)state;
	request_init(&r);
	add_series_1(&r.s, "1");
	add_series_1(&r.s, "2");
	add_series_1(&r.s, "1");
	opened = protobuf_open(&r.s, 3);
	protobuf_add_uint(&r.s, 1, 1);
	protobuf_add_bytes(&r.s, 2, "a", 1);
	protobuf_add_bytes(&r.s, 4, "help", 4);
	protobuf_close(&r.s, opened);
	assert_int_equal(read_request(&r, REMOTE_VERSION_1, NULL), RC_OK);
	assert_int_equal(r.batch.n_series, 3);
	assert_int_equal(r.batch.n_samples, 6);
	assert_series(&r.batch, 1, "__name__=a x=2 ");
	assert_true(r.batch.series[0].hash == r.batch.series[2].hash);
	assert_true(r.batch.series[0].hash != r.batch.series[1].hash);
	assert_true(r.batch.samples[3].v == -2 && r.batch.samples[3].t_ms == 2000 &&
		    r.batch.samples[3].series == 1);
	assert_int_equal(r.batch.n_exemplars, 3);
	assert_string_equal(labels_get(&r.batch.exemplars[0].x.labels, "trace_id"), "t1");
	assert_string_equal(r.batch.metadata[0].m.type, "counter");
	assert_string_equal(r.batch.metadata[0].m.help, "help");
}

static void labels_are_sorted_and_empty_ones_left_out(void **state)
{
	scoped(request_fini) struct request r;
	size_t opened;

	(void)state;
	request_init(&r);
	opened = protobuf_open(&r.s, 1);
	add_label(&r.s, 1, "z", "9");
	add_label(&r.s, 1, METRIC_NAME, "a");
	add_label(&r.s, 1, "b", "");
	protobuf_close(&r.s, opened);
	assert_int_equal(read_request(&r, REMOTE_VERSION_1, NULL), RC_OK);
	assert_series(&r.batch, 0, "__name__=a z=9 ");
}

static void a_series_without_a_name_is_found_when_it_is_asked_for(void **state)
{
	scoped(request_fini) struct request r;
	scoped(arena_fini) struct arena a;
	struct labels l;
	size_t opened;

	(void)state;
	request_init(&r);
	arena_init(&a, 65536);
	opened = protobuf_open(&r.s, 1);
	add_label(&r.s, 1, "z", "9");
	protobuf_close(&r.s, opened);
	opened = protobuf_open(&r.s, 1);
	add_label(&r.s, 1, METRIC_NAME, "\xff");
	protobuf_close(&r.s, opened);
	opened = protobuf_open(&r.s, 1);
	add_label(&r.s, 1, METRIC_NAME, "a");
	add_label(&r.s, 1, METRIC_NAME, "b");
	protobuf_close(&r.s, opened);
	assert_int_equal(read_request(&r, REMOTE_VERSION_1, NULL), RC_OK);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(r.batch.labels(&r.batch, i, &a, &l, NULL), RC_INPUT);
}

static void add_symbols(struct str *s)
{
	static const char *const symbols[] = { "", METRIC_NAME, "a_bucket", "x", "1", "seconds",
		"the help" };

	for (size_t i = 0; i < COUNT(symbols); i++) {
		protobuf_put_varint(s, PROTOBUF_BYTES(4u));
		protobuf_put_varint(s, strlen(symbols[i]));
		str_add(s, symbols[i]);
	}
}

static void add_series_2_about(struct str *s, const char *refs, size_t n, uint32_t help)
{
	size_t opened = protobuf_open(s, 5), inner;

	protobuf_add_bytes(s, 1, refs, n);
	add_sample(s, 3, 5000);
	inner = protobuf_open(s, 5);
	protobuf_add_uint(s, 1, 3);
	protobuf_add_uint(s, 3, help);
	protobuf_add_uint(s, 4, 5);
	protobuf_close(s, inner);
	protobuf_add_int(s, 6, 1);
	protobuf_close(s, opened);
}

static void add_series_2(struct str *s, const char *refs, size_t n)
{
	add_series_2_about(s, refs, n, 6);
}

/* A sender that was just started may know no metadata yet: what it said later was never taken. */
static void metadata_that_comes_later_has_the_series_looked_at_again(void **state)
{
	scoped(request_fini) struct request r;
	size_t opened;

	(void)state;
	request_init(&r);
	add_symbols(&r.s);
	opened = protobuf_open(&r.s, 5);
	protobuf_add_bytes(&r.s, 1, "\1\2", 2);
	add_sample(&r.s, 3, 5000);
	protobuf_close(&r.s, opened);
	add_series_2(&r.s, "\1\2", 2);
	add_series_2_about(&r.s, "\1\2", 2, 5);
	add_series_2(&r.s, "\1\2", 2);
	assert_int_equal(read_request(&r, REMOTE_VERSION_2, NULL), RC_OK);
	assert_true(r.batch.series[0].hash != r.batch.series[1].hash);
	assert_true(r.batch.series[1].hash != r.batch.series[2].hash);
	assert_true(r.batch.series[1].hash == r.batch.series[3].hash);
}

static void version_2_is_read(void **state)
{
	scoped(request_fini) struct request r;
	scoped(arena_fini) struct arena a;
	struct batch_metadata m;
	struct labels l;

	(void)state;
	request_init(&r);
	add_symbols(&r.s);
	add_series_2(&r.s, "\1\2\3\4", 4);
	add_series_2(&r.s, "\1\2", 2);
	add_series_2(&r.s, "\1\2\3\4", 4);
	assert_int_equal(read_request(&r, REMOTE_VERSION_2, NULL), RC_OK);
	assert_int_equal(r.batch.n_samples, 3);
	assert_series(&r.batch, 0, "__name__=a_bucket x=1 ");
	assert_series(&r.batch, 1, "__name__=a_bucket ");
	assert_true(r.batch.series[0].hash == r.batch.series[2].hash);
	assert_true(r.batch.series[0].hash != r.batch.series[1].hash);
	arena_init(&a, 65536);
	assert_int_equal(r.batch.labels(&r.batch, 1, &a, &l, NULL), RC_OK);
	assert_true(r.batch.series_metadata(&r.batch, 1, &l, &a, &m));
	assert_string_equal(m.metric, "a");
	assert_string_equal(m.m.type, "histogram");
	assert_string_equal(m.m.unit, "seconds");
	assert_string_equal(m.m.help, "the help");
}

static void references_out_of_range_are_refused(void **state)
{
	scoped(request_fini) struct request r;
	struct err e = { 0 };

	(void)state;
	request_init(&r);
	add_symbols(&r.s);
	add_series_2(&r.s, "\1\7", 2);
	assert_int_equal(read_request(&r, REMOTE_VERSION_2, &e), RC_INPUT);
	assert_non_null(strstr(e.text, "labels_refs 7 out of range"));
}

static void an_odd_number_of_references_is_refused(void **state)
{
	scoped(request_fini) struct request r;
	scoped(arena_fini) struct arena a;
	struct labels l;

	(void)state;
	request_init(&r);
	arena_init(&a, 65536);
	add_symbols(&r.s);
	add_series_2(&r.s, "\1\2\3", 3);
	assert_int_equal(read_request(&r, REMOTE_VERSION_2, NULL), RC_OK);
	assert_int_equal(r.batch.labels(&r.batch, 0, &a, &l, NULL), RC_INPUT);
}

static void the_message_is_told_by_its_content_type(void **state)
{
	enum remote_version v;

	(void)state;
	assert_int_equal(remote_write_version("", &v, NULL), RC_OK);
	assert_int_equal(v, REMOTE_VERSION_1);
	assert_int_equal(remote_write_version("application/x-protobuf", &v, NULL), RC_OK);
	assert_int_equal(v, REMOTE_VERSION_1);
	assert_int_equal(remote_write_version(
				 "application/x-protobuf;proto=prometheus.WriteRequest", &v, NULL),
		RC_OK);
	assert_int_equal(v, REMOTE_VERSION_1);
	assert_int_equal(
		remote_write_version("application/x-protobuf; proto=io.prometheus.write.v2.Request",
			&v, NULL),
		RC_OK);
	assert_int_equal(v, REMOTE_VERSION_2);
	assert_int_equal(remote_write_version("application/x-protobuf;proto=other", &v, NULL),
		RC_UNSUPPORTED);
	assert_int_equal(remote_write_version("text/plain", &v, NULL), RC_UNSUPPORTED);
}

static void too_many_samples_are_refused(void **state)
{
	scoped(request_fini) struct request r;

	(void)state;
	request_init(&r);
	r.batch.samples_max = 3;
	add_series_1(&r.s, "1");
	add_series_1(&r.s, "2");
	assert_int_equal(read_request(&r, REMOTE_VERSION_1, NULL), RC_LIMIT);
}

/* An empty series is two bytes; read, it is twenty times that. */
static void too_many_series_without_samples_are_refused(void **state)
{
	static const enum remote_version versions[] = { REMOTE_VERSION_1, REMOTE_VERSION_2 };
	static const uint32_t fields[] = { 1, 5 };

	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		scoped(request_fini) struct request r;

		request_init(&r);
		r.batch.samples_max = 3;
		for (int i = 0; i < 4; i++)
			protobuf_close(&r.s, protobuf_open(&r.s, fields[v]));
		assert_int_equal(read_request(&r, versions[v], NULL), RC_LIMIT);
		assert_int_equal(r.batch.n_series, 3);
	}
}

static void too_many_exemplars_of_one_series_are_refused(void **state)
{
	scoped(request_fini) struct request r;
	size_t opened;

	(void)state;
	request_init(&r);
	r.batch.samples_max = 3;
	opened = protobuf_open(&r.s, 1);
	for (int i = 0; i < 4; i++)
		protobuf_close(&r.s, protobuf_open(&r.s, 3));
	protobuf_close(&r.s, opened);
	assert_int_equal(read_request(&r, REMOTE_VERSION_1, NULL), RC_LIMIT);
	assert_int_equal(r.batch.n_exemplars, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_1_is_read),
		cmocka_unit_test(labels_are_sorted_and_empty_ones_left_out),
		cmocka_unit_test(a_series_without_a_name_is_found_when_it_is_asked_for),
		cmocka_unit_test(version_2_is_read),
		cmocka_unit_test(metadata_that_comes_later_has_the_series_looked_at_again),
		cmocka_unit_test(references_out_of_range_are_refused),
		cmocka_unit_test(an_odd_number_of_references_is_refused),
		cmocka_unit_test(the_message_is_told_by_its_content_type),
		cmocka_unit_test(too_many_samples_are_refused),
		cmocka_unit_test(too_many_series_without_samples_are_refused),
		cmocka_unit_test(too_many_exemplars_of_one_series_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
