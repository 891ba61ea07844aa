/* SPDX-License-Identifier: Apache-2.0 */
#include "test/scenarios/await.h"

#include "cli/client.h"
#include "test/scenarios/scene.h"

#include <inttypes.h>
#include <stdio.h>

#define STEP_MS     100
#define PATIENCE_MS 5000 /* with one answer */
#define SITE_URL    "http://127.0.0.1:7080"
#define CHAT_URL    "http://10.4.0.1:8080"

/* ---- asking */

static json_t *ask(enum place p, const char *url, const struct client_order *order)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct client_site site = { .url = url };
	json_t *answer = NULL;

	AT(p);
	if (client_ask(&site, order, &text, NULL) != RC_OK)
		return NULL;
	if (json_read(&answer, str_c(&text), text.len, NULL) != RC_OK)
		return NULL;
	return answer;
}

json_t *ask_site(enum place p, const char *path)
{
	return ask(p, SITE_URL, &(struct client_order){ .path = path, .timeout_ms = PATIENCE_MS });
}

static json_t *ask_chat(const char *path)
{
	json_t *answer = ask(DISCORD, CHAT_URL,
		&(struct client_order){ .path = path, .timeout_ms = PATIENCE_MS });

	if (!answer)
		scene_fail("the stand-in for Discord doesn't answer");
	return answer;
}

void discord_mode(const char *json)
{
	struct client_order order = { .method = "POST",
		.path = "/standin/mode",
		.body = json,
		.timeout_ms = PATIENCE_MS };
	json_t *answer = ask(DISCORD, CHAT_URL, &order);

	if (!answer)
		scene_fail("the stand-in for Discord refuses %s", json);
	json_decref(answer);
}

void assert_disturbed(unsigned at_least)
{
	scoped(json_decref) json_t *answer = ask_chat("/standin/messages");
	int64_t n = json_get_int(json_object_get(answer, "counts"), "disturbed", 0);

	print_message("%" PRId64 " requests were disturbed\n", n);
	if (n < at_least)
		scene_fail("%" PRId64 " requests were disturbed, wanted %u", n, at_least);
}

/* ---- waiting */

struct seen { /* what a look found, for the failure's text */
	char text[600];
};
typedef bool look(const void *wanted, struct seen *ret);

static void wait_until(look *is_so, const void *wanted, int64_t ms, const char *what)
{
	int64_t begin = scene_now_ms();
	struct seen seen = { "nothing" };

	while (!is_so(wanted, &seen)) {
		if (scene_now_ms() - begin > ms)
			scene_fail("%s is not so within %" PRId64 " ms; last seen: %s", what, ms,
				seen.text);
		scene_sleep(STEP_MS);
	}
}

/* ---- sites */

struct wanted {
	enum place place;
	const char *check, *state;
};

static void see(struct seen *s, const char *text)
{
	snprintf(s->text, sizeof s->text, "%s", text);
}

static bool has_check(const void *wanted, struct seen *ret)
{
	const struct wanted *w = wanted;
	scoped(json_decref) json_t *answer = ask_site(w->place, "/api/lab/v1/checks");
	const json_t *check;
	size_t i;

	see(ret, answer ? "no such check" : "no answer");
	json_array_foreach (json_object_get(answer, "checks"), i, check) {
		if (!str_eq(json_get_text(check, "name", ""), w->check))
			continue;
		snprintf(ret->text, sizeof ret->text, "%s (%s)", json_get_text(check, "state", ""),
			json_get_text(check, "reason", ""));
		return str_eq(json_get_text(check, "state", ""), w->state);
	}
	return false;
}

void await_check(enum place p, const char *check, const char *state, int64_t ms)
{
	char what[200];

	snprintf(what, sizeof what, "at %s: %s %s", place_name(p), check, state);
	wait_until(has_check, &(struct wanted){ p, check, state }, ms, what);
}

static bool has_link(const void *wanted, struct seen *ret)
{
	const struct wanted *w = wanted;
	scoped(json_decref) json_t *answer = ask_site(w->place, "/api/lab/v1/status");
	const json_t *link = json_array_get(json_object_get(answer, "links"), 0);

	see(ret, answer ? json_get_text(link, "state", "no link") : "no answer");
	return str_eq(ret->text, w->state);
}

void await_link(enum place p, const char *state, int64_t ms)
{
	char what[200];

	snprintf(what, sizeof what, "at %s: link %s", place_name(p), state);
	wait_until(has_link, &(struct wanted){ p, NULL, state }, ms, what);
}

