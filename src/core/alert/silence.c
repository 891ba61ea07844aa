/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/silence.h"

#include "base/json.h"
#include "base/limits.h"

#define FORGET_MS DAY_MS

void silences_init(struct silences *s)
{
	*s = (struct silences){ 0 };
}

char *silence_annotations(const struct json_node *object)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct json_out w;

	if (!object || object->type != JSON_OBJECT || !object->n)
		return NULL;
	json_begin(&w, &text);
	json_object_open(&w, NULL);
	json_node_each (it, object) {
		if (it->type != JSON_STRING)
			return NULL;
		json_textn(&w, it->name, it->text, it->n);
	}
	json_close(&w);
	return text.len > ANNOTATIONS_TEXT_MAX ? NULL : must_strdup(str_c(&text));
}

static void silence_fini(struct silence *s)
{
	free(s->id);
	free(s->matchers_text);
	free(s->why);
	free(s->by);
	free(s->annotations);
	matchers_free(s->matchers);
}

void silences_fini(struct silences *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		silence_fini(&s->items[i]);
	free(s->items);
	free(s->by_number);
	*s = (struct silences){ 0 };
}

static struct silence *find(const struct silences *s, const char *id)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (str_eq(s->items[i].id, id))
			return &s->items[i];
	return NULL;
}

/* The one that ends first; of several the one with the older event, so that sites agree. */
static struct silence *first_to_end(const struct silences *s)
{
	struct silence *first = &s->items[0];

	for (uint32_t i = 1; i < s->n; i++) {
		struct silence *other = &s->items[i];

		if (other->until.ms < first->until.ms ||
			(other->until.ms == first->until.ms && other->hlc < first->hlc))
			first = other;
	}
	return first;
}

/* Room for a silence that ends at `until`; NULL when everything there ends later. */
static struct silence *make_room(struct silences *s, struct wall until)
{
	struct silence *first;

	if (s->n < SILENCES_MAX) {
		must_grow(s->items, s->n, s->cap);
		s->items[s->n] = (struct silence){ 0 };
		return &s->items[s->n++];
	}
	first = first_to_end(s);
	return first->until.ms <= until.ms ? first : NULL;
}

/* Of two events with the same stamp, written at two sites at once, the one that both sites pick. */
static bool supersedes(const struct silence_word *word, const struct silence *known)
{
	if (known->hlc != word->hlc)
		return word->hlc > known->hlc;
	if (known->until.ms != word->until.ms)
		return word->until.ms > known->until.ms;
	return strcmp(word->matchers, known->matchers_text) > 0;
}

static int by_number(const void *a, const void *b, void *arg)
{
	const struct silence *items = arg;
	uint64_t x = items[*(const uint32_t *)a].number, y = items[*(const uint32_t *)b].number;

	return (x > y) - (x < y);
}

static void put_in_order(struct silences *s)
{
	s->by_number = must_realloc(s->by_number, (s->n + 1) * sizeof *s->by_number);
	for (uint32_t i = 0; i < s->n; i++)
		s->by_number[i] = i;
	qsort_r(s->by_number, s->n, sizeof *s->by_number, by_number, s->items);
}

enum rc silences_apply(struct silences *s, const struct silence_word *word, struct err *e)
{
	scoped(matchers_free) struct matchers *parsed = NULL;
	struct silence *known = find(s, word->id);
	enum rc rc;

	if (known && !supersedes(word, known))
		return RC_OK;
	rc = matchers_parse(&parsed, word->matchers, e);
	if (rc != RC_OK)
		return err_in(e, RC_INPUT, "silence %s", word->id);
	if (!known)
		known = make_room(s, word->until);
	if (!known)
		return err_set(e, RC_LIMIT, "silence %s: %d silences end later", word->id,
			SILENCES_MAX);
	silence_fini(known);
	*known = (struct silence){
		.id = must_strdup(word->id),
		.matchers_text = must_strdup(word->matchers),
		.why = must_strdup(word->why ? word->why : ""),
		.by = must_strdup(word->by ? word->by : ""),
		.annotations = word->annotations ? must_strdup(word->annotations) : NULL,
		.matchers = TAKE(parsed),
		.from = word->from,
		.until = word->until,
		.hlc = word->hlc,
		.number = ++s->last_number,
	};
	known->marks = matchers_marks(known->matchers);
	put_in_order(s);
	return RC_OK;
}

void silences_prune(struct silences *s, struct wall now)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		struct silence *item = &s->items[i];

		if (item->until.ms < now.ms - FORGET_MS)
			silence_fini(item);
		else
			s->items[kept++] = *item;
	}
	if (s->n != kept) {
		s->n = kept;
		put_in_order(s);
	}
}

bool silence_is_on(const struct silence *s, struct wall now)
{
	return s->from.ms <= now.ms && now.ms < s->until.ms;
}

