/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exposition_dump: what we make of a target's bodies, one after the other, for a comparison with
 * Prometheus.  After each it prints, as one line of JSON, the report on the scrape, and every series
 * that has a sample and hasn't ended.
 *
 * usage: exposition_dump [--convert] [--keep-classic] CONTENT_TYPE FILE...
 */
#include "base/golang.h"
#include "base/histogram.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "core/scrape/ingest.h"

#include <stdio.h>

#define PIECE_BYTES 1000 /* odd enough to cut lines anywhere */
#define STEP_MS     1000
#define START_MS    INT64_C(1700000000000)

struct series {
	struct labels labels;
	int64_t newest_ms;
	double v;
	struct histogram *h; /* in place of `v`; NULL: none */
};

struct dump {
	struct arena arena;
	struct series *v;
	uint32_t n, cap;
};

static enum rc take_series(void *self, const struct labels *l, series_ref *ret, struct err *e)
{
	struct dump *d = self;

	for (*ret = 1; *ret <= d->n; ++*ret)
		if (labels_equal(&d->v[*ret - 1].labels, l))
			return RC_OK;
	must_grow(d->v, d->n, d->cap);
	d->v[d->n] = (struct series){ .newest_ms = INT64_MIN };
	if (!labels_copy(l, &d->arena, &d->v[d->n].labels))
		return err_set(e, RC_LIMIT, "too many series");
	d->n++;
	return RC_OK;
}

/* As Prometheus without an out-of-order window, which refuses what is an hour old. */
static enum series_verdict take_sample(void *self, series_ref ref, int64_t t_ms, double v)
{
	struct dump *d = self;
	struct series *s = &d->v[ref - 1];

	if (t_ms < s->newest_ms)
		return SERIES_OUT_OF_ORDER;
	if (t_ms < START_MS - HOUR_MS)
		return SERIES_TOO_OLD;
	if (t_ms == s->newest_ms)
		return double_bits(v) == double_bits(s->v) ? SERIES_SAME : SERIES_DUPLICATE;
	s->newest_ms = t_ms;
	s->v = v;
	s->h = NULL;
	return SERIES_TAKEN;
}

static enum series_verdict take_histogram(void *self, series_ref ref, int64_t t_ms,
	const struct histogram *h)
{
	struct dump *d = self;
	enum series_verdict verdict = take_sample(self, ref, t_ms, 0);

	if (verdict == SERIES_TAKEN)
		d->v[ref - 1].h = histogram_copy(h, &d->arena);
	return verdict;
}

static enum rc commit(void *self, struct err *e)
{
	(void)self, (void)e;
	return RC_OK;
}

static bool read_file(const char *path, struct str *out)
{
	FILE *f = fopen(path, "r");
	char piece[4096];
	size_t n;

	if (!f)
		return false;
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		str_addn(out, piece, n);
	fclose(f);
	return true;
}

static void print_number(struct json_out *w, const char *name, double v)
{
	scoped(str_fini) struct str value = STR_EMPTY;

	go_float(&value, v, 'g', GO_SHORTEST);
	json_text(w, name, str_c(&value));
}

static void print_bucket(void *ctx, const struct histogram_bucket *b)
{
	struct json_out *w = ctx;

	json_array_open(w, NULL);
	print_number(w, NULL, b->lower);
	print_number(w, NULL, b->upper);
	print_number(w, NULL, b->count);
	json_close(w);
}

static void print_histogram(struct json_out *w, const struct histogram *h)
{
	json_object_open(w, "histogram");
	print_number(w, "count", h->count);
	print_number(w, "sum", h->sum);
	json_array_open(w, "buckets");
	histogram_each(h, print_bucket, w);
	json_close(w);
	json_close(w);
}

static void print_series(struct json_out *w, const struct series *s)
{
	json_object_open(w, NULL);
	json_object_open(w, "labels");
	for (uint32_t i = 0; i < s->labels.n; i++)
		json_text(w, s->labels.v[i].name, s->labels.v[i].value);
	json_close(w);
	if (s->h)
		print_histogram(w, s->h);
	else
		print_number(w, "value", s->v);
	json_close(w);
}

static bool is_report(const struct labels *l)
{
	const char *name = labels_get(l, METRIC_NAME);

	return str_eq(name, "up") || str_starts(name, "scrape_");
}

static void print(const struct dump *d, const struct ingest_result *r)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	struct json_out w;

	json_begin(&w, &out);
	json_object_open(&w, NULL);
	json_text(&w, "error", r->error);
	json_int(&w, "up", r->is_ok);
	json_int(&w, "scrape_samples_scraped", r->n_scraped);
	json_int(&w, "scrape_samples_post_metric_relabeling", r->n_relabelled);
	json_int(&w, "scrape_series_added", r->n_added);
	json_array_open(&w, "series");
	for (uint32_t i = 0; i < d->n; i++)
		if (d->v[i].newest_ms != INT64_MIN && !is_stale(d->v[i].v) &&
			!is_report(&d->v[i].labels))
			print_series(&w, &d->v[i]);
	json_close(&w);
	json_close(&w);
	puts(str_c(&out));
}

static struct ingest_result scrape(const struct ingest_wish *w, const char *type,
	const struct str *body)
{
	struct ingest *g = ingest_begin(w);

	ingest_content_type(g, type);
	for (size_t at = 0; at < body->len; at += PIECE_BYTES) {
		size_t left = body->len - at;

		if (ingest_feed(g, body->s + at, left < PIECE_BYTES ? left : PIECE_BYTES, NULL) !=
			RC_OK)
			break;
	}
	return ingest_end(g, 0);
}

int main(int argc, char **argv)
{
	static const struct labels no_labels;
	struct dump d = { 0 };
	struct series_sink sink = { .self = &d,
		.series = take_series,
		.append = take_sample,
		.append_histogram = take_histogram,
		.commit = commit };
	struct scrape_config config = { .honor_timestamps = true,
		.fallback_protocol = SCRAPE_PROTOCOL_NONE };
	struct ingest_tools tools;
	struct ingest_memory memory;
	struct ingest_wish w = { .tools = &tools,
		.memory = &memory,
		.config = &config,
		.target = &no_labels,
		.t_ms = START_MS };

	for (; argc > 1 && str_starts(argv[1], "--"); argc--, argv++)
		*(str_eq(argv[1], "--convert") ? &config.terms.convert_classic
					       : &config.terms.classic_histograms) = SCRAPE_YES;
	arena_init(&d.arena, 0);
	ingest_tools_init(&tools, &sink, 1);
	ingest_memory_init(&memory);
	for (int i = 2; i < argc; i++) {
		scoped(str_fini) struct str body = STR_EMPTY;
		struct ingest_result r;

		if (!read_file(argv[i], &body)) {
			perror(argv[i]);
			return 66;
		}
		w.t_ms = w.now_ms = w.t_ms + STEP_MS;
		r = scrape(&w, argv[1], &body);
		print(&d, &r);
	}
	free(d.v);
	arena_fini(&d.arena);
	ingest_memory_fini(&memory);
	ingest_tools_fini(&tools);
	return 0;
}
