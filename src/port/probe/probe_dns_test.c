/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/probe.h"

#include "base/mem.h"
#include "test/support/dns_answer.h"
#include "test/support/loopback.h"
#include "test/support/probing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

SCOPED_BY(loopback_free, struct loopback *)
SCOPED_FINI(probe_result_fini, struct probe_result)

#define TYPE_A 1
#define OWNER  "\xc0\x0c"

static const struct dns_answer_rr nas = { OWNER, 2, TYPE_A, 300, "\x0a\1\0\2", 4 };

struct spec {
	char server[64];
	struct probe_spec probe;
};

static struct probe_spec *spec_for(struct spec *s, const struct loopback *l)
{
	snprintf(s->server, sizeof s->server, "127.0.0.1:%u", loopback_port(l));
	s->probe = (struct probe_spec){ .kind = PROBE_DNS,
		.timeout_ms = 5000,
		.dns = { .server = s->server, .name = "nas.lan", .type = TYPE_A } };
	return &s->probe;
}

static struct probe_result run(const struct probe_spec *spec)
{
	struct probe_result r;

	probing_run(spec, &r);
	return r;
}

/* What the next server answers to a query. */
typedef void answer(const uint8_t *query, size_t n, struct dns_answer *ret);

static size_t serve(void *ctx, unsigned number, uint8_t *datagram, size_t n, size_t size)
{
	answer *fill = *(answer **)ctx;
	struct dns_answer a = { 0 };

	(void)number, (void)size;
	fill(datagram, n, &a);
	memcpy(datagram, a.bytes, a.n);
	return a.n;
}

static struct probe_result run_against(answer *fill, int64_t timeout_ms)
{
	scoped(loopback_free) struct loopback *server = loopback_udp(serve, &fill);
	struct spec s;

	spec_for(&s, server);
	s.probe.timeout_ms = timeout_ms;
	return run(&s.probe);
}

static void answer_well(const uint8_t *query, size_t n, struct dns_answer *a)
{
	dns_answer_to(a, query, n, 0);
	dns_answer_add(a, DNS_ANSWER, &nas);
	dns_answer_add(a, DNS_ADDITIONAL, &nas);
}

static void an_answer_is_counted_by_section(void **unused)
{
	scoped(probe_result_fini) struct probe_result r = run_against(answer_well, 5000);

	(void)unused;
	assert_string_equal(r.reason, "");
	assert_true(r.dns.is_answered);
	assert_int_equal(r.dns.answers, 1);
	assert_int_equal(r.dns.authorities, 0);
	assert_int_equal(r.dns.additionals, 1);
	assert_false(r.dns.has_serial);
	assert_true(r.phase_us[PHASE_PROCESSING] > 0);
}

static void answer_nxdomain(const uint8_t *query, size_t n, struct dns_answer *a)
{
	dns_answer_to(a, query, n, 3);
}

static void answer_servfail(const uint8_t *query, size_t n, struct dns_answer *a)
{
	dns_answer_to(a, query, n, 2);
}

static void an_error_of_the_server_fails_though_it_answered(void **unused)
{
	scoped(probe_result_fini) struct probe_result none = run_against(answer_nxdomain, 5000);
	scoped(probe_result_fini) struct probe_result fail = run_against(answer_servfail, 5000);

	(void)unused;
	assert_string_equal(none.reason, "NXDOMAIN, wanted NOERROR");
	assert_true(none.dns.is_answered);
	assert_string_equal(fail.reason, "SERVFAIL, wanted NOERROR");
}

static void a_wrong_answer_fails_with_both(void **unused)
{
	answer *fill = answer_well;
	scoped(loopback_free) struct loopback *server = loopback_udp(serve, &fill);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	const char *wanted[] = { "10.1.0.9" };
	struct spec s;

	(void)unused;
	spec_for(&s, server);
	s.probe.dns.answers = wanted;
	s.probe.dns.n_answers = 1;
	r = run(&s.probe);
	assert_string_equal(r.reason, "answer is 10.1.0.2, wanted 10.1.0.9");
}

