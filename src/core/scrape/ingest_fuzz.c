/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of one target, one after the other, whatever they hold: in portions of any size they come
 * to the same samples, the same losses and the same end as in one. */
#include "base/mem.h"
#include "base/str.h"
#include "core/scrape/ingest.h"

#define SERIES_MAX 64
#define BODY_END   0x02 /* between bodies in the fuzzer's bytes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Takes samples in order of time, and digests them. */
struct digest {
	struct arena arena;
	struct labels series[SERIES_MAX];
	int64_t newest_ms[SERIES_MAX];
	double newest[SERIES_MAX];
	uint32_t n;
	uint64_t sum;
};

static enum rc take_series(void *self, const struct labels *l, series_ref *ret, struct err *e)
{
	struct digest *d = self;

	must(l->n > 0 && *labels_get(l, METRIC_NAME));
	for (*ret = 1; *ret <= d->n; ++*ret)
		if (labels_equal(&d->series[*ret - 1], l))
			return RC_OK;
	if (d->n == SERIES_MAX || !labels_copy(l, &d->arena, &d->series[d->n]))
		return err_set(e, RC_LIMIT, "full");
	d->newest_ms[d->n++] = INT64_MIN;
	return RC_OK;
}

static enum series_verdict take_sample(void *self, series_ref ref, int64_t t_ms, double v)
{
	struct digest *d = self;

	must(ref >= 1 && ref <= d->n);
	ref--;
	if (t_ms < d->newest_ms[ref])
		return SERIES_OUT_OF_ORDER;
	if (t_ms == d->newest_ms[ref])
		return double_bits(v) == double_bits(d->newest[ref]) ? SERIES_SAME
								     : SERIES_DUPLICATE;
	d->newest_ms[ref] = t_ms;
	d->newest[ref] = v;
	d->sum = d->sum * 31 + (uint64_t)t_ms + double_bits(v) + ref;
	return SERIES_TAKEN;
}

static enum series_verdict take_histogram(void *self, series_ref ref, int64_t t_ms,
	const struct histogram *h)
{
	return take_sample(self, ref, t_ms, h->count + h->n_positive);
}

static void take_exemplar(void *self, series_ref ref, const struct exemplar *x)
{
	struct digest *d = self;

	must(ref >= 1 && ref <= d->n);
	d->sum = d->sum * 31 + double_bits(x->v) + x->labels.n;
}

static void take_metadata(void *self, const char *metric, const struct metric_metadata *m)
{
	struct digest *d = self;

	d->sum = d->sum * 31 + strlen(metric) + strlen(m->help) + strlen(m->unit);
}

static enum rc commit(void *self, struct err *e)
{
	(void)self, (void)e;
	return RC_OK;
}

struct side {
	struct digest digest;
	struct series_sink sink;
	struct ingest_tools tools;
	struct ingest_memory memory;
};

static void side_init(struct side *s)
{
	*s = (struct side){ 0 };
	arena_init(&s->digest.arena, 1 << 20);
	s->sink = (struct series_sink){ .self = &s->digest,
		.series = take_series,
		.append = take_sample,
		.append_histogram = take_histogram,
		.exemplar = take_exemplar,
		.metadata = take_metadata,
		.commit = commit };
	ingest_tools_init(&s->tools, &s->sink, 5);
	ingest_memory_init(&s->memory);
}

static void side_fini(struct side *s)
{
	ingest_memory_fini(&s->memory);
	ingest_tools_fini(&s->tools);
	arena_fini(&s->digest.arena);
}

struct body {
	const uint8_t *bytes;
	size_t n, portion;
	const char *content_type;
	int64_t t_ms;
	bool is_converted, keeps_classic;
};

static struct ingest_result scrape(struct side *s, const struct body *b)
{
	const struct scrape_config config = { .honor_timestamps = true,
		.terms = { .convert_classic = b->is_converted ? SCRAPE_YES : SCRAPE_NO,
			.classic_histograms = b->keeps_classic ? SCRAPE_YES : SCRAPE_NO } };
	static const struct labels no_labels;
	struct ingest_wish w = { .tools = &s->tools,
		.memory = &s->memory,
		.config = &config,
		.target = &no_labels,
		.t_ms = b->t_ms,
		.now_ms = b->t_ms };
	struct ingest *g = ingest_begin(&w);

	ingest_content_type(g, b->content_type);
	for (size_t at = 0; at < b->n; at += b->portion) {
		size_t n = b->n - at < b->portion ? b->n - at : b->portion;
		char *piece = must_alloc(n);
		enum rc rc;

		memcpy(piece, b->bytes + at, n);
		rc = ingest_feed(g, piece, n, NULL);
		free(piece);
		if (rc != RC_OK)
			break;
	}
	return ingest_end(g, 0);
}

static void check_same(const struct ingest_result *a, const struct ingest_result *b)
{
	must(a->is_ok == b->is_ok && str_eq(a->error, b->error));
	must(a->n_scraped == b->n_scraped && a->n_relabelled == b->n_relabelled);
	must(a->n_added == b->n_added);
	must(memcmp(a->losses, b->losses, sizeof a->losses) == 0);
	must(a->is_ok == !a->error[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct side whole, cut;
	struct body b = { .t_ms = 1000000 };

	if (n < 2)
		return 0;
	side_init(&whole);
	side_init(&cut);
	b.content_type = data[0] & 2   ? "application/vnd.google.protobuf"
			 : data[0] & 1 ? "application/openmetrics-text"
				       : "text/plain";
	b.is_converted = data[0] & 4;
	b.keeps_classic = data[0] & 8;
	for (const uint8_t *s = data + 2, *end = data + n; s < end; s += b.n + 1) {
		const uint8_t *stop = memchr(s, BODY_END, (size_t)(end - s));
		struct ingest_result a, c;

		b.bytes = s;
		b.n = (size_t)((stop ? stop : end) - s);
		b.t_ms += 1000;
		b.portion = b.n + 1;
		a = scrape(&whole, &b);
		b.portion = 1 + data[1] % 32;
		c = scrape(&cut, &b);
		check_same(&a, &c);
		must(whole.digest.sum == cut.digest.sum);
		must(whole.memory.lines.n == cut.memory.lines.n);
	}
	side_fini(&whole);
	side_fini(&cut);
	return 0;
}
