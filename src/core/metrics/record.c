/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest is written anew, and what it doesn't name any more is removed. */
#include "core/metrics/work.h"

#include <stdio.h>

struct record {
	const struct files *files;
	struct manifest manifest;
	struct useless *v;
	uint32_t n, n_removed;
	uint64_t past; /* ticket of the past that the manifest knows */
	bool is_done;
};

static void add(struct manifest *m, enum manifest_kind kind, const char *name)
{
	struct manifest_file f = { .kind = kind };

	snprintf(f.name, sizeof f.name, "%s", name);
	manifest_add(m, &f);
}

void store_manifest(const struct store *s, struct manifest *ret)
{
	const struct catalog *c = s->catalog;
	char name[FILES_NAME_MAX];

	*ret = (struct manifest){ .next_id = s->flushed_id,
		.next_file = s->next_file,
		.flushed_generation = s->flushed_generation,
		.flushed_ms = s->flushed_ms };
	for (uint32_t i = 0; i < c->n_segments; i++)
		add(ret, MANIFEST_SEGMENT, index_name(c->segments[i]));
	for (uint32_t i = 0; i < c->n_parts; i++) {
		add(ret, MANIFEST_PART, c->parts[i]->name);
		ret->v[ret->n - 1].level = c->parts[i]->level;
		ret->v[ret->n - 1].deletions = c->parts[i]->deletions;
	}
	for (uint32_t i = 0; i < c->n_deletions; i++)
		add(ret, MANIFEST_DELETION,
			manifest_file_name(MANIFEST_DELETION, c->deletions[i]->number, name));
	if (s->beside[0])
		add(ret, MANIFEST_BESIDE, s->beside);
}

static void *plan(struct store *s, struct mono *ret_at)
{
	struct record *r;

	(void)ret_at;
	if ((!s->is_manifest_old && !s->n_useless) || s->kinds[STORE_SNAPSHOT].is_under_way)
		return NULL;
	r = must_alloc(sizeof *r);
	r->files = s->files;
	store_manifest(s, &r->manifest);
	r->past = s->past.adopted;
	r->v = TAKE(s->useless);
	r->n = s->n_useless;
	s->n_useless = s->cap_useless = 0;
	s->is_manifest_old = false;
	return r;
}

/* What was never finished no manifest names: it goes first, and makes room for this one. */
static void remove_unfinished(const struct record *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (store_is_unfinished(r->v[i].name))
			(void)!r->files->remove(r->files->self, r->v[i].name, NULL);
}

static enum rc run(void *plan, struct err *e)
{
	struct record *r = plan;
	enum rc rc;

	remove_unfinished(r);
	rc = manifest_write(&r->manifest, r->files, e);
	while (rc == RC_OK && r->n_removed < r->n) {
		rc = r->files->remove(r->files->self, r->v[r->n_removed].name, e);
		if (rc == RC_NOT_FOUND)
			rc = RC_OK; /* a log that was never written */
		r->n_removed += rc == RC_OK;
	}
	r->is_done = rc == RC_OK;
	return rc;
}

static void adopt(struct store *s, void *plan)
{
	const struct record *r = plan;

	s->past.kept = r->past;
	s->recorded_generation = r->manifest.flushed_generation;
}

/* What could not be removed is tried again with the next manifest. */
static void end(struct store *s, void *plan)
{
	struct record *r = plan;

	for (uint32_t i = r->n_removed; i < r->n; i++)
		store_make_useless(s, r->v[i].name);
	s->is_manifest_old |= !r->is_done;
	manifest_fini(&r->manifest);
	free(r->v);
	free(r);
}

const struct work_row work_manifest = { "manifest", plan, run, adopt, end };
