/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts become a larger one (merge.h, policy.h), downsampled when all of it is old enough; what is
 * too old goes.  One that was made of downsampled and younger parts counts as not downsampled: doing
 * it again to what was downsampled changes nothing.
 */
#include "core/metrics/merge.h"
#include "core/metrics/policy.h"
#include "core/metrics/work.h"

#include <stdio.h>

#define RETAIN_EVERY_MS MINUTE_MS
#define PAST_QUIET_MS   SECOND_MS
#define PAST_PARTS_MAX  512
/* A span that ended so long ago is over even when nothing newer came: all of it is flushed. */
#define OVER_MS     (30 * MINUTE_MS)
#define DAMAGES_MAX 16 /* told of one merge; there may be more */

struct compact {
	const struct files *files;
	struct catalog *catalog;
	struct part **inputs; /* of the catalog */
	uint32_t n;
	uint32_t level, deletions;
	uint32_t resolution_ms; /* how it is downsampled; 0: not at all */
	char name[FILES_NAME_MAX];
	bool has_failed;   /* something of it may be in the folder */
	struct part *part; /* made; NULL: nothing remained */
	struct damage {
		uint32_t input;
		struct block_ids ids;
		struct err what;
	} damages[DAMAGES_MAX];
	uint32_t n_damages;
};

static bool has_deletions(const struct catalog *c, const struct part *p)
{
	const struct block_info *info = &p->block.info;

	for (uint32_t i = c->n_deletions; i > 0; i--) {
		const struct deletion *d = c->deletions[i - 1];

		if (d->number <= p->deletions)
			return false;
		if (d->min_ms <= info->max_ms && d->max_ms >= info->min_ms)
			return true;
	}
	return false;
}

/* The interval by which samples of this time are downsampled; 0: none. */
static uint32_t resolution_of(const struct store *s, int64_t t_ms)
{
	int64_t interval_ms = 0;

	for (uint32_t i = 0; i < s->settings.n_downsampling; i++)
		if (t_ms < s->now.wall.ms - s->settings.downsampling[i].offset_ms)
			interval_ms = s->settings.downsampling[i].interval_ms;
	return (uint32_t)interval_ms;
}

/* Samples from the future end no span. */
static int64_t newest_ms(const struct store *s)
{
	int64_t wall_ms = s->now.wall.ms;
	int64_t newest_ms = s->flushed_ms < wall_ms ? s->flushed_ms : wall_ms;

	return newest_ms > wall_ms - OVER_MS ? newest_ms : wall_ms - OVER_MS;
}

static struct policy_part *describe(const struct store *s, struct policy *ret)
{
	const struct catalog *c = s->catalog;
	struct policy_part *v = must_alloc((c->n_parts + 1) * sizeof *v);

	for (uint32_t i = 0; i < c->n_parts; i++) {
		const struct part *p = c->parts[i];

		v[i] = (struct policy_part){ .min_ms = p->block.info.min_ms,
			.max_ms = p->block.info.max_ms,
			.bytes = p->map.n,
			.level = p->level,
			.has_deletions = has_deletions(c, p),
			.resolution_ms = p->block.info.resolution_ms,
			.wanted_ms = resolution_of(s, p->block.info.max_ms) };
	}
	*ret = (struct policy){ .v = v,
		.n = c->n_parts,
		.newest_ms = newest_ms(s),
		.retention_ms = s->settings.retention_ms,
		.is_cleaning = s->is_cleaning };
	return v;
}

/* Parts that are too old, or too many, count no longer. */
static void retain(struct store *s)
{
	struct policy policy;
	struct policy_part *v = describe(s, &policy);
	bool *drop = must_alloc(policy.n + 1);
	struct catalog *c = NULL;
	uint32_t n = 0;

	if (policy_drop(&policy, s->now.wall.ms - s->settings.retention_ms,
		    s->settings.retention_bytes, drop)) {
		c = catalog_copy(s->catalog);
		for (uint32_t i = 0; i < c->n_parts; i++) {
			struct part *p = c->parts[i];

			if (!drop[i]) {
				c->parts[n++] = p;
				continue;
			}
			store_make_useless(s, p->name);
			part_drop(p);
		}
		c->n_parts = n;
		store_set_catalog(s, c);
		s->is_index_old = true;
	}
	free(drop);
	free(v);
}

static bool keeps_the_same(const struct store_settings *a, const struct store_settings *b)
{
	if (a->retention_ms != b->retention_ms || a->retention_bytes != b->retention_bytes ||
		a->n_downsampling != b->n_downsampling)
		return false;
	for (uint32_t i = 0; i < a->n_downsampling; i++)
		if (a->downsampling[i].offset_ms != b->downsampling[i].offset_ms ||
			a->downsampling[i].interval_ms != b->downsampling[i].interval_ms)
			return false;
	return true;
}

