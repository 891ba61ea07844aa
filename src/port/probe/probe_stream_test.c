/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/probe.h"

#include "base/mem.h"
#include "test/support/loopback.h"
#include "test/support/probing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

SCOPED_BY(loopback_free, struct loopback *)
SCOPED_BY(identity_free, struct identity *)
SCOPED_FINI(probe_result_fini, struct probe_result)

#define DAY_S 86400

/* Certificates, made once: an authority that the probes trust, and what it (or nobody) issued. */
static struct identity *authority, *stranger, *good, *wrong_name, *expired, *soon, *early, *orphan,
	*self_signed;
static time_t soon_ends; /* within a second */
static char folder[] = "/tmp/diarchy-probe-XXXXXX", ca_file[64], other_ca_file[64];

static struct identity *issue(struct identity_wish wish)
{
	wish.common_name = wish.common_name ? wish.common_name : "server";
	return identity_new(&wish);
}

static int make_identities(void **unused)
{
	(void)unused;
	must(mkdtemp(folder) != NULL);
	snprintf(ca_file, sizeof ca_file, "%s/ca.pem", folder);
	snprintf(other_ca_file, sizeof other_ca_file, "%s/other.pem", folder);
	authority = issue((struct identity_wish){ .common_name = "Home CA", .is_ca = true });
	stranger = issue((struct identity_wish){ .common_name = "Strange CA", .is_ca = true });
	identity_write(authority, ca_file, NULL);
	identity_write(stranger, other_ca_file, NULL);
	good = issue((struct identity_wish){ .dns_name = "nas.lan",
		.has_loopback_ip = true,
		.issuer = authority });
	wrong_name = issue((struct identity_wish){ .dns_name = "other.lan", .issuer = authority });
	expired = issue((struct identity_wish){ .has_loopback_ip = true,
		.begins_s = -9 * DAY_S,
		.ends_s = -3 * DAY_S - 3600,
		.issuer = authority });
	soon_ends = time(NULL) + 3 * DAY_S + 3600 + 30;
	soon = issue((struct identity_wish){ .has_loopback_ip = true,
		.ends_s = 3 * DAY_S + 3600 + 30,
		.issuer = authority });
	early = issue((struct identity_wish){ .has_loopback_ip = true,
		.begins_s = 2 * DAY_S,
		.issuer = authority });
	orphan = issue((struct identity_wish){ .has_loopback_ip = true, .issuer = stranger });
	self_signed = issue((struct identity_wish){ .has_loopback_ip = true });
	return 0;
}

static int free_identities(void **unused)
{
	struct identity *all[] = { authority, stranger, good, wrong_name, expired, soon, early,
		orphan, self_signed };

	(void)unused;
	for (size_t i = 0; i < COUNT(all); i++)
		identity_free(all[i]);
	unlink(ca_file);
	unlink(other_ca_file);
	rmdir(folder);
	return 0;
}

struct spec {
	char address[64];
	struct probe_spec probe;
};

static struct probe_spec *spec_for(struct spec *s, const struct loopback *l)
{
	snprintf(s->address, sizeof s->address, "127.0.0.1:%u", loopback_port(l));
	s->probe = (struct probe_spec){ .kind = PROBE_TCP,
		.timeout_ms = 5000,
		.tcp = { .address = s->address, .tls.ca_file = ca_file } };
	return &s->probe;
}

static struct probe_result run(const struct probe_spec *spec)
{
	struct probe_result r;

	probing_run(spec, &r);
	return r;
}

static void wait_for_the_end(struct visitor *v)
{
	visitor_wait(v);
}

/* A TLS probe of a server with this certificate, and rules if any. */
static struct probe_result run_tls(const struct identity *id, const struct tls_spec *rules)
{
	scoped(loopback_free) struct loopback *server = loopback_tls(wait_for_the_end, NULL, id);
	struct spec s;

	spec_for(&s, server);
	s.probe.kind = PROBE_TLS;
	s.probe.tcp.use_tls = true;
	if (rules)
		s.probe.tcp.tls = *rules;
	if (rules && !rules->ca_file)
		s.probe.tcp.tls.ca_file = ca_file;
	return run(&s.probe);
}

static void assert_tls_says(const struct identity *id, const struct tls_spec *rules,
	const char *why)
{
	scoped(probe_result_fini) struct probe_result r = run_tls(id, rules);

	if (strcmp(why, "") == 0)
		assert_string_equal(r.reason, "");
	if (!strstr(r.reason, why))
		fail_msg("'%s', wanted '%s'", r.reason, why);
}

