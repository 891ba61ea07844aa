/* SPDX-License-Identifier: Apache-2.0 */
/* What a site evaluates: what is up, what is wrong with rules, and the groups. */
#include "cli/looks.h"
#include "cli/shows.h"
#include "cli/term/moment.h"

struct counts {
	int64_t groups, rules, failing, blind, firing, pending;
};

typedef void each_rule(void *ctx, const json_t *group, const json_t *rule);

static void for_each(const json_t *answer, each_rule *each, void *ctx)
{
	const json_t *groups = json_object_get(json_object_get(answer, "data"), "groups");
	json_t *group, *rule;
	size_t i, k;

	json_array_foreach (groups, i, group) {
		json_array_foreach (json_object_get(group, "rules"), k, rule)
			each(ctx, group, rule);
	}
}

static bool is_failing(const json_t *rule)
{
	return str_eq(json_get_text(rule, "health", ""), "err");
}

static bool is_blind(const json_t *rule)
{
	return json_object_get(rule, "blindSince") != NULL;
}

static void count(void *ctx, const json_t *group, const json_t *rule)
{
	struct counts *n = ctx;
	json_t *alert;
	size_t i;

	(void)group;
	n->rules++;
	n->failing += is_failing(rule);
	n->blind += is_blind(rule);
	json_array_foreach (json_object_get(rule, "alerts"), i, alert) {
		bool is_firing = str_eq(json_get_text(alert, "state", ""), "firing");

		n->firing += is_firing;
		n->pending += !is_firing;
	}
}

bool show_rules_are_well(const json_t *answer)
{
	struct counts n = { 0 };

	for_each(answer, count, &n);
	return !n.failing && !n.blind;
}

static enum style add_verdict(const struct counts *n, struct str *out)
{
	char alerts[32];

	if (n->failing)
		str_addf(out, "%lld %s", (long long)n->failing, n->failing == 1 ? "fails" : "fail");
	if (n->blind)
		str_addf(out, "%s%lld %s no series any more", n->failing ? ", " : "",
			(long long)n->blind, n->blind == 1 ? "sees" : "see");
	if (!n->failing && !n->blind)
		str_add(out, "all work");
	if (!n->firing && !n->pending)
		str_add(out, "; no alerts");
	if (n->firing)
		str_addf(out, "; %s %s", look_count(n->firing, "alert", alerts),
			n->firing == 1 ? "fires" : "fire");
	if (n->pending)
		str_addf(out, n->firing ? ", %lld pending" : "; %lld pending",
			(long long)n->pending);
	return n->failing || n->firing  ? STYLE_BAD
	       : n->blind || n->pending ? STYLE_DOUBT
					: STYLE_OK;
}

/* "3 groups, 9 rules: 1 fails, 1 sees no series any more; 2 alerts fire, 1 pending" */
static void show_headline(struct page *p, const struct counts *n)
{
	scoped(str_fini) struct str verdict = STR_EMPTY;
	enum style style = add_verdict(n, &verdict);
	char groups[32], rules[32];

	page_addf(p, STYLE_STRONG, "%s, %s: ", look_count(n->groups, "group", groups),
		look_count(n->rules, "rule", rules));
	page_wrap(p, style, 0, str_c(&verdict));
}

/* ---- alerts */

struct alert_rows {
	struct page *page;
	struct table table;
	const char *state; /* of those that come now */
};

static void add_labels(struct str *out, const json_t *labels)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)labels, name, value) {
		if (json_is_string(value) && !str_eq(name, "alertname"))
			str_addf(out, "%s%s=%s", out->len ? " " : "", name,
				json_string_value(value));
	}
}

static void add_alerts(void *ctx, const json_t *group, const json_t *rule)
{
	struct alert_rows *rows = ctx;
	struct table *t = &rows->table;
	bool is_firing = str_eq(rows->state, "firing");
	json_t *alert;
	size_t i;

	(void)group;
	json_array_foreach (json_object_get(rule, "alerts"), i, alert) {
		scoped(str_fini) struct str labels = STR_EMPTY;
		char since[MOMENT_TEXT_MAX];

		if (!str_eq(json_get_text(alert, "state", ""), rows->state))
			continue;
		add_labels(&labels, json_object_get(alert, "labels"));
		table_cell(t, STYLE_STRONG, json_get_text(rule, "name", "?"));
		table_cell(t, is_firing ? STYLE_BAD : STYLE_DOUBT, rows->state);
		table_cell(t, STYLE_PLAIN,
			moment_since(json_get_time(alert, "activeAt"), rows->page->term.now,
				since));
		table_cellf(t, STYLE_PLAIN, "%.6g",
			strtod(json_get_text(alert, "value", "nan"), NULL));
		table_cell(t, STYLE_PLAIN, str_c(&labels));
	}
}

