/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_list: groups of rules with what became of them, and the alerts that are up, in the bytes that
 * Prometheus' API answers with.
 * https://prometheus.io/docs/prometheus/latest/querying/api/#rules
 *
 * One field is ours: a rule whose selectors matched series once and now match none has
 * "blindSince".  Prometheus' own pages and Grafana don't look at it.
 */
#ifndef API_PROMETHEUS_RULE_LIST_H
#define API_PROMETHEUS_RULE_LIST_H

#include "api/uri.h"
#include "core/promql/parse.h"
#include "core/rules/rules.h"

struct rule_texts_wanted { /* 0: any */
	const char *v[URI_PAIRS_MAX];
	uint32_t n;
};
struct rules_wish {
	bool has_alerts, has_recordings; /* these rules */
	bool leaves_out_alerts;          /* of an alerting rule, those that are up */
	struct rule_texts_wanted names, groups, files;
	struct promql_selector selectors[URI_PAIRS_MAX]; /* any of these matches a rule's labels */
	uint32_t n_selectors;
	uint32_t groups_max; /* 0: all */
	const char *from;    /* the token of the group to begin with; "": the first */
};

/* The whole envelope.  `rules` NULL: none.  False, and nothing is written: no group has the token. */
bool rules_write(struct str *out, const struct rules *rules, const struct rules_wish *w);
void alerts_write_up(struct str *out, const struct rules *rules);
/* For /metrics: nothing while there are no rules. */
void rules_write_metrics(struct str *out, const struct rules *rules);

#endif
