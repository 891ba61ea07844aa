/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: what an OAuth 2.0 server gave, by the key of http_token, and who waits for it.  Private to
 * port/http.
 *
 *	none ──► asked (its calls wait) ──► held, until it ends ──► asked ...
 *	              └──► refused: its calls end, and the next one asks again
 *
 * https://www.rfc-editor.org/rfc/rfc6749#section-4.4, #section-5
 */
#ifndef PORT_HTTP_TOKEN_H
#define PORT_HTTP_TOKEN_H

#include "port/http/call.h"

struct token_list {
	struct token *first;
	unsigned n;
};

/* *ret_waits: the call was told what it waits for, and is neither sent nor done before; else the
 * token is in its headers. */
enum rc token_use(struct http_client *c, struct http_call *call, const struct http_token *wish,
	bool *ret_waits, struct err *e) MUST_USE;
/* When all calls have ended. */
void tokens_free(struct token_list *l);

/* "Bearer abc" and for how long, out of what a server answers; RC_INPUT: it is no token. */
enum rc token_read(const char *body, size_t n, struct str *ret_header, int64_t *ret_ttl_s,
	struct err *e) MUST_USE;

/* client.c's: of its list; the next call that waits for `t`, NULL: none. */
struct token_list *client_tokens(struct http_client *c);
struct http_call *client_waiting(const struct http_client *c, const struct token *t);
/* A call that has waited is sent; or it ends without, and is freed. */
void client_send(struct http_client *c, struct http_call *call);
void client_end_unsent(struct http_client *c, struct http_call *call, const char *why);
/* One that is sent, made by call_new(). */
enum rc client_start(struct http_client *c, struct http_call *call, struct err *e) MUST_USE;
const struct curl_api *client_curl(const struct http_client *c);

#endif
