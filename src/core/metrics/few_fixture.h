/* SPDX-License-Identifier: Apache-2.0 */
/* few_fixture: what is left of a series when a query needs few of its samples, held against all of them. */
#ifndef CORE_METRICS_FEW_FIXTURE_H
#define CORE_METRICS_FEW_FIXTURE_H

#include "base/series.h"

/* Fails unless each window of `q` says of `few` what it says of `all`, as base/series.h promises. */
void assert_few_suffice(const struct series_column *all, const struct series_column *few,
	const struct series_query *q);

#endif
