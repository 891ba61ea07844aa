/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"
#include "cli/looks.h"
#include "cli/names.h"
#include "cli/shows.h"
#include "cli/term/moment.h"

#define CHANGES_ON_A_SCREEN 10
#define EVENTS_ON_A_SCREEN  15

/* "immich is failing for 4 min, silenced", and why. */
static void show_verdict(struct page *p, const json_t *check)
{
	const char *state = json_get_text(check, "state", "?");
	struct wall since = json_get_time(check, "since");
	struct wall until = json_get_time(check, "paused_until");
	scoped(str_fini) struct str more = STR_EMPTY, why = STR_EMPTY;
	char text[MOMENT_TEXT_MAX];

	if (since.ms)
		str_addf(&more, " for %s", moment_since(since, p->term.now, text));
	if (until.ms)
		str_addf(&more, ", until %s", moment_text(&p->term, until, text));
	if (json_get_bool(check, "is_silenced", false))
		str_add(&more, ", silenced");
	if (json_get_bool(check, "is_flapping", false))
		str_add(&more, ", flapping");
	page_add(p, STYLE_STRONG, json_get_text(check, "name", "?"));
	page_add(p, STYLE_PLAIN, " is ");
	page_add(p, look_of(state)->style, state);
	page_wrap(p, STYLE_PLAIN, 4, str_c(&more));
	look_reason(check, &p->term, &why);
	if (why.len > 0)
		page_wrap(p, STYLE_PLAIN, 0, str_c(&why));
}

static void add_names(const json_t *names, const char *lead, struct str *out)
{
	size_t i;
	json_t *name;

	json_array_foreach (names, i, name) {
		if (json_string_value(name))
			str_addf(out, "%s%s", i ? ", " : lead, json_string_value(name));
	}
}

/* What it is: kind, target, where it belongs, what it needs. */
static void show_what(struct page *p, const json_t *check)
{
	const char *host = json_get_text(check, "host", ""),
		   *probe = json_get_text(check, "probe", "");
	const char *target = json_get_text(check, "target", "");
	const char *description = json_get_text(check, "description", "");
	const char *runbook = json_get_text(check, "runbook", "");
	int64_t every = json_get_int(check, "every_ms", 0);
	scoped(str_fini) struct str text = STR_EMPTY;
	char length[DURATION_TEXT_MAX];

	str_add(&text, *probe ? probe : json_get_text(check, "kind", "check"));
	if (*target)
		str_addf(&text, " %s", target);
	if (every > 0)
		str_addf(&text, ", every %s", duration_text(every, length));
	str_addf(&text, ", home %s", json_get_text(check, "home", "?"));
	if (*host)
		str_addf(&text, ", on %s", host);
	add_names(json_object_get(check, "needs"), ", needs ", &text);
	str_addf(&text, ", %s", json_get_text(check, "severity", "warning"));
	page_wrap(p, STYLE_FAINT, 0, str_c(&text));
	if (*description)
		page_wrap(p, STYLE_PLAIN, 0, description);
	if (*runbook)
		page_wrap(p, STYLE_PLAIN, 0, runbook);
}

/* The vantage of the check that is at this site, for its word now. */
static const json_t *vantage_at(const json_t *check, const char *site)
{
	size_t i;
	json_t *v;

	json_array_foreach (json_object_get(check, "vantages"), i, v) {
		if (str_eq(json_get_text(v, "site", ""), site))
			return v;
	}
	return NULL;
}

static void add_word(struct table *t, const json_t *vantage)
{
	const char *word = json_get_text(vantage, "word", "none");
	bool is_fresh = json_get_bool(vantage, "is_fresh", true);

	if (json_get_bool(vantage, "is_blind", false))
		table_cellf(t, STYLE_DOUBT, "%s (blind)", word);
	else if (!is_fresh)
		table_cellf(t, STYLE_DOUBT, "%s (stale)", word);
	else
		table_cell(t, look_of(word)->style, word);
}

