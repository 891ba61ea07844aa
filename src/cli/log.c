/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API answers newest first, a page at a time; people read oldest first.  So pages are collected
 * until there are as many events as wanted, and shown from the end.
 *
 * Following starts with the stream and fetches the past when the stream stands, so that nothing
 * falls between the two; what comes twice is told by its place in its chain.
 */
#include "base/map.h"
#include "cli/ask.h"
#include "cli/log_verify.h"
#include "cli/shows.h"
#include "cli/term/moment.h"
#include "core/journal/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define PAGE_EVENTS   500 /* the most that the API gives at once */
#define USUAL_EVENTS  50
#define SINCE_EVENTS  10000
#define AGAIN_SECONDS 2
#define OVERLAP_MS    MINUTE_MS /* before an interruption, when the past is fetched again */

struct log {
	struct call *call;
	struct str filters; /* "&kind=...": what the API is asked for */
	struct wall since;
	int64_t limit;
	struct show_day day;
	struct map seen;    /* "site/epoch" -> newest seq shown, as a pointer */
	struct wall newest; /* of what was shown; the start, before anything was */
	bool has_begun;     /* the past has been shown */
	bool is_broken;     /* the stream broke off, and that has been said */
	enum rc rc;         /* what ended the stream from within */
	struct err *e;
};

static void log_fini(struct log *l)
{
	str_fini(&l->filters);
	map_fini(&l->seen);
}
SCOPED_FINI(log_fini, struct log)

static void add_filter(struct log *l, const char *name, const char *value)
{
	if (!value)
		return;
	str_addf(&l->filters, "&%s=", name);
	ask_encode(&l->filters, value);
}

static enum rc no_such_kind(const char *word, int n, struct err *e)
{
	scoped(str_fini) struct str kinds = STR_EMPTY;

	for (int kind = 0; kind < EVENT_UNKNOWN; kind++)
		str_addf(&kinds, "%s%s", kind ? " " : "", event_kind_text(kind));
	return err_set(e, RC_USAGE, "--kind: no event is a '%.*s'; the kinds are %s", n, word,
		str_c(&kinds));
}

/* Words separated by commas. */
static enum rc check_kinds(const char *list, struct err *e)
{
	while (list && *list) {
		int n = (int)strcspn(list, ",");
		char word[32];

		snprintf(word, sizeof word, "%.*s", n, list);
		if (event_kind_of(word) == EVENT_UNKNOWN)
			return no_such_kind(list, n, e);
		list += n + (list[n] == ',');
	}
	return RC_OK;
}

static enum rc read_options(struct log *l, struct err *e)
{
	struct call *c = l->call;
	const char *since = call_option(c, log, since), *until = call_option(c, log, until);
	char text[WALL_TEXT_MAX];
	struct wall t;
	enum rc rc = RC_OK;

	if (since)
		rc = moment_parse(&c->page.term, since, MOMENT_PAST, &l->since, e);
	if (rc != RC_OK)
		return err_in(e, rc, "--since");
	if (until)
		rc = moment_parse(&c->page.term, until, MOMENT_PAST, &t, e);
	if (rc != RC_OK)
		return err_in(e, rc, "--until");
	if (until && call_option(c, log, follow))
		return err_set(e, RC_USAGE, "--until and --follow don't go together");
	rc = check_kinds(call_option(c, log, kind), e);
	if (rc != RC_OK)
		return rc;
	add_filter(l, "until", until ? wall_rfc3339(t, text) : NULL);
	add_filter(l, "kind", call_option(c, log, kind));
	add_filter(l, "site", call_option(c, log, from));
	add_filter(l, "subject", call_option(c, log, subject));
	l->limit = call_number(c, log, limit, since ? SINCE_EVENTS : USUAL_EVENTS);
	return RC_OK;
}

/* ---- showing */

/* True the first time that an event is met. */
static bool is_new(struct log *l, const json_t *event)
{
	intptr_t seq = (intptr_t)json_get_int(event, "seq", 0);
	char chain[128];

	snprintf(chain, sizeof chain, "%.80s/%" PRId64, json_get_text(event, "site", ""),
		json_get_int(event, "epoch", 0));
	if ((intptr_t)map_get(&l->seen, chain) >= seq)
		return false;
	map_put(&l->seen, chain, (void *)seq);
	return true;
}

static void show_one(struct log *l, const json_t *event)
{
	struct page *p = &l->call->page;
	char *line;

	struct wall at = json_get_time(event, "wall");

	if (!is_new(l, event))
		return;
	l->newest = at.ms > l->newest.ms ? at : l->newest;
	if (!call_option(l->call, json, json)) {
		show_event(p, event, &l->day);
		return;
	}
	line = json_dumps(event, JSON_COMPACT);
	must(line);
	(p->term.width ? text_add_json : str_add)(&p->out, line);
	page_line(p);
	free(line);
}