static void a_port_that_answers_is_enough(void **unused)
{
	scoped(loopback_free) struct loopback *server = loopback_tcp(wait_for_the_end, NULL);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	r = run(spec_for(&s, server));
	assert_true(r.is_ok);
	assert_null(r.tls);
}

static void a_good_certificate_is_told_in_all_its_facts(void **unused)
{
	scoped(probe_result_fini) struct probe_result r = run_tls(good, NULL);
	time_t ends = time(NULL) + 315360000;

	(void)unused;
	assert_string_equal(r.reason, "");
	assert_non_null(r.tls);
	assert_string_equal(r.tls->version, "TLS 1.3");
	assert_int_equal(strncmp(r.tls->cipher, "TLS_", 4), 0);
	assert_string_equal(r.tls->subject, "CN=server");
	assert_string_equal(r.tls->issuer, "CN=Home CA");
	assert_string_equal(r.tls->names, "nas.lan");
	assert_int_equal(strlen(r.tls->fingerprint), 64);
	assert_int_equal(strncmp(r.tls->serial, "10", 2), 0);
	assert_in_range(r.tls->earliest_expiry_s, ends - 60, ends);
	assert_in_range(r.tls->chain_expiry_s, ends - 60, ends);
	assert_true(r.phase_us[PHASE_TLS] > 0);
}

static void a_chain_that_is_remembered_is_told_as_before(void **unused)
{
	scoped(loopback_free) struct loopback *server = loopback_tls(wait_for_the_end, NULL, good);
	scoped(probe_result_fini) struct probe_result once = { 0 }, again = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server);
	s.probe.tcp.use_tls = true;
	once = run(&s.probe);
	probing_repeat(&s.probe, 3, &again);
	assert_true(again.is_ok);
	assert_memory_equal(once.tls, again.tls, sizeof *once.tls);
}

static void a_name_other_than_the_address_can_be_asked_for(void **unused)
{
	struct tls_spec nas = { .server_name = "nas.lan" }, other = { .server_name = "other.lan" };

	(void)unused;
	assert_tls_says(good, &nas, "");
	assert_tls_says(good, &other, "certificate is for nas.lan, not for other.lan");
}

static void certificates_that_are_not_good_are_told_why(void **unused)
{
	(void)unused;
	assert_tls_says(wrong_name, NULL,
		"certificate is for other.lan, not for the address 127.0.0.1");
	assert_tls_says(expired, NULL, "certificate expired 3 d 1 h ago (20");
	assert_tls_says(early, NULL, "certificate is not valid before 20");
	assert_tls_says(orphan, NULL, "certificate's issuer is not trusted (CN=Strange CA)");
	assert_tls_says(self_signed, NULL, "certificate is self-signed");
}

static void a_common_name_is_no_name(void **unused)
{
	struct tls_spec nas = { .server_name = "nas.lan" };
	scoped(identity_free) struct identity *bare =
		issue((struct identity_wish){ .common_name = "nas.lan", .issuer = authority });
	scoped(identity_free) struct identity *by_address =
		issue((struct identity_wish){ .common_name = "nas.lan",
			.has_loopback_ip = true,
			.issuer = authority });
	scoped(identity_free) struct identity *as_name =
		issue((struct identity_wish){ .common_name = "127.0.0.1",
			.dns_name = "127.0.0.1",
			.issuer = authority });

	(void)unused;
	assert_tls_says(bare, &nas,
		"certificate has no alternative names (SAN), and its subject, CN=nas.lan, "
		"doesn't count: it is not for nas.lan");
	assert_tls_says(by_address, &nas, "certificate is for another address, not for nas.lan");
	assert_tls_says(as_name, NULL,
		"certificate is for 127.0.0.1, not for the address 127.0.0.1");
}

static void weak_signatures_and_keys_are_no_proof(void **unused)
{
	scoped(identity_free) struct identity *sha1 =
		issue((struct identity_wish){ .has_loopback_ip = true,
			.is_sha1 = true,
			.issuer = authority });
	scoped(identity_free) struct identity *short_key =
		issue((struct identity_wish){ .has_loopback_ip = true,
			.rsa_bits = 768,
			.issuer = authority });

	(void)unused;
	assert_tls_says(sha1, NULL, "certificate is signed with a broken algorithm, or its key is");
	assert_tls_says(short_key, NULL,
		"certificate is signed with a broken algorithm, or its key is too short");
}

/* Sixty don't fit into one record of TLS. */
static void a_chain_without_end_is_refused(void **unused)
{
	static const unsigned times[] = { 20, 60 };

	(void)unused;
	for (size_t i = 0; i < COUNT(times); i++) {
		scoped(identity_free) struct identity *many =
			issue((struct identity_wish){ .has_loopback_ip = true,
				.issuer = authority,
				.times = times[i] });
		char wanted[64];

		snprintf(wanted, sizeof wanted, "the server shows %u certificates", times[i]);
		assert_tls_says(many, NULL, wanted);
	}
}

