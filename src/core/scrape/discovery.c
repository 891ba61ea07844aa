/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/discovery.h"

#include "base/limits.h"
#include "base/map.h"
#include "base/str.h"

struct group { /* of one source */
	struct arena arena;
	struct target_group group;
	uint32_t seen; /* the whole list that it was last in */
};

struct found {             /* by one service discovery */
	struct map groups; /* source -> struct group */
	uint32_t list;
};

struct job {
	struct found *sds;
	struct target_list targets;
	bool is_dirty, was_built;
	struct mono due;
};

struct discovery {
	const struct scrape_configs *configs;
	struct job *jobs;
	const struct target_spec **started; /* of the last change */
	uint64_t *stopped;
};

static void free_group(struct group *g)
{
	if (!g)
		return;
	arena_fini(&g->arena);
	free(g);
}
SCOPED_BY(free_group, struct group *)

static void mark(struct job *j, struct mono now)
{
	if (j->is_dirty)
		return;
	j->is_dirty = true;
	j->due = j->was_built ? (struct mono){ now.ms + DISCOVERY_SETTLE_MS } : now;
}

struct discovery *discovery_new(const struct scrape_configs *configs)
{
	struct discovery *d = must_alloc(sizeof *d);

	d->configs = configs;
	d->jobs = must_alloc((configs->n + 1) * sizeof *d->jobs);
	for (uint32_t i = 0; i < configs->n; i++) {
		const struct scrape_config *c = &configs->v[i];

		d->jobs[i].sds = must_alloc((c->n_sds + 1) * sizeof *d->jobs[i].sds);
		target_list_init(&d->jobs[i].targets);
		for (uint32_t k = 0; k < c->n_sds; k++)
			if (c->sds[k].kind == SD_STATIC)
				mark(&d->jobs[i], (struct mono){ INT64_MIN });
	}
	return d;
}

void discovery_free(struct discovery *d)
{
	if (!d)
		return;
	for (uint32_t i = 0; i < d->configs->n; i++) {
		for (uint32_t k = 0; k < d->configs->v[i].n_sds; k++) {
			map_each (&d->jobs[i].sds[k].groups, it)
				free_group(it->value);
			map_fini(&d->jobs[i].sds[k].groups);
		}
		free(d->jobs[i].sds);
		target_list_fini(&d->jobs[i].targets);
	}
	free(d->jobs);
	free(d->started);
	free(d->stopped);
	free(d);
}

/* Groups. */

static bool is_same_group(const struct target_group *a, const struct target_group *b)
{
	if (a->n != b->n || !labels_equal(&a->labels, &b->labels))
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (!labels_equal(&a->targets[i], &b->targets[i]))
			return false;
	return true;
}

static enum rc copy_group(const struct target_group *from, struct group **ret, struct err *e)
{
	scoped(free_group) struct group *g = must_alloc(sizeof *g);
	bool fits;

	arena_init(&g->arena, TARGETS_BYTES_MAX);
	g->group.n = from->n;
	g->group.source = arena_strdup(&g->arena, from->source);
	g->group.targets = arena_alloc(&g->arena, (from->n + 1) * sizeof *from->targets);
	fits = g->group.source && g->group.targets &&
	       labels_copy(&from->labels, &g->arena, &g->group.labels);
	for (uint32_t i = 0; fits && i < from->n; i++)
		fits = labels_copy(&from->targets[i], &g->arena, &g->group.targets[i]);
	if (!fits)
		return err_set(e, RC_LIMIT, "the group %.120s takes too much memory", from->source);
	*ret = TAKE(g);
	return RC_OK;
}

static void drop_group(struct found *f, const char *source)
{
	free_group(map_remove(&f->groups, source));
}

/* Put the group in place of the one of its source; *ret_changed unless it is the same. */
static enum rc replace_group(struct found *f, const struct target_group *new, bool *ret_changed,
	struct err *e)
{
	struct group *old = map_get(&f->groups, new->source), *copy = NULL;
	enum rc rc;

	if (old && is_same_group(&old->group, new)) {
		old->seen = f->list;
		return RC_OK;
	}
	if (!old && !new->n)
		return RC_OK;
	*ret_changed = true;
	if (!new->n) {
		drop_group(f, new->source);
		return RC_OK;
	}
	if (!old && map_count(&f->groups) >= TARGET_GROUPS_MAX)
		return err_set(e, RC_LIMIT, "more than %d groups of targets", TARGET_GROUPS_MAX);
	rc = copy_group(new, &copy, e);
	if (rc != RC_OK)
		return rc;
	copy->seen = f->list;
	free_group(old);
	map_put(&f->groups, copy->group.source, copy);
	return RC_OK;
}

