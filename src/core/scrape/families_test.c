/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/families.h"

#include "base/histogram.h"
#include "base/limits.h"
#include "base/protobuf.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* What was told, a line each. */
static enum rc note(void *self, const struct family_entry *f, struct err *e)
{
	struct str *out = self;
	const struct exposition_entry *x = &f->entry;

	(void)e;
	str_addn(out, x->text.s, x->text.n);
	if (x->kind == EXPOSITION_SERIES) {
		str_addc(out, ' ');
		if (x->h)
			histogram_notation(x->h, out);
		else
			str_addf(out, "%g", x->v);
		if (x->has_time)
			str_addf(out, " @%lld", (long long)x->t_ms);
	}
	for (uint32_t i = 0; i < f->n_exemplars; i++)
		str_addf(out, " # %.*s %g @%lld", (int)f->exemplars[i].labels.n,
			f->exemplars[i].labels.s, f->exemplars[i].v,
			(long long)(f->exemplars[i].has_time ? f->exemplars[i].t_ms : -1));
	str_addc(out, '\n');
	return RC_OK;
}

static const struct families_wish all = { .has_native = true };

static void assert_told(const struct str *body, const struct families_wish *wish,
	const char *expected)
{
	scoped(str_fini) struct str told = STR_EMPTY;
	struct families_visitor visitor = { &told, note };
	struct err e = { 0 };
	size_t used;

	if (families_read(body->s, body->len, wish, &visitor, &used, &e) != RC_OK)
		fail_msg("%s", e.text);
	assert_int_equal(used, body->len);
	assert_string_equal(str_c(&told), expected);
}

static enum rc refusal(const struct str *body, const struct families_wish *wish, struct err *e)
{
	scoped(str_fini) struct str told = STR_EMPTY;
	struct families_visitor visitor = { &told, note };
	size_t used;

	return families_read(body->s, body->len, wish, &visitor, &used, e);
}

static void add_text(struct str *out, uint32_t number, const char *text)
{
	protobuf_add_bytes(out, number, text, strlen(text));
}

static void add_label(struct str *out, const char *name, const char *value)
{
	size_t label = protobuf_open(out, 1);

	add_text(out, 1, name);
	add_text(out, 2, value);
	protobuf_close(out, label);
}

/* A message behind its length. */
static void add_delimited(struct str *body, const struct str *family)
{
	protobuf_put_varint(body, family->len);
	str_addn(body, family->s, family->len);
}

static void begin_family(struct str *family, const char *name, unsigned type)
{
	str_clear(family);
	add_text(family, 1, name);
	add_text(family, 2, "says \"a\\b\"\nc");
	protobuf_add_uint(family, 3, type);
}

static void add_exemplar(struct str *out, uint32_t number, const char *trace, double v, int64_t s)
{
	size_t exemplar = protobuf_open(out, number), at;

	add_label(out, "trace_id", trace);
	protobuf_add_double(out, 2, v);
	if (s) {
		at = protobuf_open(out, 3);
		protobuf_add_int(out, 1, s);
		protobuf_add_int(out, 2, 500000000);
		protobuf_close(out, at);
	}
	protobuf_close(out, exemplar);
}

static void values_are_told_as_a_text_would(void **state)
{
	scoped(str_fini) struct str body = STR_EMPTY, family = STR_EMPTY;
	size_t metric, value;

	(void)state;
	begin_family(&family, "requests_total", 0);
	metric = protobuf_open(&family, 4);
	add_label(&family, "path", "/\"x\"\n");
	add_label(&family, "odd.name", "y");
	value = protobuf_open(&family, 3);
	protobuf_add_double(&family, 1, 4);
	add_exemplar(&family, 2, "t1", 0.5, 7);
	protobuf_close(&family, value);
	protobuf_add_int(&family, 6, 1234);
	protobuf_close(&family, metric);
	add_delimited(&body, &family);
	begin_family(&family, "heat.now", 1);
	add_text(&family, 5, "celsius");
	metric = protobuf_open(&family, 4);
	value = protobuf_open(&family, 2);
	protobuf_add_double(&family, 1, -3);
	protobuf_close(&family, value);
	protobuf_close(&family, metric);
	add_delimited(&body, &family);
	assert_told(&body, &all,
		"# HELP requests_total says \"a\\\\b\"\\nc\n# TYPE requests_total \n"
		"requests_total{path=\"/\\\"x\\\"\\n\",\"odd.name\"=\"y\"} 4 @1234 # "
		"{trace_id=\"t1\"} 0.5 @7500\n"
		"# HELP heat.now says \"a\\\\b\"\\nc\n# TYPE heat.now \n# UNIT heat.now celsius\n"
		"{\"heat.now\"} -3\n");
}

