/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rules/past.h"

#include "base/golang.h"
#include "base/json.h"
#include "base/labels_json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/number.h"
#include "core/rules/rules_private.h"

#include <inttypes.h>
#include <stdio.h>

#define ID_MAX 17

static const char *id_of(const struct rule_group *g, const struct rule *rule, char ret[ID_MAX])
{
	const char *const texts[] = { g->file, g->name, rule->name, rule->expression,
		rule->is_alert ? "alert" : "record" };
	struct label *v = must_alloc((COUNT(texts) + rule->labels.n) * sizeof *v);
	uint32_t n = 0;

	for (uint32_t i = 0; i < COUNT(texts); i++)
		v[n++] = (struct label){ "", texts[i], 0, (uint32_t)strlen(texts[i]) };
	for (uint32_t i = 0; i < rule->labels.n; i++) {
		const struct rule_text *t = &rule->labels.v[i];

		v[n++] = (struct label){ t->name, t->text, (uint32_t)strlen(t->name),
			(uint32_t)strlen(t->text) };
	}
	snprintf(ret, ID_MAX, "%016" PRIx64, labels_hash(&(struct labels){ v, n }));
	free(v);
	return ret;
}

/* ---- writing */

static bool is_kept(const struct rule_state *s, const struct rule_alert *a)
{
	return a->state == RULE_FIRING && s->rule->keep_firing_for_ms > 0;
}

static void write_time(struct json_out *w, const char *key, int64_t ms)
{
	if (ms != RULES_NEVER)
		json_int(w, key, ms);
}

static void write_alert(struct json_out *w, const struct rule_alert *a)
{
	scoped(str_fini) struct str value = STR_EMPTY;

	go_float(&value, a->v, 'g', GO_SHORTEST);
	json_object_open(w, NULL);
	json_labels(w, "labels", &a->labels);
	json_labels(w, "annotations", &a->annotations);
	json_text(w, "value", str_c(&value));
	write_time(w, "active", a->active_ms);
	write_time(w, "fired", a->fired_ms);
	write_time(w, "kept_since", a->keep_firing_since_ms);
	json_close(w);
}

/* Alerts beyond half of what is read again are left out: the rules are not. */
static uint32_t write_alerts(struct json_out *w, const struct rule_state *s)
{
	uint32_t n = 0;

	json_array_open(w, "alerts");
	for (uint32_t i = 0; i < s->n_alerts; i++) {
		if (!is_kept(s, &s->alerts[i]) || w->out->len > RULES_PAST_BYTES_MAX / 2)
			continue;
		write_alert(w, &s->alerts[i]);
		n++;
	}
	json_close(w);
	return n;
}

static uint32_t write_rule(struct json_out *w, const struct rule_group *g,
	const struct rule_state *s)
{
	uint32_t n = 0;
	char id[ID_MAX];

	if (!s->has_seen)
		return 0;
	json_object_open(w, NULL);
	json_text(w, "id", id_of(g, s->rule, id));
	write_time(w, "blind_since", s->blind_since_ms);
	if (s->rule->keep_firing_for_ms > 0)
		n = write_alerts(w, s);
	json_close(w);
	return n;
}

bool rules_past_write(const struct rules *r, struct wall now, struct str *out)
{
	struct json_out w;
	uint32_t n = 0;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_int(&w, "at", now.ms);
	json_array_open(&w, "rules");
	for (uint32_t i = 0; i < r->n_groups; i++)
		for (uint32_t k = 0; k < r->groups[i].group->n_rules; k++)
			n += write_rule(&w, r->groups[i].group, &r->groups[i].rules[k]);
	json_close(&w);
	json_close(&w);
	return n > 0;
}

uint64_t rules_past_stamp(const struct rules *r)
{
	return r->past_stamp;
}

/* ---- reading */

struct reading {
	struct rules *r;
	struct map rules; /* id -> what is said of it */
	bool has_alerts;  /* that are young enough */
	int64_t now_ms;
};

/* A clock that was set back must not keep an alert up for longer. */
static int64_t read_time(const struct reading *in, const json_t *object, const char *key)
{
	int64_t ms = json_get_int(object, key, RULES_NEVER);

	return ms > in->now_ms ? in->now_ms : ms;
}

