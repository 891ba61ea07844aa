/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/store_private.h"

#include "base/histogram.h"
#include "base/limits.h"

#include <stdio.h>

static const struct store_settings defaults = {
	.retention_ms = 15 * DAY_MS,
	.flush_ms = 3 * MINUTE_MS,
	.sync_ms = 5 * SECOND_MS,
	.memory_bytes_max = 512ull << 20,
	.series_max = 2000000,
	.kept_bytes_max = 16ull << 30,
	.exemplars_max = 10000,
};

struct store_settings store_settings_defaulted(const struct store_settings *wanted)
{
	struct store_settings s = *wanted;

	s.retention_ms = s.retention_ms ? s.retention_ms : defaults.retention_ms;
	s.flush_ms = s.flush_ms ? s.flush_ms : defaults.flush_ms;
	s.sync_ms = s.sync_ms ? s.sync_ms : defaults.sync_ms;
	s.memory_bytes_max = s.memory_bytes_max ? s.memory_bytes_max : defaults.memory_bytes_max;
	s.series_max = s.series_max ? s.series_max : defaults.series_max;
	s.kept_bytes_max = s.kept_bytes_max ? s.kept_bytes_max : defaults.kept_bytes_max;
	s.exemplars_max = s.exemplars_max ? s.exemplars_max : defaults.exemplars_max;
	return s;
}

void store_find(struct store *s, const struct store_finding *f)
{
	if (!s->findings)
		s->findings = must_alloc(STORE_FINDINGS_MAX * sizeof *s->findings);
	if (s->n_findings == STORE_FINDINGS_MAX) {
		s->findings_left_out++;
		memmove(s->findings, s->findings + 1, --s->n_findings * sizeof *s->findings);
	}
	s->findings[s->n_findings++] = *f;
}

struct store_finding store_finding_of(const char *name, const struct err *e, const char *done)
{
	struct store_finding f = { .from_ms = 1 };

	snprintf(f.file, sizeof f.file, "%s", name);
	snprintf(f.text, sizeof f.text, "%.130s; %.60s", e->text, done);
	return f;
}

void store_set_catalog(struct store *s, struct catalog *c)
{
	catalog_drop(s->catalog);
	s->catalog = c;
	s->catalog_version++;
	s->is_manifest_old = true;
}

void store_make_useless(struct store *s, const char *name)
{
	must_grow(s->useless, s->n_useless, s->cap_useless);
	snprintf(s->useless[s->n_useless++].name, FILES_NAME_MAX, "%s", name);
}

void store_make_unfinished_useless(struct store *s, const char *name)
{
	char temporary[FILES_NAME_MAX];

	snprintf(temporary, sizeof temporary, "%.50s.new", name);
	store_make_useless(s, temporary);
	store_make_useless(s, name);
}

void store_begin_generation(struct store *s)
{
	struct wal_header h = { .generation = s->next_generation++,
		.first_id = s->next_id,
		.base_ms = s->now.wall.ms };

	if (s->n_logs && !store_log(s)->is_lame)
		h.previous_bytes = store_log(s)->size_bytes + store_log(s)->waiting.len;
	head_open(&s->head, h.generation, h.first_id, h.base_ms);
	must_grow(s->logs, s->n_logs, s->cap_logs);
	s->logs[s->n_logs++] = log_new(s->files, &h);
}

/* Logs are written in order: later ones speak of series that earlier ones introduce. */
static enum rc write_logs(struct store *s, struct err *e)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i + 1 < s->n_logs; i++)
		rc = log_write_waiting(s->logs[i], e);
	if (rc == RC_OK)
		rc = log_write(store_log(s), &s->head.commit, e);
	else
		log_wait(store_log(s), &s->head.commit);
	wal_commit_reset(&s->head.commit);
	return rc;
}

/* What is being committed has begun in what is sealed, and belongs into its log: ids of series follow
 * from there, and bytes stand behind its chunks. */
void store_seal(struct store *s)
{
	if (!wal_commit_is_empty(&s->head.commit))
		(void)!write_logs(s, NULL); /* then it waits, as with any commit */
	head_seal(&s->head);
	s->sealed = s->now.mono;
	store_begin_generation(s);
}

static enum rc check_labels(const struct labels *l, struct err *e)
{
	uint64_t bytes = 0;

