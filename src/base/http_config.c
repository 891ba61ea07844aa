/* SPDX-License-Identifier: Apache-2.0 */
#include "base/http_config.h"

#include "base/str.h"

#include <strings.h>

static const struct doc_key basic_auth_keys[] = {
	{ "username", doc_inline, offsetof(struct http_basic_auth, user) },
	{ "username_file", doc_secret_file, offsetof(struct http_basic_auth, user) },
	{ "password", doc_secret, offsetof(struct http_basic_auth, password) },
	{ "password_file", doc_secret_file, offsetof(struct http_basic_auth, password) },
	{ "username_ref", doc_refused, .hint = "use username or username_file" },
	{ "password_ref", doc_refused, .hint = "use password_file" },
	{ 0 },
};

/* Neither of a pair may be said twice: which one is meant can't be known. */
static void at_most_one(struct doc_reader *r, const struct doc_node *node, const char *a,
	const char *b)
{
	const struct doc_node *x = doc_get(node, a), *y = doc_get(node, b);

	if (x && y && x->kind != DOC_NULL && y->kind != DOC_NULL)
		doc_error(r, y, "at most one of %s and %s may be there", a, b);
}

static void check_basic_auth(struct doc_reader *r, const struct doc_node *node, void *to)
{
	(void)to;
	at_most_one(r, node, "username", "username_file");
	at_most_one(r, node, "password", "password_file");
}

const struct doc_shape http_basic_auth_shape = {
	.name = "basic_auth",
	.size_bytes = sizeof(struct http_basic_auth),
	.keys = basic_auth_keys,
	.check = check_basic_auth,
};

static const struct doc_key authorization_keys[] = {
	{ "type", doc_text, offsetof(struct http_authorization, type) },
	{ "credentials", doc_secret, offsetof(struct http_authorization, credentials) },
	{ "credentials_file", doc_secret_file, offsetof(struct http_authorization, credentials) },
	{ "credentials_ref", doc_refused, .hint = "use credentials_file" },
	{ 0 },
};

/* Go's TrimSpace, of what a header may hold. */
static const char *trimmed(struct doc_reader *r, const char *text)
{
	size_t n;

	text += strspn(text, " \t\r\n");
	n = strlen(text);
	while (n && strchr(" \t\r\n", text[n - 1]))
		n--;
	return arena_strndup(r->arena, text, n);
}

static void check_authorization(struct doc_reader *r, const struct doc_node *node, void *to)
{
	struct http_authorization *a = to;

	a->type = a->type ? trimmed(r, a->type) : NULL;
	if (!a->type || !a->type[0])
		a->type = "Bearer";
	if (strcasecmp(a->type, "basic") == 0)
		doc_error(r, doc_at(node, "type"),
			"authorization: the type can't be basic: use basic_auth");
	if (strpbrk(a->type, "\r\n"))
		doc_error(r, doc_at(node, "type"), "authorization: the type is of one line");
	at_most_one(r, node, "credentials", "credentials_file");
}

const struct doc_shape http_authorization_shape = {
	.name = "authorization",
	.size_bytes = sizeof(struct http_authorization),
	.keys = authorization_keys,
	.check = check_authorization,
};

static const struct doc_choice tls_versions[] = {
	{ "TLS10", TLS_VERSION_1_0 },
	{ "TLS11", TLS_VERSION_1_1 },
	{ "TLS12", TLS_VERSION_1_2 },
	{ "TLS13", TLS_VERSION_1_3 },
	{ 0 },
};

static const struct doc_key tls_keys[] = {
	{ "ca", doc_inline, offsetof(struct tls_config, ca) },
	{ "ca_file", doc_secret_file, offsetof(struct tls_config, ca) },
	{ "cert", doc_inline, offsetof(struct tls_config, cert) },
	{ "cert_file", doc_secret_file, offsetof(struct tls_config, cert) },
	{ "key", doc_secret, offsetof(struct tls_config, key) },
	{ "key_file", doc_secret_file, offsetof(struct tls_config, key) },
	{ "server_name", doc_text, offsetof(struct tls_config, server_name) },
	{ "insecure_skip_verify", doc_flag, offsetof(struct tls_config, is_insecure) },
	{ "min_version", doc_choose, offsetof(struct tls_config, min_version),
		.choices = tls_versions },
	{ "max_version", doc_choose, offsetof(struct tls_config, max_version),
		.choices = tls_versions },
	{ "ca_ref", doc_refused, .hint = "use ca_file" },
	{ "cert_ref", doc_refused, .hint = "use cert_file" },
	{ "key_ref", doc_refused, .hint = "use key_file" },
	{ 0 },
};

static void check_tls(struct doc_reader *r, const struct doc_node *node, void *to)
{
	const struct tls_config *tls = to;

	at_most_one(r, node, "ca", "ca_file");
	at_most_one(r, node, "cert", "cert_file");
	at_most_one(r, node, "key", "key_file");
	if (tls->cert.kind && !tls->key.kind)
		doc_error(r, node, "tls_config: a cert needs its key or key_file");
	if (tls->key.kind && !tls->cert.kind)
		doc_error(r, node, "tls_config: a key needs its cert or cert_file");
	if (tls->max_version && tls->max_version < tls->min_version)
		doc_error(r, doc_at(node, "max_version"),
			"tls_config: max_version is less than min_version");
}

