/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_config: how to speak to an HTTP server, in Prometheus' words: what stands in scrape configs,
 * service discovery, remote write and alerting.
 *
 * Source: HTTPClientConfig and TLSConfig of prometheus/common, config/http_config.go.  Whoever
 * sends requests does all that stands here; secrets and files are read when they are used.
 */
#ifndef BASE_HTTP_CONFIG_H
#define BASE_HTTP_CONFIG_H

#include "base/doc_reader.h"
#include "base/secret.h"

enum tls_version {
	TLS_VERSION_ANY,
	TLS_VERSION_1_0,
	TLS_VERSION_1_1,
	TLS_VERSION_1_2,
	TLS_VERSION_1_3
};

struct tls_config {
	struct secret ca, cert, key; /* PEM, inline or in a file; SECRET_NONE: the system's, none */
	const char *server_name;     /* SNI and name check; NULL: the address's host */
	bool is_insecure;
	int min_version, max_version; /* enum tls_version */
};

struct http_basic_auth {
	struct secret user, password; /* SECRET_NONE: empty */
};
struct http_authorization {
	const char *type; /* "Bearer" */
	struct secret credentials;
};
struct http_config_header {
	const char *name;
	struct secret *values; /* one header line each */
	uint32_t n_values;
};

struct http_proxy {
	const char *url;       /* NULL: none */
	const char *no_proxy;  /* hosts, domains, networks that are asked directly; NULL: none */
	bool from_environment; /* HTTP_PROXY, HTTPS_PROXY, NO_PROXY instead */
	struct http_config_header *headers; /* of CONNECT */
	uint32_t n_headers;
};

/* OAuth 2.0's client credentials: RFC 6749, 4.4. */
struct http_param {
	const char *name, *value;
};
struct http_oauth2 {
	const char *client_id, *token_url;
	struct secret client_secret;
	struct doc_texts scopes;
	struct http_param *params; /* more that the token's server wants */
	uint32_t n_params;
	struct tls_config tls; /* to that server; PEM in files only */
	struct http_proxy proxy;
};

struct http_config {
	struct http_basic_auth *basic_auth;       /* NULL: none */
	struct http_authorization *authorization; /* NULL: none; at most one of the three */
	struct http_oauth2 *oauth2;
	struct tls_config tls;
	struct http_proxy proxy;
	struct http_config_header *headers;
	uint32_t n_headers;
	bool follow_redirects; /* default true */
	bool enable_http2;     /* default true; HTTP/1.1 will do where targets speak it, too */

	struct secret bearer, bearer_file; /* as written; `authorization` holds them then */
};

/* The keys, to stand in the table of a shape whose struct holds a struct http_config as `member`. */
#define HTTP_CONFIG_KEYS(type, member)                                                            \
	{ "basic_auth", doc_pointer, offsetof(struct type, member.basic_auth),                    \
		.shape = &http_basic_auth_shape },                                                \
		{ "authorization", doc_pointer, offsetof(struct type, member.authorization),      \
			.shape = &http_authorization_shape },                                     \
		{ "bearer_token", doc_secret, offsetof(struct type, member.bearer) },             \
		{ "bearer_token_file", doc_secret_file,                                           \
			offsetof(struct type, member.bearer_file) },                              \
		{ "tls_config", doc_mapping, offsetof(struct type, member.tls),                   \
			.shape = &tls_config_shape },                                             \
		{ "follow_redirects", doc_flag, offsetof(struct type, member.follow_redirects) }, \
		{ "enable_http2", doc_flag, offsetof(struct type, member.enable_http2) },         \
		HTTP_PROXY_KEYS(type, member.proxy),                                              \
		{ "http_headers", http_take_headers, offsetof(struct type, member.headers) },     \
	{                                                                                         \
		"oauth2", doc_pointer, offsetof(struct type, member.oauth2),                      \
			.shape = &http_oauth2_shape                                               \
	}
#define HTTP_PROXY_KEYS(type, member)                                             \
	{ "proxy_url", http_take_url, offsetof(struct type, member.url) },        \
		{ "no_proxy", doc_text, offsetof(struct type, member.no_proxy) }, \
		{ "proxy_from_environment", doc_flag,                             \
			offsetof(struct type, member.from_environment) },         \
	{                                                                         \
		"proxy_connect_header", http_take_secret_headers,                 \
			offsetof(struct type, member.headers)                     \
	}

extern const struct doc_shape http_basic_auth_shape, http_authorization_shape, tls_config_shape,
	http_oauth2_shape;
doc_take http_take_url;            /* const char *: an absolute http or https URL */
doc_take http_take_headers;        /* struct http_config_header *, and the count behind it */
doc_take http_take_secret_headers; /* the same, of lists of secret values */

/* Prometheus' defaults; to be called by the `init` of the shape around it. */
void http_config_init(struct http_config *c);
/* What excludes each other; to be called by its `check`. */
void http_config_check(struct doc_reader *r, const struct doc_node *node, struct http_config *c);

#endif
