/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/work.h"

#define RETRY_FIRST_MS SECOND_MS
#define RETRY_LAST_MS  (2 * MINUTE_MS)

struct store_work {
	enum store_work_kind kind;
	void *plan;
	bool has_run;
	enum rc rc;
	struct err err;
};

static const struct work_row *const rows[STORE_WORK_KINDS] = {
	[STORE_SYNC] = &work_sync,
	[STORE_FLUSH] = &work_flush,
	[STORE_PAST] = &work_past,
	[STORE_MERGE] = &work_merge,
	[STORE_MERGE_INDEX] = &work_merge_index,
	[STORE_MANIFEST] = &work_manifest,
	[STORE_SNAPSHOT] = &work_snapshot,
};

static bool is_long(enum store_work_kind kind)
{
	return kind == STORE_MERGE || kind == STORE_MERGE_INDEX;
}

/* NULL: not now. */
static struct store_work *plan(struct store *s, enum store_work_kind kind, struct mono *ret_at)
{
	struct store_kind *state = &s->kinds[kind];
	struct store_work *w;
	void *made;

	if (state->is_under_way ||
		(is_long(kind) && (s->kinds[STORE_MERGE].is_under_way ||
					  s->kinds[STORE_MERGE_INDEX].is_under_way)))
		return NULL;
	if (s->now.mono.ms < state->retry_at.ms) {
		*ret_at = state->retry_at;
		return NULL;
	}
	made = rows[kind]->plan(s, ret_at);
	if (!made)
		return NULL;
	w = must_alloc(sizeof *w);
	w->kind = kind;
	w->plan = made;
	state->is_under_way = true;
	return w;
}

struct store_work *store_due(struct store *s, struct now now, struct mono *ret_wake)
{
	struct mono wake = { NEVER_MS };

	s->now = now;
	for (unsigned kind = 0; kind < STORE_WORK_KINDS; kind++) {
		struct mono at = { NEVER_MS };
		struct store_work *w = plan(s, kind, &at);

		if (w) {
			*ret_wake = now.mono;
			return w;
		}
		if (at.ms < wake.ms)
			wake = at;
	}
	*ret_wake = wake;
	return NULL;
}

enum store_work_kind store_work_kind(const struct store_work *w)
{
	return w->kind;
}

const char *store_work_kind_text(enum store_work_kind kind)
{
	static const char *const texts[STORE_WORK_KINDS] = { "sync", "flush", "past", "merge",
		"merge index", "manifest", "snapshot" };

	must(kind < STORE_WORK_KINDS);
	return texts[kind];
}

void store_work_run(struct store_work *w)
{
	w->rc = rows[w->kind]->run(w->plan, &w->err);
	w->has_run = true;
}

static void fail(struct store *s, const struct store_work *w)
{
	struct store_kind *state = &s->kinds[w->kind];

	state->retry_ms = state->retry_ms ? 2 * state->retry_ms : RETRY_FIRST_MS;
	if (state->retry_ms > RETRY_LAST_MS)
		state->retry_ms = RETRY_LAST_MS;
	state->retry_at.ms = s->now.mono.ms + state->retry_ms;
	s->stats.work_failed[w->kind]++;
	s->stats.last_error = w->err;
	/* After a failed sync nobody knows what of the log is on the disk: write it elsewhere. */
	if (w->kind == STORE_SYNC) {
		s->is_flush_wanted = true;
		s->doubtful_generation = s->head.open->number;
	}
}

enum rc store_work_done(struct store *s, struct store_work *w, struct err *e)
{
	struct store_kind *state = &s->kinds[w->kind];
	enum rc rc = w->rc;

	state->is_under_way = false;
	if (w->has_run && rc != RC_OK) {
		fail(s, w);
		err_set(e, rc, "%s", w->err.text);
	} else if (w->has_run) {
		state->retry_ms = 0;
		s->stats.work_done[w->kind]++;
		rows[w->kind]->adopt(s, w->plan);
	}
	rows[w->kind]->end(s, w->plan);
	free(w);
	return rc;
}
