/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: an Alertmanager configuration, for those who bring one.
 * https://prometheus.io/docs/alerting/latest/configuration/
 *
 * Routes, inhibition and time intervals are Alertmanager's whole.  Receivers are known by name; what
 * one of them wants that we can't serve is refused by name.
 */
#ifndef CORE_ALERTMANAGER_CONFIG_H
#define CORE_ALERTMANAGER_CONFIG_H

#include "base/doc_reader.h"
#include "base/http_written.h"
#include "base/matcher_list.h"
#include "base/tz.h"

#define ALERTMANAGER_ROUTES_MAX 4096 /* in one tree */
#define INHIBIT_RULES_MAX       64   /* sets of them are words */

enum integration_kind { INTEGRATION_WEBHOOK, INTEGRATION_DISCORD, INTEGRATION_EMAIL };

struct integration { /* one way in which a receiver is told */
	enum integration_kind kind;
	bool is_told_resolved;
	uint32_t alerts_most;              /* WEBHOOK: in one post; 0: all */
	struct secret url;                 /* WEBHOOK, DISCORD */
	const struct http_written *http;   /* WEBHOOK, DISCORD; NULL: plainly */
	const char *to, *from, *smarthost; /* EMAIL */
	int8_t needs_tls;                  /* EMAIL */
};

struct receiver {
	const char *name;
	struct integration *integrations;
	uint32_t n_integrations;
	struct place place;
	/* Not read, but for whoever has channels: bit n, it is told through the n-th. */
	uint32_t channels;
};

/* Both ends included. */
struct interval_range {
	int first, last;
};
struct interval_ranges {
	struct interval_range *v;
	uint32_t n;
	bool is_said; /* else all of them */
};
struct time_interval {
	struct interval_ranges times;    /* minutes of the day; the last is not included */
	struct interval_ranges weekdays; /* 0: Sunday */
	struct interval_ranges days;     /* of the month; negative ones count from its end */
	struct interval_ranges months, years;
	const struct tz *zone;
};
struct time_intervals { /* of one name */
	const char *name;
	struct time_interval *v;
	uint32_t n;
};

struct alert_route {
	const struct alert_route *parent;
	const char *receiver;
	uint32_t number;              /* 0: the root; in the order of the file */
	struct matcher_list matchers; /* in order */
	struct doc_texts group_by;
	bool is_by_all; /* each alert is a group */
	int64_t group_wait_ms, group_interval_ms, repeat_interval_ms;
	const struct time_intervals **mute, **active;
	uint32_t n_mute, n_active;
	bool goes_on; /* `continue`: its neighbours are tried, too */
	struct alert_route *routes;
	uint32_t n_routes;
};

struct inhibit_rule {
	struct matcher_list sources, targets;
	struct doc_texts equal;
};

struct alertmanager {
	struct arena arena; /* owns all below but the matchers */
	int64_t resolve_timeout_ms;
	struct alert_route *root;
	uint32_t n_routes;
	struct receiver *receivers;
	struct inhibit_rule *inhibit_rules;
	struct time_intervals *intervals;
	uint32_t n_receivers, n_inhibit_rules, n_intervals;
};

struct alertmanager_world {
	void *ctx;
	/* NULL when unknown; outlives the configuration. */
	const struct tz *(*zone)(void *ctx, const char *name);
};

/* RC_INPUT when there are new errors among the findings (then *ret is untouched). */
enum rc alertmanager_read(struct alertmanager **ret, const struct doc *doc,
	const struct alertmanager_world *world, struct findings *findings, struct err *e) MUST_USE;
/* The file again, without what is secret: what amtool takes. */
void alertmanager_show(const struct doc_node *root, struct str *out);
void alertmanager_free(struct alertmanager *a);
SCOPED_BY(alertmanager_free, struct alertmanager *)

#endif
