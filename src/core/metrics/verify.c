/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/verify.h"

#include "base/limits.h"
#include "base/str.h"
#include "core/metrics/bytes.h"
#include "core/metrics/deletion.h"
#include "core/metrics/index.h"
#include "core/metrics/log.h"
#include "core/metrics/manifest.h"
#include "core/metrics/marks.h"
#include "core/metrics/part.h"

#define TRIES_MAX 10 /* manifests that are replaced while they are looked at */

static const struct {
	const char *text, *advice;
} kinds[VERIFIED_KINDS] = {
	[VERIFIED_MANIFEST] = { "manifest",
		"The next start counts every file that is whole; nothing needs to be done." },
	[VERIFIED_SEGMENT] = { "index segment",
		"Its series have lost their names, and their samples can't be asked for.  Stop the "
		"site "
		"and put the file back from a snapshot or a backup." },
	[VERIFIED_PART] = { "part", "Queries leave out what is damaged, and answer with the rest.  "
				    "To have it back, stop the "
				    "site and put the file back from a snapshot or a backup." },
	[VERIFIED_DELETION] = { "deletion",
		"What it deleted and isn't cleaned up yet may be back: delete it again." },
	[VERIFIED_BESIDE] = { "exemplars and metadata",
		"The next start does without them; what targets say of their metrics comes back as "
		"they are scraped." },
	[VERIFIED_LOG] = { "log", "What stands behind the damage is lost at the next start.  While "
				  "the site runs, it has "
				  "it in memory and writes it into a part within minutes: leave it "
				  "running until then." },
	[VERIFIED_KEPT] = { "log that waits to be sent",
		"Its samples are in the parts.  Those behind the damage are not sent on, if they "
		"weren't yet." },
	[VERIFIED_MARKS] = { "marks of what was sent",
		"The next start sends all logs again that are kept." },
	[VERIFIED_ASIDE] = { "set aside",
		"It was found damaged, and isn't used any more.  It may be removed." },
};

const char *verified_kind_text(enum verified_kind k)
{
	return kinds[k].text;
}

const char *verified_kind_advice(enum verified_kind k)
{
	return kinds[k].advice;
}

struct verifying {
	const struct files *files;
	const struct verifier *to;
};

/* ---- by kind: RC_OK, RC_CORRUPT, RC_NOT_FOUND, or what the disk says */

static void add_damage(void *self, struct block_ids ids, const struct err *what)
{
	struct verified_file *f = self;

	(void)what;
	if (!f->n_damaged++)
		f->damaged = ids;
	if (ids.first < f->damaged.first)
		f->damaged.first = ids.first;
	if (ids.last > f->damaged.last)
		f->damaged.last = ids.last;
}

static enum rc verify_part(const struct files *files, struct verified_file *f, struct err *e)
{
	const struct block_verifier v = { f, add_damage };
	scoped(part_drop) struct part *p = NULL;
	uint64_t n;
	enum rc rc = part_open(&p, files, f->name, e);

	if (rc != RC_OK)
		return rc;
	f->size_bytes = p->block.info.size_bytes;
	f->n_series = p->block.info.n_series;
	f->n_samples = p->block.info.n_samples;
	f->min_ms = p->block.info.min_ms;
	f->max_ms = p->block.info.max_ms;
	return block_verify(&p->block, &v, &n, e);
}

/* Opening one checks all of it; the labels are read as well. */
static enum rc verify_segment(const struct files *files, struct verified_file *f, struct err *e)
{
	struct label labels[SERIES_LABELS_MAX];
	scoped(index_drop) struct index *x = NULL;
	struct labels l;
	enum rc rc = index_open(&x, files, f->name, e);

	if (rc != RC_OK)
		return rc;
	f->size_bytes = index_bytes(x);
	f->n_series = index_count(x);
	for (uint32_t i = 0; rc == RC_OK && i < index_count(x); i++)
		rc = index_labels(x, i, labels, &l, e);
	return rc;
}

static enum rc verify_deletion(const struct files *files, struct verified_file *f, struct err *e)
{
	scoped(deletion_drop) struct deletion *d = NULL;

	return deletion_open(&d, files, f->name, e);
}

