/* SPDX-License-Identifier: Apache-2.0 */
/* view: what others may ask, and the names of what they are told. */
#include "core/check/check_private.h"

#include "base/str.h"

#include <string.h>

static const char *const state_names[CHECK_STATES] = {
	[CHECK_PENDING] = "pending",
	[CHECK_OK] = "ok",
	[CHECK_FAILING] = "failing",
	[CHECK_SILENT] = "silent",
	[CHECK_PAUSED] = "paused",
};
static const char *const scope_names[] = {
	[SCOPE_NONE] = "none",
	[SCOPE_DOWN] = "down",
	[SCOPE_PATH] = "path",
};
static const char *const word_names[] = {
	[WORD_NONE] = "none",
	[WORD_OK] = "ok",
	[WORD_FAILING] = "failing",
};

const char *check_state_name(enum check_state s)
{
	return state_names[s];
}

const char *check_scope_name(enum check_scope s)
{
	return scope_names[s];
}

const char *check_word_name(enum check_word w)
{
	return word_names[w];
}

bool check_word_parse(const char *text, enum check_word *ret)
{
	for (size_t i = 0; i < COUNT(word_names); i++)
		if (str_eq(word_names[i], text)) {
			*ret = (enum check_word)i;
			return true;
		}
	return false;
}

uint16_t checks_count(const struct checks *c)
{
	return c->n;
}

struct check_view checks_view(const struct checks *c, uint16_t index)
{
	const struct check *k = &c->items[index];
	struct check_view view = { .spec = k->spec,
		.state = k->state,
		.scope = k->scope,
		.since = k->since,
		.paused_until = k->paused_until,
		.run_started = k->run_started,
		.reason = check_reason(k) };

	for (uint32_t i = 0; i < k->n_vantages; i++) {
		const struct vantage *v = &k->vantages[i];

		if (v->last_ok.ms > view.last_ok.ms)
			view.last_ok = v->last_ok;
	}
	if (view.state == CHECK_SILENT && k->spec->silence)
		view.reason = k->run_started.ms ? "no report in time: a run began and has not ended"
						: k->spec->silence;
	return view;
}

const struct vantage *checks_vantage(const struct checks *c, uint16_t index, uint8_t site)
{
	return check_vantage(&c->items[index], site);
}

bool checks_is_blind(const struct checks *c, uint8_t site)
{
	return c->blind & (1u << site);
}

bool checks_is_settling(const struct checks *c, uint16_t index)
{
	const struct check *k = &c->items[index];
	uint32_t n_ok = 0, n_failing = 0, i = 0;

	for (uint8_t site = 0; site < SITES_MAX; site++) {
		const struct vantage *v;

		if (!(k->spec->from & (1u << site)))
			continue;
		v = &k->vantages[i++];
		if (v->is_suspect)
			return true;
		if (!check_counts(c, k, site, v))
			continue;
		n_ok += v->word == WORD_OK;
		n_failing += v->word == WORD_FAILING;
	}
	return n_ok && n_failing;
}

static uint64_t fnv(uint64_t h, const void *data, size_t n)
{
	for (const uint8_t *p = data; n--; p++)
		h = (h ^ *p) * UINT64_C(0x100000001b3);
	return h;
}

uint64_t checks_digest(const struct checks *c, uint8_t site)
{
	struct checks *cache = (struct checks *)c;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	if (c->digest_valid & (1u << site))
		return c->digest[site];
	for (uint16_t i = 0; i < c->n; i++) {
		const struct vantage *v = check_vantage(&c->items[i], site);
		uint8_t word;

		if (!v)
			continue;
		word = (uint8_t)v->word;
		h = fnv(h, c->items[i].spec->name, strlen(c->items[i].spec->name) + 1);
		h = fnv(h, &word, 1);
	}
	cache->digest[site] = h;
	cache->digest_valid |= (uint8_t)(1u << site);
	return h;
}
