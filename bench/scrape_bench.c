/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scrape_bench: what one scraped sample costs, from the bytes of the body to the sink, without
 * network.  Prints nanoseconds of CPU a sample: into a sink that keeps nothing, and into a store
 * whose files are in memory; then of many targets with values that change, each scraped when its
 * memory has left the caches, as it is in a process that sleeps between scrapes.
 *
 * usage: scrape_bench [FILE [ROUNDS]]
 *	FILE    a body in the text format; "-" or none: 1,000 series like those of bench's exporter
 *	ROUNDS  default 2000
 */
#include "base/mem.h"
#include "base/number.h"
#include "base/str.h"
#include "core/metrics/memory_files.h"
#include "core/metrics/store.h"
#include "core/scrape/ingest.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define SERIES      1000
#define PIECE_BYTES 65536
#define NUMBERS     1000000
#define START_MS    INT64_C(1700000000000)
#define INTERVAL_MS 5000

struct null_sink {
	uint32_t n_series;
	uint64_t n_samples;
	double sum; /* so that no value is left unread */
};

static enum rc take_series(void *self, const struct labels *l, series_ref *ret, struct err *e)
{
	struct null_sink *s = self;

	(void)l, (void)e;
	*ret = ++s->n_series;
	return RC_OK;
}

static enum series_verdict take_sample(void *self, series_ref ref, int64_t t_ms, double v)
{
	struct null_sink *s = self;

	(void)ref, (void)t_ms;
	s->n_samples++;
	s->sum += v;
	return SERIES_TAKEN;
}

static enum rc commit(void *self, struct err *e)
{
	(void)self, (void)e;
	return RC_OK;
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void make_body(struct str *out)
{
	for (int i = 0; i < SERIES; i++) {
		if (i % 50 == 0)
			str_addf(out,
				"# HELP node_family_%d_total Realistic family.\n"
				"# TYPE node_family_%d_total counter\n",
				i / 50, i / 50);
		str_addf(out,
			"node_family_%d_total{cpu=\"%d\",mode=\"m%d\",device=\"/dev/mapper/"
			"dev-%d\"} "
			"%.2f\n",
			i / 50, i % 8, i % 11, i % 50, i % 7 ? i * 1234.56 : 0);
	}
}

static void read_body(const char *path, struct str *out)
{
	FILE *f = fopen(path, "r");
	char piece[PIECE_BYTES];
	size_t n;

	if (!f) {
		perror(path);
		exit(66);
	}
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		str_addn(out, piece, n);
	fclose(f);
}

static struct ingest_result scrape(const struct ingest_wish *w, const struct str *body)
{
	struct ingest *g = ingest_begin(w);
	struct err e = { 0 };

	ingest_content_type(g, "text/plain; version=0.0.4");
	for (size_t at = 0; at < body->len; at += PIECE_BYTES) {
		size_t n = body->len - at < PIECE_BYTES ? body->len - at : PIECE_BYTES;

		if (ingest_feed(g, body->s + at, n, &e) != RC_OK)
			fprintf(stderr, "scrape_bench: %s\n", e.text);
	}
	return ingest_end(g, 0);
}

/* The store's own work, as it becomes due. */
static void work(struct store *store, int64_t now_ms)
{
	struct now now = { { now_ms }, { now_ms } };
	struct mono wake;
	struct store_work *w;
	struct err e;

	while ((w = store_due(store, now, &wake))) {
		store_work_run(w);
		if (store_work_done(store, w, &e) != RC_OK)
			fprintf(stderr, "scrape_bench: %s\n", e.text);
	}
}

/* `store` NULL: the sink has no work of its own. */
static void measure_body(const struct str *body, int rounds, const struct series_sink *sink,
	struct store *store)
{
	static const struct labels no_labels;
	struct scrape_config config = { .honor_timestamps = true };
	struct ingest_tools tools;
	struct ingest_memory memory;
	struct ingest_wish w = { .tools = &tools,
		.memory = &memory,
		.config = &config,
		.target = &no_labels,
		.now_ms = START_MS };
	struct ingest_result r;
	double before, first;

