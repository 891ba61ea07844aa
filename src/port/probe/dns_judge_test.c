/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/dns_judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TYPE_A 1

static struct dns_record two[] = {
	{ "nas.lan.\t300\tIN\tA\t10.1.0.2", "10.1.0.2", TYPE_A, 1 },
	{ "nas.lan.\t300\tIN\tA\t10.1.0.3", "10.1.0.3", TYPE_A, 1 },
};
static const struct dns_message both = { .sections = { two }, .n = { 2 } };

static void assert_verdict(const struct dns_spec *spec, const struct dns_message *m,
	const char *why)
{
	struct dns_verdict v;

	dns_judge(spec, m, &v);
	assert_string_equal(v.why, why);
	assert_int_equal(v.is_ok, why[0] == '\0');
}

static void an_error_is_no_answer_unless_it_is_wanted(void **unused)
{
	const char *rcodes[] = { "nxdomain" };
	struct dns_spec any = { .type = TYPE_A };
	struct dns_spec nxdomain = { .type = TYPE_A, .rcodes = rcodes, .n_rcodes = 1 };
	struct dns_message m = { .rcode = 3 };

	(void)unused;
	assert_verdict(&any, &m, "NXDOMAIN, wanted NOERROR");
	assert_verdict(&nxdomain, &m, "");
	m.rcode = 2;
	assert_verdict(&any, &m, "SERVFAIL, wanted NOERROR");
	assert_verdict(&nxdomain, &both, "NOERROR, wanted nxdomain");
}

static void answers_are_a_whole_set_in_any_order(void **unused)
{
	const char *right[] = { "10.1.0.3", "10.1.0.2" }, *more[] = { "10.1.0.3", "10.1.0.4" };
	struct dns_spec spec = { .type = TYPE_A, .answers = right, .n_answers = 2 };
	struct dns_message none = { 0 };

	(void)unused;
	assert_verdict(&spec, &both, "");
	assert_verdict(&spec, &none, "answer is nothing, wanted 10.1.0.3, 10.1.0.2");
	spec.n_answers = 1;
	assert_verdict(&spec, &both, "answer is 10.1.0.2, 10.1.0.3, wanted 10.1.0.3");
	spec.answers = more;
	spec.n_answers = 2;
	assert_verdict(&spec, &both, "answer is 10.1.0.2, 10.1.0.3, wanted 10.1.0.3, 10.1.0.4");
}

static void a_cname_on_the_way_does_not_count(void **unused)
{
	struct dns_record chain[] = { { "www.lan.\t1\tIN\tCNAME\tnas.lan.", "nas.lan.", 5, 1 },
		two[0] };
	struct dns_message m = { .sections = { chain }, .n = { 2 } };
	const char *right[] = { "10.1.0.2" };
	struct dns_spec spec = { .type = TYPE_A, .answers = right, .n_answers = 1 };

	(void)unused;
	assert_verdict(&spec, &m, "");
}

static void names_and_texts_may_be_written_as_people_do(void **unused)
{
	struct dns_record ns[] = { { "lan.\t1\tIN\tNS\tns1.Lan.", "ns1.Lan.", 2, 1 } };
	struct dns_record txt[] = { { "lan.\t1\tIN\tTXT\t\"v=spf1 -all\"", "\"v=spf1 -all\"", 16,
		1 } };
	struct dns_message m = { .sections = { ns }, .n = { 1 } };
	const char *name[] = { "NS1.lan" }, *text[] = { "v=spf1 -all" };
	struct dns_spec spec = { .type = 2, .answers = name, .n_answers = 1 };

	(void)unused;
	assert_verdict(&spec, &m, "");
	m.sections[0] = txt;
	spec = (struct dns_spec){ .type = 16, .answers = text, .n_answers = 1 };
	assert_verdict(&spec, &m, "");
}

struct rule {
	struct pattern *pattern;
	const char *text;
	struct pattern_list list;
};

static void rule_init(struct rule *r, const char *text)
{
	assert_int_equal(pattern_compile(&r->pattern, text, PATTERN_SEARCH, NULL), RC_OK);
	r->text = text;
	r->list = (struct pattern_list){ &r->pattern, &r->text, 1 };
}

/* Each rule of blackbox_exporter, against two records of which `text` matches both, one or none. */
static void assert_rule(size_t offset, const char *text, const char *why)
{
	struct dns_spec spec = { .type = TYPE_A };
	struct rule rule;

	rule_init(&rule, text);
	memcpy((char *)&spec.answer + offset, &rule.list, sizeof rule.list);
	assert_verdict(&spec, &both, why);
	pattern_free(rule.pattern);
}

#define RULE(name) offsetof(struct rr_rules, name)
#define RECORD(n)  "answer record 'nas.lan.\t300\tIN\tA\t10.1.0." n "' "

static void rules_on_records_are_those_of_blackbox(void **unused)
{
	(void)unused;
	assert_rule(RULE(fail_if_matches), "0\\.3$", RECORD("3") "matches '0\\.3$'");
	assert_rule(RULE(fail_if_matches), "10\\.9", "");
	assert_rule(RULE(fail_if_not_matches), "0\\.2$", RECORD("3") "doesn't match '0\\.2$'");
	assert_rule(RULE(fail_if_not_matches), "10\\.1", "");
	/* Its name says otherwise, but 0.28 fails unless all match. */
	assert_rule(RULE(fail_if_all_match), "10\\.1", "");
	assert_rule(RULE(fail_if_all_match), "10\\.9", RECORD("2") "doesn't match '10\\.9'");
	assert_rule(RULE(fail_if_none_matches), "0\\.3$", "");
	assert_rule(RULE(fail_if_none_matches), "10\\.9", "no answer record matches '10\\.9'");
}

static void a_record_that_must_match_must_exist(void **unused)
{
	struct dns_spec spec = { .type = TYPE_A };
	struct dns_message none = { 0 };
	struct rule rule;

	(void)unused;
	rule_init(&rule, "x");
	spec.authority.fail_if_not_matches = rule.list;
	assert_verdict(&spec, &none, "no authority records, wanted some that match 'x'");
	spec.authority = (struct rr_rules){ .fail_if_matches = rule.list };
	assert_verdict(&spec, &none, "");
	pattern_free(rule.pattern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_is_no_answer_unless_it_is_wanted),
		cmocka_unit_test(answers_are_a_whole_set_in_any_order),
		cmocka_unit_test(a_cname_on_the_way_does_not_count),
		cmocka_unit_test(names_and_texts_may_be_written_as_people_do),
		cmocka_unit_test(rules_on_records_are_those_of_blackbox),
		cmocka_unit_test(a_record_that_must_match_must_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