/* Only planning reads these: work that is under way holds what it needs of the old. */
void store_keep(struct store *s, const struct store_settings *wanted)
{
	struct store_settings next = store_settings_defaulted(wanted);

	if (keeps_the_same(&next, &s->settings))
		return;
	s->settings.retention_ms = next.retention_ms;
	s->settings.retention_bytes = next.retention_bytes;
	memcpy(s->settings.downsampling, next.downsampling, sizeof next.downsampling);
	s->settings.n_downsampling = next.n_downsampling;
	s->retained.ms = s->now.mono.ms - RETAIN_EVERY_MS; /* due */
}

/* Deletions that are carried out everywhere are over. */
static void end_deletions(struct store *s)
{
	struct catalog *c = catalog_copy(s->catalog);
	char name[FILES_NAME_MAX];
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->n_deletions; i++) {
		struct deletion *d = c->deletions[i];
		bool is_over = s->flushed_generation + 1 >= d->generation;

		for (uint32_t k = 0; is_over && k < c->n_parts; k++) {
			const struct block_info *info = &c->parts[k]->block.info;

			is_over = c->parts[k]->deletions >= d->number || d->min_ms > info->max_ms ||
				  d->max_ms < info->min_ms;
		}
		if (!is_over) {
			c->deletions[n++] = d;
			continue;
		}
		store_make_useless(s, manifest_file_name(MANIFEST_DELETION, d->number, name));
		deletion_drop(d);
	}
	if (n == c->n_deletions) {
		catalog_drop(c);
		return;
	}
	c->n_deletions = n;
	store_set_catalog(s, c);
}

static struct compact *compact_new(struct store *s, const bool *pick, uint32_t level)
{
	struct compact *m = must_alloc(sizeof *m);
	const struct catalog *c = s->catalog;
	int64_t max_ms = INT64_MIN;

	m->files = s->files;
	m->catalog = catalog_hold(s->catalog);
	m->inputs = must_alloc((c->n_parts + 1) * sizeof *m->inputs);
	for (uint32_t i = 0; i < c->n_parts; i++)
		if (pick[i])
			m->inputs[m->n++] = c->parts[i];
	for (uint32_t i = 0; i < m->n; i++)
		if (m->inputs[i]->block.info.max_ms > max_ms)
			max_ms = m->inputs[i]->block.info.max_ms;
	m->resolution_ms = resolution_of(s, max_ms);
	m->level = level;
	m->deletions = c->n_deletions ? c->deletions[c->n_deletions - 1]->number : 0;
	manifest_file_name(MANIFEST_PART, s->next_file++, m->name);
	return m;
}

/* While parts of the past come, one after the other, for the same days, they are merged once at the
 * end; unless they become too many. */
static bool is_importing(const struct store *s)
{
	return (s->past.n || s->past.n_out ||
		       (s->past.adopted && s->now.mono.ms < s->past_written.ms + PAST_QUIET_MS)) &&
	       s->catalog->n_parts < PAST_PARTS_MAX;
}

static void *plan(struct store *s, struct mono *ret_at)
{
	struct policy policy;
	struct policy_part *v;
	struct compact *m = NULL;
	uint32_t level = 0;
	bool *pick;

	if (s->now.mono.ms >= s->retained.ms + RETAIN_EVERY_MS) {
		s->retained = s->now.mono;
		s->looked_at = 0; /* a span may be over now */
		retain(s);
	}
	ret_at->ms = s->retained.ms + RETAIN_EVERY_MS;
	if (s->looked_at == s->catalog_version && !s->is_cleaning)
		return NULL;
	if (is_importing(s)) {
		ret_at->ms = s->now.mono.ms + PAST_QUIET_MS;
		return NULL;
	}
	if (s->catalog->n_deletions)
		end_deletions(s);
	v = describe(s, &policy);
	pick = must_alloc(policy.n + 1);
	if (policy_pick(&policy, pick, &level))
		m = compact_new(s, pick, level);
	else
		s->is_cleaning = false;
	if (!m)
		s->looked_at = s->catalog_version;
	free(pick);
	free(v);
	return m;
}

struct input {
	const struct compact *m;
	const struct part *part;
};

static void without(void *self, uint32_t id, struct series_column *column, uint32_t from)
{
	const struct input *in = self;

	catalog_delete_of_part(in->m->catalog, in->part, id, column, from);
}

