/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A breakage is data: the processes that it ends and what else it does.  What holds at a moment is
 * the sum of those that are set, so that they can be set and mended in any order.
 */
#include "cli/demo/demo.h"
#include "cli/demo/errand.h"

#define NOTHING          0u
#define CUTS_LINK        (1u << 0)
#define UNPLUGS(site)    (1u << (1 + (site))) /* 1, 2: its line */
#define BLOCKS(site)     (1u << (3 + (site))) /* 3, 4: its way to Discord */
#define MUTES_BACKUP     (1u << 5)
#define MUTES_EXPORT     (1u << 6)
#define MOODS            (1u << 7)
#define AGES_CERTIFICATE (1u << 8)
#define EDITS_LAB        (1u << 9)

#define DEFAULT_MOOD "429"

_Static_assert(CHILDREN <= 32, "a set of children is a word");
#define ONLY(child) (1u << CHILD_##child)
#define AT(where)   CHILDREN_AT_##where
#define ON(host)    CHILDREN_ON_##host

#define SET_OF(symbol, is_in) | ((is_in) ? 1u << CHILD_##symbol : 0u)
enum {
	CHILDREN_AT_DUBLIN = 0u
#define CHILD(symbol, name, place, ...) SET_OF(symbol, (place) == DUBLIN)
#include "cli/demo/children.def"
	,
	CHILDREN_AT_MUMBAI = 0u
#define CHILD(symbol, name, place, ...) SET_OF(symbol, (place) == MUMBAI)
#include "cli/demo/children.def"
	,
	CHILDREN_ON_NAS_DUBLIN = 0u
#define CHILD(symbol, name, place, host, ...) SET_OF(symbol, (host) == NAS_DUBLIN)
#include "cli/demo/children.def"
	,
	CHILDREN_ON_NAS_MUMBAI = 0u
#define CHILD(symbol, name, place, host, ...) SET_OF(symbol, (host) == NAS_MUMBAI)
#include "cli/demo/children.def"
};

const struct breakage breakages[BREAKAGES] = {
#define BREAKAGE(symbol, name, key, ends, does, what) [BREAKAGE_##symbol] = { name, what, key },
#include "cli/demo/breakages.def"
};

static const struct {
	unsigned ends, does;
} effects[BREAKAGES] = {
#define BREAKAGE(symbol, name, key, ends, does, what) [BREAKAGE_##symbol] = { ends, does },
#include "cli/demo/breakages.def"
};

static bool does(const struct demo *d, unsigned effect)
{
	for (size_t i = 0; i < BREAKAGES; i++)
		if (d->is_broken[i] && (effects[i].does & effect))
			return true;
	return false;
}

bool broken_child(const struct demo *d, enum child_id child)
{
	for (size_t i = 0; i < BREAKAGES; i++)
		if (d->is_broken[i] && (effects[i].ends & (1u << child)))
			return true;
	return false;
}

bool broken_way(const struct demo_gate *g, enum place from, enum place to)
{
	const struct demo *d = g->demo;
	unsigned cut = g->kind == GATE_LINK ? CUTS_LINK : NOTHING;

	if (from == to)
		return false;
	if (g->kind == GATE_EGRESS && from < HOMES)
		cut |= BLOCKS(from);
	if (from < HOMES)
		cut |= UNPLUGS(from);
	if (to < HOMES)
		cut |= UNPLUGS(to);
	return does(d, cut);
}

bool broken_job(const struct demo *d, const struct job *job)
{
	return does(d, job->site == CHILD_DUBLIN ? MUTES_BACKUP : MUTES_EXPORT);
}

/* ---- carrying them out */

static void mood_set(void *ctx, int status)
{
	struct demo *d = ctx;

	if (status != 200 && !d->is_ending)
		story_tell(d, STYLE_DOUBT, "you", "the stand-in did not take that: HTTP %d",
			status);
}

static enum rc set_mood(struct demo *d, struct err *e)
{
	const char *mood = d->is_broken[BREAKAGE_DISCORD] ? d->mood : "ok";
	scoped(str_fini) struct str body = STR_EMPTY;
	struct errand_ears ears = { d, NULL, mood_set };

