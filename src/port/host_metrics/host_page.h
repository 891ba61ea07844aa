/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_page: this machine's metrics for many readers: collected on the pool, and not more often
 * than each HOST_PAGE_FRESH_MS.
 *
 *	IDLE ──read──► COLLECTING ──► all who wait get the text ──► FRESH ──a second──► IDLE
 *	                  └── a collector hangs: who waits is refused after HOST_PAGE_PATIENCE_MS
 *
 * A file system whose server is gone may hold a collector for as long as the kernel likes: that
 * costs one thread of the pool, whoever asks.
 *
 * All calls from the loop's thread.
 */
#ifndef PORT_HOST_METRICS_HOST_PAGE_H
#define PORT_HOST_METRICS_HOST_PAGE_H

#include "port/host_metrics/host_metrics.h"

#include <uv.h>

#define HOST_PAGE_FRESH_MS    1000
#define HOST_PAGE_PATIENCE_MS 10000

struct host_page;
struct host_page *host_page_new(uv_loop_t *loop);
/* Waits for a collector that runs; who waits is refused before. */
void host_page_close(struct host_page *p, void (*closed)(void *ctx), void *ctx);

/* Folder of *.prom files, copied; NULL: none.  Holds from the next collection on. */
void host_page_use(struct host_page *p, const char *textfile);

/* Have the disks' own reports in it, as `program` (smartctl, kept) gives them; for good. */
void host_page_watch_disks(struct host_page *p, const char *program);

struct host_page_reader { /* the caller's; lives until `done` or host_page_leave() */
	/* `why` NULL: `text` is the page, which lives until this returns. */
	void (*done)(void *ctx, const struct str *text, const char *why);
	void *ctx;
	struct host_page_reader *next; /* private */
	uint64_t since_ms;             /* private */
};
/* `done` may be called before this returns. */
void host_page_read(struct host_page *p, struct host_page_reader *r);
void host_page_leave(struct host_page *p, struct host_page_reader *r);

#endif