static enum rc verify_beside(const struct files *files, struct verified_file *f, struct err *e)
{
	return beside_open(files, f->name, &(struct beside_visitor){ NULL }, e);
}

static bool any_series(void *self, const struct labels *l)
{
	(void)self, (void)l;
	return true;
}

static bool any_sample(void *self, uint32_t id, const uint8_t *bytes, unsigned n)
{
	(void)self, (void)id, (void)bytes, (void)n;
	return true;
}

static bool any_late(void *self, uint32_t id, int64_t t_ms, double v)
{
	(void)self, (void)id, (void)t_ms, (void)v;
	return true;
}

/* A record that goes beyond the end is one that was being written, now or when the power went. */
static bool is_unfinished(const struct wal_reading *r)
{
	size_t left = r->n - r->at;

	return left < WAL_RECORD_BYTES || get_u32(r->p + r->at) > left - WAL_RECORD_BYTES;
}

static enum rc verify_records(const struct files_map *map, struct err *e)
{
	const struct wal_visitor any = { NULL, any_series, any_sample, any_late, { NULL } };
	struct wal_reading reading = { .p = map->p, .n = map->n, .at = WAL_HEADER_BYTES };
	struct wal_header h;
	bool has = true;
	enum rc rc;

	if (map->n < WAL_HEADER_BYTES)
		return RC_OK; /* begun, and no more */
	rc = wal_read_header(map->p, map->n, &h, e);
	reading.generation = h.generation;
	while (rc == RC_OK && has)
		rc = wal_next(&reading, &any, &has, e);
	return rc == RC_CORRUPT && is_unfinished(&reading) ? RC_OK : rc;
}

static enum rc verify_log(const struct files *files, struct verified_file *f, struct err *e)
{
	struct files_map map = { 0 };
	enum rc rc = files->map(files->self, f->name, &map, e);

	if (rc != RC_OK)
		return rc;
	f->size_bytes = map.n;
	rc = verify_records(&map, e);
	files->unmap(files->self, &map);
	return rc;
}

static enum rc verify_marks(const struct files *files, struct verified_file *f, struct err *e)
{
	struct marks marks;

	return marks_read(&marks, files, f->name, e);
}

static enum rc verify_nothing(const struct files *files, struct verified_file *f, struct err *e)
{
	(void)files;
	return err_set(e, RC_CORRUPT, "%s was found damaged before", f->name);
}

/* ---- all of them */

static void tell(const struct verifying *v, struct verified_file *f, enum rc rc,
	const struct err *e)
{
	f->rc = rc;
	f->why = rc == RC_OK ? "" : e->text;
	v->to->file(v->to->self, f);
}

/* `ret_is_gone`: it isn't there. */
static enum rc look_at(const struct verifying *v, struct verified_file *f, bool *ret_is_gone,
	struct err *e)
{
	static enum rc (*const verifies[VERIFIED_KINDS])(const struct files *files,
		struct verified_file *f, struct err *e) = {
		[VERIFIED_SEGMENT] = verify_segment,
		[VERIFIED_PART] = verify_part,
		[VERIFIED_DELETION] = verify_deletion,
		[VERIFIED_BESIDE] = verify_beside,
		[VERIFIED_LOG] = verify_log,
		[VERIFIED_KEPT] = verify_log,
		[VERIFIED_MARKS] = verify_marks,
		[VERIFIED_ASIDE] = verify_nothing,
	};
	struct err why = { 0 };
	enum rc rc = verifies[f->kind](v->files, f, &why);

	*ret_is_gone = rc == RC_NOT_FOUND;
	if (rc != RC_OK && rc != RC_CORRUPT && rc != RC_NOT_FOUND)
		return err_set(e, rc, "%s", why.text);
	if (!*ret_is_gone)
		tell(v, f, rc, &why);
	return RC_OK;
}

static bool is_named(const struct manifest *m, const char *name)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (str_eq(m->v[i].name, name))
			return true;
	return false;
}

static const enum verified_kind kind_of[MANIFEST_KINDS] = {
	[MANIFEST_SEGMENT] = VERIFIED_SEGMENT,
	[MANIFEST_PART] = VERIFIED_PART,
	[MANIFEST_DELETION] = VERIFIED_DELETION,
	[MANIFEST_BESIDE] = VERIFIED_BESIDE,
};

