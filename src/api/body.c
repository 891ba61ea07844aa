/* SPDX-License-Identifier: Apache-2.0 */
#include "api/body.h"

static enum rc read_member(const json_t *body, struct body_member *m, struct err *e)
{
	const json_t *value = json_object_get(body, m->name);

	m->value = NULL;
	if (!value || json_is_null(value))
		return RC_OK;
	if (!json_is_string(value))
		return err_set(e, RC_INPUT, "'%s' is a text", m->name);
	if (json_string_length(value) > m->bytes_max)
		return err_set(e, RC_INPUT, "'%s' has more than %zu bytes", m->name, m->bytes_max);
	m->value = json_string_value(value);
	return RC_OK;
}

static bool is_known(const char *name, const struct body_member *members, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(members[i].name, name))
			return true;
	}
	return false;
}

enum rc body_read(const struct http_ask *ask, struct body_member *members, size_t n, json_t **ret,
	struct err *e)
{
	scoped(json_decref) json_t *body = NULL;
	const char *name;
	json_t *value;
	enum rc rc = ask->body_bytes ? json_read(&body, ask->body, ask->body_bytes, e)
				     : json_read(&body, "{}", 2, e);

	if (rc != RC_OK)
		return err_in(e, rc, "the body");
	if (!json_is_object(body))
		return err_set(e, RC_INPUT, "the body is a JSON object");
	json_object_foreach (body, name, value) {
		if (!is_known(name, members, n))
			return err_set(e, RC_INPUT, "unknown member '%.64s'", name);
	}
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = read_member(body, &members[i], e);
	if (rc == RC_OK)
		*ret = TAKE(body);
	return rc;
}
