/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of metrics by itself, on a real disk: what a series costs in memory, a sample in time
 * and on disk, a new series and a start in time.
 *
 * usage: store_bench FOLDER [SERIES [HOURS [SECONDS]]]    a scrape of each series every SECONDS
 *
 * Values are like those of node_exporter: a third never change, a third are counters of whole
 * numbers, the rest are counters of hundredths, gauges of bytes and ratios.  The background work
 * runs in line; its time is told apart.
 */
#include "core/metrics/store.h"
#include "port/blockfiles/blockfiles.h"

#include "base/rng.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define TARGET_SERIES 1000 /* one commit */

struct bench {
	struct blockfiles *files;
	struct store *store;
	struct now now;
	struct rng rng;
	uint32_t n_series;
	series_ref *refs;
	double *values;
	double append_s, work_s;
	uint64_t n_samples;
};

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double wall_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t resident_bytes(void)
{
	unsigned long pages = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f)
		return 0;
	if (fscanf(f, "%lu %lu", &pages, &resident) != 2)
		resident = 0;
	fclose(f);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void check(enum rc rc, const struct err *e)
{
	if (rc == RC_OK)
		return;
	fprintf(stderr, "store_bench: %s\n", e->text);
	exit(rc_exit(rc));
}

static void open_store(struct bench *b)
{
	struct store_settings settings = { .retention_ms = 400 * DAY_MS };
	struct err e = { 0 };

	check(store_open(&b->store, blockfiles_port(b->files), &settings, b->now, &e), &e);
}

static void make_series(struct bench *b)
{
	const struct series_sink *sink = store_sink(b->store);
	struct err e = { 0 };

	for (uint32_t i = 0; i < b->n_series; i++) {
		char name[64], device[32], instance[32];
		struct label v[] = {
			{ METRIC_NAME, name, 8, 0 },
			{ "device", device, 6, 0 },
			{ "instance", instance, 8, 0 },
			{ "job", "node", 3, 4 },
			{ "site", "dublin", 4, 6 },
		};

		v[0].value_len =
			(uint32_t)sprintf(name, "node_some_metric_%u_total", i % TARGET_SERIES / 4);
		v[1].value_len = (uint32_t)sprintf(device, "dev%u", i % 4);
		v[2].value_len = (uint32_t)sprintf(instance, "host%u:9100", i / TARGET_SERIES);
		check(sink->series(sink->self, &(struct labels){ v, COUNT(v) }, &b->refs[i], &e),
			&e);
		if ((i + 1) % TARGET_SERIES == 0 || i + 1 == b->n_series)
			check(sink->commit(sink->self, &e), &e);
	}
}

static double next_value(struct bench *b, uint32_t i)
{
	switch (i % 9) {
	case 0:
	case 3:
	case 6:
		return b->values[i];
	case 1:
	case 4:
	case 7:
		return b->values[i] += (double)rng_below(&b->rng, 1000);
	case 2:
		return b->values[i] += (double)rng_below(&b->rng, 500) / 100;
	case 5:
		return b->values[i] = 4096 * (double)(1000000 + rng_below(&b->rng, 10000));
	default:
		return b->values[i] = (double)rng_below(&b->rng, 1000000) / 999983;
	}
}

/* One scrape of every target, spread over the interval. */
static void scrape(struct bench *b, int64_t every_ms)
{
	const struct series_sink *sink = store_sink(b->store);
	uint32_t n_targets = (b->n_series + TARGET_SERIES - 1) / TARGET_SERIES;
	static double v[TARGET_SERIES];
	struct err e = { 0 };

	for (uint32_t t = 0; t < n_targets; t++) {
		uint32_t first = t * TARGET_SERIES, n = b->n_series - first;
		int64_t t_ms = b->now.wall.ms + every_ms * t / n_targets;
		double start;

		n = n < TARGET_SERIES ? n : TARGET_SERIES;
		for (uint32_t i = 0; i < n; i++)
			v[i] = next_value(b, first + i);
		start = cpu_s();
		for (uint32_t i = 0; i < n; i++)
			sink->append(sink->self, b->refs[first + i], t_ms, v[i]);
		check(sink->commit(sink->self, &e), &e);
		b->append_s += cpu_s() - start;
		b->n_samples += n;
	}
	b->now.wall.ms += every_ms;
	b->now.mono.ms += every_ms;
}