/* What the manifest names, but for what `seen` names already.  *ret_is_gone: something of it wasn't
 * there, so that a newer manifest may say why. */
static enum rc look_at_named(const struct verifying *v, const struct manifest *m,
	struct manifest *seen, bool *ret_is_gone, struct err *e)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < m->n; i++) {
		struct verified_file f = { .name = m->v[i].name,
			.kind = kind_of[m->v[i].kind],
			.min_ms = 1 };
		bool is_gone = false;

		if (is_named(seen, f.name))
			continue;
		rc = look_at(v, &f, &is_gone, e);
		if (rc == RC_OK && !is_gone)
			manifest_add(seen, &m->v[i]);
		*ret_is_gone = *ret_is_gone || is_gone;
	}
	return rc;
}

static void tell_missing(const struct verifying *v, const struct manifest *m,
	const struct manifest *seen)
{
	for (uint32_t i = 0; i < m->n; i++) {
		struct verified_file f = { .name = m->v[i].name,
			.kind = kind_of[m->v[i].kind],
			.min_ms = 1 };
		struct err why = { 0 };

		if (is_named(seen, f.name))
			continue;
		err_set(&why, RC_NOT_FOUND, "%s is missing", f.name);
		tell(v, &f, RC_NOT_FOUND, &why);
	}
}

static enum rc look_at_manifest(const struct verifying *v, struct manifest *m, struct err *e)
{
	struct verified_file f = { .name = MANIFEST_NAME, .kind = VERIFIED_MANIFEST, .min_ms = 1 };
	struct err why = { 0 };
	enum rc rc = manifest_read(m, v->files, &why);

	if (rc != RC_OK && rc != RC_CORRUPT && rc != RC_NOT_FOUND)
		return err_set(e, rc, "%s", why.text);
	tell(v, &f, rc, &why);
	return RC_OK;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && str_eq(name + n - m, suffix);
}

/* Of what the manifest doesn't name; false: nothing that is looked at. */
static bool kind_of_other(const struct manifest *m, const char *name, enum verified_kind *ret)
{
	uint32_t number;

	if (log_number(name, &number))
		*ret = number > m->flushed_generation ? VERIFIED_LOG : VERIFIED_KEPT;
	else if (marks_is_file(name))
		*ret = VERIFIED_MARKS;
	else if (ends_in(name, ".bad"))
		*ret = VERIFIED_ASIDE;
	else
		return false;
	return true;
}

/* Logs, marks, and what was set aside. */
static enum rc look_at_others(const struct verifying *v, const struct manifest *m, struct err *e)
{
	struct files_entry *entries = NULL;
	uint32_t n = 0;
	enum rc rc = v->files->list(v->files->self, &entries, &n, e);

	for (uint32_t i = 0; rc == RC_OK && i < n; i++) {
		struct verified_file f = { .name = entries[i].name,
			.size_bytes = entries[i].size_bytes,
			.min_ms = 1 };
		bool is_gone;

		if (kind_of_other(m, f.name, &f.kind))
			rc = look_at(v, &f, &is_gone, e);
	}
	free(entries);
	return rc;
}

enum rc metrics_verify(const struct files *files, const struct verifier *v, struct err *e)
{
	const struct verifying verifying = { files, v };
	scoped(manifest_fini) struct manifest m = { 0 };
	scoped(manifest_fini) struct manifest seen = { 0 };
	bool is_gone = true;
	enum rc rc = look_at_manifest(&verifying, &m, e);

	for (int i = 0; rc == RC_OK && is_gone && i < TRIES_MAX; i++) {
		scoped(manifest_fini) struct manifest newer = { 0 };

		is_gone = false;
		rc = look_at_named(&verifying, &m, &seen, &is_gone, e);
		if (rc != RC_OK || !is_gone || manifest_read(&newer, files, NULL) != RC_OK)
			continue;
		manifest_fini(&m);
		m = newer;
		newer = (struct manifest){ 0 };
	}
	if (rc != RC_OK)
		return rc;
	tell_missing(&verifying, &m, &seen);
	return look_at_others(&verifying, &m, e);
}
