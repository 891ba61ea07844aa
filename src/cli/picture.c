/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sites, what links them, and who watches:
 *
 *	╭─ dublin ─────────────────────╮                ╭─ mumbai ─────────────────────╮
 *	│ ● ok for 3 d 4 h             │◀─── 141 ms ───▶│ ● ok for 3 d 4 h             │
 *	│ 12 ok                        │ up for 3 d 4 h │ 1 failing, 24 ok             │
 *	╰──────────────────────────────╯                ╰──────────────────────────────╯
 *
 * for two sites on a terminal; otherwise the same as lists.
 */
#include "cli/looks.h"
#include "cli/shows.h"
#include "cli/term/moment.h"

#define PICTURE_MIN 64 /* columns that it needs */
#define PICTURE_MAX 100
#define MIDDLE      16 /* of which lie between the boxes */
#define NOTES_MAX   3
#define HEARD_MS    (15 * SECOND_MS) /* 3 beacons: since then heard is heard */

/* What there is to say about a site beyond its state. */
struct notes {
	const char *text[NOTES_MAX];
	uint32_t n;
};

static struct notes notes_of(const json_t *status, const json_t *site)
{
	const char *own = json_get_text(json_object_get(status, "revision"), "hash", "");
	const char *hash = json_get_text(site, "lab_hash", "");
	struct notes notes = { 0 };

	if (json_get_bool(site, "is_blind", false))
		notes.text[notes.n++] = "blind: sees nothing outside";
	if (str_eq(json_get_text(site, "egress", ""), "failing"))
		notes.text[notes.n++] = "can't send notifications";
	if (*own && *hash && !str_eq(own, hash))
		notes.text[notes.n++] = "runs another lab.yaml";
	return notes;
}

static struct state_tally tally_site(const json_t *status, const char *site)
{
	struct state_tally tally = { 0 };
	size_t i;
	json_t *check;

	json_array_foreach (json_object_get(status, "checks"), i, check) {
		if (str_eq(json_get_text(check, "home", ""), site))
			state_tally_add(&tally, json_get_text(check, "state", ""));
	}
	return tally;
}

/* "ok for 3 d 4 h" of anything that has a state since some time. */
static void add_state(const struct page *p, const json_t *thing, struct str *out)
{
	struct wall since = json_get_time(thing, "since");
	char length[MOMENT_TEXT_MAX];

	str_add(out, json_get_text(thing, "state", "unknown"));
	if (since.ms)
		str_addf(out, " for %s", moment_since(since, p->term.now, length));
}

/* ---- the picture */

static void edge(struct page *p, const char *title, size_t columns, const enum glyph corners[2])
{
	scoped(str_fini) struct str name = STR_EMPTY;
	size_t used = 2;

	text_add_clean(&name, title);
	page_fill(p, page_glyph(p, corners[0]), 1);
	if (name.len > 0 && text_width(str_c(&name)) + 6 <= columns) {
		page_fill(p, page_glyph(p, GLYPH_LINE), 1);
		page_fill(p, " ", 1);
		page_add(p, STYLE_STRONG, str_c(&name));
		page_fill(p, " ", 1);
		used += 3 + text_width(str_c(&name));
	}
	page_fill(p, page_glyph(p, GLYPH_LINE), columns - used);
	page_fill(p, page_glyph(p, corners[1]), 1);
}

static enum style add_tally(const json_t *status, const json_t *site, size_t columns,
	struct str *out)
{
	struct state_tally tally = tally_site(status, json_get_text(site, "name", ""));

	state_tally_text(&tally, out);
	if (text_width(str_c(out)) > columns) {
		str_clear(out);
		state_tally_brief(&tally, out);
	}
	return state_tally_style(&tally);
}