static void show_alerts_up(struct page *p, const json_t *answer)
{
	static const char *const states[] = { "firing", "pending" };
	struct alert_rows rows = { .page = p };

	table_init(&rows.table,
		(const char *const[]){ "!ALERT", "STATE", "SINCE", "VALUE", "LABELS", NULL });
	for (size_t i = 0; i < COUNT(states); i++) {
		rows.state = states[i];
		for_each(answer, add_alerts, &rows);
	}
	page_line(p);
	table_print(&rows.table, p, 0);
	table_fini(&rows.table);
}

/* ---- what is wrong */

static void show_one_wrong(void *ctx, const json_t *group, const json_t *rule)
{
	struct page *p = ctx;
	scoped(str_fini) struct str text = STR_EMPTY;
	char since[MOMENT_TEXT_MAX];

	if (!is_failing(rule) && !is_blind(rule))
		return;
	page_add(p, STYLE_STRONG, json_get_text(rule, "name", "?"));
	str_addf(&text, " in %s ", json_get_text(group, "name", "?"));
	if (is_failing(rule))
		str_addf(&text, "fails: %s", json_get_text(rule, "lastError", "nobody knows why"));
	else
		str_addf(&text, "saw series, and sees none any more, for %s",
			moment_since(json_get_time(rule, "blindSince"), p->term.now, since));
	page_wrap(p, is_failing(rule) ? STYLE_BAD : STYLE_DOUBT, 2, str_c(&text));
}

static void show_wrong(struct page *p, const json_t *answer)
{
	page_line(p);
	for_each(answer, show_one_wrong, p);
}

/* ---- groups */

static double number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* A time before 1970 is Go's for never. */
static const char *last_text(const struct page *p, const json_t *group, char buf[MOMENT_TEXT_MAX])
{
	struct wall at = json_get_time(group, "lastEvaluation");

	if (at.ms < 0)
		at.ms = 0;
	return moment_ago(at, p->term.now, buf);
}

static void show_groups(struct page *p, const json_t *answer)
{
	scoped(table_fini) struct table t = { 0 };
	json_t *group;
	size_t i;

	table_init(&t,
		(const char *const[]){ "!GROUP", "RULES", "EVERY", "LAST", "TOOK", "FILE", NULL });
	json_array_foreach (json_object_get(json_object_get(answer, "data"), "groups"), i, group) {
		int64_t every_ms = (int64_t)(1000 * number(group, "interval"));
		double took_s = number(group, "evaluationTime");
		char last[MOMENT_TEXT_MAX], every[DURATION_TEXT_MAX];

		table_cell(&t, STYLE_STRONG, json_get_text(group, "name", "?"));
		table_cellf(&t, STYLE_PLAIN, "%zu",
			json_array_size(json_object_get(group, "rules")));
		table_cell(&t, STYLE_PLAIN, duration_text(every_ms, every));
		table_cell(&t, STYLE_PLAIN, last_text(p, group, last));
		table_cellf(&t, STYLE_PLAIN, took_s < 1 ? "%.3g ms" : "%.3g s",
			took_s < 1 ? 1000 * took_s : took_s);
		table_cell(&t, STYLE_PLAIN, json_get_text(group, "file", "?"));
	}
	page_line(p);
	table_print(&t, p, 0);
}

void show_rules(struct page *p, const json_t *answer)
{
	struct counts n = { 0 };

	n.groups = (int64_t)json_array_size(
		json_object_get(json_object_get(answer, "data"), "groups"));
	for_each(answer, count, &n);
	if (!n.groups) {
		page_wrap(p, STYLE_PLAIN, 0,
			"The site evaluates no rules: lab.yaml names files of them with "
			"'metrics: {rule_files: [...]}'.");
		return;
	}
	show_headline(p, &n);
	if (n.firing || n.pending)
		show_alerts_up(p, answer);
	if (n.failing || n.blind)
		show_wrong(p, answer);
	show_groups(p, answer);
}