/* False: they are no labels, or there is no room. */
static bool read_labels(const json_t *object, struct arena *a, struct labels *ret)
{
	struct label *v = arena_alloc(a, (json_object_size(object) + 1) * sizeof *v);
	struct labels borrowed;
	const char *name;
	json_t *value;
	uint32_t n = 0;

	if (!v)
		return false;
	json_object_foreach ((json_t *)object, name, value) {
		if (!json_is_string(value))
			return false;
		v[n++] = (struct label){ name, json_string_value(value), (uint32_t)strlen(name),
			(uint32_t)json_string_length(value) };
	}
	return labels_sort(v, n, &borrowed, NULL) == RC_OK && labels_copy(&borrowed, a, ret);
}

static bool read_alert(const struct reading *in, const json_t *object, struct arena *a,
	struct rule_alert *ret)
{
	const char *value = json_get_text(object, "value", "");

	*ret = (struct rule_alert){ .state = RULE_FIRING,
		.active_ms = read_time(in, object, "active"),
		.fired_ms = read_time(in, object, "fired"),
		.resolved_ms = RULES_NEVER,
		.keep_firing_since_ms = read_time(in, object, "kept_since"),
		.told_ms = RULES_NEVER };
	return number_parse(value, strlen(value), &ret->v) == NUMBER_OK &&
	       ret->active_ms != RULES_NEVER && ret->fired_ms != RULES_NEVER &&
	       read_labels(json_object_get(object, "labels"), a, &ret->labels) &&
	       read_labels(json_object_get(object, "annotations"), a, &ret->annotations);
}

static int compare_alerts(const void *a, const void *b)
{
	return labels_compare(&((const struct rule_alert *)a)->labels,
		&((const struct rule_alert *)b)->labels);
}

/* What can't be read is left out; each alert once. */
static void take_alerts(const struct reading *in, struct rule_state *s, const json_t *list)
{
	struct rule_alert *v = arena_alloc(&s->arena, (json_array_size(list) + 1) * sizeof *v);
	uint32_t n = 0;

	if (!v)
		return;
	for (size_t i = 0; i < json_array_size(list); i++)
		n += read_alert(in, json_array_get(list, i), &s->arena, &v[n]);
	if (n > 1)
		qsort(v, n, sizeof *v, compare_alerts);
	for (uint32_t i = 0; i < n; i++)
		if (!s->n_alerts || !labels_equal(&v[s->n_alerts - 1].labels, &v[i].labels))
			v[s->n_alerts++] = v[i];
	s->alerts = v;
}

static void take_rule(const struct reading *in, const struct rule_group *g, struct rule_state *s)
{
	char id[ID_MAX];
	const json_t *said = map_get(&in->rules, id_of(g, s->rule, id));

	if (!said)
		return;
	s->has_seen = true;
	s->blind_since_ms = read_time(in, said, "blind_since");
	sight_resume(in->r, s, g, in->now_ms);
	if (in->has_alerts && s->rule->is_alert && s->rule->keep_firing_for_ms > 0)
		take_alerts(in, s, json_object_get(said, "alerts"));
}

enum rc rules_past_read(struct rules *r, struct wall now, const struct str *text, struct err *e)
{
	scoped(json_decref) json_t *whole = NULL;
	struct reading in = { .r = r, .rules = MAP_EMPTY, .now_ms = now.ms };
	const json_t *rules;
	enum rc rc = json_read(&whole, str_c(text), text->len, e);

	if (rc != RC_OK)
		return rc;
	rules = json_object_get(whole, "rules");
	if (!json_is_array(rules))
		return err_set(e, RC_INPUT, "it doesn't say what rules there were");
	for (size_t i = 0; i < json_array_size(rules); i++) {
		json_t *rule = json_array_get(rules, i);

		map_put(&in.rules, json_get_text(rule, "id", ""), rule);
	}
	in.has_alerts = now.ms - json_get_int(whole, "at", 0) <= RULES_OUTAGE_MS;
	for (uint32_t i = 0; i < r->n_groups; i++)
		for (uint32_t k = 0; k < r->groups[i].group->n_rules; k++)
			take_rule(&in, r->groups[i].group, &r->groups[i].rules[k]);
	map_fini(&in.rules);
	return RC_OK;
}
