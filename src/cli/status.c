/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"
#include "cli/looks.h"
#include "cli/shows.h"
#include "cli/term/moment.h"

#define ROWS_ON_A_SCREEN 8 /* of 24 lines, beside the picture and the incidents */

static struct state_tally tally_all(const json_t *status)
{
	struct state_tally tally = { 0 };
	size_t i;
	json_t *check;

	json_array_foreach (json_object_get(status, "checks"), i, check)
		state_tally_add(&tally, json_get_text(check, "state", ""));
	return tally;
}

static size_t count_open(const json_t *status)
{
	return json_array_size(json_object_get(status, "incidents"));
}

/* Rules of so many names have found something; these are no checks. */
static size_t count_alerts(const json_t *status)
{
	size_t n = 0, i;
	json_t *incident;

	json_array_foreach (json_object_get(status, "incidents"), i, incident)
		n += str_eq(json_get_text(incident, "state", ""), "open") &&
		     str_starts(json_get_text(incident, "cause", ""), "alert:");
	return n;
}

static bool is_well(const json_t *status)
{
	struct state_tally tally = tally_all(status);

	return state_tally_bad(&tally) == 0 && count_open(status) == 0;
}

static enum style add_verdict(const json_t *status, struct str *out)
{
	struct state_tally tally = tally_all(status);
	size_t alerts = count_alerts(status);
	char count[32];

	if (state_tally_bad(&tally) > 0) {
		str_addf(out, "%lld of %s %s not well", (long long)state_tally_bad(&tally),
			look_count(state_tally_sum(&tally), "check", count),
			state_tally_bad(&tally) == 1 ? "is" : "are");
		return STYLE_BAD;
	}
	if (alerts > 0) {
		str_addf(out, "%s %s", look_count((int64_t)alerts, "alert", count),
			alerts == 1 ? "fires" : "fire");
		return STYLE_BAD;
	}
	str_add(out, is_well(status) ? "all is well" : "recovering");
	return is_well(status) ? STYLE_OK : STYLE_DOUBT;
}

/* The verdict at the left, who says so at the right. */
static void show_headline(struct page *p, const json_t *status)
{
	scoped(str_fini) struct str verdict = STR_EMPTY, seen = STR_EMPTY;
	enum style style = add_verdict(status, &verdict);
	const char *lab = json_get_text(status, "lab", "?");
	char clock[MOMENT_TEXT_MAX];
	size_t used;

	str_addf(&seen, "seen from %s at %s", json_get_text(status, "site", "?"),
		moment_text(&p->term, p->term.now, clock));
	page_addf(p, STYLE_STRONG, "%s: ", lab);
	page_add(p, style, str_c(&verdict));
	used = text_width(lab) + 2 + text_width(str_c(&verdict)) + text_width(str_c(&seen));
	if (p->term.width && p->term.width < used + 2)
		page_line(p);
	else
		page_fill(p, " ", p->term.width ? p->term.width - used : 2);
	page_wrap(p, STYLE_FAINT, 0, str_c(&seen));
}

/* ---- checks */

struct row {
	const json_t *check;
	int rank; /* the higher, the sooner it is shown */
	size_t place;
	bool is_explained; /* a member of an open incident, but not its cause */
};

#define RANK_CAUSE 100

/* Who answers is there: that nobody else can say so needs no line. */
static bool is_of_who_answers(const json_t *status, const char *check)
{
	return str_starts(check, "site:") &&
	       str_eq(check + strlen("site:"), json_get_text(status, "site", ""));
}

/* Causes before what they explain, worse before better, important before less so. */
static struct row row_of(const json_t *status, const json_t *check, size_t place)
{
	const char *name = json_get_text(check, "name", "");
	const char *severity = json_get_text(check, "severity", "");
	int rank = 10 * look_of(json_get_text(check, "state", ""))->badness +
		   (str_eq(severity, "critical") ? 2 : str_eq(severity, "warning"));
	struct row row = { check, rank, place, look_is_bad(check) };
	bool is_covered = is_of_who_answers(status, name);
	size_t i;
	json_t *incident;

	json_array_foreach (json_object_get(status, "incidents"), i, incident) {
		bool is_open = str_eq(json_get_text(incident, "state", ""), "open");
		bool is_cause = is_open && str_eq(json_get_text(incident, "cause", ""), name);

		row.rank += is_cause ? RANK_CAUSE : 0;
		is_covered |= str_eq(json_get_text(incident, "id", ""),
			json_get_text(check, "incident", "-"));
	}
	row.is_explained &= is_covered && row.rank < RANK_CAUSE;
	return row;
}

static int by_rank(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->is_explained != y->is_explained)
		return x->is_explained - y->is_explained;
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

/* What is wrong with it; what it is, when nothing is. */
static void add_why(const struct page *p, const json_t *check, struct str *out)
{
	if (json_get_bool(check, "is_silenced", false))
		str_add(out, "(silenced) ");
	if (json_get_bool(check, "is_flapping", false))
		str_add(out, "(flapping) ");
	if (look_is_bad(check))
		look_reason(check, &p->term, out);
	else
		str_add(out, json_get_text(check, "target", ""));
}

