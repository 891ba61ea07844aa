/* SPDX-License-Identifier: Apache-2.0 */
/* deliver_text: what watcher and child tell each other, written and read. */
#include "daemon/deliver.h"

#include "base/limits.h"

void deliver_request_write(const struct deliver_request *r, struct str *out)
{
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_text(&w, "channel", r->channel);
	json_bool(&w, "is_edit", r->is_edit);
	json_text(&w, "message", r->message);
	json_text(&w, "payload", r->payload);
	json_close(&w);
}

void deliver_outcome_write(const struct deliver_outcome *o, struct str *out)
{
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_bool(&w, "is_delivered", o->is_delivered);
	json_bool(&w, "is_lost", o->is_lost);
	json_bool(&w, "is_unanswered", o->is_unanswered);
	json_int(&w, "retry_after_ms", o->retry_after_ms);
	json_text(&w, "message", o->message);
	json_text(&w, "reason", o->reason);
	json_close(&w);
}

static enum rc read_object(const char *text, size_t n, json_t **ret, struct err *e)
{
	scoped(json_decref) json_t *object = NULL;
	enum rc rc = json_read(&object, text, n, e);

	if (rc != RC_OK)
		return rc;
	if (!json_is_object(object))
		return err_set(e, RC_INPUT, "not an object");
	*ret = TAKE(object);
	return RC_OK;
}

enum rc deliver_request_read(const char *text, size_t n, json_t **ret_holds,
	struct deliver_request *ret, struct err *e)
{
	scoped(json_decref) json_t *o = NULL;
	struct deliver_request r;
	enum rc rc = read_object(text, n, &o, e);

	if (rc != RC_OK)
		return rc;
	r = (struct deliver_request){ .channel = json_get_text(o, "channel", ""),
		.is_edit = json_get_bool(o, "is_edit", false),
		.message = json_get_text(o, "message", ""),
		.payload = json_get_text(o, "payload", "") };
	if (!*r.channel)
		return err_set(e, RC_INPUT, "the request names no channel");
	*ret = r;
	*ret_holds = TAKE(o);
	return RC_OK;
}

enum rc deliver_outcome_read(const char *text, size_t n, json_t **ret_holds,
	struct deliver_outcome *ret, struct err *e)
{
	scoped(json_decref) json_t *o = NULL;
	struct deliver_outcome r;
	enum rc rc = read_object(text, n, &o, e);

	if (rc != RC_OK)
		return rc;
	r = (struct deliver_outcome){ .is_delivered = json_get_bool(o, "is_delivered", false),
		.is_lost = json_get_bool(o, "is_lost", false),
		.is_unanswered = json_get_bool(o, "is_unanswered", false),
		.retry_after_ms = json_get_int(o, "retry_after_ms", -1),
		.message = json_get_text(o, "message", ""),
		.reason = json_get_text(o, "reason", "") };
	if (r.is_delivered + r.is_lost + r.is_unanswered > 1)
		return err_set(e, RC_INPUT, "the outcome contradicts itself");
	if (r.retry_after_ms < -1 || r.retry_after_ms > DAY_MS)
		return err_set(e, RC_INPUT, "nobody waits that long");
	*ret = r;
	*ret_holds = TAKE(o);
	return RC_OK;
}
