/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/dns_message.h"

#include "base/str.h"
#include "test/support/dns_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define OWNER "\xc0\x0c" /* a pointer to the question's name */

struct parsed {
	struct arena arena;
	struct dns_message message;
	enum rc rc;
	struct err e;
};

static void parse(struct parsed *p, const struct dns_answer *a)
{
	arena_init(&p->arena, DNS_ARENA_BYTES);
	p->rc = dns_parse(a->bytes, a->n, &p->arena, &p->message, &p->e);
}

/* The text of a single record of `type` with this data, asked for as nas.lan. */
static void assert_text(uint16_t type, const char *data, size_t n, const char *wanted)
{
	struct dns_answer a;
	struct parsed p = { 0 };

	dns_answer_begin(&a, 1, "\3nas\3lan", type, 0);
	dns_answer_add(&a, DNS_ANSWER, &(struct dns_answer_rr){ OWNER, 2, type, 300, data, n });
	parse(&p, &a);
	if (p.rc != RC_OK)
		fail_msg("%s", p.e.text);
	assert_int_equal(p.message.n[DNS_ANSWER], 1);
	assert_string_equal(p.message.sections[DNS_ANSWER][0].text, wanted);
	assert_string_equal(p.message.sections[DNS_ANSWER][0].data, strrchr(wanted, '\t') + 1);
	arena_fini(&p.arena);
}

static void records_read_as_in_a_zone_file(void **unused)
{
	(void)unused;
	assert_text(1, "\x0a\1\0\2", 4, "nas.lan.\t300\tIN\tA\t10.1.0.2");
	assert_text(28, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16,
		"nas.lan.\t300\tIN\tAAAA\tfd00::1");
	assert_text(2, "\2ns\xc0\x10", 5, "nas.lan.\t300\tIN\tNS\tns.lan.");
	assert_text(5, "\xc0\x0c", 2, "nas.lan.\t300\tIN\tCNAME\tnas.lan.");
	assert_text(15, "\0\x0a\4mail\xc0\x10", 9, "nas.lan.\t300\tIN\tMX\t10 mail.lan.");
	assert_text(16, "\3a\"b\1\xff\0", 7, "nas.lan.\t300\tIN\tTXT\t\"a\\\"b\" \"\\255\" \"\"");
	assert_text(33, "\0\1\0\2\x01\xbb\0", 7, "nas.lan.\t300\tIN\tSRV\t1 2 443 .");
	assert_text(257, "\0\5issueca.lan", 13, "nas.lan.\t300\tIN\tCAA\t0 issue \"ca.lan\"");
	assert_text(65280, "\1\xab", 2, "nas.lan.\t300\tIN\tTYPE65280\t\\# 2 01ab");
}

static void a_soa_yields_its_serial(void **unused)
{
	static const char data[] = "\2ns\xc0\x10\4root\xc0\x10\x78\xbf\x85\x71"
				   "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4";
	struct dns_answer a;
	struct parsed p = { 0 };

	(void)unused;
	dns_answer_begin(&a, 1, "\3nas\3lan", DNS_TYPE_SOA, 0);
	dns_answer_add(&a, DNS_ANSWER,
		&(struct dns_answer_rr){ OWNER, 2, DNS_TYPE_SOA, 60, data, sizeof data - 1 });
	parse(&p, &a);
	assert_int_equal(p.rc, RC_OK);
	assert_string_equal(p.message.sections[DNS_ANSWER][0].data,
		"ns.lan. root.lan. 2025817457 1 2 3 4");
	assert_true(p.message.has_serial);
	assert_int_equal(p.message.serial, 2025817457u);
	arena_fini(&p.arena);
}

static void sections_are_told_apart(void **unused)
{
	struct dns_answer_rr rr = { OWNER, 2, 1, 1, "\1\2\3\4", 4 };
	struct dns_answer a;
	struct parsed p = { 0 };

	(void)unused;
	dns_answer_begin(&a, 1, "\3nas\3lan", 1, 3);
	dns_answer_add(&a, DNS_AUTHORITY, &rr);
	dns_answer_add(&a, DNS_ADDITIONAL, &rr);
	dns_answer_add(&a, DNS_ADDITIONAL, &rr);
	parse(&p, &a);
	assert_int_equal(p.rc, RC_OK);
	assert_string_equal(dns_rcode_name(p.message.rcode), "NXDOMAIN");
	assert_int_equal(p.message.n[DNS_ANSWER], 0);
	assert_int_equal(p.message.n[DNS_AUTHORITY], 1);
	assert_int_equal(p.message.n[DNS_ADDITIONAL], 2);
	arena_fini(&p.arena);
}

static void assert_malformed(const char *data, size_t n, uint16_t type)
{
	struct dns_answer a;
	struct parsed p = { 0 };

	dns_answer_begin(&a, 1, "\3nas\3lan", type, 0);
	dns_answer_add(&a, DNS_ANSWER, &(struct dns_answer_rr){ OWNER, 2, type, 1, data, n });
	parse(&p, &a);
	assert_int_equal(p.rc, RC_INPUT);
	arena_fini(&p.arena);
}

static void malformed_records_are_refused(void **unused)
{
	(void)unused;
	assert_malformed("\1\2\3", 3, 1);
	assert_malformed("\1\2\3\4\5", 5, 1);
	assert_malformed("\xc0\xff", 2, 5); /* points beyond the end */
	assert_malformed("\xc0\x26", 2, 5); /* points to itself */
	assert_malformed("\5ab", 3, 16);
	assert_malformed("\0\x0a", 2, 15);
	assert_malformed("\3www", 4, 2); /* a name without end */
	assert_malformed("\0\xffissue", 7, 257);
}

