/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/trust.h"

#include "base/mem.h"
#include "port/http/http.h"
#include "port/probe/bundle.h"

#include <gnutls/x509.h>
#include <stdio.h>
#include <time.h>

#define PRIORITY     "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define CHAIN_MAX    12
#define ANCHORS_MAX  16
#define MEMORY_SLOTS 512 /* of verified chains; about 1 KB each, as they fill */
#define REMEMBER_S   3600
#define LOOK_AGAIN_S 60 /* at most this old is what we know of a bundle's file */

/* A chain that was verified for a name. */
struct memory {
	struct sha256 key; /* of the chain, the name and the bundle's path */
	uint32_t generation;
	time_t begins, ends; /* all of its certificates are valid */
	time_t verified;
	struct probe_tls facts;
};

struct trust {
	gnutls_priority_t priority;
	gnutls_certificate_credentials_t credentials;
	struct bundle **bundles;
	uint32_t n_bundles, cap_bundles;
	time_t looked;       /* when the bundles' files were last looked at */
	uint32_t generation; /* grows when a bundle changes: memories of before don't count */
	struct memory *memories[MEMORY_SLOTS];
};

/* What a server showed. */
struct chain {
	gnutls_x509_crt_t certs[CHAIN_MAX];
	uint32_t n;
	gnutls_x509_crt_t anchors[ANCHORS_MAX]; /* authorities that may have issued one of them */
	uint32_t n_anchors;
};

static void chain_fini(struct chain *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		gnutls_x509_crt_deinit(c->certs[i]);
	for (uint32_t i = 0; i < c->n_anchors; i++)
		gnutls_x509_crt_deinit(c->anchors[i]);
}
SCOPED_FINI(chain_fini, struct chain)

struct trust *trust_new(void)
{
	struct trust *t = must_alloc(sizeof *t);

	must(gnutls_priority_init(&t->priority, PRIORITY, NULL) == 0);
	must(gnutls_certificate_allocate_credentials(&t->credentials) == 0);
	return t;
}

void trust_free(struct trust *t)
{
	if (!t)
		return;
	gnutls_priority_deinit(t->priority);
	gnutls_certificate_free_credentials(t->credentials);
	for (uint32_t i = 0; i < t->n_bundles; i++)
		bundle_free(t->bundles[i]);
	free(t->bundles);
	for (size_t i = 0; i < MEMORY_SLOTS; i++)
		free(t->memories[i]);
	free(t);
}

gnutls_priority_t trust_priority(struct trust *t)
{
	return t->priority;
}

gnutls_certificate_credentials_t trust_credentials(struct trust *t)
{
	return t->credentials;
}

/* Forget bundles whose files have changed, and what was verified by them. */
static void look_at_bundles(struct trust *t)
{
	time_t now = time(NULL);

	if (now >= t->looked && now - t->looked < LOOK_AGAIN_S)
		return;
	t->looked = now;
	for (uint32_t i = 0; i < t->n_bundles;) {
		if (bundle_is_current(t->bundles[i])) {
			i++;
			continue;
		}
		bundle_free(t->bundles[i]);
		t->bundles[i] = t->bundles[--t->n_bundles];
		t->generation++;
	}
}

static enum rc bundle_for(struct trust *t, const char *ca_file, const struct bundle **ret,
	struct err *e)
{
	const char *path = ca_file ? ca_file : http_ca_bundle();
	struct bundle *b = NULL;
	enum rc rc;

	if (!path)
		return err_set(e, RC_NOT_FOUND,
			"this system has no bundle of certificate authorities; install "
			"ca-certificates or name a ca_file");
	for (uint32_t i = 0; i < t->n_bundles; i++) {
		*ret = t->bundles[i];
		if (str_eq(bundle_path(t->bundles[i]), path))
			return RC_OK;
	}
	rc = bundle_open(&b, path, e);
	if (rc != RC_OK)
		return rc;
	must_grow(t->bundles, t->n_bundles, t->cap_bundles);
	t->bundles[t->n_bundles++] = b;
	*ret = b;
	return RC_OK;
}

