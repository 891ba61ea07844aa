/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies in protobuf: each family of a message is told as the entries that its text would have. */
#include "core/scrape/families.h"
#include "core/scrape/ingest_private.h"

static void set_exemplar(struct exposition_entry *entry, const struct family_exemplar *x)
{
	entry->exemplar = x->labels;
	entry->exemplar_v = x->v;
	entry->exemplar_t_ms = x->t_ms;
	entry->exemplar_has_time = x->has_time;
}

/* What was told of one series, or of a metric. */
static enum rc take_family(void *self, const struct family_entry *f, struct err *e)
{
	struct ingest *g = self;
	struct exposition_entry entry = f->entry;
	bool is_done = false;
	uint32_t before, n_exemplars;
	enum rc rc;

	g->x.type = f->type;
	/* The labels of a histogram stand there once, and are read with each of its buckets. */
	g->n_told_bytes += entry.text.n;
	if (g->n_told_bytes > SCRAPE_TOLD_BYTES_MAX)
		return err_set(e, RC_LIMIT, "body size limit exceeded by what it stands for");
	if (g->classic && f->n_exemplars)
		set_exemplar(&entry, &f->exemplars[0]);
	rc = ingest_convert(g, &entry, &is_done, e);
	if (rc != RC_OK || is_done)
		return rc;
	n_exemplars = g->classic && f->n_exemplars && !entry.exemplar.n ? 0 : f->n_exemplars;
	entry.exemplar.n = 0;
	before = g->n_samples;
	rc = ingest_take_entry(g, &entry, e);
	if (rc != RC_OK || g->n_samples == before)
		return rc;
	for (uint32_t i = 0; i < n_exemplars; i++) {
		set_exemplar(&entry, &f->exemplars[i]);
		ingest_push_exemplar(g, &entry);
	}
	return RC_OK;
}

enum rc ingest_take_messages(struct ingest *g, const char *s, size_t n, struct err *e)
{
	const struct scrape_config *c = g->config;
	const struct families_wish wish = {
		.has_native = c->terms.native_histograms != SCRAPE_NO,
		.has_classic = c->terms.classic_histograms == SCRAPE_YES,
		.buckets_max = c->native_histogram_bucket_limit,
		.bucket_factor_least = c->native_histogram_min_bucket_factor,
	};
	struct families_visitor visitor = { g, take_family };
	size_t used;
	enum rc rc;

	str_addn(&g->tail, s, n);
	if (g->tail.is_cut)
		return err_set(e, RC_LIMIT, "a protobuf message is over %d bytes",
			SCRAPE_FAMILY_BYTES_MAX);
	rc = families_read(str_c(&g->tail), g->tail.len, &wish, &visitor, &used, e);
	str_consume(&g->tail, used);
	return rc;
}

enum rc ingest_end_messages(const struct ingest *g, struct err *e)
{
	return g->tail.len ? err_set(e, RC_INPUT, "unexpected EOF") : RC_OK;
}
