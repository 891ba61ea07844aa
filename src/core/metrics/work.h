/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work: what each kind of background work does (store.h).
 *
 * A plan holds all that its run needs, so that the run looks at nothing that the owner changes.
 */
#ifndef CORE_METRICS_WORK_H
#define CORE_METRICS_WORK_H

#include "core/metrics/store_private.h"

struct work_row {
	const char *text;
	/* NULL: not now; *ret_at: when, at the latest (left alone: not before something happens). */
	void *(*plan)(struct store *s, struct mono *ret_at);
	enum rc (*run)(void *plan, struct err *e);
	void (*adopt)(struct store *s, void *plan);
	void (*end)(struct store *s, void *plan); /* frees it, however it went */
};
extern const struct work_row work_sync, work_flush, work_past, work_merge, work_merge_index, work_manifest,
	work_snapshot;

#endif
