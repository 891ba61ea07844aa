/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The story is made of three streams: the journals as both sites tell them, and what the stand-in
 * got.  A line is told once, whoever told it first; what is well and stays so is not told at all, nor what
 * another line says as well: of an incident its beginning, its titles and its end.
 */
#include "cli/demo/demo.h"

#include "base/json.h"
#include "cli/term/moment.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define OPENING_MS 4000 /* that all is found well at the start is no news */
#define SEEN_MAX   4096 /* hashes remembered; both sites tell an event within seconds */
#define HOLD_MS    400  /* the stand-in's news wait for the sites', whose streams are slower */
#define TEXT_AT    18   /* columns of the time and of who says it */
#define ALSO_BYTES 100  /* of whom else a message is about */

struct news { /* what the stand-in told */
	struct news *next;
	uint64_t due_ms;
	json_t *o;
	bool is_message;
};

struct tale {        /* of an incident */
	char *title; /* as told last: its title, or how it ended */
	struct wall since;
	bool is_told;
};

static struct wall wall_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (struct wall){ t.tv_sec * SECOND_MS + t.tv_nsec / 1000000 };
}

void story_tell(struct demo *d, enum style style, const char *who, const char *fmt, ...)
{
	char clock[MOMENT_TEXT_MAX];
	scoped(str_fini) struct str text = STR_EMPTY;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	page_add(&d->page, STYLE_FAINT, moment_clock(&d->page.term, wall_clock(), clock));
	page_add(&d->page, STYLE_PLAIN, "  ");
	page_cell(&d->page, STYLE_FAINT, who, 8);
	page_wrap(&d->page, style, TEXT_AT, str_c(&text));
	if (page_flush(&d->page, STDOUT_FILENO, NULL) != RC_OK)
		str_clear(&d->page.out); /* nobody is left to read it */
}

static bool is_opening(const struct demo *d)
{
	return wall_clock().ms < d->teller.begun_ms + OPENING_MS;
}

/* ---- events of the journals */

struct line { /* one event */
	struct demo *d;
	const char *site, *subject, *text;
	const json_t *body;
};

static const char *get(const struct line *l, const char *key)
{
	return json_get_text(l->body, key, "");
}

static void tell(const struct line *l, enum style style)
{
	story_tell(l->d, style, l->site, "%s", l->text);
}

/* What follows from other checks: a link, a site, what a site says of itself.  Incidents tell of it. */
static bool is_derived(const char *check)
{
	return strpbrk(check, ":@");
}

/* Only what changes for whoever reads along: a word that was good and stays so is left out. */
static void tell_evidence(const struct line *l)
{
	struct map *failing = &l->d->teller.failing;
	bool is_bad = str_eq(get(l, "word"), "failing"), was_bad;
	scoped(str_fini) struct str key = STR_EMPTY;

	if (is_derived(l->subject))
		return;
	str_addf(&key, "%s from %s", l->subject, l->site);
	was_bad = map_has(failing, str_c(&key));
	if (is_bad)
		map_put(failing, str_c(&key), failing);
	else
		map_remove(failing, str_c(&key));
	if (is_bad || was_bad)
		tell(l, is_bad ? STYLE_BAD : STYLE_OK);
}

static void tell_ping(const struct line *l)
{
	const char *what = get(l, "what");

	if (!str_eq(what, "success") && !str_eq(what, "start"))
		tell(l, STYLE_BAD);
}

static void tell_link(const struct line *l)
{
	bool is_up = str_eq(get(l, "state"), "up");

	if (!is_opening(l->d))
		tell(l, is_up ? STYLE_OK : STYLE_DOUBT);
}

static void tell_if_late(const struct line *l)
{
	if (!is_opening(l->d))
		tell(l, STYLE_NOTE);
}

static void tell_plainly(const struct line *l)
{
	tell(l, STYLE_NOTE);
}

static struct tale *tale_of(struct demo *d, const char *incident)
{
	struct tale *t = map_get(&d->teller.incidents, incident);

	if (!t) {
		t = must_alloc(sizeof *t);
		map_put(&d->teller.incidents, incident, t);
	}
	return t;
}

/* Why its cause is not well: members are rows of check, state, scope, since, last_ok, recovered, reason. */
static const char *reason_of(const json_t *incident)
{
	const json_t *cause = json_array_get(json_object_get(incident, "members"), 0);
	const char *reason = json_string_value(json_array_get(cause, 6));

	return reason ? reason : "";
}

static void tell_open(const struct line *l)
{
	const char *why = is_derived(get(l, "cause")) ? reason_of(l->body) : "";

	story_tell(l->d, STYLE_BAD, l->site, "%s%s%s", get(l, "title"), *why ? ": " : "", why);
}

/* Written whole at every change; told when it has another title, and when it is over. */
static void tell_incident(const struct line *l)
{
	struct tale *t = tale_of(l->d, l->subject);
	const char *state = get(l, "state");
	bool is_open = str_eq(state, "open");
	const char *says = is_open ? get(l, "title") : l->text;

	t->since = json_get_time(l->body, "since");
	if (str_eq(state, "closed") || (t->title && str_eq(t->title, says)))
		return; /* of what closes has been told that it is well again */
	free(t->title);
	t->title = must_strdup(says);
	if (is_open)
		tell_open(l);
	else
		tell(l, STYLE_OK);
}

