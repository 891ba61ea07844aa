/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/store_private.h"

#include "base/limits.h"

/* Every series that is there now and matches. */
static enum rc find_ids(struct store *s, const struct store_selection *which, struct runs *ret,
	struct err *e)
{
	struct series_query q = { .matchers = which->matchers,
		.n_matchers = which->n_matchers,
		.min_ms = which->min_ms,
		.max_ms = which->max_ms };
	struct store_view *v = store_view_new(s);
	struct series_cursor *c = NULL;
	struct labels l;
	bool has = true;
	enum rc rc = v->source.open(v->source.self, &q, &c, e);

	while (rc == RC_OK) {
		uint32_t id;

		rc = v->source.next(c, &l, &has, e);
		if (rc != RC_OK || !has)
			break;
		id = view_cursor_id(c);
		runs_add(ret, id, id + 1);
	}
	v->source.close(c);
	store_view_free(v);
	return rc;
}

enum rc store_delete(struct store *s, const struct store_selection *which, struct err *e)
{
	scoped(deletion_drop) struct deletion *d = deletion_new(which->min_ms, which->max_ms);
	char name[FILES_NAME_MAX];
	struct catalog *c;
	enum rc rc;

	if (s->catalog->n_deletions >= STORE_DELETIONS_MAX)
		return err_set(e, RC_LIMIT, "%d deletions wait to be carried out already",
			STORE_DELETIONS_MAX);
	rc = find_ids(s, which, &d->ids, e);
	if (rc != RC_OK || !d->ids.n)
		return rc;
	d->number = s->next_file++;
	store_seal(s);
	d->generation = s->head.open->number;
	rc = deletion_write(d, s->files, e);
	if (rc != RC_OK) {
		store_make_useless(s, manifest_file_name(MANIFEST_DELETION, d->number, name));
		return rc;
	}
	c = catalog_copy(s->catalog);
	c->deletions[c->n_deletions++] = TAKE(d);
	store_set_catalog(s, c);
	return RC_OK;
}

void store_clean(struct store *s)
{
	s->is_cleaning = true;
}
