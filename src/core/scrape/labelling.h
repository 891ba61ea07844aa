/* SPDX-License-Identifier: Apache-2.0 */
/*
 * labelling: from the labels that a target's line has to those of the series: the target's own are
 * added, the job's metric_relabel_configs applied, limits kept.
 *
 * Source: mutateSampleLabels, resolveConflictingExposedLabels and verifyLabelLimits of Prometheus
 * 3.5's scrape/scrape.go.
 */
#ifndef CORE_SCRAPE_LABELLING_H
#define CORE_SCRAPE_LABELLING_H

#include "core/scrape/config.h"
#include "core/scrape/exposition.h"

/* What it takes, used again for each line, and by all targets in turn. */
struct labelling {
	const struct scrape_config *config; /* of whom the next line is: set by the caller */
	const struct labels *target;
	struct arena arena; /* reset for each line */
	struct label_set set;
};

void labelling_init(struct labelling *l);
void labelling_fini(struct labelling *l);
SCOPED_FINI(labelling_fini, struct labelling)

/* `ret` lives until the next call; without labels when the line is dropped.  RC_INPUT and RC_LIMIT
 * fail the whole body: a label stands there twice, a limit is exceeded, nothing is left of the
 * name, a rule's expression takes too long. */
enum rc labelling_apply(struct labelling *l, const struct exposition *x, struct piece text,
	struct labels *ret, struct err *e) MUST_USE;

/* Of a series about the target itself, up and the like. */
enum rc labelling_report(struct labelling *l, const char *name, struct labels *ret,
	struct err *e) MUST_USE;

#endif
