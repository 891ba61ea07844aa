/* SPDX-License-Identifier: Apache-2.0 */
#include "port/tls/tls.h"

#include "base/rng.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* One end: its key, whom it admits, and what it got. */
struct side {
	struct private_key key;
	struct public_key wanted;
	struct tls_identity *id;
	struct tls_session *session;
	struct str plain;
	enum rc rc;
	struct err e;
};

static enum rc admit(void *ctx, const struct public_key *shown, struct err *why)
{
	struct side *s = ctx;
	char a[KEY_TEXT_MAX], b[KEY_TEXT_MAX];

	if (memcmp(shown, &s->wanted, sizeof *shown) == 0)
		return RC_OK;
	return err_set(why, RC_REFUSED, "its key is %s, lab.yaml says %s", key_text(shown, a),
		key_text(&s->wanted, b));
}

static void open_side(struct side *s, uint8_t seed, uint8_t peer_seed, enum tls_role role)
{
	struct private_key peer;

	memset(s, 0, sizeof *s);
	memset(s->key.bytes, seed, sizeof s->key.bytes);
	memset(peer.bytes, peer_seed, sizeof peer.bytes);
	s->wanted = key_public(&peer);
	assert_int_equal(tls_identity_new(&s->id, "dublin", &s->key, &s->e), RC_OK);
	assert_int_equal(
		tls_session_new(&s->session, s->id, role, &(struct tls_gate){ s, admit }, &s->e),
		RC_OK);
}

static void close_side(struct side *s)
{
	tls_session_free(s->session);
	tls_identity_free(s->id);
	str_fini(&s->plain);
}
SCOPED_FINI(close_side, struct side)

/* Carry what `from` has to say, `step` bytes at a time; false when there is nothing. */
static bool carry(struct side *from, struct side *to, size_t step)
{
	scoped(str_fini) struct str out = tls_session_take(from->session);

	for (size_t at = 0; at < out.len && to->rc == RC_OK; at += step)
		to->rc = tls_session_feed(to->session, out.s + at,
			out.len - at < step ? out.len - at : step, &to->plain, &to->e);
	return out.len > 0;
}

static void converse(struct side *a, struct side *b, size_t step)
{
	while (carry(a, b, step) || carry(b, a, step))
		;
}

static void two_sites_that_know_each_other_come_together(void **unused)
{
	scoped(close_side) struct side a;
	scoped(close_side) struct side b;

	(void)unused;
	open_side(&a, 1, 2, TLS_DIAL);
	open_side(&b, 2, 1, TLS_ACCEPT);
	assert_false(tls_session_is_open(a.session));
	converse(&a, &b, SIZE_MAX);
	assert_true(tls_session_is_open(a.session) && tls_session_is_open(b.session));
	assert_int_equal(tls_session_write(a.session, "hello", 5, NULL), RC_OK);
	assert_int_equal(tls_session_write(b.session, "hi", 2, NULL), RC_OK);
	converse(&a, &b, SIZE_MAX);
	assert_string_equal(b.plain.s, "hello");
	assert_string_equal(a.plain.s, "hi");
}

static void one_byte_at_a_time_is_enough(void **unused)
{
	scoped(close_side) struct side a;
	scoped(close_side) struct side b;

	(void)unused;
	open_side(&a, 1, 2, TLS_DIAL);
	open_side(&b, 2, 1, TLS_ACCEPT);
	converse(&a, &b, 1);
	assert_true(tls_session_is_open(a.session) && tls_session_is_open(b.session));
	assert_int_equal(tls_session_write(a.session, "hello", 5, NULL), RC_OK);
	converse(&a, &b, 1);
	assert_string_equal(b.plain.s, "hello");
}

static void much_arrives_as_it_was_sent(void **unused)
{
	scoped(close_side) struct side a;
	scoped(close_side) struct side b;
	scoped(str_fini) struct str bulk = STR_EMPTY;
	struct rng r;

	(void)unused;
	rng_seed(&r, 1);
	for (int i = 0; i < 100000; i++) {
		uint64_t word = rng_next(&r);

		str_addn(&bulk, &word, sizeof word);
	}
	open_side(&a, 1, 2, TLS_DIAL);
	open_side(&b, 2, 1, TLS_ACCEPT);
	converse(&a, &b, SIZE_MAX);
	assert_int_equal(tls_session_write(a.session, bulk.s, bulk.len, NULL), RC_OK);
	converse(&a, &b, 1447);
	assert_int_equal(b.plain.len, bulk.len);
	assert_memory_equal(b.plain.s, bulk.s, bulk.len);
}

