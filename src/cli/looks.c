/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/looks.h"

#include "cli/term/moment.h"

#include <stdio.h>

static const struct look looks[] = {
	{ "failing", STYLE_BAD, GLYPH_BAD, 5 },
	{ "down", STYLE_BAD, GLYPH_BAD, 5 },
	{ "open", STYLE_BAD, GLYPH_BAD, 5 },
	{ "silent", STYLE_DOUBT, GLYPH_DOUBT, 4 },
	{ "suspect", STYLE_DOUBT, GLYPH_DOUBT, 3 },
	{ "recovering", STYLE_DOUBT, GLYPH_DOUBT, 3 },
	{ "paused", STYLE_NOTE, GLYPH_NOTE, 0 },
	{ "greeting", STYLE_PLAIN, GLYPH_IDLE, 0 },
	{ "pending", STYLE_PLAIN, GLYPH_IDLE, 0 },
	{ "none", STYLE_FAINT, GLYPH_IDLE, 0 },
	{ "merged", STYLE_FAINT, GLYPH_IDLE, 0 },
	{ "closed", STYLE_OK, GLYPH_OK, 0 },
	{ "up", STYLE_OK, GLYPH_OK, 0 },
	{ "ok", STYLE_OK, GLYPH_OK, 0 },
	{ NULL, STYLE_DOUBT, GLYPH_DOUBT, 1 },
};

const struct look *look_of(const char *state)
{
	const struct look *l = looks;

	while (l->name && !str_eq(l->name, state))
		l++;
	return l;
}

bool look_is_bad(const json_t *check)
{
	const char *state = json_get_text(check, "state", "");

	return str_eq(state, "failing") || str_eq(state, "silent");
}

/* The sites whose word is `word`, as "dublin and mumbai". */
static void add_vantages(const json_t *check, const char *word, struct str *out)
{
	size_t i, left = 0;
	json_t *v;

	json_array_foreach (json_object_get(check, "vantages"), i, v)
		left += str_eq(json_get_text(v, "word", ""), word);
	json_array_foreach (json_object_get(check, "vantages"), i, v) {
		if (!str_eq(json_get_text(v, "word", ""), word))
			continue;
		str_add(out, json_get_text(v, "site", "?"));
		str_add(out, left > 2 ? ", " : left == 2 ? " and " : "");
		left--;
	}
}

/* When anybody last heard anything at all. */
static struct wall last_heard(const json_t *check)
{
	struct wall newest = { 0 };
	size_t i;
	json_t *v;

	json_array_foreach (json_object_get(check, "vantages"), i, v) {
		struct wall heard = json_get_time(v, "heard");

		newest = heard.ms > newest.ms ? heard : newest;
	}
	return newest;
}

void look_reason(const json_t *check, const struct term *t, struct str *out)
{
	const char *reason = json_get_text(check, "reason", "");
	char ago[MOMENT_TEXT_MAX];

	if (str_eq(json_get_text(check, "scope", ""), "path")) {
		str_add(out, "seen from ");
		add_vantages(check, "failing", out);
		str_add(out, *reason ? " only: " : " only");
	}
	str_add(out, reason);
	if (!*reason && str_eq(json_get_text(check, "state", ""), "silent"))
		str_addf(out, "no evidence; the last came %s",
			moment_ago(last_heard(check), t->now, ago));
}

const char *look_count(int64_t n, const char *noun, char buf[32])
{
	snprintf(buf, 32, "%lld %.16s%s", (long long)n, noun, n == 1 ? "" : "s");
	return buf;
}

/* Worst first. */
static const char *const tally_states[TALLY_STATES] = { "failing", "silent", "ok", "pending",
	"paused" };

void state_tally_add(struct state_tally *t, const char *state)
{
	for (size_t i = 0; i < TALLY_STATES; i++)
		t->n[i] += str_eq(tally_states[i], state);
}

int64_t state_tally_sum(const struct state_tally *t)
{
	int64_t sum = 0;

	for (size_t i = 0; i < TALLY_STATES; i++)
		sum += t->n[i];
	return sum;
}

int64_t state_tally_bad(const struct state_tally *t)
{
	return t->n[0] + t->n[1];
}

enum style state_tally_style(const struct state_tally *t)
{
	return t->n[0] ? STYLE_BAD : t->n[1] ? STYLE_DOUBT : STYLE_PLAIN;
}

/* The first `n` states, as far as there are any checks in them. */
static void add_states(const struct state_tally *t, size_t n, struct str *out)
{
	const char *comma = "";

	for (size_t i = 0; i < n; i++) {
		if (t->n[i] == 0)
			continue;
		str_addf(out, "%s%lld %s", comma, (long long)t->n[i], tally_states[i]);
		comma = ", ";
	}
}

void state_tally_text(const struct state_tally *t, struct str *out)
{
	if (state_tally_sum(t) == 0)
		str_add(out, "no checks");
	add_states(t, TALLY_STATES, out);
}

void state_tally_brief(const struct state_tally *t, struct str *out)
{
	add_states(t, state_tally_bad(t) ? 2 : 3, out); /* failing and silent; else ok */
	str_addf(out, " of %lld", (long long)state_tally_sum(t));
}

enum style look_told(const json_t *told, struct str *out)
{
	const char *comma = "";
	bool is_wanted = json_array_size(told) == 0;
	size_t i;
	json_t *channel;

	json_array_foreach (told, i, channel) {
		is_wanted |= json_get_int(channel, "wanted", 1) > 0;
		if (json_get_time(channel, "first").ms == 0)
			continue;
		str_addf(out, "%s%s", comma, json_get_text(channel, "channel", "?"));
		comma = ", ";
	}
	if (*comma)
		return STYLE_PLAIN;
	str_add(out, is_wanted ? "nobody yet" : "nobody");
	return is_wanted ? STYLE_DOUBT : STYLE_FAINT;
}

void look_now(struct page *p, const json_t *answer)
{
	struct wall now = json_get_time(answer, "now");

	if (now.ms)
		p->term.now = now;
}

bool look_is_reversed(const json_t *list, const char *key)
{
	size_t n = json_array_size(list);

	return n > 1 && json_get_time(json_array_get(list, 0), key).ms >
				json_get_time(json_array_get(list, n - 1), key).ms;
}

const json_t *look_in_time(const json_t *list, size_t i, bool is_reversed)
{
	return json_array_get(list, is_reversed ? json_array_size(list) - 1 - i : i);
}
