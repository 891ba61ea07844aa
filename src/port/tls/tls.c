/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GnuTLS works on two pieces of memory: `in`, borrowed while bytes are fed, and `out`.  Reading an
 * empty `in` is EAGAIN, so that a handshake simply stops until more is fed.
 */
#include "port/tls/tls.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/* One protocol, one group, one signature scheme (RFC 8446, 8032, 7748): nothing to downgrade. */
#define PRIORITY                                                                 \
	"NONE:+VERS-TLS1.3:+AES-256-GCM:+CHACHA20-POLY1305:+AEAD:+GROUP-X25519:" \
	"+SIGN-EDDSA-ED25519:+CTYPE-X509"
#define HANDSHAKE_BYTES_MAX 16384 /* of one message; ours have 400 */
#define RECORD_BYTES        16384
#define BEGINS              ((time_t)1577836800)   /* 2020; dates mean nothing here */
#define ENDS                ((time_t)253402300799) /* 99991231235959Z, RFC 5280's "never" */

struct tls_identity {
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	char key_text[KEY_TEXT_MAX];
};

struct tls_session {
	const struct tls_identity *id;
	gnutls_session_t gnutls;
	struct tls_gate gate;
	enum { HANDSHAKE, OPEN, ENDED } stage;
	enum rc refused; /* by our gate */
	struct err why;
	const char *in;
	size_t n_in;
	struct str out;
};

static enum rc failed(struct err *e, const char *doing, int code)
{
	return err_set(e, code == GNUTLS_E_MEMORY_ERROR ? RC_LIMIT : RC_INTERNAL, "%s: %s", doing,
		gnutls_strerror(code));
}

static int import_key(gnutls_x509_privkey_t x, const struct private_key *key)
{
	struct public_key public = key_public(key);
	uint8_t private[KEY_BYTES];
	gnutls_datum_t k = { private, sizeof private };
	gnutls_datum_t point = { public.bytes, sizeof public.bytes };
	int code;

	memcpy(private, key->bytes, sizeof private);
	code = gnutls_x509_privkey_import_ecc_raw(x, GNUTLS_ECC_CURVE_ED25519, &point, NULL, &k);
	gnutls_memset(private, 0, sizeof private);
	return code;
}

static int sign_certificate(gnutls_x509_crt_t crt, const char *name, gnutls_x509_privkey_t key)
{
	uint8_t serial = 1;
	int code = gnutls_x509_crt_set_version(crt, 3);

	if (code >= 0)
		code = gnutls_x509_crt_set_serial(crt, &serial, sizeof serial);
	if (code >= 0)
		code = gnutls_x509_crt_set_activation_time(crt, BEGINS);
	if (code >= 0)
		code = gnutls_x509_crt_set_expiration_time(crt, ENDS);
	if (code >= 0)
		code = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
			(unsigned)strlen(name));
	if (code >= 0)
		code = gnutls_x509_crt_set_key(crt, key);
	if (code >= 0)
		code = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA512, 0);
	return code;
}

static int make_certificate(struct tls_identity *id, const char *name,
	const struct private_key *key)
{
	gnutls_x509_privkey_t x = NULL;
	gnutls_x509_crt_t crt = NULL;
	int code = gnutls_x509_privkey_init(&x);

	if (code >= 0)
		code = import_key(x, key);
	if (code >= 0)
		code = gnutls_x509_crt_init(&crt);
	if (code >= 0)
		code = sign_certificate(crt, name, x);
	if (code >= 0)
		code = gnutls_certificate_set_x509_key(id->credentials, &crt, 1, x);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(x);
	return code;
}

enum rc tls_identity_new(struct tls_identity **ret, const char *name, const struct private_key *key,
	struct err *e)
{
	scoped(tls_identity_free) struct tls_identity *id = must_alloc(sizeof *id);
	struct public_key public = key_public(key);
	int code = gnutls_certificate_allocate_credentials(&id->credentials);

	key_text(&public, id->key_text);
	if (code >= 0)
		code = make_certificate(id, name, key);
	if (code >= 0)
		code = gnutls_priority_init(&id->priority, PRIORITY, NULL);
	if (code < 0)
		return failed(e, "making a TLS certificate", code);
	*ret = TAKE(id);
	return RC_OK;
}

void tls_identity_free(struct tls_identity *id)
{
	if (!id)
		return;
	if (id->priority)
		gnutls_priority_deinit(id->priority);
	if (id->credentials)
		gnutls_certificate_free_credentials(id->credentials);
	free(id);
}

