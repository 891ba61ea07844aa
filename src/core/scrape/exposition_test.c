/* SPDX-License-Identifier: Apache-2.0 */
/* Most cases are those of Prometheus' own tests, with its verdicts. */
#include "core/scrape/exposition.h"

#include "base/mem.h"
#include "base/str.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void show_labels(struct str *out, const struct labels *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		str_addf(out, "%s%s=%s", i ? "," : "", l->v[i].name, l->v[i].value);
}

static enum rc show_series(const struct exposition *x, const struct exposition_entry *entry,
	struct str *out, struct err *e)
{
	scoped(arena_fini) struct arena arena;
	struct labels l;
	enum rc rc;

	arena_init(&arena, 1 << 20);
	rc = exposition_labels(x, entry->text, &arena, &l, e);
	if (rc != RC_OK)
		return rc;
	str_add(out, "series ");
	show_labels(out, &l);
	str_addf(out, " %.17g", entry->v);
	if (entry->has_time)
		str_addf(out, " @%lld", (long long)entry->t_ms);
	if (entry->exemplar.n) {
		rc = exposition_exemplar_labels(x, entry->exemplar, &arena, &l, e);
		str_add(out, " # ");
		show_labels(out, &l);
		str_addf(out, " %.17g", entry->exemplar_v);
		if (entry->exemplar_has_time)
			str_addf(out, " @%lld", (long long)entry->exemplar_t_ms);
	}
	str_addc(out, '\n');
	return rc;
}

static enum rc show_entry(const struct exposition *x, const struct exposition_entry *entry,
	struct str *out, struct err *e)
{
	static const char *const words[] = {
		[EXPOSITION_HELP] = "help",
		[EXPOSITION_UNIT] = "unit",
	};
	scoped(arena_fini) struct arena arena;

	arena_init(&arena, 1 << 20);
	if (entry->kind == EXPOSITION_SERIES)
		return show_series(x, entry, out, e);
	if (entry->kind == EXPOSITION_TYPE)
		str_addf(out, "type %s %s\n", exposition_unescape(entry->name, &arena),
			metric_type_name(x->type));
	else if (entry->kind == EXPOSITION_COMMENT)
		str_addf(out, "comment %.*s\n", (int)entry->text.n, entry->text.s);
	else
		str_addf(out, "%s %s %s\n", words[entry->kind],
			exposition_unescape(entry->name, &arena),
			exposition_saying(x, entry->value, &arena));
	return RC_OK;
}

/* All entries as lines of text, or the error. */
static enum rc show(enum exposition_format format, const char *body, size_t n, struct str *out,
	struct err *e)
{
	struct exposition x = { .format = format, .is_last = true };
	scoped(str_fini) struct str bytes = STR_EMPTY;
	struct exposition_entry entry;
	enum rc rc;

	str_addn(&bytes, body, n);
	if (n == 0 || body[n - 1] != '\n')
		str_addc(&bytes, '\n');
	x.at = bytes.s;
	x.end = bytes.s + bytes.len;
	for (;;) {
		rc = exposition_next(&x, &entry, e);
		if (rc != RC_OK || entry.kind == EXPOSITION_END)
			return rc;
		assert_int_not_equal(entry.kind, EXPOSITION_MORE);
		rc = show_entry(&x, &entry, out, e);
		if (rc != RC_OK)
			return rc;
	}
}

static void assert_shown(enum exposition_format format, const char *body, const char *expected)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	struct err e = { 0 };

	if (show(format, body, strlen(body), &out, &e) != RC_OK)
		fail_msg("%s", e.text);
	assert_string_equal(str_c(&out), expected);
}

static void assert_refused(enum exposition_format format, const char *body, const char *why)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	struct err e = { 0 };

	assert_int_equal(show(format, body, strlen(body), &out, &e), RC_INPUT);
	assert_string_equal(e.text, why);
}

