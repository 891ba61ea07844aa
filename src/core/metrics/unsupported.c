/* SPDX-License-Identifier: Apache-2.0 */
/* What the store doesn't do yet says so. */
#include "core/metrics/store.h"

#define UNSUPPORTED(e, what) err_set(e, RC_UNSUPPORTED, "the store doesn't " what " yet")

enum rc store_metadata(const struct store *s, const char *metric, struct metric_metadata *ret,
	bool *ret_has, struct err *e)
{
	(void)s, (void)metric, (void)ret, (void)ret_has;
	return UNSUPPORTED(e, "keep metadata");
}