static void a_summary_is_told_with_its_quantiles(void **state)
{
	scoped(str_fini) struct str body = STR_EMPTY, family = STR_EMPTY;
	size_t metric, value, quantile;

	(void)state;
	begin_family(&family, "s", 2);
	metric = protobuf_open(&family, 4);
	value = protobuf_open(&family, 4);
	protobuf_add_uint(&family, 1, 3);
	protobuf_add_double(&family, 2, 1.5);
	quantile = protobuf_open(&family, 3);
	protobuf_add_double(&family, 1, 0.5);
	protobuf_add_double(&family, 2, 0.25);
	protobuf_close(&family, quantile);
	protobuf_close(&family, value);
	protobuf_close(&family, metric);
	add_delimited(&body, &family);
	assert_told(&body, &all,
		"# HELP s says \"a\\\\b\"\\nc\n# TYPE s \ns_count 3\ns_sum 1.5\n"
		"s{quantile=\"0.5\"} 0.25\n");
}

static void add_bucket(struct str *out, double bound, uint64_t count, const char *trace)
{
	size_t bucket = protobuf_open(out, 3);

	protobuf_add_uint(out, 1, count);
	protobuf_add_double(out, 2, bound);
	if (trace)
		add_exemplar(out, 3, trace, bound / 2, 0);
	protobuf_close(out, bucket);
}

static void add_span(struct str *out, uint32_t number, int32_t offset, uint32_t length)
{
	size_t span = protobuf_open(out, number);

	protobuf_add_sint(out, 1, offset);
	protobuf_add_uint(out, 2, length);
	protobuf_close(out, span);
}

/* {{schema:1 count:10 sum:7 z_bucket:1 z_bucket_w:0.25 offset:-2 buckets:[2 4 0 1] n_buckets:[2]}}, with
 * classic buckets beside. */
static void add_both(struct str *body)
{
	scoped(str_fini) struct str family = STR_EMPTY;
	static const int64_t deltas[] = { 2, 2, -4, 1 };
	size_t metric, h;

	begin_family(&family, "h", 4);
	metric = protobuf_open(&family, 4);
	h = protobuf_open(&family, 7);
	protobuf_add_uint(&family, 1, 10);
	protobuf_add_double(&family, 2, 7);
	add_bucket(&family, 1, 6, "t2");
	protobuf_add_sint(&family, 5, 1);
	protobuf_add_double(&family, 6, 0.25);
	protobuf_add_uint(&family, 7, 1);
	add_span(&family, 9, 0, 1);
	protobuf_put_varint(&family, PROTOBUF_VARINT(10));
	protobuf_put_varint(&family, 4); /* zigzag of 2 */
	add_span(&family, 12, -2, 4);
	for (size_t i = 0; i < COUNT(deltas); i++) {
		protobuf_put_varint(&family, PROTOBUF_VARINT(13));
		protobuf_put_varint(&family,
			(uint64_t)deltas[i] << 1 ^ (uint64_t)(deltas[i] >> 63));
	}
	add_exemplar(&family, 16, "late", 2, 9);
	add_exemplar(&family, 16, "early", 3, 8);
	add_exemplar(&family, 16, "timeless", 3, 0);
	protobuf_close(&family, h);
	protobuf_close(&family, metric);
	add_delimited(body, &family);
}

#define META "# HELP h says \"a\\\\b\"\\nc\n# TYPE h \n"
#define CLASSIC                                                                   \
	"h_count 10\nh_sum 7\nh_bucket{le=\"1\"} 6 # {trace_id=\"t2\"} 0.5 @-1\n" \
	"h_bucket{le=\"+Inf\"} 10\n"
#define NATIVE_EXEMPLARS " # {trace_id=\"early\"} 3 @8500 # {trace_id=\"late\"} 2 @9500\n"
#define NATIVE                                                                                \
	"h {{schema:1 count:10 sum:7 z_bucket:1 z_bucket_w:0.25 offset:-2 buckets:[2 4 0 1] " \
	"n_buckets:[2]}}" NATIVE_EXEMPLARS

