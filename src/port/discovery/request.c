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

	if (s->kind != SECRET_INLINE)
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

enum rc request_init(struct request *r, const struct http_config *c, const struct request_files *f,
	struct err *e)
{
	enum rc rc = RC_OK;

	*r = (struct request){ 0 };
	r->http.headers = r->headers;
	r->http.proxy_url = c->proxy_url ? c->proxy_url : "";
	r->http.redirects_max = c->follow_redirects ? REDIRECTS_MAX : 0;
	r->http.wants_http2 = c->enable_http2;
	r->http.tls = (struct http_tls){
		.ca_file = path_of(&c->tls.ca, f->ca, f->ca_path),
		.cert_file = path_of(&c->tls.cert, f->cert, f->cert_path),
		.key_file = path_of(&c->tls.key, f->key, f->key_path),
		.is_insecure = c->tls.is_insecure,
	};
	if (c->tls.server_name || c->tls.min_version || c->tls.max_version)
		return err_set(e, RC_UNSUPPORTED,
			"tls_config: server_name, min_version and max_version are not supported "
			"yet in service discovery");
	if (c->basic_auth)
		rc = add_login(r, c->basic_auth, e);
	if (rc == RC_OK && c->authorization)
		rc = add_authorization(r, c->authorization, e);
	return rc == RC_OK ? add_headers(r, c, e) : rc;
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
}
