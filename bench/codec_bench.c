/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sample of metrics costs: bytes, and nanoseconds of CPU, by kind of series.
 *
 *	usage: codec_bench [RECORDING]
 *
 *	open    chunks as the head has them, of OPEN_SAMPLES samples: bytes, append, read
 *	sealed  a block, with its directory: bytes, write, read
 *	merge   MERGE_PARTS blocks, one after the other in time, into one
 *
 * Beside it: what copying the 16 bytes of a sample from one place in memory to another costs.  A
 * recording, as record.py makes it, becomes one more kind; its times are set STEP_MS apart.
 */
#include "base/map.h"
#include "base/rng.h"
#include "base/str.h"
#include "core/metrics/block.h"
#include "core/metrics/merge.h"

#include <stdio.h>
#include <time.h>

#define STEP_MS      15000
#define SAMPLES      5760 /* a day */
#define SERIES       40
#define OPEN_SAMPLES 40
#define MERGE_PARTS  12
#define MEASURE_NS   2e8 /* at least so long, and then again: the least of three */

struct set {
	const char *name;
	struct series_column *v;
	uint32_t n, cap;
	uint64_t n_samples;
};

static struct series_column *add_series(struct set *s)
{
	must_grow(s->v, s->n, s->cap);
	s->v[s->n] = (struct series_column){ 0 };
	return &s->v[s->n++];
}

static void free_set(struct set *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		series_column_fini(&s->v[i]);
	free(s->v);
}

/* Sums of small numbers, as of what happens now and then. */
static double some(struct rng *r, unsigned n)
{
	double sum = 0;

	for (unsigned i = 0; i < 4; i++)
		sum += (double)rng_below(r, n);
	return sum;
}

static double constant(struct rng *r, double last)
{
	(void)r;
	return last;
}
static double counter(struct rng *r, double last)
{
	return last + some(r, 100);
}
static double cpu_seconds(struct rng *r, double last)
{
	int64_t hundredths = (int64_t)(last * 100 + 0.5);

	return (double)(hundredths + 1200 + (int64_t)some(r, 40)) / 100;
}
static double bytes_sent(struct rng *r, double last)
{
	return last + some(r, 400000);
}
static double memory(struct rng *r, double last)
{
	return last + 4096 * (some(r, 400) - 798);
}
static double temperature(struct rng *r, double last)
{
	return (double)((int64_t)(last * 10 + 0.5) + rng_between(r, -1, 1)) / 10;
}
static double disk_seconds(struct rng *r, double last)
{
	return (double)((int64_t)(last * 1000 + 0.5) + (int64_t)some(r, 300)) * 0.001;
}
static double latency_sum(struct rng *r, double last)
{
	return last + (double)rng_next(r) * 0x1p-64;
}
static double noise(struct rng *r, double last)
{
	(void)last;
	return (double)rng_next(r) * 0x1p-64;
}

static const struct {
	const char *name;
	double (*next)(struct rng *r, double last);
	double first;
} kinds[] = {
	{ "constant", constant, 1 },
	{ "counter", counter, 1e6 },
	{ "CPU seconds, two decimals", cpu_seconds, 40512.37 },
	{ "bytes sent", bytes_sent, 7e9 },
	{ "memory in pages", memory, 4096.0 * 5000000 },
	{ "temperature, one decimal", temperature, 512.5 },
	{ "milliseconds * 0.001", disk_seconds, 0.125 },
	{ "sum of any doubles", latency_sum, 1000 },
	{ "any doubles below 1", noise, 0 },
};

static struct set generate(unsigned kind)
{
	struct set s = { .name = kinds[kind].name };
	struct rng r;

	rng_seed(&r, kind);
	for (unsigned i = 0; i < SERIES; i++) {
		struct series_column *c = add_series(&s);
		double v = kinds[kind].first;

		for (unsigned k = 0; k < SAMPLES; k++, v = kinds[kind].next(&r, v))
			series_column_add(c, INT64_C(1700000000000) + k * STEP_MS, v);
		s.n_samples += c->n;
	}
	return s;
}