static void a_native_histogram_is_told_as_one(void **state)
{
	scoped(str_fini) struct str body = STR_EMPTY;

	(void)state;
	add_both(&body);
	assert_told(&body, &all, META NATIVE);
}

static void classic_buckets_are_told_beside_it_or_in_its_place(void **state)
{
	scoped(str_fini) struct str body = STR_EMPTY;

	(void)state;
	add_both(&body);
	assert_told(&body, &(struct families_wish){ .has_native = true, .has_classic = true },
		META NATIVE CLASSIC);
	assert_told(&body, &(struct families_wish){ 0 }, META CLASSIC);
}

static void resolution_is_given_up_for_a_limit_of_buckets(void **state)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	struct families_wish wish = { .has_native = true, .buckets_max = 4 };
	struct err e = { 0 };

	(void)state;
	add_both(&body);
	/* -2 and -1, 0 and 1 are each one. */
	assert_told(&body, &wish,
		META "h {{count:10 sum:7 z_bucket:1 z_bucket_w:0.25 offset:-1 buckets:[2 4 1] "
		     "n_buckets:[2]}}" NATIVE_EXEMPLARS);
	wish = (struct families_wish){ .has_native = true, .bucket_factor_least = 2 };
	assert_told(&body, &wish,
		META "h {{count:10 sum:7 z_bucket:1 z_bucket_w:0.25 offset:-1 buckets:[2 4 1] "
		     "n_buckets:[2]}}" NATIVE_EXEMPLARS);
	wish = (struct families_wish){ .has_native = true, .buckets_max = 1 };
	assert_int_equal(refusal(&body, &wish, &e), RC_LIMIT);
	assert_string_equal(e.text, "histogram bucket limit exceeded");
}

static void what_is_not_whole_waits_and_what_is_malformed_is_refused(void **state)
{
	scoped(str_fini) struct str body = STR_EMPTY, told = STR_EMPTY, family = STR_EMPTY;
	struct families_visitor visitor = { &told, note };
	size_t used;

	(void)state;
	add_both(&body);
	for (size_t n = 0; n < body.len; n++) {
		assert_int_equal(families_read(body.s, n, &all, &visitor, &used, NULL), RC_OK);
		assert_int_equal(used, 0);
		assert_int_equal(told.len, 0);
	}
	str_clear(&body);
	begin_family(&family, "", 0);
	add_delimited(&body, &family);
	assert_int_equal(refusal(&body, &all, NULL), RC_INPUT);
	str_clear(&body);
	begin_family(&family, "a", 9);
	add_delimited(&body, &family);
	assert_int_equal(refusal(&body, &all, NULL), RC_INPUT);
	str_clear(&body);
	protobuf_put_varint(&body, SCRAPE_FAMILY_BYTES_MAX + 1);
	assert_int_equal(refusal(&body, &all, NULL), RC_LIMIT);
}

static void a_series_is_no_longer_than_a_line_may_be(void **state)
{
	static char value[SCRAPE_LINE_BYTES_MAX + 1];
	scoped(str_fini) struct str family = STR_EMPTY, body = STR_EMPTY;
	struct err e = { 0 };
	size_t metric;

	(void)state;
	memset(value, 'x', sizeof value - 1);
	begin_family(&family, "a", 1);
	metric = protobuf_open(&family, 4);
	add_label(&family, "l", value);
	protobuf_close(&family, metric);
	add_delimited(&body, &family);
	assert_int_equal(refusal(&body, &all, &e), RC_LIMIT);
	assert_non_null(strstr(e.text, "a line is over"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_told_as_a_text_would),
		cmocka_unit_test(a_summary_is_told_with_its_quantiles),
		cmocka_unit_test(a_native_histogram_is_told_as_one),
		cmocka_unit_test(classic_buckets_are_told_beside_it_or_in_its_place),
		cmocka_unit_test(resolution_is_given_up_for_a_limit_of_buckets),
		cmocka_unit_test(what_is_not_whole_waits_and_what_is_malformed_is_refused),
		cmocka_unit_test(a_series_is_no_longer_than_a_line_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