	if (!l->n)
		return err_set(e, RC_INPUT, "a series without labels");
	if (l->n > SERIES_LABELS_MAX)
		return err_set(e, RC_INPUT, "a series of %u labels: %d are allowed", l->n,
			SERIES_LABELS_MAX);
	for (uint32_t i = 0; i < l->n; i++)
		bytes += (uint64_t)l->v[i].name_len + l->v[i].value_len;
	if (bytes > SERIES_LABELS_BYTES_MAX)
		return err_set(e, RC_INPUT, "a series with %llu bytes of labels: %d are allowed",
			(unsigned long long)bytes, SERIES_LABELS_BYTES_MAX);
	return RC_OK;
}

static uint32_t find_series(const struct store *s, const struct labels *l, uint64_t hash)
{
	uint32_t id = young_find(&s->head.open->young, l, hash);

	for (uint32_t i = s->head.n_sealed; !id && i > 0; i--)
		id = young_find(&s->head.sealed[i - 1]->young, l, hash);
	for (uint32_t i = s->catalog->n_segments; !id && i > 0; i--)
		id = index_find(s->catalog->segments[i - 1], l, hash);
	return id;
}

static enum rc add_series(struct store *s, const struct labels *l, uint64_t hash, struct err *e)
{
	if (head_memory(&s->head) >= s->settings.memory_bytes_max || s->next_id == UINT32_MAX ||
		!young_add(&s->head.open->young, l, hash))
		return err_set(e, RC_LIMIT, "no memory for another series: %llu bytes are allowed",
			(unsigned long long)s->settings.memory_bytes_max);
	s->next_id++;
	wal_add_series(&s->head.commit, l);
	return RC_OK;
}

/* A series that was not live for a while may have samples up to this time.  Those that came from the
 * future shall not keep it from going on. */
static int64_t flushed_until(const struct store *s)
{
	return s->flushed_ms < s->now.wall.ms ? s->flushed_ms : s->now.wall.ms;
}

/* A series that is new. */
static enum rc introduce(struct store *s, const struct labels *l, uint64_t hash, uint32_t *ret,
	struct err *e)
{
	enum rc rc = check_labels(l, e);

	if (rc == RC_OK)
		rc = add_series(s, l, hash, e);
	if (rc == RC_OK)
		*ret = s->next_id - 1;
	return rc;
}

enum rc store_past_series(struct store *s, const struct labels *l, series_ref *ret, struct err *e)
{
	uint64_t hash = labels_hash(l);

	*ret = find_series(s, l, hash);
	return *ret ? RC_OK : introduce(s, l, hash, ret, e);
}

int64_t store_retention_ms(const struct store *s)
{
	return s->settings.retention_ms;
}

uint32_t store_forgotten(const struct store *s)
{
	return s->forgotten;
}

static enum rc sink_series(void *self, const struct labels *l, series_ref *ret, struct err *e)
{
	struct store *s = self;
	uint64_t hash = labels_hash(l);
	uint32_t id = find_series(s, l, hash);
	int64_t last_ms = id ? flushed_until(s) : INT64_MIN;

	if (id && head_is_live(&s->head, id)) {
		*ret = id;
		return RC_OK;
	}
	if (s->head.n_live >= s->settings.series_max)
		return err_set(e, RC_LIMIT, "%u series are live, and no more are allowed",
			s->settings.series_max);
	if (!id) {
		enum rc rc = introduce(s, l, hash, &id, e);

		if (rc != RC_OK)
			return rc;
	}
	head_revive(&s->head, id, last_ms);
	*ret = id;
	return RC_OK;
}

/* Whether a series of that id is anywhere. */
static bool is_known(const struct store *s, uint32_t id)
{
	for (uint32_t i = 0; i <= s->head.n_sealed; i++) {
		const struct young *y =
			i < s->head.n_sealed ? &s->head.sealed[i]->young : &s->head.open->young;

		if (id - y->first_id < y->n)
			return true;
	}
	for (uint32_t i = 0; i < s->catalog->n_segments; i++)
		if (index_has_id(s->catalog->segments[i], id))
			return true;
	return false;
}

/* A series that wasn't live for a while goes on. */
static bool revive(struct store *s, series_ref ref)
{
	if (s->head.n_live >= s->settings.series_max || !is_known(s, ref))
		return false;
	head_revive(&s->head, ref, flushed_until(s));
	return true;
}

static enum series_verdict sink_append(void *self, series_ref ref, int64_t t_ms, double v)
{
	struct store *s = self;
	enum series_verdict verdict;

