/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scraper: all targets of all jobs: when each is scraped, and how it is.
 *
 *	jobs, targets ────►┌─────────┐────► SCRAPE_START  fetch this target's URL
 *	time ─────────────►│ scraper │────► SCRAPE_CANCEL leave it
 *	bodies, failures ─►└────┬────┘────► wake me at ...
 *	                        └─ samples, stale marks, up ... ─► series_sink
 *
 *	            ┌──────────── body, failure, timeout ──────────┐
 *	WAITING ──due──► SCRAPING ─────────────────────────────────┴─► WAITING
 *	   └───────────────┴── not a target any more ──► LEAVING ──farewell──► gone
 *	   ▲───────────────── a target again ──────────────┘
 *
 * Each target has its moment within the interval, by its hash, as Prometheus has it, but moments lie
 * a fifth of the interval apart (at most a second), so that several targets are scraped in one go:
 * waking up for each costs more than reading what it sends.  The time of its samples is that moment
 * exactly while the clock is within two milliseconds of it, since regular times take no room in the
 * store.
 *
 * A target that leaves may be back at once (a discovery that flaps): its series are marked stale
 * only after it has missed two scrapes and a tenth of an interval, at the time of the first missed.
 *
 * Source: scrapeLoop.run, endOfRunStaleness and Target.offset of Prometheus 3.5's scrape/.
 */
#ifndef CORE_SCRAPE_SCRAPER_H
#define CORE_SCRAPE_SCRAPER_H

#include "base/heap.h"
#include "base/str.h"
#include "base/time.h"
#include "core/scrape/ingest.h"
#include "core/scrape/target_spec.h"

#define SCRAPE_TOLERANCE_MS 2 /* at most a hundredth of the interval */

enum target_state { TARGET_WAITING, TARGET_SCRAPING, TARGET_LEAVING, TARGET_STATES };
enum target_health { HEALTH_UNKNOWN, HEALTH_UP, HEALTH_DOWN };

struct scrape_job;

struct scrape_target {
	struct heap_node timer; /* first, so that a node is its target */
	struct scrape_job *job;
	enum target_state state;
	enum target_health health;
	bool is_wanted; /* while targets are being set */

	struct target_spec spec; /* in its job's list; of one that leaves, the times only */
	struct ingest_memory memory;
	struct ingest *body; /* SCRAPING: what has come so far */

	int64_t due_ms;     /* monotonic: the next scrape */
	int64_t planned_ms; /* the wall's time of that moment, as long as clocks agree */
	int64_t began_ms;   /* monotonic: the last scrape */
	bool was_scraped;

	int64_t last_ms; /* of the wall, of the last scrape; 0: never */
	double last_took_s;
	struct ingest_result last;
	uint64_t losses[SCRAPE_LOSSES]; /* in all scrapes */
	uint64_t n_scrapes, n_failures;

	void *port; /* whoever fetches keeps what it knows of the target here */
};

struct scrape_job {
	const struct scrape_config *config; /* NULL: no job any more, its targets leave */
	struct scrape_target **targets;     /* those that leave, too */
	uint32_t n_targets, cap_targets;
	struct target_list list; /* what was set last; owns what its targets point to */
	char over_limit[96];     /* why none is scraped; "" */
	struct str accept;       /* of its requests: the Accept header */
	/* Since it began, of targets that have left, too. */
	uint64_t n_scrapes, n_failures, n_bytes, losses[SCRAPE_LOSSES];
	bool is_wanted; /* while jobs are being set */
};

struct scraper_wish {
	const struct series_sink *sink;
	uint64_t secret;      /* random: for hashes of what targets send */
	uint64_t offset_seed; /* so that two sites don't scrape one target at one moment */
};

struct scraper;
struct scraper *scraper_new(const struct scraper_wish *w);
/* The first thing that couldn't be stored since the last call, a farewell; "" in `e` when all was. */
void scraper_trouble(struct scraper *s, struct err *ret);
void scraper_free(struct scraper *s); /* no farewells: after a restart all goes on */
SCOPED_BY(scraper_free, struct scraper *)

/* These jobs and no others from now on, told apart by name.  The configurations live until the
 * next call, or longer than the scraper.  What is on its way is cancelled, and begun again. */
void scraper_set_jobs(struct scraper *s, const struct scrape_configs *c, struct now now);
/* These are the job's targets now.  Takes the list over, and leaves an empty one.
 * RC_NOT_FOUND: no job of that name. */
enum rc scraper_set_targets(struct scraper *s, const char *job, struct target_list *list,
	struct now now, struct err *e) MUST_USE;

enum scrape_order {
	SCRAPE_START,
	SCRAPE_CANCEL,
	SCRAPE_TELL,  /* its scrape brought no body: that goes to the job's failure_log_file */
	SCRAPE_FORGET /* the target is gone: let go of what `port` holds */
};
struct scrape_effect {
	enum scrape_order order;
	struct scrape_target *target; /* lives until the next call of scraper_step() */
};
/* Time has passed.  Then take the effects, until there are none: each call above and below may
 * have some. */
void scraper_step(struct scraper *s, struct now now);
/* Each call of scraper_done() and scraper_failed() may have some, too. */
bool scraper_effect(struct scraper *s, struct scrape_effect *ret);
int64_t scraper_wake_ms(const struct scraper *s); /* monotonic; NEVER_MS */

/* What comes of a SCRAPE_START, until scraper_done(), scraper_failed() or SCRAPE_CANCEL. */
void scraper_answer(struct scrape_target *t, const char *content_type);
/* False: there is no use in more; call scraper_done(). */
bool scraper_feed(struct scrape_target *t, const char *bytes, size_t n);
void scraper_done(struct scraper *s, struct scrape_target *t, double took_s);
void scraper_failed(struct scraper *s, struct scrape_target *t, const char *why, double took_s);

/* All jobs, in the order of the configuration; behind them those whose targets leave. */
uint32_t scraper_job_count(const struct scraper *s);
const struct scrape_job *scraper_job(const struct scraper *s, uint32_t i);
/* What the target's last body that was taken says of its metrics; of `metric` alone, unless that is
 * NULL.  In order of names; good until the next body of any target. */
void scraper_said(const struct scraper *s, const struct scrape_target *t, const char *metric,
	struct said_metrics *ret);
/* What the last scrapes lost, in words: "12 samples out of order, 3 ... (first: a{b="c"})"; "". */
void scrape_target_warning(const struct scrape_target *t, struct str *out);

/* Nanoseconds until the target's next moment.  For who schedules, and tests. */
int64_t scrape_offset_ns(uint64_t target_hash, uint64_t seed, int64_t interval_ns, int64_t now_ns);

#endif
