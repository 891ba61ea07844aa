/* SPDX-License-Identifier: Apache-2.0 */
/* deliver_text: what watcher and child tell each other, written and read. */
#include "daemon/deliver.h"

#include "base/limits.h"

static const char *const secret_kinds[] = {
	[SECRET_NONE] = "none",
	[SECRET_FILE] = "file",
	[SECRET_ENV] = "env",
	[SECRET_CREDENTIAL] = "credential",
	[SECRET_INLINE] = "inline", /* of an Alertmanager's receiver */
};
static const char *const channel_kinds[] = {
	[CHANNEL_DISCORD] = "discord",
	[CHANNEL_WEBHOOK] = "webhook",
	[CHANNEL_SMTP] = "smtp",
};

/* ---- writing */

static void write_secret(struct json_out *w, const char *key, const struct secret *s)
{
	must(s->kind < COUNT(secret_kinds));
	json_object_open(w, key);
	json_text(w, "kind", secret_kinds[s->kind]);
	json_text(w, "name", s->name);
	if (s->kind == SECRET_INLINE)
		json_text(w, "value", s->value);
	json_close(w);
}

static void write_channel(struct json_out *w, const struct lab_channel *c)
{
	json_object_open(w, "channel");
	json_text(w, "name", c->name);
	json_text(w, "kind", channel_kinds[c->kind]);
	json_text(w, "url_plain", c->url_plain);
	json_text(w, "server", c->server);
	json_text(w, "user", c->user);
	json_text(w, "from", c->from);
	json_text(w, "to", c->to);
	json_bool(w, "use_starttls", c->use_starttls);
	write_secret(w, "url", &c->url);
	write_secret(w, "password", &c->password);
	json_close(w);
}

void deliver_request_write(const struct deliver_request *r, struct str *out)
{
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	write_channel(&w, &r->channel);
	json_bool(&w, "is_edit", r->is_edit);
	json_text(&w, "message", r->message);
	json_text(&w, "payload", r->payload);
	if (r->http_text) {
		json_object_open(&w, "http");
		json_text(&w, "text", r->http_text);
		json_text(&w, "folder", r->http_folder);
		json_close(&w);
	}
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

/* Its place among the names; `n` when it is none of them. */
static size_t index_of(const char *name, const char *const *names, size_t n)
{
	size_t i = 0;

	while (i < n && !str_eq(names[i], name))
		i++;
	return i;
}

static enum rc read_secret(const json_t *o, struct secret *ret, struct err *e)
{
	size_t kind = index_of(json_get_text(o, "kind", "none"), secret_kinds, COUNT(secret_kinds));

	*ret = (struct secret){ .name = json_get_text(o, "name", NULL),
		.value = json_get_text(o, "value", NULL) };
	if (kind == COUNT(secret_kinds) || (kind != SECRET_NONE && !ret->name) ||
		(kind == SECRET_INLINE && !ret->value))
		return err_set(e, RC_INPUT, "the request holds no secret that can be read");
	ret->kind = (enum secret_kind)kind;
	return RC_OK;
}

static enum rc read_channel(const json_t *o, struct lab_channel *ret, struct err *e)
{
	size_t kind = index_of(json_get_text(o, "kind", ""), channel_kinds, COUNT(channel_kinds));
	struct lab_channel c = { .name = json_get_text(o, "name", NULL),
		.url_plain = json_get_text(o, "url_plain", NULL),
		.server = json_get_text(o, "server", NULL),
		.user = json_get_text(o, "user", NULL),
		.from = json_get_text(o, "from", NULL),
		.to = json_get_text(o, "to", NULL),
		.use_starttls = json_get_bool(o, "use_starttls", false) };
	enum rc rc;

	if (!c.name || !*c.name || kind == COUNT(channel_kinds))
		return err_set(e, RC_INPUT, "the request names no channel");
	c.kind = (enum channel_kind)kind;
	if (c.kind == CHANNEL_SMTP && (!c.server || !c.from || !c.to))
		return err_set(e, RC_INPUT, "mail without server, sender or receiver");
	rc = read_secret(json_object_get(o, "url"), &c.url, e);
	if (rc == RC_OK)
		rc = read_secret(json_object_get(o, "password"), &c.password, e);
	if (rc == RC_OK && c.kind != CHANNEL_SMTP && !c.url_plain && c.url.kind == SECRET_NONE)
		rc = err_set(e, RC_INPUT, "the channel has no address");
	if (rc == RC_OK)
		*ret = c;
	return rc;
}

static enum rc read_request(const json_t *o, struct deliver_request *ret, struct err *e)
{
	const json_t *http = json_object_get(o, "http");
	struct deliver_request r = { .is_edit = json_get_bool(o, "is_edit", false),
		.message = json_get_text(o, "message", ""),
		.payload = json_get_text(o, "payload", ""),
		.http_text = json_get_text(http, "text", NULL),
		.http_folder = json_get_text(http, "folder", "") };
	enum rc rc = read_channel(json_object_get(o, "channel"), &r.channel, e);

	if (rc == RC_OK)
		*ret = r;
	return rc;
}

static enum rc read_outcome(const json_t *o, struct deliver_outcome *ret, struct err *e)
{
	struct deliver_outcome r = { .is_delivered = json_get_bool(o, "is_delivered", false),
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
	return RC_OK;
}

enum rc deliver_request_read(const char *text, size_t n, json_t **ret_holds,
	struct deliver_request *ret, struct err *e)
{
	scoped(json_decref) json_t *o = NULL;
	enum rc rc = read_object(text, n, &o, e);

	if (rc == RC_OK)
		rc = read_request(o, ret, e);
	if (rc == RC_OK)
		*ret_holds = TAKE(o);
	return rc;
}

enum rc deliver_outcome_read(const char *text, size_t n, json_t **ret_holds,
	struct deliver_outcome *ret, struct err *e)
{
	scoped(json_decref) json_t *o = NULL;
	enum rc rc = read_object(text, n, &o, e);

	if (rc == RC_OK)
		rc = read_outcome(o, ret, e);
	if (rc == RC_OK)
		*ret_holds = TAKE(o);
	return rc;
}
