/* SPDX-License-Identifier: Apache-2.0 */
/* request: settings of base/http_config.h as a request of port/http, secrets read at that moment. */
#ifndef PORT_DISCOVERY_REQUEST_H
#define PORT_DISCOVERY_REQUEST_H

#include "base/http_config.h"
#include "base/str.h"
#include "port/http/http.h"

#define REQUEST_HEADERS_MAX 32

/* enum tls_version as struct http_tls has it. */
#define HTTP_TLS_VERSION(v) ((v) == TLS_VERSION_ANY ? 0 : (v)-TLS_VERSION_1_0 + 10)

/* Texts that stand inline where libcurl wants a file: kept in memory files. */
struct request_files {
	int ca, cert, key; /* descriptors; -1: none */
	char ca_path[32], cert_path[32], key_path[32];
};
void request_files_init(struct request_files *f);
/* What is open already stays as it is: may be called before each request. */
enum rc request_files_open(struct request_files *f, const struct tls_config *tls,
	struct err *e) MUST_USE;
void request_files_fini(struct request_files *f);

struct request { /* what one request needs, until http_start() has copied it */
	struct http_request http;
	const char *headers[REQUEST_HEADERS_MAX];
	struct str lines[REQUEST_HEADERS_MAX]; /* hold the headers; wiped afterwards */
	uint32_t n;
	struct str user, password;
	struct request_proxy *proxy, *token_proxy; /* NULL: none is declared */
	struct request_token *token;
};
/* Begin with what the settings say; the caller adds the URL and what it expects. */
enum rc request_init(struct request *r, const struct http_config *c, const struct request_files *f,
	struct err *e) MUST_USE;
/* Only these of the settings, for a request `to` that is made otherwise; `r` is zeroed before, and
 * lives until that has been started. */
enum rc request_use_proxy_and_token(struct request *r, const struct http_config *c,
	struct http_request *to, struct err *e) MUST_USE;
void request_add_header(struct request *r, const char *fmt, ...) PRINTF(2, 3);
void request_fini(struct request *r);
SCOPED_FINI(request_fini, struct request)

#endif