static ssize_t pull(gnutls_transport_ptr_t ctx, void *data, size_t n)
{
	struct tls_session *s = ctx;

	if (s->n_in == 0) {
		gnutls_transport_set_errno(s->gnutls, EAGAIN);
		return -1;
	}
	if (n > s->n_in)
		n = s->n_in;
	memcpy(data, s->in, n);
	s->in += n;
	s->n_in -= n;
	return (ssize_t)n;
}

static ssize_t push(gnutls_transport_ptr_t ctx, const void *data, size_t n)
{
	struct tls_session *s = ctx;

	str_addn(&s->out, data, n);
	return (ssize_t)n;
}

/* The Ed25519 key of the certificate that the other side showed. */
static enum rc shown_key(gnutls_session_t gnutls, struct public_key *ret, struct err *e)
{
	unsigned n = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(gnutls, &n);
	gnutls_x509_crt_t crt = NULL;
	gnutls_pubkey_t key = NULL;
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
	gnutls_datum_t point = { 0 };
	bool is_good = n == 1 && gnutls_x509_crt_init(&crt) >= 0 && gnutls_pubkey_init(&key) >= 0 &&
		       gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER) >= 0 &&
		       gnutls_pubkey_import_x509(key, crt, 0) >= 0 &&
		       gnutls_pubkey_export_ecc_raw2(key, &curve, &point, NULL, 0) >= 0 &&
		       curve == GNUTLS_ECC_CURVE_ED25519 && point.size == KEY_BYTES;

	if (is_good)
		memcpy(ret->bytes, point.data, KEY_BYTES);
	gnutls_free(point.data);
	gnutls_pubkey_deinit(key);
	gnutls_x509_crt_deinit(crt);
	return is_good ? RC_OK
		       : err_set(e, RC_INPUT, "its certificate is not one of an Ed25519 key");
}

/* Called by GnuTLS with the certificate at hand; that the other side has the private key too is
 * proven by the rest of the handshake. */