/* The n-th line inside a site's box. */
static void inside(struct page *p, const json_t *status, const json_t *site, uint32_t line)
{
	size_t columns = (p->term.width - MIDDLE) / 2 - 4;
	scoped(str_fini) struct str text = STR_EMPTY;
	struct notes notes = notes_of(status, site);
	enum style style = STYLE_DOUBT;

	if (line == 0) {
		const struct look *look = look_of(json_get_text(site, "state", ""));

		str_addf(&text, "%s ", page_glyph(p, look->glyph));
		add_state(p, site, &text);
		style = look->style;
	} else if (line == 1) {
		style = add_tally(status, site, columns, &text);
	} else if (line - 2 < notes.n) {
		str_add(&text, notes.text[line - 2]);
	}
	page_cell(p, style, str_c(&text), columns);
}

static void box_line(struct page *p, const json_t *status, const json_t *site, uint32_t line)
{
	page_fill(p, page_glyph(p, GLYPH_PILLAR), 1);
	page_fill(p, " ", 1);
	inside(p, status, site, line);
	page_fill(p, " ", 1);
	page_fill(p, page_glyph(p, GLYPH_PILLAR), 1);
}

static void centred(struct page *p, enum style style, const char *text, size_t columns)
{
	size_t width = text_width(text), left = width < columns ? (columns - width) / 2 : 0;

	page_fill(p, " ", left);
	page_cell(p, style, text, columns - left);
}

/* ◀─── 141 ms ───▶ while the link is up, ────── ✗ ────── while it is not. */
static void arrow(struct page *p, const json_t *link)
{
	const struct look *look = look_of(json_get_text(link, "state", ""));
	bool is_up = look->glyph == GLYPH_OK;
	const char *left = page_glyph(p, is_up ? GLYPH_LEFT : GLYPH_LINE);
	const char *right = page_glyph(p, is_up ? GLYPH_RIGHT : GLYPH_LINE);
	scoped(str_fini) struct str text = STR_EMPTY;
	size_t spare;

	if (is_up)
		str_addf(&text, " %lld ms ", (long long)json_get_int(link, "rtt_ms", 0));
	else
		str_addf(&text, " %s ", page_glyph(p, look->glyph));
	spare = MIDDLE - 2 - text_width(str_c(&text));
	page_add(p, look->style, left);
	page_fill(p, page_glyph(p, GLYPH_LINE), spare / 2);
	page_add(p, look->style, str_c(&text));
	page_fill(p, page_glyph(p, GLYPH_LINE), spare - spare / 2);
	page_add(p, look->style, right);
}

static void between(struct page *p, const json_t *link, uint32_t line)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	if (line == 0) {
		arrow(p, link);
		return;
	}
	if (line == 1)
		add_state(p, link, &text);
	centred(p, look_of(json_get_text(link, "state", ""))->style, str_c(&text), MIDDLE);
}

static void draw(struct page *p, const json_t *status)
{
	static const enum glyph top[] = { GLYPH_CORNER_NW, GLYPH_CORNER_NE };
	static const enum glyph bottom[] = { GLYPH_CORNER_SW, GLYPH_CORNER_SE };
	const json_t *sites = json_object_get(status, "sites");
	const json_t *a = json_array_get(sites, 0), *b = json_array_get(sites, 1);
	const json_t *link = json_array_get(json_object_get(status, "links"), 0);
	uint32_t left = notes_of(status, a).n, right = notes_of(status, b).n;
	size_t columns = (p->term.width - MIDDLE) / 2;

	edge(p, json_get_text(a, "name", "?"), columns, top);
	page_fill(p, " ", MIDDLE);
	edge(p, json_get_text(b, "name", "?"), columns, top);
	page_line(p);
	for (uint32_t line = 0; line < 2 + (left > right ? left : right); line++) {
		box_line(p, status, a, line);
		between(p, link, line);
		box_line(p, status, b, line);
		page_line(p);
	}
	edge(p, "", columns, bottom);
	page_fill(p, " ", MIDDLE);
	edge(p, "", columns, bottom);
	page_line(p);
}

/* ---- as lists */