static void show_vantages(struct page *p, const json_t *when)
{
	scoped(table_fini) struct table t = { 0 };
	char text[MOMENT_TEXT_MAX];
	size_t i;
	json_t *v;

	table_init(&t,
		(const char *const[]){ "FROM", "NOW", "LAST GOOD", "FIRST BAD", "WHY", NULL });
	json_array_foreach (json_object_get(when, "vantages"), i, v) {
		const char *site = json_get_text(v, "site", "?");
		struct wall good = json_get_time(v, "last_good"),
			    bad = json_get_time(v, "first_bad");

		table_cell(&t, STYLE_STRONG, site);
		add_word(&t, vantage_at(json_object_get(when, "check"), site));
		table_cell(&t, STYLE_PLAIN, moment_text(&p->term, good, text));
		table_cell(&t, STYLE_PLAIN, bad.ms ? moment_text(&p->term, bad, text) : "-");
		table_cell(&t, STYLE_PLAIN, json_get_text(v, "reason", ""));
	}
	if (t.n == 0)
		return;
	page_line(p);
	table_print(&t, p, 0);
}

/* "Last good evidence 19:03:56 IST, 4 min ago; first bad 15 s later." */
static void show_death(struct page *p, const json_t *when)
{
	struct wall good = json_get_time(when, "last_good"), bad = json_get_time(when, "first_bad");
	scoped(str_fini) struct str text = STR_EMPTY;
	char at[MOMENT_TEXT_MAX], ago[MOMENT_TEXT_MAX];

	if (good.ms)
		str_addf(&text, "Last good evidence %s, %s", moment_text(&p->term, good, at),
			moment_ago(good, p->term.now, ago));
	else
		str_add(&text, "There has never been good evidence");
	if (bad.ms)
		str_addf(&text, "; first bad %s, %s", moment_text(&p->term, bad, at),
			moment_ago(bad, p->term.now, ago));
	str_add(&text, ".");
	page_line(p);
	page_wrap(p, STYLE_PLAIN, 0, str_c(&text));
}

static void show_incident_line(struct page *p, const json_t *when)
{
	const json_t *incident = json_object_get(when, "incident");
	const json_t *told = json_object_get(incident, "told"); /* those not told, too */
	scoped(str_fini) struct str text = STR_EMPTY;
	char opened[MOMENT_TEXT_MAX];

	if (!json_is_object(incident))
		return;
	str_addf(&text, "  incident %s: %s, opened %s", json_get_text(incident, "id", "?"),
		json_get_text(incident, "title", "?"),
		moment_text(&p->term, json_get_time(incident, "opened"), opened));
	page_heading(p, "Who was told");
	page_wrap(p, STYLE_PLAIN, 4, str_c(&text));
	show_told(p, json_array_size(told) ? told : json_object_get(when, "told"),
		json_get_time(when, "first_bad"));
	show_ack(p, json_object_get(incident, "ack"));
}

/* "31 earlier: diarchy log --since 18:05:12". */
static void show_earlier(struct page *p, size_t n, const json_t *first)
{
	struct wall at = json_get_time(first, "wall");
	char text[MOMENT_TEXT_MAX];

	page_addf(p, STYLE_FAINT, "%zu earlier: diarchy log --since %s", n, wall_rfc3339(at, text));
	page_line(p);
}

static void show_before(struct page *p, const json_t *when)
{
	const json_t *events = json_object_get(when, "before");
	bool is_reversed = look_is_reversed(events, "wall");
	size_t n = json_array_size(events);
	size_t skip = p->term.width && n > EVENTS_ON_A_SCREEN ? n - EVENTS_ON_A_SCREEN : 0;
	struct show_day day = show_day_of(p, look_in_time(events, skip, is_reversed));

	if (json_get_time(when, "first_bad").ms == 0)
		return;
	page_heading(p, "The ten minutes before");
	if (skip > 0)
		show_earlier(p, skip, look_in_time(events, 0, is_reversed));
	for (size_t i = skip; i < n; i++)
		show_event(p, look_in_time(events, i, is_reversed), &day);
	if (n == 0) {
		page_add(p, STYLE_FAINT, "nothing was written into the journal");
		page_line(p);
	}
}