	ingest_tools_init(&tools, sink, 1);
	ingest_memory_init(&memory);
	w.t_ms = w.now_ms;
	before = cpu_ns();
	r = scrape(&w, body);
	first = (cpu_ns() - before) / r.n_scraped;
	before = cpu_ns();
	for (int i = 0; i < rounds; i++) {
		w.t_ms = w.now_ms += INTERVAL_MS;
		r = scrape(&w, body);
		if (store)
			work(store, w.now_ms);
	}
	printf("%s: %u samples of %.1f bytes: first %.0f ns, then %.1f ns a sample\n",
		store ? "into a store" : "into nothing", r.n_scraped,
		(double)body->len / r.n_scraped, first, (cpu_ns() - before) / rounds / r.n_scraped);
	ingest_memory_fini(&memory);
	ingest_tools_fini(&tools);
}

static void measure_nothing(const struct str *body, int rounds)
{
	struct null_sink null = { 0 };
	struct series_sink sink = { .self = &null,
		.series = take_series,
		.append = take_sample,
		.commit = commit };

	measure_body(body, rounds, &sink, NULL);
	printf("(%llu samples, sum %g)\n", (unsigned long long)null.n_samples, null.sum);
}

/* ---- many targets */

#define TARGETS      50
#define WARM_ROUNDS  2
#define COLD_ROUNDS  20
#define CACHES_BYTES (64u << 20)

struct crowd {
	struct ingest_tools tools;
	struct scrape_config config;
	struct ingest_memory memory[TARGETS];
	char names[TARGETS][16];
	struct label instance[TARGETS];
	struct labels labels[TARGETS];
	struct str body;
	char *other; /* what fills the caches */
};

/* A third stays as it was; the others grow by less and more. */
static void make_round(struct crowd *c, int round)
{
	str_clear(&c->body);
	for (int i = 0; i < SERIES; i++) {
		if (i % 50 == 0)
			str_addf(&c->body, "# TYPE node_family_%d_total counter\n", i / 50);
		str_addf(&c->body,
			"node_family_%d_total{cpu=\"%d\",mode=\"m%d\",device=\"/dev/mapper/"
			"dev-%d\"} %.*f\n",
			i / 50, i % 8, i % 11, i % 50, i % 3,
			i * 1234.5 + (i % 3 ? round * i * 0.77 : 0));
	}
}

/* CPU of one round of all of them. */
static double scrape_crowd(struct crowd *c, struct store *store, int round, bool is_cold)
{
	double used = 0, before;

	make_round(c, round);
	for (int t = 0; t < TARGETS; t++) {
		struct ingest_wish w = { .tools = &c->tools,
			.memory = &c->memory[t],
			.config = &c->config,
			.target = &c->labels[t],
			.now_ms = START_MS + round * INTERVAL_MS,
			.t_ms = START_MS + round * INTERVAL_MS };

		if (is_cold)
			memset(c->other, round + t, CACHES_BYTES);
		make_round(c, round); /* the kernel has just copied a body */
		before = cpu_ns();
		scrape(&w, &c->body);
		used += cpu_ns() - before;
	}
	work(store, START_MS + round * INTERVAL_MS);
	return used / TARGETS / SERIES;
}

static void begin_crowd(struct crowd *c, struct store *store)
{
	ingest_tools_init(&c->tools, store_sink(store), 1);
	c->config.honor_timestamps = true;
	c->other = must_alloc(CACHES_BYTES);
	for (int t = 0; t < TARGETS; t++) {
		uint32_t n = (uint32_t)snprintf(c->names[t], sizeof c->names[t], "target-%d", t);

		ingest_memory_init(&c->memory[t]);
		c->instance[t] = (struct label){ "instance", c->names[t], 8, n };
		c->labels[t] = (struct labels){ &c->instance[t], 1 };
	}
}

static void end_crowd(struct crowd *c)
{
	for (int t = 0; t < TARGETS; t++)
		ingest_memory_fini(&c->memory[t]);
	ingest_tools_fini(&c->tools);
	str_fini(&c->body);
	free(c->other);
}

static void measure_crowd(struct store *store)
{
	static struct crowd crowd;
	double warm = 0, cold = 0;
	int round = 0;

	begin_crowd(&crowd, store);
	for (; round < WARM_ROUNDS + COLD_ROUNDS; round++)
		if (round < WARM_ROUNDS)
			warm = scrape_crowd(&crowd, store, round, false);
		else
			cold += scrape_crowd(&crowd, store, round, true) / COLD_ROUNDS;
	printf("%d targets: %.1f ns a sample, with caches full of something else %.1f\n", TARGETS,
		warm, cold);
	end_crowd(&crowd);
}

static void measure_store(const struct str *body, int rounds)
{
	struct store_settings settings = { 0 };
	struct memory_files *files = memory_files_new(1);
	struct store *store;
	struct err e;

	if (store_open(&store, memory_files_port(files), &settings,
		    (struct now){ { START_MS }, { START_MS } }, &e) == RC_OK) {
		measure_body(body, rounds, store_sink(store), store);
		measure_crowd(store);
		store_close(store);
	} else {
		fprintf(stderr, "scrape_bench: %s\n", e.text);
	}
	memory_files_free(files);
}

/* ---- numbers */

static void measure_number(const char *text)
{
	size_t n = strlen(text);
	double v, sum = 0, before = cpu_ns(), ours;

	for (int i = 0; i < NUMBERS; i++)
		if (number_scan(text, text + n, &v))
			sum += v;
	ours = (cpu_ns() - before) / NUMBERS;
	before = cpu_ns();
	for (int i = 0; i < NUMBERS; i++)
		sum += strtod(text, NULL);
	printf("%-24s %.1f ns, strtod %.1f ns (sum %g)\n", text, ours,
		(cpu_ns() - before) / NUMBERS, sum);
}

int main(int argc, char **argv)
{
	static const char *const numbers[] = { "0", "1", "12345.67", "1.6909388e+09",
		"7.424100000000001e-05", "0.30000000000000004" };
	scoped(str_fini) struct str body = STR_EMPTY;

	if (argc > 1 && !str_eq(argv[1], "-"))
		read_body(argv[1], &body);
	else
		make_body(&body);
	measure_nothing(&body, argc > 2 ? atoi(argv[2]) : 2000);
	measure_store(&body, argc > 2 ? atoi(argv[2]) : 2000);
	for (size_t i = 0; i < COUNT(numbers); i++)
		measure_number(numbers[i]);
	return 0;
}
