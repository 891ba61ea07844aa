/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/part.h"

#include <stdio.h>

enum rc part_open(struct part **ret, const struct files *files, const char *name, struct err *e)
{
	scoped(part_drop) struct part *p = must_alloc(sizeof *p);
	enum rc rc;

	p->refs = 1;
	p->files = files;
	snprintf(p->name, sizeof p->name, "%s", name);
	rc = files->map(files->self, name, &p->map, e);
	if (rc != RC_OK)
		return rc;
	rc = block_open(&p->block, p->map.p, p->map.n, e);
	if (rc != RC_OK)
		return err_in(e, rc, "%s", name);
	p->level = p->block.info.level;
	files->release(files->self, &p->map);
	*ret = TAKE(p);
	return RC_OK;
}

struct part *part_hold(struct part *p)
{
	p->refs++;
	return p;
}

void part_drop(struct part *p)
{
	if (!p || --p->refs)
		return;
	p->files->unmap(p->files->self, &p->map);
	free(p);
}

static enum rc write_bytes(void *self, const void *bytes, size_t n, struct err *e)
{
	struct part_writer *w = self;

	return w->files->append(w->file, bytes, n, e);
}

enum rc part_writer_begin(struct part_writer *w, const struct files *files, const char *name,
	struct err *e)
{
	*w = (struct part_writer){ .files = files, .output = { w, write_bytes } };
	snprintf(w->name, sizeof w->name, "%s", name);
	snprintf(w->temporary, sizeof w->temporary, "%.50s.new", name);
	return files->create(files->self, w->temporary, &w->file, e);
}

enum rc part_writer_end(struct part_writer *w, struct err *e)
{
	enum rc rc = w->files->sync(w->file, e);

	part_writer_fini(w);
	return rc == RC_OK ? w->files->rename(w->files->self, w->temporary, w->name, e) : rc;
}

void part_writer_fini(struct part_writer *w)
{
	if (w->file)
		w->files->close(w->file);
	w->file = NULL;
}

struct catalog *catalog_copy(const struct catalog *c)
{
	static const struct catalog empty;
	struct catalog *copy = must_alloc(sizeof *copy);

	c = c ? c : &empty;
	copy->refs = 1;
	copy->segments = must_alloc((c->n_segments + 1) * sizeof *copy->segments);
	copy->parts = must_alloc((c->n_parts + 1) * sizeof *copy->parts);
	copy->deletions = must_alloc((c->n_deletions + 1) * sizeof *copy->deletions);
	while (copy->n_segments < c->n_segments) {
		copy->segments[copy->n_segments] = index_hold(c->segments[copy->n_segments]);
		copy->n_segments++;
	}
	while (copy->n_parts < c->n_parts) {
		copy->parts[copy->n_parts] = part_hold(c->parts[copy->n_parts]);
		copy->n_parts++;
	}
	while (copy->n_deletions < c->n_deletions) {
		copy->deletions[copy->n_deletions] = deletion_hold(c->deletions[copy->n_deletions]);
		copy->n_deletions++;
	}
	return copy;
}

struct catalog *catalog_hold(struct catalog *c)
{
	c->refs++;
	return c;
}

void catalog_drop(struct catalog *c)
{
	if (!c || --c->refs)
		return;
	for (uint32_t i = 0; i < c->n_segments; i++)
		index_drop(c->segments[i]);
	for (uint32_t i = 0; i < c->n_parts; i++)
		part_drop(c->parts[i]);
	for (uint32_t i = 0; i < c->n_deletions; i++)
		deletion_drop(c->deletions[i]);
	free(c->segments);
	free(c->parts);
	free(c->deletions);
	free(c);
}

void catalog_delete_of_part(const struct catalog *c, const struct part *p, uint32_t id,
	struct series_column *column, uint32_t from)
{
	for (uint32_t i = c->n_deletions; i > 0; i--) {
		if (c->deletions[i - 1]->number <= p->deletions)
			return;
		deletion_apply(c->deletions[i - 1], id, column, from);
	}
}

void catalog_delete_of_generation(const struct catalog *c, uint32_t generation, uint32_t id,
	struct series_column *column, uint32_t from)
{
	for (uint32_t i = 0; i < c->n_deletions; i++)
		if (generation < c->deletions[i]->generation)
			deletion_apply(c->deletions[i], id, column, from);
}
