/* SPDX-License-Identifier: Apache-2.0 */
/* probing: one probe from start to result, for tests. */
#ifndef TEST_SUPPORT_PROBING_H
#define TEST_SUPPORT_PROBING_H

#include "port/probe/probe.h"

/* Runs the probe on a loop of its own and waits; checks that it answers once, within its timeout
 * and a little, and that everything it opened is closed.  *ret is released by the caller. */
void probing_run(const struct probe_spec *spec, struct probe_result *ret);

/* The same for the `n`-fold probe, one after the other with one prober; the last result. */
void probing_repeat(const struct probe_spec *spec, unsigned n, struct probe_result *ret);

#endif
