/* SPDX-License-Identifier: Apache-2.0 */
/* operators: what people tell the site.  Here it is checked for form, and by the site for sense. */
#include "api/api_private.h"
#include "api/body.h"

#define BY_BYTES_MAX       NAME_BYTES_MAX
#define WHY_BYTES_MAX      1000
#define TEXT_BYTES_MAX     4000
#define MATCHERS_BYTES_MAX 4000

static enum rc read_body(const struct call *c, struct body_member *members, size_t n, json_t **ret,
	struct err *e)
{
	return body_read(c->ask, members, n, ret, e);
}

/* After an input, whatever became of it, the driver carries out what the site wants. */
static enum rc end_input(const struct call *c, enum rc rc, struct answer *out)
{
	c->api->setup.after_input(c->api->setup.ctx);
	if (rc == RC_OK) {
		json_object_open(&out->json, NULL);
		json_close(&out->json);
	}
	return rc;
}

/* ---- silences */

static enum rc read_until(const struct call *c, const char *length, const char *until,
	struct wall *ret, struct err *e)
{
	int64_t length_ms;
	enum rc rc;

	if (!length == !until)
		return err_set(e, RC_INPUT, "say either 'for' (\"2h\") or 'until' (a time)");
	if (until) {
		rc = wall_parse(until, ret, e);
		return rc == RC_OK ? RC_OK : err_in(e, rc, "until");
	}
	rc = duration_parse(length, &length_ms, e);
	if (rc != RC_OK)
		return err_in(e, rc, "for");
	ret->ms = c->now.wall.ms + length_ms;
	return RC_OK;
}

enum rc silence_add(struct call *c, struct answer *out, struct err *e)
{
	enum { MATCHERS, FOR, UNTIL, WHY, BY };
	struct body_member m[] = { { "matchers", MATCHERS_BYTES_MAX }, { "for", DURATION_TEXT_MAX },
		{ "until", WALL_TEXT_MAX }, { "why", WHY_BYTES_MAX }, { "by", BY_BYTES_MAX } };
	scoped(json_decref) json_t *body = NULL;
	char id[INCIDENT_ID_MAX];
	struct wall until;
	enum rc rc = read_body(c, m, COUNT(m), &body, e);

	if (rc == RC_OK && !m[MATCHERS].value)
		rc = err_set(e, RC_INPUT, "'matchers' is missing: {name=\"immich\"}");
	if (rc == RC_OK)
		rc = read_until(c, m[FOR].value, m[UNTIL].value, &until, e);
	if (rc != RC_OK)
		return rc;
	rc = site_silence(c->api->setup.site, c->now,
		&(struct site_word){ m[MATCHERS].value, m[WHY].value, m[BY].value, until }, id, e);
	c->api->setup.after_input(c->api->setup.ctx);
	if (rc != RC_OK)
		return rc;
	json_object_open(&out->json, NULL);
	json_text(&out->json, "id", id);
	json_close(&out->json);
	return RC_OK;
}

enum rc silence_end(struct call *c, struct answer *out, struct err *e)
{
	const char *by = uri_pair(&c->uri.query, "by");
	enum rc rc;

	if (by && strlen(by) > BY_BYTES_MAX)
		return err_set(e, RC_INPUT, "'by' has more than %d bytes", BY_BYTES_MAX);
	rc = site_unsilence(c->api->setup.site, c->now, c->found.args[0], by, e);
	return end_input(c, rc, out);
}

/* ---- incidents, checks, notes */

enum rc incident_ack(struct call *c, struct answer *out, struct err *e)
{
	struct body_member m[] = { { "why", WHY_BYTES_MAX }, { "by", BY_BYTES_MAX } };
	scoped(json_decref) json_t *body = NULL;
	enum rc rc = read_body(c, m, COUNT(m), &body, e);

	if (rc != RC_OK)
		return rc;
	rc = site_ack(c->api->setup.site, c->now,
		&(struct site_word){ c->found.args[0], m[0].value, m[1].value }, e);
	return end_input(c, rc, out);
}

static enum rc read_length(const struct call *c, const char *length, struct wall *ret,
	struct err *e)
{
	int64_t length_ms;
	enum rc rc = RC_OK;

	ret->ms = NEVER_MS;
	if (length)
		rc = duration_parse(length, &length_ms, e);
	if (rc != RC_OK)
		return err_in(e, rc, "for");
	if (length && length_ms == 0)
		return err_set(e, RC_INPUT, "'for' is longer than nothing, or absent: no end");
	if (length)
		ret->ms = c->now.wall.ms + length_ms;
	return RC_OK;
}

enum rc check_pause(struct call *c, struct answer *out, struct err *e)
{
	struct body_member m[] = { { "for", DURATION_TEXT_MAX }, { "why", WHY_BYTES_MAX },
		{ "by", BY_BYTES_MAX } };
	scoped(json_decref) json_t *body = NULL;
	struct wall until;
	enum rc rc = read_body(c, m, COUNT(m), &body, e);

	if (rc == RC_OK)
		rc = read_length(c, m[0].value, &until, e);
	if (rc != RC_OK)
		return rc;
	rc = site_pause(c->api->setup.site, c->now,
		&(struct site_word){ c->found.args[0], m[1].value, m[2].value, until }, e);
	return end_input(c, rc, out);
}

enum rc check_resume(struct call *c, struct answer *out, struct err *e)
{
	struct body_member m[] = { { "why", WHY_BYTES_MAX }, { "by", BY_BYTES_MAX } };
	scoped(json_decref) json_t *body = NULL;
	enum rc rc = read_body(c, m, COUNT(m), &body, e);

	if (rc != RC_OK)
		return rc;
	rc = site_pause(c->api->setup.site, c->now,
		&(struct site_word){ c->found.args[0], m[0].value, m[1].value, c->now.wall }, e);
	return end_input(c, rc, out);
}

enum rc note_add(struct call *c, struct answer *out, struct err *e)
{
	struct body_member m[] = { { "text", TEXT_BYTES_MAX }, { "by", BY_BYTES_MAX },
		{ "subject", NAME_BYTES_MAX } };
	scoped(json_decref) json_t *body = NULL;
	enum rc rc = read_body(c, m, COUNT(m), &body, e);

	if (rc == RC_OK && (!m[0].value || !*m[0].value))
		rc = err_set(e, RC_INPUT, "'text' is missing");
	if (rc != RC_OK)
		return rc;
	rc = site_note(c->api->setup.site, c->now,
		&(struct site_word){ m[2].value, m[0].value, m[1].value }, e);
	return end_input(c, rc, out);
}