static void say_pong(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong");
}

/* Asked with what only libcurl can do; its result's owner is the caller. */
static struct probe_result run_libcurl(const struct identity *id)
{
	scoped(loopback_free) struct loopback *server = loopback_tls(say_pong, NULL, id);
	char url[64];
	const struct probe_spec spec = {
		.kind = PROBE_HTTP,
		.timeout_ms = 5000,
		.ip = IP_V4,
		.http = { .url = url, .method = "GET", .compression = "br", .tls.ca_file = ca_file }
	};

	snprintf(url, sizeof url, "https://localhost:%u/", loopback_port(server));
	return run(&spec);
}

static void assert_libcurl_says(const struct identity *id, const char *reason)
{
	scoped(probe_result_fini) struct probe_result r = run_libcurl(id);

	if (r.is_ok != !*reason || (*reason && !strstr(r.reason, reason)))
		fail_msg("%s", r.is_ok ? "well" : r.reason);
}

/* Which alone would take the name. */
static void what_is_no_proof_is_none_through_libcurl_either(void **unused)
{
	const struct identity_wish wishes[] = {
		{ .common_name = "localhost", .issuer = authority },
		{ .dns_name = "localhost", .is_sha1 = true, .issuer = authority },
		{ .dns_name = "localhost", .rsa_bits = 768, .issuer = authority },
	};
	static const char *const reasons[] = {
		"certificate has no alternative names (SAN)",
		"certificate verification failed", /* libcurl's word for it */
		"certificate verification failed",
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(wishes); i++) {
		scoped(identity_free) struct identity *id = issue(wishes[i]);

		assert_libcurl_says(id, reasons[i]);
	}
}

/* As to Go, and so to blackbox_exporter: it refuses what is shorter. */
static void an_rsa_key_of_1024_bits_is_long_enough(void **unused)
{
	scoped(identity_free) struct identity *id =
		issue((struct identity_wish){ .dns_name = "localhost",
			.has_loopback_ip = true,
			.rsa_bits = 1024,
			.issuer = authority });

	(void)unused;
	assert_tls_says(id, NULL, "");
	assert_libcurl_says(id, "");
}

static void a_bad_certificate_still_yields_its_facts(void **unused)
{
	scoped(probe_result_fini) struct probe_result r = run_tls(expired, NULL);

	(void)unused;
	assert_false(r.is_ok);
	assert_non_null(r.tls);
	assert_true(r.tls->earliest_expiry_s < time(NULL));
	assert_int_equal(r.tls->chain_expiry_s, 0);
}

static void not_verifying_accepts_them_all_without_a_chain(void **unused)
{
	struct tls_spec blind = { .is_insecure = true };
	scoped(probe_result_fini) struct probe_result r = run_tls(self_signed, &blind);

	(void)unused;
	assert_true(r.is_ok);
	assert_int_equal(r.tls->chain_expiry_s, 0);
	assert_tls_says(wrong_name, &blind, "");
	assert_tls_says(expired, &blind, "");
}

static void a_certificate_that_ends_too_soon_fails(void **unused)
{
	struct tls_spec fortnight = { .expires_after_ms = 14 * DAY_MS };
	struct tls_spec two_days = { .expires_after_ms = 2 * DAY_MS };
	char wanted[128], date[16];

	(void)unused;
	strftime(date, sizeof date, "%Y-%m-%d", gmtime(&soon_ends));
	snprintf(wanted, sizeof wanted, "certificate expires in 3 d 1 h (%s), wanted 14 d", date);
	assert_tls_says(soon, &fortnight, wanted);
	assert_tls_says(soon, &two_days, "");
}

static void the_bundle_decides_whom_to_trust(void **unused)
{
	struct tls_spec other = { .ca_file = other_ca_file };
	struct tls_spec nowhere = { .ca_file = "/nonexistent/ca.pem" };
	struct tls_spec nothing = { .ca_file = "/dev/null" };

	(void)unused;
	assert_tls_says(orphan, &other, "");
	assert_tls_says(good, &other, "issuer is not trusted (CN=Home CA)");
	assert_tls_says(good, &nowhere, "reading /nonexistent/ca.pem: No such file");
	assert_tls_says(good, &nothing, "/dev/null holds no certificate");
}