static bool has_no_incidents(const void *wanted, struct seen *ret)
{
	const struct wanted *w = wanted;
	scoped(json_decref) json_t *answer = ask_site(w->place, "/api/lab/v1/incidents?state=open");
	const json_t *incidents = json_object_get(answer, "incidents");

	see(ret, answer ? json_get_text(json_array_get(incidents, 0), "title", "") : "no answer");
	return answer && json_array_size(incidents) == 0;
}

void await_no_incidents(enum place p, int64_t ms)
{
	wait_until(has_no_incidents, &(struct wanted){ .place = p }, ms, "no incident is open");
}

struct wanted_via {
	enum place place;
	const char *cause, *via;
};

static bool is_delivered_by(const void *wanted, struct seen *ret)
{
	const struct wanted_via *w = wanted;
	scoped(json_decref) json_t *answer = ask_site(w->place, "/api/lab/v1/incidents?state=all");
	const json_t *incident;
	size_t i;

	see(ret, answer ? "no such incident" : "no answer");
	json_array_foreach (json_object_get(answer, "incidents"), i, incident) {
		const json_t *told = json_array_get(json_object_get(incident, "told"), 0);

		if (!str_eq(json_get_text(incident, "cause", ""), w->cause))
			continue;
		see(ret, json_get_text(told, "via", "nobody"));
		return str_eq(ret->text, w->via);
	}
	return false;
}

void await_delivered_by(enum place p, const char *cause, const char *via, int64_t ms)
{
	char what[200];

	snprintf(what, sizeof what, "%s is told by way of %s", cause, via);
	wait_until(is_delivered_by, &(struct wanted_via){ p, cause, via }, ms, what);
}

struct wanted_text {
	enum place place;
	const char *path, *text;
};

static bool has_text(const void *wanted, struct seen *ret)
{
	const struct wanted_text *w = wanted;
	scoped(json_decref) json_t *answer = ask_site(w->place, w->path);
	scoped(mem_free) char *dump = answer ? json_dumps(answer, 0) : NULL;

	see(ret, dump ? dump : "no answer");
	return dump && strstr(dump, w->text);
}

void await_text(enum place p, const char *path, const char *text, int64_t ms)
{
	wait_until(has_text, &(struct wanted_text){ p, path, text }, ms, text);
}

void read_first_id(enum place p, const char *path, const char *key, char *ret, size_t size)
{
	scoped(json_decref) json_t *answer = ask_site(p, path);
	const json_t *first = json_array_get(json_object_get(answer, key), 0);

	if (!first)
		scene_fail("%s at %s is empty", path, place_name(p));
	str_copy(ret, size, json_get_text(first, "id", ""));
}

/* ---- messages */

static struct wall parse(const char *text)
{
	struct wall t;

	must(wall_parse(text, &t, NULL) == RC_OK);
	return t;
}

static const json_t *embed_of(const json_t *message)
{
	const json_t *versions = json_object_get(message, "versions");
	const json_t *newest = json_array_get(versions, json_array_size(versions) - 1);

	return json_array_get(json_object_get(newest, "embeds"), 0);
}

/* "home · mumbai-tnp2ub · told by mumbai", or "home · webhost" of the watcher's own. */
static void read_teller(const json_t *embed, struct told *t)
{
	const char *footer = json_get_text(json_object_get(embed, "footer"), "text", "");
	const char *last = strrchr(footer, ' ');

	str_copy(t->teller, sizeof t->teller, last ? last + 1 : footer);
}

static struct told read_told(const json_t *message)
{
	struct told t = { .edits = (int)json_get_int(message, "edits", 0) };
	const json_t *versions = json_object_get(message, "versions");
	const json_t *newest = json_array_get(versions, json_array_size(versions) - 1);

	str_copy(t.id, sizeof t.id, json_get_text(message, "id", ""));
	str_copy(t.title, sizeof t.title, json_get_text(embed_of(message), "title", ""));
	read_teller(embed_of(message), &t);
	t.created_ms = parse(json_get_text(message, "created", "")).ms;
	t.changed_ms = parse(json_get_text(newest, "at", "")).ms;
	return t;
}

static void list_titles(const json_t *messages, struct seen *ret)
{
	const json_t *message;
	size_t n = 0, i;

	see(ret, "no message");
	json_array_foreach (messages, i, message) {
		struct told t = read_told(message);

		n += (size_t)snprintf(ret->text + n, sizeof ret->text - n, "%s'%s' (%d edits)",
			i ? ", " : "", t.title, t.edits);
		if (n >= sizeof ret->text)
			return;
	}
}

struct wanted_message {
	const char *id; /* NULL: any */
	const char *text;
	struct told *ret;
};