const struct doc_shape tls_config_shape = {
	.name = "tls_config",
	.size_bytes = sizeof(struct tls_config),
	.keys = tls_keys,
	.check = check_tls,
};

void http_take_url(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	const char *text = doc_copy(r, key, node);
	size_t scheme;

	if (!text || !text[0])
		return;
	scheme = str_starts(text, "http://") ? 7 : str_starts(text, "https://") ? 8 : 0;
	if (!scheme || !text[scheme] || strchr("/?#", text[scheme]) || strpbrk(text, " \t\r\n\"<>"))
		doc_error(r, node, "%s: expected a URL that begins with http:// or https://",
			key->name); /* not repeated: there may be a password in it */
	else
		*(const char **)to = text;
}

/* Headers that the client writes itself. */
static bool is_reserved(const char *name)
{
	static const char *const reserved[] = { "Authorization", "Host", "Content-Encoding",
		"Content-Length", "Content-Type", "User-Agent", "Connection", "Keep-Alive",
		"Proxy-Authenticate", "Proxy-Authorization", "Www-Authenticate", "Accept-Encoding",
		"X-Prometheus-Remote-Write-Version", "X-Prometheus-Remote-Read-Version",
		"X-Prometheus-Scrape-Timeout-Seconds", "X-Amz-Date", "X-Amz-Security-Token",
		"X-Amz-Content-Sha256" };

	for (size_t i = 0; i < COUNT(reserved); i++)
		if (strcasecmp(reserved[i], name) == 0)
			return true;
	return false;
}

static bool is_header_name(const char *name)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	return name[0] && strspn(name, token) == strlen(name);
}

struct header_lists {
	struct doc_texts values, secrets, files;
};
static const struct doc_key header_keys[] = {
	{ "values", doc_text_list, offsetof(struct header_lists, values) },
	{ "secrets", doc_text_list, offsetof(struct header_lists, secrets) },
	{ "files", doc_text_list, offsetof(struct header_lists, files) },
	{ 0 },
};
static const struct doc_shape header_shape = {
	.name = "header",
	.size_bytes = sizeof(struct header_lists),
	.keys = header_keys,
};

static void add_values(struct doc_reader *r, const struct doc_node *node,
	struct http_config_header *h, const struct doc_texts *texts, enum secret_kind kind)
{
	for (uint32_t i = 0; i < texts->n; i++) {
		const char *text = texts->v[i], *folder = r->folder ? r->folder : "";
		struct secret *s = &h->values[h->n_values];

		if (kind == SECRET_INLINE && strpbrk(text, "\r\n")) {
			doc_error(r, node, "header %s: a value is of one line", h->name);
			continue;
		}
		s->kind = kind;
		s->name = kind == SECRET_INLINE
				  ? arena_printf(r->arena, "%s:%u", r->file, node->line)
				  : arena_printf(r->arena, "%s%s", text[0] == '/' ? "" : folder,
					    text);
		s->value = kind == SECRET_INLINE ? text : NULL;
		h->n_values++;
	}
}

static void take_header(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, struct http_config_header *h)
{
	struct header_lists lists = { 0 };

	(void)key;
	doc_read(r, &header_shape, node, &lists);
	h->values = doc_alloc(r,
		(lists.values.n + lists.secrets.n + lists.files.n) * sizeof *h->values);
	if (!h->values)
		return;
	add_values(r, node, h, &lists.values, SECRET_INLINE);
	add_values(r, node, h, &lists.secrets, SECRET_INLINE);
	add_values(r, node, h, &lists.files, SECRET_FILE);
	if (lists.secrets.n)
		doc_warning(r, node, "header %s: a secret stands in the file; files keep it out",
			h->name);
}

static void take_secrets(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, struct http_config_header *h)
{
	struct doc_texts secrets = { 0 };

	doc_text_list(r, key, node, &secrets);
	h->values = doc_alloc(r, secrets.n * sizeof *h->values);
	if (h->values)
		add_values(r, node, h, &secrets, SECRET_INLINE);
}

static void take_headers(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to,
	void (*take)(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
		struct http_config_header *h))
{
	struct http_config_header *headers;

	if (node->kind != DOC_MAPPING) {
		doc_expected(r, key, node, "a mapping of headers");
		return;
	}
	headers = doc_alloc(r, node->n * sizeof *headers);
	for (uint32_t i = 0; headers && i < node->n; i++) {
		const char *name = doc_copy(r, key, node->keys[i]);

		if (!name)
			continue;
		headers[i].name = name;
		if (!is_header_name(name))
			doc_error(r, node->keys[i], "'%.80s' can't name a header", name);
		else if (is_reserved(name))
			doc_error(r, node->keys[i],
				"header %s can't be set: it is written from the other settings",
				name);
		else
			take(r, key, node->values[i], &headers[i]);
	}
	doc_list_put(to, headers, headers ? node->n : 0);
}

