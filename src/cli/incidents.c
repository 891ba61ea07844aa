/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"
#include "cli/looks.h"
#include "cli/shows.h"
#include "cli/term/moment.h"

/* ---- pieces of an incident that `when` shows too */

/* "discord at 18:04:13 IST by mumbai, 2 s after the first bad evidence" */
static enum style add_channel(const struct page *p, const json_t *channel, struct wall first_bad,
	struct str *out)
{
	struct wall first = json_get_time(channel, "first");
	char at[MOMENT_TEXT_MAX], length[DURATION_TEXT_MAX];

	str_addf(out, "%s ", json_get_text(channel, "channel", "?"));
	if (first.ms == 0 && json_get_int(channel, "wanted", 1) == 0) {
		str_add(out, "is not told of it");
		return STYLE_FAINT;
	}
	if (first.ms == 0) {
		str_add(out, "has not been told yet");
		return STYLE_DOUBT;
	}
	str_addf(out, "at %s by %s", moment_text(&p->term, first, at),
		json_get_text(channel, "via", "?"));
	if (first_bad.ms && first.ms >= first_bad.ms)
		str_addf(out, ", %s after the first bad evidence",
			duration_text(first.ms - first_bad.ms, length));
	if (json_get_int(channel, "version", 0) < json_get_int(channel, "wanted", 0))
		str_add(out, "; what has changed since is on its way");
	return STYLE_PLAIN;
}

void show_told(struct page *p, const json_t *told, struct wall first_bad)
{
	size_t i;
	json_t *channel;

	json_array_foreach (told, i, channel) {
		scoped(str_fini) struct str text = STR_EMPTY;
		enum style style = add_channel(p, channel, first_bad, &text);

		page_fill(p, " ", 2);
		page_wrap(p, style, 4, str_c(&text));
	}
	if (json_array_size(told) == 0) {
		page_add(p, STYLE_DOUBT, "  nobody has been told yet");
		page_line(p);
	}
}

void show_ack(struct page *p, const json_t *ack)
{
	const char *by = json_get_text(ack, "by", "");
	scoped(str_fini) struct str text = STR_EMPTY;
	char at[MOMENT_TEXT_MAX];

	if (!*by)
		return;
	str_addf(&text, "%s has looked after it since %s", by,
		moment_text(&p->term, json_get_time(ack, "at"), at));
	if (*json_get_text(ack, "why", ""))
		str_addf(&text, ": %s", json_get_text(ack, "why", ""));
	page_fill(p, " ", 2);
	page_wrap(p, STYLE_NOTE, 4, str_c(&text));
}

/* ---- the list */

/* Columns that hold nothing new are left out, for the title's sake. */
struct columns {
	bool has_state; /* some are not simply open */
	bool has_taker; /* somebody has acknowledged one */
};

static struct columns columns_of(const json_t *incidents)
{
	struct columns columns = { 0 };
	size_t i;
	json_t *it;

	json_array_foreach (incidents, i, it) {
		columns.has_state |= !str_eq(json_get_text(it, "state", ""), "open");
		columns.has_taker |= json_is_object(json_object_get(it, "ack"));
	}
	return columns;
}

static void begin_list(struct table *t, struct columns columns)
{
	const char *heads[TABLE_COLUMNS_MAX] = { "!INCIDENT" };
	uint32_t n = 1;

	if (columns.has_state)
		heads[n++] = "STATE";
	heads[n++] = "OPENED";
	heads[n++] = "TOLD";
	if (columns.has_taker)
		heads[n++] = "TAKEN BY";
	heads[n++] = "WHAT";
	table_init(t, heads);
}

static void add_incident(struct page *p, struct table *t, struct columns columns,
	const json_t *incident)
{
	const char *state = json_get_text(incident, "state", "?");
	const char *by = json_get_text(json_object_get(incident, "ack"), "by", "-");
	bool is_group = str_starts(json_get_text(incident, "cause", ""), "alert:");
	int64_t others = (int64_t)json_array_size(json_object_get(incident, "members")) - 1 -
			 is_group + json_get_int(incident, "more_members", 0);
	scoped(str_fini) struct str told = STR_EMPTY, what = STR_EMPTY;
	enum style told_style = look_told(json_object_get(incident, "told"), &told);
	char ago[MOMENT_TEXT_MAX];

	str_add(&what, json_get_text(incident, "title", "?"));
	if (others > 0)
		str_addf(&what, " (and %lld more)", (long long)others);
	table_cell(t, STYLE_STRONG, json_get_text(incident, "id", "?"));
	if (columns.has_state)
		table_cell(t, look_of(state)->style, state);
	table_cell(t, STYLE_PLAIN, moment_ago(json_get_time(incident, "opened"), p->term.now, ago));
	table_cell(t, told_style, str_c(&told));
	if (columns.has_taker)
		table_cell(t, STYLE_NOTE, by);
	table_cell(t, STYLE_PLAIN, str_c(&what));
}

void show_incidents(struct page *p, const json_t *answer)
{
	const json_t *incidents = json_object_get(answer, "incidents");
	struct columns columns = columns_of(incidents);
	scoped(table_fini) struct table t = { 0 };
	size_t i;
	json_t *incident;

	begin_list(&t, columns);
	json_array_foreach (incidents, i, incident)
		add_incident(p, &t, columns, incident);
	if (t.n > 0) {
		table_print(&t, p, 0);
	} else {
		page_add(p, STYLE_PLAIN, "no incidents");
		page_line(p);
	}
}

/* ---- one of them */