static bool is_titled(const void *wanted, struct seen *ret)
{
	const struct wanted_message *w = wanted;
	scoped(json_decref) json_t *answer = ask_chat("/standin/messages");
	const json_t *messages = json_object_get(answer, "messages"), *message;
	size_t i;

	list_titles(messages, ret);
	json_array_foreach (messages, i, message) {
		struct told t = read_told(message);

		if (!strstr(t.title, w->text) || (w->id && !str_eq(w->id, t.id)))
			continue;
		*w->ret = t;
		return true;
	}
	return false;
}

struct told await_told(const char *text, int64_t ms)
{
	struct told t;
	char what[300];

	snprintf(what, sizeof what, "told: '%s'", text);
	wait_until(is_titled, &(struct wanted_message){ NULL, text, &t }, ms, what);
	return t;
}

void await_edit(struct told *t, const char *text, int64_t ms)
{
	struct wanted_message wanted = { t->id, text, t };
	char what[700];

	snprintf(what, sizeof what, "'%s' becomes '%s'", t->title, text);
	wait_until(is_titled, &wanted, ms, what);
}

static unsigned count_told(const json_t *messages)
{
	const json_t *message;
	unsigned n = 0;
	size_t i;

	json_array_foreach (messages, i, message)
		n += !str_eq(read_told(message).title, "daily drill passed");
	return n;
}

unsigned count_messages(void)
{
	scoped(json_decref) json_t *answer = ask_chat("/standin/messages");

	return count_told(json_object_get(answer, "messages"));
}

void assert_messages(unsigned n)
{
	scoped(json_decref) json_t *answer = ask_chat("/standin/messages");
	const json_t *messages = json_object_get(answer, "messages");
	struct seen seen;
	unsigned there = count_told(messages);

	list_titles(messages, &seen);
	if (there != n)
		scene_fail("%u messages, wanted %u: %s", there, n, seen.text);
	if (json_array_size(json_object_get(answer, "duplicates")))
		scene_fail("an incident was told twice: %s", seen.text);
}

void assert_told_once(const char *text)
{
	scoped(json_decref) json_t *answer = ask_chat("/standin/messages");
	const json_t *messages = json_object_get(answer, "messages"), *message;
	struct seen seen;
	unsigned n = 0;
	size_t i;

	list_titles(messages, &seen);
	json_array_foreach (messages, i, message)
		n += strstr(read_told(message).title, text) != NULL;
	if (n != 1)
		scene_fail("%u messages of '%s', wanted 1: %s", n, text, seen.text);
}

/* The newest version of each message, or all of them, as text. */
static bool mentions(const char *text, bool in_any_version)
{
	scoped(json_decref) json_t *answer = ask_chat("/standin/messages");
	const json_t *message;
	bool is_found = false;
	size_t i;

	json_array_foreach (json_object_get(answer, "messages"), i, message) {
		const json_t *part = in_any_version ? message : embed_of(message);
		scoped(mem_free) char *dump = json_dumps(part, JSON_ENCODE_ANY);

		is_found = is_found || (dump && strstr(dump, text));
	}
	return is_found;
}

bool is_told(const char *text)
{
	return mentions(text, false);
}

bool read_message(const char *id, struct told *ret)
{
	struct seen seen;

	return is_titled(&(struct wanted_message){ id, "", ret }, &seen);
}

size_t read_repeated(struct told *ret, size_t size)
{
	scoped(json_decref) json_t *answer = ask_chat("/standin/messages");
	const json_t *incident;
	size_t n = 0, i;

	json_array_foreach (json_object_get(answer, "duplicates"), i, incident) {
		const json_t *ids = json_object_get(incident, "ids");

		for (size_t k = 0; k + 1 < json_array_size(ids); k++, n++)
			if (n < size)
				must(read_message(json_string_value(json_array_get(ids, k)),
					&ret[n]));
	}
	return n;
}

static bool is_repeated(const void *wanted, struct seen *ret)
{
	struct told repeated[1];
	size_t n = read_repeated(repeated, COUNT(repeated));

	snprintf(ret->text, sizeof ret->text, "%zu", n);
	return n >= *(const size_t *)wanted;
}

void await_repeated(size_t n, int64_t ms)
{
	wait_until(is_repeated, &n, ms, "messages that were told once more");
}

static bool is_mentioned_anywhere(const void *wanted, struct seen *ret)
{
	see(ret, "no message that does");
	return is_told(wanted);
}

void await_mentioned_anywhere(const char *text, int64_t ms)
{
	wait_until(is_mentioned_anywhere, text, ms, text);
}

