/* SPDX-License-Identifier: Apache-2.0 */
#include "port/discovery/request.h"

#include "port/files/secret.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define REDIRECTS_MAX 10 /* as Go's client */

void request_files_init(struct request_files *f)
{
	*f = (struct request_files){ .ca = -1, .cert = -1, .key = -1 };
}

static void close_file(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void request_files_fini(struct request_files *f)
{
	close_file(&f->ca);
	close_file(&f->cert);
	close_file(&f->key);
}

static enum rc open_inline(const struct secret *s, int *ret_fd, char path[32], struct err *e)
{
	size_t n, done = 0;
	int fd;

	if (s->kind != SECRET_INLINE || *ret_fd >= 0)
		return RC_OK;
	fd = memfd_create("pem", MFD_CLOEXEC);
	if (fd < 0)
		return err_set(e, RC_IO, "no file in memory for %s", s->name);
	for (n = strlen(s->value); done < n;) {
		ssize_t written = write(fd, s->value + done, n - done);

		if (written <= 0) {
			close(fd);
			return err_set(e, RC_IO, "no memory for %s", s->name);
		}
		done += (size_t)written;
	}
	*ret_fd = fd;
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return RC_OK;
}

enum rc request_files_open(struct request_files *f, const struct tls_config *tls, struct err *e)
{
	enum rc rc = open_inline(&tls->ca, &f->ca, f->ca_path, e);

	if (rc == RC_OK)
		rc = open_inline(&tls->cert, &f->cert, f->cert_path, e);
	if (rc == RC_OK)
		rc = open_inline(&tls->key, &f->key, f->key_path, e);
	return rc;
}

static const char *path_of(const struct secret *s, int fd, const char *memory)
{
	if (s->kind == SECRET_FILE)
		return s->name;
	return fd >= 0 ? memory : NULL;
}

static enum rc resolve(const struct secret *s, struct str *ret, struct err *e)
{
	return s->kind == SECRET_NONE ? RC_OK : secret_resolve(s, ret, e);
}

static enum rc add_authorization(struct request *r, const struct http_authorization *a,
	struct err *e)
{
	scoped(secret_wipe) struct str credentials = STR_EMPTY;
	enum rc rc = resolve(&a->credentials, &credentials, e);

	if (rc == RC_OK)
		request_add_header(r, "Authorization: %s %s", a->type, str_c(&credentials));
	return rc;
}

static enum rc add_headers(struct request *r, const struct http_config *c, struct err *e)
{
	for (uint32_t i = 0; i < c->n_headers; i++)
		for (uint32_t k = 0; k < c->headers[i].n_values; k++) {
			scoped(secret_wipe) struct str value = STR_EMPTY;
			enum rc rc = resolve(&c->headers[i].values[k], &value, e);

			if (rc != RC_OK)
				return rc;
			request_add_header(r, "%s: %s", c->headers[i].name, str_c(&value));
		}
	return RC_OK;
}

static enum rc add_login(struct request *r, const struct http_basic_auth *a, struct err *e)
{
	enum rc rc = resolve(&a->user, &r->user, e);

	if (rc == RC_OK)
		rc = resolve(&a->password, &r->password, e);
	r->http.user = str_c(&r->user);
	r->http.password = str_c(&r->password);
	return rc;
}

/* ---- proxies and tokens: rare, and so in memory of their own */

struct request_proxy {
	const char *headers[REQUEST_HEADERS_MAX];
	struct str lines[REQUEST_HEADERS_MAX];
	uint32_t n;
	struct str excepted;
};

/* As in Go, whoever excepts anything excepts this machine. */
static void except(const struct http_proxy *p, struct str *out)
{
	const char *named = p->no_proxy;

	if (p->from_environment)
		named = getenv("NO_PROXY") ? getenv("NO_PROXY") : getenv("no_proxy");
	str_add(out, named ? named : "");
	if (!str_eq(str_c(out), "*"))
		str_addf(out, "%slocalhost,127.0.0.0/8,::1", out->len ? "," : "");
}

static enum rc add_proxy_headers(struct request_proxy *to, const struct http_proxy *p,
	struct err *e)
{
	for (uint32_t i = 0; i < p->n_headers; i++)
		for (uint32_t k = 0; k < p->headers[i].n_values; k++) {
			scoped(secret_wipe) struct str value = STR_EMPTY;
			enum rc rc = resolve(&p->headers[i].values[k], &value, e);

			if (rc != RC_OK)
				return rc;
			if (to->n == REQUEST_HEADERS_MAX)
				return err_set(e, RC_LIMIT, "proxy_connect_header: more than %d",
					REQUEST_HEADERS_MAX);
			str_addf(&to->lines[to->n], "%s: %s", p->headers[i].name, str_c(&value));
			to->headers[to->n] = str_c(&to->lines[to->n]);
			to->n++;
		}
	return RC_OK;
}

/* libcurl asks the environment itself, but for HTTP_PROXY in capitals, which Go reads too. */
static const char *environment_proxy(void)
{
	return getenv("http_proxy") || getenv("REQUEST_METHOD") ? NULL : getenv("HTTP_PROXY");
}

static enum rc use_proxy(const struct http_proxy *p, struct request_proxy **ret,
	struct http_request *to, struct err *e)
{
	to->proxy_url = p->from_environment ? NULL : p->url ? p->url : "";
	to->falls_back_on_proxy = p->from_environment ? environment_proxy() : NULL;
	if (!p->n_headers && !p->no_proxy && !p->from_environment)
		return RC_OK;
	*ret = must_alloc(sizeof **ret);
	if (p->no_proxy || p->from_environment) {
		except(p, &(*ret)->excepted);
		to->no_proxy = str_c(&(*ret)->excepted);
	}
	to->proxy_headers = (*ret)->headers;
	if (add_proxy_headers(*ret, p, e) != RC_OK)
		return e ? e->rc : RC_INPUT;
	to->n_proxy_headers = (*ret)->n;
	return RC_OK;
}

static void proxy_free(struct request_proxy *p)
{
	for (uint32_t i = 0; p && i < p->n; i++)
		secret_wipe(&p->lines[i]);
	if (p)
		str_fini(&p->excepted);
	free(p);
}

struct request_token {
	struct http_token token;
	struct http_request requests[HTTP_TOKEN_REQUESTS_MAX];
	const char *headers[1];
	struct str key, user, password, body, body_with_secret;
};

static void token_free(struct request_token *t)
{
	if (!t)
		return;
	str_fini(&t->key);
	secret_wipe(&t->user);
	secret_wipe(&t->password);
	secret_wipe(&t->body);
	secret_wipe(&t->body_with_secret);
	free(t);
}

static void add_param(struct str *body, const char *name, const char *value)
{
	if (body->len)
		str_addc(body, '&');
	str_add_percent(body, name);
	str_addc(body, '=');
	str_add_percent(body, value);
}

static void write_body(const struct http_oauth2 *o, struct str *body)
{
	scoped(str_fini) struct str scopes = STR_EMPTY;

	add_param(body, "grant_type", "client_credentials");
	for (uint32_t i = 0; i < o->scopes.n; i++)
		str_addf(&scopes, "%s%s", i ? " " : "", o->scopes.v[i]);
	if (o->scopes.n)
		add_param(body, "scope", str_c(&scopes));
	for (uint32_t i = 0; i < o->n_params; i++)
		add_param(body, o->params[i].name, o->params[i].value);
}

static enum rc fill_token(struct request_token *t, const struct http_oauth2 *o, struct err *e)
{
	scoped(secret_wipe) struct str secret = STR_EMPTY;
	enum rc rc = resolve(&o->client_secret, &secret, e);

	if (rc != RC_OK)
		return err_in(e, rc, "oauth2");
	write_body(o, &t->body);
	str_add_percent(&t->user, o->client_id);
	str_add_percent(&t->password, str_c(&secret));
	str_add(&t->body_with_secret, str_c(&t->body));
	add_param(&t->body_with_secret, "client_id", o->client_id);
	add_param(&t->body_with_secret, "client_secret", str_c(&secret));
	str_addf(&t->key, "%s %s %s %s", o->token_url, o->client_id,
		o->client_secret.name ? o->client_secret.name : "", str_c(&t->body));
	return RC_OK;
}

/* First with the client's secret in the header, then in the form, as Go's client tries it. */
static enum rc add_token(struct request *r, const struct http_oauth2 *o, struct err *e)
{
	struct request_token *t = must_alloc(sizeof *t);
	struct http_request *header = &t->requests[0], *form = &t->requests[1];
	enum rc rc;

	r->token = t;
	rc = fill_token(t, o, e);
	if (rc == RC_OK)
		rc = use_proxy(&o->proxy, &r->token_proxy, header, e);
	if (rc != RC_OK)
		return rc;
	t->headers[0] = "Content-Type: application/x-www-form-urlencoded";
	header->method = "POST";
	header->url = o->token_url;
	header->headers = t->headers;
	header->n_headers = 1;
	header->tls = (struct http_tls){ .ca_file = path_of(&o->tls.ca, -1, NULL),
		.cert_file = path_of(&o->tls.cert, -1, NULL),
		.key_file = path_of(&o->tls.key, -1, NULL),
		.is_insecure = o->tls.is_insecure,
		.min_version = (uint8_t)HTTP_TLS_VERSION(o->tls.min_version),
		.max_version = (uint8_t)HTTP_TLS_VERSION(o->tls.max_version) };
	*form = *header;
	header->user = str_c(&t->user);
	header->password = str_c(&t->password);
	header->body = str_c(&t->body);
	header->body_bytes = t->body.len;
	form->body = str_c(&t->body_with_secret);
	form->body_bytes = t->body_with_secret.len;
	t->token = (struct http_token){ str_c(&t->key), t->requests, HTTP_TOKEN_REQUESTS_MAX };
	r->http.token = &t->token;
	return RC_OK;
}

enum rc request_init(struct request *r, const struct http_config *c, const struct request_files *f,
	struct err *e)
{
	enum rc rc = RC_OK;

	*r = (struct request){ 0 };
	r->http.headers = r->headers;
	rc = use_proxy(&c->proxy, &r->proxy, &r->http, e);
	if (rc != RC_OK)
		return rc;
	r->http.redirects_max = c->follow_redirects ? REDIRECTS_MAX : 0;
	r->http.wants_http2 = c->enable_http2;
	r->http.tls = (struct http_tls){
		.ca_file = path_of(&c->tls.ca, f->ca, f->ca_path),
		.cert_file = path_of(&c->tls.cert, f->cert, f->cert_path),
		.key_file = path_of(&c->tls.key, f->key, f->key_path),
		.is_insecure = c->tls.is_insecure,
		.min_version = (uint8_t)HTTP_TLS_VERSION(c->tls.min_version),
		.max_version = (uint8_t)HTTP_TLS_VERSION(c->tls.max_version),
	};
	if (c->tls.server_name)
		return err_set(e, RC_UNSUPPORTED,
			"tls_config: server_name is not supported yet in service discovery");
	if (c->basic_auth)
		rc = add_login(r, c->basic_auth, e);
	if (rc == RC_OK && c->authorization)
		rc = add_authorization(r, c->authorization, e);
	if (rc == RC_OK && c->oauth2)
		rc = add_token(r, c->oauth2, e);
	return rc == RC_OK ? add_headers(r, c, e) : rc;
}

enum rc request_use_proxy_and_token(struct request *r, const struct http_config *c,
	struct http_request *to, struct err *e)
{
	enum rc rc = use_proxy(&c->proxy, &r->proxy, to, e);

	if (rc != RC_OK || !c->oauth2)
		return rc;
	rc = add_token(r, c->oauth2, e);
	to->token = r->http.token;
	return rc;
}

void request_add_header(struct request *r, const char *fmt, ...)
{
	struct str *line = &r->lines[r->n];
	va_list ap;

	must(r->n < REQUEST_HEADERS_MAX);
	va_start(ap, fmt);
	str_vaddf(line, fmt, ap);
	va_end(ap);
	r->headers[r->n++] = str_c(line);
	r->http.n_headers = r->n;
}

void request_fini(struct request *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		secret_wipe(&r->lines[i]);
	secret_wipe(&r->user);
	secret_wipe(&r->password);
	proxy_free(r->proxy);
	proxy_free(r->token_proxy);
	token_free(r->token);
}
