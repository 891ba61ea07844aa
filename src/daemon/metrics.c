/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/metrics.h"

#include "base/finding.h"
#include "base/log.h"
#include "daemon/common.h"
#include "port/blockfiles/blockfiles.h"
#include "port/discovery/discovery.h"
#include "port/files/lab_files.h"
#include "port/os/os.h"
#include "port/scrape/scrape_port.h"

#define WORKS_MAX 2    /* pieces of background work at once; the other threads are for queries */
#define TICK_MS   1000 /* the longest between two looks at what the store wants done */

struct chore {
	uv_work_t work;
	struct metrics *of;
	struct store_work *what;
};

struct metrics {
	uv_loop_t *loop;
	struct blockfiles *files;
	struct store *store;
	struct scraper *scraper;
	struct scrape_port *port;
	struct scrape_configs *configs; /* NULL: nothing declared yet */
	struct discovery *discovery;
	struct discoverer *discoverer;
	uv_timer_t tick;
	uint32_t n_works;
	uint64_t findings_told; /* so many of them are in the log */
	uint32_t open_ports;    /* that have not closed yet, while it stops */
	bool is_stopping;
	void (*stopped)(void *ctx);
	void *ctx;
};

static void tell_findings(struct metrics *m)
{
	struct store_findings f = store_findings(m->store);
	uint64_t all = f.left_out + f.n;

	for (uint64_t i = m->findings_told > f.left_out ? m->findings_told : f.left_out; i < all;
		i++) {
		const struct store_finding *one = &f.v[i - f.left_out];

		log_warning("metrics: %s: %s", one->file, one->text);
	}
	m->findings_told = all;
}

/* ---- work on the pool */

static void look_for_work(struct metrics *m);

static void on_closed(uv_handle_t *h)
{
	struct metrics *m = h->data;

	m->stopped(m->ctx);
}

static void leave_if_done(struct metrics *m)
{
	if (m->is_stopping && !m->n_works && !m->open_ports &&
		!uv_is_closing((uv_handle_t *)&m->tick))
		uv_close((uv_handle_t *)&m->tick, on_closed);
}

static void run(uv_work_t *work)
{
	struct chore *p = work->data;

	store_work_run(p->what);
}

static void on_done(uv_work_t *work, int status)
{
	struct chore *p = work->data;
	struct metrics *m = p->of;
	const char *kind = store_work_kind_text(store_work_kind(p->what));
	struct err e = { 0 };

	must(status == 0);
	if (store_work_done(m->store, p->what, &e) != RC_OK)
		log_warning("metrics: %s: %s", kind, e.text);
	free(p);
	m->n_works--;
	tell_findings(m);
	look_for_work(m);
	leave_if_done(m);
}

static void begin(struct metrics *m, struct store_work *what)
{
	struct chore *p = must_alloc(sizeof *p);

	p->work.data = p;
	p->of = m;
	p->what = what;
	m->n_works++;
	must(uv_queue_work(m->loop, &p->work, run, on_done) == 0);
}

static void sync_targets(struct metrics *m);

static void on_tick(uv_timer_t *t)
{
	struct metrics *m = t->data;

	sync_targets(m);
	look_for_work(m);
}

static void look_for_work(struct metrics *m)
{
	struct now now = daemon_now();
	struct mono wake = { now.mono.ms + TICK_MS };

	while (!m->is_stopping && m->n_works < WORKS_MAX) {
		struct store_work *what = store_due(m->store, now, &wake);

		if (!what)
			break;
		begin(m, what);
	}
	if (m->is_stopping)
		return;
	if (wake.ms > now.mono.ms + TICK_MS)
		wake.ms = now.mono.ms + TICK_MS;
	uv_timer_start(&m->tick, on_tick,
		wake.ms > now.mono.ms ? (uint64_t)(wake.ms - now.mono.ms) : 0, 0);
}

/* ---- targets */

static void hand_over(struct metrics *m, const struct discovery_change *change, struct now now)
{
	const char *job = m->configs->v[change->job].job_name;
	struct target_list list;
	struct err e = { 0 };
	enum rc rc;

	target_list_init(&list);
	rc = target_list_copy(change->targets, &list, &e);
	if (rc == RC_OK)
		rc = scraper_set_targets(m->scraper, job, &list, now, &e);
	if (rc != RC_OK)
		log_warning("metrics: the targets of job %s: %s", job, e.text);
	if (list.n_failed)
		log_warning("metrics: job %s: %llu targets can't be scraped: %s", job,
			(unsigned long long)list.n_failed, list.failure);
	target_list_fini(&list);
}