static void add_check(struct page *p, struct table *t, const json_t *check)
{
	const char *state = json_get_text(check, "state", "?");
	scoped(str_fini) struct str why = STR_EMPTY;
	struct wall since = json_get_time(check, "since");
	char length[MOMENT_TEXT_MAX];

	add_why(p, check, &why);
	table_cell(t, look_of(state)->style, state);
	table_cell(t, STYLE_STRONG, json_get_text(check, "name", "?"));
	table_cell(t, STYLE_PLAIN, since.ms ? moment_since(since, p->term.now, length) : "");
	table_cell(t, look_is_bad(check) ? STYLE_PLAIN : STYLE_FAINT, str_c(&why));
}

/* Sorted rows of the checks to show, malloced. */
static struct row *sorted_checks(const json_t *status, bool shows_all, size_t *ret_n)
{
	const json_t *checks = json_object_get(status, "checks");
	struct row *rows = must_alloc((json_array_size(checks) + 1) * sizeof *rows);
	size_t n = 0, i;
	json_t *check;

	json_array_foreach (checks, i, check) {
		if (shows_all || look_is_bad(check))
			rows[n++] = row_of(status, check, i);
	}
	qsort(rows, n, sizeof *rows, by_rank);
	*ret_n = n;
	return rows;
}

/* How many of the rows go on a screen: those that nothing explains, up to a bound. */
static size_t count_shown(const struct page *p, const struct row *rows, size_t n)
{
	size_t shown = 0;

	if (p->term.width == 0)
		return n;
	while (shown < n && shown < ROWS_ON_A_SCREEN && !rows[shown].is_explained)
		shown++;
	return shown;
}

static void show_checks(struct page *p, const json_t *status, bool shows_all)
{
	scoped(str_fini) struct str hidden = STR_EMPTY;
	scoped(table_fini) struct table t = { 0 };
	size_t n, shown;
	struct row *rows = sorted_checks(status, shows_all, &n);
	bool is_explained = n > 0 && rows[n - 1].is_explained;

	shown = shows_all ? n : count_shown(p, rows, n);
	table_init(&t, (const char *const[]){ "STATE", "!CHECK", "FOR", shows_all ? "WHAT" : "WHY",
			       NULL });
	for (size_t i = 0; i < shown; i++)
		add_check(p, &t, rows[i].check);
	free(rows);
	if (n == 0)
		return;
	page_line(p);
	table_print(&t, p, 0);
	if (shown < n) {
		str_addf(&hidden, "and %zu more%s: diarchy status --all", n - shown,
			is_explained ? ", which these explain" : "");
		page_wrap(p, STYLE_FAINT, 4, str_c(&hidden));
	}
}

/* ---- the rest */

static void show_open(struct page *p, const json_t *status)
{
	if (count_open(status) == 0)
		return;
	page_line(p);
	show_incidents(p, status);
}

static size_t count_active(const json_t *silences)
{
	size_t n = 0, i;
	json_t *silence;

	json_array_foreach (silences, i, silence)
		n += json_get_bool(silence, "is_active", false);
	return n;
}

static void add_revision(const struct page *p, const json_t *revision, struct str *out)
{
	const char *commit = json_get_text(revision, "commit", NULL);
	struct wall since = json_get_time(revision, "since");
	char length[MOMENT_TEXT_MAX];

	if (commit)
		str_addf(out, "lab.yaml %.10s '%s' by %s", commit,
			json_get_text(revision, "summary", ""),
			json_get_text(revision, "author", "?"));
	else
		str_addf(out, "lab.yaml %.10s", json_get_text(revision, "hash", "?"));
	if (since.ms)
		str_addf(out, ", for %s", moment_since(since, p->term.now, length));
}

/* Counts, silences and the configuration, on one line if it fits. */
static void show_foot(struct page *p, const json_t *status)
{
	struct state_tally tally = tally_all(status);
	size_t silences = count_active(json_object_get(status, "silences"));
	const json_t *revision = json_object_get(status, "revision");
	scoped(str_fini) struct str text = STR_EMPTY;
	char count[32];

	str_addf(&text, "%s: ", look_count(state_tally_sum(&tally), "check", count));
	state_tally_text(&tally, &text);
	str_add(&text, ".");
	if (silences > 0)
		str_addf(&text, "  %s in force.", look_count((int64_t)silences, "silence", count));
	if (json_is_object(revision)) {
		str_add(&text, "  ");
		add_revision(p, revision, &text);
		str_add(&text, ".");
	}
	page_line(p);
	page_wrap(p, STYLE_FAINT, 0, str_c(&text));
}

void show_status(struct page *p, const json_t *status, bool shows_all)
{
	look_now(p, status);
	show_headline(p, status);
	page_line(p);
	show_sites(p, status);
	show_checks(p, status, shows_all);
	show_open(p, status);
	show_foot(p, status);
}

enum rc command_status(struct call *c, struct err *e)
{
	scoped(answer_fini) struct answer a = { 0 };
	enum rc rc = ask(c, "status", &a, e);

	if (rc != RC_OK)
		return rc;
	if (call_option(c, json, json))
		answer_print(c, &a);
	else
		show_status(&c->page, a.json, call_option(c, status, all));
	c->exit = !is_well(a.json);
	return RC_OK;
}
