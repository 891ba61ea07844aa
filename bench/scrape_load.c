/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scrape_load: scrapes real targets over the network and prints what a sample costs, the kernel's
 * part included.
 *
 * usage: scrape_load SECONDS INTERVAL_MS FOLDER ADDRESS...     scrape_load 60 5000 - 127.0.0.1:9100
 *	FOLDER  a store's; "-": into a sink that keeps nothing
 */
#include "base/mem.h"
#include "base/str.h"
#include "core/metrics/store.h"
#include "port/blockfiles/blockfiles.h"
#include "port/scrape/scrape_port.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

struct load {
	uv_loop_t loop;
	uv_timer_t end, working;
	struct blockfiles *files; /* NULL: no store */
	struct store *store;
	struct scraper *scraper;
	struct scrape_port *port;
	uint64_t n_series, n_samples;
};

static enum rc take_series(void *self, const struct labels *l, series_ref *ret, struct err *e)
{
	struct load *load = self;

	(void)l, (void)e;
	*ret = (series_ref)++load->n_series;
	return RC_OK;
}

static enum series_verdict take_sample(void *self, series_ref ref, int64_t t_ms, double v)
{
	struct load *load = self;

	(void)ref, (void)t_ms, (void)v;
	load->n_samples++;
	return SERIES_TAKEN;
}

static enum rc commit(void *self, struct err *e)
{
	(void)self, (void)e;
	return RC_OK;
}

/* What the store has to do, once a second; in line, so that all CPU counts. */
static void on_work(uv_timer_t *timer)
{
	struct load *load = timer->data;
	struct mono wake;
	struct store_work *w;
	struct err e;

	while ((w = store_due(load->store, scrape_port_now(), &wake))) {
		store_work_run(w);
		if (store_work_done(load->store, w, &e) != RC_OK)
			fprintf(stderr, "scrape_load: %s\n", e.text);
	}
}

static bool open_store(struct load *load, const char *folder, struct series_sink *sink)
{
	struct store_settings settings = { 0 };
	struct err e;

	if (str_eq(folder, "-"))
		return true;
	if (blockfiles_open(&load->files, folder, &e) != RC_OK ||
		store_open(&load->store, blockfiles_port(load->files), &settings, scrape_port_now(),
			&e) != RC_OK) {
		fprintf(stderr, "scrape_load: %s\n", e.text);
		return false;
	}
	*sink = *store_sink(load->store);
	uv_timer_init(&load->loop, &load->working);
	load->working.data = load;
	uv_timer_start(&load->working, on_work, 1000, 1000);
	return true;
}

static void print_store(struct load *load)
{
	struct store_stats stats;

	store_stats(load->store, &stats);
	for (int i = 0; i < SERIES_VERDICTS; i++)
		load->n_samples += stats.appended[i];
	load->n_series = stats.series;
	store_close(load->store);
	blockfiles_close(load->files);
}

static void set_targets(struct load *load, int64_t interval_ms, char **addresses)
{
	struct target_list list;
	struct err e;

	target_list_init(&list);
	for (; *addresses; addresses++) {
		struct target_spec *spec;
		struct label *l = arena_alloc(&list.arena, 2 * sizeof *l);

		must_grow(list.active, list.n_active, list.cap_active);
		spec = &list.active[list.n_active++];
		l[0] = (struct label){ "instance", *addresses, 8, (uint32_t)strlen(*addresses) };
		l[1] = (struct label){ "job", "load", 3, 4 };
		*spec = (struct target_spec){ .labels = { l, 2 },
			.url = arena_printf(&list.arena, "http://%s/metrics", *addresses),
			.scheme = "http",
			.address = *addresses,
			.interval_ms = interval_ms,
			.timeout_ms = interval_ms,
			.hash = list.n_active * UINT64_C(0x9e3779b97f4a7c15) };
	}
	if (scraper_set_targets(load->scraper, "load", &list, scrape_port_now(), &e) != RC_OK)
		fprintf(stderr, "scrape_load: %s\n", e.text);
	target_list_fini(&list);
}

static void print_failures(const struct load *load)
{
	const struct scrape_job *j = scraper_job(load->scraper, 0);
	uint64_t n_scrapes = 0, n_failures = 0;
	const char *error = "";

	for (uint32_t i = 0; i < j->n_targets; i++) {
		n_scrapes += j->targets[i]->n_scrapes;
		n_failures += j->targets[i]->n_failures;
		if (j->targets[i]->last.error[0])
			error = j->targets[i]->last.error;
	}
	printf("%u targets, %" PRIu64 " scrapes, %" PRIu64 " failed %s\n", j->n_targets, n_scrapes,
		n_failures, error);
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void on_end(uv_timer_t *timer)
{
	struct load *load = timer->data;
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	print_failures(load);
	if (load->store)
		print_store(load);
	printf("%" PRIu64 " samples of %" PRIu64
	       " series: CPU %.3f s user, %.3f s system: %.0f ns a "
	       "sample; %ld kB resident at most\n",
		load->n_samples, load->n_series, seconds(u.ru_utime), seconds(u.ru_stime),
		(seconds(u.ru_utime) + seconds(u.ru_stime)) * 1e9 /
			(double)(load->n_samples ? load->n_samples : 1),
		u.ru_maxrss);
	scrape_port_close(load->port, NULL, NULL);
	uv_close((uv_handle_t *)&load->end, NULL);
	if (load->working.data)
		uv_close((uv_handle_t *)&load->working, NULL);
}

int main(int argc, char **argv)
{
	static struct load load;
	struct series_sink sink = { .self = &load,
		.series = take_series,
		.append = take_sample,
		.commit = commit };
	struct scraper_wish wish = { .sink = &sink, .secret = 1 };
	struct scrape_config config = { .job_name = "load",
		.honor_timestamps = true,
		.fallback_protocol = SCRAPE_PROTOCOL_NONE,
		.terms.protocols = { .v = { SCRAPE_TEXT_0_0_4 }, .n = 1 } };
	struct scrape_configs configs = { .v = &config, .n = 1 };

	if (argc < 5) {
		fprintf(stderr, "usage: scrape_load SECONDS INTERVAL_MS FOLDER ADDRESS...\n");
		return 64;
	}
	uv_loop_init(&load.loop);
	if (!open_store(&load, argv[3], &sink))
		return 74;
	load.scraper = scraper_new(&wish);
	load.port = scrape_port_new(&load.loop, load.scraper);
	scraper_set_jobs(load.scraper, &configs, scrape_port_now());
	set_targets(&load, atoll(argv[2]), argv + 4);
	scrape_port_wake(load.port);
	uv_timer_init(&load.loop, &load.end);
	load.end.data = &load;
	uv_timer_start(&load.end, on_end, (uint64_t)atoll(argv[1]) * 1000, 0);
	uv_run(&load.loop, UV_RUN_DEFAULT);
	scraper_free(load.scraper);
	uv_loop_close(&load.loop);
	return 0;
}