/* Where messages go to the stand-in, that tells what arrived. */
static void tell_receipt(const struct line *l)
{
	struct tale *t = tale_of(l->d, l->subject);
	char took[DURATION_TEXT_MAX];

	if (l->d->has_standin)
		return;
	if (t->is_told)
		story_tell(l->d, STYLE_NOTE, "discord", "edited: %s", t->title ? t->title : "");
	else
		story_tell(l->d, STYLE_NOTE, "discord", "told: %s, %s after it began",
			t->title ? t->title : "",
			duration_text(wall_clock().ms - t->since.ms, took));
	t->is_told = true;
}

static const struct {
	const char *kind;
	void (*tell)(const struct line *l);
} kinds[] = {
	{ "evidence", tell_evidence },
	{ "ping", tell_ping },
	{ "link", tell_link },
	{ "incident", tell_incident },
	{ "receipt", tell_receipt },
	{ "boot", tell_if_late },
	{ "config", tell_if_late },
	{ "shutdown", tell_if_late },
	{ "handoff", tell_plainly },
	{ "silence", tell_plainly },
	{ "ack", tell_plainly },
	{ "pause", tell_plainly },
	{ "drill", tell_plainly },
	{ "recovered", tell_plainly },
	{ "clock", tell_plainly },
	{ "note", tell_plainly },
};

static bool is_new(struct teller *t, const char *hash)
{
	if (!*hash || map_has(&t->seen, hash))
		return false;
	if (map_count(&t->seen) >= SEEN_MAX) {
		map_fini(&t->seen);
		t->seen = MAP_EMPTY;
	}
	map_put(&t->seen, hash, t);
	return true;
}

static void take_event(void *ctx, const char *event, const char *data)
{
	struct demo *d = ctx;
	scoped(json_decref) json_t *o = NULL;
	struct line l = { .d = d };
	const char *kind;

	if (!str_eq(event, "journal") || json_read(&o, data, strlen(data), NULL) != RC_OK ||
		!is_new(&d->teller, json_get_text(o, "hash", "")))
		return;
	kind = json_get_text(o, "kind", "");
	l.site = json_get_text(o, "site", "");
	l.subject = json_get_text(o, "subject", "");
	l.text = json_get_text(o, "text", "");
	l.body = json_object_get(o, "body");
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (str_eq(kinds[i].kind, kind))
			kinds[i].tell(&l);
}

/* ---- what the stand-in got */

static int64_t number_of(struct teller *t, const char *message, bool *ret_is_new)
{
	intptr_t number = (intptr_t)map_get(&t->messages, message);

	*ret_is_new = number == 0;
	if (!number) {
		number = (intptr_t)map_count(&t->messages) + 1;
		map_put(&t->messages, message, (void *)number);
	}
	return number;
}

static const char *title_of(const json_t *message)
{
	const json_t *versions = json_object_get(message, "versions");
	const json_t *last = json_array_get(versions, json_array_size(versions) - 1);
	const json_t *embed = json_array_get(json_object_get(last, "embeds"), 0);

	return json_get_text(embed, "title", json_get_text(last, "content", "?"));
}

/* The stand-in lists them all each time; one that is new is told, once. */
static void tell_duplicates(struct demo *d, size_t n)
{
	if (n > d->teller.n_duplicates)
		story_tell(d, STYLE_BAD, "discord", "an incident has been told twice: a defect");
	d->teller.n_duplicates = n;
}

/* "a, b and 3 more: refused" in a line each: how many they are about is no matter here. */
static const char *affected_of(const json_t *message)
{
	const json_t *versions = json_object_get(message, "versions"), *field;
	const json_t *last = json_array_get(versions, json_array_size(versions) - 1);
	const json_t *embed = json_array_get(json_object_get(last, "embeds"), 0);
	size_t i;

	json_array_foreach (json_object_get(embed, "fields"), i, field) {
		if (str_eq(json_get_text(field, "name", ""), "Also affected"))
			return json_get_text(field, "value", "");
	}
	return "";
}

/* An edit: the title, and whom else it is about now, as far as one wants to read that. */
static void tell_edit(struct demo *d, int64_t number, const json_t *message)
{
	const char *affected = affected_of(message);
	scoped(str_fini) struct str also = STR_EMPTY;

	for (; *affected && also.len < ALSO_BYTES; affected++)
		if (*affected == '\n')
			str_add(&also, "; ");
		else if (*affected != '\\') /* escapes are Discord's */
			str_addc(&also, *affected);
	if (*affected) {
		while (also.len && !strchr(",;", also.s[also.len - 1]))
			also.len--;
		also.len -= also.len > 0;
		str_add(&also, also.len ? " and more" : "others");
	}
	story_tell(d, STYLE_NOTE, "discord", "message %lld now says: %s%s%s", (long long)number,
		title_of(message), also.len ? "; also " : "", str_c(&also));
}

