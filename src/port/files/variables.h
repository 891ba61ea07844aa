/* SPDX-License-Identifier: Apache-2.0 */
/*
 * variables: $NAME and ${NAME} in external labels become what the environment says, as Prometheus
 * 3 has it; $$ is a dollar, and what isn't set is empty, which takes the label away.  So one file
 * serves both sites: `external_labels: {site: $SITE}`.
 */
#ifndef PORT_FILES_VARIABLES_H
#define PORT_FILES_VARIABLES_H

#include "base/series.h"

/* Values live in the arena.  RC_LIMIT: it is full. */
enum rc variables_expand(struct labels *l, struct arena *a, struct err *e) MUST_USE;

#endif
