/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/store_private.h"

#include <stdio.h>

/* What is in the folder. */
struct listing {
	struct files_entry *v;
	uint32_t n;
	uint32_t *logs; /* numbers */
	uint32_t n_logs;
};

static void listing_fini(struct listing *l)
{
	free(l->v);
	free(l->logs);
}
SCOPED_FINI(listing_fini, struct listing)

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static enum rc list_folder(struct store *s, struct listing *ret, struct err *e)
{
	enum rc rc = s->files->list(s->files->self, &ret->v, &ret->n, e);

	if (rc != RC_OK)
		return rc;
	ret->logs = must_alloc((ret->n + 1) * sizeof *ret->logs);
	for (uint32_t i = 0; i < ret->n; i++)
		ret->n_logs += log_number(ret->v[i].name, &ret->logs[ret->n_logs]);
	qsort(ret->logs, ret->n_logs, sizeof *ret->logs, by_number);
	return RC_OK;
}

/* Damaged files keep lying there under another name, for whoever wants to look. */
static void set_aside(struct store *s, const char *name, const struct err *e)
{
	struct store_finding f;
	char aside[FILES_NAME_MAX];

	snprintf(aside, sizeof aside, "%.50s.bad", name);
	f = store_finding_of(name, e, "set aside");
	f.from_ms = INT64_MIN;
	f.to_ms = s->flushed_ms;
	store_find(s, &f);
	s->is_manifest_old = true;
	if (s->files->rename(s->files->self, name, aside, &s->stats.last_error) == RC_OK)
		s->stats.last_error = (struct err){ 0 };
}

static bool is_damage(enum rc rc)
{
	return rc == RC_CORRUPT || rc == RC_NOT_FOUND;
}

static bool see_exemplar(void *self, uint32_t id, const struct exemplar *x)
{
	return store_put_exemplar(self, id, x);
}

static bool see_metadata(void *self, const char *metric, const struct metric_metadata *m)
{
	return store_put_metadata(self, metric, m);
}

/* Only the last of several counts as written: the others go when the manifest is. */
static enum rc load_beside(struct store *s, const char *name, struct err *e)
{
	struct beside_visitor visitor = { s, NULL, see_exemplar, see_metadata };
	enum rc rc = beside_open(s->files, name, &visitor, e);

	if (rc != RC_OK)
		return rc;
	if (s->beside[0])
		store_make_useless(s, s->beside);
	s->is_beside_old = s->beside[0] != 0;
	str_copy(s->beside, sizeof s->beside, name);
	return RC_OK;
}

/* Into the catalog, which has room for it. */
static enum rc load_file(struct store *s, const struct manifest_file *f, struct err *e)
{
	struct catalog *c = s->catalog;
	enum rc rc;

	switch (f->kind) {
	case MANIFEST_SEGMENT:
		rc = index_open(&c->segments[c->n_segments], s->files, f->name, e);
		c->n_segments += rc == RC_OK;
		return rc;
	case MANIFEST_PART:
		rc = part_open(&c->parts[c->n_parts], s->files, f->name, e);
		if (rc == RC_OK)
			c->parts[c->n_parts++]->deletions = f->deletions;
		return rc;
	case MANIFEST_DELETION:
		rc = deletion_open(&c->deletions[c->n_deletions], s->files, f->name, e);
		c->n_deletions += rc == RC_OK;
		return rc;
	case MANIFEST_BESIDE:
		return load_beside(s, f->name, e);
	case MANIFEST_KINDS:
		break;
	}
	return RC_OK;
}

static enum rc load_files(struct store *s, const struct manifest *m, struct err *e)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < m->n; i++) {
		struct err damage = { 0 };
		struct catalog *c = catalog_copy(s->catalog);

		catalog_drop(s->catalog);
		s->catalog = c;
		rc = load_file(s, &m->v[i], &damage);
		if (is_damage(rc)) {
			set_aside(s, m->v[i].name, &damage);
			rc = RC_OK;
		} else if (rc != RC_OK) {
			err_set(e, rc, "%s", damage.text);
		}
	}
	return rc;
}

/* Numbers ascend from file to file, whatever happened to the manifest. */
static void take_numbers(struct store *s, const struct listing *l)
{
	enum manifest_kind kind;
	uint32_t number;

	for (uint32_t i = 0; i < l->n; i++)
		if (manifest_file_number(l->v[i].name, &kind, &number) && number >= s->next_file)
			s->next_file = number + 1;
	for (uint32_t i = 0; i < s->catalog->n_segments; i++)
		if (index_last_id(s->catalog->segments[i]) >= s->next_id)
			s->next_id = index_last_id(s->catalog->segments[i]) + 1;
	for (uint32_t i = 0; i < s->catalog->n_parts; i++) {
		const struct block_info *info = &s->catalog->parts[i]->block.info;

		if (info->n_series && info->last_id >= s->next_id)
			s->next_id = info->last_id + 1;
		if (info->n_samples && info->max_ms > s->flushed_ms)
			s->flushed_ms = info->max_ms;
	}
	s->flushed_id = s->next_id;
	s->next_generation = s->flushed_generation + 1;
}

