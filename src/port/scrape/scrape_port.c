/* SPDX-License-Identifier: Apache-2.0 */
#include "port/scrape/scrape_port.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/seldom.h"
#include "port/files/files.h"
#include "port/scrape/fetch.h"

#include <time.h>

struct scrape_port {
	struct fetch_tools tools; /* of all fetches */
	struct scraper *scraper;
	uv_timer_t timer;
	unsigned n_open;        /* parts that are not closed yet */
	struct seldom failures; /* that couldn't be written down */
	bool is_running, is_closing;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

struct now scrape_port_now(void)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	return (struct now){
		.mono = { (int64_t)(uv_hrtime() / 1000000) },
		.wall = { wall.tv_sec * 1000 + wall.tv_nsec / 1000000 },
	};
}

/* As Prometheus 3.5 writes it, but for `source`, which names a line of its code. */
static void write_failure(struct scrape_port *p, const struct scrape_target *t)
{
	scoped(str_fini) struct str line = STR_EMPTY;
	struct now now = scrape_port_now();
	struct err e = { 0 };
	uint32_t left_out;
	struct json_out w;

	json_begin(&w, &line);
	json_object_open(&w, NULL);
	json_time(&w, "time", now.wall);
	json_text(&w, "level", "ERROR");
	json_text(&w, "source", "scrape");
	json_text(&w, "msg", t->last.error);
	json_text(&w, "job_name", t->job->config->job_name);
	json_text(&w, "target", t->spec.url);
	json_close(&w);
	str_addc(&line, '\n');
	if (file_append(t->job->config->terms.failure_log_file, &line, &e) != RC_OK &&
		seldom_may_write(&p->failures, now.mono, &left_out))
		log_warning("scrape: writing scrape_failure_log_file: %s", e.text);
}

static void carry_out(struct scrape_port *p, const struct scrape_effect *effect)
{
	switch (effect->order) {
	case SCRAPE_START:
		fetch_start(&p->tools, effect->target);
		return;
	case SCRAPE_CANCEL:
		fetch_cancel(effect->target);
		return;
	case SCRAPE_TELL:
		write_failure(p, effect->target);
		return;
	case SCRAPE_FORGET:
		fetch_free(effect->target);
		return;
	}
}

static void on_timer(uv_timer_t *timer)
{
	scrape_port_wake(timer->data);
}

static void arm(struct scrape_port *p)
{
	int64_t wake_ms = scraper_wake_ms(p->scraper), now_ms = scrape_port_now().mono.ms;

	if (wake_ms == NEVER_MS) {
		uv_timer_stop(&p->timer);
		return;
	}
	uv_update_time(p->tools.connections.loop);
	uv_timer_start(&p->timer, on_timer, wake_ms > now_ms ? (uint64_t)(wake_ms - now_ms) : 0, 0);
}

/* A fetch may end while its effect is being carried out, and so call this again. */
void scrape_port_wake(struct scrape_port *p)
{
	struct scrape_effect effect;
	struct err trouble;

	if (p->is_running || p->is_closing)
		return;
	p->is_running = true;
	scraper_step(p->scraper, scrape_port_now());
	while (scraper_effect(p->scraper, &effect))
		carry_out(p, &effect);
	p->is_running = false;
	scraper_trouble(p->scraper, &trouble);
	if (trouble.rc != RC_OK)
		log_warning("scrape: storing the end of a target's series: %s", trouble.text);
	arm(p);
}

static void on_fetched(void *ctx)
{
	struct scrape_port *p = ctx;
	struct scrape_effect effect;

	if (p->is_running || p->is_closing)
		return;
	p->is_running = true;
	while (scraper_effect(p->scraper, &effect))
		carry_out(p, &effect);
	p->is_running = false;
	arm(p);
}

struct scrape_port *scrape_port_new(uv_loop_t *loop, struct scraper *s)
{
	struct scrape_port *p = must_alloc(sizeof *p);

	p->scraper = s;
	p->tools.connections.loop = loop;
	p->tools.connections.resolver = resolver_new(loop);
	p->tools.http = http_client_new(loop);
	p->tools.scraper = s;
	p->tools.fetched = on_fetched;
	p->tools.ctx = p;
	must(uv_timer_init(loop, &p->timer) == 0);
	p->timer.data = p;
	p->n_open = 3;
	return p;
}

void scrape_port_use_pages(struct scrape_port *p, const struct scrape_pages *pages)
{
	p->tools.pages = *pages;
}

static void release(void *ctx)
{
	struct scrape_port *p = ctx;
	void (*closed)(void *) = p->closed;
	void *closed_ctx = p->closed_ctx;

	if (--p->n_open > 0)
		return;
	unpacker_fini(&p->tools.unpacker);
	free(p);
	if (closed)
		closed(closed_ctx);
}

static void on_timer_closed(uv_handle_t *handle)
{
	release(handle->data);
}

static void free_fetches(struct scrape_port *p)
{
	for (uint32_t i = 0; i < scraper_job_count(p->scraper); i++) {
		const struct scrape_job *j = scraper_job(p->scraper, i);

		for (uint32_t k = 0; k < j->n_targets; k++)
			fetch_free(j->targets[k]);
	}
}

void scrape_port_close(struct scrape_port *p, void (*closed)(void *ctx), void *ctx)
{
	struct scrape_effect effect;

	p->is_closing = true;
	p->closed = closed;
	p->closed_ctx = ctx;
	while (scraper_effect(p->scraper, &effect)) /* of targets that are in no job any more */
		if (effect.order == SCRAPE_FORGET)
			fetch_free(effect.target);
	free_fetches(p);
	resolver_close(p->tools.connections.resolver, release, p);
	http_client_close(p->tools.http, release, p);
	uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}
