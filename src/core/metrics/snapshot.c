/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot: once everything that was there when it was asked for is in parts and the manifest names
 * them, the manifest and what it names is linked into a folder of its own. Nothing is removed meanwhile.
 */
#include "core/metrics/work.h"

#include <stdio.h>

struct snapshot {
	const struct files *files;
	struct manifest manifest;
	char name[FILES_NAME_MAX];
};

static bool is_plain_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < FILES_NAME_MAX && name[0] != '.' && !strchr(name, '/');
}

enum rc store_snapshot(struct store *s, const char *name, struct err *e)
{
	if (!is_plain_name(name))
		return err_set(e, RC_INPUT, "'%s' can't be a snapshot's name", name);
	if (s->snapshot[0])
		return err_set(e, RC_CONFLICT, "snapshot %s is being made", s->snapshot);
	str_copy(s->snapshot, sizeof s->snapshot, name);
	s->snapshot_generation = s->head.open->number;
	s->is_flush_wanted = true;
	return RC_OK;
}

const char *store_snapshot_pending(const struct store *s)
{
	return s->snapshot[0] ? s->snapshot : NULL;
}

static void *plan(struct store *s, struct mono *ret_at)
{
	const struct generation *open = s->head.open;
	bool is_flushed = s->flushed_generation >= s->snapshot_generation ||
			  (!s->head.n_sealed && !open->n_samples && !open->young.n);
	struct snapshot *shot;

	(void)ret_at;
	if (!s->snapshot[0] || !is_flushed || s->is_manifest_old ||
		s->kinds[STORE_MANIFEST].is_under_way)
		return NULL;
	shot = must_alloc(sizeof *shot);
	shot->files = s->files;
	store_manifest(s, &shot->manifest);
	str_copy(shot->name, sizeof shot->name, s->snapshot);
	return shot;
}

static enum rc run(void *plan, struct err *e)
{
	struct snapshot *shot = plan;
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < shot->manifest.n; i++)
		rc = shot->files->link(shot->files->self, shot->manifest.v[i].name, shot->name, e);
	/* Last, so that a snapshot with a manifest is whole. */
	if (rc == RC_OK)
		rc = shot->files->link(shot->files->self, MANIFEST_NAME, shot->name, e);
	return rc;
}

static void adopt(struct store *s, void *plan)
{
	(void)plan;
	s->snapshot[0] = 0;
}

static void end(struct store *s, void *plan)
{
	struct snapshot *shot = plan;

	(void)s;
	manifest_fini(&shot->manifest);
	free(shot);
}

const struct work_row work_snapshot = { "snapshot", plan, run, adopt, end };