/* Words that repeat the one before, as a job's reports do: a run of them is one line. */
static bool is_same(const json_t *a, const json_t *b)
{
	static const char *const members[] = { "vantage", "word", "reason" };

	for (size_t i = 0; i < COUNT(members); i++)
		if (!str_eq(json_get_text(a, members[i], ""), json_get_text(b, members[i], "")))
			return false;
	return true;
}

static size_t run_length(const json_t *history, size_t from, bool is_reversed)
{
	const json_t *first = look_in_time(history, from, is_reversed);
	size_t n = 1;

	while (from + n < json_array_size(history) &&
		is_same(first, look_in_time(history, from + n, is_reversed)))
		n++;
	return n;
}

static void add_change(struct page *p, struct table *t, const json_t *change, const json_t *last,
	size_t times)
{
	const char *word = json_get_text(change, "word", "?");
	const char *reason = json_get_text(change, "reason", "");
	char text[MOMENT_TEXT_MAX];

	table_cell(t, STYLE_FAINT, moment_text(&p->term, json_get_time(change, "at"), text));
	table_cell(t, STYLE_PLAIN, json_get_text(change, "vantage", "?"));
	table_cell(t, look_of(word)->style, word);
	if (*reason)
		table_cell(t, STYLE_PLAIN, reason);
	else if (times > 1)
		table_cellf(t, STYLE_FAINT, "%zu times, the last %s", times,
			moment_text(&p->term, json_get_time(last, "at"), text));
	else
		table_cell(t, STYLE_PLAIN, "");
}

static size_t count_runs(const json_t *history, bool is_reversed)
{
	size_t runs = 0;

	for (size_t i = 0; i < json_array_size(history); i += run_length(history, i, is_reversed))
		runs++;
	return runs;
}

static void show_history(struct page *p, const json_t *when)
{
	const json_t *history = json_object_get(when, "history");
	bool is_reversed = look_is_reversed(history, "at");
	size_t runs = count_runs(history, is_reversed), times;
	size_t skip = p->term.width && runs > CHANGES_ON_A_SCREEN ? runs - CHANGES_ON_A_SCREEN : 0;
	scoped(table_fini) struct table t = { 0 };

	if (runs == 0)
		return;
	page_heading(p, "History");
	if (skip > 0) {
		page_addf(p, STYLE_FAINT, "%zu earlier: diarchy log --subject %s --since 30d", skip,
			json_get_text(json_object_get(when, "check"), "name", "?"));
		page_line(p);
	}
	table_init(&t, (const char *const[]){ "", "", "", "", NULL });
	for (size_t i = 0; i < json_array_size(history); i += times) {
		times = run_length(history, i, is_reversed);
		if (skip > 0)
			skip--;
		else
			add_change(p, &t, look_in_time(history, i, is_reversed),
				look_in_time(history, i + times - 1, is_reversed), times);
	}
	table_print(&t, p, 0);
}

void show_when(struct page *p, const json_t *when)
{
	const json_t *check = json_object_get(when, "check");

	show_verdict(p, check);
	show_what(p, check);
	show_death(p, when);
	show_vantages(p, when);
	show_incident_line(p, when);
	show_before(p, when);
	show_history(p, when);
}

enum rc command_when(struct call *c, struct err *e)
{
	scoped(answer_fini) struct answer a = { 0 };
	scoped(str_fini) struct str path = STR_EMPTY;
	enum rc rc;

	str_add(&path, "when/");
	ask_encode(&path, c->arguments[0]);
	rc = ask(c, str_c(&path), &a, e);
	if (rc != RC_OK)
		return names_suggest_check(c, rc, c->arguments[0], e);
	if (call_option(c, json, json))
		answer_print(c, &a);
	else
		show_when(&c->page, a.json);
	c->exit = look_is_bad(json_object_get(a.json, "check"));
	return RC_OK;
}
