/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/silence.h"

#include "base/limits.h"

#define FORGET_MS DAY_MS

void silences_init(struct silences *s)
{
	*s = (struct silences){ 0 };
}

static void silence_fini(struct silence *s)
{
	free(s->id);
	free(s->matchers_text);
	free(s->why);
	free(s->by);
	matchers_free(s->matchers);
}

void silences_fini(struct silences *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		silence_fini(&s->items[i]);
	free(s->items);
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
		.matchers = TAKE(parsed),
		.from = word->from,
		.until = word->until,
		.hlc = word->hlc,
	};
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
	s->n = kept;
}

static bool silence_is_on(const struct silence *s, struct wall now)
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

bool silences_cover(const struct silences *s, struct wall now, const struct silence_label *labels, size_t n,
	const char **ret_why)
{
	const char *why = NULL;

	for (uint32_t i = 0; i < s->n && !why; i++) {
		const struct silence *item = &s->items[i];

		if (silence_is_on(item, now) && matchers_match(item->matchers, labels, n))
			why = *item->why ? item->why : item->id;
	}
	for (uint32_t i = 0; i < s->n_windows && !why; i++) {
		const struct silence_window *w = &s->windows[i];

		if (matchers_match(w->matchers, labels, n) && now.ms < window_ends(w, now).ms)
			why = w->why && *w->why ? w->why : w->name;
	}
	if (why && ret_why)
		*ret_why = why;
	return why != NULL;
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
