/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer: what the engine found, in the form of Prometheus' HTTP API.
 *
 * https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats
 * Numbers have 17 digits, so that each double is told from its neighbours.
 */
#ifndef TEST_DIFFERENTIAL_ANSWER_H
#define TEST_DIFFERENTIAL_ANSWER_H

#include "base/str.h"
#include "core/promql/engine.h"

void answer_error(struct str *out, const char *kind, const char *text);
void answer_result(struct str *out, const struct promql_result *r);

#endif