static void who_dials_a_wrong_key_says_so_and_the_other_hears_it(void **unused)
{
	scoped(close_side) struct side a;
	scoped(close_side) struct side b;
	char shown[KEY_TEXT_MAX];
	struct public_key b_key;

	(void)unused;
	open_side(&a, 1, 3, TLS_DIAL);
	open_side(&b, 2, 1, TLS_ACCEPT);
	converse(&a, &b, SIZE_MAX);
	assert_int_equal(a.rc, RC_REFUSED);
	assert_true(str_starts(a.e.text, "its key is ed25519:"));
	assert_int_equal(b.rc, RC_REFUSED);
	b_key = key_public(&b.key);
	assert_non_null(strstr(b.e.text, key_text(&b_key, shown)));
	assert_true(str_starts(b.e.text, "the other side refused our key"));
	assert_int_equal(tls_session_feed(a.session, "x", 1, &a.plain, NULL), RC_OFFLINE);
}

static void a_caller_with_a_wrong_key_is_told_after_its_handshake(void **unused)
{
	scoped(close_side) struct side a;
	scoped(close_side) struct side b;

	(void)unused;
	open_side(&a, 1, 2, TLS_DIAL);
	open_side(&b, 2, 3, TLS_ACCEPT);
	converse(&a, &b, SIZE_MAX);
	assert_int_equal(b.rc, RC_REFUSED);
	assert_false(tls_session_is_open(b.session));
	assert_int_equal(a.rc, RC_REFUSED);
	assert_true(str_starts(a.e.text, "the other side refused our key"));
}

static void closing_in_order_is_told_apart_from_a_broken_stream(void **unused)
{
	scoped(close_side) struct side a;
	scoped(close_side) struct side b;

	(void)unused;
	open_side(&a, 1, 2, TLS_DIAL);
	open_side(&b, 2, 1, TLS_ACCEPT);
	converse(&a, &b, SIZE_MAX);
	assert_int_equal(tls_session_write(a.session, "bye", 3, NULL), RC_OK);
	tls_session_end(a.session);
	carry(&a, &b, SIZE_MAX);
	assert_string_equal(b.plain.s, "bye");
	assert_int_equal(b.rc, RC_OFFLINE);
}

static void a_damaged_record_ends_the_session(void **unused)
{
	scoped(close_side) struct side a;
	scoped(close_side) struct side b;
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)unused;
	open_side(&a, 1, 2, TLS_DIAL);
	open_side(&b, 2, 1, TLS_ACCEPT);
	converse(&a, &b, SIZE_MAX);
	assert_int_equal(tls_session_write(a.session, "hello", 5, NULL), RC_OK);
	out = tls_session_take(a.session);
	out.s[out.len - 1] ^= 1;
	assert_int_equal(tls_session_feed(b.session, out.s, out.len, &b.plain, &b.e), RC_INPUT);
	assert_int_equal(b.plain.len, 0);
	converse(&a, &b, SIZE_MAX);
	assert_true(str_starts(a.e.text, "the other side gave up: "));
}

static void plain_text_is_not_tls(void **unused)
{
	scoped(close_side) struct side b;
	const char *get = "GET / HTTP/1.1\r\nHost: dublin\r\n\r\n";

	(void)unused;
	open_side(&b, 2, 1, TLS_ACCEPT);
	assert_int_equal(tls_session_feed(b.session, get, strlen(get), &b.plain, &b.e), RC_INPUT);
	assert_true(str_starts(b.e.text, "not a TLS 1.3 peer: "));
}

/* Some other program's client: what it offers and shows is up to the test. */
struct stranger {
	gnutls_session_t gnutls;
	gnutls_certificate_credentials_t credentials;
	struct side *server;
	struct str in;
	int code;
};

static ssize_t stranger_pull(gnutls_transport_ptr_t ctx, void *data, size_t n)
{
	struct stranger *s = ctx;

	if (s->in.len == 0) {
		gnutls_transport_set_errno(s->gnutls, EAGAIN);
		return -1;
	}
	n = n < s->in.len ? n : s->in.len;
	memcpy(data, s->in.s, n);
	str_consume(&s->in, n);
	return (ssize_t)n;
}

static ssize_t stranger_push(gnutls_transport_ptr_t ctx, const void *data, size_t n)
{
	struct stranger *s = ctx;
	struct side *b = s->server;
	struct str out;

	if (b->rc == RC_OK)
		b->rc = tls_session_feed(b->session, data, n, &b->plain, &b->e);
	out = tls_session_take(b->session);
	str_addn(&s->in, out.s, out.len);
	str_fini(&out);
	return (ssize_t)n;
}

static int accept_anybody(gnutls_session_t session)
{
	(void)session;
	return 0;
}