static void answer_with_another_id(const uint8_t *query, size_t n, struct dns_answer *a)
{
	answer_well(query, n, a);
	a->bytes[0] ^= 0xff;
}

static void answer_another_question(const uint8_t *query, size_t n, struct dns_answer *a)
{
	answer_well(query, n, a);
	a->bytes[13] = 'x';
}

static void answers_to_other_questions_are_passed_over_and_told_of(void **unused)
{
	scoped(probe_result_fini) struct probe_result id = run_against(answer_with_another_id, 200);
	scoped(probe_result_fini) struct probe_result spoof =
		run_against(answer_another_question, 200);

	(void)unused;
	assert_string_equal(id.reason, "no answer in 200 ms (while waiting for the answer, after 1 "
				       "to another query's id)");
	assert_string_equal(spoof.reason,
		"no answer in 200 ms (while waiting for the answer, after 1 to another question)");
}

static void answer_garbage(const uint8_t *query, size_t n, struct dns_answer *a)
{
	answer_well(query, n, a);
	a->n -= 2;
}

static void answer_nothing(const uint8_t *query, size_t n, struct dns_answer *a)
{
	(void)query, (void)n;
	a->n = 0;
}

static void a_malformed_answer_and_none_at_all_fail(void **unused)
{
	scoped(probe_result_fini) struct probe_result bad = run_against(answer_garbage, 5000);
	scoped(probe_result_fini) struct probe_result none = run_against(answer_nothing, 200);

	(void)unused;
	assert_non_null(strstr(bad.reason, "malformed DNS answer: record that is cut short"));
	assert_false(bad.dns.is_answered);
	assert_string_equal(none.reason, "no answer in 200 ms (while waiting for the answer)");
}

/* Right to the last bit, but not from where it was asked. */
static void an_answer_from_elsewhere_is_none(void **unused)
{
	answer *fill = answer_well;
	scoped(loopback_free) struct loopback *server = loopback_udp_aside(serve, &fill);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server);
	s.probe.timeout_ms = 300;
	r = run(&s.probe);
	assert_true(loopback_visits(server) > 0);
	assert_false(r.is_ok);
	assert_non_null(strstr(r.reason, "no answer in 300 ms"));
}

static void nobody_there_is_refused(void **unused)
{
	scoped(loopback_free) struct loopback *tcp_only = loopback_tcp(visitor_wait, NULL);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	char wanted[128];
	struct spec s;

	(void)unused;
	r = run(spec_for(&s, tcp_only));
	snprintf(wanted, sizeof wanted, "connection refused by %s", s.server);
	assert_string_equal(r.reason, wanted);
}

static void answer_truncated(const uint8_t *query, size_t n, struct dns_answer *a)
{
	dns_answer_to(a, query, n, 0);
	a->bytes[2] |= 0x02;
}

/* One query over a stream, answered in two pieces. */
static void serve_stream(struct visitor *v)
{
	answer *fill = *(answer **)v->ctx;
	struct dns_answer a = { 0 };
	uint8_t length[2];

	if (!visitor_read(v, 2))
		return;
	if (!visitor_read(v, (size_t)((uint8_t)v->seen[0] << 8 | (uint8_t)v->seen[1])))
		return;
	fill((const uint8_t *)v->seen, v->n_seen, &a);
	length[0] = (uint8_t)(a.n >> 8);
	length[1] = (uint8_t)a.n;
	visitor_sayn(v, length, 1);
	visitor_sleep(10);
	visitor_sayn(v, length + 1, 1);
	visitor_sayn(v, a.bytes, a.n);
}

/* Both on one port.  One that is free for datagrams may be taken for streams by another program. */
static void serve_twice(answer **over_udp, answer **over_tcp, struct loopback **ret_udp,
	struct loopback **ret_tcp)
{
	struct loopback *udp, *tcp = NULL;

