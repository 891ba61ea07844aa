/* SPDX-License-Identifier: Apache-2.0 */
/* Classic histograms of a body that become native ones. */
#include "core/scrape/ingest_private.h"

static void push_classic_exemplars(struct ingest *g, struct exposition_entry *entry)
{
	for (uint32_t i = 0; i < g->classic->n_exemplars; i++) {
		const struct classic_exemplar *x = &g->classic->exemplars[i];

		entry->exemplar = x->labels;
		entry->exemplar_v = x->v;
		entry->exemplar_t_ms = x->t_ms;
		entry->exemplar_has_time = true;
		ingest_push_exemplar(g, entry);
	}
}

enum rc ingest_end_classic(struct ingest *g, struct err *e)
{
	enum metric_type type = g->x.type;
	uint32_t before = g->n_samples;
	uint64_t most = g->config->native_histogram_bucket_limit;
	struct exposition_entry entry;
	struct histogram h;
	bool has_one;
	enum rc rc;

	if (!g->classic)
		return RC_OK;
	rc = classic_end(g->classic, &g->classic_text, &h, &entry, &has_one, e);
	if (rc != RC_OK || !has_one)
		return rc;
	if (most && h.n_positive > most) /* its bounds are given: no resolution to give up */
		return err_set(e, RC_LIMIT, "histogram bucket limit exceeded");
	g->x.type = METRIC_HISTOGRAM;
	rc = ingest_take_entry(g, &entry, e);
	if (rc == RC_OK && g->n_samples > before)
		push_classic_exemplars(g, &entry);
	g->x.type = type;
	return rc;
}

enum rc ingest_convert_classic(struct ingest *g, struct exposition_entry *entry, bool *ret_is_done,
	struct err *e)
{
	enum classic_answer answer;
	enum rc rc;

	rc = classic_take(g->classic, &g->x, entry, &answer, e);
	if (rc == RC_OK && answer == CLASSIC_ENDS) {
		rc = ingest_end_classic(g, e);
		if (rc == RC_OK)
			rc = classic_take(g->classic, &g->x, entry, &answer, e);
	}
	if (rc == RC_OK && entry->kind == EXPOSITION_TYPE)
		rc = classic_type(g->classic, entry->name, e);
	if (answer == CLASSIC_GATHERED)
		entry->exemplar.n = 0;
	*ret_is_done =
		answer == CLASSIC_LEFT_OUT ||
		(answer == CLASSIC_GATHERED && g->config->terms.classic_histograms != SCRAPE_YES);
	return rc;
}
