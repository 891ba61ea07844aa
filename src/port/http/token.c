/* SPDX-License-Identifier: Apache-2.0 */
#include "port/http/token.h"

#include "base/json.h"
#include "port/files/secret.h"

#include <strings.h>

#define TOKENS_MAX  64
#define SPARE_NS    (UINT64_C(10) * 1000000000) /* a token isn't used so shortly before its end */
#define NO_END      INT64_MAX                   /* the server names none */
#define TTL_S_MAX   (INT64_C(100) * 365 * 86400)
#define TOKEN_BYTES 65536 /* of an answer */

struct token {
	struct token *next;
	char *key;
	struct str header; /* "Authorization: Bearer ..."; empty: none is held */
	uint64_t ends_ns;  /* uv_hrtime() */
	struct http_client *client;
	struct http_call *asks[HTTP_TOKEN_REQUESTS_MAX]; /* not sent so far; NULL: sent, or none */
	bool is_asked;
};

/* ---- what a server answers */

static int64_t read_ttl(const json_t *answer)
{
	const json_t *ttl = json_object_get(answer, "expires_in");
	int64_t seconds = json_is_string(ttl) ? strtoll(json_string_value(ttl), NULL, 10)
					      : (int64_t)json_number_value(ttl);

	return seconds <= 0 || seconds > TTL_S_MAX ? NO_END : seconds;
}

enum rc token_read(const char *body, size_t n, struct str *ret_header, int64_t *ret_ttl_s,
	struct err *e)
{
	scoped(json_decref) json_t *answer = NULL;
	const char *token, *type;

	if (json_read(&answer, body, n, NULL) != RC_OK || !json_is_object(answer))
		return err_set(e, RC_INPUT, "the answer is not JSON");
	token = json_get_text(answer, "access_token", "");
	type = json_get_text(answer, "token_type", "Bearer");
	if (!*token)
		return err_set(e, RC_INPUT, "server response missing access_token");
	if (strpbrk(token, "\r\n") || strpbrk(type, "\r\n"))
		return err_set(e, RC_INPUT, "the access_token holds a line break");
	str_clear(ret_header);
	str_addf(ret_header, "Authorization: %s %s",
		!*type || strcasecmp(type, "bearer") == 0 ? "Bearer" : type, token);
	*ret_ttl_s = read_ttl(answer);
	return RC_OK;
}

/* ---- the list */

static void token_free(struct token *t)
{
	for (uint32_t i = 0; i < HTTP_TOKEN_REQUESTS_MAX; i++)
		call_free(t->asks[i]);
	secret_wipe(&t->header);
	free(t->key);
	free(t);
}

void tokens_free(struct token_list *l)
{
	while (l->first) {
		struct token *t = l->first;

		l->first = t->next;
		token_free(t);
	}
	l->n = 0;
}

/* Room for one more: the oldest goes that nobody waits for. */
static void make_room(struct token_list *l)
{
	struct token **oldest = NULL;

	if (l->n < TOKENS_MAX)
		return;
	for (struct token **t = &l->first; *t; t = &(*t)->next)
		if (!(*t)->is_asked)
			oldest = t;
	if (oldest) {
		struct token *gone = *oldest;

		*oldest = gone->next;
		token_free(gone);
		l->n--;
	}
}

static struct token *find_or_add(struct http_client *c, const char *key)
{
	struct token_list *l = client_tokens(c);
	struct token *t;

	for (t = l->first; t; t = t->next)
		if (strcmp(t->key, key) == 0)
			return t;
	make_room(l);
	t = must_alloc(sizeof *t);
	t->key = must_strdup(key);
	t->client = c;
	t->next = l->first;
	l->first = t;
	l->n++;
	return t;
}

static bool is_held(const struct token *t)
{
	return t->header.len && uv_hrtime() < t->ends_ns;
}

/* ---- asking */

static bool ask_next(struct token *t);

