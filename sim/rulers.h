/* SPDX-License-Identifier: Apache-2.0 */
/* rulers: the rules of each site, and what they read, which goes away and comes back. */
#ifndef SIM_RULERS_H
#define SIM_RULERS_H

#include "sim/world.h"

#define RULER_BLIND_MS (2 * MINUTE_MS) /* a rule that is blind for so long is told of */

void rulers_start(struct world *w);
void rulers_set(struct world *w, uint8_t site, bool is_gone);
void rulers_fini(struct world *w); /* also where there are none */

#endif