	if (!d->has_standin)
		return err_set(e, RC_REFUSED,
			"messages go to Discord itself, which is not ours to break");
	/* Of 429s only a share, as in real life: how the rest is paced is what one wants to see. */
	str_addf(&body, "{\"mode\": \"%s\", \"every\": %d}", mood, str_eq(mood, "429") ? 2 : 1);
	errand_start(&d->loop, world_address(d, CHILD_STANDIN), "/standin/mode", str_c(&body),
		&ears);
	return RC_OK;
}

static enum rc edit(struct demo *d, enum breakage_id id, struct err *e)
{
	bool is_typo = id == BREAKAGE_TYPO;

	if (!d->is_broken[id])
		return prepare_edit(d, "Ana",
			is_typo ? "Mend the typing error" : "Expect of photos what it answers", e);
	return prepare_edit(d, "Sam", is_typo ? "Photos matter" : "Look closer at photos", e);
}

/* The server reads its certificate at its start. */
static enum rc swap_certificate(struct demo *d, struct err *e)
{
	enum rc rc = prepare_certificate(d, d->is_broken[BREAKAGE_CERTIFICATE], e);

	if (rc == RC_OK)
		world_restart(d, CHILD_CLOUD);
	return rc;
}

static enum rc carry_out(struct demo *d, enum breakage_id id, struct err *e)
{
	unsigned effect = effects[id].does;
	enum rc rc = RC_OK;

	if (effect & MOODS)
		rc = set_mood(d, e);
	else if (effect & EDITS_LAB)
		rc = edit(d, id, e);
	else if (effect & AGES_CERTIFICATE)
		rc = swap_certificate(d, e);
	world_settle(d);
	return rc;
}

static enum rc set(struct demo *d, enum breakage_id id, bool is_broken, struct err *e)
{
	bool was = d->is_broken[id];
	enum rc rc;

	if (was == is_broken && id != BREAKAGE_DISCORD) {
		world_settle(d); /* what ended by itself */
		return RC_OK;
	}
	d->is_broken[id] = is_broken;
	rc = carry_out(d, id, e);
	if (rc != RC_OK) {
		d->is_broken[id] = was;
		return rc;
	}
	if (!is_broken)
		story_tell(d, STYLE_STRONG, "you", "mended %s", breakages[id].name);
	else if (id == BREAKAGE_DISCORD)
		story_tell(d, STYLE_STRONG, "you", "Discord's answer from now on: %s", d->mood);
	else
		story_tell(d, STYLE_STRONG, "you", "%s", breakages[id].what);
	return RC_OK;
}

static enum rc choose_mood(struct demo *d, const char *how, struct err *e)
{
	static const char *const moods[] = { "429", "500", "404", "hang", "drop", "cloudflare" };

	for (size_t i = 0; i < COUNT(moods); i++)
		if (str_eq(moods[i], how ? how : DEFAULT_MOOD)) {
			d->mood = moods[i];
			return RC_OK;
		}
	return err_set(e, RC_USAGE,
		"Discord can answer 429, 500, 404 or cloudflare, hang, or drop");
}

enum rc breakage_set(struct demo *d, const char *name, const char *how, bool is_broken,
	struct err *e)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < BREAKAGES; i++) {
		if (!str_eq(breakages[i].name, name))
			continue;
		if (how && (i != BREAKAGE_DISCORD || !is_broken))
			return err_set(e, RC_USAGE, "'%s' is just broken or mended", name);
		if (i == BREAKAGE_DISCORD && is_broken)
			rc = choose_mood(d, how, e);
		return rc == RC_OK ? set(d, (enum breakage_id)i, is_broken, e) : rc;
	}
	return err_set(e, RC_NOT_FOUND,
		"there is no '%s' here; 'diarchy demo list' says what there is", name);
}

void breakage_toggle(struct demo *d, enum breakage_id id)
{
	struct err e = { 0 };

	if (breakage_set(d, breakages[id].name, NULL, !d->is_broken[id], &e) != RC_OK)
		story_tell(d, STYLE_DOUBT, "you", "%s", e.text);
}

void breakage_mend_all(struct demo *d)
{
	for (size_t i = 0; i < BREAKAGES; i++)
		if (d->is_broken[i])
			breakage_toggle(d, (enum breakage_id)i);
	world_settle(d);
}