static bool is_mentioned(const void *wanted, struct seen *ret)
{
	const struct wanted_message *w = wanted;
	scoped(json_decref) json_t *answer = ask_chat("/standin/messages");
	const json_t *message;
	size_t i;

	json_array_foreach (json_object_get(answer, "messages"), i, message) {
		scoped(mem_free) char *dump = json_dumps(embed_of(message), 0);

		if (!str_eq(json_get_text(message, "id", ""), w->id))
			continue;
		see(ret, dump ? dump : "no text");
		return dump && strstr(dump, w->text);
	}
	return false;
}

void await_mentioned(const struct told *t, const char *text, int64_t ms)
{
	wait_until(is_mentioned, &(struct wanted_message){ t->id, text, NULL }, ms, text);
}

void assert_never_told(const char *text)
{
	if (mentions(text, true))
		scene_fail("'%s' was told", text);
}

/* ---- journals */

static void read_journal(enum place p, struct str *ret)
{
	str_clear(ret);
	if (COMMAND_AT(p, ret, "log", "--json", "--limit", "100000") != 0)
		str_clear(ret);
}

/* Lines in an order of their own: events arrive in another order at each site. */
static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static uint32_t split(char *text, char ***ret_lines)
{
	uint32_t n = 0, cap = 0;
	char **lines = NULL, *save = NULL;

	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *cursor = strstr(l, "\"cursor\""); /* a site's own */

		if (cursor)
			*cursor = '\0';
		must_grow(lines, n, cap);
		lines[n++] = l;
	}
	if (n)
		qsort(lines, n, sizeof *lines, by_text);
	*ret_lines = lines;
	return n;
}

static bool are_same(struct str *a, struct str *b, struct seen *ret)
{
	char **x, **y;
	uint32_t n = split(a->s, &x), m = split(b->s, &y), i = 0;

	while (i < n && i < m && str_eq(x[i], y[i]))
		i++;
	snprintf(ret->text, sizeof ret->text,
		"%u and %u events; the first that differ: %.200s | %.200s", n, m,
		i < n ? x[i] : "none", i < m ? y[i] : "none");
	free(x);
	free(y);
	return i == n && i == m && n > 0;
}

static bool has_same_journals(const void *wanted, struct seen *ret)
{
	scoped(str_fini) struct str dublin = STR_EMPTY, mumbai = STR_EMPTY;

	(void)wanted;
	read_journal(DUBLIN, &dublin);
	read_journal(MUMBAI, &mumbai);
	see(ret, "a site that shows no journal");
	return dublin.len && mumbai.len && are_same(&dublin, &mumbai, ret);
}

static void verify(enum place p)
{
	char lab[300];
	scoped(str_fini) struct str out = STR_EMPTY;

	snprintf(lab, sizeof lab, "%s/lab/lab.yaml", place_name(p));
	if (COMMAND_AT(p, &out, "log", "--verify", "--lab", lab) != 0)
		scene_fail("the journal at %s doesn't verify: %s", place_name(p), str_c(&out));
}

void await_same_journals(int64_t ms)
{
	wait_until(has_same_journals, NULL, ms, "both journals the same");
	verify(DUBLIN);
	verify(MUMBAI);
}

void remember_events(struct map *seen, enum place p)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	char *save = NULL;

	if (COMMAND_AT(p, &text, "log", "--json", "--limit", "100000") != 0)
		return;
	for (char *l = strtok_r(text.s, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		scoped(json_decref) json_t *event = NULL;

		must(json_read(&event, l, strlen(l), NULL) == RC_OK);
		map_put(seen, json_get_text(event, "hash", ""), seen);
	}
}

void assert_none_is_missing(const struct map *seen, enum place p)
{
	scoped(map_fini) struct map now = MAP_EMPTY;

	remember_events(&now, p);
	print_message("%s: %u events were seen, %u are there\n", place_name(p), map_count(seen),
		map_count(&now));
	if (!map_count(seen))
		scene_fail("no event was ever seen: nothing is proven");
	map_each (seen, e) {
		if (!map_get(&now, e->key))
			scene_fail("event %s was at %s and is no more", e->key, place_name(p));
	}
}

/* ---- time */

void assert_took(const char *what, int64_t from_ms, int64_t to_ms, int64_t most_ms)
{
	print_message("%s: %" PRId64 " ms (at most %" PRId64 ")\n", what, to_ms - from_ms, most_ms);
	if (to_ms - from_ms > most_ms)
		scene_fail("%s took %" PRId64 " ms, at most %" PRId64 " is promised", what,
			to_ms - from_ms, most_ms);
}