static void note_damage(void *self, uint32_t input, struct block_ids ids, const struct err *what)
{
	struct compact *m = self;

	if (m->n_damages < DAMAGES_MAX)
		m->damages[m->n_damages++] = (struct damage){ input, ids, *what };
}

static enum rc merge_parts(struct compact *m, struct block_writer *w, struct err *e)
{
	struct merge_input *inputs = must_alloc(m->n * sizeof *inputs);
	struct input *selves = must_alloc(m->n * sizeof *selves);
	struct merge merge = { .inputs = inputs,
		.n_inputs = m->n,
		.min_ms = INT64_MIN,
		.max_ms = INT64_MAX,
		.window_ms = m->resolution_ms,
		.self = m,
		.damaged = note_damage };
	enum rc rc;

	for (uint32_t i = 0; i < m->n; i++) {
		selves[i] = (struct input){ m, m->inputs[i] };
		inputs[i] = (struct merge_input){ &m->inputs[i]->block, &selves[i], without };
	}
	rc = merge_run(&merge, w, e);
	free(inputs);
	free(selves);
	return rc;
}

static enum rc write_part(struct compact *m, struct err *e)
{
	scoped(part_writer_fini) struct part_writer file = { 0 };
	scoped(block_writer_free) struct block_writer *w = NULL;
	struct block_settings settings = { .level = m->level, .resolution_ms = m->resolution_ms };
	struct block_info info;
	enum rc rc = part_writer_begin(&file, m->files, m->name, e);

	if (rc != RC_OK)
		return rc;
	w = block_writer_new(&file.output, &settings);
	rc = merge_parts(m, w, e);
	if (rc == RC_OK)
		rc = block_writer_finish(w, &info, e);
	if (rc == RC_OK)
		rc = part_writer_end(&file, e);
	if (rc == RC_OK)
		rc = m->files->sync_folder(m->files->self, e);
	for (uint32_t i = 0; i < m->n; i++)
		m->files->release(m->files->self, &m->inputs[i]->map);
	return rc == RC_OK ? part_open(&m->part, m->files, m->name, e) : rc;
}

static enum rc run(void *plan, struct err *e)
{
	struct compact *m = plan;
	enum rc rc = write_part(m, e);

	m->has_failed = rc != RC_OK;
	return rc;
}

/* Where in the catalog an input stands; false: it is no longer there. */
static bool find_part(const struct catalog *c, const struct part *p, uint32_t *ret)
{
	for (uint32_t i = 0; i < c->n_parts; i++) {
		if (c->parts[i] != p)
			continue;
		*ret = i;
		return true;
	}
	return false;
}

static void tell_damages(struct store *s, const struct compact *m)
{
	for (uint32_t i = 0; i < m->n_damages; i++) {
		const struct damage *d = &m->damages[i];
		const struct part *p = m->inputs[d->input];
		struct store_finding f =
			store_finding_of(p->name, &d->what, "left out, the rest was kept");

		f.from_ms = p->block.info.min_ms;
		f.to_ms = p->block.info.max_ms;
		f.series = (uint64_t)d->ids.last - d->ids.first + 1;
		store_find(s, &f);
	}
}

/* The new part stands where the last of its inputs stood: of two samples at one time that of the
 * later part stays. */
static struct catalog *replaced(const struct store *s, struct compact *m)
{
	struct catalog *c = catalog_copy(s->catalog);
	uint32_t at = 0, n = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		if (!find_part(c, m->inputs[i], &at)) {
			catalog_drop(c);
			return NULL;
		}
		part_drop(c->parts[at]);
		c->parts[at] = NULL;
	}
	m->part->deletions = m->deletions;
	if (m->part->block.info.n_samples)
		c->parts[at] = TAKE(m->part);
	for (uint32_t i = 0; i < c->n_parts; i++)
		if (c->parts[i])
			c->parts[n++] = c->parts[i];
	c->n_parts = n;
	return c;
}

static void adopt(struct store *s, void *plan)
{
	struct compact *m = plan;
	struct catalog *c = replaced(s, m);

	if (!c || m->part)
		store_make_useless(s, m->name);
	if (!c)
		return;
	store_set_catalog(s, c);
	tell_damages(s, m);
	for (uint32_t i = 0; i < m->n; i++)
		store_make_useless(s, m->inputs[i]->name);
}

static void end(struct store *s, void *plan)
{
	struct compact *m = plan;

	if (m->has_failed)
		store_make_unfinished_useless(s, m->name);
	part_drop(m->part);
	catalog_drop(m->catalog);
	free(m->inputs);
	free(m);
}

const struct work_row work_merge = { "merge", plan, run, adopt, end };