/* "@" begins a scrape; every other line is a series, a blank and its value. */
static bool read_recording(const char *path, struct set *s)
{
	struct map series = { 0 };
	int64_t t_ms = INT64_C(1700000000000);
	char line[16384];
	FILE *f = fopen(path, "r");

	if (!f)
		return false;
	while (fgets(line, sizeof line, f)) {
		char *blank = strrchr(line, ' ');
		void *at;

		if (line[0] == '@' || !blank) {
			t_ms += STEP_MS;
			continue;
		}
		*blank = '\0';
		at = map_get(&series, line);
		if (!at) {
			add_series(s);
			at = (void *)(uintptr_t)s->n;
			map_put(&series, line, at);
		}
		series_column_add(&s->v[(uintptr_t)at - 1], t_ms, strtod(blank + 1, NULL));
		s->n_samples++;
	}
	fclose(f);
	map_fini(&series);
	s->name = "recording";
	return true;
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* One thing to measure, over all of a set. */
struct job {
	const struct set *set;
	struct str file;
	struct block block;
	struct str parts[MERGE_PARTS];
	struct block part_blocks[MERGE_PARTS];
	struct str open; /* chunks, one behind the other */
	struct chunk *chunks;
	uint32_t n_chunks, cap_chunks;
	struct series_column column;
	uint64_t bytes;
};

static double measure(struct job *j, void (*work)(struct job *j))
{
	double best = 1e300;

	for (unsigned turn = 0; turn < 3; turn++) {
		double from = now_ns(), spent;
		unsigned times = 0;

		do {
			work(j);
			times++;
			spent = now_ns() - from;
		} while (spent < MEASURE_NS);
		if (spent / times < best)
			best = spent / times;
	}
	return best / (double)j->set->n_samples;
}

static enum rc write_str(void *self, const void *bytes, size_t n, struct err *e)
{
	(void)e;
	str_addn(self, bytes, n);
	return RC_OK;
}

static void seal_time(const struct set *s, uint32_t part, uint32_t parts, struct str *file,
	struct block *ret)
{
	struct block_output out = { file, write_str };
	scoped(block_writer_free) struct block_writer *w =
		block_writer_new(&out, &(struct block_settings){ 0 });
	struct block_info info;

	str_clear(file);
	for (uint32_t i = 0; i < s->n; i++) {
		const struct series_column *c = &s->v[i];
		uint32_t from = (uint32_t)((uint64_t)c->n * part / parts);
		uint32_t to = (uint32_t)((uint64_t)c->n * (part + 1) / parts);
		struct series_column some_of = { .t_ms = c->t_ms + from,
			.v = c->v + from,
			.n = to - from };

		must(block_writer_add(w, i + 1, &some_of, NULL) == RC_OK);
	}
	must(block_writer_finish(w, &info, NULL) == RC_OK);
	must(block_open(ret, (const uint8_t *)file->s, file->len, NULL) == RC_OK);
}

static void seal(struct job *j)
{
	seal_time(j->set, 0, 1, &j->file, &j->block);
}

static void read_sealed(struct job *j)
{
	scoped(block_cursor_free) struct block_cursor *c = block_cursor_new(&j->block);
	uint32_t id;
	bool has;

	while (block_next(c, &id, &has, NULL) == RC_OK && has) {
		j->column.n = 0;
		must(block_read(c, NULL, &j->column, NULL) == RC_OK);
		must(j->column.n == j->set->v[id - 1].n);
	}
}

static void merge(struct job *j)
{
	struct block_output out = { &j->file, write_str };
	scoped(block_writer_free) struct block_writer *w =
		block_writer_new(&out, &(struct block_settings){ 0 });
	struct merge_input inputs[MERGE_PARTS];
	struct merge m = { .inputs = inputs,
		.n_inputs = MERGE_PARTS,
		.min_ms = INT64_MIN,
		.max_ms = INT64_MAX };
	struct block_info info;

	str_clear(&j->file);
	for (unsigned i = 0; i < MERGE_PARTS; i++)
		inputs[i] = (struct merge_input){ .block = &j->part_blocks[i] };
	must(merge_run(&m, w, NULL) == RC_OK);
	must(block_writer_finish(w, &info, NULL) == RC_OK);
	must(info.n_samples == j->set->n_samples);
}

static void append_chunk(struct job *j, const struct series_column *c, uint32_t from)
{
	struct chunk_state state = chunk_begin(c->t_ms[from] - STEP_MS);
	uint32_t to = from + OPEN_SAMPLES < c->n ? from + OPEN_SAMPLES : c->n;
	uint8_t bytes[OPEN_SAMPLES * CHUNK_APPEND_MAX + CHUNK_APPEND_ROOM];
	struct chunk chunk = { .n_samples = to - from,
		.bytes =
			(const uint8_t *)(uintptr_t)j->open.len, /* a place; the text still moves */
		.base_ms = c->t_ms[from] - STEP_MS };

	for (uint32_t i = from; i < to; i++)
		chunk.n_bytes += chunk_append(&state, bytes + chunk.n_bytes, c->t_ms[i], c->v[i]);
	str_addn(&j->open, bytes, chunk.n_bytes);
	must_grow(j->chunks, j->n_chunks, j->cap_chunks);
	j->chunks[j->n_chunks++] = chunk;
}

static void append(struct job *j)
{
	str_clear(&j->open);
	j->n_chunks = 0;
	for (uint32_t i = 0; i < j->set->n; i++)
		for (uint32_t from = 0; from < j->set->v[i].n; from += OPEN_SAMPLES)
			append_chunk(j, &j->set->v[i], from);
}

static void read_open(struct job *j)
{
	for (uint32_t i = 0; i < j->n_chunks; i++) {
		struct chunk c = j->chunks[i];

		c.bytes = (const uint8_t *)j->open.s + (uintptr_t)c.bytes;
		j->column.n = 0;
		must(chunk_read(&c, INT64_MIN, INT64_MAX, &j->column, NULL) == RC_OK);
	}
}

static void show(const struct set *s)
{
	struct job j = { .set = s };
	double append_ns = measure(&j, append), open_ns = measure(&j, read_open);
	double open_bytes = (double)j.open.len / (double)s->n_samples;
	double seal_ns = measure(&j, seal), read_ns = measure(&j, read_sealed);
	double bytes = (double)j.file.len / (double)s->n_samples;

	for (unsigned i = 0; i < MERGE_PARTS; i++)
		seal_time(s, i, MERGE_PARTS, &j.parts[i], &j.part_blocks[i]);
	printf("%-26s %6.3f %6.2f %6.2f   %6.3f %6.2f %6.2f %6.2f\n", s->name, open_bytes,
		append_ns, open_ns, bytes, seal_ns, read_ns, measure(&j, merge));
	for (unsigned i = 0; i < MERGE_PARTS; i++)
		str_fini(&j.parts[i]);
	str_fini(&j.file);
	str_fini(&j.open);
	free(j.chunks);
	series_column_fini(&j.column);
}

#define COPIED (64 << 20) /* bytes: more than caches hold */

static void copy(struct job *j)
{
	memcpy(j->parts[0].s, j->file.s, COPIED);
	__asm__ volatile("" ::: "memory");
}

static void show_copying(void)
{
	struct set all = { .n_samples = COPIED / 16 };
	struct job j = { .set = &all };

	j.file.s = must_alloc(COPIED);
	j.parts[0].s = must_alloc(COPIED);
	printf("copying 16 bytes a sample: %.2f ns\n", measure(&j, copy));
	free(j.file.s);
	free(j.parts[0].s);
}

int main(int argc, char **argv)
{
	printf("%-26s %-20s   %s\n", "a sample", "open: bytes, append,", "sealed: bytes, write,");
	printf("%-26s %20s   %s\n", "", "read ns", "read, merge ns");
	for (unsigned i = 0; i < COUNT(kinds); i++) {
		struct set s = generate(i);

		show(&s);
		free_set(&s);
	}
	if (argc > 1) {
		struct set s = { 0 };

		if (!read_recording(argv[1], &s)) {
			perror(argv[1]);
			return 66;
		}
		show(&s);
		printf("%-26s %u series, %llu samples\n", "", s.n, (unsigned long long)s.n_samples);
		free_set(&s);
	}
	show_copying();
	return 0;
}
