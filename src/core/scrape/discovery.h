/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discovery: what each job's service discoveries have found, and what changes by it.
 *
 *	port/discovery ──► discovery_take: groups by source ──► due ──► discovery_sync: lists of targets
 *
 * A group replaces the one of the same source; one without targets takes it away.  Changes are
 * gathered for DISCOVERY_SETTLE_MS, so that a rollout of a hundred pods builds the lists twice and
 * not a hundred times; the first list of a job is built at once.
 */
#ifndef CORE_SCRAPE_DISCOVERY_H
#define CORE_SCRAPE_DISCOVERY_H

#include "base/time.h"
#include "core/scrape/target_spec.h"

#define DISCOVERY_SETTLE_MS (5 * SECOND_MS) /* as Prometheus' manager */

struct discovery;
/* Jobs with static_configs have their targets at once.  `configs` outlives it. */
struct discovery *discovery_new(const struct scrape_configs *configs);
void discovery_free(struct discovery *d);
SCOPED_BY(discovery_free, struct discovery *)

struct discovery_from {
	uint32_t job, sd; /* indices into scrape_configs.v and its sds */
};
/* What was found.  Copied.  `is_whole`: sources that aren't among them are gone.  RC_LIMIT when it
 * is too much: what fitted is taken. */
struct discovered {
	struct discovery_from from;
	const struct target_group *groups;
	uint32_t n;
	bool is_whole;
};
enum rc discovery_take(struct discovery *d, const struct discovered *found, struct mono now,
	struct err *e) MUST_USE;

/* When discovery_sync() has something to do; {NEVER_MS} for nothing. */
struct mono discovery_due(const struct discovery *d);

/* One job whose list was built anew. */
struct discovery_change {
	uint32_t job;
	const struct target_list *targets; /* the new one, also from discovery_targets() */
	/* Of the old and the new one: which targets are new; hashes of those that are gone. */
	const struct target_spec **started;
	uint32_t n_started;
	const uint64_t *stopped;
	uint32_t n_stopped;
};
/* Build the list of one job that is due; `ret` lives until the next call.  *ret_has false: none is.
 * RC_LIMIT: the targets are too many, and the old list stays. */
enum rc discovery_sync(struct discovery *d, struct mono now, struct discovery_change *ret,
	bool *ret_has, struct err *e) MUST_USE;

const struct target_list *discovery_targets(const struct discovery *d, uint32_t job);

#endif
