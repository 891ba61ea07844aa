/* SPDX-License-Identifier: Apache-2.0 */
/* store_fixture: what the tests of the store share: series "up" of many instances, and a look at them. */
#ifndef CORE_METRICS_STORE_FIXTURE_H
#define CORE_METRICS_STORE_FIXTURE_H

#include "core/metrics/memory_files.h"
#include "core/metrics/store.h"

#define FIXTURE_BEGIN ((struct now){ { 1000 }, { 1700000000000 } })

struct store *fixture_open(struct memory_files *files, const struct store_settings *settings);
/* A second each: `n` series get the sample (t, t + i), where t is so many seconds after the beginning.
 * Returns what the commit said. */
enum rc fixture_scrape(struct store *s, int n, int64_t second);
/* Fails unless there are `n` series with the samples of `seconds` seconds each. */
void fixture_look(struct store *s, int n, uint32_t seconds);
/* Does everything that is due so many milliseconds after the beginning.  Returns the first error; then
 * something is left to be done. */
enum rc fixture_work(struct store *s, int64_t ms, struct err *e);

#endif
