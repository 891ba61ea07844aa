/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/looks.h"
#include "cli/shows.h"
#include "cli/term/moment.h"

#define SITE_COLUMNS 8 /* what follows is aligned unless a site's name is longer */
#define KIND_COLUMNS 9

/* What an event says, by the member of its body that says it. */
static const struct {
	const char *kind, *member;
} tellers[] = { { "evidence", "word" }, { "incident", "state" }, { "link", "state" } };

static enum style kind_style(const json_t *event)
{
	const char *kind = json_get_text(event, "kind", "");
	const json_t *body = json_object_get(event, "body");

	for (size_t i = 0; i < COUNT(tellers); i++) {
		if (str_eq(tellers[i].kind, kind))
			return look_of(json_get_text(body, tellers[i].member, "none"))->style;
	}
	if (str_eq(kind, "drill") && !json_get_bool(body, "ok", true))
		return STYLE_BAD;
	return STYLE_NOTE;
}

static void show_new_day(struct page *p, struct wall at, struct show_day *day)
{
	char text[MOMENT_TEXT_MAX];

	if (str_eq(moment_day(&p->term, at, text), day->text))
		return;
	str_copy(day->text, sizeof day->text, text);
	page_add(p, STYLE_FAINT, text);
	page_line(p);
}

static size_t padded(struct page *p, enum style style, const char *text, size_t columns)
{
	size_t width = text_width(text);

	page_add(p, style, text);
	page_fill(p, " ", width < columns ? columns - width + 2 : 2);
	return (width < columns ? columns : width) + 2;
}

static void show_plain(struct page *p, const json_t *event, struct wall at)
{
	char stamp[MOMENT_TEXT_MAX];

	page_addf(p, STYLE_PLAIN, "%s %s ", moment_stamp(&p->term, at, stamp),
		json_get_text(event, "site", "?"));
	page_add(p, kind_style(event), json_get_text(event, "kind", "?"));
	page_addf(p, STYLE_PLAIN, " %s", json_get_text(event, "text", ""));
	page_line(p);
}

struct show_day show_day_of(const struct page *p, const json_t *first)
{
	char today[MOMENT_TEXT_MAX], day[MOMENT_TEXT_MAX];

	moment_day(&p->term, p->term.now, today);
	moment_day(&p->term, json_get_time(first, "wall"), day);
	return (struct show_day){ .is_quiet = !first || str_eq(today, day) };
}

void show_event(struct page *p, const json_t *event, struct show_day *day)
{
	struct wall at = json_get_time(event, "wall");
	char text[MOMENT_TEXT_MAX];
	size_t column;

	if (p->term.width == 0 && !day->is_quiet) {
		show_plain(p, event, at);
		return;
	}
	if (!day->is_quiet)
		show_new_day(p, at, day);
	column = padded(p, STYLE_FAINT,
		day->is_quiet ? moment_text(&p->term, at, text) : moment_clock(&p->term, at, text),
		8);
	column += padded(p, STYLE_PLAIN, json_get_text(event, "site", "?"), SITE_COLUMNS);
	column += padded(p, kind_style(event), json_get_text(event, "kind", "?"), KIND_COLUMNS);
	page_wrap(p, STYLE_PLAIN, column, json_get_text(event, "text", ""));
}
