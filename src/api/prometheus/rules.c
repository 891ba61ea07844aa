/* SPDX-License-Identifier: Apache-2.0 */
/* rules: what is evaluated, and what is up: in memory and of the size of its answer, so on the
 * loop's thread. */
#include "api/prometheus/request.h"
#include "api/prometheus/rule_list.h"

#include <strings.h>

#define GROUPS_MOST INT32_MAX

static const struct rules *rules_of(const struct call *c)
{
	return c->api->setup.rules ? c->api->setup.rules(c->api->setup.ctx) : NULL;
}

static enum rc blame(const char *name, struct err *e, const char *text)
{
	return request_blame(err_set(e, RC_INPUT, "%s", text), name, e);
}

static enum rc read_type(const struct uri_pairs *pairs, struct rules_wish *w, struct err *e)
{
	const char *type = uri_pair(pairs, "type");
	bool is_any = !type || !*type;

	w->has_alerts = is_any || strcasecmp(type, "alert") == 0;
	w->has_recordings = is_any || strcasecmp(type, "record") == 0;
	if (w->has_alerts || w->has_recordings)
		return RC_OK;
	err_set(e, RC_INPUT, "not supported value \"%.40s\"", type);
	return request_blame(RC_INPUT, "type", e);
}

/* Go's ParseBool of the word in small letters. */
static enum rc read_exclusion(const struct uri_pairs *pairs, struct rules_wish *w, struct err *e)
{
	static const struct {
		const char *word;
		bool is_true;
	} words[] = { { "1", true }, { "t", true }, { "true", true }, { "0", false },
		{ "f", false }, { "false", false }, { "", false } };
	const char *text = uri_pair(pairs, "exclude_alerts");

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcasecmp(text ? text : "", words[i].word) == 0) {
			w->leaves_out_alerts = words[i].is_true;
			return RC_OK;
		}
	err_set(e, RC_INPUT,
		"error converting exclude_alerts: strconv.ParseBool: parsing \"%.40s\": invalid "
		"syntax",
		text);
	return request_blame(RC_INPUT, "exclude_alerts", e);
}

static enum rc read_page(const struct uri_pairs *pairs, struct rules_wish *w, struct err *e)
{
	const char *limit = uri_pair(pairs, "group_limit");
	const char *token = uri_pair(pairs, "group_next_token");
	bool has_limit = limit && *limit;
	char *end;
	long n;

	w->from = token ? token : "";
	if (*w->from && !has_limit)
		return blame("group_next_token", e,
			"group_limit needs to be present in order to paginate over the groups");
	if (!has_limit)
		return RC_OK;
	n = strtol(limit, &end, 10);
	if (*end || n > GROUPS_MOST || n < -GROUPS_MOST) {
		err_set(e, RC_INPUT,
			"group_limit needs to be a valid number: strconv.ParseInt: parsing "
			"\"%.40s\": %s",
			limit, *end ? "invalid syntax" : "value out of range");
		return request_blame(RC_INPUT, "group_limit", e);
	}
	if (n <= 0)
		return blame("group_limit", e, "group_limit needs to be greater than 0");
	w->groups_max = (uint32_t)n;
	return RC_OK;
}

static bool matches_absence(const struct promql_selector *s)
{
	for (uint32_t i = 0; i < s->n_matchers; i++)
		if (!matcher_matches(s->matchers[i], "", 0))
			return false;
	return true;
}

static enum rc read_selector(struct call *c, const char *text, struct promql_selector *ret,
	struct err *e)
{
	enum rc rc = promql_parse_selector(text, &c->arena, ret, e);

	if (rc == RC_OK && matches_absence(ret))
		return err_set(e, RC_INPUT, "match[] must contain at least one non-empty matcher");
	return rc;
}

/* What may be there several times. */
static enum rc read_lists(struct call *c, const struct uri_pairs *pairs, struct rules_wish *w,
	struct err *e)
{
	const struct {
		const char *name;
		struct rule_texts_wanted *list;
	} lists[] = { { "rule_name[]", &w->names }, { "rule_group[]", &w->groups },
		{ "file[]", &w->files } };
	enum rc rc = RC_OK;

	for (uint32_t i = 0; i < pairs->n && rc == RC_OK; i++) {
		const struct uri_pair *pair = &pairs->items[i];

		for (size_t k = 0; k < COUNT(lists); k++)
			if (str_eq(pair->name, lists[k].name))
				lists[k].list->v[lists[k].list->n++] = pair->value;
		if (str_eq(pair->name, "match[]"))
			rc = read_selector(c, pair->value, &w->selectors[w->n_selectors++], e);
	}
	return rc;
}

static enum rc read_wish(struct call *c, struct rules_wish *w, struct err *e)
{
	struct uri_pairs pairs;
	enum rc rc = request_pairs(c, &c->arena, &pairs, e);

	if (rc == RC_OK)
		rc = read_lists(c, &pairs, w, e);
	if (rc == RC_OK)
		rc = read_type(&c->uri.query, w, e);
	if (rc == RC_OK)
		rc = read_exclusion(&c->uri.query, w, e);
	return rc == RC_OK ? read_page(&c->uri.query, w, e) : rc;
}

static enum rc refuse(struct answer *out, const char *text)
{
	out->status = request_status(REQUEST_BAD_DATA);
	request_write_error(&out->body, REQUEST_BAD_DATA, text);
	return RC_OK;
}

enum rc prom_rules(struct call *c, struct answer *out, struct err *e)
{
	struct rules_wish w = { .from = "" };
	struct err why = { 0 };

	(void)e;
	if (read_wish(c, &w, &why) != RC_OK)
		return refuse(out, why.text);
	if (rules_write(&out->body, rules_of(c), &w))
		return RC_OK;
	err_set(&why, RC_INPUT, "invalid group_next_token '%.60s'. were rule groups changed?",
		w.from);
	request_blame(RC_INPUT, "group_next_token", &why);
	return refuse(out, why.text);
}

enum rc prom_alerts(struct call *c, struct answer *out, struct err *e)
{
	(void)e;
	alerts_write_up(&out->body, rules_of(c));
	return RC_OK;
}
