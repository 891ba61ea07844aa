/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/metrics.h"

#include "base/finding.h"
#include "base/log.h"
#include "daemon/chores.h"
#include "daemon/common.h"
#include "daemon/own.h"
#include "daemon/remote_write.h"
#include "port/blockfiles/blockfiles.h"
#include "port/discovery/discovery.h"
#include "port/files/lab_files.h"
#include "port/files/variables.h"
#include "port/os/os.h"
#include "port/outside/outside.h"
#include "port/scrape/scrape_port.h"

#define TICK_MS 1000 /* the longest between two looks at what discovery and the store want done */

struct metrics {
	uv_loop_t *loop;
	struct blockfiles *files;
	struct store *store;
	struct scraper *scraper;
	struct scrape_port *port;
	struct own_pages own;
	struct scrape_configs *configs; /* NULL: nothing declared yet */
	struct discovery *discovery;
	struct discoverer *discoverer;
	struct remote_sending *sending;
	struct outside *outside;
	struct chores *chores;
	uint32_t open_ports;       /* that have not closed yet, while it stops */
	void (*worked)(void *ctx); /* NULL: nobody waits */
	void *worked_ctx;
	void (*stopped)(void *ctx);
	void *ctx;
};

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

static void store_worked(void *ctx)
{
	const struct metrics *m = ctx;

	if (m->worked)
		m->worked(m->worked_ctx);
}

/* Hand the scraper the lists that have changed. */
static void sync_targets(void *ctx)
{
	struct metrics *m = ctx;
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

/* ---- what is declared */

static enum rc read_jobs(const struct own_of *of, struct scrape_configs **ret, struct err *e)
{
	scoped(scrape_configs_free) struct scrape_configs *configs = NULL;
	scoped(findings_fini) struct findings findings = { 0 };
	enum rc rc = metrics_jobs(&of->lab->metrics, &configs, &findings, e);

	if (rc == RC_OK)
		rc = variables_expand(&configs->global.external_labels, &configs->arena, e);
	if (rc == RC_OK)
		rc = own_jobs(of, configs, e);
	if (rc == RC_OK)
		*ret = TAKE(configs);
	return rc;
}

static enum rc use_outside(struct metrics *m, const struct lab_metrics *declared, struct err *e)
{
	scoped(findings_fini) struct findings findings = { 0 };
	struct outside_config *config;
	enum rc rc = metrics_outside(declared, &config, &findings, e);

	if (rc == RC_OK)
		outside_use(m->outside, config);
	return rc;
}

static struct store_settings settings_of(const struct lab_metrics *declared)
{
	struct store_settings settings = { .retention_ms = declared->retention_ms,
		.retention_bytes = declared->retention_bytes,
		.out_of_order_ms = declared->out_of_order_ms,
		/* 0 is the store's own default */
		.exemplars_max = declared->exemplars_max < 0 ? 0
				 : declared->exemplars_max == 0
					 ? -1
					 : (int32_t)declared->exemplars_max };

	_Static_assert(LAB_DOWNSAMPLING_MAX <= STORE_DOWNSAMPLING_MAX, "all have a place");
	for (uint32_t i = 0; i < declared->n_downsampling; i++)
		settings.downsampling[settings.n_downsampling++] =
			(struct store_downsampling){ declared->downsampling[i].offset_ms,
				declared->downsampling[i].interval_ms };
	return settings;
}

static void keep(struct metrics *m, const struct lab_metrics *declared)
{
	struct store_settings settings = settings_of(declared);

	store_keep(m->store, &settings);
	chores_look(m->chores);
}

enum rc metrics_declare(struct metrics *m, const struct own_of *of, struct err *e)
{
	struct scrape_configs *configs = NULL, *old = m->configs;
	enum rc rc = read_jobs(of, &configs, e);

	if (rc != RC_OK)
		return rc;
	keep(m, &of->lab->metrics);
	m->own.api = of->api;
	host_page_use(m->own.host, of->lab->metrics.textfile);
	if (of->lab->metrics.has_host)
		host_page_watch_disks(m->own.host, "smartctl");
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
	rc = remote_sending_declare(m->sending, &of->lab->metrics, &configs->global.external_labels,
		e);
	return rc == RC_OK ? use_outside(m, &of->lab->metrics, e) : rc;
}

/* ---- life cycle */

static enum rc open_store(struct metrics *m, const char *folder, const struct lab_metrics *declared,
	struct err *e)
{
	struct store_settings settings = settings_of(declared);
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
	struct scrape_pages pages;
	enum rc rc = open_store(m, folder, declared, e);

	if (rc != RC_OK)
		return rc;
	m->loop = loop;
	wish.sink = store_sink(m->store);
	os_random(NULL, &wish.secret, sizeof wish.secret);
	os_random(NULL, &wish.offset_seed, sizeof wish.offset_seed);
	m->scraper = scraper_new(&wish);
	m->port = scrape_port_new(loop, m->scraper);
	m->own.host = host_page_new(loop);
	pages = own_pages(&m->own);
	scrape_port_use_pages(m->port, &pages);
	m->sending = remote_sending_new(loop, m->store);
	m->outside = outside_new(loop);
	m->chores = chores_new(loop, m->store,
		&(struct chores_wish){ "metrics", TICK_MS, sync_targets, store_worked, m });
	*ret = TAKE(m);
	return RC_OK;
}

struct metrics_global metrics_global(const struct metrics *m)
{
	const struct scrape_global *g = &m->configs->global;

	return (struct metrics_global){ g->evaluation_interval_ms, g->rule_query_offset_ms,
		g->query_log_file, g->external_labels };
}

struct store *metrics_store(const struct metrics *m)
{
	return m->store;
}

struct host_page *metrics_host_page(const struct metrics *m)
{
	return m->own.host;
}

void metrics_look(struct metrics *m)
{
	chores_look(m->chores);
}

void metrics_tell(struct metrics *m, void (*worked)(void *ctx), void *ctx)
{
	m->worked = worked;
	m->worked_ctx = ctx;
}

struct outside *metrics_outside_server(const struct metrics *m)
{
	return m->outside;
}

void metrics_write_metrics(const struct metrics *m, struct str *out)
{
	if (m->sending)
		remote_sending_write_metrics(m->sending, out);
}

const struct scraper *metrics_scraper(const struct metrics *m)
{
	return m->scraper;
}

static void port_closed(void *ctx)
{
	struct metrics *m = ctx;

	if (--m->open_ports == 0)
		m->stopped(m->ctx);
}

void metrics_stop(struct metrics *m, void (*stopped)(void *ctx), void *ctx)
{
	m->stopped = stopped;
	m->ctx = ctx;
	m->open_ports = 5 + (m->discoverer != NULL);
	m->own.api = NULL;
	chores_stop(m->chores, port_closed, m);
	scrape_port_close(m->port, port_closed, m);
	host_page_close(m->own.host, port_closed, m);
	remote_sending_close(TAKE(m->sending), port_closed, m);
	outside_close(TAKE(m->outside), port_closed, m);
	if (m->discoverer)
		discoverer_close(m->discoverer, port_closed, m);
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	remote_sending_free(m->sending);
	outside_free(m->outside);
	chores_free(m->chores);
	scraper_free(m->scraper);
	discovery_free(m->discovery);
	scrape_configs_free(m->configs);
	store_close(m->store);
	blockfiles_close(m->files);
	free(m);
}