static enum rc import_chain(struct chain *c, const gnutls_datum_t *shown, uint32_t n, struct err *e)
{
	if (n > CHAIN_MAX)
		return err_set(e, RC_LIMIT, "the server shows %u certificates", n);
	for (; c->n < n; c->n++) {
		int code = gnutls_x509_crt_init(&c->certs[c->n]);

		if (code == 0)
			code = gnutls_x509_crt_import(c->certs[c->n], &shown[c->n],
				GNUTLS_X509_FMT_DER);
		if (code < 0) {
			c->n++;
			return err_set(e, RC_INPUT, "the server's certificate is malformed: %s",
				gnutls_strerror(code));
		}
	}
	return RC_OK;
}

/* An authority counts when it issued a certificate that was shown, or is one of them itself. */
static void find_anchors(struct chain *c, const struct bundle *b)
{
	for (uint32_t i = 0; i < c->n; i++) {
		gnutls_datum_t name;

		if (gnutls_x509_crt_get_raw_issuer_dn(c->certs[i], &name) == 0) {
			c->n_anchors += bundle_find(b, &name, c->anchors + c->n_anchors,
				ANCHORS_MAX - c->n_anchors);
			gnutls_free(name.data);
		}
		if (gnutls_x509_crt_get_raw_dn(c->certs[i], &name) == 0) {
			c->n_anchors += bundle_find(b, &name, c->anchors + c->n_anchors,
				ANCHORS_MAX - c->n_anchors);
			gnutls_free(name.data);
		}
	}
}

static enum rc verify(struct chain *c, const char *host, unsigned *ret_status, struct err *e)
{
	gnutls_typed_vdata_st wanted[] = {
		{ .type = GNUTLS_DT_DNS_HOSTNAME, .data = (unsigned char *)(uintptr_t)host },
		{ .type = GNUTLS_DT_KEY_PURPOSE_OID,
			.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER },
	};
	unsigned flags = GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_LOW);
	gnutls_x509_trust_list_t list;
	int code = gnutls_x509_trust_list_init(&list, 0);

	if (code < 0)
		return err_set(e, RC_INTERNAL, "verifying: %s", gnutls_strerror(code));
	gnutls_x509_trust_list_add_cas(list, c->anchors, c->n_anchors, 0);
	code = gnutls_x509_trust_list_verify_crt2(list, c->certs, c->n, wanted, COUNT(wanted),
		flags, ret_status, NULL);
	gnutls_x509_trust_list_deinit(list, 0);
	if (code < 0)
		return err_set(e, RC_INPUT, "verifying: %s", gnutls_strerror(code));
	return RC_OK;
}

static bool names_equal(gnutls_x509_crt_t cert, gnutls_x509_crt_t issuer)
{
	gnutls_datum_t wanted, name;
	bool is_same = false;

	if (gnutls_x509_crt_get_raw_issuer_dn(cert, &wanted) != 0)
		return false;
	if (gnutls_x509_crt_get_raw_dn(issuer, &name) == 0) {
		is_same =
			name.size == wanted.size && memcmp(name.data, wanted.data, name.size) == 0;
		gnutls_free(name.data);
	}
	gnutls_free(wanted.data);
	return is_same;
}

static gnutls_x509_crt_t find_issuer(gnutls_x509_crt_t cert, const gnutls_x509_crt_t *among,
	uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (among[i] != cert && names_equal(cert, among[i]))
			return among[i];
	return NULL;
}

static void narrow(gnutls_x509_crt_t cert, time_t *begins, time_t *ends)
{
	time_t from = gnutls_x509_crt_get_activation_time(cert);
	time_t until = gnutls_x509_crt_get_expiration_time(cert);

	if (from > *begins)
		*begins = from;
	if (until < *ends)
		*ends = until;
}

/* When the whole path from the server's certificate to an authority is valid. */
static void path_validity(const struct chain *c, time_t *ret_begins, time_t *ret_ends)
{
	gnutls_x509_crt_t cert = c->certs[0];
	time_t begins = 0, ends = INT64_MAX;

	for (uint32_t i = 0; cert && i < c->n; i++) {
		gnutls_x509_crt_t anchor = find_issuer(cert, c->anchors, c->n_anchors);

		narrow(cert, &begins, &ends);
		if (anchor)
			narrow(anchor, &begins, &ends);
		cert = anchor ? NULL : find_issuer(cert, c->certs, c->n);
	}
	*ret_begins = begins;
	*ret_ends = ends;
}

