/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handover: what happens to an alert on its way to whoever makes incidents of it, as Prometheus'
 * notifier does it for an Alertmanager: it gets the external labels that it doesn't have, and
 * alert_relabel_configs of the `alerting` section rewrite or drop it.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#alert_relabel_configs
 */
#ifndef CORE_RULES_HANDOVER_H
#define CORE_RULES_HANDOVER_H

#include "base/doc.h"
#include "base/finding.h"
#include "base/series.h"
#include "base/str.h"

struct handover;

/* What the section says; `section` NULL: nothing.  RC_INPUT when there are new errors among the
 * findings.  Alertmanagers that it names are not told: that is a warning. */
enum rc handover_read(struct handover **ret, const char *file, const struct doc_node *section,
	struct findings *findings, struct err *e) MUST_USE;
void handover_free(struct handover *h);
SCOPED_BY(handover_free, struct handover *)

/* The labels that it is handed over with, in the arena.  *ret_is_dropped: it isn't.  RC_LIMIT, and
 * what a rule's expression fails with. */
enum rc handover_labels(const struct handover *h, const struct labels *alert,
	const struct labels *external, struct arena *a, struct labels *ret, bool *ret_is_dropped,
	struct err *e) MUST_USE;

/* Where Prometheus' own page shows the expression: URL/graph?g0.expr=...&g0.tab=1 */
void handover_link(const char *external_url, const char *expression, struct str *out);

#endif