/* What it refuses, or leaves without an answer, it does time and again: told once, and how often when
 * that is over. */
static void end_refusals(struct demo *d)
{
	struct teller *t = &d->teller;

	if (t->n_refusals > 1)
		story_tell(d, STYLE_FAINT, "discord", "... %u times in all", t->n_refusals);
	t->n_refusals = 0;
	*t->refusal = '\0';
}

static void tell_refusal(struct demo *d, const char *how)
{
	struct teller *t = &d->teller;

	if (!str_eq(t->refusal, how)) {
		end_refusals(d);
		str_copy(t->refusal, sizeof t->refusal, how);
		story_tell(d, STYLE_FAINT, "discord", "%s", how);
	}
	t->n_refusals++;
}

static void tell_message(struct demo *d, const json_t *o)
{
	const json_t *message = json_object_get(o, "message");
	const struct tale *t =
		map_get(&d->teller.incidents, json_get_text(message, "incident", ""));
	struct wall at = json_get_time(message, "created");
	char took[DURATION_TEXT_MAX];
	bool is_first;
	int64_t number = number_of(&d->teller, json_get_text(message, "id", ""), &is_first);

	end_refusals(d);
	if (!is_first)
		tell_edit(d, number, message);
	else if (t && t->since.ms)
		story_tell(d, STYLE_NOTE, "discord", "message %lld: %s  (%s after it began)",
			(long long)number, title_of(message),
			duration_text(at.ms - t->since.ms, took));
	else
		story_tell(d, STYLE_NOTE, "discord", "message %lld: %s", (long long)number,
			title_of(message));
	tell_duplicates(d, json_array_size(json_object_get(o, "duplicates")));
}

static void tell_request(struct demo *d, const json_t *o)
{
	const json_t *entry = json_object_get(o, "entry"),
		     *status = json_object_get(entry, "status");

	char how[DEMO_REFUSAL_MAX];

	if (!json_get_bool(entry, "disturbed", false))
		return;
	if (json_is_integer(status))
		snprintf(how, sizeof how, "answers %lld", (long long)json_integer_value(status));
	else
		snprintf(how, sizeof how, "does not answer (%s)",
			json_get_text(entry, "status", ""));
	tell_refusal(d, how);
}

static void drop_first(struct teller *t)
{
	struct news *n = t->first;

	t->first = n->next;
	if (!t->first)
		t->last = &t->first;
	json_decref(n->o);
	free(n);
}

static void release(uv_timer_t *timer)
{
	struct demo *d = timer->data;
	struct teller *t = &d->teller;
	uint64_t now = uv_now(timer->loop);

	while (t->first && t->first->due_ms <= now) {
		(t->first->is_message ? tell_message : tell_request)(d, t->first->o);
		drop_first(t);
	}
	if (t->first)
		uv_timer_start(timer, release, t->first->due_ms - now, 0);
}

static void take_standin(void *ctx, const char *event, const char *data)
{
	struct demo *d = ctx;
	struct teller *t = &d->teller;
	bool is_message = str_eq(event, "message");
	struct news *n;
	json_t *o = NULL;

	if ((!is_message && !str_eq(event, "request")) ||
		json_read(&o, data, strlen(data), NULL) != RC_OK)
		return;
	n = must_alloc(sizeof *n);
	*n = (struct news){ .due_ms = uv_now(&d->loop) + HOLD_MS,
		.o = o,
		.is_message = is_message };
	*t->last = n;
	t->last = &n->next;
	if (!uv_is_active((uv_handle_t *)&t->release))
		uv_timer_start(&t->release, release, HOLD_MS, 0);
}

/* ---- begin and end */

void story_begin(struct demo *d)
{
	struct teller *t = &d->teller;

	t->begun_ms = wall_clock().ms;
	t->last = &t->first;
	uv_timer_init(&d->loop, &t->release);
	t->release.data = d;
	for (size_t i = 0; i < HOMES; i++) {
		t->sites[i] = (struct follow){ .each = take_event, .ctx = d };
		follow_start(&t->sites[i], &d->loop,
			world_address(d, i == DUBLIN ? CHILD_DUBLIN : CHILD_MUMBAI),
			"/api/lab/v1/stream");
	}
	if (!d->has_standin)
		return;
	t->standin = (struct follow){ .each = take_standin, .ctx = d };
	follow_start(&t->standin, &d->loop, world_address(d, CHILD_STANDIN), "/standin/events");
}

void story_end(struct demo *d)
{
	struct teller *t = &d->teller;

	if (!t->begun_ms)
		return;
	uv_close((uv_handle_t *)&t->release, NULL);
	while (t->first)
		drop_first(t);
	for (size_t i = 0; i < HOMES; i++)
		follow_stop(&t->sites[i]);
	follow_stop(&t->standin);
	map_each (&t->incidents, it) {
		free(((struct tale *)it->value)->title);
		free(it->value);
	}
	map_fini(&t->incidents);
	map_fini(&t->seen);
	map_fini(&t->failing);
	map_fini(&t->messages);
}