static void copy_name(char *ret, size_t size,
	int (*get)(gnutls_x509_crt_t, gnutls_datum_t *, unsigned), gnutls_x509_crt_t cert)
{
	gnutls_datum_t text;

	ret[0] = '\0';
	if (get(cert, &text, 0) != 0)
		return;
	snprintf(ret, size, "%.*s",
		(int)utf8_cut((char *)text.data, text.size < size ? text.size : size - 1),
		text.data);
	gnutls_free(text.data);
}

static void copy_dns_names(struct probe_tls *facts, gnutls_x509_crt_t cert)
{
	size_t used = 0;

	facts->names[0] = '\0';
	for (unsigned i = 0;; i++) {
		char name[256];
		size_t n = sizeof name - 1;
		unsigned type = 0;
		int code = gnutls_x509_crt_get_subject_alt_name2(cert, i, name, &n, &type, NULL);

		if (code == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return;
		if (code < 0 || type != GNUTLS_SAN_DNSNAME)
			continue;
		name[n] = '\0';
		if (used + n + 2 > sizeof facts->names)
			return;
		used += (size_t)snprintf(facts->names + used, sizeof facts->names - used, "%s%s",
			used ? "," : "", name);
	}
}

static void copy_serial(struct probe_tls *facts, gnutls_x509_crt_t cert)
{
	uint8_t serial[(sizeof facts->serial - 1) / 2], *first = serial;
	size_t n = sizeof serial;

	facts->serial[0] = '\0';
	if (gnutls_x509_crt_get_serial(cert, serial, &n) < 0)
		return;
	while (n > 1 && *first == 0)
		first++, n--;
	hex_encode(first, n, facts->serial);
	if (facts->serial[0] == '0' && n) /* a number, not bytes */
		memmove(facts->serial, facts->serial + 1, strlen(facts->serial));
}

/* What stands in the certificates, whoever vouches for them. */
static void read_facts(const struct chain *c, const gnutls_datum_t *shown, struct probe_tls *facts)
{
	struct sha256 fingerprint = sha256_of(shown[0].data, shown[0].size);
	time_t begins = 0, ends = INT64_MAX;

	for (uint32_t i = 0; i < c->n; i++)
		narrow(c->certs[i], &begins, &ends);
	facts->earliest_expiry_s = ends;
	sha256_hex(&fingerprint, facts->fingerprint);
	copy_name(facts->subject, sizeof facts->subject, gnutls_x509_crt_get_dn3, c->certs[0]);
	copy_name(facts->issuer, sizeof facts->issuer, gnutls_x509_crt_get_issuer_dn3, c->certs[0]);
	copy_dns_names(facts, c->certs[0]);
	copy_serial(facts, c->certs[0]);
}

static void read_session(gnutls_session_t session, struct probe_tls *facts)
{
	static const struct {
		gnutls_protocol_t number;
		const char *name;
	} versions[] = {
		{ GNUTLS_TLS1_0, "TLS 1.0" },
		{ GNUTLS_TLS1_1, "TLS 1.1" },
		{ GNUTLS_TLS1_2, "TLS 1.2" },
		{ GNUTLS_TLS1_3, "TLS 1.3" },
	};
	gnutls_protocol_t version = gnutls_protocol_get_version(session);
	const char *cipher = gnutls_ciphersuite_get(session);

	str_copy(facts->version, sizeof facts->version, "unknown");
	for (size_t i = 0; i < COUNT(versions); i++)
		if (versions[i].number == version)
			str_copy(facts->version, sizeof facts->version, versions[i].name);
	str_copy(facts->cipher, sizeof facts->cipher, cipher ? cipher : "unknown");
}

static const char *date_text(int64_t seconds, char buf[16])
{
	struct civil c = civil_from_seconds(seconds);

	snprintf(buf, 16, "%04d-%02d-%02d", (int)(c.year % 10000), (int)c.month, (int)c.day);
	return buf;
}

static void say_expired(const struct chain *c, struct str *why)
{
	time_t now = time(NULL);

	for (uint32_t i = 0; i < c->n + c->n_anchors; i++) {
		gnutls_x509_crt_t cert = i < c->n ? c->certs[i] : c->anchors[i - c->n];
		time_t until = gnutls_x509_crt_get_expiration_time(cert);
		char ago[DURATION_TEXT_MAX], date[16];

		if (until >= now)
			continue;
		str_addf(why, "%s expired %s ago (%s)",
			i ? "its issuer's certificate" : "certificate",
			duration_text((now - until) * SECOND_MS, ago), date_text(until, date));
		return;
	}
	str_add(why, "certificate has expired");
}

static void say_not_yet(const struct chain *c, struct str *why)
{
	char date[16];

	str_addf(why, "certificate is not valid before %s",
		date_text(gnutls_x509_crt_get_activation_time(c->certs[0]), date));
}

static void say_unknown_signer(const struct chain *c, struct str *why)
{
	char issuer[128];

	if (c->n == 1 && names_equal(c->certs[0], c->certs[0])) {
		str_add(why, "certificate is self-signed");
		return;
	}
	copy_name(issuer, sizeof issuer, gnutls_x509_crt_get_issuer_dn3, c->certs[c->n - 1]);
	str_addf(why, "certificate's issuer is not trusted (%s)", issuer);
}

static void say_wrong_name(const struct chain *c, struct str *why)
{
	struct probe_tls facts;
	char subject[128];

	copy_dns_names(&facts, c->certs[0]);
	copy_name(subject, sizeof subject, gnutls_x509_crt_get_dn3, c->certs[0]);
	str_addf(why, "certificate is for %.100s, not for ",
		facts.names[0] ? facts.names : subject);
}

/* clang-format off */
static const struct {
	unsigned bit;
	void (*say)(const struct chain *c, struct str *why); /* or */
	const char *text;
} troubles[] = {
	{ GNUTLS_CERT_EXPIRED, say_expired, NULL },
	{ GNUTLS_CERT_NOT_ACTIVATED, say_not_yet, NULL },
	{ GNUTLS_CERT_SIGNER_NOT_FOUND, say_unknown_signer, NULL },
	{ GNUTLS_CERT_UNEXPECTED_OWNER, say_wrong_name, NULL },
	{ GNUTLS_CERT_SIGNER_NOT_CA, NULL, "certificate's issuer may not issue certificates" },
	{ GNUTLS_CERT_SIGNATURE_FAILURE, NULL, "certificate's signature is wrong" },
	{ GNUTLS_CERT_INSECURE_ALGORITHM, NULL, "certificate is signed with a broken algorithm" },
	{ GNUTLS_CERT_PURPOSE_MISMATCH, NULL, "certificate is not meant for servers" },
	{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, NULL, "certificate breaks its issuer's constraints" },
	{ GNUTLS_CERT_REVOKED, NULL, "certificate is revoked" },
};
/* clang-format on */

/* All that is wrong, in one sentence. */
static void explain(const struct chain *c, unsigned status, const char *host, char *ret,
	size_t size)
{
	scoped(str_fini) struct str why = { .limit_bytes = size - 1 };

	for (size_t i = 0; i < COUNT(troubles); i++) {
		if (!(status & troubles[i].bit))
			continue;
		if (why.len)
			str_add(&why, "; ");
		if (troubles[i].say)
			troubles[i].say(c, &why);
		else
			str_add(&why, troubles[i].text);
		if (troubles[i].bit == GNUTLS_CERT_UNEXPECTED_OWNER)
			str_add(&why, host);
	}
	if (why.len == 0)
		str_addf(&why, "certificate is not good (GnuTLS status %#x)", status);
	str_copy(ret, size, str_c(&why));
}

static struct sha256 memory_key(const gnutls_datum_t *shown, uint32_t n, const char *host,
	const char *path)
{
	struct sha256_state s;

	sha256_begin(&s);
	for (uint32_t i = 0; i < n; i++) {
		sha256_add(&s, &shown[i].size, sizeof shown[i].size);
		sha256_add(&s, shown[i].data, shown[i].size);
	}
	sha256_add(&s, host, strlen(host) + 1);
	sha256_add(&s, path, strlen(path));
	return sha256_end(&s);
}

static struct memory **slot(struct trust *t, const struct sha256 *key)
{
	return &t->memories[(key->bytes[0] | key->bytes[1] << 8) % MEMORY_SLOTS];
}

static const struct memory *recall(struct trust *t, const struct sha256 *key)
{
	const struct memory *m = *slot(t, key);
	time_t now = time(NULL);

	if (!m || memcmp(&m->key, key, sizeof *key) != 0 || m->generation != t->generation)
		return NULL;
	if (now < m->begins || now > m->ends || now < m->verified || now - m->verified > REMEMBER_S)
		return NULL;
	return m;
}

static void remember(struct trust *t, const struct memory *m)
{
	struct memory **at = slot(t, &m->key);

	if (!*at)
		*at = must_alloc(sizeof **at);
	**at = *m;
}

struct shown {
	const gnutls_datum_t *der;
	uint32_t n;
	const struct tls_spec *spec;
	const char *host;
};

/* A chain that isn't remembered. */
static enum rc examine(struct trust *t, const struct shown *shown, struct memory *m, char *ret_why,
	struct err *e)
{
	scoped(chain_fini) struct chain c = { 0 };
	const struct bundle *bundle = NULL;
	unsigned status = 0;
	enum rc rc = import_chain(&c, shown->der, shown->n, e);

	if (rc != RC_OK)
		return rc;
	read_facts(&c, shown->der, &m->facts);
	m->ends = INT64_MAX;
	if (shown->spec->is_insecure)
		return RC_OK;
	rc = bundle_for(t, shown->spec->ca_file, &bundle, e);
	if (rc != RC_OK)
		return rc;
	find_anchors(&c, bundle);
	rc = verify(&c, shown->host, &status, e);
	if (rc != RC_OK)
		return rc;
	if (status)
		explain(&c, status, shown->host, ret_why, REASON_BYTES_MAX + 1);
	path_validity(&c, &m->begins, &m->ends);
	m->facts.chain_expiry_s = status ? 0 : m->ends;
	return RC_OK;
}

static void apply_expiry_rule(const struct tls_spec *spec, const struct probe_tls *facts,
	char *ret_why)
{
	int64_t left_ms = (facts->earliest_expiry_s - time(NULL)) * SECOND_MS;
	char left[DURATION_TEXT_MAX], wanted[DURATION_TEXT_MAX], date[16];

	if (ret_why[0] || spec->expires_after_ms == 0 || left_ms >= spec->expires_after_ms)
		return;
	date_text(facts->earliest_expiry_s, date);
	duration_text(spec->expires_after_ms, wanted);
	if (left_ms < 0)
		snprintf(ret_why, REASON_BYTES_MAX + 1, "certificate expired %s ago (%s)",
			duration_text(-left_ms, left), date);
	else
		snprintf(ret_why, REASON_BYTES_MAX + 1, "certificate expires in %s (%s), wanted %s",
			duration_text(left_ms, left), date, wanted);
}

enum rc trust_check(struct trust *t, gnutls_session_t session, const struct tls_check *check,
	struct probe_tls *ret_facts, char ret_why[REASON_BYTES_MAX + 1], struct err *e)
{
	const struct tls_spec *spec = check->spec;
	const char *path = spec->ca_file ? spec->ca_file : "";
	struct shown shown = { .spec = spec };
	struct memory fresh = { .verified = time(NULL) };
	const struct memory *known;
	enum rc rc;

	ret_why[0] = '\0';
	shown.host = spec->server_name ? spec->server_name : check->host;
	shown.der = gnutls_certificate_get_peers(session, &shown.n);
	if (!shown.der || shown.n == 0)
		return err_set(e, RC_INPUT, "the server shows no certificate");
	look_at_bundles(t);
	fresh.key = memory_key(shown.der, shown.n, shown.host, spec->is_insecure ? "-" : path);
	fresh.generation = t->generation;
	known = recall(t, &fresh.key);
	if (!known) {
		rc = examine(t, &shown, &fresh, ret_why, e);
		if (rc != RC_OK)
			return rc;
		if (!ret_why[0])
			remember(t, &fresh);
		known = &fresh;
	}
	*ret_facts = known->facts;
	read_session(session, ret_facts);
	apply_expiry_rule(spec, ret_facts, ret_why);
	return RC_OK;
}
