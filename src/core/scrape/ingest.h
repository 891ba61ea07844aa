/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ingest: one body of one target, as it arrives, into samples of the sink.
 *
 *	begin ─► feed, feed, ... ─► end ─► samples, stale marks, report ─► commit
 *	                         └► fail ─► stale marks, report ─────────► commit
 *
 * Nothing of a body reaches the sink before all of it was read without error: a body is taken whole
 * or not at all.  Until then a sample is 24 bytes that wait.
 *
 * What a target does wrong that isn't a reason to refuse the body (samples out of order, twice, of
 * next year; new series without end) is counted, and the samples are left out.
 *
 * Source: scrapeAndReport and append of Prometheus 3.5's scrape/scrape.go.
 */
#ifndef CORE_SCRAPE_INGEST_H
#define CORE_SCRAPE_INGEST_H

#include "core/scrape/labelling.h"
#include "core/scrape/lines.h"
#include "core/scrape/sayings.h"

#define SCRAPE_AHEAD_MAX_MS (10 * 60 * 1000) /* samples further in the future are refused */

/* The series about a target itself.  All but the first five only with extra-scrape-metrics, which
 * isn't a default. */
enum scrape_report {
	REPORT_UP,
	REPORT_DURATION,
	REPORT_SCRAPED,
	REPORT_POST_RELABELING,
	REPORT_SERIES_ADDED,
	SCRAPE_REPORTS
};

/* What became of the samples that weren't taken. */
enum scrape_loss {
	LOSS_OUT_OF_ORDER,
	LOSS_DUPLICATE,     /* the same series twice in a body, or another value at that time */
	LOSS_OUT_OF_BOUNDS, /* too old, or too far in the future */
	LOSS_NEW_SERIES,    /* the target begins too many series, or the store is full of them */
	LOSS_FORGOTTEN,     /* the store had dropped the series; its next sample begins it anew */
	LOSS_EXEMPLAR,      /* they took too much memory */
	LOSS_UNSUPPORTED,   /* native histograms, to a store that doesn't take them */
	SCRAPE_LOSSES
};
const char *scrape_loss_name(enum scrape_loss l); /* "out_of_order" */
const char *scrape_loss_text(enum scrape_loss l); /* "out of order" */

/* What stays of a target between bodies. */
struct ingest_memory {
	struct lines lines;
	series_ref reports[SCRAPE_REPORTS]; /* 0: ask */
	uint64_t n_body_last;               /* bytes of the last one that was not empty */
	uint32_t new_series_left;           /* that it may begin now */
	int64_t new_series_ms;              /* when that was reckoned */
};

void ingest_memory_init(struct ingest_memory *m);
void ingest_memory_fini(struct ingest_memory *m);

/* Of one body, for the target's state and its report. */
struct ingest_result {
	bool is_ok;
	bool is_unread;        /* there was no whole body, or one over its limit */
	uint32_t n_scraped;    /* samples in the body */
	uint32_t n_relabelled; /* left after metric_relabel_configs */
	uint32_t n_added;      /* series that are new to the target */
	uint64_t n_bytes;      /* of the body, unpacked */
	uint32_t losses[SCRAPE_LOSSES];
	char offender[96];        /* the first line that lost its sample, where it is known; "" */
	char error[ERR_TEXT_MAX]; /* "" when ok */
};

struct pending;

/* Shared by all targets. */
struct ingest_tools {
	const struct series_sink *sink;
	struct labelling labelling;
	struct sayings sayings;
	uint64_t seed;         /* secret, of this process: nobody can make lines that collide */
	struct pending *spare; /* room for samples, handed from body to body; NULL: in use */
	uint32_t cap_spare;
};

void ingest_tools_init(struct ingest_tools *t, const struct series_sink *sink, uint64_t seed);
void ingest_tools_fini(struct ingest_tools *t); /* when no body is on its way */

struct ingest; /* one body on its way */

struct ingest_wish {
	struct ingest_tools *tools;
	struct ingest_memory *memory;
	const struct scrape_config *config;
	const struct labels *target;
	int64_t t_ms;   /* of samples without a time */
	int64_t now_ms; /* by the wall */
};
struct ingest *ingest_begin(const struct ingest_wish *w);
/* Before the first bytes.  Of what kind they are matters when there are some. */
void ingest_content_type(struct ingest *g, const char *content_type);
/* More of the body, unpacked.  An error fails the body, and is remembered: there is no use in
 * feeding more. */
enum rc ingest_feed(struct ingest *g, const char *bytes, size_t n, struct err *e) MUST_USE;

/* The body is there, or ingest_feed() has failed.  `took_s` goes into the report.  Commits, frees
 * `g`. */
struct ingest_result ingest_end(struct ingest *g, double took_s);
/* There is no whole body, because of `why`. */
struct ingest_result ingest_fail(struct ingest *g, const char *why, double took_s);
/* As if it had never begun. */
void ingest_drop(struct ingest *g);
/* What its comments say is still needed: before sayings_sweep(). */
void ingest_mark_sayings(const struct ingest *g);

/* The target is gone: everything that it said ends at `t_ms`, its report too. */
enum rc ingest_farewell(struct ingest_tools *tools, const struct ingest_memory *m, int64_t t_ms,
	struct err *e) MUST_USE;

#endif
