/* SPDX-License-Identifier: Apache-2.0 */
/* Discord's webhooks (docs: Webhook Resource; Execute Webhook, Edit Webhook Message). */
#include "port/notify/order.h"

#include "base/json.h"

#include <stdio.h>

/* Ids are numbers (snowflakes); another could lead the request elsewhere. */
static bool is_snowflake(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n <= 20 && strspn(text, "0123456789") == n;
}

/* Puts `path` behind the address's own, before its query (?thread_id=...). */
static void insert_path(struct str *url, const char *path)
{
	const char *query = strchr(str_c(url), '?');
	scoped(str_fini) struct str whole = STR_EMPTY;
	size_t n = query ? (size_t)(query - str_c(url)) : url->len;

	while (n > 0 && str_c(url)[n - 1] == '/')
		n--;
	str_addn(&whole, str_c(url), n);
	str_add(&whole, path);
	str_add(&whole, query ? query : "");
	explicit_bzero(url->s, url->len);
	str_clear(url);
	str_addn(url, str_c(&whole), whole.len);
	explicit_bzero(whole.s, whole.len);
}

static enum rc prepare(struct order *o, struct err *e)
{
	const struct delivery *d = o->delivery;
	char path[MESSAGE_ID_MAX + 16];
	enum rc rc = order_url(o, e);

	if (rc != RC_OK)
		return rc;
	if (d->is_edit && !is_snowflake(d->message))
		return err_set(e, RC_CONFLICT, "the message to edit has no proper id");
	snprintf(path, sizeof path, "/messages/%s", d->message);
	insert_path(&o->url, d->is_edit ? path : "");
	if (!d->is_edit)
		str_add(&o->url, strchr(str_c(&o->url), '?') ? "&wait=true" : "?wait=true");
	o->request.method = d->is_edit ? "PATCH" : "POST";
	o->request.is_fresh = !d->is_edit; /* libcurl must not send it again by itself */
	order_header(o, "Content-Type: application/json");
	return RC_OK;
}

/* "HTTP 404: Unknown Webhook (10015)" */
static void explain(const struct http_response *r, const json_t *body, struct order_result *ret)
{
	const char *message = json_get_text(body, "message", NULL);
	int code = (int)json_get_int(body, "code", 0);
	char status[16];

	if (ret->answer.verdict == PACE_DELIVERED)
		return;
	snprintf(status, sizeof status, "%d: ", r->status);
	if (message && str_starts(message, status)) /* "500: Internal Server Error" */
		message += strlen(status);
	if (message && code)
		snprintf(ret->reason, sizeof ret->reason, "HTTP %d: %.150s (%d)", r->status,
			message, code);
	else
		snprintf(ret->reason, sizeof ret->reason, "HTTP %d%s%.150s", r->status,
			message ? ": " : "", message ? message : "");
}

/* With wait=true Discord answers 200 with the message.  Whoever answers 200 with anything else, a
 * portal that wants a login say, is somebody in between: nothing was delivered. */
static bool is_impostor(const struct http_response *r, const json_t *body)
{
	return r->status == 200 && !json_is_object(body);
}

static void judge(const struct http_response *r, bool is_edit, struct order_result *ret)
{
	scoped(json_decref) json_t *body = NULL;
	const char *id;

	if (json_read(&body, r->body, r->body_bytes, NULL) != RC_OK)
		body = NULL; /* HTML of somebody in between: the status alone must do */
	ret->answer = pace_judge_discord(r->status, is_edit, r->headers, r->body, r->body_bytes);
	if (is_impostor(r, body)) {
		ret->answer.verdict = PACE_FAILED;
		snprintf(ret->reason, sizeof ret->reason, "HTTP 200, but not as Discord answers");
		return;
	}
	id = json_get_text(body, "id", "");
	if (ret->answer.verdict == PACE_DELIVERED && is_snowflake(id))
		str_copy(ret->message, sizeof ret->message, id);
	explain(r, body, ret);
}

const struct order_kind order_discord = { prepare, judge, true };