void http_take_headers(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	take_headers(r, key, node, to, take_header);
}

void http_take_secret_headers(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	take_headers(r, key, node, to, take_secrets);
}

/* ---- proxies */

static void check_proxy(struct doc_reader *r, const struct doc_node *node,
	const struct http_proxy *p)
{
	if (p->from_environment && p->url)
		doc_error(r, doc_at(node, "proxy_from_environment"),
			"at most one of proxy_url and proxy_from_environment may be there");
	if (p->from_environment && p->no_proxy)
		doc_error(r, doc_at(node, "no_proxy"),
			"no_proxy goes with proxy_url, not with proxy_from_environment");
	else if (p->no_proxy && !p->url)
		doc_error(r, doc_at(node, "no_proxy"), "no_proxy needs a proxy_url");
	if (p->n_headers && !p->url && !p->from_environment)
		doc_error(r, doc_at(node, "proxy_connect_header"),
			"proxy_connect_header needs proxy_url or proxy_from_environment");
}

/* ---- OAuth 2.0 */

static void take_endpoint_params(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	struct http_param *params;
	uint32_t n = 0;

	if (node->kind != DOC_MAPPING) {
		doc_expected(r, key, node, "a mapping of texts");
		return;
	}
	params = doc_alloc(r, node->n * sizeof *params);
	for (uint32_t i = 0; params && i < node->n; i++) {
		struct http_param p = { doc_copy(r, key, node->keys[i]),
			doc_copy(r, key, node->values[i]) };

		if (p.name && p.value)
			params[n++] = p;
	}
	doc_list_put(to, params, n);
}

static const struct doc_key oauth2_keys[] = {
	{ "client_id", doc_text, offsetof(struct http_oauth2, client_id) },
	{ "client_secret", doc_secret, offsetof(struct http_oauth2, client_secret) },
	{ "client_secret_file", doc_secret_file, offsetof(struct http_oauth2, client_secret) },
	{ "client_secret_ref", doc_refused, .hint = "use client_secret_file" },
	{ "scopes", doc_text_list, offsetof(struct http_oauth2, scopes) },
	{ "token_url", http_take_url, offsetof(struct http_oauth2, token_url) },
	{ "endpoint_params", take_endpoint_params, offsetof(struct http_oauth2, params) },
	{ "tls_config", doc_mapping, offsetof(struct http_oauth2, tls),
		.shape = &tls_config_shape },
	HTTP_PROXY_KEYS(http_oauth2, proxy),
	{ 0 },
};

static void check_oauth2(struct doc_reader *r, const struct doc_node *node, void *to)
{
	const struct http_oauth2 *o = to;
	const struct tls_config *tls = &o->tls;

	if (!o->client_id || !o->client_id[0])
		doc_error(r, node, "oauth2: it needs a client_id");
	if (!o->token_url)
		doc_error(r, node, "oauth2: it needs a token_url");
	at_most_one(r, node, "client_secret", "client_secret_file");
	check_proxy(r, node, &o->proxy);
	if (tls->ca.kind == SECRET_INLINE || tls->cert.kind == SECRET_INLINE ||
		tls->key.kind == SECRET_INLINE || tls->server_name)
		doc_error(r, doc_at(node, "tls_config"),
			"oauth2: its tls_config takes ca_file, cert_file, key_file, versions and "
			"insecure_skip_verify only");
}

const struct doc_shape http_oauth2_shape = {
	.name = "oauth2",
	.size_bytes = sizeof(struct http_oauth2),
	.keys = oauth2_keys,
	.check = check_oauth2,
};

void http_config_init(struct http_config *c)
{
	*c = (struct http_config){ .follow_redirects = true, .enable_http2 = true };
}

/* bearer_token is an older way to say authorization. */
static void take_bearer(struct doc_reader *r, const struct doc_node *node, struct http_config *c)
{
	bool is_token = c->bearer.kind != SECRET_NONE, is_file = c->bearer_file.kind != SECRET_NONE;
	const struct doc_node *at = doc_at(node, is_token ? "bearer_token" : "bearer_token_file");
	struct http_authorization *a;

	if (!is_token && !is_file)
		return;
	if (is_token && is_file)
		doc_error(r, at, "at most one of bearer_token and bearer_token_file may be there");
	if (c->basic_auth || c->authorization)
		doc_error(r, at,
			"at most one of basic_auth, authorization, bearer_token and "
			"bearer_token_file may be there");
	a = doc_alloc(r, sizeof *a);
	if (!a)
		return;
	*a = (struct http_authorization){ "Bearer", is_token ? c->bearer : c->bearer_file };
	c->authorization = a;
}

void http_config_check(struct doc_reader *r, const struct doc_node *node, struct http_config *c)
{
	if (c->basic_auth && c->authorization)
		doc_error(r, doc_at(node, "authorization"),
			"at most one of basic_auth and authorization may be there");
	take_bearer(r, node, c);
	if (c->oauth2 && (c->basic_auth || c->authorization))
		doc_error(r, doc_at(node, "oauth2"),
			"at most one of basic_auth, oauth2 and authorization may be there");
	check_proxy(r, node, &c->proxy);
}