static void a_certificate_that_is_itself_in_the_bundle_is_trusted(void **unused)
{
	char pinned[64];
	struct tls_spec pin = { .ca_file = pinned };

	(void)unused;
	snprintf(pinned, sizeof pinned, "%s/pinned.pem", folder);
	identity_write(self_signed, pinned, NULL);
	assert_tls_says(self_signed, &pin, "");
	unlink(pinned);
}

static void speak_without_tls(struct visitor *v)
{
	visitor_say(v, "220 hello, I speak no TLS\r\n");
	visitor_wait(v);
}

static void leave(struct visitor *v)
{
	visitor_read_until(v, "\x16");
}

static struct probe_result run_tls_against(serve_tcp *serve, int64_t timeout_ms)
{
	scoped(loopback_free) struct loopback *server = loopback_tcp(serve, NULL);
	struct spec s;

	spec_for(&s, server);
	s.probe.tcp.use_tls = true;
	s.probe.timeout_ms = timeout_ms;
	return run(&s.probe);
}

static void a_handshake_that_fails_is_told_how(void **unused)
{
	scoped(probe_result_fini) struct probe_result plain =
		run_tls_against(speak_without_tls, 5000);
	scoped(probe_result_fini) struct probe_result gone = run_tls_against(leave, 5000);
	scoped(probe_result_fini) struct probe_result mute = run_tls_against(wait_for_the_end, 200);

	(void)unused;
	assert_string_equal(plain.reason,
		"the TLS handshake fails: An unexpected TLS packet was received.");
	assert_string_equal(gone.reason, "the server closes the connection in the TLS handshake");
	assert_string_equal(mute.reason,
		"no answer in 200 ms (while waiting for the TLS handshake)");
	assert_null(plain.tls);
}

#define STEPS_MAX 8

struct play {
	struct dialogue_step steps[STEPS_MAX];
	uint32_t n;
};

static void add(struct play *p, const char *expect, const char *send, bool start_tls)
{
	struct dialogue_step *step = &p->steps[p->n++];

	step->expect_text = expect;
	step->send = send;
	step->start_tls = start_tls;
	if (expect)
		must(pattern_compile(&step->expect, expect, PATTERN_SEARCH, NULL) == RC_OK);
}

static void play_fini(struct play *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		pattern_free(p->steps[i].expect);
}
SCOPED_FINI(play_fini, struct play)

static void greet_for_mail(struct visitor *v)
{
	visitor_say(v, "220 mail.lan ESMTP\r\n");
	visitor_read_until(v, "EHLO mail.lan\n");
	visitor_say(v, "250-mail.lan\r\n250 STARTTLS\r\n");
	visitor_read_until(v, "STARTTLS\n");
}

static void serve_mail(struct visitor *v)
{
	greet_for_mail(v);
	visitor_say(v, "220 go\r\n");
	if (!visitor_start_tls(v, v->ctx))
		return;
	visitor_read_until(v, "QUIT\n");
	visitor_say(v, "221 bye\r\n");
}

static void serve_mail_injected(struct visitor *v)
{
	greet_for_mail(v);
	visitor_say(v, "220 go\r\n250 injected\r\n");
	visitor_wait(v);
}

static struct probe_result run_mail(serve_tcp *serve, const struct identity *id)
{
	scoped(loopback_free) struct loopback *server = loopback_tcp(serve, (void *)(uintptr_t)id);
	scoped(play_fini) struct play p = { 0 };
	struct spec s;

	add(&p, "^220 (\\S+) ESMTP", "EHLO ${1}", false);
	add(&p, "^250[ -]STARTTLS", "STARTTLS", false);
	add(&p, "^220", NULL, true);
	add(&p, NULL, "QUIT", false);
	add(&p, "^221", NULL, false);
	spec_for(&s, server);
	s.probe.tcp.steps = p.steps;
	s.probe.tcp.n_steps = p.n;
	return run(&s.probe);
}

static void a_mail_server_is_probed_through_starttls(void **unused)
{
	scoped(probe_result_fini) struct probe_result r = run_mail(serve_mail, good);
	scoped(probe_result_fini) struct probe_result bad = run_mail(serve_mail, self_signed);

	(void)unused;
	assert_string_equal(r.reason, "");
	assert_non_null(r.tls);
	assert_string_equal(r.tls->names, "nas.lan");
	assert_string_equal(bad.reason, "certificate is self-signed");
}

static void bytes_injected_before_tls_fail_the_probe(void **unused)
{
	scoped(probe_result_fini) struct probe_result r = run_mail(serve_mail_injected, good);

	(void)unused;
	assert_string_equal(r.reason, "the server sent 14 bytes before TLS that belong behind it");
	assert_false(r.failed_by_pattern);
}