	if (t_ms < -TIME_MOST_MS || t_ms > TIME_MOST_MS) {
		s->stats.appended[SERIES_TOO_OLD]++;
		return SERIES_TOO_OLD;
	}
	verdict = head_append(&s->head, ref, t_ms, v);
	if (verdict == SERIES_GONE && revive(s, ref))
		verdict = head_append(&s->head, ref, t_ms, v);
	s->stats.appended[verdict]++;
	return verdict;
}

static enum series_verdict sink_append_histogram(void *self, series_ref ref, int64_t t_ms,
	const struct histogram *h)
{
	struct store *s = self;
	struct histogram kept = *h;
	enum series_verdict verdict;

	if (is_stale(h->sum))
		return sink_append(self, ref, t_ms, h->sum);
	/* That a counter went on is nobody's knowledge but ours: samples may be lost on the way. */
	if (kept.reset == HISTOGRAM_NOT_RESET)
		kept.reset = HISTOGRAM_UNKNOWN;
	if (t_ms < -TIME_MOST_MS || t_ms > TIME_MOST_MS)
		verdict = SERIES_TOO_OLD;
	else if (histogram_check(h, NULL) != RC_OK)
		verdict = SERIES_UNSUPPORTED;
	else
		verdict = head_append_histogram(&s->head, ref, t_ms, &kept);
	if (verdict == SERIES_GONE && revive(s, ref))
		verdict = head_append_histogram(&s->head, ref, t_ms, &kept);
	s->stats.appended[verdict]++;
	return verdict;
}

bool store_put_exemplar(struct store *s, uint32_t id, const struct exemplar *x)
{
	s->is_beside_old |= exemplars_add(&s->exemplars, id, x);
	return true;
}

bool store_put_metadata(struct store *s, const char *metric, const struct metric_metadata *m)
{
	s->is_beside_old |= metadata_put(&s->metadata, metric, m);
	return true;
}

static void sink_exemplar(void *self, series_ref ref, const struct exemplar *x)
{
	scoped(str_fini) struct str labels = STR_EMPTY;
	struct store *s = self;

	if (!ref || !exemplars_add(&s->exemplars, ref, x))
		return;
	s->is_beside_old = true;
	beside_labels(&labels, &x->labels);
	beside_add_exemplar(&s->head.commit.beside, ref, x, &labels);
}

static void sink_metadata(void *self, const char *metric, const struct metric_metadata *m)
{
	struct store *s = self;

	if (!metadata_put(&s->metadata, metric, m))
		return;
	s->is_beside_old = true;
	beside_add_metadata(&s->head.commit.beside, metric, metadata_get(&s->metadata, metric));
}

static void add_metadata(void *ctx, const char *metric, const struct metric_metadata *m)
{
	beside_add_metadata(ctx, metric, m);
}

void store_write_beside(const struct store *s, struct str *out)
{
	store_each_metadata(s, add_metadata, out);
	exemplars_write(&s->exemplars, out);
}

static enum rc sink_commit(void *self, struct err *e)
{
	struct store *s = self;
	uint64_t dropped = s->head.n_dropped - s->dropped_before;
	enum rc rc = write_logs(s, e);

	s->dropped_before = s->head.n_dropped;
	s->last_commit = s->now.mono;
	s->stats.commits++;
	s->is_flush_wanted |= store_log(s)->is_lame;
	if (s->head.is_crowded)
		store_seal(s);
	if (rc != RC_OK) {
		s->stats.failed_commits++;
		return rc;
	}
	s->committed++;
	if (dropped)
		return err_set(e, RC_LIMIT,
			"%llu samples were dropped: %llu bytes of memory are "
			"allowed",
			(unsigned long long)dropped,
			(unsigned long long)s->settings.memory_bytes_max);
	return RC_OK;
}

uint64_t store_committed(const struct store *s)
{
	return s->committed;
}

uint64_t store_durable(const struct store *s)
{
	return s->durable;
}

void store_sync_soon(struct store *s)
{
	s->is_sync_wanted = s->durable < s->committed;
}

