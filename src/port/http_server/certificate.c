/* SPDX-License-Identifier: Apache-2.0 */
/* How: GnuTLS checks that both belong together when they become credentials; what it parsed for
 * that is taken out again in the form that its handshake callback wants. */
#include "port/http_server/certificate.h"

#include "base/mem.h"
#include "base/str.h"
#include "port/files/files.h"

#define PEM_BYTES_MAX 65536

static void wipe(struct str *s)
{
	if (s->s)
		explicit_bzero(s->s, s->cap);
	str_fini(s);
}
SCOPED_FINI(wipe, struct str)

SCOPED_BY(gnutls_certificate_free_credentials, gnutls_certificate_credentials_t)

static void free_pair(struct pair *p)
{
	for (unsigned i = 0; i < p->n; i++)
		gnutls_pcert_deinit(&p->chain[i]);
	if (p->key)
		gnutls_privkey_deinit(p->key);
	free(p);
}

static int take_chain(struct pair *p, gnutls_certificate_credentials_t both)
{
	gnutls_x509_crt_t *list = NULL;
	unsigned n = 0;
	int code = gnutls_certificate_get_x509_crt(both, 0, &list, &n);

	if (code < 0)
		return code;
	for (unsigned i = 0; code == 0 && i < n && i < PAIR_CHAIN_MAX; i++) {
		code = gnutls_pcert_import_x509(&p->chain[i], list[i], 0);
		p->n += code == 0;
	}
	for (unsigned i = 0; i < n; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return code;
}

static int take_key(struct pair *p, gnutls_certificate_credentials_t both)
{
	gnutls_x509_privkey_t key;
	int code = gnutls_certificate_get_x509_key(both, 0, &key);

	if (code < 0)
		return code;
	code = gnutls_privkey_init(&p->key);
	if (code == 0)
		code = gnutls_privkey_import_x509(p->key, key, GNUTLS_PRIVKEY_IMPORT_COPY);
	gnutls_x509_privkey_deinit(key);
	return code;
}

static int parse(const struct str *cert, const struct str *key, struct pair **ret)
{
	const gnutls_datum_t cert_pem = { (unsigned char *)cert->s, (unsigned)cert->len };
	const gnutls_datum_t key_pem = { (unsigned char *)key->s, (unsigned)key->len };
	scoped(gnutls_certificate_free_credentials) gnutls_certificate_credentials_t both = NULL;
	struct pair *p = must_alloc(sizeof *p);
	int code = gnutls_certificate_allocate_credentials(&both);

	if (code == 0)
		code = gnutls_certificate_set_x509_key_mem2(both, &cert_pem, &key_pem,
			GNUTLS_X509_FMT_PEM, NULL, 0);
	if (code >= 0)
		code = take_chain(p, both);
	if (code >= 0)
		code = take_key(p, both);
	if (code >= 0)
		*ret = p;
	else
		free_pair(p);
	return code;
}

static enum rc read_files(const struct certificate *c, struct str *ret_cert, struct str *ret_key,
	struct err *e)
{
	enum rc rc = file_read(c->cert_file, PEM_BYTES_MAX, ret_cert, e);

	if (rc == RC_OK)
		rc = file_read(c->key_file, PEM_BYTES_MAX, ret_key, e);
	if (rc == RC_OK && (!ret_cert->len || !ret_key->len))
		return err_set(e, RC_INPUT, "%s is empty",
			ret_cert->len ? c->key_file : c->cert_file);
	return rc == RC_OK ? rc : err_set(e, RC_INPUT, "%s", e->text);
}

static struct sha256 hash_both(const struct str *cert, const struct str *key)
{
	struct sha256 each[2] = { sha256_of(str_c(cert), cert->len),
		sha256_of(str_c(key), key->len) };

	return sha256_of(each, sizeof each);
}

enum rc certificate_refresh(struct certificate *c, bool *ret_is_new, struct err *e)
{
	scoped(wipe) struct str cert = STR_EMPTY, key = STR_EMPTY;
	struct pair *p = NULL;
	struct sha256 hash;
	struct err why = { 0 };
	enum rc rc = read_files(c, &cert, &key, &why);
	int code;

	*ret_is_new = false;
	if (rc != RC_OK) {
		c->tried = (struct sha256){ 0 };
		return err_set(e, rc, "%s", why.text);
	}
	hash = hash_both(&cert, &key);
	if (sha256_eq(&hash, &c->tried))
		return c->rc == RC_OK ? RC_OK : err_set(e, c->rc, "%s", c->why.text);
	c->tried = hash;
	code = parse(&cert, &key, &p);
	c->rc = code < 0 ? err_set(&c->why, RC_INPUT, "certificate %s and key %s: %s", c->cert_file,
				   c->key_file, gnutls_strerror(code))
			 : RC_OK;
	if (c->rc != RC_OK)
		return err_set(e, c->rc, "%s", c->why.text);
	p->older = c->newest;
	c->newest = p;
	*ret_is_new = true;
	return RC_OK;
}

enum rc certificate_read(struct certificate *c, const char *cert_file, const char *key_file,
	struct err *e)
{
	bool is_new;

	free(c->cert_file);
	free(c->key_file);
	c->cert_file = must_strdup(cert_file);
	c->key_file = must_strdup(key_file);
	return certificate_refresh(c, &is_new, e);
}

void certificate_fini(struct certificate *c)
{
	while (c->newest) {
		struct pair *p = c->newest;

		c->newest = p->older;
		free_pair(p);
	}
	free(c->cert_file);
	free(c->key_file);
}