static void every_truncation_is_refused_not_read_beyond(void **unused)
{
	struct dns_answer a;

	(void)unused;
	dns_answer_begin(&a, 1, "\3nas\3lan", 15, 0);
	dns_answer_add(&a, DNS_ANSWER,
		&(struct dns_answer_rr){ OWNER, 2, 15, 1, "\0\x0a\4mail\xc0\x10", 9 });
	for (size_t n = 0; n < a.n; n++) {
		struct dns_answer cut = a;
		struct parsed p = { 0 };

		cut.n = n;
		parse(&p, &cut);
		assert_int_equal(p.rc, RC_INPUT);
		arena_fini(&p.arena);
	}
}

static void more_records_than_bytes_are_not_believed(void **unused)
{
	struct dns_answer a;
	struct parsed p = { 0 };

	(void)unused;
	dns_answer_begin(&a, 1, "\3nas\3lan", 1, 0);
	a.bytes[6] = a.bytes[7] = 0xff;
	parse(&p, &a);
	assert_int_equal(p.rc, RC_INPUT);
	assert_true(p.arena.used_bytes < 1000);
	arena_fini(&p.arena);
}

static void a_name_used_many_times_cannot_fill_the_memory(void **unused)
{
	/* 4000 records whose owner expands to 250 bytes each. */
	static uint8_t bytes[65535];
	struct arena arena;
	struct dns_message m;
	size_t at = 12;

	(void)unused;
	memset(bytes, 0, sizeof bytes);
	bytes[2] = 0x80;
	bytes[5] = 1;
	for (int i = 0; i < 4; i++) {
		bytes[at++] = 61;
		memset(bytes + at, 'a', 61);
		at += 61;
	}
	at += 1 + 4;
	bytes[6] = 4000 >> 8;
	bytes[7] = 4000 & 0xff;
	for (int i = 0; i < 4000; i++, at += 12) {
		bytes[at] = 0xc0;
		bytes[at + 1] = 12;
		bytes[at + 2] = 0xff;
		bytes[at + 5] = 1;
	}
	arena_init(&arena, DNS_ARENA_BYTES);
	assert_int_equal(dns_parse(bytes, at, &arena, &m, NULL), RC_LIMIT);
	arena_fini(&arena);
}

static void an_answer_must_be_to_our_question(void **unused)
{
	struct dns_question q = { .name = "nas.lan", .type = 1, .class = 1, .id = 0x1234 };
	struct dns_query query = { 0 };
	struct dns_answer a;

	(void)unused;
	assert_int_equal(dns_query_new(&query, &q, NULL), RC_OK);
	dns_answer_begin(&a, 0x1234, "\3NAS\3lan", 1, 0);
	assert_int_equal(dns_match(&query, a.bytes, a.n), DNS_MATCHES);
	assert_int_equal(dns_match(&query, a.bytes, a.n - 1), DNS_WRONG_QUESTION);
	a.bytes[1] ^= 1;
	assert_int_equal(dns_match(&query, a.bytes, a.n), DNS_WRONG_ID);
	dns_answer_begin(&a, 0x1234, "\3nas\3lan", 28, 0);
	assert_int_equal(dns_match(&query, a.bytes, a.n), DNS_WRONG_QUESTION);
	dns_answer_begin(&a, 0x1234, "\3evl\3lan", 1, 0);
	assert_int_equal(dns_match(&query, a.bytes, a.n), DNS_WRONG_QUESTION);
	assert_int_equal(dns_match(&query, query.bytes, query.n), DNS_NO_ANSWER);
	assert_int_equal(dns_match(&query, a.bytes, 11), DNS_NO_ANSWER);
	dns_query_fini(&query);
}

static void a_server_that_could_not_read_the_question_may_leave_it_out(void **unused)
{
	struct dns_question q = { .name = "nas.lan", .type = 1, .class = 1, .id = 7 };
	struct dns_query query = { 0 };
	uint8_t formerr[12] = { 0, 7, 0x80, 1 }, noerror[12] = { 0, 7, 0x80, 0 };

	(void)unused;
	assert_int_equal(dns_query_new(&query, &q, NULL), RC_OK);
	assert_int_equal(dns_match(&query, formerr, 12), DNS_MATCHES);
	assert_int_equal(dns_match(&query, noerror, 12), DNS_WRONG_QUESTION);
	dns_query_fini(&query);
}

static void a_name_that_is_none_is_no_question(void **unused)
{
	struct dns_question q = { .name = "a..b", .type = 1, .class = 1 };
	struct dns_query query = { 0 };

	(void)unused;
	assert_int_equal(dns_query_new(&query, &q, NULL), RC_INPUT);
	dns_query_fini(&query);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_read_as_in_a_zone_file),
		cmocka_unit_test(a_soa_yields_its_serial),
		cmocka_unit_test(sections_are_told_apart),
		cmocka_unit_test(malformed_records_are_refused),
		cmocka_unit_test(every_truncation_is_refused_not_read_beyond),
		cmocka_unit_test(more_records_than_bytes_are_not_believed),
		cmocka_unit_test(a_name_used_many_times_cannot_fill_the_memory),
		cmocka_unit_test(an_answer_must_be_to_our_question),
		cmocka_unit_test(a_server_that_could_not_read_the_question_may_leave_it_out),
		cmocka_unit_test(a_name_that_is_none_is_no_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
