/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A name points to a body, as a directory entry to an inode.  What a crash would leave of the names
 * is kept as a second list of entries, `durable`, and the changes made since: a crash applies the
 * first few of them to it.
 */
#include "core/metrics/memory_files.h"

#include "base/rng.h"

#include <stdio.h>
#include <string.h>

struct body {
	uint8_t *p;
	size_t n, cap;
	size_t synced; /* bytes that a crash leaves */
	uint32_t refs; /* names, durable names, changes and writers */
};

struct entry {
	char name[FILES_NAME_MAX];
	struct body *body;
};
struct names {
	struct entry *v;
	uint32_t n, cap;
};

/* name now points to body; NULL: to nothing. */
struct change {
	char name[FILES_NAME_MAX];
	struct body *body;
};

struct files_writer {
	struct memory_files *files;
	struct body *body;
	uint64_t life; /* of the process that opened it */
	char name[FILES_NAME_MAX];
};

struct memory_files {
	struct files port;
	struct names names, durable;
	struct change *changes;
	uint32_t n_changes, cap_changes;
	struct memory_files_fault fault;
	uint64_t n_done, life, capacity;
	struct rng rng;
	struct {
		char name[FILES_NAME_MAX];
		struct memory_files *files;
	} * snapshots;
	uint32_t n_snapshots, cap_snapshots;
};

static struct body *hold(struct body *b)
{
	if (b)
		b->refs++;
	return b;
}

static void drop(struct body *b)
{
	if (!b || --b->refs)
		return;
	free(b->p);
	free(b);
}

static struct entry *find(const struct names *names, const char *name)
{
	for (uint32_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i].name, name) == 0)
			return &names->v[i];
	return NULL;
}

/* `name` points to `body` (NULL: to nothing) from now on. */
static void point(struct names *names, const char *name, struct body *body)
{
	struct entry *e = find(names, name);

	hold(body);
	if (e) {
		drop(e->body);
		e->body = body;
		if (!body)
			*e = names->v[--names->n];
		return;
	}
	if (!body)
		return;
	must_grow(names->v, names->n, names->cap);
	e = &names->v[names->n++];
	snprintf(e->name, sizeof e->name, "%s", name);
	e->body = body;
}

/* The same, until the next crash. */
static void change(struct memory_files *m, const char *name, struct body *body)
{
	struct change *c;

	must_grow(m->changes, m->n_changes, m->cap_changes);
	c = &m->changes[m->n_changes++];
	snprintf(c->name, sizeof c->name, "%s", name);
	c->body = hold(body);
	point(&m->names, name, body);
}

static void settle(struct memory_files *m, uint32_t kept)
{
	for (uint32_t i = 0; i < m->n_changes; i++) {
		if (i < kept)
			point(&m->durable, m->changes[i].name, m->changes[i].body);
		drop(m->changes[i].body);
	}
	m->n_changes = 0;
}

static enum rc allowed(struct memory_files *m, const char *what, const char *name, struct err *e)
{
	m->n_done++;
	if (!m->fault.count)
		return RC_OK;
	if (m->fault.after) {
		m->fault.after--;
		return RC_OK;
	}
	if (m->fault.count != UINT64_MAX)
		m->fault.count--;
	return err_set(e, m->fault.rc, "%s %s: the simulated disk fails", what, name);
}

static enum rc map(void *self, const char *name, struct files_map *ret, struct err *e)
{
	struct memory_files *m = self;
	struct entry *found = find(&m->names, name);
	struct files_map copy = { 0 };

	if (!found)
		return err_set(e, RC_NOT_FOUND, "there is no file %s", name);
	copy.n = found->body->n;
	if (copy.n) {
		uint8_t *p = must_alloc(copy.n);

		memcpy(p, found->body->p, copy.n);
		copy.p = p;
	}
	*ret = copy;
	return RC_OK;
}

static void unmap(void *self, struct files_map *map)
{
	(void)self;
	free((void *)map->p);
	*map = (struct files_map){ 0 };
}

static void release(void *self, const struct files_map *map)
{
	(void)self;
	(void)map;
}

static enum rc create(void *self, const char *name, struct files_writer **ret, struct err *e)
{
	struct memory_files *m = self;
	enum rc rc = allowed(m, "create", name, e);
	struct files_writer *w;

