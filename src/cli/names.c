/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/names.h"

#include "cli/ask.h"
#include "cli/lab_find.h"
#include "core/journal/event.h"

#define NEAR 4 /* letters that a typing error gets wrong, at most less than that */

typedef void name_taker(void *ctx, const char *name, const char *help);

static void each_command(struct call *c, name_taker *each, void *ctx)
{
	(void)c;
	for (const struct command *it = command_rows; it->name; it++) {
		if (!(it->wants & WANTS_HIDDEN))
			each(ctx, it->name, it->help);
	}
}

static void each_kind(struct call *c, name_taker *each, void *ctx)
{
	(void)c;
#define EVENT_KIND(symbol, text, subject, what) each(ctx, text, what);
#include "core/journal/event_kinds.def"
#undef EVENT_KIND
}

static void each_site(struct call *c, name_taker *each, void *ctx)
{
	scoped(lab_found_fini) struct lab_found found = { 0 };

	if (lab_find_read(c, &found, NULL) != RC_OK)
		return;
	for (uint8_t i = 0; i < found.lab->n_sites; i++)
		each(ctx, found.lab->sites[i].name, found.lab->sites[i].http);
}

static void each_watcher(struct call *c, name_taker *each, void *ctx)
{
	scoped(lab_found_fini) struct lab_found found = { 0 };

	if (lab_find_read(c, &found, NULL) != RC_OK)
		return;
	for (uint8_t i = 0; i < found.lab->n_watchers; i++)
		each(ctx, found.lab->watchers[i].name, found.lab->watchers[i].url);
}

/* Members of an answer's list: what the list, the name, and what tells them apart are called. */
struct listing {
	const char *path, *list, *name, *help;
};

static bool each_listed(struct call *c, const struct listing *l, name_taker *each, void *ctx)
{
	scoped(answer_fini) struct answer a = { 0 };
	size_t i;
	json_t *it;

	if (ask(c, l->path, &a, NULL) != RC_OK)
		return false;
	json_array_foreach (json_object_get(a.json, l->list), i, it)
		each(ctx, json_get_text(it, l->name, ""), json_get_text(it, l->help, ""));
	return true;
}

static void each_check(struct call *c, name_taker *each, void *ctx)
{
	static const struct listing checks = { "checks", "checks", "name", "state" };
	scoped(lab_found_fini) struct lab_found found = { 0 };

	if (each_listed(c, &checks, each, ctx) || lab_find_read(c, &found, NULL) != RC_OK)
		return;
	for (uint16_t i = 0; i < found.lab->n_checks; i++)
		each(ctx, found.lab->checks[i].name, "");
}

static void each_incident(struct call *c, name_taker *each, void *ctx)
{
	static const struct listing incidents = { "incidents?state=open", "incidents", "id",
		"title" };

	each_listed(c, &incidents, each, ctx);
}

static void each_silence(struct call *c, name_taker *each, void *ctx)
{
	static const struct listing silences = { "silences", "silences", "id", "matchers" };

	each_listed(c, &silences, each, ctx);
}

void names_each(struct call *c, const char *what, name_taker *each, void *ctx)
{
	static const struct {
		const char *what;
		void (*run)(struct call *c, name_taker *each, void *ctx);
	} kinds[] = {
		{ "checks", each_check },
		{ "commands", each_command },
		{ "incidents", each_incident },
		{ "kinds", each_kind },
		{ "silences", each_silence },
		{ "sites", each_site },
		{ "watchers", each_watcher },
	};

	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (str_eq(kinds[i].what, what))
			kinds[i].run(c, each, ctx);
	}
}

/* ---- did you mean */

struct search {
	const char *wanted;
	char nearest[NAME_BYTES_MAX + 1];
	size_t distance;
};

static void consider(void *ctx, const char *name, const char *help)
{
	struct search *s = ctx;
	size_t distance = str_distance(s->wanted, name);

	(void)help;
	if (distance < s->distance && str_copy(s->nearest, sizeof s->nearest, name))
		s->distance = distance;
}

static enum rc no_such_check(const struct search *s, struct err *e)
{
	if (s->distance < NEAR)
		return err_set(e, RC_NOT_FOUND, "there is no check '%.64s' (did you mean '%s'?)",
			s->wanted, s->nearest);
	return err_set(e, RC_NOT_FOUND,
		"there is no check '%.64s': 'diarchy status --all' lists them", s->wanted);
}

enum rc names_require_check(struct call *c, const char *name, struct err *e)
{
	struct search s = { name, "", NEAR };

	names_each(c, "checks", consider, &s);
	return s.distance == 0 ? RC_OK : no_such_check(&s, e);
}

enum rc names_suggest_check(struct call *c, enum rc rc, const char *name, struct err *e)
{
	struct search s = { name, "", NEAR };

	if (rc != RC_NOT_FOUND)
		return rc;
	names_each(c, "checks", consider, &s);
	return no_such_check(&s, e);
}