static int verify(gnutls_session_t gnutls)
{
	struct tls_session *s = gnutls_session_get_ptr(gnutls);
	struct public_key shown;

	s->refused = shown_key(gnutls, &shown, &s->why);
	if (s->refused == RC_OK)
		s->refused = s->gate.admit(s->gate.ctx, &shown, &s->why);
	return s->refused == RC_OK ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

static int prepare(struct tls_session *s, enum tls_role role)
{
	unsigned flags = GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS |
			 (role == TLS_DIAL ? GNUTLS_CLIENT : GNUTLS_SERVER);
	int code = gnutls_init(&s->gnutls, flags);

	if (code < 0)
		return code;
	gnutls_session_set_ptr(s->gnutls, s);
	gnutls_transport_set_ptr(s->gnutls, s);
	gnutls_transport_set_pull_function(s->gnutls, pull);
	gnutls_transport_set_push_function(s->gnutls, push);
	gnutls_handshake_set_timeout(s->gnutls, 0);
	gnutls_handshake_set_max_packet_length(s->gnutls, HANDSHAKE_BYTES_MAX);
	gnutls_session_set_verify_function(s->gnutls, verify);
	if (role == TLS_ACCEPT)
		gnutls_certificate_server_set_request(s->gnutls, GNUTLS_CERT_REQUIRE);
	code = gnutls_priority_set(s->gnutls, s->id->priority);
	if (code >= 0)
		code = gnutls_credentials_set(s->gnutls, GNUTLS_CRD_CERTIFICATE,
			s->id->credentials);
	return code;
}

enum rc tls_session_new(struct tls_session **ret, const struct tls_identity *id, enum tls_role role,
	const struct tls_gate *gate, struct err *e)
{
	scoped(tls_session_free) struct tls_session *s = must_alloc(sizeof *s);
	scoped(str_fini) struct str none = STR_EMPTY;
	enum rc rc;
	int code;

	s->id = id;
	s->gate = *gate;
	code = prepare(s, role);
	if (code < 0)
		return failed(e, "beginning a TLS session", code);
	rc = tls_session_feed(s, NULL, 0, &none, e); /* who dials speaks first */
	if (rc != RC_OK)
		return rc;
	*ret = TAKE(s);
	return RC_OK;
}

void tls_session_free(struct tls_session *s)
{
	if (!s)
		return;
	if (s->gnutls)
		gnutls_deinit(s->gnutls);
	str_fini(&s->out);
	free(s);
}

/* How the other side says that it doesn't want us. */
static bool is_refusal(gnutls_alert_description_t alert)
{
	return alert == GNUTLS_A_ACCESS_DENIED || alert == GNUTLS_A_BAD_CERTIFICATE ||
	       alert == GNUTLS_A_CERTIFICATE_UNKNOWN || alert == GNUTLS_A_UNKNOWN_CA;
}

static enum rc alerted(struct tls_session *s, struct err *e)
{
	gnutls_alert_description_t alert = gnutls_alert_get(s->gnutls);
	const char *name = gnutls_alert_get_name(alert);

	if (is_refusal(alert))
		return err_set(e, RC_REFUSED,
			"the other side refused our key, %s: does its lab.yaml name it?",
			s->id->key_text);
	return err_set(e, RC_INPUT, "the other side gave up: %s", name ? name : "unknown alert");
}

/* The session is over: say why, to us and by an alert to the other side. */
static enum rc end_with(struct tls_session *s, int code, struct err *e)
{
	bool is_ours = s->refused != RC_OK;

	s->stage = ENDED;
	if (is_ours)
		gnutls_alert_send(s->gnutls, GNUTLS_AL_FATAL, GNUTLS_A_ACCESS_DENIED);
	else if (code != GNUTLS_E_FATAL_ALERT_RECEIVED)
		gnutls_alert_send_appropriate(s->gnutls, code);
	if (is_ours)
		return err_set(e, s->refused == RC_INPUT ? RC_INPUT : RC_REFUSED, "%s",
			s->why.text);
	if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return alerted(s, e);
	if (code == GNUTLS_E_CERTIFICATE_REQUIRED || code == GNUTLS_E_NO_CERTIFICATE_FOUND)
		return err_set(e, RC_REFUSED, "it showed no certificate");
	return err_set(e, RC_INPUT, "not a TLS 1.3 peer: %s", gnutls_strerror(code));
}

static enum rc shake_hands(struct tls_session *s, struct err *e)
{
	int code;

	do
		code = gnutls_handshake(s->gnutls);
	while (code < 0 && code != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(code));
	if (code == GNUTLS_E_AGAIN)
		return RC_OK;
	if (code < 0)
		return end_with(s, code, e);
	s->stage = OPEN;
	return RC_OK;
}

static enum rc receive(struct tls_session *s, struct str *ret_plain, struct err *e)
{
	char plain[RECORD_BYTES];

	for (;;) {
		ssize_t n = gnutls_record_recv(s->gnutls, plain, sizeof plain);

		if (n > 0) {
			str_addn(ret_plain, plain, (size_t)n);
		} else if (n == GNUTLS_E_AGAIN) {
			return RC_OK;
		} else if (n == 0) {
			s->stage = ENDED;
			return err_set(e, RC_OFFLINE, "closed by the other side");
		} else if (gnutls_error_is_fatal((int)n)) {
			return end_with(s, (int)n, e);
		}
	}
}

/* As far as GnuTLS gets with what is there. */
static enum rc proceed(struct tls_session *s, struct str *ret_plain, struct err *e)
{
	enum rc rc = RC_OK;

	if (s->stage == HANDSHAKE)
		rc = shake_hands(s, e);
	if (rc == RC_OK && s->stage == OPEN)
		rc = receive(s, ret_plain, e);
	return rc;
}

/* GnuTLS may want more while there is some left, between the records of a long message say, or
 * after the first byte of what could be SSL 2.0.  It goes on when it is asked to. */
enum rc tls_session_feed(struct tls_session *s, const void *bytes, size_t n, struct str *ret_plain,
	struct err *e)
{
	size_t before;
	enum rc rc;

	if (s->stage == ENDED)
		return err_set(e, RC_OFFLINE, "the session has ended");
	s->in = bytes;
	s->n_in = n;
	do {
		before = s->n_in;
		rc = proceed(s, ret_plain, e);
	} while (rc == RC_OK && s->n_in && s->n_in < before);
	if (rc == RC_OK && s->n_in)
		rc = end_with(s, GNUTLS_E_UNEXPECTED_PACKET, e);
	s->in = NULL;
	s->n_in = 0;
	return rc;
}

bool tls_session_is_open(const struct tls_session *s)
{
	return s->stage == OPEN;
}

enum rc tls_session_write(struct tls_session *s, const void *bytes, size_t n, struct err *e)
{
	const char *p = bytes;

	must(s->stage == OPEN);
	while (n) {
		ssize_t sent = gnutls_record_send(s->gnutls, p, n);

		if (sent < 0 && gnutls_error_is_fatal((int)sent))
			return end_with(s, (int)sent, e);
		if (sent > 0) {
			p += sent;
			n -= (size_t)sent;
		}
	}
	return RC_OK;
}

void tls_session_end(struct tls_session *s)
{
	if (s->stage == OPEN)
		gnutls_bye(s->gnutls, GNUTLS_SHUT_WR);
	s->stage = ENDED;
}

struct str tls_session_take(struct tls_session *s)
{
	struct str out = s->out;

	s->out = STR_EMPTY;
	return out;
}
