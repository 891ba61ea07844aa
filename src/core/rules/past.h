/* SPDX-License-Identifier: Apache-2.0 */
/*
 * past: what of rules outlives a start, as a text that somebody keeps.
 *
 * Since when alerts are pending stands in ALERTS_FOR_STATE (restore.c).  Nothing that Prometheus
 * writes says that an alert fires on because of `keep_firing_for`, nor that a rule saw series before:
 *
 *	{"at": 1700000000000, "rules": [{"id": "9d2f00c61b2e34aa", "blind_since": 1700000000000,
 *	  "alerts": [{"labels": {}, "annotations": {}, "value": "97", "active", "fired", "kept_since"}]}]}
 *
 * All times are milliseconds since 1970.  A rule stands there when it has seen series; its alerts,
 * when they fire and it has `keep_firing_for`.  Its id is made of all that makes it the same rule:
 * file, group, name, labels and expression.
 */
#ifndef CORE_RULES_PAST_H
#define CORE_RULES_PAST_H

#include "core/rules/rules.h"

/* Changes whenever the text would, but for "at" and values. */
uint64_t rules_past_stamp(const struct rules *r);
/* Appends; true: alerts stand in it, of which "at" is to be told again now and then, at least each
 * RULES_OUTAGE_MS / 4. */
bool rules_past_write(const struct rules *r, struct wall now, struct str *out);
/* Into rules that are new.  Alerts of a text that is older than RULES_OUTAGE_MS are left out, as in
 * restoring.  RC_INPUT: it is no such text, and nothing was taken. */
enum rc rules_past_read(struct rules *r, struct wall now, const struct str *text,
	struct err *e) MUST_USE;

#endif
