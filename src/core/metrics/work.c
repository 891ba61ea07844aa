/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each kind of work is a row: when it is due (which makes the plan), what runs elsewhere on what
 * the plan holds, and how the owner takes in what was made.
 */
#include "core/metrics/store_private.h"

struct store_work {
	enum store_work_kind kind;
	const struct files *files;
	bool has_run;
	enum rc rc;
	struct err err;
	/* STORE_SYNC */
	struct log **logs;
	uint64_t *sizes;
	uint32_t n_logs;
};

struct work_row {
	const char *text;
	/* NULL: not now; *ret_at: when, at the latest. */
	struct store_work *(*plan)(struct store *s, struct mono *ret_at);
	enum rc (*run)(struct store_work *w, struct err *e);
	void (*adopt)(struct store *s, struct store_work *w);
	void (*end)(struct store *s, struct store_work *w); /* whether it went well or not */
};

static struct store_work *plan_sync(struct store *s, struct mono *ret_at)
{
	struct store_work *w;

	ret_at->ms = s->synced.ms + s->settings.sync_ms;
	if (s->now.mono.ms < ret_at->ms)
		return NULL;
	s->synced = s->now.mono;
	ret_at->ms = s->now.mono.ms + s->settings.sync_ms;
	w = must_alloc(sizeof *w);
	w->logs = must_alloc((s->n_logs + 1) * sizeof *w->logs);
	w->sizes = must_alloc((s->n_logs + 1) * sizeof *w->sizes);
	for (uint32_t i = 0; i < s->n_logs; i++) {
		struct log *l = s->logs[i];

		if (!l->writer || l->size_bytes == l->synced_bytes)
			continue;
		l->is_syncing = true;
		w->sizes[w->n_logs] = l->size_bytes;
		w->logs[w->n_logs++] = l;
	}
	if (w->n_logs)
		return w;
	free(w->logs);
	free(w->sizes);
	free(w);
	return NULL;
}

/* Reads of a log only its writer, which the owner leaves alone but for appending. */
static enum rc run_sync(struct store_work *w, struct err *e)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < w->n_logs; i++)
		rc = w->files->sync(w->logs[i]->writer, e);
	return rc == RC_OK ? w->files->sync_folder(w->files->self, e) : rc;
}

static void adopt_sync(struct store *s, struct store_work *w)
{
	(void)s;
	for (uint32_t i = 0; i < w->n_logs; i++)
		w->logs[i]->synced_bytes = w->sizes[i];
}

static void end_sync(struct store *s, struct store_work *w)
{
	(void)s;
	for (uint32_t i = 0; i < w->n_logs; i++)
		w->logs[i]->is_syncing = false;
	free(w->logs);
	free(w->sizes);
}

static const struct work_row rows[STORE_WORK_KINDS] = {
	[STORE_SYNC] = { "sync", plan_sync, run_sync, adopt_sync, end_sync },
	[STORE_FLUSH] = { .text = "flush" },
	[STORE_MERGE] = { .text = "merge" },
	[STORE_MERGE_INDEX] = { .text = "merge index" },
	[STORE_MANIFEST] = { .text = "manifest" },
	[STORE_SNAPSHOT] = { .text = "snapshot" },
};

struct store_work *store_due(struct store *s, struct now now, struct mono *ret_wake)
{
	struct mono wake = { NEVER_MS }, at = { NEVER_MS };

	s->now = now;
	for (unsigned kind = 0; kind < STORE_WORK_KINDS; kind++) {
		struct store_work *w;

		if (!rows[kind].plan || s->is_working[kind])
			continue;
		w = rows[kind].plan(s, &at);
		if (at.ms < wake.ms)
			wake = at;
		if (!w)
			continue;
		w->kind = kind;
		w->files = s->files;
		s->is_working[kind] = true;
		*ret_wake = now.mono;
		return w;
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
	must(kind < STORE_WORK_KINDS);
	return rows[kind].text;
}

void store_work_run(struct store_work *w)
{
	w->rc = rows[w->kind].run(w, &w->err);
	w->has_run = true;
}

enum rc store_work_done(struct store *s, struct store_work *w, struct err *e)
{
	enum rc rc = w->rc;

	if (w->has_run && rc == RC_OK) {
		rows[w->kind].adopt(s, w);
		s->stats.work_done[w->kind]++;
	} else if (w->has_run) {
		s->stats.work_failed[w->kind]++;
		s->stats.last_error = w->err;
		err_set(e, rc, "%s", w->err.text);
	}
	rows[w->kind].end(s, w);
	s->is_working[w->kind] = false;
	free(w);
	return rc;
}
