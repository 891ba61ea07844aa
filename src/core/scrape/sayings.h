/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sayings: what targets say of their metrics, each text kept once for all of them.
 *
 *	target a   # HELP up ...  ─┐
 *	target b   # HELP up ...  ─┴─► "up", "..."
 *
 * A target's comment lines stand among its lines (lines.h), whose `ref` names the text; so what
 * each target said costs nothing beside the list that it has anyway.  Nobody counts who needs a
 * text: when as many came as there are, those that no line names any more go.
 *
 * Of a long help the beginning is kept; of more than TARGET_SAYINGS_MAX texts the first ones.
 */
#ifndef CORE_SCRAPE_SAYINGS_H
#define CORE_SCRAPE_SAYINGS_H

#include "core/scrape/lines.h"

/* The `ref` of a LINE_TYPE, whose `what` is the enum metric_type, or of a LINE_OTHER. */
enum saying_what { SAYING_HELP, SAYING_UNIT };
#define SAYING_WHAT_BITS 4
static inline unsigned saying_what(series_ref ref)
{
	return ref & ((1u << SAYING_WHAT_BITS) - 1);
}

struct saying;

struct sayings {
	struct saying **v; /* by number, from 0; NULL: free */
	uint32_t n, cap, n_live, next_free;
	uint32_t *index; /* open addressing: 1 + number */
	uint32_t n_slots;
	uint32_t n_new, n_swept; /* asked for since the last sweep; what that left */
	uint64_t seed;           /* secret: nobody can make texts that collide */
};

void sayings_init(struct sayings *s, uint64_t seed);
void sayings_fini(struct sayings *s);
SCOPED_FINI(sayings_fini, struct sayings)

/* What a line holds that says `text` (of a type: "") of `metric`. */
series_ref sayings_put(struct sayings *s, const char *metric, const char *text, unsigned what);

/* Whether it is worth it.  Then mark the lines of all targets, and sweep. */
bool sayings_is_due(const struct sayings *s);
void sayings_mark(struct sayings *s, const struct line *v, uint32_t n);
void sayings_sweep(struct sayings *s);

struct said_metric {
	const char *name;
	struct metric_metadata m; /* `type` may be "": nothing was said of it */
};
struct said_metrics {
	struct said_metric *v;
	uint32_t n, cap;
};
void said_metrics_fini(struct said_metrics *m);
SCOPED_FINI(said_metrics_fini, struct said_metrics)

/* What these lines say of `metric` (NULL: of all), by name.  Good until the next sweep. */
void sayings_of(const struct sayings *s, const struct lines *l, const char *metric,
	struct said_metrics *ret);

#endif
