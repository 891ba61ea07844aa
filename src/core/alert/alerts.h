/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alerts: what rules say, a site's own and those of programs outside, as Alertmanager is told.
 *
 * An alert is its labels.  It fires from when it is posted until it is posted as ended, or until
 * `ends` has passed without its being posted again.  A site speaks for what was posted to it.
 * Alerts of one name at one site are a group, which the site journals whole, as an `alerts` event,
 * when it changes, so that all sites know the same, also after a restart:
 *
 *	{"alertname", "reason", "severity", "more",
 *	 "alerts": [{"name", "labels", "annotations", "starts", "ended", "patience_ms", "generator"}]}
 *
 * Who posts it seldom says how long it may be waited for (patience_ms, else 5 minutes), also by a start.
 * What fires and finds no room in the event is counted in `more`, and told as a number.
 *
 * Folding.  A group is a check, at home where it fires, and each of its alerts is one that needs it:
 *
 *	alert:HighLoad@dublin ◄── HighLoad{instance=nas:9100}@dublin
 *	                      ◄── HighLoad{instance=vm1:9100}@dublin
 *
 * So incidents of alerts have the same owners, and are opened, told, silenced, merged and ended as
 * all others.  An alert that has ended stays one of the checks while an incident lists it.
 */
#ifndef CORE_ALERT_ALERTS_H
#define CORE_ALERT_ALERTS_H

#include "base/series.h"
#include "base/time.h"

/* Without an end an alert is over when it wasn't posted for so long. */
#define ALERTS_RESOLVE_MS (5 * MINUTE_MS)
/* What fires beyond these in a group is counted. */
#define ALERTS_LISTED_MAX 128

struct silence_label;
struct silence_verdict;

struct posted_alert { /* borrowed */
	struct labels labels, annotations;
	struct wall starts, ends; /* {0}: not said */
	const char *generator;    /* a link to the rule; NULL */
};

struct alert_view {           /* until the next input */
	const char *site;     /* that it was posted to */
	const char *check;    /* its name as a check; "": it is only counted */
	const char *group;    /* the check that it needs */
	uint64_t fingerprint; /* Alertmanager's: FNV-1a of the labels */
	struct labels labels, annotations;
	const struct silence_label *matched; /* what silences go by */
	uint32_t n_matched;
	const char *generator;             /* "" */
	struct wall starts, ends, updated; /* ends and updated only where it was posted; else {0} */
	bool is_ours, is_firing;
	const struct silence_verdict *silences; /* that match it, whether they are on or not */
	bool is_inhibited;
	uint64_t inhibited_by; /* fingerprint */
};

#endif
