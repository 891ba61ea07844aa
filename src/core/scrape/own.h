/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own: the jobs that nobody has to write: what the site knows how to scrape by itself.
 *
 *	diarchy/site    the site's own /metrics: checks, probes, links         job="diarchy"
 *	diarchy/host    the machine that it runs on, /metrics/host             job="node"
 *	diarchy/hosts   exporters of declared hosts: `metrics: ":9100"`        job="node"
 *
 * Each target is called like the host that it is (`instance`), and has the site's name in `site`.
 * Intervals, timeouts and protocols are the global section's; its limits are for others' targets.
 */
#ifndef CORE_SCRAPE_OWN_H
#define CORE_SCRAPE_OWN_H

#include "core/scrape/config.h"

#define OWN_SITE_PATH "/metrics"
#define OWN_HOST_PATH "/metrics/host"

struct own_host {            /* declared, at this site */
	const char *name;    /* the lab's */
	const char *address; /* NULL: none */
	const char *metrics; /* host:port of its exporter; NULL: none */
};
struct own_wish {
	const char *site;
	const char *machine;          /* what this machine calls itself */
	const char *const *addresses; /* of this machine, as texts, ended by NULL; NULL: none */
	const char *page;             /* host:port of our own pages */
	bool page_is_tls;
	bool has_host; /* this machine's metrics are wanted */
	const struct own_host *hosts;
	uint32_t n_hosts;
};

/* Add them to what was read.  A declared host that is this machine and has an exporter of its own
 * is scraped there, and not by us as well.  Copies all.  RC_CONFLICT: a job has one of the names. */
enum rc own_jobs_add(struct scrape_configs *c, const struct own_wish *w, struct err *e) MUST_USE;

#endif
