/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/rule_list.h"

#include "base/golang.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/labels_json.h"
#include "node/rules_world.h"

#define TOKEN_MAX (2 * SHA1_BYTES + 1)
#define NEVER     "0001-01-01T00:00:00Z" /* Go's time before all others */

static const char *const healths[] = {
	[RULE_UNKNOWN] = "unknown",
	[RULE_OK] = "ok",
	[RULE_BAD] = "err",
};

/* ---- pieces */

static void write_time(struct json_out *w, const char *key, int64_t ms)
{
	if (ms == RULES_NEVER)
		json_text(w, key, NEVER);
	else
		json_time(w, key, (struct wall){ ms });
}

/* As they are written in the file. */
static void write_texts(struct json_out *w, const char *key, const struct rule_texts *texts)
{
	json_object_open(w, key);
	for (uint32_t i = 0; i < texts->n; i++)
		json_text(w, texts->v[i].name, texts->v[i].text);
	json_close(w);
}

static void write_alert(struct json_out *w, const struct rule_alert *a)
{
	scoped(str_fini) struct str value = STR_EMPTY;

	go_float(&value, a->v, 'e', GO_SHORTEST);
	json_object_open(w, NULL);
	json_labels(w, "labels", &a->labels);
	json_labels(w, "annotations", &a->annotations);
	json_text(w, "state", rule_alert_state_name(a->state));
	write_time(w, "activeAt", a->active_ms);
	if (a->keep_firing_since_ms != RULES_NEVER)
		write_time(w, "keepFiringSince", a->keep_firing_since_ms);
	json_text(w, "value", str_c(&value));
	json_close(w);
}

static void write_alerts(struct json_out *w, const struct rule_view *rule)
{
	for (uint32_t i = 0; i < rule->n_alerts; i++)
		if (rule->alerts[i].state != RULE_RESOLVED)
			write_alert(w, &rule->alerts[i]);
}

/* ---- one rule */

static enum rule_alert_state state_of(const struct rule_view *rule)
{
	enum rule_alert_state most = RULE_RESOLVED;

	for (uint32_t i = 0; i < rule->n_alerts; i++)
		if (rule->alerts[i].state > most)
			most = rule->alerts[i].state;
	return most;
}

static void write_expression(struct json_out *w, const struct rule *rule)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	rules_expression(rule->parsed, &text);
	json_text(w, "query", str_c(&text));
}

static void write_evaluation(struct json_out *w, const struct rule_view *v)
{
	json_text(w, "health", healths[v->health]);
	if (*v->error)
		json_text(w, "lastError", v->error);
	json_double(w, "evaluationTime", (double)v->took_ns / 1e9);
	write_time(w, "lastEvaluation", v->began_ms);
	if (v->blind_since_ms != RULES_NEVER)
		write_time(w, "blindSince", v->blind_since_ms);
}

static void write_alerting(struct json_out *w, const struct rule_view *v, bool leaves_out_alerts)
{
	const struct rule *rule = v->rule;

	json_text(w, "state", rule_alert_state_name(state_of(v)));
	json_text(w, "name", rule->name);
	write_expression(w, rule);
	json_double(w, "duration", (double)rule->for_ms / 1000);
	json_double(w, "keepFiringFor", (double)rule->keep_firing_for_ms / 1000);
	write_texts(w, "labels", &rule->labels);
	write_texts(w, "annotations", &rule->annotations);
	if (leaves_out_alerts) {
		json_text(w, "alerts", NULL);
	} else {
		json_array_open(w, "alerts");
		write_alerts(w, v);
		json_close(w);
	}
	write_evaluation(w, v);
	json_text(w, "type", "alerting");
}

static void write_recording(struct json_out *w, const struct rule_view *v)
{
	json_text(w, "name", v->rule->name);
	write_expression(w, v->rule);
	if (v->rule->labels.n)
		write_texts(w, "labels", &v->rule->labels);
	write_evaluation(w, v);
	json_text(w, "type", "recording");
}

/* ---- what is wanted */

static bool is_among(const struct rule_texts_wanted *wanted, const char *text)
{
	for (uint32_t i = 0; i < wanted->n; i++)
		if (str_eq(wanted->v[i], text))
			return true;
	return wanted->n == 0;
}

static const char *label_of(const struct rule *rule, const char *name)
{
	for (uint32_t i = 0; i < rule->labels.n; i++)
		if (str_eq(rule->labels.v[i].name, name))
			return rule->labels.v[i].text;
	return "";
}

static bool selects(const struct promql_selector *s, const struct rule *rule)
{
	for (uint32_t i = 0; i < s->n_matchers; i++) {
		const char *value = label_of(rule, matcher_name(s->matchers[i]));

		if (!matcher_matches(s->matchers[i], value, strlen(value)))
			return false;
	}
	return true;
}

static bool is_wanted(const struct rules_wish *w, const struct rule *rule)
{
	bool is_selected = w->n_selectors == 0;

	if (!(rule->is_alert ? w->has_alerts : w->has_recordings))
		return false;
	for (uint32_t i = 0; i < w->n_selectors && !is_selected; i++)
		is_selected = selects(&w->selectors[i], rule);
	return is_selected && is_among(&w->names, rule->name);
}