static bool drop_unseen(struct found *f)
{
	bool changed = false;

	map_each (&f->groups, it) {
		struct group *g = it->value;

		if (g->seen == f->list)
			continue;
		drop_group(f, it->key);
		changed = true;
	}
	return changed;
}

enum rc discovery_take(struct discovery *d, const struct discovered *found, struct mono now,
	struct err *e)
{
	struct job *j = &d->jobs[found->from.job];
	struct found *f = &j->sds[found->from.sd];
	bool changed = !j->was_built;
	enum rc rc = RC_OK;

	must(found->from.job < d->configs->n);
	must(found->from.sd < d->configs->v[found->from.job].n_sds);
	f->list += found->is_whole;
	for (uint32_t i = 0; i < found->n && rc == RC_OK; i++)
		rc = replace_group(f, &found->groups[i], &changed, e);
	if (rc == RC_OK && found->is_whole)
		changed |= drop_unseen(f);
	if (changed)
		mark(j, now);
	return rc;
}

/* Lists. */

struct mono discovery_due(const struct discovery *d)
{
	struct mono due = { NEVER_MS };

	for (uint32_t i = 0; i < d->configs->n; i++)
		if (d->jobs[i].is_dirty && d->jobs[i].due.ms < due.ms)
			due = d->jobs[i].due;
	return due;
}

static enum rc build(struct discovery *d, uint32_t job, struct target_list *list, struct err *e)
{
	const struct scrape_config *c = &d->configs->v[job];
	enum rc rc = RC_OK;

	for (uint32_t i = 0; i < c->n_sds && rc == RC_OK; i++) {
		const struct sd_static *fixed = &c->sds[i].fixed;

		for (uint32_t g = 0; c->sds[i].kind == SD_STATIC && g < fixed->n && rc == RC_OK;
			g++)
			rc = target_list_add(list, c, &fixed->groups[g], e);
		map_each (&d->jobs[job].sds[i].groups, it)
			if (rc == RC_OK)
				rc = target_list_add(list, c, &((struct group *)it->value)->group,
					e);
	}
	target_list_finish(list, c);
	return rc;
}

static int by_hash(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t *hashes_of(const struct target_list *l)
{
	uint64_t *hashes = must_alloc((l->n_active + 1) * sizeof *hashes);

	for (uint32_t i = 0; i < l->n_active; i++)
		hashes[i] = l->active[i].hash;
	qsort(hashes, l->n_active, sizeof *hashes, by_hash);
	return hashes;
}

static void compare(struct discovery *d, const struct target_list *old,
	const struct target_list *new, struct discovery_change *ret)
{
	uint64_t *before = hashes_of(old), *after = hashes_of(new);

	free(d->started);
	free(d->stopped);
	d->started = must_alloc((new->n_active + 1) * sizeof *d->started);
	d->stopped = must_alloc((old->n_active + 1) * sizeof *d->stopped);
	for (uint32_t i = 0; i < new->n_active; i++)
		if (!bsearch(&new->active[i].hash, before, old->n_active, sizeof *before, by_hash))
			d->started[ret->n_started++] = &new->active[i];
	for (uint32_t i = 0; i < old->n_active; i++)
		if (!bsearch(&before[i], after, new->n_active, sizeof *after, by_hash))
			d->stopped[ret->n_stopped++] = before[i];
	ret->started = d->started;
	ret->stopped = d->stopped;
	free(before);
	free(after);
}

static struct job *next_due(struct discovery *d, struct mono now, uint32_t *ret_index)
{
	for (uint32_t i = 0; i < d->configs->n; i++)
		if (d->jobs[i].is_dirty && d->jobs[i].due.ms <= now.ms) {
			*ret_index = i;
			return &d->jobs[i];
		}
	return NULL;
}

enum rc discovery_sync(struct discovery *d, struct mono now, struct discovery_change *ret,
	bool *ret_has, struct err *e)
{
	scoped(target_list_fini) struct target_list list;
	struct target_list old;
	uint32_t index = 0;
	struct job *j = next_due(d, now, &index);
	enum rc rc;

	target_list_init(&list);
	*ret_has = false;
	if (!j)
		return RC_OK;
	j->is_dirty = false;
	j->was_built = true;
	rc = build(d, index, &list, e);
	if (rc != RC_OK)
		return err_in(e, rc, "job %s", d->configs->v[index].job_name);
	*ret = (struct discovery_change){ .job = index };
	old = j->targets;
	j->targets = list;
	list = old; /* released on the way out */
	compare(d, &list, &j->targets, ret);
	ret->targets = &j->targets;
	*ret_has = true;
	return RC_OK;
}

const struct target_list *discovery_targets(const struct discovery *d, uint32_t job)
{
	return &d->jobs[job].targets;
}