	for (int tries = 0; tries < 200; tries++) {
		udp = loopback_udp(serve, over_udp);
		tcp = loopback_tcp_at(loopback_port(udp), serve_stream, over_tcp);
		if (tcp)
			break;
		loopback_free(udp);
	}
	assert_non_null(tcp);
	*ret_udp = udp;
	*ret_tcp = tcp;
}

static void a_truncated_answer_is_asked_for_again_over_tcp(void **unused)
{
	answer *short_one = answer_truncated, *whole = answer_well;
	scoped(loopback_free) struct loopback *udp = NULL, *tcp = NULL;
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	serve_twice(&short_one, &whole, &udp, &tcp);
	r = run(spec_for(&s, udp));
	assert_string_equal(r.reason, "");
	assert_int_equal(r.dns.answers, 1);
	assert_int_equal(loopback_visits(udp), 1);
	assert_int_equal(loopback_visits(tcp), 1);
}

static void over_tcp_another_question_is_an_error_at_once(void **unused)
{
	answer *fill = answer_another_question;
	scoped(loopback_free) struct loopback *server = loopback_tcp(serve_stream, &fill);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server);
	s.probe.dns.use_tcp = true;
	r = run(&s.probe);
	assert_string_equal(r.reason, "the server answers another question");
}

static void leave(struct visitor *v)
{
	(void)v;
}

static void a_stream_that_ends_early_fails(void **unused)
{
	scoped(loopback_free) struct loopback *server = loopback_tcp(leave, NULL);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server);
	s.probe.dns.use_tcp = true;
	r = run(&s.probe);
	assert_string_equal(r.reason, "the server closed the connection without an answer");
}

static void dns_over_tls_looks_at_the_certificate(void **unused)
{
	struct identity *id = identity_new(
		&(struct identity_wish){ .common_name = "dns", .has_loopback_ip = true });
	answer *fill = answer_well;
	struct loopback *server = loopback_tls(serve_stream, &fill, id);
	scoped(probe_result_fini) struct probe_result blind = { 0 }, strict = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server);
	s.probe.dns.use_tls = true;
	strict = run(&s.probe);
	assert_string_equal(strict.reason, "certificate is self-signed");
	s.probe.dns.tls.is_insecure = true;
	blind = run(&s.probe);
	assert_string_equal(blind.reason, "");
	assert_int_equal(blind.dns.answers, 1);
	assert_non_null(blind.tls);
	loopback_free(server);
	identity_free(id);
}

static void answer_soa(const uint8_t *query, size_t n, struct dns_answer *a)
{
	static const char data[] = "\0\0\0\0\0\7\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4";
	struct dns_answer_rr rr = { OWNER, 2, DNS_TYPE_SOA, 1, data, sizeof data - 1 };

	dns_answer_to(a, query, n, 0);
	dns_answer_add(a, DNS_ANSWER, &rr);
}

static void the_serial_of_a_zone_is_noted(void **unused)
{
	answer *fill = answer_soa;
	scoped(loopback_free) struct loopback *server = loopback_udp(serve, &fill);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server);
	s.probe.dns.type = DNS_TYPE_SOA;
	r = run(&s.probe);
	assert_string_equal(r.reason, "");
	assert_true(r.dns.has_serial);
	assert_int_equal(r.dns.serial, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_counted_by_section),
		cmocka_unit_test(an_error_of_the_server_fails_though_it_answered),
		cmocka_unit_test(a_wrong_answer_fails_with_both),
		cmocka_unit_test(answers_to_other_questions_are_passed_over_and_told_of),
		cmocka_unit_test(a_malformed_answer_and_none_at_all_fail),
		cmocka_unit_test(an_answer_from_elsewhere_is_none),
		cmocka_unit_test(nobody_there_is_refused),
		cmocka_unit_test(a_truncated_answer_is_asked_for_again_over_tcp),
		cmocka_unit_test(over_tcp_another_question_is_an_error_at_once),
		cmocka_unit_test(a_stream_that_ends_early_fails),
		cmocka_unit_test(dns_over_tls_looks_at_the_certificate),
		cmocka_unit_test(the_serial_of_a_zone_is_noted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
