/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/trust.h"

#include "base/mem.h"
#include "base/reason.h"
#include "port/http/http.h"
#include "port/probe/certificate.h"

#include <stdio.h>
#include <time.h>

/* X25519 first: its key share costs a tenth of a handshake less than P-256's. */
#define PRIORITY                                                               \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-GROUP-ALL:+GROUP-X25519:" \
	"+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:+GROUP-FFDHE2048:" \
	"+GROUP-FFDHE3072"
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
	enum rc rc = chain_read(&c, shown->der, shown->n, e);

	if (rc != RC_OK)
		return rc;
	chain_facts(&c, shown->der, &m->facts);
	m->ends = INT64_MAX;
	if (shown->spec->is_insecure)
		return RC_OK;
	rc = bundle_for(t, shown->spec->ca_file, &bundle, e);
	if (rc != RC_OK)
		return rc;
	chain_find_anchors(&c, bundle);
	rc = chain_verify(&c, shown->host, &status, e);
	if (rc != RC_OK)
		return rc;
	if (status)
		chain_explain(&c, status, shown->host, ret_why, REASON_BYTES_MAX + 1);
	chain_validity(&c, &m->begins, &m->ends);
	m->facts.chain_expiry_s = status ? 0 : m->ends;
	return RC_OK;
}

static void apply_expiry_rule(const struct tls_spec *spec, const struct probe_tls *facts,
	char *ret_why)
{
	int64_t left_ms = (facts->earliest_expiry_s - time(NULL)) * SECOND_MS;
	char left[DURATION_TEXT_MAX], wanted[DURATION_TEXT_MAX], date[CERTIFICATE_DATE_MAX];

	if (ret_why[0] || spec->expires_after_ms == 0 || left_ms >= spec->expires_after_ms)
		return;
	certificate_date(facts->earliest_expiry_s, date);
	duration_text(spec->expires_after_ms, wanted);
	if (left_ms < 0)
		snprintf(ret_why, REASON_BYTES_MAX + 1, REASON_EXPIRED " %s ago (%s)",
			duration_text(-left_ms, left), date);
	else
		snprintf(ret_why, REASON_BYTES_MAX + 1, REASON_EXPIRES " %s (%s), wanted %s",
			duration_text(left_ms, left), date, wanted);
}

enum rc trust_check(struct trust *t, gnutls_session_t session, const struct tls_check *check,
	struct tls_verdict *ret, struct err *e)
{
	const struct tls_spec *spec = check->spec;
	const char *path = spec->ca_file ? spec->ca_file : "";
	struct shown shown = { .spec = spec };
	struct memory fresh = { .verified = time(NULL) };
	const struct memory *known;
	enum rc rc;

	ret->why[0] = '\0';
	shown.host = spec->server_name ? spec->server_name : check->host;
	shown.der = gnutls_certificate_get_peers(session, &shown.n);
	if (!shown.der || shown.n == 0)
		return err_set(e, RC_INPUT, "the server shows no certificate");
	look_at_bundles(t);
	fresh.key = memory_key(shown.der, shown.n, shown.host, spec->is_insecure ? "-" : path);
	fresh.generation = t->generation;
	known = recall(t, &fresh.key);
	if (!known) {
		rc = examine(t, &shown, &fresh, ret->why, e);
		if (rc != RC_OK)
			return rc;
		if (!ret->why[0])
			remember(t, &fresh);
		known = &fresh;
	}
	ret->facts = known->facts;
	read_session(session, &ret->facts);
	apply_expiry_rule(spec, &ret->facts, ret->why);
	return RC_OK;
}
