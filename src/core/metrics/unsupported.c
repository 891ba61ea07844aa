/* SPDX-License-Identifier: Apache-2.0 */
/* What the store doesn't do yet says so. */
#include "core/metrics/store.h"

#define UNSUPPORTED(e, what) err_set(e, RC_UNSUPPORTED, "the store doesn't " what " yet")

enum rc store_label_names(const struct store_view *v, const struct store_selection *which,
	struct arena *a, struct store_texts *ret, struct err *e)
{
	(void)v, (void)which, (void)a, (void)ret;
	return UNSUPPORTED(e, "list names of labels");
}

enum rc store_label_values(const struct store_view *v, const char *name,
	const struct store_selection *which, struct arena *a, struct store_texts *ret,
	struct err *e)
{
	(void)v, (void)name, (void)which, (void)a, (void)ret;
	return UNSUPPORTED(e, "list values of labels");
}

enum rc store_delete(struct store *s, const struct store_selection *which, struct err *e)
{
	(void)s, (void)which;
	return UNSUPPORTED(e, "delete");
}

enum rc store_snapshot(struct store *s, const char *name, struct err *e)
{
	(void)s, (void)name;
	return UNSUPPORTED(e, "make snapshots");
}

enum rc store_cardinality(const struct store_view *v, uint32_t most, struct arena *a,
	struct store_cardinality *ret, struct err *e)
{
	(void)v, (void)most, (void)a, (void)ret;
	return UNSUPPORTED(e, "count its series by labels");
}

enum rc store_metadata(const struct store *s, const char *metric, struct metric_metadata *ret,
	bool *ret_has, struct err *e)
{
	(void)s, (void)metric, (void)ret, (void)ret_has;
	return UNSUPPORTED(e, "keep metadata");
}

void store_clean(struct store *s)
{
	(void)s; /* nothing can be deleted yet */
}