static void a_text_is_read_as_prometheus_reads_it(void **state)
{
	(void)state;
	assert_shown(EXPOSITION_TEXT,
		"# HELP go_gc A summary of the GC\\n  in\\\\vocation \\\"durations\\\".\n"
		"# \tTYPE go_gc summary\n"
		"go_gc{quantile=\"0\"} 4.9351e-05\n"
		"go_gc{quantile=\"0.25\",} 7.424100000000001e-05\n"
		"go_gc{ quantile=\"0.9\", a=\"b\"} 8.3835e-05\n"
		"# Hrandom comment starting with prefix of HELP\n"
		"#\n"
		"wind_speed{A=\"2\",c=\"3\"} 12345\n"
		"# HELP nohelp1\n"
		"# HELP nohelp2 \n"
		"go_gc { quantile= \"1.0\", a= \"b\", } 8.3835e-05\n"
		"go_gc { quantile = \"2.0\" a = \"b\" } 8.3835e-05\n"
		"\n  \n"
		"some:aggregate:rate5m{a_b=\"c\"}\t1\n"
		"# TYPE go_goroutines gauge\n"
		"go_goroutines 33  \t123123\n"
		"testmetric{label=\"\\\"bar\\\"\\\\ \\n \\x\"} +Inf\n"
		"two{l=\"line\nbreak\"} NaN",
		"help go_gc A summary of the GC\n  in\\vocation \\\"durations\\\".\n"
		"type go_gc summary\n"
		"series __name__=go_gc,quantile=0.0 4.9351000000000002e-05\n"
		"series __name__=go_gc,quantile=0.25 7.424100000000001e-05\n"
		"series __name__=go_gc,a=b,quantile=0.9 8.3834999999999999e-05\n"
		"comment # Hrandom comment starting with prefix of HELP\n"
		"comment #\n"
		"series A=2,__name__=wind_speed,c=3 12345\n"
		"help nohelp1 \n"
		"help nohelp2 \n"
		"series __name__=go_gc,a=b,quantile=1.0 8.3834999999999999e-05\n"
		"series __name__=go_gc,a=b,quantile=2.0 8.3834999999999999e-05\n"
		"series __name__=some:aggregate:rate5m,a_b=c 1\n"
		"type go_goroutines gauge\n"
		"series __name__=go_goroutines 33 @123123\n"
		"series __name__=testmetric,label=\"bar\"\\ \n \\x inf\n"
		"series __name__=two,l=line\nbreak nan\n");
}

static void names_in_quotes_may_be_any_utf8(void **state)
{
	(void)state;
	assert_shown(EXPOSITION_TEXT,
		"# HELP \"go.gc seconds\" A summary.\n"
		"{\"go.gc seconds\",quantile=\"0\"} 1\n"
		"{ \"go.gc\", quantile= \"0.5\", a= \"b\", } 2\n"
		"{q=\"1\",\"http.status\"} 3\n"
		"{\"Heiz\xc3\xb6l 10\xe2\x82\xac \\\"interesting\\\" "
		"{character\\nchoices}\",\"strange\\n'quoted'\"=\"6\"} "
		"10.0",
		"help go.gc seconds A summary.\n"
		"series __name__=go.gc seconds,quantile=0 1\n"
		"series __name__=go.gc,a=b,quantile=0.5 2\n"
		"series __name__=http.status,q=1 3\n"
		"series __name__=Heiz\xc3\xb6l 10\xe2\x82\xac \"interesting\" "
		"{character\nchoices},strange\n'quoted'=6 "
		"10\n");
}

static void openmetrics_is_read_with_times_exemplars_units_and_created_lines(void **state)
{
	(void)state;
	assert_shown(EXPOSITION_OPENMETRICS,
		"# HELP go_gc_seconds A summary.\n"
		"# TYPE go_gc_seconds summary\n"
		"# UNIT go_gc_seconds seconds\n"
		"go_gc_seconds{quantile=\"0\"} 4.9351e-05\n"
		"# HELP nohelp1 \n"
		"# UNIT nounit \n"
		"go_goroutines 33 123.123\n"
		"# TYPE ggh gaugehistogram\n"
		"ggh_bucket{le=\"+Inf\"} 1 # {id=\"test\",xx=\"yy\"} 4 123.123\n"
		"# TYPE hh histogram\n"
		"hh_bucket{le=\"1\"} 1 # {} 4\n"
		"hh_bucket{le=\"1000000\"} 1 1 # {id=\"a }\"} 4e3\n"
		"# TYPE foo counter\n"
		"foo_total{a=\"b\"} 17.0 1520879607.789 # {id=\"counter-test\"} 5\n"
		"foo_created{a=\"b\"} 1520872607.123\n"
		"{\"go.gc\",q=\"0.9\"} 1\n"
		"# TYPE ss stateset\n"
		"ss{ss=\"foo\"} 1\n"
		"# EOF\n",
		"help go_gc_seconds A summary.\n"
		"type go_gc_seconds summary\n"
		"unit go_gc_seconds seconds\n"
		"series __name__=go_gc_seconds,quantile=0.0 4.9351000000000002e-05\n"
		"help nohelp1 \n"
		"unit nounit \n"
		"series __name__=go_goroutines 33 @123123\n"
		"type ggh gaugehistogram\n"
		"series __name__=ggh_bucket,le=+Inf 1 # id=test,xx=yy 4 @123123\n"
		"type hh histogram\n"
		"series __name__=hh_bucket,le=1.0 1 #  4\n"
		"series __name__=hh_bucket,le=1e+06 1 @1000 # id=a } 4000\n"
		"type foo counter\n"
		"series __name__=foo_total,a=b 17 @1520879607789 # id=counter-test 5\n"
		"series __name__=foo_created,a=b 1520872607.1229999\n"
		"series __name__=go.gc,q=0.9 1\n"
		"type ss stateset\n"
		"series __name__=ss,ss=foo 1\n");
}

