/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/certificate.h"

#include "base/mem.h"
#include "base/reason.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <time.h>

#define NAMES_MAX 64 /* looked at: finding the n-th takes GnuTLS n steps */

void chain_fini(struct chain *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		gnutls_x509_crt_deinit(c->certs[i]);
	for (uint32_t i = 0; i < c->n_anchors; i++)
		gnutls_x509_crt_deinit(c->anchors[i]);
}

enum rc chain_read(struct chain *c, const gnutls_datum_t *der, uint32_t n, struct err *e)
{
	c->n = c->n_anchors = 0;
	if (n > CHAIN_MAX)
		return err_set(e, RC_LIMIT, "the server shows %u certificates", n);
	for (; c->n < n; c->n++) {
		int code = gnutls_x509_crt_init(&c->certs[c->n]);

		if (code == 0)
			code = gnutls_x509_crt_import(c->certs[c->n], &der[c->n],
				GNUTLS_X509_FMT_DER);
		if (code < 0) {
			c->n++;
			return err_set(e, RC_INPUT, "the server's certificate is malformed: %s",
				gnutls_strerror(code));
		}
	}
	return RC_OK;
}

void chain_find_anchors(struct chain *c, const struct bundle *b)
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

static bool has_name(gnutls_x509_crt_t cert, int wanted)
{
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		char name[256];
		size_t n = sizeof name;
		int type = gnutls_x509_crt_get_subject_alt_name(cert, i, name, &n, NULL);

		if (type == wanted)
			return true;
		if (type < 0 && type != GNUTLS_E_SHORT_MEMORY_BUFFER)
			return false;
	}
	return false;
}

static bool is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* GnuTLS still believes the common name where there is no better one, and addresses that are
 * written like names; browsers and Go believe neither (RFC 9525, 6.3). */
static bool is_named_rightly(gnutls_x509_crt_t cert, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, host, address) == 1)
		return gnutls_x509_crt_check_ip(cert, address, sizeof(struct in_addr), 0);
	if (inet_pton(AF_INET6, host, address) == 1)
		return gnutls_x509_crt_check_ip(cert, address, sizeof(struct in6_addr), 0);
	return has_name(cert, GNUTLS_SAN_DNSNAME);
}

enum rc chain_verify(struct chain *c, const char *host, unsigned *ret_status, struct err *e)
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
	if (!is_named_rightly(c->certs[0], host))
		*ret_status |= GNUTLS_CERT_INVALID | GNUTLS_CERT_UNEXPECTED_OWNER;
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

void chain_validity(const struct chain *c, time_t *ret_begins, time_t *ret_ends)
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
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		char name[256];
		size_t n = sizeof name - 1;
		int type = gnutls_x509_crt_get_subject_alt_name(cert, i, name, &n, NULL);

		if (type < 0 && type != GNUTLS_E_SHORT_MEMORY_BUFFER)
			return; /* there are no more, or they can't be read */
		if (type != GNUTLS_SAN_DNSNAME)
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

void chain_facts(const struct chain *c, const gnutls_datum_t *own, struct probe_tls *facts)
{
	struct sha256 fingerprint = sha256_of(own->data, own->size);
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

const char *certificate_date(int64_t seconds, char buf[CERTIFICATE_DATE_MAX])
{
	struct civil c = civil_from_seconds(seconds);

	snprintf(buf, CERTIFICATE_DATE_MAX, "%04d-%02d-%02d", (int)(c.year % 10000), (int)c.month,
		(int)c.day);
	return buf;
}

static void say_expired(const struct chain *c, struct str *why)
{
	time_t now = time(NULL);

	for (uint32_t i = 0; i < c->n + c->n_anchors; i++) {
		gnutls_x509_crt_t cert = i < c->n ? c->certs[i] : c->anchors[i - c->n];
		time_t until = gnutls_x509_crt_get_expiration_time(cert);
		char ago[DURATION_TEXT_MAX], date[CERTIFICATE_DATE_MAX];

		if (until >= now)
			continue;
		str_addf(why, "%s %s ago (%s)", i ? REASON_ISSUER_EXPIRED : REASON_EXPIRED,
			duration_text((now - until) * SECOND_MS, ago),
			certificate_date(until, date));
		return;
	}
	str_add(why, REASON_EXPIRED);
}

static void say_not_yet(const struct chain *c, struct str *why)
{
	char date[CERTIFICATE_DATE_MAX];

	str_addf(why, "certificate is not valid before %s",
		certificate_date(gnutls_x509_crt_get_activation_time(c->certs[0]), date));
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
	if (facts.names[0])
		str_addf(why, "certificate is for %.100s, not for ", facts.names);
	else if (has_name(c->certs[0], GNUTLS_SAN_IPADDRESS))
		str_add(why, "certificate is for another address, not for ");
	else
		str_addf(why,
			"certificate has no alternative names (SAN), and its subject, %.100s, "
			"doesn't count: it is not for ",
			subject);
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
	{ GNUTLS_CERT_INSECURE_ALGORITHM, NULL, "certificate is signed with a broken algorithm, or its key is too short" },
	{ GNUTLS_CERT_PURPOSE_MISMATCH, NULL, "certificate is not meant for servers" },
	{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, NULL, "certificate breaks its issuer's constraints" },
	{ GNUTLS_CERT_REVOKED, NULL, "certificate is revoked" },
};
/* clang-format on */

void chain_explain(const struct chain *c, unsigned status, const char *host, char *ret, size_t size)
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
			str_addf(&why, "%s%s", is_address(host) ? "the address " : "", host);
	}
	if (why.len == 0)
		str_addf(&why, "certificate is not good (GnuTLS status %#x)", status);
	str_copy(ret, size, str_c(&why));
}