static bool has_wanted(const struct rules *rules, uint32_t group, const struct rules_wish *w)
{
	struct rule_group_view g = rules_group(rules, group);

	if (!is_among(&w->groups, g.group->name) || !is_among(&w->files, g.group->file))
		return false;
	for (uint32_t i = 0; i < g.n_rules; i++)
		if (is_wanted(w, &g.group->rules[i]))
			return true;
	return false;
}

/* ---- groups */

static void write_rules(struct json_out *w, const struct rules *rules, uint32_t group,
	const struct rules_wish *wish)
{
	uint32_t n = rules_group(rules, group).n_rules;

	for (uint32_t i = 0; i < n; i++) {
		struct rule_view v = rules_rule(rules, group, i);

		if (!is_wanted(wish, v.rule))
			continue;
		json_object_open(w, NULL);
		if (v.rule->is_alert)
			write_alerting(w, &v, wish->leaves_out_alerts);
		else
			write_recording(w, &v);
		json_close(w);
	}
}

static void write_group(struct json_out *w, const struct rules *rules, uint32_t group,
	const struct rules_wish *wish)
{
	struct rule_group_view g = rules_group(rules, group);

	json_object_open(w, NULL);
	json_text(w, "name", g.group->name);
	json_text(w, "file", g.group->file);
	json_array_open(w, "rules");
	write_rules(w, rules, group, wish);
	json_close(w);
	json_double(w, "interval", (double)g.interval_ms / 1000);
	json_int(w, "limit", g.group->limit);
	json_double(w, "evaluationTime", (double)g.took_ns / 1e9);
	write_time(w, "lastEvaluation", g.began_ms);
	json_close(w);
}

/* Prometheus' own: SHA-1 of "FILE;NAME". */
static void token_of(const struct rule_group *g, char ret[TOKEN_MAX])
{
	scoped(str_fini) struct str text = STR_EMPTY;
	uint8_t hash[SHA1_BYTES];

	str_addf(&text, "%s;%s", g->file, g->name);
	sha1_of(str_c(&text), text.len, hash);
	hex_encode(hash, sizeof hash, ret);
}

struct order { /* of groups, as Prometheus has it: by files, then by names */
	uint32_t *v;
	uint32_t n;
};

static void order_fini(struct order *o)
{
	free(o->v);
}
SCOPED_FINI(order_fini, struct order)

static int by_file(const void *a, const void *b, void *rules)
{
	const struct rule_group *x = rules_group(rules, *(const uint32_t *)a).group;
	const struct rule_group *y = rules_group(rules, *(const uint32_t *)b).group;
	int d = strcmp(x->file, y->file);

	return d ? d : strcmp(x->name, y->name);
}

static void find_order(struct order *o, const struct rules *rules)
{
	o->n = rules ? rules_group_count(rules) : 0;
	o->v = must_alloc((o->n + 1) * sizeof *o->v);
	for (uint32_t i = 0; i < o->n; i++)
		o->v[i] = i;
	if (o->n > 1)
		qsort_r(o->v, o->n, sizeof *o->v, by_file, (void *)rules);
}

/* False: no group has the token that was asked for. */
static bool find_first(const struct rules *rules, const struct order *order, const char *token,
	uint32_t *ret)
{
	char own[TOKEN_MAX];

	*ret = 0;
	for (uint32_t i = 0; *token && i < order->n; i++) {
		token_of(rules_group(rules, order->v[i]).group, own);
		*ret = i;
		if (str_eq(own, token))
			return true;
	}
	return !*token;
}

static void open_data(struct json_out *w, struct str *out, const char *list)
{
	json_begin(w, out);
	json_object_open(w, NULL);
	json_text(w, "status", "success");
	json_object_open(w, "data");
	json_array_open(w, list);
}

bool rules_write(struct str *out, const struct rules *rules, const struct rules_wish *wish)
{
	scoped(order_fini) struct order order = { 0 };
	uint32_t first, written = 0;
	char next[TOKEN_MAX] = "";
	struct json_out w;

	find_order(&order, rules);
	if (!find_first(rules, &order, wish->from, &first))
		return false;
	open_data(&w, out, "groups");
	for (uint32_t i = first; i < order.n && !*next; i++) {
		if (!has_wanted(rules, order.v[i], wish))
			continue;
		if (wish->groups_max && written == wish->groups_max)
			token_of(rules_group(rules, order.v[i]).group, next);
		else
			write_group(&w, rules, order.v[i], wish);
		written++;
	}
	json_close(&w);
	if (*next)
		json_text(&w, "groupNextToken", next);
	json_close(&w);
	json_close(&w);
	return true;
}

void alerts_write_up(struct str *out, const struct rules *rules)
{
	scoped(order_fini) struct order order = { 0 };
	struct json_out w;

	find_order(&order, rules);
	open_data(&w, out, "alerts");
	for (uint32_t i = 0; i < order.n; i++)
		for (uint32_t k = 0; k < rules_group(rules, order.v[i]).n_rules; k++) {
			struct rule_view v = rules_rule(rules, order.v[i], k);

			write_alerts(&w, &v);
		}
	json_close(&w);
	json_close(&w);
	json_close(&w);
}
