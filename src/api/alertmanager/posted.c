/* SPDX-License-Identifier: Apache-2.0 */
#include "api/alertmanager/posted.h"

#include "base/json.h"
#include "base/limits.h"
#include "core/alert/silence.h"

/* Go writes what isn't said as year 1: {0}. */
static enum rc read_time(const struct json_node *object, const char *name, struct wall *ret,
	struct err *e)
{
	const struct json_node *node = json_node_get(object, name);
	struct wall t = { 0 };
	enum rc rc = RC_OK;

	if (node && node->type != JSON_NULL && node->type != JSON_STRING)
		return err_set(e, RC_INPUT, "%s is a time", name);
	if (node && node->type == JSON_STRING && *node->text &&
		!str_starts(node->text, "0001-01-01"))
		rc = wall_parse(node->text, &t, e);
	if (rc != RC_OK)
		return err_in(e, RC_INPUT, "%s", name);
	ret->ms = t.ms > 0 ? t.ms : 0;
	return RC_OK;
}

static enum rc read_text(const struct json_node *object, const char *name, const char **ret,
	struct err *e)
{
	const struct json_node *node = json_node_get(object, name);

	if (node && node->type != JSON_NULL && node->type != JSON_STRING)
		return err_set(e, RC_INPUT, "%s is a text", name);
	*ret = node && node->type == JSON_STRING ? node->text : NULL;
	return RC_OK;
}

static enum rc read_root(struct json_flat *flat, const char *text, size_t n, json_type type,
	const struct json_node **ret, struct err *e)
{
	enum rc rc = json_flat_read(flat, text, n, ret, e);

	if (rc != RC_OK)
		return err_in(e, rc, "the body");
	if ((*ret)->type != type)
		return err_set(e, RC_INPUT, "the body is %s",
			type == JSON_ARRAY ? "a list" : "an object");
	return RC_OK;
}

/* ---- alerts */

/* Labels without a value are none. */
static enum rc read_labels(const struct json_node *alert, const char *name, struct arena *a,
	struct labels *ret, struct err *e)
{
	const struct json_node *object = json_node_get(alert, name);
	struct label *v;
	uint32_t n = 0;

	if (!object || object->type == JSON_NULL)
		return RC_OK;
	if (object->type != JSON_OBJECT)
		return err_set(e, RC_INPUT, "%s is an object", name);
	v = arena_alloc(a, (object->n + 1) * sizeof *v);
	if (!v)
		return err_set(e, RC_LIMIT, "no room for so many %s", name);
	json_node_each (it, object) {
		if (it->type != JSON_STRING)
			return err_set(e, RC_INPUT, "%s.%.64s is a text", name, it->name);
		v[n++] = (struct label){ it->name, it->text, it->n_name, it->n };
	}
	return labels_sort(v, n, ret, e);
}

static enum rc read_alert(const struct json_node *alert, struct arena *a, struct posted_alert *ret,
	struct err *e)
{
	enum rc rc;

	if (alert->type != JSON_OBJECT)
		return err_set(e, RC_INPUT, "an alert is an object");
	if ((rc = read_labels(alert, "labels", a, &ret->labels, e)) ||
		(rc = read_labels(alert, "annotations", a, &ret->annotations, e)) ||
		(rc = read_time(alert, "startsAt", &ret->starts, e)) ||
		(rc = read_time(alert, "endsAt", &ret->ends, e)) ||
		(rc = read_text(alert, "generatorURL", &ret->generator, e)))
		return rc;
	return RC_OK;
}

enum rc posted_alerts_read(struct json_flat *flat, const char *text, size_t n, struct arena *a,
	struct posted_alert **ret, uint32_t *ret_n, struct err *e)
{
	const struct json_node *list;
	struct posted_alert *alerts;
	uint32_t i = 0;
	enum rc rc = read_root(flat, text, n, JSON_ARRAY, &list, e);

	if (rc != RC_OK)
		return rc;
	if (list->n > POSTED_ALERTS_MAX)
		return err_set(e, RC_LIMIT, "%u alerts in one request, %d are allowed", list->n,
			POSTED_ALERTS_MAX);
	alerts = arena_alloc(a, (list->n + 1) * sizeof *alerts);
	if (!alerts)
		return err_set(e, RC_LIMIT, "no room for %u alerts", list->n);
	json_node_each (alert, list) {
		rc = read_alert(alert, a, &alerts[i++], e);
		if (rc != RC_OK)
			return err_in(e, rc, "alert %u", i);
	}
	*ret = alerts;
	*ret_n = i;
	return RC_OK;
}