	if (rc != RC_OK)
		return rc;
	w = must_alloc(sizeof *w);
	w->files = m;
	w->life = m->life;
	w->body = must_alloc(sizeof *w->body);
	hold(w->body);
	snprintf(w->name, sizeof w->name, "%s", name);
	change(m, name, w->body);
	*ret = w;
	return RC_OK;
}

static uint64_t bytes_of_all(const struct memory_files *m)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < m->names.n; i++)
		sum += m->names.v[i].body->n;
	return sum;
}

static void put(struct body *b, const void *bytes, size_t n)
{
	if (n > b->cap - b->n) {
		b->cap = 2 * b->cap > b->n + n ? 2 * b->cap : b->n + n;
		b->p = must_realloc(b->p, b->cap);
	}
	if (n)
		memcpy(b->p + b->n, bytes, n);
	b->n += n;
}

static enum rc append(struct files_writer *w, const void *bytes, size_t n, struct err *e)
{
	struct memory_files *m = w->files;
	enum rc rc = allowed(m, "append to", w->name, e);
	uint64_t used = m->capacity ? bytes_of_all(m) : 0;

	if (w->life != m->life)
		return err_set(e, RC_IO, "append to %s: its process is gone", w->name);
	if (rc == RC_OK && m->capacity && used + n > m->capacity) {
		put(w->body, bytes, used < m->capacity ? m->capacity - used : 0);
		return err_set(e, RC_FULL, "append to %s: no space left", w->name);
	}
	put(w->body, bytes, rc == RC_OK ? n : rng_below(&m->rng, n + 1));
	return rc;
}

static enum rc cut(struct files_writer *w, uint64_t size_bytes, struct err *e)
{
	enum rc rc = allowed(w->files, "cut", w->name, e);

	if (rc != RC_OK)
		return rc;
	if (w->life != w->files->life)
		return err_set(e, RC_IO, "cut %s: its process is gone", w->name);
	must(size_bytes <= w->body->n);
	w->body->n = size_bytes;
	if (w->body->synced > size_bytes)
		w->body->synced = size_bytes;
	return RC_OK;
}

static enum rc sync_file(struct files_writer *w, struct err *e)
{
	enum rc rc = allowed(w->files, "sync", w->name, e);

	if (rc != RC_OK)
		return rc;
	if (w->life != w->files->life)
		return err_set(e, RC_IO, "sync %s: its process is gone", w->name);
	w->body->synced = w->body->n;
	return RC_OK;
}

static enum rc sync_name(void *self, const char *name, struct err *e)
{
	struct memory_files *m = self;
	struct entry *found = find(&m->names, name);
	enum rc rc = allowed(m, "sync", name, e);

	if (rc != RC_OK)
		return rc;
	if (!found)
		return err_set(e, RC_NOT_FOUND, "there is no file %s", name);
	found->body->synced = found->body->n;
	return RC_OK;
}

static void close_file(struct files_writer *w)
{
	if (!w)
		return;
	drop(w->body);
	free(w);
}

static enum rc rename_file(void *self, const char *from, const char *to, struct err *e)
{
	struct memory_files *m = self;
	enum rc rc = allowed(m, "rename", from, e);
	struct entry *found = find(&m->names, from);
	struct body *body;

	if (rc != RC_OK)
		return rc;
	if (!found)
		return err_set(e, RC_NOT_FOUND, "there is no file %s", from);
	body = hold(found->body);
	change(m, to, body);
	change(m, from, NULL);
	drop(body);
	return RC_OK;
}

static enum rc remove_file(void *self, const char *name, struct err *e)
{
	struct memory_files *m = self;
	enum rc rc = allowed(m, "remove", name, e);

	if (rc != RC_OK)
		return rc;
	if (!find(&m->names, name))
		return err_set(e, RC_NOT_FOUND, "there is no file %s", name);
	change(m, name, NULL);
	return RC_OK;
}

static enum rc list(void *self, struct files_entry **ret, uint32_t *ret_n, struct err *e)
{
	struct memory_files *m = self;
	struct files_entry *v = must_alloc((m->names.n + 1) * sizeof *v);

	(void)e;
	for (uint32_t i = 0; i < m->names.n; i++) {
		memcpy(v[i].name, m->names.v[i].name, sizeof v[i].name);
		v[i].size_bytes = m->names.v[i].body->n;
	}
	*ret = v;
	*ret_n = m->names.n;
	return RC_OK;
}

