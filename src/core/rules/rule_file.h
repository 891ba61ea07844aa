/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_file: recording and alerting rules in Prometheus' syntax.
 * https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
 *
 *	groups:
 *	- name: example
 *	  interval: 30s
 *	  rules:
 *	  - record: job:up:sum
 *	    expr: sum by (job) (up)
 *	  - alert: Down
 *	    expr: up == 0
 *	    for: 5m
 *	    labels: {severity: page}
 *	    annotations: {summary: "{{ $labels.instance }} is down"}
 *
 * What Prometheus refuses is refused, in its words, with the place.
 */
#ifndef CORE_RULES_RULE_FILE_H
#define CORE_RULES_RULE_FILE_H

#include "base/doc.h"
#include "base/finding.h"
#include "core/rules/world.h"

/* One label or annotation of a rule. */
struct rule_text {
	const char *name;
	const char *text;     /* may be empty: such a label is taken away from what was found */
	const void *template; /* of an alert, where the text has {{; else NULL */
};
struct rule_texts {
	const struct rule_text *v; /* in order of names */
	uint32_t n;
};

struct rule {
	bool is_alert;
	const char *name; /* what is recorded, or the alert's */
	const char *expression;
	const void *parsed;
	struct rules_reads reads;
	int64_t for_ms, keep_firing_for_ms;
	struct rule_texts labels; /* the group's among them */
	struct rule_texts annotations;
	uint32_t line, column;
};

struct rule_group {
	const char *file, *name;
	int64_t interval_ms; /* 0: the default */
	bool has_offset;     /* else the default */
	int64_t query_offset_ms;
	int64_t limit; /* of series, or alerts, of one rule; 0: none */
	struct rule *rules;
	uint32_t n_rules;
};

struct rule_file {
	struct arena arena; /* owns all below */
	struct rule_group *groups;
	uint32_t n_groups;
};

/* RC_INPUT when there are new errors among the findings (then *ret is untouched). */
enum rc rule_file_read(struct rule_file **ret, const struct doc *doc,
	const struct rules_world *world, struct findings *findings, struct err *e) MUST_USE;
void rule_file_free(struct rule_file *f);
SCOPED_BY(rule_file_free, struct rule_file *)

/* A warning for each rule that another one repeats, name and labels: they would write the same
 * series. */
void rule_file_warn_repeated(const struct rule_file *f, struct findings *findings);

#endif