static void work(struct bench *b)
{
	double start = cpu_s();
	struct store_work *w;
	struct mono wake;
	struct err e = { 0 };

	while ((w = store_due(b->store, b->now, &wake))) {
		store_work_run(w);
		check(store_work_done(b->store, w, &e), &e);
	}
	b->work_s += cpu_s() - start;
}

static void report(const struct bench *b, uint64_t resident_before)
{
	struct store_stats stats;
	uint64_t resident = resident_bytes();

	store_stats(b->store, &stats);
	resident -= resident_before;
	printf("append          %8.1f ns a sample, commit and log included\n",
		b->append_s / (double)b->n_samples * 1e9);
	printf("background      %8.1f ns a sample\n", b->work_s / (double)b->n_samples * 1e9);
	printf("resident        %8.1f bytes a series (%.1f MB; the store says %.1f)\n",
		(double)resident / b->n_series, (double)resident / 1e6,
		(double)stats.memory_bytes / 1e6);
	printf("disk            %8.2f bytes a sample in %u parts and %u segments\n",
		(double)stats.disk_bytes / (double)b->n_samples, stats.parts, stats.segments);
}

/* As after kill -9 just before a flush: what is in the log is read again. */
static void reopen(struct bench *b)
{
	struct store_stats stats;
	double cpu, wall;

	for (int i = 0; i < 35; i++)
		scrape(b, 5000);
	store_close(TAKE(b->store));
	cpu = cpu_s();
	wall = wall_s();
	open_store(b);
	printf("reopening       %8.3f s, %.3f s of CPU; ", wall_s() - wall, cpu_s() - cpu);
	store_stats(b->store, &stats);
	printf("%.1f million samples, of which %.1f came from the log\n",
		(double)stats.samples / 1e6, (double)stats.head_samples / 1e6);
}

int main(int argc, char **argv)
{
	struct bench b = { .now = { { 1000 }, { 1700000000000 } }, .n_series = 50000 };
	double hours = argc > 3 ? strtod(argv[3], NULL) : 1;
	int64_t every_ms = argc > 4 ? strtol(argv[4], NULL, 10) * 1000 : 5000, end_ms;
	uint64_t resident;
	struct err e = { 0 };
	double start;

	if (argc < 2) {
		fprintf(stderr, "usage: store_bench FOLDER [SERIES [HOURS [SECONDS]]]\n");
		return 64;
	}
	if (argc > 2)
		b.n_series = (uint32_t)strtoul(argv[2], NULL, 10);
	rng_seed(&b.rng, 1);
	check(blockfiles_open(&b.files, argv[1], &e), &e);
	b.refs = must_alloc(b.n_series * sizeof *b.refs);
	b.values = must_alloc(b.n_series * sizeof *b.values);
	for (uint32_t i = 0; i < b.n_series; i++)
		b.values[i] = (double)rng_below(&b.rng, 1u << i % 30);
	resident = resident_bytes();
	open_store(&b);
	start = cpu_s();
	make_series(&b);
	printf("a new series    %8.0f ns\n", (cpu_s() - start) / b.n_series * 1e9);
	for (end_ms = b.now.wall.ms + (int64_t)(hours * HOUR_MS); b.now.wall.ms < end_ms;) {
		scrape(&b, every_ms);
		work(&b);
	}
	report(&b, resident);
	reopen(&b);
	store_close(b.store);
	blockfiles_close(b.files);
	free(b.refs);
	free(b.values);
	return 0;
}
