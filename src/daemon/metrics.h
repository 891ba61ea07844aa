/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics: the samples of this site: finds targets, scrapes them, keeps what they send, has the
 * store's background work done on the pool, and says in the log what was found damaged.
 *
 *	lab.yaml ─► discoverer ─► discovery ─► scraper ⇄ scrape_port ⇄ targets
 *	                                          └─► store ⇄ pool
 *
 * All calls from the loop's thread.
 */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include "core/lab/lab.h"
#include "core/metrics/store.h"
#include "daemon/own.h"

#include <uv.h>

struct metrics;
struct scraper; /* core/scrape/scraper.h */
struct outside;

/* Opens the store in `folder`, which is made if it doesn't exist; nothing is scraped yet. */
enum rc metrics_start(struct metrics **ret, uv_loop_t *loop, const char *folder,
	const struct lab_metrics *declared, struct err *e) MUST_USE;
/* Scrape what the lab declares, and what the site knows to scrape by itself, from now on.  The lab
 * is needed during the call only; the API stays, until metrics_stop().
 * RC_INPUT: it can't be read, and what was scraped before goes on. */
enum rc metrics_declare(struct metrics *m, const struct own_of *of, struct err *e) MUST_USE;
/* What the global section in force says that isn't about scraping, once something was declared. */
struct metrics_global {
	int64_t evaluation_interval_ms, rule_query_offset_ms;
	const char *query_log_file;    /* NULL: none; until the next declaration */
	struct labels external_labels; /* variables replaced; until the next declaration */
};
struct metrics_global metrics_global(const struct metrics *m);
struct host_page *metrics_host_page(const struct metrics *m);
struct store *metrics_store(const struct metrics *m);
void metrics_look(struct metrics *m); /* the store may have work */
/* `worked` is called from the loop whenever it has done some. */
void metrics_tell(struct metrics *m, void (*worked)(void *ctx), void *ctx);
const struct scraper *metrics_scraper(const struct metrics *m);
struct outside *metrics_outside_server(const struct metrics *m); /* port/outside; used or not */
/* What there is to tell of sending samples on, for /metrics. */
void metrics_write_metrics(const struct metrics *m, struct str *out);
/* No more work is begun, and nothing scraped; what runs is waited for.  Then `stopped` is called from the loop. */
void metrics_stop(struct metrics *m, void (*stopped)(void *ctx), void *ctx);
/* After that, and after the last view is gone. */
void metrics_free(struct metrics *m);
SCOPED_BY(metrics_free, struct metrics *)

#endif
