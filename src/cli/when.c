/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"
#include "cli/looks.h"
#include "cli/shows.h"
#include "cli/term/moment.h"

#define CHANGES_ON_A_SCREEN 10

/* "immich is failing, for 4 min 12 s", and why. */
static void show_verdict(struct page *p, const json_t *check)
{
	const char *state = json_get_text(check, "state", "?");
	struct wall since = json_get_time(check, "since");
	struct wall until = json_get_time(check, "paused_until");
	scoped(str_fini) struct str why = STR_EMPTY;
	char text[MOMENT_TEXT_MAX];

	page_addf(p, STYLE_STRONG, "%s", json_get_text(check, "name", "?"));
	page_add(p, STYLE_PLAIN, " is ");
	page_add(p, look_of(state)->style, state);
	if (since.ms)
		page_addf(p, STYLE_PLAIN, " for %s, since %s",
			moment_since(since, p->term.now, text), moment_text(&p->term, since, text));
	if (until.ms && until.ms != NEVER_MS)
		page_addf(p, STYLE_NOTE, ", until %s", moment_text(&p->term, until, text));
	if (json_get_bool(check, "is_silenced", false))
		page_add(p, STYLE_NOTE, ", silenced");
	if (json_get_bool(check, "is_flapping", false))
		page_add(p, STYLE_DOUBT, ", flapping");
	page_line(p);
	look_reason(check, &p->term, &why);
	if (why.len > 0)
		page_wrap(p, STYLE_PLAIN, 0, str_c(&why));
}

static void add_names(const json_t *names, const char *lead, struct str *out)
{
	size_t i;
	json_t *name;

	json_array_foreach(names, i, name) {
		if (json_string_value(name))
			str_addf(out, "%s%s", i ? ", " : lead, json_string_value(name));
	}
}

/* What it is: kind, target, where it belongs, what it needs. */
static void show_what(struct page *p, const json_t *check)
{
	const char *host = json_get_text(check, "host", ""), *probe = json_get_text(check, "probe", "");
	const char *description = json_get_text(check, "description", "");
	const char *runbook = json_get_text(check, "runbook", "");
	int64_t every = json_get_int(check, "every_ms", 0);
	scoped(str_fini) struct str text = STR_EMPTY;
	char length[DURATION_TEXT_MAX];

	str_addf(&text, "%s %s", *probe ? probe : json_get_text(check, "kind", "check"),
		json_get_text(check, "target", ""));
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

	json_array_foreach(json_object_get(check, "vantages"), i, v) {
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
	scoped(table_fini) struct table t;
	char text[MOMENT_TEXT_MAX];
	size_t i;
	json_t *v;

	table_init(&t, (const char *const[]){ "FROM", "NOW", "LAST GOOD", "FIRST BAD", "WHY", NULL });
	json_array_foreach(json_object_get(when, "vantages"), i, v) {
		const char *site = json_get_text(v, "site", "?");
		struct wall good = json_get_time(v, "last_good"), bad = json_get_time(v, "first_bad");

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
	struct wall opened = json_get_time(incident, "opened");
	char text[MOMENT_TEXT_MAX];

	if (!json_is_object(incident))
		return;
	page_heading(p, "Who was told");
	page_addf(p, STYLE_PLAIN, "  incident %s: %s, opened %s",
		json_get_text(incident, "id", "?"), json_get_text(incident, "title", "?"),
		moment_text(&p->term, opened, text));
	page_line(p);
	show_told(p, json_object_get(when, "told"), json_get_time(when, "first_bad"));
	show_ack(p, json_object_get(incident, "ack"));
}

static void show_before(struct page *p, const json_t *when)
{
	const json_t *events = json_object_get(when, "before");
	struct show_day day = { .is_quiet = true };
	size_t i;
	json_t *event;

	if (json_get_time(when, "first_bad").ms == 0)
		return;
	page_heading(p, "The ten minutes before");
	json_array_foreach(events, i, event)
		show_event(p, event, &day);
	if (json_array_size(events) == 0) {
		page_add(p, STYLE_FAINT, "nothing was written into the journal");
		page_line(p);
	}
}

static void show_history(struct page *p, const json_t *when)
{
	const json_t *history = json_object_get(when, "history");
	size_t n = json_array_size(history), i;
	size_t skip = p->term.width && n > CHANGES_ON_A_SCREEN ? n - CHANGES_ON_A_SCREEN : 0;
	scoped(table_fini) struct table t;
	char text[MOMENT_TEXT_MAX];
	json_t *change;

	if (n == 0)
		return;
	page_heading(p, "History");
	if (skip > 0) {
		page_addf(p, STYLE_FAINT, "%zu earlier: diarchy log --subject %s --since 30d", skip,
			json_get_text(json_object_get(when, "check"), "name", "?"));
		page_line(p);
	}
	table_init(&t, (const char *const[]){ "", "", "", "", NULL });
	json_array_foreach(history, i, change) {
		const char *word = json_get_text(change, "word", "?");

		if (i < skip)
			continue;
		table_cell(&t, STYLE_PLAIN,
			moment_text(&p->term, json_get_time(change, "at"), text));
		table_cell(&t, STYLE_PLAIN, json_get_text(change, "vantage", "?"));
		table_cell(&t, look_of(word)->style, word);
		table_cell(&t, STYLE_PLAIN, json_get_text(change, "reason", ""));
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

/* Put the nearest name into the error: it was most likely meant. */
static void suggest(struct call *c, const char *name, struct err *e)
{
	scoped(answer_fini) struct answer checks = { 0 };
	const char *nearest = NULL;
	size_t least = 4, i;
	json_t *check;

	if (ask(c, "checks", &checks, NULL) != RC_OK)
		return;
	json_array_foreach(json_object_get(checks.json, "checks"), i, check) {
		const char *other = json_get_text(check, "name", "");
		size_t distance = str_distance(name, other);

		if (distance < least) {
			least = distance;
			nearest = other;
		}
	}
	if (nearest)
		err_set(e, RC_NOT_FOUND, "there is no check '%.64s' (did you mean '%.64s'?)", name,
			nearest);
}

enum rc command_when(struct call *c, struct err *e)
{
	scoped(answer_fini) struct answer a = { 0 };
	scoped(str_fini) struct str path = STR_EMPTY;
	enum rc rc;

	str_add(&path, "when/");
	ask_encode(&path, c->arguments[0]);
	rc = ask(c, str_c(&path), &a, e);
	if (rc == RC_NOT_FOUND)
		suggest(c, c->arguments[0], e);
	if (rc != RC_OK)
		return rc;
	if (call_option(c, json, json))
		answer_print(c, &a);
	else
		show_when(&c->page, a.json);
	c->exit = look_is_bad(json_object_get(a.json, "check"));
	return RC_OK;
}
