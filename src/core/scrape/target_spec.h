/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target_spec: from what was discovered to what is scraped.
 *
 *	target_group ──► discovered labels ──► relabel_configs ──► target_spec: labels, URL, times
 *	                                              └─ dropped: kept, so that people see why
 *
 * Source: PopulateLabels and Target.URL of Prometheus 3.5's scrape/target.go, Sync of scrape.go.
 */
#ifndef CORE_SCRAPE_TARGET_SPEC_H
#define CORE_SCRAPE_TARGET_SPEC_H

#include "core/scrape/config.h"

struct target_spec {
	struct labels labels; /* of its samples: job, instance, ...; nothing that begins with __ */
	struct labels discovered; /* before relabelling */
	const char *url;          /* with the query */
	const char *scheme;       /* "http" or "https" */
	const char *address;      /* host, or host:port, as it stands in the URL */
	int64_t interval_ms, timeout_ms;
	uint64_t hash; /* of labels and URL: the same target has the same */
};

struct target_list {
	struct arena arena;         /* owns all below */
	struct target_spec *active; /* each hash once */
	uint32_t n_active, cap_active;
	struct labels *dropped; /* discovered labels; at most keep_dropped_targets of them */
	uint32_t n_dropped_kept, cap_dropped;
	uint64_t n_dropped; /* all */
	uint64_t n_failed;  /* targets that can't be scraped: no address, a bad interval ... */
	char failure[256];  /* of the first of them; "" */
	bool over_limit;    /* more than target_limit: each scrape of the job must fail */
};

void target_list_init(struct target_list *l);
void target_list_fini(struct target_list *l);
SCOPED_FINI(target_list_fini, struct target_list)

/* Add the targets of one group.  RC_LIMIT when the list's memory is used up. */
enum rc target_list_add(struct target_list *l, const struct scrape_config *c,
	const struct target_group *g, struct err *e) MUST_USE;
/* A list of its own that says the same; `to` is empty before.  RC_LIMIT as above. */
enum rc target_list_copy(const struct target_list *from, struct target_list *to,
	struct err *e) MUST_USE;
/* After the last group: duplicates leave, target_limit is judged. */
void target_list_finish(struct target_list *l, const struct scrape_config *c);

#endif