static enum rc sync_folder(void *self, struct err *e)
{
	struct memory_files *m = self;
	enum rc rc = allowed(m, "sync", "the folder", e);

	if (rc == RC_OK)
		settle(m, m->n_changes);
	return rc;
}

struct memory_files *memory_files_snapshot(struct memory_files *m, const char *name)
{
	for (uint32_t i = 0; i < m->n_snapshots; i++)
		if (strcmp(m->snapshots[i].name, name) == 0)
			return m->snapshots[i].files;
	return NULL;
}

static enum rc link_file(void *self, const char *name, const char *snapshot, struct err *e)
{
	struct memory_files *m = self, *other = memory_files_snapshot(m, snapshot);
	enum rc rc = allowed(m, "link", name, e);
	struct entry *found = find(&m->names, name);

	if (rc != RC_OK)
		return rc;
	if (!found)
		return err_set(e, RC_NOT_FOUND, "there is no file %s", name);
	if (!other) {
		must_grow(m->snapshots, m->n_snapshots, m->cap_snapshots);
		other = memory_files_new(rng_next(&m->rng));
		snprintf(m->snapshots[m->n_snapshots].name, FILES_NAME_MAX, "%s", snapshot);
		m->snapshots[m->n_snapshots++].files = other;
	}
	point(&other->names, name, found->body);
	point(&other->durable, name, found->body);
	return RC_OK;
}

struct memory_files *memory_files_new(uint64_t seed)
{
	struct memory_files *m = must_alloc(sizeof *m);

	rng_seed(&m->rng, seed);
	m->port = (struct files){ .self = m,
		.map = map,
		.unmap = unmap,
		.release = release,
		.create = create,
		.append = append,
		.cut = cut,
		.sync = sync_file,
		.close = close_file,
		.sync_name = sync_name,
		.rename = rename_file,
		.remove = remove_file,
		.list = list,
		.sync_folder = sync_folder,
		.link = link_file };
	return m;
}

static void names_fini(struct names *names)
{
	for (uint32_t i = 0; i < names->n; i++)
		drop(names->v[i].body);
	free(names->v);
}

void memory_files_free(struct memory_files *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->n_snapshots; i++)
		memory_files_free(m->snapshots[i].files);
	free(m->snapshots);
	settle(m, 0);
	free(m->changes);
	names_fini(&m->names);
	names_fini(&m->durable);
	free(m);
}

const struct files *memory_files_port(struct memory_files *m)
{
	return &m->port;
}

void memory_files_set_fault(struct memory_files *m, struct memory_files_fault fault)
{
	m->fault = fault;
}

uint64_t memory_files_changes(const struct memory_files *m)
{
	return m->n_done;
}

void memory_files_set_capacity(struct memory_files *m, uint64_t bytes)
{
	m->capacity = bytes;
}

/* What the disk made of the bytes that were under way. */
static void tear(struct memory_files *m, struct body *b)
{
	size_t unsynced = b->n - b->synced;
	size_t kept = unsynced ? rng_below(&m->rng, unsynced + 1) : 0;
	size_t zeros = kept && rng_chance(&m->rng, 1, 3) ? rng_below(&m->rng, kept + 1) : 0;

	b->n = b->synced + kept;
	if (zeros)
		memset(b->p + b->n - zeros, 0, zeros);
	b->synced = b->n;
}

void memory_files_crash(struct memory_files *m)
{
	m->life++;
	settle(m, m->n_changes ? (uint32_t)rng_below(&m->rng, m->n_changes + 1) : 0);
	while (m->names.n)
		point(&m->names, m->names.v[0].name, NULL);
	for (uint32_t i = 0; i < m->durable.n; i++) {
		tear(m, m->durable.v[i].body);
		point(&m->names, m->durable.v[i].name, m->durable.v[i].body);
	}
}

void memory_files_kill(struct memory_files *m)
{
	m->life++;
}

bool memory_files_flip(struct memory_files *m, const char *name, uint64_t bit)
{
	struct entry *found = find(&m->names, name);

	if (!found || !found->body->n)
		return false;
	bit %= 8 * found->body->n;
	found->body->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	return true;
}