/* End of the window's newest occurrence, {INT64_MIN} when there was none.  Its length is real
 * time: a window of two hours that begins in the hour that the clocks skip or repeat lasts two
 * hours. */
static struct wall window_ends(const struct silence_window *w, struct wall now)
{
	struct wall began = cron_previous(w->begins, w->zone, now);

	if (began.ms == INT64_MIN)
		return began;
	return (struct wall){ began.ms + w->length_ms };
}

bool silences_window_covers(const struct silences *s, struct wall now,
	const struct silence_label *labels, size_t n, const char **ret_why)
{
	for (uint32_t i = 0; i < s->n_windows; i++) {
		const struct silence_window *w = &s->windows[i];

		if (!matchers_match(w->matchers, labels, n) || now.ms >= window_ends(w, now).ms)
			continue;
		if (ret_why)
			*ret_why = w->why && *w->why ? w->why : w->name;
		return true;
	}
	return false;
}

bool silences_cover(const struct silences *s, struct wall now, const struct silence_label *labels,
	size_t n, const char **ret_why)
{
	const char *why = NULL;

	for (uint32_t i = 0; i < s->n && !why; i++) {
		const struct silence *item = &s->items[i];

		if (silence_is_on(item, now) && matchers_match(item->matchers, labels, n))
			why = *item->why ? item->why : item->id;
	}
	if (!why)
		return silences_window_covers(s, now, labels, n, ret_why);
	if (ret_why)
		*ret_why = why;
	return true;
}

/* ---- verdicts */

void silence_verdict_fini(struct silence_verdict *v)
{
	free(v->matched);
	*v = (struct silence_verdict){ 0 };
}

/* The place of the first number above this one. */
static uint32_t first_above(const struct silences *s, uint64_t number)
{
	uint32_t low = 0, high = s->n;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (s->items[s->by_number[middle]].number > number)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const struct silence *silences_of_number(const struct silences *s, uint64_t number)
{
	uint32_t at = first_above(s, number);

	if (at == 0 || s->items[s->by_number[at - 1]].number != number)
		return NULL;
	return &s->items[s->by_number[at - 1]];
}

static bool has_all(const struct label_marks *marks, const struct label_marks *wanted)
{
	uint64_t missing = 0;

	for (size_t i = 0; i < COUNT(marks->bits); i++)
		missing |= wanted->bits[i] & ~marks->bits[i];
	return !missing;
}

void silences_judge(const struct silences *s, struct silence_verdict *v,
	const struct silence_label *labels, size_t n)
{
	struct label_marks marks = { 0 };

	if (v->seen == s->last_number)
		return;
	for (size_t i = 0; i < n; i++)
		label_mark(&marks, labels[i].name, labels[i].value);
	for (uint32_t at = first_above(s, v->seen); at < s->n; at++) {
		const struct silence *item = &s->items[s->by_number[at]];

		if (!has_all(&marks, &item->marks) || !matchers_match(item->matchers, labels, n))
			continue;
		must_grow(v->matched, v->n, v->cap);
		v->matched[v->n++] = item->number;
	}
	v->seen = s->last_number;
}

static void sooner(struct wall *best, struct wall t, struct wall now)
{
	if (t.ms > now.ms && t.ms < best->ms)
		*best = t;
}

struct wall silences_change(const struct silences *s, struct wall now)
{
	struct wall best = { NEVER_MS };

	for (uint32_t i = 0; i < s->n; i++) {
		sooner(&best, s->items[i].from, now);
		sooner(&best, s->items[i].until, now);
	}
	for (uint32_t i = 0; i < s->n_windows; i++) {
		const struct silence_window *w = &s->windows[i];

		sooner(&best, window_ends(w, now), now);
		sooner(&best, cron_next(w->begins, w->zone, now), now);
	}
	return best;
}

bool quiet_at(uint16_t from_minute, uint16_t until_minute, const struct tz *zone, struct wall t)
{
	struct civil local = tz_at(zone, t).civil;
	uint16_t minute = (uint16_t)(local.hour * 60 + local.minute);

	if (from_minute <= until_minute)
		return minute >= from_minute && minute < until_minute;
	return minute >= from_minute || minute < until_minute;
}

/* Minute by minute: the end may lie in an hour that the clocks skip, and then the hour after it is
 * the end; no more than a day and a bit of steps, a fifth of a millisecond. */
struct wall quiet_ends(uint16_t from_minute, uint16_t until_minute, const struct tz *zone,
	struct wall t)
{
	int64_t minute = t.ms / MINUTE_MS - (t.ms % MINUTE_MS < 0);

	if (!quiet_at(from_minute, until_minute, zone, t))
		return t;
	for (int i = 0; i < 3 * 24 * 60; i++) {
		struct wall at = { ++minute * MINUTE_MS };

		if (!quiet_at(from_minute, until_minute, zone, at))
			return at;
	}
	return (struct wall){ NEVER_MS };
}
