/* SPDX-License-Identifier: Apache-2.0 */
#include "port/discovery/discovery.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "port/discovery/engine.h"

#include <stdio.h>

struct discoverer {
	struct discoverer_wish wish;
	struct sd *sds; /* of all jobs, one after the other */
	uint32_t n_sds;
	uint32_t *first;          /* by job: index into sds */
	struct http_client *http; /* made when they are first needed */
	struct resolver *resolver;
	uint32_t n_open; /* handles and clients that must close before the memory goes */
	bool is_closing;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

static const struct sd_engine *const engines[SD_KINDS] = {
	[SD_FILE] = &file_sd_engine,
	[SD_HTTP] = &http_sd_engine,
	[SD_DNS] = &dns_sd_engine,
	[SD_KUBERNETES] = &kubernetes_sd_engine,
};

static int64_t refresh_of(const struct sd_config *c)
{
	switch (c->kind) {
	case SD_FILE:
		return c->file.refresh_ms;
	case SD_HTTP:
		return c->http.refresh_ms;
	case SD_DNS:
		return c->dns.refresh_ms;
	default:
		return 0; /* by itself */
	}
}

static void release(struct discoverer *d)
{
	void (*closed)(void *) = d->closed;
	void *ctx = d->closed_ctx;

	if (--d->n_open > 0)
		return;
	for (uint32_t i = 0; i < d->n_sds; i++)
		if (d->sds[i].engine)
			d->sds[i].engine->free(&d->sds[i]);
	free(d->sds);
	free(d->first);
	free(d);
	if (closed)
		closed(ctx);
}

static void on_handle_closed(uv_handle_t *handle)
{
	release(handle->data);
}

static void on_part_closed(void *ctx)
{
	release(ctx);
}

void sd_open_handle(struct sd *sd, uv_handle_t *handle)
{
	(void)handle;
	sd->discoverer->n_open++;
}

void sd_close_handle(struct sd *sd, uv_handle_t *handle)
{
	handle->data = sd->discoverer;
	uv_close(handle, on_handle_closed);
}

uv_loop_t *sd_loop(const struct sd *sd)
{
	return sd->discoverer->wish.loop;
}

struct http_client *sd_http_client(struct sd *sd)
{
	struct discoverer *d = sd->discoverer;

	if (!d->http) {
		d->http = http_client_new(d->wish.loop);
		d->n_open++;
	}
	return d->http;
}

struct resolver *sd_resolver(struct sd *sd)
{
	struct discoverer *d = sd->discoverer;

	if (!d->resolver) {
		d->resolver = resolver_new(d->wish.loop);
		d->n_open++;
		if (d->wish.name_server)
			resolver_use_server(d->resolver, d->wish.name_server);
	}
	return d->resolver;
}

void sd_found(struct sd *sd, const struct target_group *groups, uint32_t n, bool is_whole)
{
	const struct discovered found = { sd->from, groups, n, is_whole };

	sd->discoverer->wish.found(sd->discoverer->wish.ctx, &found);
}

static const char *job_of(const struct sd *sd)
{
	return sd->discoverer->wish.configs->v[sd->from.job].job_name;
}

/* A failure is logged when it is new, and its end. */
void sd_done(struct sd *sd, const char *why)
{
	bool is_new = !str_eq(sd->state.error, why ? why : "");

	sd->is_busy = false;
	sd->state.n_refreshes++;
	sd->state.n_failures += why != NULL;
	if (!why)
		sd->state.last_success.ms = (int64_t)uv_now(sd_loop(sd));
	if (is_new && why)
		log_warning("job %s: %s_sd: %s", job_of(sd), sd_kind_name(sd->config->kind), why);
	else if (is_new)
		log_info("job %s: %s_sd works again", job_of(sd), sd_kind_name(sd->config->kind));
	snprintf(sd->state.error, sizeof sd->state.error, "%.*s",
		(int)utf8_most(why ? why : "", sizeof sd->state.error - 1), why ? why : "");
}

static void refresh(struct sd *sd)
{
	if (sd->is_busy || sd->is_closing)
		return;
	sd->is_busy = true;
	sd->engine->refresh(sd);
}

static void on_timer(uv_timer_t *timer)
{
	refresh(timer->data);
}

void sd_refresh_now(struct sd *sd)
{
	refresh(sd);
}

static void start(struct discoverer *d, struct sd *sd)
{
	if (!sd->engine)
		return;
	must(uv_timer_init(d->wish.loop, &sd->timer) == 0);
	sd->timer.data = sd;
	d->n_open++;
	sd->engine->start(sd);
	uv_timer_start(&sd->timer, on_timer, 0, (uint64_t)sd->refresh_ms);
}

static uint32_t count(const struct scrape_configs *c)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->n; i++)
		n += c->v[i].n_sds;
	return n;
}

struct discoverer *discoverer_new(const struct discoverer_wish *w)
{
	struct discoverer *d = must_alloc(sizeof *d);
	const struct scrape_configs *c = w->configs;

	d->wish = *w;
	d->n_open = 1; /* the owner */
	d->sds = must_alloc((count(c) + 1) * sizeof *d->sds);
	d->first = must_alloc((c->n + 1) * sizeof *d->first);
	for (uint32_t i = 0; i < c->n; i++) {
		d->first[i] = d->n_sds;
		for (uint32_t k = 0; k < c->v[i].n_sds; k++)
			d->sds[d->n_sds++] = (struct sd){
				.discoverer = d,
				.config = &c->v[i].sds[k],
				.from = { i, k },
				.engine = engines[c->v[i].sds[k].kind],
				.refresh_ms = refresh_of(&c->v[i].sds[k]),
			};
	}
	for (uint32_t i = 0; i < d->n_sds; i++)
		start(d, &d->sds[i]);
	return d;
}

void discoverer_close(struct discoverer *d, void (*closed)(void *ctx), void *ctx)
{
	if (!d)
		return;
	d->closed = closed;
	d->closed_ctx = ctx;
	d->is_closing = true;
	for (uint32_t i = 0; i < d->n_sds; i++) {
		struct sd *sd = &d->sds[i];

		sd->is_closing = true;
		if (!sd->engine)
			continue;
		sd->engine->stop(sd);
		sd_close_handle(sd, (uv_handle_t *)&sd->timer);
	}
	if (d->http)
		http_client_close(d->http, on_part_closed, d);
	if (d->resolver)
		resolver_close(d->resolver, on_part_closed, d);
	release(d);
}

const struct sd_state *discoverer_state(const struct discoverer *d, struct discovery_from from)
{
	return &d->sds[d->first[from.job] + from.sd].state;
}
