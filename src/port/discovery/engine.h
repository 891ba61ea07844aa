/* SPDX-License-Identifier: Apache-2.0 */
/* engine: what one mechanism is to discovery.c. */
#ifndef PORT_DISCOVERY_ENGINE_H
#define PORT_DISCOVERY_ENGINE_H

#include "port/discovery/discovery.h"
#include "port/http/http.h"
#include "port/probe/resolve.h"

struct sd; /* one service discovery of one job */

struct sd_engine {
	/* Make what `own` points to; refresh() follows at once. */
	void (*start)(struct sd *sd);
	/* Look again; called every refresh_ms, and never while it is busy.  Ends with sd_done(). */
	void (*refresh)(struct sd *sd);
	/* No callback may come after this; close handles with sd_close_handle(). */
	void (*stop)(struct sd *sd);
	/* Free `own`, when all handles are closed. */
	void (*free)(struct sd *sd);
};
extern const struct sd_engine file_sd_engine, http_sd_engine, dns_sd_engine, kubernetes_sd_engine;

struct sd {
	struct discoverer *discoverer;
	const struct sd_engine *engine; /* NULL: static */
	const struct sd_config *config;
	struct discovery_from from;
	int64_t refresh_ms;
	void *own;
	bool is_busy, is_closing;
	uv_timer_t timer;
	struct sd_state state;
};

uv_loop_t *sd_loop(const struct sd *sd);
struct http_client *sd_http_client(struct sd *sd);
struct resolver *sd_resolver(struct sd *sd);
/* Count a handle of the engine's, and close it; its `data` must not be used then. */
void sd_open_handle(struct sd *sd, uv_handle_t *handle);
void sd_close_handle(struct sd *sd, uv_handle_t *handle);

/* Groups by source; `is_whole`: sources that aren't among them are gone. */
void sd_found(struct sd *sd, const struct target_group *groups, uint32_t n, bool is_whole);
/* The end of a refresh; `why` NULL: it went well. */
void sd_done(struct sd *sd, const char *why);
/* Look again now, or as soon as what is under way is done. */
void sd_refresh_now(struct sd *sd);

#endif