/* ---- the past */

struct pages {
	struct answer *items;
	size_t n, cap;
	int64_t n_events;
	bool has_more;
};

static void pages_fini(struct pages *p)
{
	for (size_t i = 0; i < p->n; i++)
		answer_fini(&p->items[i]);
	free(p->items);
}
SCOPED_FINI(pages_fini, struct pages)

static enum rc fetch(struct log *l, struct pages *pages, struct err *e)
{
	const char *cursor = NULL;
	char since[WALL_TEXT_MAX];

	do {
		int64_t wanted = l->limit - pages->n_events;
		scoped(str_fini) struct str path = STR_EMPTY;
		struct answer *a;
		enum rc rc;

		str_addf(&path, "events?limit=%" PRId64 "%s",
			wanted < PAGE_EVENTS ? wanted : PAGE_EVENTS, str_c(&l->filters));
		if (l->since.ms)
			str_addf(&path, "&since=%s", wall_rfc3339(l->since, since));
		if (cursor)
			str_addf(&path, "&before=%s", cursor);
		must_grow(pages->items, pages->n, pages->cap);
		a = &pages->items[pages->n++];
		*a = (struct answer){ 0 };
		rc = ask(l->call, str_c(&path), a, e);
		if (rc != RC_OK)
			return rc;
		pages->n_events += (int64_t)json_array_size(json_object_get(a->json, "events"));
		cursor = json_get_text(a->json, "next", NULL);
	} while (cursor && pages->n_events < l->limit);
	pages->has_more = cursor != NULL;
	return RC_OK;
}

static enum rc show_past(struct log *l, struct err *e)
{
	scoped(pages_fini) struct pages pages = { 0 };
	enum rc rc = fetch(l, &pages, e);

	if (rc != RC_OK)
		return rc;
	if (pages.has_more && l->since.ms && !l->has_begun)
		fprintf(stderr,
			"diarchy log: only the newest %" PRId64 " are shown; --limit shows more\n",
			l->limit);
	for (size_t i = pages.n; i-- > 0;) {
		const json_t *events = json_object_get(pages.items[i].json, "events");

		for (size_t k = json_array_size(events); k-- > 0;)
			show_one(l, json_array_get(events, k));
	}
	l->has_begun = true;
	return page_flush(&l->call->page, STDOUT_FILENO, e);
}

/* ---- as it happens */

/* Is `word` one of those that `list` separates by commas?  Without a list it is. */
static bool is_wanted(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, word, n) == 0 && (at[n] == ',' || at[n] == '\0'))
			return true;
	}
	return !list;
}

static bool matches(const struct call *c, const json_t *event)
{
	const char *from = call_option(c, log, from), *subject = call_option(c, log, subject);

	return is_wanted(call_option(c, log, kind), json_get_text(event, "kind", "")) &&
	       (!from || str_eq(from, json_get_text(event, "site", ""))) &&
	       (!subject || str_eq(subject, json_get_text(event, "subject", "")));
}

static bool take(void *ctx, const char *name, const char *data)
{
	scoped(json_decref) json_t *event = NULL;
	struct log *l = ctx;

	if (str_eq(name, "status")) {
		l->is_broken = false;
		l->rc = show_past(l, l->e);
		return l->rc == RC_OK;
	}
	if (!str_eq(name, "journal") || json_read(&event, data, strlen(data), NULL) != RC_OK)
		return true;
	if (matches(l->call, event))
		show_one(l, event);
	l->rc = page_flush(&l->call->page, STDOUT_FILENO, l->e);
	return l->rc == RC_OK;
}

/* A site that restarts is waited for; one that wasn't there to begin with is an error. */
static enum rc follow(struct log *l, struct err *e)
{

	for (;;) {
		enum rc rc = ask_stream(l->call, "stream", take, l, e);

		if (l->rc != RC_OK || !l->has_begun || (rc != RC_OFFLINE && rc != RC_TIMEOUT))
			return l->rc != RC_OK ? l->rc : rc;
		if (!l->is_broken)
			fprintf(stderr, "diarchy log: the stream broke off; trying again\n");
		l->is_broken = true;
		ask_settle(l->call, NULL); /* any site will do */
		l->since.ms = l->newest.ms - OVERLAP_MS;
		l->limit = SINCE_EVENTS;
		sleep(AGAIN_SECONDS);
	}
}

enum rc command_log(struct call *c, struct err *e)
{
	scoped(log_fini) struct log l = { .call = c, .newest = c->page.term.now, .e = e };
	enum rc rc;

	if (call_option(c, log, verify))
		return log_verify(c, e);
	rc = read_options(&l, e);
	if (rc != RC_OK)
		return rc;
	return call_option(c, log, follow) ? follow(&l, e) : show_past(&l, e);
}