static void bounds_of_buckets_are_written_in_one_way(void **state)
{
	(void)state;
	assert_shown(EXPOSITION_TEXT,
		"# TYPE h histogram\nh{le=\"1\"} 1\nh{le=\"+inf\"} 1\nh{le=\"5e-5\"} 1\n"
		"h{le=\"x\"} 1\nh{le=\"1e21\"} 1\n# TYPE g gauge\nh{le=\"1\"} 1\n",
		"type h histogram\nseries __name__=h,le=1.0 1\nseries __name__=h,le=+Inf 1\n"
		"series __name__=h,le=5e-05 1\nseries __name__=h,le=x 1\n"
		"series __name__=h,le=1e+21 1\ntype g gauge\nseries __name__=h,le=1 1\n");
}

static void empty_labels_are_left_out(void **state)
{
	(void)state;
	assert_shown(EXPOSITION_TEXT, "a{b=\"\",c=\"d\"} 1\na{} 2\n",
		"series __name__=a,c=d 1\nseries __name__=a 2\n");
}

static void malformed_texts_are_refused_in_prometheus_words(void **state)
{
	static const struct {
		const char *body, *why;
	} cases[] = {
		{ "a", "expected value after metric, got \"\\n\" while parsing: \"a\\n\"" },
		{ "a{b='c'} 1\n", "expected label value, got \"'\" while parsing: \"a{b='\"" },
		{ "a{b=\n", "expected label value, got \"\\n\" while parsing: \"a{b=\\n\"" },
		{ "a{\xff=\"foo\"} 1\n",
			"expected label name, got \"\\xff\" while parsing: \"a{\\xff\"" },
		{ "a true\n", "strconv.ParseFloat: parsing \"true\": invalid syntax while parsing: "
			      "\"a true\"" },
		{ "empty{=\"\"} 0", "expected label name, got \"=\" while parsing: \"empty{=\"" },
		{ "foo 0 1_2\n", "expected next entry after timestamp, got \"_\" while parsing: "
				 "\"foo 0 1_\"" },
		{ "foo 0 -5\n",
			"expected timestamp or new record, got \"-\" while parsing: \"foo 0 -\"" },
		{ "{a=\"ok\"} 1",
			"metric name not set, got \"}\" while parsing: \"{a=\\\"ok\\\"}\"" },
		{ "a{\"b\"} 1",
			"metric name already set, got \"\\\"\" while parsing: \"a{\\\"b\\\"\"" },
		{ "# TYPE #\n",
			"expected metric name after HELP, TYPE or UNIT, got \"#\" while parsing: "
			"\"# TYPE #\"" },
		{ "# TYPE a b\n", "invalid metric type \"b\"" },
		{ "a 1e999\n", "strconv.ParseFloat: parsing \"1e999\": value out of range while "
			       "parsing: \"a 1e999\"" },
		{ "a{b=\"c\",b=\"d\"} 1\n", "label b stands there twice" },
		{ "a{__name__=\"c\"} 1\n", "label __name__ stands there twice" },
		{ "a 1 99999999999999999999\n",
			"value out of range for a timestamp, got \"9\" while "
			"parsing: \"a 1 9999999999999999999\"" },
		{ "a 1 2 # {x=\"y\"} 3\n", "expected next entry after timestamp, got \"#\" while "
					   "parsing: \"a 1 2 #\"" },
		{ "-a 1", "expected a valid start token, got \"-\" while parsing: \"-\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused(EXPOSITION_TEXT, cases[i].body, cases[i].why);
}

static void malformed_openmetrics_is_refused(void **state)
{
	static const char *const bodies[] = { "", "\n", "metric", "metric 1", "metric 1\n",
		"metric_total 1 # {aa=\"bb\"} 4\n", "a 1\n#EOF\n", "a 1\n\n#EOF\n", "9\n# EOF\n",
		"# TYPE u untyped\n# EOF\n", "# TYPE c counter \n# EOF\n", "a\t1\n# EOF\n",
		"a  1\n# EOF\n", "a 1 \n# EOF\n", "a 1 1 1\n# EOF\n", "# EOF\n# EOF\n", "# EOFx\n",
		"# free comment\n# EOF\n", "a{b=\"c\" d=\"e\"} 1\n# EOF\n",
		"a{b=\"c\",,} 1\n# EOF\n", "a{b=\"\n\"} 1\n# EOF\n", "a 1 NaN\n# EOF\n",
		"a 1 +Inf\n# EOF\n", "# UNIT metric suffix\n# EOF\n",
		"# UNIT metricsuffix suffix\n# EOF\n", "a 1 # {b=\"c\"}\n# EOF\n",
		"a 1 # {b} 2\n# EOF\n", "a 1 # {\"b\"} 2\n# EOF\n",
		"a 1 # {b=\"c\"} 2 3 4\n# EOF\n", "a 1 # 5\n# EOF\n", "{b=\"c\"} 1\n# EOF\n",
		"# HELP\n# EOF\n", "# HELP a\n# EOF\n", "a{ b=\"c\"} 1\n# EOF\n",
		"{b,\"a\"} 1\n# EOF\n" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		scoped(str_fini) struct str out = STR_EMPTY;

		if (show(EXPOSITION_OPENMETRICS, bodies[i], strlen(bodies[i]), &out, &e) !=
			RC_INPUT)
			fail_msg("'%s' is taken: %s", bodies[i], str_c(&out));
	}
	assert_shown(EXPOSITION_OPENMETRICS, "# EOF", "");
}

static void a_nul_byte_is_refused(void **state)
{
	static const char body[] = "a{b=\"x\0y\"} 1\n";
	scoped(str_fini) struct str out = STR_EMPTY;
	struct err e;

	(void)state;
	assert_int_equal(show(EXPOSITION_TEXT, body, sizeof body - 1, &out, &e), RC_INPUT);
}

/* However a body is cut into portions, the entries are the same. */
static void an_entry_that_is_not_whole_waits_for_the_next_portion(void **state)
{
	char body[] = "a{x=\"1\n2\n3\"} 5\nb 6\n";
	struct exposition x = { .format = EXPOSITION_TEXT, .at = body };
	struct exposition_entry entry;

	(void)state;
	for (const char *cut = strchr(body, '\n'); cut < strchr(body, '}');
		cut = strchr(cut + 1, '\n')) {
		x.end = cut + 1;
		assert_int_equal(exposition_next(&x, &entry, NULL), RC_OK);
		assert_int_equal(entry.kind, EXPOSITION_MORE);
		assert_ptr_equal(x.at, body);
	}
	x.end = body + sizeof body - 1;
	assert_int_equal(exposition_next(&x, &entry, NULL), RC_OK);
	assert_int_equal(entry.kind, EXPOSITION_SERIES);
	assert_int_equal(entry.text.n, strlen("a{x=\"1\n2\n3\"}"));
	assert_int_equal(exposition_next(&x, &entry, NULL), RC_OK);
	assert_true(entry.v == 6);
	assert_int_equal(exposition_next(&x, &entry, NULL), RC_OK);
	assert_int_equal(entry.kind, EXPOSITION_MORE);
	x.is_last = true;
	assert_int_equal(exposition_next(&x, &entry, NULL), RC_OK);
	assert_int_equal(entry.kind, EXPOSITION_END);
}

static void the_rest_of_a_known_line_is_read_from_its_value_on(void **state)
{
	const char *body = "a{b=\"c\"} 4.5 77\nfoo {x=\"y\"} 1\nbar 1 x\n";
	struct exposition x = { .format = EXPOSITION_TEXT };
	struct exposition_entry entry;
	const char *second = strchr(body, '\n') + 1, *third = strchr(second, '\n') + 1;

	(void)state;
	x.at = body;
	x.end = body + strlen(body);
	assert_true(exposition_rest(&x, strchr(body, '}') + 1, &entry));
	assert_true(entry.v == 4.5 && entry.has_time && entry.t_ms == 77);
	assert_ptr_equal(x.at, second);
	assert_false(exposition_rest(&x, second + 3, &entry));
	assert_ptr_equal(x.at, second);
	assert_false(exposition_rest(&x, third + 3, &entry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_read_as_prometheus_reads_it),
		cmocka_unit_test(names_in_quotes_may_be_any_utf8),
		cmocka_unit_test(openmetrics_is_read_with_times_exemplars_units_and_created_lines),
		cmocka_unit_test(bounds_of_buckets_are_written_in_one_way),
		cmocka_unit_test(empty_labels_are_left_out),
		cmocka_unit_test(malformed_texts_are_refused_in_prometheus_words),
		cmocka_unit_test(malformed_openmetrics_is_refused),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(an_entry_that_is_not_whole_waits_for_the_next_portion),
		cmocka_unit_test(the_rest_of_a_known_line_is_read_from_its_value_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