/* Whoever waits goes on, or ends. */
static void settle(struct token *t, const char *why)
{
	struct http_client *c = t->client;
	struct http_call *call;
	struct err e = { 0 };

	t->is_asked = false;
	for (uint32_t i = 0; i < HTTP_TOKEN_REQUESTS_MAX; i++) {
		call_free(t->asks[i]);
		t->asks[i] = NULL;
	}
	while ((call = client_waiting(c, t))) {
		call->token = NULL;
		if (why)
			client_end_unsent(c, call, why);
		else if (call_add_header(call, str_c(&t->header), &e) != RC_OK)
			client_end_unsent(c, call, e.text);
		else
			client_send(c, call);
	}
}

static void keep(struct token *t, int64_t ttl_s)
{
	uint64_t ttl_ns = (uint64_t)ttl_s * 1000000000;

	if (ttl_s == NO_END)
		t->ends_ns = UINT64_MAX;
	else
		t->ends_ns = uv_hrtime() + (ttl_ns > SPARE_NS ? ttl_ns - SPARE_NS : 0);
}

/* In Go's words: the error of RFC 6749, 5.2, or the status. */
static enum rc refusal(const struct http_response *r, struct err *e)
{
	scoped(json_decref) json_t *answer = NULL;
	const char *error = NULL, *more = "";

	if (json_read(&answer, r->body, r->body_bytes, NULL) == RC_OK && json_is_object(answer)) {
		error = json_get_text(answer, "error", NULL);
		more = json_get_text(answer, "error_description", "");
	}
	if (!error)
		return err_set(e, RC_INPUT, "oauth2: cannot fetch token: status %d", r->status);
	return err_set(e, RC_INPUT, "oauth2: \"%.80s\"%s%.100s%s", error, *more ? " \"" : "", more,
		*more ? "\"" : "");
}

static enum rc take(struct token *t, const struct http_response *r, struct err *e)
{
	int64_t ttl_s;

	if (r->outcome != HTTP_ANSWERED)
		return err_set(e, RC_OFFLINE, "oauth2: cannot fetch token: %s", r->reason);
	if (r->status / 100 != 2)
		return refusal(r, e);
	if (token_read(r->body, r->body_bytes, &t->header, &ttl_s, e) != RC_OK)
		return err_in(e, RC_INPUT, "oauth2: cannot fetch token");
	keep(t, ttl_s);
	return RC_OK;
}

static void on_answer(void *ctx, const struct http_response *r)
{
	struct token *t = ctx;
	struct err e = { 0 };

	if (take(t, r, &e) == RC_OK)
		settle(t, NULL);
	else if (!ask_next(t))
		settle(t, e.text);
}

/* False: all were asked. */
static bool ask_next(struct token *t)
{
	for (uint32_t i = 0; i < HTTP_TOKEN_REQUESTS_MAX; i++) {
		scoped(call_free) struct http_call *call = TAKE(t->asks[i]);

		if (call && client_start(t->client, call, NULL) == RC_OK) {
			(void)TAKE(call);
			return true;
		}
	}
	return false;
}

static enum rc ask(struct token *t, const struct http_token *wish, struct err *e)
{
	must(wish->n_requests <= HTTP_TOKEN_REQUESTS_MAX);
	for (uint32_t i = 0; i < wish->n_requests; i++) {
		struct http_request r = wish->requests[i];
		enum rc rc;

		r.done = on_answer;
		r.ctx = t;
		r.answer_bytes_max = TOKEN_BYTES;
		rc = call_new(&t->asks[i], client_curl(t->client), &r, e);
		if (rc != RC_OK)
			return rc;
	}
	t->is_asked = ask_next(t);
	return t->is_asked ? RC_OK
			   : err_set(e, RC_INTERNAL, "oauth2: the token can't be asked for");
}

enum rc token_use(struct http_client *c, struct http_call *call, const struct http_token *wish,
	bool *ret_waits, struct err *e)
{
	struct token *t = find_or_add(c, wish->key);
	enum rc rc = RC_OK;

	*ret_waits = !is_held(t);
	if (!*ret_waits)
		return call_add_header(call, str_c(&t->header), e);
	if (!t->is_asked)
		rc = ask(t, wish, e);
	if (rc == RC_OK)
		call->token = t;
	return rc;
}