/* ", critical, opened 18:04:12 IST by mumbai, closed 18:08:00 IST after 4 min" */
static void add_life(const struct page *p, const json_t *in, struct str *out)
{
	struct wall opened = json_get_time(in, "opened"), closed = json_get_time(in, "closed");
	int64_t relapses = json_get_int(in, "relapses", 0);
	char at[MOMENT_TEXT_MAX], length[MOMENT_TEXT_MAX];

	if (*json_get_text(in, "merged_into", ""))
		str_addf(out, " into %s", json_get_text(in, "merged_into", ""));
	str_addf(out, ", %s, opened %s", json_get_text(in, "severity", "?"),
		moment_text(&p->term, opened, at));
	str_addf(out, " by %s", json_get_text(in, "owner", "?"));
	if (closed.ms)
		str_addf(out, ", closed %s after %s", moment_text(&p->term, closed, at),
			moment_since(opened, closed, length));
	else
		str_addf(out, ", %s", moment_ago(opened, p->term.now, length));
	if (relapses > 0)
		str_addf(out, ", came back %s",
			relapses == 1 ? "once" : look_count(relapses, "time", at));
}

static void show_title(struct page *p, const json_t *in)
{
	const char *state = json_get_text(in, "state", "?");
	scoped(str_fini) struct str life = STR_EMPTY;

	page_addf(p, STYLE_STRONG, "%s: ", json_get_text(in, "id", "?"));
	page_wrap(p, STYLE_STRONG, 0, json_get_text(in, "title", "?"));
	page_add(p, look_of(state)->style, state);
	add_life(p, in, &life);
	page_wrap(p, STYLE_PLAIN, 0, str_c(&life));
}

static void add_member(struct page *p, struct table *t, const json_t *member)
{
	struct wall recovered = json_get_time(member, "recovered");
	const char *state = json_get_text(member, "state", "?");
	char text[MOMENT_TEXT_MAX];

	table_cell(t, recovered.ms ? STYLE_OK : look_of(state)->style, recovered.ms ? "ok" : state);
	table_cell(t, STYLE_STRONG, json_get_text(member, "check", "?"));
	table_cell(t, STYLE_PLAIN, moment_text(&p->term, json_get_time(member, "last_ok"), text));
	table_cell(t, STYLE_PLAIN, moment_text(&p->term, json_get_time(member, "since"), text));
	table_cell(t, STYLE_PLAIN, recovered.ms ? moment_text(&p->term, recovered, text) : "-");
	table_cell(t, STYLE_PLAIN, json_get_text(member, "reason", ""));
}

static void show_members(struct page *p, const json_t *in)
{
	int64_t more = json_get_int(in, "more_members", 0);
	scoped(table_fini) struct table t = { 0 };
	size_t i;
	json_t *member;

	page_line(p);
	table_init(&t, (const char *const[]){ "NOW", "!CHECK", "LAST GOOD", "FIRST BAD",
			       "RECOVERED", "WHY", NULL });
	json_array_foreach (json_object_get(in, "members"), i, member)
		add_member(p, &t, member);
	table_print(&t, p, 0);
	if (more > 0) {
		page_addf(p, STYLE_FAINT, "and %lld more", (long long)more);
		page_line(p);
	}
}

/* What its owner found to have happened before: not whole events, but sentences. */
static void show_before(struct page *p, const json_t *before)
{
	scoped(table_fini) struct table t = { 0 };
	char text[MOMENT_TEXT_MAX];
	size_t i;
	json_t *it;

	if (json_array_size(before) == 0)
		return;
	page_heading(p, "Before");
	table_init(&t, (const char *const[]){ "", "", "", NULL });
	json_array_foreach (before, i, it) {
		table_cell(&t, STYLE_PLAIN, moment_text(&p->term, json_get_time(it, "at"), text));
		table_cell(&t, STYLE_PLAIN, json_get_text(it, "site", "?"));
		table_cell(&t, STYLE_PLAIN, json_get_text(it, "text", ""));
	}
	table_print(&t, p, 2);
}

void show_incident(struct page *p, const json_t *in)
{
	const json_t *timeline = json_object_get(in, "timeline");
	bool is_reversed = look_is_reversed(timeline, "wall");
	struct show_day day = show_day_of(p, look_in_time(timeline, 0, is_reversed));

	show_title(p, in);
	show_members(p, in);
	page_heading(p, "Who was told");
	show_told(p, json_object_get(in, "told"), json_get_time(in, "since"));
	show_ack(p, json_object_get(in, "ack"));
	show_before(p, json_object_get(in, "before"));
	page_heading(p, "Timeline");
	for (size_t i = 0; i < json_array_size(timeline); i++)
		show_event(p, look_in_time(timeline, i, is_reversed), &day);
}

enum rc command_incidents(struct call *c, struct err *e)
{
	scoped(answer_fini) struct answer a = { 0 };
	scoped(str_fini) struct str path = STR_EMPTY;
	const char *state = call_option(c, incidents, state);
	enum rc rc;

	if (c->n_arguments > 0) {
		str_add(&path, "incidents/");
		ask_encode(&path, c->arguments[0]);
	} else {
		str_addf(&path, "incidents?state=%s&limit=%lld", state ? state : "open",
			(long long)call_number(c, incidents, limit, 50));
	}
	rc = ask(c, str_c(&path), &a, e);
	if (rc != RC_OK)
		return rc;
	if (call_option(c, json, json))
		answer_print(c, &a);
	else
		(c->n_arguments > 0 ? show_incident : show_incidents)(&c->page, a.json);
	return RC_OK;
}