static int by_name(const void *a, const void *b)
{
	const struct manifest_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Without a manifest everything counts that is whole. */
static void guess(const struct listing *l, struct manifest *ret)
{
	for (uint32_t i = 0; i < l->n; i++) {
		struct manifest_file f = { 0 };
		uint32_t number;

		if (!manifest_file_number(l->v[i].name, &f.kind, &number))
			continue;
		memcpy(f.name, l->v[i].name, sizeof f.name);
		manifest_add(ret, &f);
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof *ret->v, by_name);
	if (l->n_logs)
		ret->flushed_generation = l->logs[0] - 1;
}

static int by_first_id(const void *a, const void *b)
{
	const struct index *x = *(struct index *const *)a, *y = *(struct index *const *)b;

	if (index_first_id(x) != index_first_id(y))
		return index_first_id(x) < index_first_id(y) ? -1 : 1;
	return (index_last_id(x) < index_last_id(y)) - (index_last_id(x) > index_last_id(y));
}

/* Of segments that overlap, as when one and those that it was made of are both there, the first
 * and longest count. */
static int by_deletion(const void *a, const void *b)
{
	const struct deletion *x = *(struct deletion *const *)a;
	const struct deletion *y = *(struct deletion *const *)b;

	return (x->number > y->number) - (x->number < y->number);
}

static void drop_overlapping(struct store *s)
{
	struct catalog *c = s->catalog;
	uint32_t n = 0;

	if (c->n_segments)
		qsort(c->segments, c->n_segments, sizeof *c->segments, by_first_id);
	for (uint32_t i = 0; i < c->n_segments; i++) {
		struct index *x = c->segments[i];

		if (!n || index_first_id(x) > index_last_id(c->segments[n - 1])) {
			c->segments[n++] = x;
			continue;
		}
		store_make_useless(s, index_name(x));
		s->is_manifest_old = true;
		index_drop(x);
	}
	c->n_segments = n;
}

static enum rc load_manifest(struct store *s, const struct listing *l, struct manifest *ret,
	struct err *e)
{
	struct err damage = { 0 };
	struct store_finding f;
	enum rc rc = manifest_read(ret, s->files, &damage);

	if (rc == RC_OK)
		return RC_OK;
	if (!is_damage(rc))
		return err_set(e, rc, "%s", damage.text);
	guess(l, ret);
	s->is_manifest_old = true;
	if (rc == RC_NOT_FOUND && !ret->n)
		return RC_OK;
	f = store_finding_of(MANIFEST_NAME, &damage, "everything that is whole counts");
	store_find(s, &f);
	return RC_OK;
}

/* A deletion counts as soon as its file is whole: those behind the manifest's files are newer. */
static void add_new_deletions(const struct listing *l, struct manifest *m)
{
	for (uint32_t i = 0; i < l->n; i++) {
		struct manifest_file f = { 0 };
		uint32_t number;

		if (!manifest_file_number(l->v[i].name, &f.kind, &number) ||
			f.kind != MANIFEST_DELETION || number < m->next_file || !m->next_file)
			continue;
		memcpy(f.name, l->v[i].name, sizeof f.name);
		manifest_add(m, &f);
	}
}

/* Files that no manifest names any more were removed late, or never finished.  Marks that were not are
 * written anew under the same name, maybe just when this is carried out. */
static void find_useless(struct store *s, const struct listing *l, const struct manifest *m)
{
	for (uint32_t i = 0; i < l->n; i++) {
		const char *name = l->v[i].name;
		enum manifest_kind kind;
		bool is_named = false;
		uint32_t number;

		for (uint32_t k = 0; k < m->n && !is_named; k++)
			is_named = str_eq(m->v[k].name, name);
		if ((manifest_file_number(name, &kind, &number) && !is_named) ||
			(store_is_unfinished(name) && !str_starts(name, "mark-")))
			store_make_useless(s, name);
	}
}

enum rc store_load(struct store *s, struct err *e)
{
	scoped(listing_fini) struct listing l = { 0 };
	scoped(manifest_fini) struct manifest m = { 0 };
	enum rc rc = list_folder(s, &l, e);

	if (rc == RC_OK)
		rc = load_manifest(s, &l, &m, e);
	if (rc != RC_OK)
		return rc;
	s->next_id = m.next_id ? m.next_id : 1;
	s->next_file = m.next_file ? m.next_file : 1;
	s->flushed_generation = m.flushed_generation;
	s->flushed_ms = m.next_id ? m.flushed_ms : INT64_MIN;
	add_new_deletions(&l, &m);
	rc = load_files(s, &m, e);
	if (rc != RC_OK)
		return rc;
	drop_overlapping(s);
	if (s->catalog->n_deletions)
		qsort(s->catalog->deletions, s->catalog->n_deletions, sizeof *s->catalog->deletions,
			by_deletion);
	take_numbers(s, &l);
	find_useless(s, &l, &m);
	kept_find(s, l.v, l.n);
	rc = store_replay(s, l.logs, l.n_logs, e);
	/* What is written from now on isn't deleted, even if logs from before are lost. */
	for (uint32_t i = 0; i < s->catalog->n_deletions; i++)
		if (s->next_generation < s->catalog->deletions[i]->generation)
			s->next_generation = s->catalog->deletions[i]->generation;
	return rc;
}