enum rc store_open(struct store **ret, const struct files *files,
	const struct store_settings *settings, struct now now, struct err *e)
{
	scoped(store_close) struct store *s = must_alloc(sizeof *s);
	enum rc rc;

	s->files = files;
	s->settings = store_settings_defaulted(settings);
	s->now = now;
	s->synced = s->sealed = s->retained = s->last_commit = now.mono;
	s->catalog = catalog_copy(NULL);
	s->catalog_version = 1;
	s->sink = (struct series_sink){ .self = s,
		.series = sink_series,
		.append = sink_append,
		.append_histogram = sink_append_histogram,
		.exemplar = sink_exemplar,
		.metadata = sink_metadata,
		.commit = sink_commit };
	head_init(&s->head, s->settings.memory_bytes_max);
	exemplars_init(&s->exemplars,
		s->settings.exemplars_max > 0 ? (uint32_t)s->settings.exemplars_max : 0);
	rc = store_load(s, e);
	if (rc != RC_OK)
		return rc;
	store_begin_generation(s);
	s->head.late_ms = s->settings.out_of_order_ms;
	*ret = TAKE(s);
	return RC_OK;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	store_past_finish(s);
	for (uint32_t i = 0; i < s->n_logs; i++) {
		struct log *l = s->logs[i];

		/* Whoever stops in good order loses nothing to a power cut behind it; and if the
		 * disk fails even now there is nobody left to tell. */
		if (l->writer && l->size_bytes > l->synced_bytes)
			(void)s->files->sync(l->writer, NULL);
		log_free(l);
	}
	free(s->logs);
	must(!s->kept.n_followers);
	kept_fini(&s->kept);
	head_fini(&s->head);
	catalog_drop(s->catalog);
	metadata_fini(&s->metadata);
	past_fini(&s->past);
	exemplars_fini(&s->exemplars);
	free(s->useless);
	free(s->findings);
	free(s);
}

const struct series_sink *store_sink(struct store *s)
{
	return &s->sink;
}

struct store_findings store_findings(const struct store *s)
{
	return (struct store_findings){ s->findings, s->n_findings, s->findings_left_out };
}

void store_flush_soon(struct store *s)
{
	s->is_flush_wanted = true;
}

static void widen(struct store_stats *stats, int64_t min_ms, int64_t max_ms)
{
	stats->min_ms = min_ms < stats->min_ms ? min_ms : stats->min_ms;
	stats->max_ms = max_ms > stats->max_ms ? max_ms : stats->max_ms;
}

static void count_files(const struct store *s, struct store_stats *ret)
{
	const struct catalog *c = s->catalog;

	ret->parts = c->n_parts;
	ret->segments = c->n_segments;
	ret->deletions = c->n_deletions;
	for (uint32_t i = 0; i < c->n_segments; i++) {
		ret->series_known += index_count(c->segments[i]);
		ret->disk_bytes += index_bytes(c->segments[i]);
	}
	for (uint32_t i = 0; i < c->n_parts; i++) {
		const struct block_info *info = &c->parts[i]->block.info;

		ret->disk_bytes += c->parts[i]->map.n;
		ret->samples += info->n_samples;
		ret->downsampled_parts += info->resolution_ms > 0;
		ret->downsampled_samples += info->resolution_ms ? info->n_samples : 0;
		widen(ret, info->min_ms, info->max_ms);
	}
	for (uint32_t i = 0; i < s->n_logs; i++)
		ret->log_bytes += s->logs[i]->size_bytes;
	ret->kept_bytes = s->kept.bytes;
	ret->disk_bytes += ret->log_bytes + ret->kept_bytes;
}

void store_stats(const struct store *s, struct store_stats *ret)
{
	struct store_stats stats = s->stats;

	stats.series = s->head.n_live;
	stats.dropped = s->head.n_dropped;
	stats.min_ms = INT64_MAX;
	stats.max_ms = INT64_MIN;
	for (uint32_t i = 0; i <= s->head.n_sealed; i++) {
		const struct generation *g =
			i < s->head.n_sealed ? s->head.sealed[i] : s->head.open;

		stats.head_samples += g->n_samples;
		stats.young_series += g->young.n;
		widen(&stats, g->min_ms, g->max_ms);
	}
	stats.series_known = stats.young_series;
	stats.samples = stats.head_samples;
	stats.memory_bytes = head_memory(&s->head) + past_memory(&s->past);
	stats.memory_bytes_max = s->settings.memory_bytes_max;
	count_files(s, &stats);
	*ret = stats;
}

bool store_metadata(const struct store *s, const char *metric, struct metric_metadata *ret)
{
	const struct metric_metadata *found = metadata_get(&s->metadata, metric);

	if (found)
		*ret = *found;
	return found;
}

void store_each_metadata(const struct store *s,
	void (*visit)(void *ctx, const char *metric, const struct metric_metadata *m), void *ctx)
{
	map_each (&s->metadata.metrics, it)
		visit(ctx, it->key, it->value);
}

uint64_t store_metadata_changes(const struct store *s)
{
	return s->metadata.changes;
}

void store_copy_exemplars(const struct store *s, struct str *ret)
{
	exemplars_write(&s->exemplars, ret);
}
