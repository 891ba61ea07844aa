/* SPDX-License-Identifier: Apache-2.0 */
/* target_metadata: what each target says of its metrics, a row each. */
#include "api/prometheus/targets.h"

#include "api/prometheus/result.h"
#include "base/json.h"
#include "core/scrape/scraper.h"

struct rows {
	struct str *out;
	const struct scraper *scraper;
	const struct targets_metadata_wish *wish;
	int64_t n;
};

static void write_text(struct str *out, const char *key, const char *value)
{
	str_addf(out, ",\"%s\":", key);
	result_write_text(out, value, (uint32_t)strlen(value));
}

static void write_row(struct rows *r, const struct labels *target, const struct said_metric *said)
{
	const struct metric_metadata *m = &said->m;

	str_add(r->out, r->n++ ? ",{\"target\":" : "{\"target\":");
	result_write_labels(r->out, target);
	if (!r->wish->metric) /* who asks for one knows it, so Prometheus */
		write_text(r->out, "metric", said->name);
	write_text(r->out, "type", *m->type ? m->type : "unknown");
	write_text(r->out, "help", m->help);
	write_text(r->out, "unit", m->unit);
	str_addc(r->out, '}');
}

static bool is_wanted(const struct targets_metadata_wish *w, const struct scrape_target *t)
{
	if (t->state == TARGET_LEAVING)
		return false;
	for (uint32_t i = 0; i < w->n_matchers; i++) {
		const char *value = labels_get(&t->spec.labels, matcher_name(w->matchers[i]));

		if (!matcher_matches(w->matchers[i], value, strlen(value)))
			return false;
	}
	return true;
}

/* Of a target all rows or none, as Prometheus reads its limit. */
static void write_target(struct rows *r, const struct scrape_target *t)
{
	scoped(said_metrics_fini) struct said_metrics said = { 0 };

	if (r->out->is_cut || (r->wish->limit >= 0 && r->n >= r->wish->limit) ||
		!is_wanted(r->wish, t))
		return;
	scraper_said(r->scraper, t, r->wish->metric, &said);
	for (uint32_t i = 0; i < said.n && !r->out->is_cut; i++)
		write_row(r, &t->spec.labels, &said.v[i]);
}

void targets_write_metadata(struct str *out, const struct scraper *s,
	const struct targets_metadata_wish *w)
{
	struct rows r = { out, s, w, 0 };

	str_add(out, "{\"status\":\"success\",\"data\":[");
	for (uint32_t i = 0; s && i < scraper_job_count(s); i++) {
		const struct scrape_job *job = scraper_job(s, i);

		for (uint32_t k = 0; k < job->n_targets; k++)
			write_target(&r, job->targets[k]);
	}
	str_add(out, "]}");
}