/* A self-signed certificate of a P-256 key. */
static void give_certificate(struct stranger *s)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	uint8_t serial = 7;

	gnutls_x509_privkey_init(&key);
	gnutls_x509_crt_init(&crt);
	assert_int_equal(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
				 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
		0);
	gnutls_x509_crt_set_version(crt, 3);
	gnutls_x509_crt_set_serial(crt, &serial, sizeof serial);
	gnutls_x509_crt_set_activation_time(crt, 0);
	gnutls_x509_crt_set_expiration_time(crt, INT32_MAX);
	gnutls_x509_crt_set_key(crt, key);
	assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), 0);
	assert_int_equal(gnutls_certificate_set_x509_key(s->credentials, &crt, 1, key), 0);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

static void call_as_stranger(struct side *server, const char *priority, bool has_certificate)
{
	struct stranger s = { .server = server };
	char byte;

	gnutls_certificate_allocate_credentials(&s.credentials);
	if (has_certificate)
		give_certificate(&s);
	gnutls_init(&s.gnutls, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
	assert_int_equal(gnutls_priority_set_direct(s.gnutls, priority, NULL), 0);
	gnutls_credentials_set(s.gnutls, GNUTLS_CRD_CERTIFICATE, s.credentials);
	gnutls_session_set_verify_function(s.gnutls, accept_anybody);
	gnutls_transport_set_ptr(s.gnutls, &s);
	gnutls_transport_set_pull_function(s.gnutls, stranger_pull);
	gnutls_transport_set_push_function(s.gnutls, stranger_push);
	gnutls_handshake_set_timeout(s.gnutls, 0);
	s.code = gnutls_handshake(s.gnutls);
	if (s.code == 0)
		s.code = (int)gnutls_record_recv(s.gnutls, &byte, 1);
	assert_true(s.code < 0);
	gnutls_deinit(s.gnutls);
	gnutls_certificate_free_credentials(s.credentials);
	str_fini(&s.in);
}

/* Seven bytes that anybody can send, of which GnuTLS leaves some where it takes all of others. */
static void the_beginning_of_an_ssl_2_greeting_is_no_handshake(void **unused)
{
	static const uint8_t greeting[] = { 0x80, 0x01, 0x80, 0x01, 0x01, 0x03, 0x01 };
	scoped(close_side) struct side b;

	(void)unused;
	open_side(&b, 2, 1, TLS_ACCEPT);
	for (int i = 0; i < 100 && b.rc == RC_OK; i++)
		b.rc = tls_session_feed(b.session, greeting, sizeof greeting, &b.plain, &b.e);
	assert_int_equal(b.rc, RC_INPUT);
	assert_non_null(strstr(b.e.text, "not a TLS 1.3 peer"));
}

static void a_caller_without_a_certificate_is_refused(void **unused)
{
	scoped(close_side) struct side b;

	(void)unused;
	open_side(&b, 2, 1, TLS_ACCEPT);
	call_as_stranger(&b, "NORMAL", false);
	assert_int_equal(b.rc, RC_REFUSED);
	assert_string_equal(b.e.text, "it showed no certificate");
}

static void an_older_tls_is_refused(void **unused)
{
	scoped(close_side) struct side b;

	(void)unused;
	open_side(&b, 2, 1, TLS_ACCEPT);
	call_as_stranger(&b, "NORMAL:-VERS-TLS1.3", false);
	assert_int_equal(b.rc, RC_INPUT);
	assert_true(str_starts(b.e.text, "not a TLS 1.3 peer: "));
}

static void a_caller_with_a_key_of_another_kind_is_refused(void **unused)
{
	scoped(close_side) struct side b;

	(void)unused;
	open_side(&b, 2, 1, TLS_ACCEPT);
	call_as_stranger(&b, "NORMAL", true);
	assert_int_equal(b.rc, RC_REFUSED);
	assert_false(tls_session_is_open(b.session));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_sites_that_know_each_other_come_together),
		cmocka_unit_test(one_byte_at_a_time_is_enough),
		cmocka_unit_test(much_arrives_as_it_was_sent),
		cmocka_unit_test(who_dials_a_wrong_key_says_so_and_the_other_hears_it),
		cmocka_unit_test(a_caller_with_a_wrong_key_is_told_after_its_handshake),
		cmocka_unit_test(closing_in_order_is_told_apart_from_a_broken_stream),
		cmocka_unit_test(a_damaged_record_ends_the_session),
		cmocka_unit_test(plain_text_is_not_tls),
		cmocka_unit_test(the_beginning_of_an_ssl_2_greeting_is_no_handshake),
		cmocka_unit_test(a_caller_without_a_certificate_is_refused),
		cmocka_unit_test(an_older_tls_is_refused),
		cmocka_unit_test(a_caller_with_a_key_of_another_kind_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