/* ---- silences */

void posted_silence_fini(struct posted_silence *s)
{
	str_fini(&s->matchers);
	free(s->annotations);
}

/* As silence.h reads it again. */
static void add_quoted(struct str *out, const char *text)
{
	str_addc(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			str_addc(out, '\\');
		str_add(out, *text == '\n' ? "\\n" : (char[]){ *text, '\0' });
	}
	str_addc(out, '"');
}

static bool read_flag(const struct json_node *object, const char *name, bool otherwise)
{
	return json_node_bool(object, name, otherwise);
}

static enum rc add_matcher(const struct json_node *m, struct str *out, struct err *e)
{
	static const char *const operators[2][2] = { { "!=", "!~" }, { "=", "=~" } };
	const char *name = NULL, *value = NULL;
	enum rc rc = read_text(m, "name", &name, e);

	if (rc == RC_OK)
		rc = read_text(m, "value", &value, e);
	if (rc != RC_OK)
		return rc;
	if (!name || !*name || !value)
		return err_set(e, RC_INPUT, "a matcher has a name and a value");
	str_add(out, out->len > 1 ? ", " : "");
	add_quoted(out, name);
	str_add(out, operators[read_flag(m, "isEqual", true)][read_flag(m, "isRegex", false)]);
	add_quoted(out, value);
	return RC_OK;
}

static enum rc read_matchers(const struct json_node *silence, struct str *out, struct err *e)
{
	const struct json_node *list = json_node_get(silence, "matchers");

	if (!list || list->type != JSON_ARRAY || list->n == 0)
		return err_set(e, RC_INPUT, "matchers is a list of at least one");
	if (list->n > MATCHERS_MAX)
		return err_set(e, RC_LIMIT, "more than %d matchers", MATCHERS_MAX);
	str_addc(out, '{');
	json_node_each (m, list) {
		enum rc rc = add_matcher(m, out, e);

		if (rc != RC_OK)
			return rc;
	}
	str_addc(out, '}');
	if (out->len > MATCHERS_TEXT_MAX)
		return err_set(e, RC_LIMIT, "matchers of more than %d bytes", MATCHERS_TEXT_MAX);
	return RC_OK;
}

static enum rc read_annotations(const struct json_node *silence, char **ret, struct err *e)
{
	const struct json_node *object = json_node_get(silence, "annotations");

	if (!object || object->type == JSON_NULL)
		return RC_OK;
	if (object->type != JSON_OBJECT)
		return err_set(e, RC_INPUT, "annotations is an object");
	json_node_each (it, object)
		if (it->type != JSON_STRING)
			return err_set(e, RC_INPUT, "annotations.%.64s is a text", it->name);
	*ret = silence_annotations(object);
	if (!*ret && object->n)
		return err_set(e, RC_LIMIT, "annotations of more than %d bytes",
			ANNOTATIONS_TEXT_MAX);
	return RC_OK;
}

enum rc posted_silence_read(struct json_flat *flat, const char *text, size_t n,
	struct posted_silence *ret, struct err *e)
{
	scoped(posted_silence_fini) struct posted_silence s = { 0 };
	const struct json_node *object;
	enum rc rc = read_root(flat, text, n, JSON_OBJECT, &object, e);

	if (rc != RC_OK || (rc = read_text(object, "id", &s.id, e)) ||
		(rc = read_text(object, "comment", &s.comment, e)) ||
		(rc = read_text(object, "createdBy", &s.created_by, e)) ||
		(rc = read_time(object, "startsAt", &s.starts, e)) ||
		(rc = read_time(object, "endsAt", &s.ends, e)) ||
		(rc = read_annotations(object, &s.annotations, e)) ||
		(rc = read_matchers(object, &s.matchers, e)))
		return rc;
	if (!s.ends.ms)
		return err_set(e, RC_INPUT, "endsAt is missing");
	if (s.id && !*s.id)
		s.id = NULL;
	*ret = s;
	s.matchers = STR_EMPTY;
	s.annotations = NULL;
	return RC_OK;
}