static void list_sites(struct page *p, const json_t *status)
{
	scoped(table_fini) struct table t = { 0 };
	size_t i;
	json_t *site;

	table_init(&t, (const char *const[]){ "SITE", "STATE", "CHECKS", "", NULL });
	json_array_foreach (json_object_get(status, "sites"), i, site) {
		scoped(str_fini) struct str state = STR_EMPTY, checks = STR_EMPTY, more = STR_EMPTY;
		struct state_tally tally = tally_site(status, json_get_text(site, "name", ""));
		struct notes notes = notes_of(status, site);

		add_state(p, site, &state);
		state_tally_text(&tally, &checks);
		for (uint32_t n = 0; n < notes.n; n++)
			str_addf(&more, "%s%s", n ? ", " : "", notes.text[n]);
		table_cell(&t, STYLE_STRONG, json_get_text(site, "name", "?"));
		table_cell(&t, look_of(json_get_text(site, "state", ""))->style, str_c(&state));
		table_cell(&t, state_tally_style(&tally), str_c(&checks));
		table_cell(&t, STYLE_DOUBT, str_c(&more));
	}
	table_print(&t, p, 0);
}

static void list_links(struct page *p, const json_t *status)
{
	size_t i;
	json_t *link;

	json_array_foreach (json_object_get(status, "links"), i, link) {
		scoped(str_fini) struct str state = STR_EMPTY;
		const struct look *look = look_of(json_get_text(link, "state", ""));

		add_state(p, link, &state);
		if (look->glyph == GLYPH_OK)
			str_addf(&state, ", %lld ms there and back",
				(long long)json_get_int(link, "rtt_ms", 0));
		page_addf(p, STYLE_PLAIN, "link %s to %s: ", json_get_text(link, "a", "?"),
			json_get_text(link, "b", "?"));
		page_wrap(p, look->style, 4, str_c(&state));
	}
}

/* ---- watchers */

/* "hears dublin; last heard mumbai 4 min ago" */
static void add_heard(const struct page *p, const json_t *watcher, struct str *out)
{
	scoped(str_fini) struct str missed = STR_EMPTY;
	const char *and = "hears ";
	char ago[MOMENT_TEXT_MAX];
	const char *site;
	json_t *at;

	json_object_foreach (json_object_get(watcher, "hears"), site, at) {
		struct wall heard = json_get_time(json_object_get(watcher, "hears"), site);

		if (heard.ms && p->term.now.ms - heard.ms < HEARD_MS) {
			str_addf(out, "%s%s", and, site);
			and = " and ";
		} else {
			str_addf(&missed, "; last heard %s %s", site,
				moment_ago(heard, p->term.now, ago));
		}
	}
	str_add(out, out->len == 0 && missed.len > 0 ? str_c(&missed) + 2 : str_c(&missed));
}

static void show_watcher(struct page *p, const json_t *watcher)
{
	const struct look *look = look_of(json_get_text(watcher, "state", ""));
	const json_t *drill = json_object_get(watcher, "drill");
	scoped(str_fini) struct str text = STR_EMPTY;
	char ago[MOMENT_TEXT_MAX];
	struct wall at = json_get_time(drill, "at");

	if (look->badness > 0) {
		str_add(&text, "is ");
		add_state(p, watcher, &text);
	} else {
		add_heard(p, watcher, &text);
	}
	if (at.ms)
		str_addf(&text, "; drill %s %s",
			json_get_bool(drill, "ok", false) ? "passed" : "FAILED",
			moment_ago(at, p->term.now, ago));
	if (p->term.width)
		page_addf(p, look->style, "%s ", page_glyph(p, look->glyph));
	page_addf(p, STYLE_PLAIN, "watcher %s ", json_get_text(watcher, "name", "?"));
	page_wrap(p, STYLE_PLAIN, 4, str_c(&text));
}

void show_sites(struct page *p, const json_t *status)
{
	const json_t *sites = json_object_get(status, "sites");
	uint32_t width = p->term.width;
	size_t i;
	json_t *watcher;

	if (width >= PICTURE_MIN && json_array_size(sites) == 2) {
		p->term.width = (width > PICTURE_MAX ? PICTURE_MAX : width) & ~1u;
		draw(p, status);
		p->term.width = width;
	} else {
		list_sites(p, status);
		list_links(p, status);
	}
	json_array_foreach (json_object_get(status, "watchers"), i, watcher)
		show_watcher(p, watcher);
}
