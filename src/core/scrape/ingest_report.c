/* SPDX-License-Identifier: Apache-2.0 */
/* What came of a body: the sink's verdicts on its samples, and the series about the target itself. */
#include "core/scrape/ingest_private.h"

#include <stdio.h>

#define SAID_TWICE_NEAR 1000 /* lines back where the other is looked for */

static const struct {
	const char *name, *text;
} losses[] = {
	[LOSS_OUT_OF_ORDER] = { "out_of_order", "out of order" },
	[LOSS_DUPLICATE] = { "duplicate", "twice, or with another value at the same time" },
	[LOSS_OUT_OF_BOUNDS] = { "out_of_bounds", "too old or too far in the future" },
	[LOSS_NEW_SERIES] = { "new_series", "of more new series than a target may begin" },
	[LOSS_FORGOTTEN] = { "forgotten", "of series that were dropped meanwhile" },
	[LOSS_EXEMPLAR] = { "exemplar", "exemplars that found no room" },
	[LOSS_UNSUPPORTED] = { "unsupported", "native histograms that can't be kept" },
};
_Static_assert(COUNT(losses) == SCRAPE_LOSSES, "every loss has words");

const char *scrape_loss_name(enum scrape_loss l)
{
	return losses[l].name;
}

const char *scrape_loss_text(enum scrape_loss l)
{
	return losses[l].text;
}

static const enum scrape_loss verdict_losses[SERIES_VERDICTS] = {
	[SERIES_DUPLICATE] = LOSS_DUPLICATE,
	[SERIES_OUT_OF_ORDER] = LOSS_OUT_OF_ORDER,
	[SERIES_TOO_OLD] = LOSS_OUT_OF_BOUNDS,
	[SERIES_GONE] = LOSS_FORGOTTEN,
	[SERIES_UNSUPPORTED] = LOSS_UNSUPPORTED,
};

/* A body that says a series in two ways: to Prometheus both lines are of a new series. */
static bool is_said_twice(const struct ingest *g, uint32_t sample)
{
	uint32_t from = sample > SAID_TWICE_NEAR ? sample - SAID_TWICE_NEAR : 0;

	for (uint32_t i = from; i < sample; i++)
		if (g->samples[i].ref == g->samples[sample].ref)
			return true;
	return false;
}

/* A sample that the sink didn't take: its series doesn't end by it. */
static void take_verdict(struct ingest *g, uint32_t sample, enum series_verdict verdict)
{
	const struct pending *p = &g->samples[sample];
	struct line *line;

	ingest_lose(g, verdict_losses[verdict], (struct piece){ 0 });
	if (p->place == NO_PLACE || (p->is_new && is_said_twice(g, sample)))
		return;
	line = line_pass_edit(&g->pass, p->place);
	line->is_tracked = false;
	line->is_doubtful = verdict == SERIES_GONE;
	line->is_void = p->is_new;
	g->result.n_added -= p->is_new;
}

static enum series_verdict append_histogram(const struct ingest *g, const struct pending *p)
{
	const struct series_sink *sink = g->tools->sink;

	if (!sink->append_histogram)
		return SERIES_UNSUPPORTED;
	return sink->append_histogram(sink->self, p->ref, p->t_ms, g->histograms[(uint32_t)p->v]);
}

void ingest_append(struct ingest *g)
{
	const struct series_sink *sink = g->tools->sink;

	for (uint32_t i = 0; i < g->n_samples; i++) {
		const struct pending *p = &g->samples[i];
		enum series_verdict verdict =
			__builtin_expect(p->is_histogram, 0)
				? append_histogram(g, p)
				: sink->append(sink->self, p->ref, p->t_ms, p->v);

		if (__builtin_expect(verdict > SERIES_SAME, 0))
			take_verdict(g, i, verdict);
	}
	for (uint32_t i = 0; i < g->n_exemplars; i++) {
		struct pending_exemplar *x = &g->exemplars[i];
		const struct pending *p = &g->samples[x->sample];

		if (!x->exemplar.has_time)
			x->exemplar.t_ms = p->t_ms;
		sink->exemplar(sink->self, p->ref, &x->exemplar);
	}
}

void ingest_mark_stale(void *ctx, series_ref ref)
{
	const struct ingest *g = ctx;
	const struct series_sink *sink = g->tools->sink;

	/* Out of order: the series goes on through another target. */
	(void)sink->append(sink->self, ref, g->t_ms, double_of_bits(STALE_NAN_BITS));
}

static const char *const report_names[] = {
	[REPORT_UP] = "up",
	[REPORT_DURATION] = "scrape_duration_seconds",
	[REPORT_SCRAPED] = "scrape_samples_scraped",
	[REPORT_POST_RELABELING] = "scrape_samples_post_metric_relabeling",
	[REPORT_SERIES_ADDED] = "scrape_series_added",
};
_Static_assert(COUNT(report_names) == SCRAPE_REPORTS, "every report has a name");

static enum rc report_one(struct ingest *g, enum scrape_report r, double v, struct err *e)
{
	const struct series_sink *sink = g->tools->sink;
	series_ref *ref = &g->memory->reports[r];
	struct labels labels;
	enum rc rc;

	if (*ref && sink->append(sink->self, *ref, g->t_ms, v) != SERIES_GONE)
		return RC_OK;
	g->tools->labelling.target = g->target;
	rc = labelling_report(&g->tools->labelling, report_names[r], &labels, e);
	if (rc == RC_OK)
		rc = sink->series(sink->self, &labels, ref, e);
	if (rc == RC_OK)
		(void)sink->append(sink->self, *ref, g->t_ms, v);
	return rc;
}

static enum rc report(struct ingest *g, double took_s, struct err *e)
{
	const double values[] = {
		[REPORT_UP] = g->result.is_ok,
		[REPORT_DURATION] = took_s,
		[REPORT_SCRAPED] = g->result.n_scraped,
		[REPORT_POST_RELABELING] = g->result.n_relabelled,
		[REPORT_SERIES_ADDED] = g->result.n_added,
	};
	enum rc rc = RC_OK;

	for (int r = 0; r < SCRAPE_REPORTS && rc == RC_OK; r++)
		rc = report_one(g, (enum scrape_report)r, values[r], e);
	return rc;
}

/* Report, commit, and done. */
struct ingest_result ingest_finish(struct ingest *g, double took_s)
{
	const struct series_sink *sink = g->tools->sink;
	struct ingest_result result;
	struct err e = { 0 };
	enum rc rc = report(g, took_s, &e);

	if (rc == RC_OK)
		rc = sink->commit(sink->self, &e);
	if (rc != RC_OK) {
		g->result.is_ok = false;
		snprintf(g->result.error, sizeof g->result.error, "storing: %.480s", e.text);
	}
	result = g->result;
	ingest_drop(g);
	return result;
}