/* Hand the scraper the lists that have changed. */
static void sync_targets(struct metrics *m)
{
	struct now now = daemon_now();
	struct discovery_change change;
	struct err e = { 0 };
	bool has = m->discovery != NULL, is_new = false;

	while (has && discovery_due(m->discovery).ms <= now.mono.ms) {
		if (discovery_sync(m->discovery, now.mono, &change, &has, &e) != RC_OK) {
			log_warning("metrics: %s", e.text);
			break;
		}
		if (!has)
			break;
		is_new = true;
		hand_over(m, &change, now);
	}
	if (is_new)
		scrape_port_wake(m->port);
}

static void on_found(void *ctx, const struct discovered *found)
{
	struct metrics *m = ctx;
	struct err e = { 0 };

	if (discovery_take(m->discovery, found, daemon_now().mono, &e) != RC_OK)
		log_warning("metrics: %s", e.text);
	sync_targets(m);
}

enum rc metrics_declare(struct metrics *m, const struct lab_metrics *declared, struct err *e)
{
	scoped(findings_fini) struct findings findings = { 0 };
	struct scrape_configs *configs = NULL, *old = m->configs;
	enum rc rc = metrics_jobs(declared, &configs, &findings, e);

	if (rc != RC_OK)
		return rc;
	if (m->discoverer)
		discoverer_close(m->discoverer, NULL, NULL);
	discovery_free(m->discovery);
	m->configs = configs;
	m->discovery = discovery_new(configs);
	scraper_set_jobs(m->scraper, configs, daemon_now());
	m->discoverer = discoverer_new(&(struct discoverer_wish){ .loop = m->loop,
		.configs = configs,
		.found = on_found,
		.ctx = m });
	scrape_configs_free(old);
	sync_targets(m);
	scrape_port_wake(m->port);
	return RC_OK;
}

/* ---- life cycle */

static enum rc open_store(struct metrics *m, const char *folder, const struct lab_metrics *declared,
	struct err *e)
{
	const struct store_settings settings = { .retention_ms = declared->retention_ms,
		.retention_bytes = declared->retention_bytes,
		.out_of_order_ms = declared->out_of_order_ms };
	enum rc rc = blockfiles_open(&m->files, folder, e);

	if (rc == RC_OK)
		rc = store_open(&m->store, blockfiles_port(m->files), &settings, daemon_now(), e);
	return rc == RC_OK ? RC_OK : err_in(e, rc, "metrics in %s", folder);
}

enum rc metrics_start(struct metrics **ret, uv_loop_t *loop, const char *folder,
	const struct lab_metrics *declared, struct err *e)
{
	scoped(metrics_free) struct metrics *m = must_alloc(sizeof *m);
	struct scraper_wish wish = { 0 };
	enum rc rc = open_store(m, folder, declared, e);

	if (rc != RC_OK)
		return rc;
	m->loop = loop;
	wish.sink = store_sink(m->store);
	os_random(NULL, &wish.secret, sizeof wish.secret);
	os_random(NULL, &wish.offset_seed, sizeof wish.offset_seed);
	m->scraper = scraper_new(&wish);
	m->port = scrape_port_new(loop, m->scraper);
	uv_timer_init(loop, &m->tick);
	m->tick.data = m;
	tell_findings(m);
	look_for_work(m);
	*ret = TAKE(m);
	return RC_OK;
}

struct store *metrics_store(const struct metrics *m)
{
	return m->store;
}

const struct scraper *metrics_scraper(const struct metrics *m)
{
	return m->scraper;
}

static void port_closed(void *ctx)
{
	struct metrics *m = ctx;

	m->open_ports--;
	leave_if_done(m);
}

void metrics_stop(struct metrics *m, void (*stopped)(void *ctx), void *ctx)
{
	m->is_stopping = true;
	m->stopped = stopped;
	m->ctx = ctx;
	m->open_ports = 1 + (m->discoverer != NULL);
	uv_timer_stop(&m->tick);
	scrape_port_close(m->port, port_closed, m);
	if (m->discoverer)
		discoverer_close(m->discoverer, port_closed, m);
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	scraper_free(m->scraper);
	discovery_free(m->discovery);
	scrape_configs_free(m->configs);
	store_close(m->store);
	blockfiles_close(m->files);
	free(m);
}