static void say_busy(struct visitor *v)
{
	visitor_say(v, "421 too busy\r\n");
	if (v->ctx)
		visitor_wait(v);
}

static struct probe_result expect_220(void *ctx, int64_t timeout_ms)
{
	scoped(loopback_free) struct loopback *server = loopback_tcp(say_busy, ctx);
	scoped(play_fini) struct play p = { 0 };
	struct spec s;

	add(&p, "^220", NULL, false);
	spec_for(&s, server);
	s.probe.timeout_ms = timeout_ms;
	s.probe.tcp.steps = p.steps;
	s.probe.tcp.n_steps = p.n;
	return run(&s.probe);
}

static void a_line_that_never_comes_fails_with_the_last_one_or_at_the_deadline(void **unused)
{
	scoped(probe_result_fini) struct probe_result gone = expect_220(NULL, 5000);
	scoped(probe_result_fini) struct probe_result stays = expect_220(&stays, 200);

	(void)unused;
	assert_string_equal(gone.reason, "'421 too busy' and no more, wanted '^220'");
	assert_true(gone.failed_by_pattern);
	assert_string_equal(stays.reason,
		"no answer in 200 ms (while waiting for a line that matches '^220')");
}

static void a_source_address_is_used_or_refused(void **unused)
{
	scoped(loopback_free) struct loopback *server = loopback_tcp(wait_for_the_end, NULL);
	scoped(probe_result_fini) struct probe_result r = { 0 }, wrong = { 0 }, foreign = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server);
	s.probe.source_address = "127.0.0.9";
	r = run(&s.probe);
	assert_string_equal(r.reason, "");
	s.probe.source_address = "::1";
	wrong = run(&s.probe);
	assert_string_equal(wrong.reason, "source address ::1 can't reach an IPv4 address");
	s.probe.source_address = "192.0.2.77";
	foreign = run(&s.probe);
	assert_non_null(strstr(foreign.reason, "address not available"));
}

static void a_protocol_that_the_address_is_not_of_fails_without_fallback(void **unused)
{
	scoped(loopback_free) struct loopback *server = loopback_tcp(wait_for_the_end, NULL);
	scoped(probe_result_fini) struct probe_result strict = { 0 }, lenient = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server);
	s.probe.ip = IP_V6;
	strict = run(&s.probe);
	assert_string_equal(strict.reason, "the address is not an IPv6 address");
	s.probe.ip_fallback = true;
	lenient = run(&s.probe);
	assert_true(lenient.is_ok);
}

static void an_address_without_a_port_fails(void **unused)
{
	struct probe_spec spec = { .kind = PROBE_TCP,
		.timeout_ms = 1000,
		.tcp = { .address = "nas" } };
	scoped(probe_result_fini) struct probe_result r = run(&spec);

	(void)unused;
	assert_string_equal(r.reason, "'nas' lacks a port");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_that_answers_is_enough),
		cmocka_unit_test(a_good_certificate_is_told_in_all_its_facts),
		cmocka_unit_test(a_chain_that_is_remembered_is_told_as_before),
		cmocka_unit_test(a_name_other_than_the_address_can_be_asked_for),
		cmocka_unit_test(certificates_that_are_not_good_are_told_why),
		cmocka_unit_test(a_common_name_is_no_name),
		cmocka_unit_test(weak_signatures_and_keys_are_no_proof),
		cmocka_unit_test(a_chain_without_end_is_refused),
		cmocka_unit_test(what_is_no_proof_is_none_through_libcurl_either),
		cmocka_unit_test(an_rsa_key_of_1024_bits_is_long_enough),
		cmocka_unit_test(a_bad_certificate_still_yields_its_facts),
		cmocka_unit_test(not_verifying_accepts_them_all_without_a_chain),
		cmocka_unit_test(a_certificate_that_ends_too_soon_fails),
		cmocka_unit_test(the_bundle_decides_whom_to_trust),
		cmocka_unit_test(a_certificate_that_is_itself_in_the_bundle_is_trusted),
		cmocka_unit_test(a_handshake_that_fails_is_told_how),
		cmocka_unit_test(a_mail_server_is_probed_through_starttls),
		cmocka_unit_test(bytes_injected_before_tls_fail_the_probe),
		cmocka_unit_test(
			a_line_that_never_comes_fails_with_the_last_one_or_at_the_deadline),
		cmocka_unit_test(a_source_address_is_used_or_refused),
		cmocka_unit_test(a_protocol_that_the_address_is_not_of_fails_without_fallback),
		cmocka_unit_test(an_address_without_a_port_fails),
	};

	return cmocka_run_group_tests(tests, make_identities, free_identities);
}
